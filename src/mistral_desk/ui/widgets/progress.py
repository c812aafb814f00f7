"""A bar that says how far something is, to the eye and to a screen reader; and numbers that do not jump about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFont, QPainter, QPen
from PySide6.QtWidgets import QProgressBar, QSizePolicy

from mistral_desk.core.amounts import percent
from mistral_desk.ui.widgets.label import Label

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent, QResizeEvent
    from PySide6.QtWidgets import QWidget

    from mistral_desk.ui.theme.theme import Theme

STEPS: Final = 1000
THICK: Final = 6


class Progress(QProgressBar):
    """`show_share` between 0 and 1. `quiet` paints it muted: nothing moves just now."""

    def __init__(self, theme: Theme, name: str, parent: QWidget, *, thick: int = THICK) -> None:
        super().__init__(parent)
        self._theme = theme
        self._thick = thick
        self._quiet = False
        self.setRange(0, STEPS)
        self.setTextVisible(False)
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_share(self, share: float, words: str = "", *, quiet: bool = False) -> None:
        """How far it is; `words` say it, without them the share in percent."""
        value = max(0, min(STEPS, int(share * STEPS)))
        if value != self.value():
            self.setUpdatesEnabled(False)  # or Qt paints within `setValue`, each bar with all that lies below it
            self.setValue(value)
            self.setUpdatesEnabled(True)
        words = words or percent(share)
        if words != self.accessibleDescription():
            self.setAccessibleDescription(words)
        if quiet != self._quiet:
            self._quiet = quiet
            self.update()

    def sizeHint(self) -> QSize:
        """A thin line."""
        return QSize(160, self._thick)

    def minimumSizeHint(self) -> QSize:
        """It may become short."""
        return QSize(24, self._thick)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A track, and the part that is done."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        track = QRectF(self.rect())
        radius = track.height() / 2
        edge = QPen(self._theme.colour("border"), 1)
        painter.setPen(edge if self._theme.high_contrast else Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.colour("hairline"))
        painter.drawRoundedRect(track, radius, radius)
        if self.value() > 0:
            done = QRectF(track)
            done.setWidth(max(track.height(), track.width() * self.value() / STEPS))
            if self.isRightToLeft():
                done.moveRight(track.right())
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.colour("border" if self._quiet else "accent"))
            painter.drawRoundedRect(done, radius, radius)
        painter.end()


class Figures(Label):
    """Words with numbers that change: figures of one width, and lines that once were there stay as room."""

    def __init__(self, theme: Theme, text: str, parent: QWidget, *, ink: str = "muted", strong: bool = False) -> None:
        self._seen = 0
        super().__init__(theme, text, "small", ink=ink, strong=strong, wrap=True, parent=parent)

    def say(self, text: str) -> None:
        """Other numbers."""
        if text == self.text():
            return
        self.setText(text)
        needed = self.heightForWidth(self.width())
        if self.isVisible() and needed > self._seen:
            self._seen = needed
            self.setMinimumHeight(needed)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width, other lines."""
        super().resizeEvent(event)
        if event.oldSize().width() != event.size().width():
            self._forget()

    def _forget(self) -> None:
        self._seen = 0
        self.setMinimumHeight(0)

    def _restyle(self) -> None:
        super()._restyle()
        font = QFont(self.font())
        font.setFeature(QFont.Tag("tnum"), 1)
        self.setFont(font)
        self._forget()
