"""The locks as data: the filters judged call by call for both processors, and the layouts that systems expect."""

from __future__ import annotations

import ctypes
import os
import struct
from typing import TYPE_CHECKING, Final

import psutil
import pytest

from mistral_desk.core.words import tr
from mistral_desk.inference import cage
from mistral_desk.inference.cage import Cage
from mistral_desk.inference.sandbox import calls, landlock, macos, seccomp, trial, windows

if TYPE_CHECKING:
    from mistral_desk.inference.sandbox.seccomp import Instruction

ALLOW, KILL, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
PERMISSION, ACCESS, NOT_THERE = ERRNO | 1, ERRNO | 13, ERRNO | 38
MACHINES: Final = tuple(calls.AUDIT_ARCH)


def judge(program: list[Instruction], machine: str, number: int, *arguments: int, arch: int | None = None) -> int:
    """What the kernel would answer: classic BPF over struct seccomp_data, as far as our filters use it."""
    padded = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("<IIQ6Q", number, calls.AUDIT_ARCH[machine] if arch is None else arch, 0, *padded)
    at, loaded = 0, 0
    while True:
        code, yes, no, value = program[at]
        at += 1
        if code == 0x20:
            (loaded,) = struct.unpack_from("<I", data, value)
        elif code == 0x06:
            return value
        else:
            met = {0x15: loaded == value, 0x35: loaded >= value, 0x45: bool(loaded & value)}[code]
            at += yes if met else no


def number(name: str, machine: str) -> int:
    found = calls.number(name, machine)
    assert found is not None
    return found


@pytest.mark.parametrize("machine", MACHINES)
def test_the_closed_filter_lets_only_computing_through(machine: str) -> None:
    program = seccomp.closed(machine)
    for name in ("read", "write", "futex", "brk", "munmap", "exit_group", "clock_gettime", "madvise"):
        assert judge(program, machine, number(name, machine)) == ALLOW
    for name in ("socket", "connect", "execve", "ptrace", "bpf", "kill", "io_uring_setup", "landlock_restrict_self"):
        assert judge(program, machine, number(name, machine)) == PERMISSION
    allowed = [one for one in range(600) if judge(program, machine, one) == ALLOW]
    assert len(allowed) < 50, "everything that is not on the list is refused"
    for name in ("mmap", "mprotect"):
        assert judge(program, machine, number(name, machine), 0, 4096, 3) == ALLOW
        assert judge(program, machine, number(name, machine), 0, 4096, 5) == ACCESS
        assert judge(program, machine, number(name, machine), 0, 4096, 2**40 | 7) == ACCESS


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("closed", [True, False])
def test_threads_may_be_made_and_processes_not(machine: str, closed: bool) -> None:
    program = seccomp.closed(machine) if closed else seccomp.early(machine)
    thread = 0x3D0F00
    assert judge(program, machine, number("clone", machine), thread) == ALLOW
    assert judge(program, machine, number("clone", machine), 17) == PERMISSION
    assert judge(program, machine, number("clone3", machine)) == NOT_THERE
    alone = seccomp.closed(machine, threads=False)
    assert judge(alone, machine, number("clone", machine), thread) == PERMISSION


@pytest.mark.parametrize("machine", MACHINES)
def test_the_early_filter_lets_files_be_read_and_nothing_be_reached(machine: str) -> None:
    program = seccomp.early(machine)
    opening = {"x86_64": 257, "aarch64": 56}[machine]  # openat
    assert judge(program, machine, opening) == ALLOW
    for name in ("socket", "socketpair", "connect", "execve", "execveat", "ptrace", "io_uring_setup", "setns", "kill"):
        assert judge(program, machine, number(name, machine)) == PERMISSION


@pytest.mark.parametrize("machine", MACHINES)
def test_calls_of_another_table_end_the_process(machine: str) -> None:
    for program in (seccomp.closed(machine), seccomp.early(machine)):
        assert judge(program, machine, 0, arch=0x40000003) == KILL
        if machine == "x86_64":
            assert judge(program, machine, 0x40000000) == KILL
            assert judge(program, machine, 0x40000000 + 41) == KILL


@pytest.mark.parametrize("machine", MACHINES)
def test_signals_go_to_itself_only(machine: str) -> None:
    program = seccomp.closed(machine)
    assert judge(program, machine, number("tgkill", machine), os.getpid()) == ALLOW
    assert judge(program, machine, number("tgkill", machine), os.getpid() + 1) == PERMISSION


@pytest.mark.parametrize("machine", MACHINES)
def test_no_jump_leads_out_of_a_filter(machine: str) -> None:
    for program in (seccomp.closed(machine), seccomp.closed(machine, threads=False), seccomp.early(machine)):
        assert len(program) < 4096, "the kernel takes no longer one"
        assert program[-1][0] == 0x06
        for at, (code, yes, no, _) in enumerate(program):
            assert code == 0x06 or at + 1 + max(yes, no) < len(program)


def test_the_layouts_are_those_that_the_systems_know() -> None:
    assert ctypes.sizeof(landlock._Beneath) == 12
    assert ctypes.sizeof(landlock._Handled) == 24
    assert ctypes.sizeof(seccomp._Row) == 8
    assert ctypes.sizeof(windows._Basic) == 64
    assert ctypes.sizeof(windows._Limits) == 144
    assert macos.WORKER.count("(") == macos.WORKER.count(")")


def test_elsewhere_nothing_is_said_to_be_in_force(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "machine", lambda: "")
    assert landlock.version() == 0
    assert landlock.restrict([]) is False
    assert (windows.no_programs(), windows.hold(0), macos.keep_in(computing_only=True)) == (False, None, False)


@pytest.mark.skipif(not calls.machine(), reason="what is possible elsewhere depends on the system")
def test_a_trial_without_a_cage_gets_everywhere() -> None:
    children = set(psutil.Process().children())
    refused, allowed = trial.Trial.prepare().run()
    assert refused == ()
    assert allowed == trial.KINDS
    assert set(psutil.Process().children()) <= children, "nothing is really started"


def test_what_is_said_is_what_was_found() -> None:
    tight = Cage(("landlock", "seccomp"), trial.KINDS, ())
    assert tight.tight
    assert "could still" not in cage.in_words(tight)
    assert "start another program" in cage.in_words(tight)
    twice = Cage(("landlock", "seccomp", "seccomp (closed)"), trial.KINDS, ())
    assert cage.in_words(twice).endswith("landlock, seccomp"), "each kind of lock once"
    assert "seccomp, a stricter seccomp once it is loaded;" in cage.in_short(twice)
    loose = Cage((), ("exec",), tuple(kind for kind in trial.KINDS if kind != "exec"), ("graphics",))
    assert not loose.tight
    said = cage.in_words(loose)
    assert "It could still: connect to anything" in said
    assert "start another program" in said.partition("It could still")[2], "doubling itself was possible"
    assert "graphics driver" in said
    assert "Somebody switched the lock off" not in said
    assert "Somebody switched the lock off" in cage.in_words(Cage((), (), trial.KINDS, ("off",)))
    assert cage.in_words(None) == cage.in_words(Cage()) == tr(cage.NOT_YET)
    assert cage.in_short(loose).endswith("NOT refused: socket, connect, read, write, fork, signal, code; graphics")
