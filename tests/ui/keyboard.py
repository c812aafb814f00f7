"""Drives the real window by keys alone, as they come from the system, and looks after each where the keyboard is.

Keys go to the window that has the system's focus, never to a widget: shortcuts, popups and sheets take them as in life.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPoint, QRect, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QFileDialog, QListView, QMenu, QSpinBox, QWidget

from mistral_desk.ui.chat.composer import MessageEdit
from mistral_desk.ui.chat.text_view import TextView
from tests.ui.window import drawn
from tools.gallery.checks import spoken_name

if TYPE_CHECKING:
    from PySide6.QtGui import QImage

    from mistral_desk.ui.desk import Desk

NONE: Final = Qt.KeyboardModifier.NoModifier
CTRL: Final = Qt.KeyboardModifier.ControlModifier
SHIFT: Final = Qt.KeyboardModifier.ShiftModifier
MOST: Final = 120
"""More stops than the window has."""
EDGE: Final = 6
"""Pixels around and inside a control in which its ring is looked for."""
RING: Final = 24
"""Pixels in the accent that make a ring; a small button's has over a hundred."""


class Keys:
    """A person without a mouse."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        desk.window.activateWindow()

    async def press(self, key: Qt.Key | str, modifiers: Qt.KeyboardModifier = NONE, times: int = 1) -> None:
        """Press a key, let the window follow, and see that the keyboard is somewhere and shows it."""
        for _ in range(times):
            await self._event(key, modifiers)
            await drawn()
            self.look(f"after {key}")

    async def tap(self, key: Qt.Key) -> None:
        """Press a key without a look at what it did."""
        await self._event(key, NONE)

    async def write(self, text: str) -> None:
        """Type a text."""
        for letter in text:
            await self._event(Qt.Key.Key_Space if letter == " " else letter, NONE)
        await drawn()
        self.look(f"after {text!r}")

    async def to(self, name: str, *, back: bool = False) -> QWidget:
        """Tab until a control whose name begins so has the keyboard."""
        seen: list[str] = []
        for _ in range(MOST):
            await self.press(Qt.Key.Key_Tab, SHIFT if back else NONE)
            here = focused()
            seen.append(spoken_name(here))
            if seen[-1].startswith(name):
                return here
        raise AssertionError(f"Tab never came to {name!r}: {list(dict.fromkeys(seen))}")

    def look(self, when: str) -> None:
        """The keyboard is in something that is seen, on the sheet if one is open, and it is seen that it is there."""
        window = self._desk.window
        if isinstance(QApplication.activePopupWidget(), QMenu):
            return  # a menu shows its line itself
        if isinstance(QApplication.activeWindow(), QFileDialog):
            return  # the system's own, or Qt's
        here = QApplication.focusWidget()
        assert here is not None, f"{when}: the keyboard is nowhere"
        assert here.isVisible(), f"{when}: the keyboard is in something hidden: {spoken_name(here)!r}"
        shown = here.viewport() if isinstance(here, QAbstractScrollArea) else here
        assert not shown.visibleRegion().isEmpty(), f"{when}: out of sight: {spoken_name(here)!r}"
        sheet = window.overlay
        assert sheet is None or sheet.isAncestorOf(here), f"{when}: below the sheet: {spoken_name(here)!r}"
        assert self.seen(here), f"{when}: nothing shows that {spoken_name(here)!r} has the keyboard"

    def seen(self, here: QWidget) -> bool:
        """A ring in the accent around it; in a text the cursor, where the ring is not asked for at the start."""
        if isinstance(here, MessageEdit) and not here.ring:
            return True
        picture = self._desk.window.grab().toImage()
        return accents(picture, self._place(here), self._desk.theme.colour("accent").rgb()) >= RING

    def _place(self, here: QWidget) -> QRect:
        window = self._desk.window
        if isinstance(here, MessageEdit):
            shadow = EDGE  # its surface stands inside its soft shadow
            composer = self._desk.page.composer
            return _on(window, composer, composer.rect().adjusted(shadow, shadow, -shadow, -shadow))
        if isinstance(here, QSpinBox):
            frame = here.parentWidget() or here
            return _on(window, frame, frame.rect())
        if isinstance(here, TextView) and (link := here.focused_link()) is not None:
            return _on(window, here.viewport(), link.toRect())
        if isinstance(here, QListView):
            return _on(window, here.viewport(), here.visualRect(here.currentIndex()))
        return _on(window, here, here.rect())

    async def _event(self, key: Qt.Key | str, modifiers: Qt.KeyboardModifier) -> None:
        """In a callback of Qt's: a test's own task must not be in the way of the window's."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def send() -> None:
            target = QGuiApplication.focusWindow()
            handle = self._desk.window.windowHandle() if target is None else target  # type: ignore[redundant-expr]
            QTest.keyClick(handle, key, modifiers)  # type: ignore[arg-type]
            done.set_result(None)

        QTimer.singleShot(0, send)
        await done


def focused() -> QWidget:
    """What has the keyboard."""
    here = QApplication.focusWidget()
    assert here is not None
    return here


def accents(picture: QImage, place: QRect, accent: int) -> int:
    """Pixels in the accent near the edge of a place."""
    outside = place.adjusted(-EDGE, -EDGE, EDGE, EDGE).intersected(picture.rect())
    inside = place.adjusted(EDGE, EDGE, -EDGE, -EDGE)
    found = 0
    for y in range(outside.top(), outside.bottom() + 1):
        for x in range(outside.left(), outside.right() + 1):
            if inside.isValid() and inside.contains(x, y):
                continue
            found += picture.pixel(x, y) == accent
    return found


def _on(window: QWidget, widget: QWidget, box: QRect) -> QRect:
    return QRect(widget.mapTo(window, box.topLeft()), box.size()) if box.isValid() else QRect(QPoint(0, 0), box.size())
