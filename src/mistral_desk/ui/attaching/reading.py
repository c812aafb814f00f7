"""What the model gets of an attached text or document, to be read before it is sent and afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPalette, QTextCursor
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from mistral_desk.core.words import beside, mark, tr, trn
from mistral_desk.ui.theme import direction
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.column import edged
from mistral_desk.ui.widgets.label import Label, Shortened
from mistral_desk.ui.widgets.overlay import Overlay
from mistral_desk.ui.widgets.ring import Ring

if TYPE_CHECKING:
    from mistral_desk.chat.parts import FileBody
    from mistral_desk.ui.theme.theme import Theme

AT_ONCE: Final = 60_000
"""Letters that are shown at a time: a line of a million takes Qt seconds to break."""
ONLY: Final = mark("The model gets these words, and nothing else of the file.")


class _Words(QPlainTextEdit):
    """Takes what height there is."""

    def sizeHint(self) -> QSize:
        return QSize(600, 2000)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 120)


class Reading(Overlay):
    """Closes with Esc, its button, or a click beside it."""

    widest = 760

    def __init__(self, theme: Theme, body: FileBody, amount: str, parent: QWidget) -> None:
        """`amount` says how much it is."""
        super().__init__(theme, tr("What the model gets of {name}", name=body.name), parent)
        self._text, self._shown = body.text, 0
        self.edit = _Words(self.card)
        self.edit.setReadOnly(True)
        self.edit.setUndoRedoEnabled(False)
        self.edit.setAccessibleName(tr("What the model gets of {name}", name=body.name))
        self.edit.viewport().setAutoFillBackground(False)
        self._dress()
        theme.changed.connect(self._dress)
        edged(theme, self.edit)
        Ring(theme, self.edit)
        self.close_button = Button(theme, tr("Close"), icon="close", muted=True, parent=self.card)
        self.close_button.clicked.connect(self.reject)
        self.more = Button(theme, tr("Show more"), text=tr("Show more"), kind="outline", parent=self.card)
        self.more.setToolTip("")
        self.more.clicked.connect(self._show_more)
        head = QHBoxLayout()
        head.setSpacing(SPACE[1])
        head.addWidget(Shortened(theme, body.name, "heading", strong=True, parent=self.card), 1)
        head.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self.card)
        column.setContentsMargins(*direction.margins(self, SPACE[4], SPACE[3], SPACE[3], SPACE[4]))
        column.setSpacing(SPACE[1])
        column.addLayout(head)
        column.addWidget(Label(theme, told(body, amount), "small", ink="muted", wrap=True, parent=self.card))
        column.addWidget(self.edit, 1)
        column.addWidget(self.more, 0, Qt.AlignmentFlag.AlignLeading)
        self._show_more()
        self.edit.moveCursor(QTextCursor.MoveOperation.Start)

    def first(self) -> QWidget:
        """The text, so that the arrow keys scroll."""
        return self.edit

    def _dress(self) -> None:
        self.edit.setFont(self._theme.font("small", code=True))
        self._theme.dress_bars(self.edit)
        palette = self.edit.palette()
        palette.setColor(QPalette.ColorRole.Base, Qt.GlobalColor.transparent)  # the card's own ground
        palette.setColor(QPalette.ColorRole.Text, self._theme.colour("text"))
        self.edit.setPalette(palette)

    def _show_more(self) -> None:
        """The next part, below what is there; where the eye is stays."""
        part = self._text[self._shown : self._shown + AT_ONCE]
        self._shown += len(part)
        cursor = QTextCursor(self.edit.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText(part)
        left = len(self._text) - self._shown
        if left <= 0 and self.more.hasFocus():
            self.edit.setFocus(Qt.FocusReason.OtherFocusReason)
        self.more.setVisible(left > 0)


def told(body: FileBody, amount: str) -> str:
    """How much it is, what is missing of it, and that it is all."""
    parts = [amount]
    if body.blank:
        parts.append(trn("{n} page without text", "{n} pages without text", body.blank))
    return beside(*parts, tr(ONLY))
