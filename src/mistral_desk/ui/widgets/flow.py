"""Widgets one after the other, in as many lines as the width asks for."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QStyle, QWidget


class FlowLayout(QLayout):
    """Lines from the reading side; `spacing` pixels between widgets and between lines.

    With `even` the lines are about as long as each other: none is left with a single widget because one more did
    not fit above. With `end` they stand at the other side.
    """

    def __init__(
        self, parent: QWidget | None = None, *, spacing: int = 4, even: bool = False, end: bool = False
    ) -> None:
        super().__init__(parent)
        self._even, self._end = even, end
        self._items: list[QLayoutItem] = []
        self._heights: dict[int, int] = {}
        self.setContentsMargins(0, 0, 0, 0)
        self.setSpacing(spacing)

    def addItem(self, item: QLayoutItem) -> None:
        """Qt's way to add."""
        self._items.append(item)

    def count(self) -> int:
        """How many there are."""
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        """One of them."""
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        """Take one out."""
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        """It wants no more than it needs."""
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        """Narrower is taller."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Height of the lines at a width; layouts ask for it again and again."""
        known = self._heights.get(width)
        if known is None:
            known = self._heights[width] = self._arrange(QRect(0, 0, width, 0), move=False)
        return known

    def invalidate(self) -> None:
        """A widget became larger, came or went."""
        self._heights.clear()
        super().invalidate()

    def setGeometry(self, rect: QRect) -> None:
        """Place everything."""
        super().setGeometry(rect)
        self._arrange(rect, move=True)

    def sizeHint(self) -> QSize:
        """All in one line; what is hidden takes no room, and none between it and the next."""
        hints = [item.sizeHint() for item in self._items if not item.isEmpty()]
        width = sum(hint.width() for hint in hints) + self.spacing() * max(0, len(hints) - 1)
        return QSize(width, max((hint.height() for hint in hints), default=0))

    def minimumSize(self) -> QSize:
        """The widest alone in its line."""
        size = QSize(0, 0)
        for item in self._items:
            size = size.expandedTo(item.minimumSize())
        return size

    def _arrange(self, rect: QRect, *, move: bool) -> int:
        x, y, line = rect.x(), rect.y(), 0
        placed: list[tuple[QLayoutItem, QRect]] = []
        parent = self.parentWidget()
        direction = parent.layoutDirection() if parent else Qt.LayoutDirection.LeftToRight
        width = self._width(rect.width())
        for item in self._shown():
            hint = item.sizeHint()
            if rect.width() < hint.width():  # what can become narrower does, in a line of its own
                hint.setWidth(max(rect.width(), item.minimumSize().width()))
            if x > rect.x() and x + hint.width() > rect.x() + width:
                x, y, line = rect.x(), y + line + self.spacing(), 0
            placed.append((item, QRect(QPoint(x, y), hint)))
            x += hint.width() + self.spacing()
            line = max(line, hint.height())
        if move:
            ends = {box.y(): box.right() for _item, box in placed}  # the last of each line
            for item, box in placed:
                shift = rect.right() - ends[box.y()] if self._end else 0
                item.setGeometry(QStyle.visualRect(direction, rect, box.translated(shift, 0)))
        return y + line - rect.y()

    def _shown(self) -> list[QLayoutItem]:
        return [item for item in self._items if (widget := item.widget()) is None or not widget.isHidden()]

    def _width(self, room: int) -> int:
        """How much of the room the lines take: all of it, or as little as does for the same number of lines."""
        if not self._even:
            return room
        hints = [item.sizeHint().width() for item in self._shown()]
        lines = self._count(hints, room)
        low, high = max(hints, default=0), room
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if self._count(hints, middle) <= lines else (middle + 1, high)
        return max(high, low)

    def _count(self, hints: list[int], width: int) -> int:
        lines, x = 0, width + 1
        for hint in hints:
            if x and x + hint > width:
                lines, x = lines + 1, 0
            x += hint + self.spacing()
        return lines
