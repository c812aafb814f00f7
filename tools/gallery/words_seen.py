"""Every text that a state shows or says: what a translation must have reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QAbstractSpinBox, QLineEdit, QPlainTextEdit, QWidget

from mistral_desk.ui.chat.prose import FormulaView, ProseView
from mistral_desk.ui.chat.turn_base import TurnView
from mistral_desk.ui.widgets.note import Note
from tools.gallery.checks import text_of, visible

if TYPE_CHECKING:
    from collections.abc import Iterator


def seen(window: QWidget) -> Iterator[tuple[QWidget, str, str]]:
    """Widget, which of its texts, and the text, of what is visible. Documents are people's and models': not in it."""
    for widget in visible(window):
        texts = {
            "text": text_of(widget),
            "tool tip": widget.toolTip(),
            "name": widget.accessibleName(),
            "description": widget.accessibleDescription(),
            "title": widget.windowTitle() if widget.isWindow() else "",
        }
        if isinstance(widget, ProseView | FormulaView | TurnView):
            texts["description"] = ""  # its formulas' source, or how a turn begins, is the document's, too
        if isinstance(widget, QLineEdit | QPlainTextEdit):
            texts["placeholder"] = widget.placeholderText()
        if isinstance(widget, QLineEdit):
            texts["text"] = ""  # what a person typed
        if isinstance(widget, QAbstractSpinBox):
            texts["special"] = widget.specialValueText()
        if isinstance(widget, Note):  # three texts below one another
            texts["text"], texts["message"], texts["hint"] = widget.words.title, widget.words.message, widget.words.hint
        for which, text in texts.items():
            if text:
                yield widget, which, text
        if isinstance(widget, QAbstractItemView):
            yield from _rows(widget)


def _rows(view: QAbstractItemView) -> Iterator[tuple[QWidget, str, str]]:
    model = view.model()
    for number in range(model.rowCount()):
        index = model.index(number, 0)
        for which, role in (("row", Qt.ItemDataRole.DisplayRole), ("spoken row", Qt.ItemDataRole.AccessibleTextRole)):
            if text := index.data(role):
                yield view, which, str(text)
