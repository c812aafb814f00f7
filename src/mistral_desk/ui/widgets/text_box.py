"""A text of several lines in a frame, as tall as its lines up to a bound; and a name in one line."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPalette, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QPlainTextEdit, QSizePolicy, QWidget

from mistral_desk.ui.theme import direction
from mistral_desk.ui.theme.tokens import RADIUS, RADIUS_SMALL, SPACE

if TYPE_CHECKING:
    from PySide6.QtGui import QFocusEvent, QPaintEvent, QResizeEvent

    from mistral_desk.ui.theme.theme import Theme


class _Lines(QPlainTextEdit):
    """The text itself; Tab goes on to the next control."""

    focus_changed = Signal()

    def __init__(self, theme: Theme, name: str, parent: QWidget, least: int, most: int) -> None:
        super().__init__(parent)
        self._theme, self._least, self._most = theme, least, most
        self.setAccessibleName(name)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setTabChangesFocus(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.document().setDocumentMargin(SPACE[0])
        self.viewport().setAutoFillBackground(False)
        self.document().documentLayout().documentSizeChanged.connect(self.grow)
        direction.follow(self)
        self.restyle()

    def restyle(self) -> None:
        self.setFont(self._theme.font())
        self._theme.dress_bars(self)
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.Base, Qt.GlobalColor.transparent)
        palette.setColor(QPalette.ColorRole.Text, self._theme.colour("text"))
        palette.setColor(QPalette.ColorRole.PlaceholderText, self._theme.colour("muted"))
        self.setPalette(palette)
        self.grow()

    def grow(self) -> None:
        lines = max(self._least, min(self._most, math.ceil(self.document().size().height())))
        over = math.ceil(self.document().size().height()) > self._most
        policy = Qt.ScrollBarPolicy.ScrollBarAsNeeded if over else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        self.setVerticalScrollBarPolicy(policy)
        self.setFixedHeight(lines * self.fontMetrics().lineSpacing() + 2 * SPACE[0] + 2)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.oldSize().width() != event.size().width():  # other lines, of which the document does not always tell
            self.grow()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.focus_changed.emit()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.focus_changed.emit()


class TextBox(QWidget):
    """`edit` holds the text; `changed` says that it is another, `left` that the keyboard went elsewhere."""

    changed = Signal()
    left = Signal()

    def __init__(self, theme: Theme, name: str, parent: QWidget, *, least: int = 3, most: int = 8) -> None:
        super().__init__(parent)
        self._theme = theme
        self.edit = _Lines(theme, name, self, least, most)
        row = QHBoxLayout(self)
        row.setContentsMargins(SPACE[1], SPACE[0], SPACE[1], SPACE[0])
        row.addWidget(self.edit)
        self.setFocusProxy(self.edit)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.edit.textChanged.connect(self.changed)
        self.edit.focus_changed.connect(self._focus)
        theme.changed.connect(self._restyle)

    @property
    def text(self) -> str:
        """What stands there."""
        return self.edit.toPlainText()

    def set_text(self, text: str) -> None:
        """Show another text; what stood there comes back with Undo."""
        if text != self.text:
            cursor = self.edit.textCursor()
            cursor.select(cursor.SelectionType.Document)
            cursor.insertText(text)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The frame is the focus ring, too."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ring = self.edit.hasFocus()
        width = 2 if ring else 1
        painter.setPen(QPen(self._theme.colour("accent" if ring else "border"), width))
        half = width / 2
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(half, half, -half, -half), RADIUS, RADIUS)
        painter.end()

    def _focus(self) -> None:
        self.update()
        if not self.edit.hasFocus():
            self.left.emit()

    def _restyle(self) -> None:
        self.edit.restyle()
        self.update()


class NameField(QLineEdit):
    """One line with a frame."""

    def __init__(self, theme: Theme, name: str, parent: QWidget, *, longest: int) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setMaxLength(longest)
        self.setAccessibleName(name)
        self.setPlaceholderText(name)
        self.setFrame(False)
        self.setStyleSheet("background: transparent; border: 0;")  # else Qt fills over what is painted below
        self.setMinimumWidth(120)
        theme.changed.connect(self._restyle)
        self._restyle()

    def sizeHint(self) -> QSize:
        """A name's width."""
        return QSize(round(220 * max(1.0, self._theme.text_size / 100)), self._theme.control + 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The border below, the letters above."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ring = self.hasFocus()
        painter.setPen(QPen(self._theme.colour("accent" if ring else "border"), 2 if ring else 1))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), RADIUS_SMALL, RADIUS_SMALL)
        painter.end()
        super().paintEvent(event)

    def _restyle(self) -> None:
        self.setTextMargins(SPACE[1], 0, SPACE[1], 0)
        self.setFont(self._theme.font())
        self.setFixedHeight(self._theme.control + 2)
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.Text, self._theme.colour("text"))
        palette.setColor(QPalette.ColorRole.PlaceholderText, self._theme.colour("muted"))
        self.setPalette(palette)
        self.update()
