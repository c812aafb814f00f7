"""This computer as another one's helper: keeps the lending process running until it is told to end.

The lending process may be ended by whoever connects to it; then another one takes its place, unless that goes on.
"""

from __future__ import annotations

import contextlib
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Final, Literal

import msgspec
import psutil

from mistral_desk.core.errors import DeskError
from mistral_desk.fit.cores import cores
from mistral_desk.fit.machine import GB
from mistral_desk.inference.child import own_command, spawn
from mistral_desk.inference.packs.watched import Watched
from mistral_desk.inference.rpc.lending import Locked, Order
from mistral_desk.inference.sandbox import windows
from mistral_desk.net.rpc import listening

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import IO

    from mistral_desk.net.rpc.address import Address

    Event = Literal["taken", "free", "again"]
    """Another computer has connected · it has left · the lending process died and another one took its place."""

LEAST: Final = 64 << 20
"""Bytes that are worth lending: below, no layer of anything has room."""
_SHARE: Final = 2
"""This part of the free memory is lent where nobody said how much."""
_LIVES_S: Final = 10.0
"""A process that died sooner died of its start, or of a client that means harm."""
_DEATHS: Final = 5
"""As many of them in a row are enough."""
_PAUSE_S: Final = 0.2
_END_S: Final = 2.0
_LINES: Final[dict[bytes, Event]] = {b"Accepted client connection": "taken", b"Client connection closed": "free"}
_ONE_ARENA: Final = {"MALLOC_ARENA_MAX": "1"}
"""glibc would reserve 64 MB of address space for each thread, which the bound counts."""


def order(address: Address, memory_gb: float | None, threads: int | None) -> Order:
    """What to lend. Raises `helper.memory` for more than is free, or next to nothing; `helper.port`."""
    free = psutil.virtual_memory().available
    memory = round(memory_gb * GB) if memory_gb is not None else free // _SHARE
    if not LEAST <= memory <= free:
        raise DeskError("helper.memory", asked=round(memory / GB, 2), free=round(free / GB, 2))
    listening.free(address)
    return Order(address.host, address.port, memory, max(1, min(threads or cores(), 512)))


class Helper:
    """The lending process and its successors. `run` blocks; `end` may come from any thread or signal handler."""

    def __init__(self, what: Order, tell: Callable[[Event], None], command: Sequence[str] | None = None) -> None:
        """`tell` hears what happens; `command` starts another process than this program's own."""
        self._order, self._tell = what, tell
        self._command = list(command or own_command("--rpc-lend"))
        self._over = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Locked:
        """Start lending; how tightly. Raises `helper.no_library`."""
        process = self._process = spawn(self._command, _ONE_ARENA | Watched({}).begin())
        windows.hold(int(getattr(process, "_handle", 0)), memory=self._order.memory)
        _, stdin, stdout, _ = self._running()
        try:
            stdin.write(msgspec.json.encode(self._order) + b"\n")
            said = msgspec.json.decode(stdout.readline(), type=Locked)
        except (OSError, msgspec.MsgspecError) as error:
            raise DeskError("helper.no_library", reason="its process ended at once") from error
        if said.problem:
            raise DeskError(said.problem, reason=said.reason)
        return said

    def run(self) -> None:
        """Until `end`: tell what happens, and start another process after a death. Raises as `start`, and
        `helper.ended` where it dies again and again.
        """
        deaths, began = 0, time.monotonic()
        while not self._over.is_set():
            self._listen()
            if self._over.is_set():
                return
            deaths = 1 if time.monotonic() - began > _LIVES_S else deaths + 1
            if deaths >= _DEATHS:
                raise DeskError("helper.ended", times=deaths)
            self._over.wait(_PAUSE_S * deaths)
            began = time.monotonic()
            if not self._over.is_set():
                self.start()
                self._tell("again")

    def end(self) -> None:
        """Lend no more: what is computed breaks off."""
        self._over.set()
        process = self._process
        if process and process.stdin:
            with contextlib.suppress(OSError, ValueError):
                process.stdin.close()

    def close(self) -> None:
        """Returns when the process is gone."""
        self.end()
        process = self._process
        if process is None:
            return
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        _let_go(process)

    def _listen(self) -> None:
        process, _, stdout, stderr = self._running()
        drain = threading.Thread(target=_drain, args=(stderr,), daemon=True)
        drain.start()
        for line in stdout:
            if event := _LINES.get(line.strip()):
                self._tell(event)
        process.wait()
        drain.join(_END_S)
        _let_go(process)

    def _running(self) -> tuple[subprocess.Popen[bytes], IO[bytes], IO[bytes], IO[bytes]]:
        """The process with its three pipes."""
        process = self._process
        if process is None or process.stdin is None or process.stdout is None or process.stderr is None:
            raise TypeError("no process with pipes was started")
        return process, process.stdin, process.stdout, process.stderr


def _let_go(process: subprocess.Popen[bytes]) -> None:
    for pipe in filter(None, (process.stdin, process.stdout, process.stderr)):
        with contextlib.suppress(OSError):
            pipe.close()


def _drain(pipe: IO[bytes]) -> None:
    """What the engine says of itself goes nowhere: it may name what a stranger sent."""
    with contextlib.suppress(OSError, ValueError):
        while pipe.read(4096):
            pass
