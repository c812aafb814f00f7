"""Where the window was and how large: kept in a small file that may be lost at any time."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

import msgspec
from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QGuiApplication

from mistral_desk.core import private

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mistral_desk.ui.main_window import MainWindow

log = logging.getLogger(__name__)
LEAST: Final = QSize(420, 480)
SEEN: Final = QSize(200, 120)
"""So much of the window has to be on a screen, else it opens where the system puts it."""
Pixels: TypeAlias = Annotated[int, msgspec.Meta(ge=-1_000_000, le=1_000_000)]


class Place(msgspec.Struct, frozen=True):
    """Geometry without the system's frame, in logical pixels."""

    x: Pixels
    y: Pixels
    width: Pixels
    height: Pixels
    maximized: bool = False
    sidebar: bool = True


def restore(window: MainWindow, file: Path) -> None:
    """Put the window where it was, unless no screen shows that place any more."""
    try:
        place = msgspec.json.decode(file.read_bytes(), type=Place)
    except FileNotFoundError:
        return
    except (OSError, ValueError, RecursionError) as error:
        log.info("the window's place was not restored: %s", error)
        return
    if box := on_screen(place, [screen.availableGeometry() for screen in QGuiApplication.screens()]):
        window.setGeometry(box)
    window.set_sidebar_wanted(place.sidebar)
    if place.maximized:
        window.setWindowState(window.windowState() | Qt.WindowState.WindowMaximized)


def on_screen(place: Place, screens: Sequence[QRect]) -> QRect | None:
    """The place as far as a screen shows it, its upper edge always, so that it can be moved; None if none does."""
    wanted = QRect(place.x, place.y, max(LEAST.width(), place.width), max(LEAST.height(), place.height))
    for room in screens:
        seen = room.intersected(wanted)
        if seen.width() >= SEEN.width() and seen.height() >= SEEN.height():
            width, height = min(wanted.width(), room.width()), min(wanted.height(), room.height())
            return QRect(wanted.x(), max(wanted.y(), room.top()), width, height)
    return None


def save(window: MainWindow, file: Path) -> None:
    """Remember where the window is."""
    box = window.normalGeometry() if window.isMaximized() else window.geometry()
    place = Place(box.x(), box.y(), box.width(), box.height(), window.isMaximized(), window.sidebar_wanted)
    try:
        private.write(file, msgspec.json.encode(place))
    except OSError as error:
        log.info("the window's place was not saved: %s", error)
