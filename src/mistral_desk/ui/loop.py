"""The one place that knows qasync: asyncio on Qt's event loop, with an end that works.

qasync's own shutdown example raises; what works is one main coroutine that returns by itself, and a Qt that is
told never to quit because a window closed.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from typing import TYPE_CHECKING, TypeVar

import qasync
import shiboken6
from PySide6.QtCore import QSocketNotifier

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from types import FrameType

    from PySide6.QtWidgets import QApplication

T = TypeVar("T")


def run(app: QApplication, main: Callable[[], Coroutine[object, object, T]]) -> T:
    """Run `main()` on Qt's event loop until it returns; its result or exception comes back.

    Tasks that it left behind are cancelled and awaited before the loop is closed.
    """
    app.setQuitOnLastWindowClosed(False)
    loop = qasync.QEventLoop(app)
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(_whole(main))  # type: ignore[no-any-return]
    finally:
        asyncio.set_event_loop(None)
        loop.close()
        # qasync leaves its timers, which may still run, to Python's garbage collector. It may come along on a thread
        # of the engine's, and Qt crashes when a timer fires whose object was destroyed on another thread.
        shiboken6.delete(loop._timer)  # noqa: SLF001 - no public way


async def _whole(main: Callable[[], Coroutine[object, object, T]]) -> T:
    try:
        return await main()
    finally:
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        await asyncio.get_running_loop().shutdown_asyncgens()


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
