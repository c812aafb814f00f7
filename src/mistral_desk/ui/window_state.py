"""Where the window was and how large: kept in a small file that may be lost at any time."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QGuiApplication

if TYPE_CHECKING:
    from pathlib import Path

    from mistral_desk.ui.main_window import MainWindow

log = logging.getLogger(__name__)


class Place(msgspec.Struct, frozen=True):
    """Geometry without the system's frame, in logical pixels."""

    x: int
    y: int
    width: int
    height: int
    maximized: bool = False
    sidebar: bool = True


def restore(window: MainWindow, file: Path) -> None:
    """Put the window where it was, unless no screen shows that place any more."""
    try:
        place = msgspec.json.decode(file.read_bytes(), type=Place)
    except FileNotFoundError:
        return
    except (OSError, msgspec.MsgspecError) as error:
        log.info("the window's place was not restored: %s", error)
        return
    wanted = QRect(place.x, place.y, max(420, place.width), max(480, place.height))
    for screen in QGuiApplication.screens():
        seen = screen.availableGeometry().intersected(wanted)
        if seen.width() >= 200 and seen.height() >= 120:
            room = screen.availableGeometry()
            window.setGeometry(
                wanted.x(), wanted.y(), min(wanted.width(), room.width()), min(wanted.height(), room.height())
            )
            break
    window.set_sidebar_wanted(place.sidebar)
    if place.maximized:
        window.setWindowState(window.windowState() | Qt.WindowState.WindowMaximized)


def save(window: MainWindow, file: Path) -> None:
    """Remember where the window is."""
    box = window.normalGeometry() if window.isMaximized() else window.geometry()
    place = Place(box.x(), box.y(), box.width(), box.height(), window.isMaximized(), window.sidebar_wanted)
    try:
        file.write_bytes(msgspec.json.encode(place))
    except OSError as error:
        log.info("the window's place was not saved: %s", error)
