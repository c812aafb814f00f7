"""The sign over the composer of a chat that is kept nowhere, and the way out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Signal
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QHBoxLayout, QSpacerItem, QWidget

from mistral_desk.core.words import tr
from mistral_desk.ui.theme.contrast import blend
from mistral_desk.ui.theme.tokens import RADIUS, SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.label import Label

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from mistral_desk.ui.theme.theme import Theme

_ICON = 18


class TemporaryLine(QWidget):
    """Stands there as long as the chat does."""

    closed = Signal()

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        words = tr("Temporary chat: it is kept nowhere and is gone when you close it.")
        self.setAccessibleName(words)
        self.close_button = Button(
            theme, tr("Close the temporary chat"), text=tr("Close"), kind="quiet", small=True, step="small", parent=self
        )
        self.close_button.clicked.connect(self.closed)
        row = QHBoxLayout(self)
        row.setContentsMargins(SPACE[2], SPACE[0], SPACE[1], SPACE[0])
        self._room = QSpacerItem(0, 0)
        row.addItem(self._room)  # and not a margin: those are not mirrored
        row.addWidget(Label(theme, words, "small", wrap=True, parent=self), 1)
        row.addWidget(self.close_button)
        theme.changed.connect(self._restyle)
        self._restyle()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A tinted strip with a sign."""
        colours = self._theme.colours
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(blend(colours.accent, colours.canvas, 0.35)))
        painter.setBrush(QColor(blend(colours.accent, colours.canvas, 0.07)))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(6.5, 0.5, -6.5, -0.5), RADIUS, RADIUS)
        size = self._icon()
        x = self.width() - SPACE[2] - size - 2 if self.isRightToLeft() else SPACE[2] + 2
        sign = self._theme.pixmap("temporary", "accent", size, self.devicePixelRatioF())
        painter.drawPixmap(QPointF(x, (self.height() - size) / 2), sign)
        painter.end()

    def _icon(self) -> int:
        return round(_ICON * max(1.0, self._theme.text_size / 100))

    def _restyle(self) -> None:
        self._room.changeSize(self._icon() + SPACE[1], 0)
        if layout := self.layout():
            layout.invalidate()
        self.update()
