"""A process that gives up rights for good: files, network, other processes; as Linux lets every process do.

Landlock (landlock(7), Salaun) keeps it from files, a seccomp filter (seccomp(2)) from system calls that reach other
processes, the network, or whatever outlives the process. Neither can be undone, nor left by starting a program.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cache

# Landlock: include/uapi/linux/landlock.h
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # on all architectures
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, REMOVE_FILE, MAKE_REG, TRUNCATE = (1 << k for k in (0, 1, 2, 3, 5, 8, 14))
FILES_BY_ABI = {1: 13, 2: 14, 3: 15, 5: 16}  # since version: how many rights on files there are
TCP_SINCE, SCOPES_SINCE = 4, 6  # versions; two rights each: bind and connect, abstract sockets and signals
ON_A_FILE = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE  # the others are of folders
READ, WRITE = READ_FILE | READ_DIR, WRITE_FILE | MAKE_REG | REMOVE_FILE | TRUNCATE
SYSTEM = ("/usr", "/lib", "/lib64", "/nix/store", "/etc/ld.so.cache", "/etc/localtime", "/sys/devices/system/cpu")
DEVICES = ("/dev/zero", "/dev/random", "/dev/urandom", "/proc/cpuinfo", "/proc/meminfo")
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# Seccomp: include/uapi/linux/seccomp.h, filter.h; the numbers of system calls on x86-64 and on 64-bit ARM
ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # column below, AUDIT_ARCH
REFUSED = """
    fork 57 -            vfork 58 -            execve 59 221          execveat 322 281       unshare 272 97
    setns 308 268        socket 41 198         io_uring_setup 425 425 ptrace 101 117         process_vm_readv 310 270
    pidfd_open 434 434   pidfd_getfd 438 438   pidfd_send_signal 424 424                     process_vm_writev 311 271
    tkill 200 130        setpriority 141 140   ioprio_set 251 30      bpf 321 280            perf_event_open 298 241
    add_key 248 217      request_key 249 218   keyctl 250 219         shmget 29 194          semget 64 190
    msgget 68 186        mq_open 240 180       truncate 76 45         chmod 90 -             fchmod 91 52
    fchmodat 268 53      fchmodat2 452 452     chown 92 -             fchown 93 55           lchown 94 -
    fchownat 260 54      utime 132 -           utimes 235 -           futimesat 261 -        utimensat 280 88
    setxattr 188 5       lsetxattr 189 6       fsetxattr 190 7        setxattrat 463 463
    removexattr 197 14   lremovexattr 198 15   fremovexattr 199 16    removexattrat 466 466
"""
OWN_ONLY = "kill 62 129  tgkill 234 131  rt_sigqueueinfo 129 138  rt_tgsigqueueinfo 297 240  prlimit64 302 261"
CLONE, CLONE3, CLONE_THREAD, X32 = (56, 220), 435, 0x10000, 0x40000000
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16  # offsets in seccomp_data; of the argument its lower half
ALLOW, REFUSE = 0x7FFF0000, 0x00050000  # the latter with an errno
PR_SET_PDEATHSIG, PR_GET_SECCOMP, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 1, 21, 22, 38
SIGKILL, SECCOMP_MODE_FILTER, CAPABILITY_VERSION_3 = 9, 2, 0x20080522


def gaps() -> str:
    """What an isolated process may still do on this system, as a phrase; empty where nothing."""
    found = []
    if landlock_version() < 1:
        found.append("read and change your files")
    if not _filters():
        found.append("reach the network, start processes and stop others of yours")
    return " and ".join(found)


def isolate(readable: Iterable[str], scratch: str) -> None:
    """Keep this process, before it has threads, from all but Python, these files and folders, and the scratch folder.

    In the scratch folder it may make files, but no folders. It may start threads, but no processes; it ends with its
    parent. What the system does not offer is left out (see gaps); raises OSError if it offers something and refuses it.
    """
    if sys.platform != "linux":
        return
    _prctl(PR_SET_PDEATHSIG, SIGKILL)
    _prctl(PR_SET_NO_NEW_PRIVS, 1)
    header, none = struct.pack("Ii", CAPABILITY_VERSION_3, 0), bytes(24)
    _checked(_libc().capset(header, none))  # of the superuser too
    if version := landlock_version():
        _restrict_files(version, [*_python(), *readable], scratch)
    if _filters():
        _refuse_calls()


def landlock_version() -> int:
    """The version of Landlock's interface, 0 where there is none."""
    return 0 if sys.platform != "linux" else max(_libc().syscall(CREATE_RULESET, None, ctypes.c_size_t(0), 1), 0)


