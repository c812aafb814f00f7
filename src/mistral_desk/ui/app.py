"""Opens the window and sees it through to its end: one coroutine that waits until it is told to stop.

Nothing else quits Qt. Closing the window, the system's quit, Ctrl+C and logout all set the same event.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from PySide6.QtCore import QEvent, QMessageLogContext, Qt, QtMsgType, Signal, qInstallMessageHandler
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtWidgets import QApplication, QWidget

from mistral_desk import __version__
from mistral_desk.core import settings as declared
from mistral_desk.core.errors import DeskError, as_problem
from mistral_desk.core.paths import folders
from mistral_desk.services import Services
from mistral_desk.ui import loop, window_state
from mistral_desk.ui.desk import Desk
from mistral_desk.ui.failure import FailureWindow
from mistral_desk.ui.language import speak
from mistral_desk.ui.single import FirstWindow
from mistral_desk.ui.theme.icons import app_icon
from mistral_desk.ui.theme.theme import Theme
from mistral_desk.ui.welcome.page import is_first_start

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mistral_desk.core.errors import Problem

log = logging.getLogger(__name__)

READY_S: Final = 20.0
"""A picture of the window waits so long for its model at most."""
PLACE: Final = "window.json"
"""In the cache folder: where the window stood."""
_LEVELS: Final = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


class Application(QApplication):
    """A Qt application that never quits by itself: it says that it was asked to."""

    quit_asked = Signal()
    file_asked = Signal(str)
    """macOS opens a file with a program by telling it, whether it runs already or not."""
    asked_file = ""
    """The file that it told last: the first comes before there is a window."""

    def event(self, event: QEvent) -> bool:
        """The system's quit (menu, dock, logout) becomes a request, and so does a file to open."""
        if isinstance(event, QFileOpenEvent) and event.file():
            self.asked_file = event.file()
            self.file_asked.emit(self.asked_file)
            return True
        if event.type() == QEvent.Type.Quit:
            self.quit_asked.emit()
            return True
        return super().event(event)


def run(
    argv: Sequence[str] | None = None,
    *,
    screenshot: Path | str | None = None,
    home: str | None = None,
    file: str = "",
) -> int:
    """Open the window and return when it was closed; the exit status.

    `file` is a model to open; where a window is open already, it is handed over to that one. `screenshot` renders
    the window into that PNG file and returns; it needs no display. `home` puts all folders under one directory.
    Raises `app.no_display`, `app.already_running` (when the first window cannot be raised), and what
    `Services.open` raises where it cannot be shown in a window.
    """
    _need_display(offscreen_is_enough=screenshot is not None)
    qInstallMessageHandler(_from_qt)
    app = Application(["mistral-desk", *(argv or ())])
    app.setApplicationName("mistral-desk")
    app.setApplicationDisplayName("Mistral Desk")
    app.setApplicationVersion(__version__)
    app.setDesktopFileName("mistral-desk")
    app.setWindowIcon(app_icon())
    speak(app, declared.glance(folders(home).settings, declared.LANGUAGE))
    first: FirstWindow | None = None
    try:
        if screenshot is None:
            first = FirstWindow(folders(home).ensure().data)
            if not first.claim():
                return _second_start(first, file)
        return loop.run(app, lambda: _main(app, first, home, Path(screenshot) if screenshot else None, file))
    finally:
        if first is not None:
            first.release()
        qInstallMessageHandler(None)


async def _main(app: Application, first: FirstWindow | None, home: str | None, picture: Path | None, file: str) -> int:
    stop = asyncio.Event()
    app.quit_asked.connect(stop.set)
    if first is not None:
        first.close_asked.connect(stop.set)
    theme = Theme(app)
    with loop.interrupts(stop.set):
        while True:
            services = await _services(theme, home, stop, shown=picture is None)
            if services is None:
                return 1
            try:
                return await _window(theme, services, first, stop, picture=picture, file=file)
            except Exception as error:
                if picture is not None or stop.is_set():
                    raise  # else it is shown: there may be no terminal
                if not await _again(theme, as_problem(error), stop):
                    return 1


