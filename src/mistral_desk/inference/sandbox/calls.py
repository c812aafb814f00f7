"""Linux's system calls as the cage needs them: their numbers on two processors, and a way to make one.

Numbers: the kernel's arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h (64-bit Arm).
"""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from typing import Any, Final

AUDIT_ARCH: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""AUDIT_ARCH_… of include/uapi/linux/audit.h, by the machine's name."""

_NUMBERS: Final[dict[str, tuple[int | None, int | None]]] = {
    # reading, writing and waiting on what is open already
    "read": (0, 63),
    "write": (1, 64),
    "readv": (19, 65),
    "writev": (20, 66),
    "pread64": (17, 67),
    "lseek": (8, 62),
    "close": (3, 57),
    "fstat": (5, 80),
    "fcntl": (72, 25),
    "poll": (7, None),
    "ppoll": (271, 73),
    "select": (23, None),
    "pselect6": (270, 72),
    # memory
    "brk": (12, 214),
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "munmap": (11, 215),
    "mremap": (25, 216),
    "madvise": (28, 233),
    # threads
    "futex": (202, 98),
    "futex_waitv": (449, 449),
    "clone": (56, 220),
    "clone3": (435, 435),
    "rseq": (334, 293),
    "set_robust_list": (273, 99),
    "set_tid_address": (218, 96),
    "gettid": (186, 178),
    "getpid": (39, 172),
    "sched_yield": (24, 124),
    "sched_getaffinity": (204, 123),
    "sched_setaffinity": (203, 122),
    "getcpu": (309, 168),
    "membarrier": (324, 283),
    "exit": (60, 93),
    "exit_group": (231, 94),
    # signals to itself
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "restart_syscall": (219, 128),
    "tgkill": (234, 131),
    # time, chance and its own figures
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115),
    "nanosleep": (35, 101),
    "gettimeofday": (96, 169),
    "getrandom": (318, 278),
    "getrusage": (98, 165),
    "sysinfo": (99, 179),
    "prctl": (157, 167),
    # never: connections
    "socket": (41, 198),
    "socketpair": (53, 199),
    "connect": (42, 203),
    "bind": (49, 200),
    "listen": (50, 201),
    "accept": (43, 202),
    "accept4": (288, 242),
    "sendto": (44, 206),
    "sendmsg": (46, 211),
    "sendmmsg": (307, 269),
    "recvmsg": (47, 212),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "recvfrom": (45, 207),
    "shutdown": (48, 210),
    "setsockopt": (54, 208),
    "getsockopt": (55, 209),
    # never: other programs and processes
    "execve": (59, 221),
    "execveat": (322, 281),
    "fork": (57, None),
    "vfork": (58, None),
    "kill": (62, 129),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "kcmp": (312, 272),
    # never: the system itself
    "mount": (165, 40),
    "umount2": (166, 39),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsmount": (432, 432),
    "mount_setattr": (442, 442),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "unshare": (272, 97),
    "setns": (308, 268),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "open_by_handle_at": (304, 265),
    "name_to_handle_at": (303, 264),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "personality": (135, 92),
    "seccomp": (317, 277),
    # Landlock
    "landlock_create_ruleset": (444, 444),
    "landlock_add_rule": (445, 445),
    "landlock_restrict_self": (446, 446),
}
"""By name: on x86-64, on 64-bit Arm; None where that processor has no such call."""

PR_SET_NAME: Final = 15
PR_SET_NO_NEW_PRIVS: Final = 38


def machine() -> str:
    """The processor's name where a cage can be built on it, else empty."""
    name = platform.machine()
    return name if sys.platform == "linux" and name in AUDIT_ARCH and sys.maxsize > 2**32 else ""


def number(name: str, on: str) -> int | None:
    """A call's number on that machine; None where it has none."""
    return _NUMBERS[name][0 if on == "x86_64" else 1]


def call(name: str, *arguments: Any) -> int:
    """Make a system call; integers must be given as ctypes' types of the right width. Raises OSError."""
    where = number(name, machine())
    if where is None:
        raise OSError(38, f"no system call {name} here")
    library = ctypes.CDLL(None, use_errno=True)
    function = library.syscall
    function.restype = ctypes.c_long
    result = int(function(ctypes.c_long(where), *arguments))
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{name}: {os.strerror(error)}")
    return result


def no_new_privileges() -> None:
    """From now on no program that this process starts can gain rights: what both locks below ask for first."""
    zero = ctypes.c_ulong(0)
    call("prctl", ctypes.c_ulong(PR_SET_NO_NEW_PRIVS), ctypes.c_ulong(1), zero, zero, zero)
