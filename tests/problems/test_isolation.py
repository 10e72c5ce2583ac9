"""What an isolated process may still do: nothing that reaches beyond it. The filter is run by hand too, as on ARM."""

from __future__ import annotations

import errno
import os
import re
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from places import ROOT

from problems.studies import isolation
from problems.studies.isolation import ARCHITECTURES, OWN_ONLY, REFUSED, gaps, handled, landlock_version

isolated = pytest.mark.skipif(bool(gaps()), reason="this system cannot isolate a process")
HEADERS = [Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"), Path("/usr/include/asm-generic/unistd.h")]


def alone(code: str, folder: Path, *readable: str) -> str:
    """What code prints in an isolated process of its own: `outside` is a file that it may not touch."""
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    (folder / "secret").write_text("holdout")
    begin = (
        "import os, sys; from problems.studies.isolation import isolate; "
        f"outside, scratch, parent = {str(folder / 'secret')!r}, {str(scratch)!r}, {os.getpid()}; "
        f"isolate({list(readable)!r}, scratch)\n"
    )
    done = subprocess.run([sys.executable, "-c", begin + code], capture_output=True, text=True, cwd=ROOT, check=False)
    return done.stdout + done.stderr.strip().rpartition("\n")[2]


ATTACKS = {
    "read": "open(outside)",
    "read by another way": "open(f'/proc/self/root/{outside}')",
    "list": "os.listdir(os.path.dirname(outside))",
    "home": "os.listdir(os.path.expanduser('~'))",
    "write": "open(outside, 'a')",
    "make": "open(outside + '2', 'w')",
    "remove": "os.remove(outside)",
    "rename": "os.rename(outside, outside + '2')",
    "link": "os.link(outside, scratch + '/it')",
    "symbolic link": "os.symlink(outside, scratch + '/it')",
    "nested folders": "os.mkdir(scratch + '/x')",
    "shorten": "os.truncate(outside, 0)",
    "rights": "os.chmod(outside, 0o777)",
    "owner": "os.chown(outside, os.getuid(), os.getgid())",
    "times": "os.utime(outside)",
    "environment of the parent": "open(f'/proc/{parent}/environ')",
    "memory of the parent": "open(f'/proc/{parent}/mem', 'rb')",
    "streams of the parent": "open(f'/proc/{parent}/fd/1', 'w')",
    "terminal": "open('/dev/tty', 'w')",
    "shared memory": "open('/dev/shm/memo', 'w')",
    "fork": "os.fork()",
    "spawn": "os.posix_spawn('/bin/true', ['true'], {})",
    "program": "import subprocess; subprocess.run(['true'])",
    "session": "import subprocess; subprocess.run(['true'], start_new_session=True)",
    "become a program": "os.execv(sys.executable, ['python'])",
    "pool": "import multiprocessing; multiprocessing.Pool(2)",
    "stop the parent": "os.kill(parent, 19)",
    "kill the parent": "os.kill(parent, 9)",
    "kill all": "os.kill(-1, 9)",
    "starve the parent": "import resource; resource.prlimit(parent, resource.RLIMIT_CPU, (1, 1))",
    "slow the parent down": "os.setpriority(os.PRIO_PROCESS, parent, 19)",
    "privileges": "os.chroot(scratch)",
    "raise a limit": "import resource as r; r.setrlimit(r.RLIMIT_CORE, (0, 0)); r.setrlimit(r.RLIMIT_CORE, (1, 1))",
    "TCP": "import socket; socket.socket()",
    "UDP": "import socket; socket.socket(type=socket.SOCK_DGRAM)",
    "local socket": "import socket; socket.socket(socket.AF_UNIX)",
}


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each attack raised, all being made by one process; what ends it leaves no answer to the rest."""
    folder = tmp_path_factory.mktemp("attacked")
    each = f"""
for name, attack in {ATTACKS!r}.items():
    try:
        exec(attack)
        print(name, "nothing", sep="=", flush=True)
    except Exception as error:
        print(name, type(error).__name__, error, sep="=", flush=True)
"""
    said = alone(each, folder)
    assert [file.name for file in sorted(folder.rglob("*"))] == ["scratch", "secret"]
    assert (folder / "secret").read_text() == "holdout"
    return dict(line.split("=", 1) for line in said.splitlines())


@isolated
@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_beyond_the_process_is_reached(answers: dict[str, str], attack: str) -> None:
    assert re.match("PermissionError|OSError=.*cross-device|ValueError=not allowed to raise", answers[attack])


@isolated
def test_what_is_needed_to_work_is_left(tmp_path: Path) -> None:
    (tmp_path / "own").write_text("mine")
    work = """
import hashlib, random, resource, signal, socket, sqlite3, tempfile, threading
import numpy, scipy.optimize, networkx, formulations.seriation
tempfile.tempdir = scratch
with tempfile.NamedTemporaryFile("w+") as file:
    file.write("note")
open(own).read(), open(os.devnull, "w").write("x"), os.urandom(2), os.cpu_count(), socket.socketpair
thread = threading.Thread(target=print, args=("in a thread",))
thread.start()
thread.join()
os.kill(os.getpid(), 0)
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
print(numpy.linalg.norm(numpy.ones((200, 200)) @ numpy.ones((200, 200))))
"""
    own = str(tmp_path / "own")
    assert alone(f"own = {own!r}\n{work}", tmp_path, own) == "in a thread\n40000.0\n"


@isolated
def test_an_isolated_process_ends_with_its_parent(tmp_path: Path) -> None:
    """The end of its pipe says so: only the two processes hold it."""
    child = (
        "import sys, time; from problems.studies.isolation import isolate; "
        "isolate([], sys.argv[1]); print('ready', flush=True); time.sleep(1000)"
    )
    parent = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {child!r}, sys.argv[1]]).wait()"
    with subprocess.Popen(
        [sys.executable, "-c", parent, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.kill()
        assert process.communicate(timeout=30) == ("", None)


def test_a_system_without_either_says_so_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolation, "landlock_version", lambda: 0)
    assert gaps().startswith("read and change your files")
    monkeypatch.setattr(isolation.sys, "platform", "darwin")
    assert gaps() == "read and change your files and reach the network, start processes and stop others of yours"
    isolation.isolate([], tempfile.gettempdir())


# Landlock's versions


@pytest.mark.parametrize(
    ("version", "files", "network", "scopes"),
    [(1, 13, 0, 0), (2, 14, 0, 0), (3, 15, 0, 0), (4, 15, 3, 0), (5, 16, 3, 0), (6, 16, 3, 3), (9, 16, 3, 3)],
)
def test_all_rights_that_a_version_has_are_handled(version: int, files: int, network: int, scopes: int) -> None:
    assert struct.unpack("QQQ", handled(version)) == ((1 << files) - 1, network, scopes)


@isolated
@pytest.mark.parametrize("version", range(1, landlock_version() + 1))
def test_older_versions_keep_it_from_files_too(tmp_path: Path, version: int) -> None:
    """This kernel, asked for no more than the older one has."""
    code = (
        "import os, sys; from problems.studies import isolation; "
        f"isolation.landlock_version = lambda: {version}; isolation.isolate([], {str(tmp_path)!r}); "
        f"open({str(tmp_path / 'file')!r}, 'w').write('x'); import json; open({str(ROOT / 'README.md')!r})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.stderr.strip().splitlines()[-1].startswith("PermissionError"), done.stderr
    assert "README" in done.stderr
    assert (tmp_path / "file").read_text() == "x"


# The filter, by hand


def ruling(column: int, number: int, first: int = 0, architecture: int | None = None) -> int:
    """The errno that the filter answers a system call with, 0 if it lets it pass; own is process 77."""
    known = list(ARCHITECTURES.values())[column][1]
    data = struct.pack("IIQ6Q", number, known if architecture is None else architecture, 0, first, *[0] * 5)
    program, at, word = list(isolation._filter(column, known, 77)), 0, 0
    while True:
        code, true, false, operand = program[at]
        at += 1
        if code == isolation.LOAD:
            (word,) = struct.unpack_from("I", data, operand)
        elif code == isolation.RETURN:
            return 0 if operand == isolation.ALLOW else operand & 0xFFFF
        else:
            holds = {
                isolation.EQUAL: word == operand,
                isolation.AT_LEAST: word >= operand,
                isolation.ANY_BIT: bool(word & operand),
            }[code]
            at += true if holds else false


@pytest.mark.parametrize("column", [0, 1])
def test_the_filter_rules_as_its_tables_say(column: int) -> None:
    refused, own = (isolation._numbers(table, column) for table in (REFUSED, OWN_ONLY))
    clone = isolation.CLONE[column]
    for number in range(500):
        expected = errno.EPERM if number in refused else errno.ENOSYS if number == isolation.CLONE3 else 0
        if number == clone:
            assert ruling(column, number, 0x01200011) == errno.EPERM  # as fork() calls it
            assert ruling(column, number, 0x003D0F00) == 0  # as pthread_create() does
        elif number in own:
            assert [ruling(column, number, pid) for pid in (77, 0, 78, 2**64 - 1)] == [0, 0, errno.EPERM, errno.EPERM]
        else:
            assert ruling(column, number) == expected
    assert ruling(column, 0x40000000) == ruling(column, 0, architecture=0x40000003) == errno.EPERM  # x32, i386


@pytest.mark.parametrize("column", [0, 1])
def test_the_numbers_of_system_calls_are_those_of_the_kernels_headers(column: int) -> None:
    if not HEADERS[column].exists():
        pytest.skip("this system has no headers")
    listed = dict(re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", HEADERS[column].read_text()))
    words = f"{REFUSED} {OWN_ONLY} clone {isolation.CLONE[0]} {isolation.CLONE[1]} clone3 435 435".split()
    ours = dict(zip(words[::3], words[1 + column :: 3], strict=True))
    newer = {"fchmodat2", "setxattrat", "removexattrat"} - listed.keys()
    wrong = {name: number for name, number in ours.items() if number != listed.get(name, "-") and name not in newer}
    assert not wrong
