"""The process that lends this computer's memory to another one: llama.cpp's RPC server, bounded and locked in.

A client that dies at a bad moment, or means harm, can make the server abort; `supervising` starts another one then.
It ends when its stdin does.
"""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import msgspec
import psutil

from mistral_desk.core.errors import DeskError

if TYPE_CHECKING:
    from collections.abc import Callable

KEPT: Final = 8
"""This part of what is lent is kept for what is on its way: the server holds a whole tensor twice while it takes it."""
_SLACK: Final = 64 << 20
_STACK: Final = 16 << 20
"""Bytes of address space that the process may need beside what it lends, and for each of its threads."""


class Order(msgspec.Struct, frozen=True):
    """What to lend, and where: an address (IPv4 and port), bytes, threads."""

    host: str
    port: int
    memory: int
    threads: int


class Locked(msgspec.Struct, frozen=True):
    """The one line that the process writes itself: what keeps it in, and whether its memory is bounded.

    With a `problem` (a message's id and its reason) it ends instead.
    """

    by: tuple[str, ...] = ()
    bounded: bool = False
    problem: str = ""
    reason: str = ""


def main() -> int:
    """Lend until stdin ends; the order is its first line."""
    answers = os.dup(1)
    try:
        order = msgspec.json.decode(sys.stdin.buffer.readline(), type=Order)
        locked = _prepared(order)
    except DeskError as error:
        return _refused(answers, error.problem.id, str(error.problem.params.get("reason", "")))
    except (ImportError, OSError, RuntimeError, msgspec.MsgspecError) as error:
        return _refused(answers, "helper.no_library", str(error))
    threading.Thread(target=_until_stdin_ends, name="end", daemon=True).start()
    _say(answers, locked)
    from mistral_desk.inference.engine import others  # noqa: PLC0415 it is loaded by now

    others.serve(f"{order.host}:{order.port}", order.threads)
    return 1


def told(memory: int) -> int:
    """Bytes that the other computer is told of when so many are lent."""
    return memory - memory // KEPT


def _refused(answers: int, problem: str, reason: str) -> int:
    _say(answers, Locked(problem=problem, reason=reason[:300]))
    return 1


def _say(answers: int, locked: Locked) -> None:
    os.write(answers, msgspec.json.encode(locked) + b"\n")


def _prepared(order: Order) -> Locked:
    """Load the engine, bound the memory, close the cage."""
    from mistral_desk.inference.engine import native, others  # noqa: PLC0415 only here
    from mistral_desk.inference.sandbox import lender, limits  # noqa: PLC0415

    os.environ[native.NO_GRAPHICS] = "1"
    limits.no_dump()
    native.start()
    others.load()
    used = _usage()
    before = used()
    spare = order.threads * _STACK

    def memory() -> tuple[int, int]:
        whole = told(order.memory)
        return max(0, whole - max(0, used() - before - spare)), whole

    others.memory_told(memory)
    bounded = limits.address_space(before + order.memory + spare + _SLACK)
    return Locked(lender.lock_in(order.port), bounded)


def _usage() -> Callable[[], int]:
    """Tells the bytes of address space in use; behind the locks, where no file can be opened any more, too."""
    if sys.platform == "linux":
        file = os.open("/proc/self/statm", os.O_RDONLY)
        page = os.sysconf("SC_PAGE_SIZE")
        return lambda: int(os.pread(file, 64, 0).split()[0]) * page
    else:  # pragma: no cover - on Windows and macOS
        process = psutil.Process()
        return lambda: int(process.memory_info().rss)


def _until_stdin_ends() -> None:
    with suppress(OSError):
        while os.read(0, 4096):
            pass
    os._exit(0)
