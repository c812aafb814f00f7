"""What a screen reader finds in a part of the window: names, descriptions, values and the texts of documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QTextEdit, QWidget

from mistral_desk.ui.widgets import saying

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest


WAITS: Final = ("takes longer than usual", "Reading your message", "Loading the model")


def announced(monkeypatch: pytest.MonkeyPatch, *, waits: bool = False) -> list[str]:
    """What is said by itself from now on, wherever in the window; with `waits` also why one waits: of that a busy
    computer has more to say than another.
    """
    said: list[str] = []

    class Listening(QAccessible):
        @staticmethod
        def updateAccessibility(event: object) -> None:  # noqa: N802 - Qt's name
            assert isinstance(event, QAccessibleAnnouncementEvent)
            if waits or not any(words in event.message() for words in WAITS):
                said.append(event.message())

    monkeypatch.setattr(saying, "QAccessible", Listening)
    return said


def texts(ground: QWidget) -> Iterator[str]:
    """Every accessible text of what is visible below `ground`."""
    for widget in (ground, *ground.findChildren(QWidget)):
        if not widget.isVisibleTo(ground):
            continue
        interface = QAccessible.queryAccessibleInterface(widget)
        if interface is not None:
            for which in (QAccessible.Text.Name, QAccessible.Text.Description, QAccessible.Text.Value):
                if text := interface.text(which):
                    yield text
        if isinstance(widget, QTextEdit | QPlainTextEdit):
            yield widget.toPlainText()


def whole(ground: QWidget) -> str:
    """All of it, with plain spaces: Qt breaks lines inside of paragraphs with signs of its own."""
    return "\n".join(" ".join(text.split()) for text in texts(ground))


def settled(rounds: int = 14) -> None:
    """Layouts and paints that are due, and those that they ask for."""
    for _ in range(rounds):
        QApplication.processEvents()
