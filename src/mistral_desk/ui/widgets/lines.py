"""Lists of lines in a sheet: a sign where the line begins, words, and a remark at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QFrame, QListView, QStyledItemDelegate, QStyleOptionViewItem

from mistral_desk.ui.theme import direction
from mistral_desk.ui.theme.contrast import blend
from mistral_desk.ui.theme.tokens import RADIUS_SMALL, SPACE

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from mistral_desk.ui.theme.theme import Theme

    Index: TypeAlias = QModelIndex | QPersistentModelIndex


class LineList(QListView):
    """As tall as its lines, `least` to `most` of them, where there is room; `taller` is what a line has besides a
    control's height.
    """

    def __init__(self, theme: Theme, name: str, parent: QWidget, *, least: int, most: int, taller: int) -> None:
        super().__init__(parent)
        self._theme = theme
        self._least, self._most, self._taller = least, most, taller
        self.setAccessibleName(name)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self.viewport().setAutoFillBackground(False)
        theme.changed.connect(self._restyle)
        theme.dress_bars(self)

    @property
    def line(self) -> int:
        """Pixels of a line."""
        return self._theme.control + self._taller

    def sizeHint(self) -> QSize:
        """All of them, up to a height."""
        return QSize(200, max(self._least, min(self._most, self.model().rowCount())) * self.line)

    def minimumSizeHint(self) -> QSize:
        """It scrolls."""
        return QSize(100, 2 * self.line)

    def _restyle(self) -> None:
        self._theme.dress_bars(self)
        self.scheduleDelayedItemsLayout()
        self.updateGeometry()


class LineDelegate(QStyledItemDelegate):
    """What the lines of different lists have in common."""

    def __init__(self, theme: Theme, view: LineList) -> None:
        super().__init__(view)
        self._theme = theme
        self._view = view

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        """A line."""
        return QSize(100, self._view.line)

    def paint_ground(self, painter: QPainter, box: QRectF, share: float, *, ground: str) -> None:
        """A tint of the letters' colour over the sheet's own."""
        painter.setBrush(QColor(blend(self._theme.colours.text, ground, share)))
        painter.drawRoundedRect(box.adjusted(0, 1, 0, -1), RADIUS_SMALL, RADIUS_SMALL)

    def place_sign(self, box: QRectF, side: float) -> QRectF:
        """Where a sign of this size stands."""
        mirrored = self._view.isRightToLeft()
        x = box.right() - SPACE[1] - side if mirrored else box.left() + SPACE[1]
        return QRectF(x, box.center().y() - side / 2, side, side)

    def write(self, painter: QPainter, box: QRectF, side: float, words: str, remark: str, *, ink: str) -> None:
        """Words beside a sign, shortened where they must be, and the remark in a colour of its own."""
        theme, mirrored = self._theme, self._view.isRightToLeft()
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setLayoutDirection(Qt.LayoutDirection.LayoutDirectionAuto)  # a name's own
        room = box.adjusted(SPACE[1], 0, -SPACE[1], 0)
        painter.setFont(theme.font("small"))
        painter.setPen(theme.colour(ink))
        painter.drawText(room, int(direction.end(mirrored=mirrored) | middle), remark)
        before = side + SPACE[1]
        after = painter.fontMetrics().horizontalAdvance(remark) + SPACE[2] if remark else 0
        room.adjust(after if mirrored else before, 0, -before if mirrored else -after, 0)
        painter.setFont(theme.font())
        painter.setPen(theme.colour("text"))
        shown = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, int(room.width()))
        painter.drawText(room, int(direction.start(mirrored=mirrored) | middle), shown)
