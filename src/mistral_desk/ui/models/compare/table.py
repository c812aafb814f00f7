"""The comparison as a table: heads that stay in sight, cells that the arrow keys go through, and bars side by side."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QAbstractTableModel, QEvent, QModelIndex, QObject, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QGuiApplication, QKeySequence, QPainter, QPen
from PySide6.QtWidgets import QAbstractButton, QFrame, QHeaderView, QStyle, QStyledItemDelegate, QTableView, QWidget

from mistral_desk.core.words import tr
from mistral_desk.ui.fit.waiting import quiet
from mistral_desk.ui.models.compare.rows import Row, spoken
from mistral_desk.ui.theme import direction
from mistral_desk.ui.theme.tokens import RADIUS_SMALL, SPACE
from mistral_desk.ui.widgets.focus import by_keyboard
from mistral_desk.ui.widgets.paragraph import laid_out
from mistral_desk.ui.widgets.score import THICK, paint_bar
from mistral_desk.ui.widgets.tip import plain_tip

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtCore import QRect
    from PySide6.QtGui import QFocusEvent, QKeyEvent, QPaintEvent, QResizeEvent
    from PySide6.QtWidgets import QStyleOptionViewItem

    from mistral_desk.ui.models.compare.rows import Cell
    from mistral_desk.ui.theme.theme import Theme

_Index = QModelIndex | QPersistentModelIndex
NARROWEST: Final = 150
WIDEST: Final = 420
NAMES: Final = 150
"""Pixels at the system's text size: of a model's column at least and at most, and of the rows' names."""
_NAMES_SHARE: Final = 0.34
_MARK: Final = 6
_SIGN: Final = 16
_WAITING: Final = 10
_HEAD_LINES: Final = 3


class Comparison(QAbstractTableModel):
    """Models are columns, what is compared are rows."""

    def __init__(self) -> None:
        super().__init__()
        self.titles: tuple[str, ...] = ()
        self.rows: tuple[Row, ...] = ()

    def show(self, titles: Sequence[str], rows: Sequence[Row]) -> None:
        """Compare these; where only cells say something else, the table stays as it is."""
        names = [row.name for row in rows]
        if rows and tuple(titles) == self.titles and names == [row.name for row in self.rows]:
            self.rows = tuple(rows)
            self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, len(titles) - 1))
            self.headerDataChanged.emit(Qt.Orientation.Vertical, 0, len(rows) - 1)
            return
        self.beginResetModel()
        self.titles, self.rows = tuple(titles), tuple(rows)
        self.endResetModel()

    def rowCount(self, parent: _Index | None = None) -> int:
        """What is compared."""
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def columnCount(self, parent: _Index | None = None) -> int:
        """Models."""
        return 0 if parent is not None and parent.isValid() else len(self.titles)

    def cell(self, index: _Index) -> Cell:
        """What one model has."""
        return self.rows[index.row()].cells[index.column()]

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The words, and the sentence for a screen reader."""
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            cell = self.cell(index)
            if role == Qt.ItemDataRole.DisplayRole:
                return cell.words
            return plain_tip("\n".join(one for one in (cell.words, cell.means) if one))
        if role == Qt.ItemDataRole.AccessibleDescriptionRole:
            return self.cell(index).means or None
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return spoken(self.rows[index.row()], index.column(), self.titles[index.column()])
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Titles, and names of rows; a row that differs says so."""
        across = orientation == Qt.Orientation.Horizontal
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            words = self.titles[section] if across else self.rows[section].name
            return words if role == Qt.ItemDataRole.DisplayRole else plain_tip(words)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            if across:
                return self.titles[section]
            row = self.rows[section]
            return tr("{name}, differs", name=row.name) if row.differs else tr("{name}, the same", name=row.name)
        return None


