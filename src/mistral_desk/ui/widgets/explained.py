"""A word that explains itself: to a pointer that rests on it, to a click, to Enter and to a screen reader."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from mistral_desk.core.words import tr
from mistral_desk.ui.theme import direction
from mistral_desk.ui.theme.tokens import RADIUS, SPACE
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.popup import inside
from mistral_desk.ui.widgets.pressable import Pressable
from mistral_desk.ui.widgets.sign import Sign
from mistral_desk.ui.widgets.tip import plain_tip

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent, QPaintEvent

    from mistral_desk.ui.theme.theme import Theme

WIDEST: Final = 340
"""Pixels of an explanation at the system's text size."""
RING: Final = 2


class Word(Pressable):
    """A word or two in a frame; the sign says the same as the colour. `means` explains it, and stands open after a
    click until the next one, or Escape; without it nothing can be pressed.
    """

    def __init__(
        self, theme: Theme, text: str, parent: QWidget, *, sign: tuple[str, str] | None = None, means: str = ""
    ) -> None:
        super().__init__(parent)
        self._theme, self._text, self._means = theme, text, means
        self._ink = sign[1] if sign else "border"
        self.open: Explanation | None = None
        self.setAccessibleName(text)
        self.setAccessibleDescription(means)
        self.setToolTip(plain_tip(means))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if means else Qt.FocusPolicy.NoFocus)
        if means:
            self.setCursor(Qt.CursorShape.PointingHandCursor)
        row = QHBoxLayout(self)
        row.setContentsMargins(*direction.margins(self, SPACE[1], 3, SPACE[2] - 2, 4))
        row.setSpacing(6)
        if sign:
            row.addWidget(Sign(theme, sign[0], 16, ink=sign[1], parent=self))
        else:
            row.addSpacing(2)
        row.addWidget(Label(theme, text, strong=sign is not None, parent=self))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.clicked.connect(self._explain)
        theme.changed.connect(self.update)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The frame, and the ring for the keyboard."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect())
        painter.setPen(QPen(self._theme.colour(self._ink), 1))
        painter.setBrush(self._theme.colour("raised" if self._means and self.underMouse() else "canvas"))
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)
        if self._ring and self.hasFocus():
            painter.setPen(QPen(self._theme.colour("accent"), RING))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box.adjusted(1, 1, -1, -1), RADIUS, RADIUS)
        painter.end()

    def _explain(self) -> None:
        if self._means:
            self.open = Explanation(self._theme, self._text, self._means, self)
            self.open.destroyed.connect(self._closed)
            self.open.show_at(self)

    def _closed(self) -> None:
        self.open = None


class Explanation(QWidget):
    """What a word means, below it; the next click anywhere or Escape closes it, and the keyboard is where it was."""

    def __init__(self, theme: Theme, word: str, text: str, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self._theme = theme
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)
        self.setAccessibleName(tr("{name}: {value}", name=word, value=text))
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE[3], SPACE[2], SPACE[3], SPACE[2])
        self.label = Label(theme, text, wrap=True, parent=self)
        column.addWidget(self.label)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def show_at(self, word: QWidget) -> None:
        """Open it below the word, within its window; above it where there is no room below."""
        window = word.window()
        room = QRect(window.mapToGlobal(QPoint(0, 0)), window.size())
        widest = min(round(WIDEST * max(1.0, self._theme.text_size / 100)), room.width() - 2 * SPACE[1])
        margins = 2 * SPACE[3]
        wanted = self.label.fontMetrics().horizontalAdvance(self.label.text()) + margins + 2
        width = min(widest, wanted)
        height = self.label.heightForWidth(width - margins) + 2 * SPACE[2]
        below = word.mapToGlobal(QPoint(0, word.height() + SPACE[0]))
        x = word.mapToGlobal(QPoint(word.width(), 0)).x() - width if word.isRightToLeft() else below.x()
        y = below.y()
        if y + height > room.bottom():
            y = word.mapToGlobal(QPoint(0, -SPACE[0])).y() - height
        self.setGeometry(inside(x, width, room), y, width, height)
        self.show()
        self.setFocus(Qt.FocusReason.PopupFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter and Space close it again, as Escape does."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space, Qt.Key.Key_Escape):
            self.close()
            return
        super().keyPressEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A raised surface."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._theme.colour("border"), 1))
        painter.setBrush(self._theme.colour("raised"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)
        painter.end()
