"""A search field: icon, words, and a border that shows where the keyboard is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPalette, QPen
from PySide6.QtWidgets import QLineEdit, QWidget

from mistral_desk.core.words import tr
from mistral_desk.ui.theme.tokens import RADIUS_SMALL, SPACE
from mistral_desk.ui.widgets.button import Button

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent, QResizeEvent

    from mistral_desk.ui.theme.theme import Theme

_ICON = 18
_INSET = 2
"""Pixels that Qt leaves beside the text of a line, within its margins."""


class SearchField(QLineEdit):
    """A line of text without Qt's frame; `bare` has no border either, only a line below that shows the keyboard.

    Empty it shows its `name`, and where there is no room for all of it `short`: what it is for in a word.
    """

    def __init__(self, theme: Theme, name: str, parent: QWidget, *, short: str = "", bare: bool = False) -> None:
        super().__init__(parent)
        self._theme = theme
        self._hints = (name, short or tr("Search"))
        self._bare = bare
        self._clear = Button(theme, tr("Empty the field"), icon="close", small=True, muted=True, parent=self)
        self._clear.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the keyboard has its own ways to empty a field
        self._clear.clicked.connect(self.clear)
        self._clear.hide()
        self.setAccessibleName(name)
        self.setFrame(False)
        self.setStyleSheet("background: transparent; border: 0;")  # else Qt fills over what is painted below
        self.textChanged.connect(self._share_room)
        theme.changed.connect(self._restyle)
        self._restyle()

    def put(self, text: str) -> None:
        """Show this text without telling anybody that somebody typed."""
        self.blockSignals(True)
        self.setText(text)
        self.blockSignals(False)
        self._share_room()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Surface and icon below, the text above."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ring = self.hasFocus()
        box = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        if self._bare:
            high = 2 if ring else 1
            line = self._theme.colour("accent" if ring else "hairline")
            painter.fillRect(0, self.height() - high, self.width(), high, line)
        else:
            painter.setPen(QPen(self._theme.colour("accent" if ring else "border"), 2 if ring else 1))
            painter.setBrush(self._theme.colour("canvas"))
            painter.drawRoundedRect(box, RADIUS_SMALL, RADIUS_SMALL)
        size = self._icon()
        x = self.width() - SPACE[1] - size if self.isRightToLeft() else SPACE[1]
        sign = self._theme.pixmap("search", "muted", size, self.devicePixelRatioF())
        painter.drawPixmap(QPointF(x, (self.height() - size) / 2), sign)
        painter.end()
        super().paintEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The button stands at the end."""
        super().resizeEvent(event)
        self._place_button()
        self._share_room()

    def changeEvent(self, event: QEvent) -> None:
        """Margins are not mirrored by Qt."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LayoutDirectionChange:
            self._restyle()

    def _icon(self) -> int:
        return round(_ICON * max(1.0, self._theme.text_size / 100))

    def _place_button(self) -> None:
        side = self._clear.sizeHint().height()
        x = 2 if self.isRightToLeft() else self.width() - side - 2
        self._clear.setGeometry(x, (self.height() - side) // 2, side, side)

    def _share_room(self) -> None:
        """The button has its room while there is something to empty; until then the name has it."""
        some = bool(self.text())
        self._clear.setVisible(some)
        start, end = SPACE[1] + self._icon() + 2, self._clear.sizeHint().width() if some else SPACE[0]
        self.setTextMargins(*((end, 0, start, 0) if self.isRightToLeft() else (start, 0, end, 0)))
        name, short = self._hints
        room = self.contentsRect().width() - start - end - 2 * _INSET
        self.setPlaceholderText(name if self.fontMetrics().horizontalAdvance(name) <= room else short)

    def _restyle(self) -> None:
        self.setFont(self._theme.font("body"))
        self.setFixedHeight(self._theme.control + (SPACE[2] if self._bare else 2))
        self._place_button()
        self._share_room()
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.Text, self._theme.colour("text"))
        palette.setColor(QPalette.ColorRole.PlaceholderText, self._theme.colour("muted"))
        self.setPalette(palette)
        self.update()