class _Head(QHeaderView):
    """Names on the page's ground: of models above, of rows at the side, with a mark before those that differ."""

    def __init__(self, theme: Theme, orientation: Qt.Orientation, table: Table) -> None:
        super().__init__(orientation, table)
        self._theme = theme
        self._table = table
        self.setSectionsClickable(False)
        self.setHighlightSections(False)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.setMinimumSectionSize(20)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The ground first."""
        painter = QPainter(self.viewport())
        painter.fillRect(self.viewport().rect(), self._theme.colour("canvas"))
        painter.end()
        super().paintEvent(event)

    def paintSection(self, painter: QPainter, rect: QRect, logical: int) -> None:
        """One name."""
        across = self.orientation() == Qt.Orientation.Horizontal
        theme, mirrored = self._theme, self.isRightToLeft()
        painter.save()
        painter.fillRect(rect, theme.colour("canvas"))
        line = "border" if across else "hairline"
        painter.fillRect(QRectF(rect.left(), rect.bottom(), rect.width(), 1), theme.colour(line))
        comparison = self._table.comparison
        differs = not across and comparison.rows[logical].differs
        text = comparison.titles[logical] if across else comparison.rows[logical].name
        font = theme.font("body" if across else "small", strong=across or differs)
        box = self._table.inside(rect, first=not across)
        room = box.width() - (_MARK + SPACE[1] if not across else 0)
        layout, _height = laid_out(text, font, room, mirrored=mirrored)
        start = box.left() if across or mirrored else box.left() + _MARK + SPACE[1]
        lower = 0.0 if across else (QFontMetrics(theme.font()).height() - QFontMetrics(font).height()) / 2
        box.translate(0, lower)  # in line with the larger letters beside it
        painter.setPen(theme.colour("text" if across or differs else "muted"))
        painter.setClipRect(rect)
        layout.draw(painter, QRectF(start, box.top(), room, box.height()).topLeft())
        if differs:
            x = box.right() - _MARK if mirrored else box.left()
            middle = box.top() + QFontMetrics(font).height() / 2
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("accent"))
            painter.drawEllipse(QRectF(x, middle - _MARK / 2, _MARK, _MARK))
        painter.restore()


class _Cells(QStyledItemDelegate):
    """Words in as many lines as they need, or a bar with its number; what is the same everywhere is quieter."""

    def __init__(self, theme: Theme, table: Table) -> None:
        super().__init__(table)
        self._theme = theme
        self._table = table

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """One cell."""
        theme, table = self._theme, self._table
        rect: QRect = option.rect
        row, cell = table.comparison.rows[index.row()], table.comparison.cell(index)
        mirrored = table.isRightToLeft()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(QRectF(rect.left(), rect.bottom(), rect.width(), 1), theme.colour("hairline"))
        box = table.inside(rect)
        font = theme.font(strong=cell.best)
        painter.setPen(theme.colour("text" if cell.known and row.differs else "muted"))
        if cell.waits:
            self._waiting(painter, box, mirrored=mirrored)
        elif row.bars:
            self._bar(painter, box, cell, mirrored=mirrored)
        else:
            if cell.sign is not None:
                box = self._sign(painter, box, *cell.sign, mirrored=mirrored)
            layout, _height = laid_out(cell.words, font, box.width(), mirrored=mirrored)
            layout.draw(painter, box.topLeft())
        if table.ringed(index, option.state & QStyle.StateFlag.State_HasFocus):
            painter.setPen(QPen(theme.colour("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(rect).adjusted(2, 2, -2, -3), RADIUS_SMALL, RADIUS_SMALL)
        painter.restore()

    def _waiting(self, painter: QPainter, box: QRectF, *, mirrored: bool) -> None:
        """A quiet piece where words will be."""
        thick = _WAITING * max(1.0, self._theme.text_size / 100)
        line = QFontMetrics(self._theme.font()).height()
        piece = QRectF(box.left(), box.top() + (line - thick) / 2, min(box.width(), 6 * line), thick)
        if mirrored:
            piece.moveRight(box.right())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(quiet(self._theme))
        painter.drawRoundedRect(piece, thick / 2, thick / 2)

    def _sign(self, painter: QPainter, box: QRectF, icon: str, ink: str, *, mirrored: bool) -> QRectF:
        """An icon where the line begins; returns the room that is left."""
        size = round(_SIGN * max(1.0, self._theme.text_size / 100))
        picture = self._theme.pixmap(icon, ink, size, self._table.devicePixelRatioF())
        x = box.right() - size if mirrored else box.left()
        y = box.top() + (QFontMetrics(self._theme.font()).height() - size) / 2
        painter.drawPixmap(QRectF(x, y, size, size), picture, QRectF(picture.rect()))
        room = size + SPACE[0] + 2
        return box.adjusted(0, 0, -room, 0) if mirrored else box.adjusted(room, 0, 0, 0)

    def _bar(self, painter: QPainter, box: QRectF, cell: Cell, *, mirrored: bool) -> None:
        theme = self._theme
        font = theme.font(strong=cell.best)
        metrics = QFontMetrics(font)
        numbers = (
            min(
                max(
                    metrics.horizontalAdvance(cell.words),
                    QFontMetrics(theme.font(strong=True)).horizontalAdvance("88.8"),
                ),
                round(box.width() * 0.6),
            )
            + 2
        )
        painter.setFont(font)
        thick = round(THICK * max(1.0, theme.text_size / 100))
        track = QRectF(box.left(), box.top() + (metrics.height() - thick) / 2, box.width() - numbers - SPACE[1], thick)
        place = QRectF(box.right() - numbers, box.top(), numbers, metrics.height())
        if mirrored:
            track.moveRight(box.right())
            place.moveLeft(box.left())
        ink = painter.pen()
        paint_bar(painter, theme, track, cell.score, mirrored=mirrored)
        painter.setPen(ink)
        painter.setLayoutDirection(Qt.LayoutDirection.LayoutDirectionAuto)
        words = metrics.elidedText(cell.words, Qt.TextElideMode.ElideRight, numbers)
        painter.drawText(place, int(direction.end(mirrored=mirrored) | Qt.AlignmentFlag.AlignVCenter), words)


class Table(QTableView):
    """Shows a `Comparison`. It scrolls inside; its heads stay."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._keyboard = False
        self.comparison = Comparison()
        self.setModel(self.comparison)
        self.setHorizontalHeader(_Head(theme, Qt.Orientation.Horizontal, self))
        self.setVerticalHeader(_Head(theme, Qt.Orientation.Vertical, self))
        self.setItemDelegate(_Cells(theme, self))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setCornerButtonEnabled(False)
        self.setTabKeyNavigation(False)
        self.setSelectionMode(QTableView.SelectionMode.NoSelection)
        self.setEditTriggers(QTableView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
        self.setAccessibleName(tr("Comparison"))
        self._corner = self.findChild(QAbstractButton)
        if self._corner is not None:
            self._corner.installEventFilter(self)
        self._end = QWidget(self)  # where both bars end, Qt paints a corner of its own
        self.setCornerWidget(self._end)
        self._end.setAutoFillBackground(True)
        theme.changed.connect(self.restyle)
        self.restyle()

    def show_rows(self, titles: Sequence[str], rows: Sequence[Row]) -> None:
        """Compare these. The cell that has the keyboard keeps it where the same things are compared."""
        self.comparison.show(titles, rows)
        self._arrange()
        if rows and titles and not self.currentIndex().isValid():
            self.setCurrentIndex(self.comparison.index(0, 0))

    def hide_same(self, *, hidden: bool) -> None:
        """Only what differs, or everything."""
        for number, row in enumerate(self.comparison.rows):
            waits = any(cell.waits for cell in row.cells)
            self.setRowHidden(number, hidden and not row.differs and not waits)

    def inside(self, rect: QRect, *, first: bool = False) -> QRectF:
        """A cell's room for words."""
        side = 0 if first else SPACE[2]
        return QRectF(rect).adjusted(side, SPACE[1], -side, -SPACE[1])

    def ringed(self, index: _Index, focused: Any) -> bool:
        """Whether this cell has the keyboard and says so."""
        return bool(focused) and self._keyboard and index == self.currentIndex()

    def restyle(self) -> None:
        """Fonts and colours of the theme as it is now."""
        self._theme.dress_bars(self)
        palette = self.palette()
        palette.setColor(self.backgroundRole(), QColor(self._theme.colours.canvas))
        self.setPalette(palette)
        ground = self._end.palette()
        ground.setColor(self._end.backgroundRole(), QColor(self._theme.colours.canvas))
        self._end.setPalette(ground)
        self._arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Columns share the width, as far as they can be read."""
        super().resizeEvent(event)
        self._arrange()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The corner between the heads is Qt's own button: it shows the page's ground only."""
        if watched is self._corner and event.type() == QEvent.Type.Paint and isinstance(watched, QWidget):
            painter = QPainter(watched)
            painter.fillRect(watched.rect(), self._theme.colour("canvas"))
            line = QRectF(0, watched.height() - 1, watched.width(), 1)
            painter.fillRect(line, self._theme.colour("border"))
            painter.end()
            return True
        return super().eventFilter(watched, event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """The ring is for the keyboard."""
        self._keyboard = by_keyboard(event.reason())
        super().focusInEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Copy takes the cell's words; arrows go on."""
        if event.matches(QKeySequence.StandardKey.Copy) and self.currentIndex().isValid():
            QGuiApplication.clipboard().setText(self.comparison.cell(self.currentIndex()).words)
            return
        self._keyboard = True
        super().keyPressEvent(event)

    @property
    def _signs(self) -> int:
        """Pixels that an icon before the words takes."""
        return round(_SIGN * max(1.0, self._theme.text_size / 100)) + SPACE[0] + 2

    def _arrange(self) -> None:
        count = self.comparison.columnCount()
        scale = max(1.0, self._theme.text_size / 100)
        names = min(round(NAMES * scale), round(self.width() * _NAMES_SHARE))
        self.verticalHeader().setFixedWidth(max(60, names))
        if not count:
            return
        room = self.width() - self.verticalHeader().width() - self.verticalScrollBar().sizeHint().width()
        column = min(max(round(NARROWEST * scale), room // count), round(WIDEST * scale))
        for number in range(count):
            self.setColumnWidth(number, column)
        self.horizontalHeader().setFixedHeight(self._head_height(column))
        for number, row in enumerate(self.comparison.rows):
            self.setRowHeight(number, self._height(row, column))

    def _head_height(self, column: int) -> int:
        font = self._theme.font("body", strong=True)
        room = column - 2 * SPACE[2]
        mirrored = self.isRightToLeft()
        tallest = max(laid_out(title, font, room, mirrored=mirrored)[1] for title in self.comparison.titles)
        return math.ceil(min(tallest, _HEAD_LINES * QFontMetrics(font).height())) + 2 * SPACE[1]

    def _height(self, row: Row, column: int) -> int:
        theme, mirrored = self._theme, self.isRightToLeft()
        names = self.verticalHeader().width() - _MARK - SPACE[1]
        name = laid_out(row.name, theme.font("small", strong=row.differs), names, mirrored=mirrored)[1]
        font, room = theme.font(), column - 2 * SPACE[2]
        if row.bars:
            tallest = float(QFontMetrics(theme.font(strong=True)).height())
        else:
            words = {cell.words for cell in row.cells} | set(row.longest)
            signed = any(cell.sign is not None or cell.waits for cell in row.cells)
            room -= self._signs if signed else 0
            tallest = max((laid_out(one, font, room, mirrored=mirrored)[1] for one in words), default=0.0)
        return math.ceil(max(name, tallest)) + 2 * SPACE[1]

    def sizeHint(self) -> QSize:
        """As large as there is room."""
        return QSize(640, 480)
