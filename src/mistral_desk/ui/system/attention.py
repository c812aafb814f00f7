"""Reaches a person whose eyes are elsewhere: a notification at the end, and the progress on the program's icon.

Everything here may be missing on a system; then nothing happens and the log says so once.
"""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Final, Protocol

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication

from mistral_desk.core import settings as declared
from mistral_desk.ui.downloads import words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtWidgets import QWidget

    from mistral_desk.core.settings import Settings
    from mistral_desk.library.orders import Download

log = logging.getLogger(__name__)
STEPS: Final = 100
_SCREENLESS: Final = frozenset({"offscreen", "minimal", "vnc"})


class Teller(Protocol):
    """Shows a notification of the system."""

    def tell(self, title: str, text: str) -> None:
        """Show it, or do nothing."""


class Gauge(Protocol):
    """Shows progress where the system lists its programs."""

    def show(self, share: float | None, *, paused: bool) -> None:
        """Between 0 and 1; None takes it away."""


class Attention(QObject):
    """Belongs to a window."""

    def __init__(self, window: QWidget, settings: Settings) -> None:
        super().__init__(window)
        self._settings = settings
        self._window = window
        self._watched: Callable[[], bool] = window.isActiveWindow
        self._teller: Teller | None = None
        self._gauge: Gauge | None = None
        self._shown: tuple[int | None, bool] = (None, False)

    def use(self, teller: Teller, gauge: Gauge, watched: Callable[[], bool]) -> None:
        """Others than those of this system; `watched` says whether somebody looks at the window."""
        self._teller, self._gauge, self._watched = teller, gauge, watched

    def tell(self, title: str, text: str) -> None:
        """Only where the window is not what the person looks at, and only where they did not switch it off."""
        if self._watched() or not self._settings.get(declared.DOWNLOADS_NOTIFY):
            return
        if self._teller is None and _has_screen():
            self._teller = _quietly(_teller, self)
        if self._teller is not None:
            _quietly(self._teller.tell, title, text)

    def show_progress(self, downloads: Sequence[Download]) -> None:
        """Of all downloads together; only whole steps are passed on."""
        share, _speed, count = words.overall(downloads)
        paused = count > 0 and all(one.state in ("paused", "waiting") for one in downloads if one.state != "done")
        now = (int(share * STEPS) if count else None, paused)
        if now == self._shown:
            return
        self._shown = now
        if self._gauge is None and _has_screen():
            self._gauge = _quietly(_gauge, self._window)
        if self._gauge is not None:
            _quietly(lambda gauge: gauge.show(share if count else None, paused=paused), self._gauge)


def _has_screen() -> bool:
    return QGuiApplication.platformName() not in _SCREENLESS


def _teller(parent: QObject) -> Teller:
    if sys.platform == "win32" or sys.platform == "darwin":
        from mistral_desk.ui.system.tray import Tray  # noqa: PLC0415 - only there

        return Tray(parent)
    else:
        from mistral_desk.ui.system.linux import Portal  # noqa: PLC0415 - only there

        return Portal(parent)


def _gauge(window: QWidget) -> Gauge | None:
    if sys.platform == "win32":
        from mistral_desk.ui.system.windows import TaskbarButton  # noqa: PLC0415 - only there

        return TaskbarButton(window)
    elif sys.platform == "darwin":
        from mistral_desk.ui.system.macos import DockTile  # noqa: PLC0415 - only there

        return DockTile()
    else:
        from mistral_desk.ui.system.linux import LauncherEntry  # noqa: PLC0415 - only there

        return LauncherEntry()


if TYPE_CHECKING:
    from typing import ParamSpec, TypeVar

    P = ParamSpec("P")
    T = TypeVar("T")


def _quietly(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
    """What a system does not have must not stop a download."""
    try:
        return work(*args, **kwargs)
    except Exception as error:  # noqa: BLE001 - ctypes and D-Bus raise what their systems raise
        log.info("the system was not told: %s: %s", type(error).__name__, error)
        return None
