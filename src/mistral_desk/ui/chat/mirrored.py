"""A table from right to left: its text stands in the order of reading, and its columns are shown mirrored.

Qt lays columns out from left to right only. A screen reader, a search and a selection go by the text's own order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF
from PySide6.QtGui import (
    QAbstractTextDocumentLayout,
    QHelpEvent,
    QMouseEvent,
    QPainter,
    QPalette,
    QTextCharFormat,
    QTextCursor,
)
from PySide6.QtWidgets import QTextBrowser, QTextEdit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QPaintEvent, QTextTable


class _Column(NamedTuple):
    """Where a column is laid out, and how far from there it is shown, in pixels of the document."""

    left: float
    right: float
    shift: float


class Mirrored(QTextBrowser):
    """As its base, and with `mirrored` the columns of the first table are shown from the right.

    What Qt is told or asked about places goes through here; only what it tells screen readers about them does not.
    """

    mirrored = False
    _marks: Sequence[tuple[QTextCursor, QTextCharFormat]] = ()

    def setExtraSelections(self, selections: Sequence[QTextEdit.ExtraSelection]) -> None:
        """Copies are kept: what Qt gives back of them is gone with the list that they come in."""
        self._marks = [(QTextCursor(one.cursor), QTextCharFormat(one.format)) for one in selections]
        super().setExtraSelections(selections)

    def cursor_is_ring(self) -> bool:
        """Whether what is selected is marked by a ring around it instead of a ground."""
        return False

    def cursorRect(self, cursor: QTextCursor | None = None) -> QRect:
        """Where a place of the text is shown."""
        found = super().cursorRect() if cursor is None else super().cursorRect(cursor)
        if not self.mirrored:
            return found
        here = self.textCursor() if cursor is None else cursor
        table: QTextTable | None = here.currentTable()
        if table is None:
            return found
        return found.translated(round(self._columns()[table.cellAt(here).column()].shift), 0)

    def cursorForPosition(self, pos: QPoint) -> QTextCursor:
        """The place of the text that is shown here."""
        return super().cursorForPosition(self._laid_out(QPointF(pos)).toPoint())

    def event(self, event: QEvent) -> bool:
        """A tip tells of the link that is shown below the pointer, not of the one that is laid out there."""
        if self.mirrored and isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            here = self._laid_out(QPointF(event.pos())).toPoint()
            return super().event(QHelpEvent(event.type(), here, event.globalPos()))
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Where it is laid out."""
        super().mousePressEvent(self._meant(event))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Where it is laid out."""
        super().mouseMoveEvent(self._meant(event))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Where it is laid out."""
        super().mouseReleaseEvent(self._meant(event))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Where it is laid out."""
        super().mouseDoubleClickEvent(self._meant(event))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Each column in its place."""
        if not self.mirrored:
            super().paintEvent(event)
            return
        painter = QPainter(self.viewport())
        left = self.horizontalScrollBar().value()
        painter.translate(-left, 0)
        layout, context = self.document().documentLayout(), self._context()
        wanted = QRectF(event.rect()).translated(left, 0)
        for column in self._columns():
            box = QRectF(column.left, 0, column.right - column.left, self.document().size().height())
            box &= wanted.translated(-column.shift, 0)
            if box.isEmpty():
                continue
            painter.save()
            painter.translate(column.shift, 0)
            painter.setClipRect(box)
            context.clip = box
            layout.draw(painter, context)
            painter.restore()
        painter.end()

    # --- inside -------------------------------------------------------------------------------------

    def _columns(self) -> list[_Column]:
        """Of the table, in the order of reading."""
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.NextBlock)  # Qt keeps an empty paragraph above a table
        table: QTextTable | None = cursor.currentTable()
        if table is None:
            return []
        layout = self.document().documentLayout()
        places = []
        for number in range(table.columns()):
            cell = table.cellAt(0, number)
            words = layout.blockBoundingRect(cell.firstCursorPosition().block())
            room = cell.format().toTableCellFormat()
            places.append((words.left() - room.leftPadding(), words.right() + room.rightPadding()))
        whole = places[0][0] + places[-1][1]
        return [_Column(left, right, whole - right - left) for left, right in places]

    def _laid_out(self, shown: QPointF) -> QPointF:
        """Where in the view the point would be that is shown here, were the columns not mirrored."""
        columns = self._columns() if self.mirrored else []
        if not columns:
            return shown
        x = shown.x() + self.horizontalScrollBar().value()
        column = next((one for one in columns if x >= one.left + one.shift), columns[-1])
        return QPointF(shown.x() - column.shift, shown.y())

    def _meant(self, event: QMouseEvent) -> QMouseEvent:
        if not self.mirrored:
            return event
        here = self._laid_out(event.position())
        return QMouseEvent(
            event.type(), here, here, event.globalPosition(), event.button(), event.buttons(), event.modifiers()
        )

    def _context(self) -> QAbstractTextDocumentLayout.PaintContext:
        """What Qt's own painting would mark: what was looked for, and what is selected."""
        context = QAbstractTextDocumentLayout.PaintContext()
        context.palette = self.palette()
        marks = list(self._marks)
        if self.textCursor().hasSelection() and not self.cursor_is_ring():
            group = QPalette.ColorGroup.Active if self.hasFocus() else QPalette.ColorGroup.Inactive
            form = QTextCharFormat()
            form.setBackground(self.palette().brush(group, QPalette.ColorRole.Highlight))
            form.setForeground(self.palette().brush(group, QPalette.ColorRole.HighlightedText))
            marks.append((self.textCursor(), form))
        made = []
        for cursor, form in marks:
            one = QAbstractTextDocumentLayout.Selection()
            one.cursor, one.format = cursor, form
            made.append(one)
        context.selections = made
        return context
