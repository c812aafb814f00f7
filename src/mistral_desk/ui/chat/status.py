"""The line that says what is happening to a turn, with a quiet pulse while something is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEasingCurve, QRect, QRectF, QSize, Qt, QVariantAnimation
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QLabel, QWidget

from mistral_desk.ui.theme import direction
from mistral_desk.ui.theme.tokens import SPACE

if TYPE_CHECKING:
    from PySide6.QtGui import QHideEvent, QPaintEvent, QShowEvent

    from mistral_desk.ui.theme.theme import Theme

_DOT = 7


class StatusLine(QLabel):
    """A muted line, or two where there is little room; `set_words("", …)` leaves it empty.

    The accessible name is what it says.
    """

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._words = ""
        self._live = False
        self._pulse = QVariantAnimation(self)
        self._pulse.setStartValue(0.25)
        self._pulse.setKeyValueAt(0.5, 1.0)
        self._pulse.setEndValue(0.25)
        self._pulse.setDuration(1600)
        self._pulse.setLoopCount(-1)
        self._pulse.setEasingCurve(QEasingCurve.Type.InOutSine)
        self._pulse.valueChanged.connect(self._beat)
        self.restyle()

    def set_words(self, words: str, *, live: bool) -> None:
        """Say something; `live` while it is going on."""
        if (words, live) != (self._words, self._live):
            self._words, self._live = words, live
            self.setAccessibleName(words)
            self._run()
            self.update()

    @property
    def words(self) -> str:
        """What it says."""
        return self._words

    def restyle(self) -> None:
        """Fonts and motion of the theme as it is now."""
        self.setFont(self._theme.font("small"))
        self._run()
        self.update()

    def sizeHint(self) -> QSize:
        """One line of small text."""
        return QSize(200, self.height_for(200))

    def hasHeightForWidth(self) -> bool:
        """Its text wraps."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Qt's name for `height_for`."""
        return self.height_for(width)

    def height_for(self, width: int) -> int:
        """Pixels that the words need; none when it says nothing."""
        if not self._words:
            return 0
        room = QRect(0, 0, max(1, width - (_DOT + SPACE[1] if self._live else 0)), 10_000)
        return self.fontMetrics().boundingRect(room, int(Qt.TextFlag.TextWordWrap), self._words).height() + SPACE[0]

    def showEvent(self, event: QShowEvent) -> None:
        """Pulse only while someone can see it."""
        super().showEvent(event)
        self._run()

    def hideEvent(self, event: QHideEvent) -> None:
        """Rest."""
        super().hideEvent(event)
        self._pulse.stop()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Dot and words."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        left = 0.0
        if self._live:
            dot = QColor(self._theme.colours.accent)
            running = self._pulse.state() == QVariantAnimation.State.Running
            dot.setAlphaF(float(self._pulse.currentValue()) if running else 1.0)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(dot)
            x = self.width() - _DOT if self._mirrored() else 0
            painter.drawEllipse(QRectF(x, self._line() / 2 - _DOT / 2, _DOT, _DOT))
            left = _DOT + SPACE[1]
        painter.setPen(self._theme.colour("muted"))
        box = QRectF(self.rect()).adjusted(0 if self._mirrored() else left, 0, -left if self._mirrored() else 0, 0)
        side = direction.start(mirrored=self._mirrored())
        painter.drawText(box, int(side | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextWordWrap), self._words)
        painter.end()

    def _line(self) -> int:
        return self.fontMetrics().height() + SPACE[0]

    def _mirrored(self) -> bool:
        return self.layoutDirection() == Qt.LayoutDirection.RightToLeft

    def _run(self) -> None:
        wanted = self._live and self.isVisible() and self._theme.motion_ms > 0
        if wanted and self._pulse.state() != QVariantAnimation.State.Running:
            self._pulse.start()
        elif not wanted:
            self._pulse.stop()

    def _beat(self) -> None:
        self.update(0, 0, _DOT + 1, self.height())
        if self._mirrored():
            self.update()
