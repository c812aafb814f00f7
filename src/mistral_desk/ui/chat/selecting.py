"""What a text of the transcript asks of the transcript, so that a selection can reach from one text into others.

A text that stands alone (on a model's page) has nobody to ask and selects by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias, cast, runtime_checkable

from PySide6.QtCore import QEvent, QPoint, QRect, Qt
from PySide6.QtGui import QKeySequence, QPalette, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit

from mistral_desk.ui.chat.mirrored import Mirrored

if TYPE_CHECKING:
    from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QMouseEvent
    from PySide6.QtWidgets import QAbstractScrollArea as _Area
    from PySide6.QtWidgets import QWidget
else:
    _Area = object  # at runtime it stands beside Qt's own class, not above it


class Selecting(Protocol):
    """The transcript's side."""

    @property
    def active(self) -> bool:
        """Whether a selection reaches over more than one text, or is being drawn."""

    def start(self, text: Text, place: QPoint, *, extend: bool) -> bool:
        """The mouse was pressed in this text; whether the transcript takes it."""

    def drag(self, place: QPoint) -> bool:
        """The mouse moved (in the screen's coordinates) with its button down; whether the transcript takes it."""

    def stop(self) -> bool:
        """The button was let go."""

    def select_all(self, text: Text) -> bool:
        """Everything is wanted."""

    def copy(self, text: Text) -> None:
        """What is selected is to be copied."""

    def menu(self, text: Text, place: QPoint) -> None:
        """What can be done with a text."""


@runtime_checkable
class Host(Protocol):
    """What holds texts and selects across them."""

    @property
    def selection(self) -> Selecting:
        """Who selects."""


def host(text: QWidget) -> Selecting | None:
    """Who selects around this text."""
    above = text.parentWidget()
    while above is not None:
        if isinstance(above, Host):
            return above.selection
        above = above.parentWidget()
    return None


class _Shared(_Area):
    """What both kinds of texts do alike: they ask the transcript first, and show the surface below them."""

    looks = -1
    """Which search is marked in it."""

    def spans(self) -> bool:
        """Whether a selection reaches beyond this text."""
        found = host(self)
        return found is not None and found.active

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Copying and selecting all are the transcript's: a selection may reach beyond this text."""
        found = host(self)
        if found is not None and event.matches(QKeySequence.StandardKey.Copy):
            found.copy(_text(self))
        elif not (
            found is not None and event.matches(QKeySequence.StandardKey.SelectAll) and found.select_all(_text(self))
        ):
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A selection may begin here."""
        found = host(self)
        extend = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        place = event.position().toPoint()
        left = event.button() == Qt.MouseButton.LeftButton
        if found is None or not left or not found.start(_text(self), place, extend=extend):
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Beyond this text the transcript selects."""
        found = host(self)
        here = self.viewport().rect().contains(event.position().toPoint())
        drawn = bool(event.buttons() & Qt.MouseButton.LeftButton)
        beyond = found is not None and drawn and (found.active or not here)
        if found is None or not beyond or not found.drag(event.globalPosition().toPoint()):
            super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """It ends."""
        found = host(self)
        if found is None or not found.stop():
            super().mouseReleaseEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """The transcript's menu, in our words."""
        found = host(self)
        if found is None:
            event.ignore()
        else:
            found.menu(_text(self), event.globalPos())

    def changeEvent(self, event: QEvent) -> None:
        """The surface below shows through in every palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.see_through()

    def see_through(self) -> None:
        """Have no colour behind the text."""
        palette = self.palette()
        if palette.color(QPalette.ColorRole.Base).alpha():
            palette.setColor(QPalette.ColorRole.Base, Qt.GlobalColor.transparent)
            self.setPalette(palette)


class Browser(_Shared, Mirrored):
    """A text with markup."""


class Plain(_Shared, QPlainTextEdit):
    """A text of lines."""


Text: TypeAlias = Browser | Plain


def _text(shared: _Shared) -> Text:
    return cast("Text", shared)


def select(text: Text, begin: int, end: int) -> None:
    """Select what is between two positions; nothing where they are the same. It does not scroll."""
    cursor = text.textCursor()
    if (cursor.anchor(), cursor.position()) == (begin, end):
        return
    place = text.horizontalScrollBar().value()
    last = max(0, text.document().characterCount() - 1)
    cursor.setPosition(min(begin, last))
    cursor.setPosition(min(end, last), QTextCursor.MoveMode.KeepAnchor)
    text.setTextCursor(cursor)
    text.horizontalScrollBar().setValue(place)


def box_of(text: Text, begin: int, end: int) -> QRect:
    """Where the text between two positions stands, in its view; whole lines where it is in several."""
    start, stop = text.textCursor(), text.textCursor()
    start.setPosition(begin)
    stop.setPosition(end)
    first, last = text.cursorRect(start), text.cursorRect(stop)
    if first.top() == last.top():
        return QRect(first.topLeft(), last.bottomRight()).normalized()  # one from right to left ends at the left
    return QRect(0, first.top(), text.viewport().width(), last.bottom() - first.top())
