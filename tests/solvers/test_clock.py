"""Ctrl-C and time limits end a program wherever they find it: each child says where it is, and only then is it told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any

import pytest
from places import ROOT

from solvers.clock import Clock, abandonable, interruptible

pytestmark = pytest.mark.skipif(os.name != "posix", reason="sends SIGINT to a process")
SWALLOW = """
import importlib.abc, sys, time
def deaf(seconds=1e9):
    end, said = time.monotonic() + seconds, False
    while time.monotonic() < end:
        try:
            if not said:
                said = True
                print("here", file=sys.stderr, flush=True)
            time.sleep(0.05)
        except KeyboardInterrupt:
            pass  # as the initialization of a C extension loses it
"""
IMPORTING = """
class Deaf(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == "ortools":
            deaf()
sys.meta_path.insert(0, Deaf())
"""
SEARCHING = """
import contextlib, problems.running.run
@contextlib.contextmanager
def progress(quiet, follow):
    yield lambda search: search.best is not None and deaf()
problems.running.run.progress = progress
"""
RUN = """
import problems.mst
from problems.recipe import main
sys.argv = ["mst", *sys.argv[1:]]
main(problems.mst.RECIPE)
"""


def started(program: str, *arguments: str) -> subprocess.Popen[str]:
    """The program, as soon as it says that it is there."""
    child = subprocess.Popen(
        [sys.executable, "-c", program, *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert child.stderr is not None
    line = child.stderr.readline()
    assert line == "here\n", line + child.stderr.read()
    return child


def ended(child: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Exit code, standard output and error of a program that ends, which by itself it would not."""
    try:
        out, err = child.communicate(timeout=60)
        return child.returncode, out, err
    finally:
        child.kill()
        child.wait()


def test_an_interrupt_that_is_swallowed_in_an_import_ends_the_program() -> None:
    child = started(SWALLOW + IMPORTING + RUN, "--json")
    child.send_signal(signal.SIGINT)
    code, out, err = ended(child)
    assert (code, out) == (130, "")
    assert err == "mst: interrupted before there was an answer\n"


def test_pressed_twice_it_ends_at_once() -> None:
    child = started("import problems.terminal.watch as watch\nwatch.GRACE_SECONDS = 1e9\n" + SWALLOW + IMPORTING + RUN)
    child.send_signal(signal.SIGINT)
    time.sleep(0.1)  # two signals at the same moment are one
    child.send_signal(signal.SIGINT)
    assert ended(child)[0] == 130


def test_an_interrupt_that_is_swallowed_in_the_search_prints_the_best_so_far() -> None:
    child = started(SWALLOW + SEARCHING + RUN, "--json")
    child.send_signal(signal.SIGINT)
    code, out, err = ended(child)
    answer = json.loads(out)
    assert code == 130
    assert "Traceback" not in err
    assert (answer["status"], answer["stats"]["interrupted"]) == ("feasible", True)
    assert answer["value"] >= 1980
    assert len(answer["answer"]) == 12
    assert not answer["certificate"]["verified"]


def test_a_time_limit_ends_a_program_that_does_not_ask_the_clock() -> None:
    child = started(SWALLOW + SEARCHING + RUN, "--time-limit", "5")
    code, out, _ = ended(child)
    assert code == 0
    assert "tree, 12 edges" in out
    assert "optimal" not in out


def test_what_is_quick_enough_is_proven_after_the_interrupt() -> None:
    program = SWALLOW + SEARCHING.replace("deaf()", "deaf(0.1)") + RUN  # told, it loses the first second only
    child = started(program, "--json")
    child.send_signal(signal.SIGINT)
    code, out, _ = ended(child)
    assert json.loads(out)["status"] == "optimal" or code == 130


def test_interruptible_cancels_what_outlasts_its_seconds() -> None:
    cancelled: list[Any] = []
    clock = Clock()

    def call() -> str:
        while not cancelled:
            time.sleep(0.001)
        return "partial"

    assert interruptible(call, lambda: cancelled.append(True), 0.05) == "partial"
    assert clock.elapsed < 5
    assert clock.left == float("inf")


def test_interruptible_passes_on_what_is_raised() -> None:
    def call() -> None:
        raise ValueError("a sentence")

    with pytest.raises(ValueError, match="a sentence"):
        interruptible(call, lambda: None)


def test_one_thread_does_one_call_after_another_and_another_what_is_called_meanwhile() -> None:
    def thread() -> int:
        return threading.get_ident()

    def nested() -> tuple[int, int]:
        return thread(), interruptible(thread, cancel=lambda: None)

    first = interruptible(thread, cancel=lambda: None)
    assert first != thread()
    assert interruptible(thread, cancel=lambda: None) == first
    outer, inner = interruptible(nested, cancel=lambda: None)
    assert outer != inner
    with pytest.raises(ZeroDivisionError):
        interruptible(lambda: 1 // 0, cancel=lambda: None)
    assert {interruptible(thread, cancel=lambda: None) for _ in range(3)} <= {first, outer, inner}


def test_a_call_that_does_not_end_is_left_alone_and_the_next_is_not_kept_waiting() -> None:
    ends = threading.Event()
    late = threading.Thread(target=lambda: interruptible(ends.wait, cancel=lambda: None), daemon=True)
    late.start()
    assert interruptible(lambda: 7, cancel=lambda: None) == 7
    ends.set()
    late.join(60)
    assert not late.is_alive()


def test_after_an_interrupt_that_the_call_does_not_heed_the_next_call_has_another_thread() -> None:
    program = """
import os, signal, threading
from solvers.clock import interruptible
signal.signal(signal.SIGINT, signal.default_int_handler)
busy = []
def deaf():
    busy.append(threading.get_ident())
    os.kill(os.getpid(), signal.SIGINT)
    threading.Event().wait()
try:
    interruptible(deaf, cancel=lambda: None)
except KeyboardInterrupt:
    print(interruptible(threading.get_ident, cancel=lambda: None) not in busy)
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n", "")


def test_many_threads_may_call_at_once() -> None:
    wrong: list[Any] = []

    def call(k: int) -> None:
        try:
            wrong.extend(k for _ in range(300) if interruptible(lambda: k, cancel=lambda: None) != k)
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=call, args=(k,)) for k in range(8)]
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    finally:
        sys.setswitchinterval(before)
    assert not wrong


def test_a_thread_that_is_still_busy_does_not_delay_the_end() -> None:
    program = """
import os, signal, threading
from solvers.clock import interruptible
def call():
    os.kill(os.getpid(), signal.SIGINT)
    threading.Event().wait()
try:
    interruptible(call, cancel=lambda: None)
except KeyboardInterrupt:
    print("ends")
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "ends\n", "")


def test_after_a_fork_the_child_has_threads_of_its_own() -> None:
    assert interruptible(lambda: 1, cancel=lambda: None) == 1
    child = os.fork()
    if child == 0:
        signal.alarm(30)
        os._exit(interruptible(lambda: 3, cancel=lambda: None))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3


def test_what_cannot_be_stopped_is_left_alone_and_its_error_is_passed_on() -> None:
    over = threading.Event()
    with pytest.raises(TimeoutError, match="not done within"):
        abandonable(over.wait, seconds=0.0)
    over.set()
    with pytest.raises(ZeroDivisionError):
        abandonable(lambda: 1 // 0, seconds=60.0)