async def _window(
    theme: Theme,
    services: Services,
    first: FirstWindow | None,
    stop: asyncio.Event,
    *,
    picture: Path | None,
    file: str,
) -> int:
    theme.choose(services.settings.get(declared.THEME), services.settings.get(declared.TEXT_SCALE))  # type: ignore[arg-type]
    theme.set_motion(services.settings.get(declared.MOTION))
    theme.set_contrast(services.settings.get(declared.CONTRAST))
    desk: Desk | None = None
    try:
        desk = Desk(services, theme)
        await _begin(desk, services, picture, file)
        if picture is not None:
            await _picture(desk, picture)
        else:
            await _used(desk, services, first, stop)
    except Exception:
        log.exception("the window did not begin, or did not go on")  # here, because the log is closed with the rest
        raise
    else:
        return 0
    finally:
        if desk is None:
            await services.close()
        else:
            desk.window.hide()
            await services.close(desk.close())
            desk.window.deleteLater()


async def _begin(desk: Desk, services: Services, picture: Path | None, file: str) -> None:
    window, app = desk.window, QApplication.instance()
    if picture is None:
        window_state.restore(window, services.folders.cache / PLACE)
    if not file and await is_first_start(services):  # who opens a model is greeted another time
        desk.welcome()
    window.show()
    if isinstance(app, Application):
        file = file or app.asked_file
    if file:
        desk.open_model(file)
    desk.start()


async def _used(desk: Desk, services: Services, first: FirstWindow | None, stop: asyncio.Event) -> None:
    """Until the person, the system or a terminal ends it."""
    window, place, app = desk.window, services.folders.cache / PLACE, QApplication.instance()
    desk.closing.connect(stop.set)
    logout = (lambda _manager: _keep(desk, place), Qt.ConnectionType.DirectConnection)
    cast("QApplication", app).commitDataRequest.connect(*logout)
    if first is not None:
        first.raised.connect(lambda: _raise(window))
        first.handed.connect(desk.open_model)
    if isinstance(app, Application):
        app.file_asked.connect(desk.open_model)
    await stop.wait()
    window_state.save(window, place)


def _keep(desk: Desk, place: Path) -> None:
    """Save at once what is not on the disk yet: the system may kill the program as soon as it has asked for this.

    The history needs nothing, it is on the disk at every moment. Another program may still call the logout off, so
    nothing ends here; the system's quit comes afterwards.
    """
    desk.keep()
    window_state.save(desk.window, place)


async def _services(theme: Theme, home: str | None, stop: asyncio.Event, *, shown: bool) -> Services | None:
    """Open the services; a problem is shown with *Try again*. None when the person gives up."""
    while True:
        try:
            return await Services.open(home)
        except DeskError as error:
            if not shown:
                raise
            log.warning("the window could not be opened: %s", error)
            if not await _again(theme, error.problem, stop):
                return None


async def _again(theme: Theme, problem: Problem, stop: asyncio.Event) -> bool:
    """Show why there is no window; whether the person wants another try."""
    failed = FailureWindow(theme, problem)
    decided: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def decide(again: bool) -> None:
        if not decided.done():
            decided.set_result(again)

    failed.decided.connect(decide)
    failed.show()
    stopped = asyncio.ensure_future(stop.wait())
    stopped.add_done_callback(lambda _task: decide(again=False))
    again = await decided
    stopped.cancel()
    failed.hide()
    failed.deleteLater()
    return again


async def _picture(desk: Desk, file: Path) -> None:
    """Render the window when its model is ready (or cannot be), and its lists are read."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(READY_S):
            await desk.tasks.settled()
    await loop.idle()
    if not desk.window.grab().save(str(file), "PNG"):
        raise DeskError("folder.not_writable", path=str(file), reason="the picture could not be written")


def _second_start(first: FirstWindow, file: str = "") -> int:
    if first.call_first(str(Path(file).absolute()) if file else ""):
        log.info("raised the window that is open already")
        return 0
    raise DeskError("app.already_running")


def _raise(window: QWidget) -> None:
    window.setWindowState(window.windowState() & ~Qt.WindowState.WindowMinimized)
    window.show()
    window.raise_()
    window.activateWindow()


def _need_display(*, offscreen_is_enough: bool) -> None:
    """Qt aborts the process where there is no display, so look before."""
    elsewhere = not sys.platform.startswith("linux")
    if elsewhere:
        return
    if os.environ.get("QT_QPA_PLATFORM", "").split(":")[0] in ("offscreen", "minimal", "vnc", "eglfs", "linuxfb"):
        return
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        return
    if offscreen_is_enough:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
        return
    raise DeskError("app.no_display", reason="neither DISPLAY nor WAYLAND_DISPLAY is set")


def _from_qt(kind: QtMsgType, _context: QMessageLogContext, text: str) -> None:
    """Qt's own messages go to the log."""
    logging.getLogger("mistral_desk.qt").log(_LEVELS.get(kind, logging.INFO), "%s", text)
