"""Runs of a sweep on the workers of Dask: threads of this program, or what a scheduler has on other machines."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

from problems.reports.asked import digest, versions
from problems.sweeps.asked import Trial
from problems.sweeps.process import Ended, Process, not_run
from problems.terminal.errors import InputError, safe
from problems.terminal.leaving import cleaned_up
from solvers.optional import missing

if TYPE_CHECKING:
    from distributed import Client

CONNECTING = 5.0  # seconds in which a scheduler is to answer
STOPPING = 0.5  # seconds in which its workers are to hear that they shall stop

# The process of each thread of this worker, and the sweep that last asked it.
_here: dict[int, tuple[str, Process]] = {}


@dataclass(frozen=True)
class Job:
    """A run, as a worker is told of it: the recipe and its arguments, the folder, hashes of files, and versions."""

    recipe: str
    words: Sequence[str]
    folder: str
    files: Mapping[str, str]
    versions: Mapping[str, str]


def run_all(
    recipe: str, trials: Sequence[Trial], scheduler: str | None, workers: int | None
) -> Iterator[tuple[Trial, Ended]]:
    """How each run ended, in the order in which they do.

    Raises InputError for a scheduler that cannot be used, Missing where Dask is not installed.
    """
    try:
        from distributed import as_completed
    except ModuleNotFoundError as error:
        raise missing(error, by="--sweep") or error from None

    folder, here = os.getcwd(), versions()
    jobs = [Job(recipe, [*trial.words, "--json"], folder, trial.files, here) for trial in trials]
    sweep = uuid4().hex
    with _client(scheduler, workers, len(jobs), sweep) as client:
        futures = [client.submit(run, job, sweep, pure=False) for job in jobs]
        of = dict(zip(futures, trials, strict=True))
        for future in as_completed(futures, loop=client.loop):
            yield of[future], _result(future)


def _result(future: object) -> Ended:
    """What came of a run."""
    from distributed import Future

    assert isinstance(future, Future)
    error = future.exception() if future.status != "cancelled" else None
    if future.status == "finished":
        ended = future.result()
        assert isinstance(ended, Ended)
        return ended
    why = type(error).__name__ if error is not None else "the scheduler was lost"
    return not_run(f"was not run ({safe(f'{why}: {error}' if error else why, 200)})")


def run(job: Job, sweep: str) -> Ended:
    """Run a job in the process of this thread of a worker."""
    if refused := _differs(job):
        return not_run(refused)
    thread = threading.get_ident()
    try:
        _, process = _here.get(thread) or ("", Process())
        _here[thread] = sweep, process
        return process.run(job.recipe, job.words, job.folder)
    except EOFError:
        _here.pop(thread, None)
        return not_run("its process was ended from outside, for want of memory perhaps; start the sweep again")


def stop(sweep: str) -> None:
    """End the processes of a sweep on this worker, and what they run."""
    for thread, (its, process) in list(_here.items()):
        if its == sweep:
            _here.pop(thread, None)
            process.stop()


def _differs(job: Job) -> str:
    """In what a worker on another machine is not as where the sweep was started, in a sentence; "" if it is."""
    name = f"the worker on {os.uname().nodename}"
    here = versions()
    for package in sorted({*job.versions, *here}):
        if job.versions.get(package) != here.get(package):
            has, wanted = here.get(package, "no version"), job.versions.get(package, "none")
            return f"{name} has {package} {has}, and {wanted} is where the sweep was started; install the same"
    if not os.path.isdir(job.folder):
        return f"{name} has no folder {safe(job.folder, 200)}; start workers where folders are shared"
    for path, known in job.files.items():
        if digest(path) != known:
            return f"{safe(path, 200)} is another on {name} than when the sweep was started; start the sweep again"
    return ""


@contextmanager
def _client(scheduler: str | None, workers: int | None, jobs: int, sweep: str) -> Iterator[Client]:
    """A client of the scheduler, or of a cluster on this machine."""
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what matters of it is a sentence of ours
    with _elsewhere(scheduler, sweep) if scheduler is not None else _on_this_machine(workers, jobs, sweep) as client:
        yield client


@contextmanager
def _elsewhere(scheduler: str, sweep: str) -> Iterator[Client]:
    from distributed import Client

    try:
        client = Client(scheduler, timeout=CONNECTING, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        why = safe(str(error) or type(error).__name__, 100)
        remedy = "start one by dask scheduler, and give the address that it prints"
        raise InputError(f"--scheduler {safe(scheduler, 200)}: no scheduler answers there ({why}); {remedy}") from None

    def stopped() -> None:
        """Tell the workers, if this is not the end: what they have begun goes on where its client is lost."""
        if client.status != "running":
            return
        telling = threading.Thread(target=client.run, args=(stop, sweep), daemon=True)
        telling.start()
        telling.join(STOPPING)

    with cleaned_up(stopped):
        if not client.scheduler_info()["workers"]:
            raise InputError(
                f"--scheduler {safe(scheduler, 200)}: has no workers yet; start some by dask worker {safe(scheduler)}"
            )
        yield client
        client.close()


@contextmanager
def _on_this_machine(workers: int | None, jobs: int, sweep: str) -> Iterator[Client]:
    """Workers that are threads of this program: they but wait for processes, which end with it."""
    from dask.system import CPU_COUNT
    from distributed import Client, LocalCluster

    cluster = LocalCluster(
        n_workers=min(workers or CPU_COUNT, jobs),
        threads_per_worker=1,
        processes=False,
        scheduler_kwargs={"dashboard": False},
        dashboard_address=None,
        memory_limit=None,
        silence_logs=logging.CRITICAL,
    )
    client = Client(cluster, set_as_default=False)

    def close() -> None:
        client.close()
        cluster.close()

    try:
        yield client
    finally:
        stop(sweep)
        threading.Thread(target=close, daemon=True).start()  # takes a second, and the table is to be shown now
