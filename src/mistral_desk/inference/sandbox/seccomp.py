"""Linux's filter of system calls: what a process may ask of the kernel at all, for all its threads, for good.

Two filters: an early one that forbids what no engine needs, and a closed one that allows only what computing needs.
The programs are classic BPF (Documentation/userspace-api/seccomp_filter.rst), assembled here.
"""

from __future__ import annotations

import ctypes
import os
from typing import Final, TypeAlias

from mistral_desk.inference.sandbox import calls

Instruction: TypeAlias = tuple[int, int, int, int]
"""Operation, jump if true, jump if false, constant."""

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW: Final = 0x7FFF0000
_KILL: Final = 0x80000000
_ERRNO: Final = 0x00050000
_EPERM, _EACCES, _ENOSYS = 1, 13, 38
_NUMBER, _ARCH, _ARGUMENTS = 0, 4, 16
"""Offsets in struct seccomp_data; each argument has eight bytes, the low half first on both processors."""
_X32: Final = 0x40000000
"""Set in the numbers of x86-64's second table, whose calls would slip through a filter made for the first."""
_PROT_EXEC: Final = 4
_CLONE_THREAD: Final = 0x10000
_FILTER_MODE: Final = 1
_ALL_THREADS: Final = 1

_NEVER: Final = (
    *("socket", "socketpair", "connect", "bind", "listen", "accept", "accept4", "sendto", "sendmsg", "sendmmsg"),
    *("recvmsg", "io_uring_setup", "io_uring_enter", "io_uring_register"),
    *("execve", "execveat", "fork", "vfork", "kill", "tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"),
    *("pidfd_open", "pidfd_getfd", "pidfd_send_signal", "ptrace", "process_vm_readv", "process_vm_writev"),
    *("process_madvise", "kcmp", "mount", "umount2", "open_tree", "move_mount", "fsopen", "fsmount", "mount_setattr"),
    *("pivot_root", "chroot", "unshare", "setns", "bpf", "perf_event_open", "userfaultfd", "open_by_handle_at"),
    *("name_to_handle_at", "keyctl", "add_key", "request_key", "init_module", "finit_module", "delete_module"),
    *("kexec_load", "kexec_file_load", "personality"),
)
_COMPUTING: Final = (
    *(
        "futex",
        "read",
        "write",
        "clock_gettime",
        "sched_yield",
        "munmap",
        "madvise",
        "brk",
        "mremap",
        "readv",
        "writev",
    ),
    *("pread64", "lseek", "close", "fstat", "fcntl", "poll", "ppoll", "select", "pselect6", "futex_waitv", "rseq"),
    *("set_robust_list", "set_tid_address", "gettid", "getpid", "sched_getaffinity", "sched_setaffinity", "getcpu"),
    *("membarrier", "exit", "exit_group", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack"),
    *("restart_syscall", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "getrandom", "getrusage"),
    "sysinfo",
)


_TALKING: Final = ("sendto", "recvfrom")
"""What goes over a connection that is there."""
_CONNECTING: Final = ("socket", "connect", *_TALKING)
_LENDING: Final = ("bind", "listen", "accept", "accept4", "setsockopt", "getsockopt", "shutdown", *_TALKING)
_INTERNET: Final = 2
"""AF_INET"""


def early(machine: str, *, connects: bool = False) -> list[Instruction]:
    """While a model is loaded: files and drivers are still needed, other programs never; connections only where it
    `connects` to other computers (IPv4; Landlock says to which ports).
    """
    program = _head(machine)
    for name in _NEVER:
        if not (connects and name in _CONNECTING):
            program += _when(machine, name, _ERRNO | _EPERM)
    if connects:
        program += _only(machine, "socket", 0, _INTERNET)
    program += _threads_only(machine)
    program.append((_RETURN, 0, 0, _ALLOW))
    return program


def closed(machine: str, *, threads: bool = True, talks: bool = False, lends: bool = False) -> list[Instruction]:
    """Once everything is there: computing, and reading and writing what is open. Anything else is refused (EPERM).

    `talks`: connections that are there go on. `lends`: it may listen and take connections (IPv4), and make none.
    """
    program = _head(machine)
    for name in (*_COMPUTING, *(_TALKING if talks else ()), *(_LENDING if lends else ())):
        program += _when(machine, name, _ALLOW)
    if lends:
        program += _only(machine, "socket", 0, _INTERNET)
    for name in ("mmap", "mprotect"):
        program += _unless_bit(machine, name, 2, _PROT_EXEC, _EACCES)
    program += _threads_only(machine) if threads else _when(machine, "clone3", _ERRNO | _ENOSYS)
    program += _only(machine, "tgkill", 0, os.getpid())
    program += _only(machine, "prctl", 0, calls.PR_SET_NAME)
    program.append((_RETURN, 0, 0, _ERRNO | _EPERM))
    return program


def install(program: list[Instruction]) -> None:
    """Put the filter on every thread of this process; filters add up and are never taken off. Raises OSError."""
    calls.no_new_privileges()
    rows = (_Row * len(program))(*(_Row(*row) for row in program))
    whole = _Program(len(program), rows)
    strayed = calls.call("seccomp", ctypes.c_ulong(_FILTER_MODE), ctypes.c_ulong(_ALL_THREADS), ctypes.byref(whole))
    if strayed > 0:  # TSYNC answers with the thread that has another filter already
        raise OSError(_EPERM, f"thread {strayed} could not be brought in")


class _Row(ctypes.Structure):
    """The kernel's struct sock_filter."""

    _fields_ = (("code", ctypes.c_ushort), ("jt", ctypes.c_ubyte), ("jf", ctypes.c_ubyte), ("k", ctypes.c_uint))


class _Program(ctypes.Structure):
    """The kernel's struct sock_fprog."""

    _fields_ = (("len", ctypes.c_ushort), ("filter", ctypes.POINTER(_Row)))


def _head(machine: str) -> list[Instruction]:
    """Only this processor's own calls: those of another table end the process. The call's number stays loaded."""
    program = [(_LOAD, 0, 0, _ARCH), (_EQUAL, 1, 0, calls.AUDIT_ARCH[machine]), (_RETURN, 0, 0, _KILL)]
    program.append((_LOAD, 0, 0, _NUMBER))
    if machine == "x86_64":
        program += [(_AT_LEAST, 0, 1, _X32), (_RETURN, 0, 0, _KILL)]
    return program


def _when(machine: str, name: str, action: int) -> list[Instruction]:
    number = calls.number(name, machine)
    return [] if number is None else [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, action)]


