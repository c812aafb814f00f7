"""The sidebar's one line about downloads: how many, how far, how fast; it leads to the library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QPainter, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from mistral_desk.core.words import tr
from mistral_desk.ui.downloads import words
from mistral_desk.ui.theme import direction
from mistral_desk.ui.theme.contrast import blend
from mistral_desk.ui.theme.tokens import RADIUS_SMALL, SPACE
from mistral_desk.ui.widgets.focus import has_keyboard
from mistral_desk.ui.widgets.pressable import Pressable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QPaintEvent

    from mistral_desk.library.orders import Download
    from mistral_desk.ui.theme.theme import Theme

_ICON: Final = 20
_LINE: Final = 3


class DownloadsLine(Pressable):
    """Hidden while nothing is to be downloaded. It stands between the chats and the ways: when it comes, only the list
    of chats becomes shorter.
    """

    left = Signal()
    """It has the keyboard, and goes."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._share = 0.0
        self._head = self._tail = ""
        self._moving = True
        self._told = (0, 0, True)
        self.setProperty("elides", True)
        self.setAccessibleName(tr("Downloads"))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self._restyle)
        self._restyle()
        self.hide()

    def show_downloads(self, downloads: Sequence[Download]) -> None:
        """As they are now."""
        share, _speed, count = words.overall(downloads)
        self._moving = any(one.state in words.ACTIVE for one in downloads)
        head, tail = words.summary(downloads) if count else ("", "")
        if count and (share, head, tail) != (self._share, self._head, self._tail):
            self._share, self._head, self._tail = share, head, tail
            self._describe(count)
            self.setToolTip(f"{head}\n{tail}\n{tr('Show the downloads in the library')}" if count else "")
            self.update()
        if not count and has_keyboard(self):
            self.left.emit()
        self.setVisible(count > 0)

    def _describe(self, count: int) -> None:
        """For who does not see it. What has the keyboard is read out whenever it says something else: there each tenth
        is told, and when it stands still or goes on.
        """
        step = (count, int(10 * self._share), self._moving)
        if step != self._told or not self.hasFocus():
            self._told = step
            self.setAccessibleDescription(", ".join(part for part in (self._head, self._tail) if part))

    def sizeHint(self) -> QSize:
        """Two lines of words above the bar."""
        lines = self.fontMetrics().height() * 2
        return QSize(160, lines + 2 * SPACE[1] + _LINE + 2)

    def minimumSizeHint(self) -> QSize:
        """It may become narrow."""
        return QSize(60, self.sizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Icon, two lines, the bar, and the focus ring."""
        theme, mirrored = self._theme, self.isRightToLeft()
        colours = theme.colours
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(0, 1, 0, -1)
        if self.underMouse() or self.isDown():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(blend(colours.text, colours.sidebar, 0.07)))
            painter.drawRoundedRect(box, RADIUS_SMALL, RADIUS_SMALL)
        size = round(_ICON * max(1.0, theme.text_size / 100))
        height = painter.fontMetrics().height()
        x = self.width() - SPACE[1] - size if mirrored else SPACE[1]
        sign = theme.pixmap("download", "accent" if self._moving else "muted", size, self.devicePixelRatioF())
        painter.drawPixmap(QRectF(x, SPACE[1] + (height - size) / 2, size, size), sign, QRectF(sign.rect()))
        start = SPACE[1] + size + 6
        room = self.width() - start - SPACE[1]
        left = SPACE[1] if mirrored else start
        side = int(direction.start(mirrored=mirrored) | Qt.AlignmentFlag.AlignVCenter)
        painter.setFont(self.font())
        metrics = painter.fontMetrics()
        for number, (text, ink) in enumerate(((self._head, "text"), (self._tail, "muted"))):
            painter.setPen(theme.colour(ink))
            shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room)
            painter.drawText(QRectF(left, SPACE[1] + number * height, room, height), side, shown)
        track = QRectF(SPACE[1], self.height() - SPACE[1] + 1 - _LINE, self.width() - 2 * SPACE[1], _LINE)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("hairline"))
        painter.drawRoundedRect(track, _LINE / 2, _LINE / 2)
        done = QRectF(track)
        done.setWidth(track.width() * self._share)
        if mirrored:
            done.moveRight(track.right())
        painter.setBrush(theme.colour("accent" if self._moving else "border"))
        painter.drawRoundedRect(done, _LINE / 2, _LINE / 2)
        if self._ring and self.hasFocus():
            painter.setPen(QPen(QColor(colours.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box.adjusted(1, 1, -1, -1), RADIUS_SMALL, RADIUS_SMALL)
        painter.end()

    def _restyle(self) -> None:
        font = QFont(self._theme.font("small"))
        font.setFeature(QFont.Tag("tnum"), 1)
        self.setFont(font)
        self.updateGeometry()
        self.update()
