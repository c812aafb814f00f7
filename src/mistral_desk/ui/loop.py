"""The one place that knows qasync: asyncio on Qt's event loop, with an end that works.

qasync's own shutdown example raises; what works is one main coroutine that returns by itself, and a Qt that is
told never to quit because a window closed.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import socket
import sys
import time
from typing import TYPE_CHECKING, Final, TypeVar

import qasync
import shiboken6
from PySide6.QtCore import QCoreApplication, QSocketNotifier, QTimer

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from types import FrameType

    from PySide6.QtWidgets import QApplication

T = TypeVar("T")
COLLECT_MS: Final = 500
FULL_COLLECT_S: Final = 30.0


def run(app: QApplication, main: Callable[[], Coroutine[object, object, T]]) -> T:
    """Run `main()` on Qt's event loop until it returns; its result or exception comes back.

    Tasks that it left behind are cancelled and awaited before the loop is closed.
    """
    app.setQuitOnLastWindowClosed(False)
    loop = qasync.QEventLoop(app)
    asyncio.set_event_loop(loop)
    collector = _Collector()
    try:
        with collector.in_charge(), _generators(loop):
            return loop.run_until_complete(_whole(main))  # type: ignore[no-any-return]
    finally:
        asyncio.set_event_loop(None)
        loop.close()
        # What a thread put in line after the last turn is dropped, as asyncio's own loops do. Qt would still deliver
        # it: to a timer that is gone, in the middle of whatever runs next.
        QCoreApplication.removePostedEvents(loop._QEventLoop__call_soon_signaller)  # noqa: SLF001 - no public way
        # qasync leaves its timers, which may still run, to Python's garbage collector. It may come along on a thread
        # of the engine's, and Qt crashes when a timer fires whose object was destroyed on another thread.
        shiboken6.delete(loop._timer)  # noqa: SLF001 - no public way


@contextlib.contextmanager
def _generators(loop: asyncio.BaseEventLoop) -> Iterator[None]:
    """Have generators that nobody reads to their end closed by a task, as asyncio's own loops do; qasync does not.

    Without it a connection's are closed by the collector, outside of the loop, and their `await` fails there.
    """
    before = sys.get_asyncgen_hooks()
    sys.set_asyncgen_hooks(
        firstiter=loop._asyncgen_firstiter_hook,  # type: ignore[attr-defined]  # noqa: SLF001 - no public way
        finalizer=loop._asyncgen_finalizer_hook,  # type: ignore[attr-defined]  # noqa: SLF001
    )
    try:
        yield
    finally:
        sys.set_asyncgen_hooks(*before)


async def _whole(main: Callable[[], Coroutine[object, object, T]]) -> T:
    try:
        return await main()
    finally:
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        await asyncio.get_running_loop().shutdown_asyncgens()


async def idle(rounds: int = 4) -> None:
    """Wait until Qt has worked off what is due (layouts, paints).

    `processEvents` inside a task would run other tasks inside this one, which asyncio forbids.
    """
    for _ in range(rounds):
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        QTimer.singleShot(0, lambda turn=turn: turn.done() or turn.set_result(None))
        await turn


class _Collector(QTimer):
    """Collects garbage on Qt's thread only.

    Python collects on whichever thread allocates, the engine's included, and Qt objects that are destroyed on
    another thread than theirs crash it. What was imported before stays anyway and is not looked through: a full
    collection takes 6 ms instead of 45.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setInterval(COLLECT_MS)
        self.timeout.connect(self._collect)
        self._full_at = time.monotonic()

    @contextlib.contextmanager
    def in_charge(self) -> Iterator[None]:
        was_on = gc.isenabled()
        gc.disable()
        gc.freeze()
        self.start()
        try:
            yield
        finally:
            self.stop()
            gc.unfreeze()
            if was_on:
                gc.enable()

    def _collect(self) -> None:
        counts, limits = gc.get_count(), gc.get_threshold()
        if counts[2] > limits[2] and time.monotonic() - self._full_at > FULL_COLLECT_S:
            gc.collect()
            self._full_at = time.monotonic()
        elif counts[1] > limits[1]:
            gc.collect(1)
        elif counts[0] > limits[0]:
            gc.collect(0)


@contextlib.contextmanager
def interrupts(handler: Callable[[], None]) -> Iterator[None]:
    """Call `handler` on Qt's loop at Ctrl+C or when the system asks the program to end.

    Python's own handlers only run when the interpreter gets a turn, which an idle Qt loop never gives it: the
    signal writes to a socket, and Qt watches that.
    """
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    notifier = QSocketNotifier(ours.fileno(), QSocketNotifier.Type.Read)

    def drain() -> None:
        with contextlib.suppress(BlockingIOError):
            ours.recv(64)

    def caught(_number: int, _frame: FrameType | None) -> None:
        handler()

    notifier.activated.connect(drain)
    names = [signal.SIGINT, signal.SIGTERM]
    before_fd = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
    before = {name: signal.signal(name, caught) for name in names}
    try:
        yield
    finally:
        for name, previous in before.items():
            signal.signal(name, previous)
        signal.set_wakeup_fd(before_fd)
        notifier.setEnabled(False)
        ours.close()
        theirs.close()