def _threads_only(machine: str) -> list[Instruction]:
    """`clone` only for a thread; `clone3`, whose flags no filter sees, is not there, and libraries fall back."""
    judged: list[Instruction] = [
        (_EQUAL, 0, 4, calls.number("clone", machine) or 0),
        (_LOAD, 0, 0, _ARGUMENTS),
        (_ANY_BIT, 1, 0, _CLONE_THREAD),
        (_RETURN, 0, 0, _ERRNO | _EPERM),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return judged + _when(machine, "clone3", _ERRNO | _ENOSYS)


def _unless_bit(machine: str, name: str, argument: int, bit: int, error: int) -> list[Instruction]:
    number = calls.number(name, machine)
    return [
        (_EQUAL, 0, 4, number or 0),
        (_LOAD, 0, 0, _ARGUMENTS + 8 * argument),
        (_ANY_BIT, 0, 1, bit),
        (_RETURN, 0, 0, _ERRNO | error),
        (_RETURN, 0, 0, _ALLOW),
    ]


def _only(machine: str, name: str, argument: int, value: int) -> list[Instruction]:
    number = calls.number(name, machine)
    return [
        (_EQUAL, 0, 4, number or 0),
        (_LOAD, 0, 0, _ARGUMENTS + 8 * argument),
        (_EQUAL, 0, 1, value),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _ERRNO | _EPERM),
    ]
