"""What a text of the transcript asks of the transcript, so that a selection can reach from one text into others.

A text that stands alone (on a model's page) has nobody to ask and selects by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QKeySequence, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QTextBrowser

if TYPE_CHECKING:
    from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QMouseEvent


class Browser(QTextBrowser):
    """A text with markup."""

    looks = -1
    """Which search is marked in it."""


class Plain(QPlainTextEdit):
    """A text of lines."""

    looks = -1
    """Which search is marked in it."""


Text: TypeAlias = Browser | Plain


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


def host(text: Text) -> Selecting | None:
    """Who selects around this text."""
    above = text.parentWidget()
    while above is not None:
        if isinstance(above, Host):
            return above.selection
        above = above.parentWidget()
    return None


def spans(text: Text) -> bool:
    """Whether a selection reaches beyond this text."""
    found = host(text)
    return found is not None and found.active


def pressed(text: Text, event: QMouseEvent) -> bool:
    """A press of the mouse; whether it was the transcript's."""
    found = host(text)
    if found is None or event.button() != Qt.MouseButton.LeftButton:
        return False
    extend = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
    return found.start(text, event.position().toPoint(), extend=extend)


def moved(text: Text, event: QMouseEvent) -> bool:
    """A move with the button down; whether it was the transcript's."""
    found = host(text)
    if found is None or not event.buttons() & Qt.MouseButton.LeftButton:
        return False
    if not found.active and text.viewport().rect().contains(event.position().toPoint()):
        return False
    return found.drag(event.globalPosition().toPoint())


def released(text: Text) -> bool:
    """The button is up; whether it was the transcript's."""
    found = host(text)
    return found is not None and found.stop()


def key(text: Text, event: QKeyEvent) -> bool:
    """Copy and select all, which are the transcript's; whether it was one of them."""
    found = host(text)
    if found is None:
        return False
    if event.matches(QKeySequence.StandardKey.SelectAll):
        return found.select_all(text)
    if event.matches(QKeySequence.StandardKey.Copy):
        found.copy(text)
        return True
    return False


def menu(text: Text, event: QContextMenuEvent) -> bool:
    """The menu of a text; False where nobody has one."""
    found = host(text)
    if found is None:
        return False
    found.menu(text, event.globalPos())
    return True


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
        return QRect(first.topLeft(), last.bottomRight())
    return QRect(0, first.top(), text.viewport().width(), last.bottom() - first.top())