def handled(version: int) -> bytes:
    """All rights that this version of Landlock can take: struct landlock_ruleset_attr.

    >>> [handled(version).hex() for version in (1, 7)]  # files, TCP, scopes
    ['ff1f00000000000000000000000000000000000000000000', 'ffff00000000000003000000000000000300000000000000']
    """
    return struct.pack("QQQ", _rights(version), 3 * (version >= TCP_SINCE), 3 * (version >= SCOPES_SINCE))


def _rights(version: int) -> int:
    """All rights on files of this version of Landlock."""
    return (1 << max(count for since, count in FILES_BY_ABI.items() if since <= version)) - 1


def _restrict_files(version: int, readable: Sequence[str], scratch: str) -> None:
    attributes = handled(version)
    ruleset = _system_call(CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)
    try:
        for path in (*SYSTEM, *DEVICES, *readable):
            _allow(ruleset, path, READ)
        _allow(ruleset, os.devnull, READ | WRITE_FILE | TRUNCATE & _rights(version))
        _allow(ruleset, scratch, READ | WRITE & _rights(version))
        _system_call(RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    """Add a rule for what is at or below the path, if there is anything."""
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return
    try:
        rule = struct.pack("=Qi", rights if os.path.isdir(path) else rights & ON_A_FILE, place)
        _system_call(ADD_RULE, ruleset, 1, rule, 0)
    finally:
        os.close(place)


def _python() -> Iterator[str]:
    """The Python installation, the packages installed in it, and our own."""
    for prefix in {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}:
        yield from (os.path.join(prefix, name) for name in ("lib", "lib64"))
    yield from (path for path in sys.path if os.path.basename(path) in ("site-packages", "dist-packages"))
    yield from (os.path.join(ROOT, name) for name in ("formulations", "solvers", "problems"))


def _filters() -> bool:
    """Whether there are seccomp filters, and whether we know this machine's numbers of system calls."""
    known = sys.platform == "linux" and sys.maxsize > 1 << 32 and os.uname().machine in ARCHITECTURES
    return known and _libc().prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0


def _refuse_calls() -> None:
    column, architecture = ARCHITECTURES[os.uname().machine]
    code = b"".join(struct.pack("HBBI", *step) for step in _filter(column, architecture, os.getpid()))
    program = ctypes.create_string_buffer(code, len(code))
    count = len(code) // struct.calcsize("HBBI")
    _prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, struct.pack("HP", count, ctypes.addressof(program)))


def _filter(column: int, architecture: int, own: int) -> Iterator[tuple[int, int, int, int]]:
    """The filter's program: code, steps to jump over if true and if false, operand."""
    refuse = (RETURN, 0, 0, REFUSE | errno.EPERM)
    allow = (RETURN, 0, 0, ALLOW)
    yield (LOAD, 0, 0, ARCHITECTURE)
    yield (EQUAL, 1, 0, architecture)
    yield refuse
    yield (LOAD, 0, 0, NUMBER)
    yield (AT_LEAST, 0, 1, X32)
    yield refuse
    for number in _numbers(REFUSED, column):
        yield (EQUAL, 0, 1, number)
        yield refuse
    yield (EQUAL, 0, 1, CLONE3)  # the C library then uses clone, whose flags can be looked at
    yield (RETURN, 0, 0, REFUSE | errno.ENOSYS)
    yield (EQUAL, 0, 4, CLONE[column])
    yield from ((LOAD, 0, 0, FIRST_ARGUMENT), (ANY_BIT, 0, 1, CLONE_THREAD), allow, refuse)
    for number in _numbers(OWN_ONLY, column):
        yield (EQUAL, 0, 5, number)
        yield from ((LOAD, 0, 0, FIRST_ARGUMENT), (EQUAL, 1, 0, 0), (EQUAL, 0, 1, own), allow, refuse)
    yield allow


def _numbers(table: str, column: int) -> list[int]:
    words = table.split()
    return [int(word) for word in words[1 + column :: 3] if word != "-"]


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _system_call(number: int, *arguments: object) -> int:
    return _checked(_libc().syscall(number, *arguments))


def _prctl(option: int, first: int, second: bytes | int = 0) -> None:
    _checked(_libc().prctl(option, ctypes.c_ulong(first), second, 0, 0))


def _checked(result: int) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result
