"""The grid of cards: a list view that is as tall as its cards and scrolls with the page around it.

Qt's view, and not one of our own: screen readers know its rows, and it paints only what is seen. One size for all
cards lets it lay out thousands at once. A painted card is kept as a picture, so that scrolling paints new ones only.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final, TypeAlias

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QInputDevice, QPainter, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QListView,
    QMenu,
    QSizePolicy,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from mistral_desk.core.words import tr
from mistral_desk.ui.models.browse.paint import GAP, Look, Painter
from mistral_desk.ui.theme.icons import icon
from mistral_desk.ui.widgets.focus import by_keyboard
from mistral_desk.ui.widgets.popup import opened

if TYPE_CHECKING:
    from PySide6.QtGui import QFocusEvent, QHideEvent, QKeyEvent, QMouseEvent, QPaintEvent, QResizeEvent, QWheelEvent

    from mistral_desk.ui.models.browse.cards import CardsModel
    from mistral_desk.ui.theme.theme import Theme

    _Index: TypeAlias = QModelIndex | QPersistentModelIndex

NARROWEST: Final = 300
"""Pixels at the system's text size below which a card is not made for the sake of one more column."""
COLUMNS: Final = 3
KEPT: Final = 96
"""Painted cards that are kept: those seen at once, and those of the last letters, about 24 MB."""
SLACK: Final = 6
"""Pixels around the box to tick that still mean the box."""
_Key = Qt.Key


class _Cells(QStyledItemDelegate):
    """Tells Qt how large a cell is; the grid paints by itself."""

    def __init__(self, view: Grid) -> None:
        super().__init__(view)
        self._view = view

    def sizeHint(self, _option: QStyleOptionViewItem, _index: _Index) -> QSize:
        """A cell of the grid."""
        return self._view.gridSize()


class Grid(QListView):
    """Enter opens a card, Space marks it for the comparison, letters go to the search. Signals go up."""

    opened = Signal(str)
    mark_asked = Signal(str)
    typed = Signal(str)
    """A letter that is meant for the search field."""
    taller = Signal(int)
    """So many pixels are needed for the cards."""
    in_sight = Signal(QRect)
    """This part of the grid is to be scrolled into sight."""

    def __init__(self, theme: Theme, model: CardsModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._cards = model
        self._columns = 1
        self._left_over = 0
        self.setModel(model)
        self._over = -1
        self._pictures: OrderedDict[tuple[str, int, int, bool, bool], QPixmap] = OrderedDict()
        self._painter = Painter(theme, mirrored=self.isRightToLeft())
        self.setItemDelegate(_Cells(self))
        self.setAccessibleName(tr("Models found"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setMouseTracking(True)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setProperty("ring", False)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        model.modelReset.connect(self._fit)
        model.dataChanged.connect(self._forget)
        self.clicked.connect(self._clicked)
        theme.changed.connect(self._restyle)
        self._fit()

    @property
    def columns(self) -> int:
        """Cards beside each other."""
        return self._columns

    def current(self) -> str:
        """The id of the card that has the keyboard, or would have it."""
        return self._cards.id_at(self.currentIndex().row())

    def go_to(self, row: int, *, show: bool = True) -> None:
        """Put the keyboard's place on a card."""
        if 0 <= row < self._cards.count:
            self.setCurrentIndex(self._cards.index(row))
            if show:
                self.show_current()

    def show_current(self) -> None:
        """Have it scrolled into sight."""
        if self.currentIndex().isValid():
            self.in_sight.emit(self.cell(self.currentIndex().row()))

    def cell(self, row: int) -> QRect:
        """Where a card stands, in the grid's own coordinates."""
        size = self.gridSize()
        line, place = divmod(row, self._columns)
        x = place * size.width()
        if self.isRightToLeft():
            x = self.width() - x - size.width()
        return QRect(x, line * size.height(), size.width(), size.height())

    def wider(self, row: int) -> int:
        """Pixels that a division by columns left over: the last card of a line has them."""
        return self._left_over if row % self._columns == self._columns - 1 else 0

    # --- Qt -----------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows, Home and End, pages, Enter, Space; a letter begins a search."""
        row, last = self.currentIndex().row(), self._cards.count - 1
        ahead = -1 if self.isRightToLeft() else 1
        columns = self._columns
        page = max(1, self.viewport().visibleRegion().boundingRect().height() // self.gridSize().height())
        steps = {
            _Key.Key_Right: ahead,
            _Key.Key_Left: -ahead,
            _Key.Key_Down: columns,
            _Key.Key_Up: -columns,
            _Key.Key_PageDown: columns * page,
            _Key.Key_PageUp: -columns * page,
        }
        key, text = event.key(), event.text()
        command = event.modifiers() & (
            Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier
        )
        if command:
            super().keyPressEvent(event)
        elif key in steps and last >= 0:
            wanted = row + steps[_Key(key)]
            paging = key in (_Key.Key_PageDown, _Key.Key_PageUp)
            if key == _Key.Key_Down and wanted > last and row // columns < last // columns:
                wanted = last
            if paging:
                wanted = min(last, max(0, wanted))
            if 0 <= wanted <= last:
                self._by_key(wanted)
        elif key in (_Key.Key_Home, _Key.Key_End):
            self._by_key(0 if key == _Key.Key_Home else last)
        elif key in (_Key.Key_Return, _Key.Key_Enter):
            if row >= 0:
                self.opened.emit(self.current())
        elif key == _Key.Key_Space:
            if row >= 0:
                self.mark_asked.emit(self.current())
        elif text and text.isprintable():
            self.typed.emit(text)
        else:
            event.ignore()

    def keyboardSearch(self, _search: str) -> None:
        """Letters go to the search field."""

    def scrollTo(
        self, _index: _Index, _hint: QAbstractItemView.ScrollHint = QAbstractItemView.ScrollHint.EnsureVisible
    ) -> None:
        """The page around it scrolls."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        """The page around it scrolls."""
        event.ignore()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """A ring for the keyboard only, on the first card where none was chosen."""
        self.setProperty("ring", by_keyboard(event.reason()))
        super().focusInEvent(event)
        if not self.currentIndex().isValid():
            self.go_to(0, show=False)
        if by_keyboard(event.reason()):
            self.show_current()
        self.viewport().update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """The mouse needs no ring."""
        self.setProperty("ring", False)
        super().mousePressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """What can be done with a model."""
        by_mouse = event.reason() == QContextMenuEvent.Reason.Mouse
        index = self.indexAt(event.pos()) if by_mouse else self.currentIndex()
        if not index.isValid():
            return
        key, marked = self._cards.id_at(index.row()), self._cards.is_marked(index.row())
        place = event.globalPos() if by_mouse else self.viewport().mapToGlobal(self.cell(index.row()).center())
        menu = QMenu(self)
        self._theme.dress_menu(menu)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        ink = self._theme.colours.text
        menu.addAction(icon("models", ink), tr("Open")).triggered.connect(lambda: self.opened.emit(key))
        words = tr("Do not compare") if marked else tr("Compare")
        menu.addAction(icon("check", ink), words).triggered.connect(lambda: self.mark_asked.emit(key))
        opened(menu, place, index.data(), by_pointer=by_mouse)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """As many columns as there is room for."""
        if event.size().width() != event.oldSize().width():
            self._fit()
        super().resizeEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks: the pictures are given back."""
        super().hideEvent(event)
        self._forget()

    def changeEvent(self, event: QEvent) -> None:
        """Mirrored with its window."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LayoutDirectionChange:
            self._restyle()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """The card under the pointer stands out."""
        super().mouseMoveEvent(event)
        self._point_at(self.indexAt(event.position().toPoint()).row())

    def leaveEvent(self, event: QEvent) -> None:
        """None is under the pointer."""
        super().leaveEvent(event)
        self._point_at(-1)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The cards that are to be seen anew. Without Qt's way over a delegate and an option for each."""
        box, size = event.rect(), self.gridSize()
        painter = QPainter(self.viewport())
        painter.fillRect(box, self._theme.colour("canvas"))
        ratio, boxed = self.devicePixelRatioF(), self._boxed
        here = self.currentIndex().row() if self.hasFocus() else -1
        ring = self.currentIndex().row() if self.hasFocus() and self.property("ring") else -1
        first, last = box.top() // size.height(), box.bottom() // size.height()
        for row in range(first * self._columns, min((last + 1) * self._columns, self._cards.count)):
            cell = self.cell(row)
            if not cell.intersects(box):
                continue
            if row in (ring, self._over):
                over, marked = row == self._over, self._cards.is_marked(row)
                look = Look(over, row == ring, marked, boxed, self.wider(row))
                painter.save()
                self._painter.paint(painter, QRectF(cell), self._cards.card(row), look, ratio)
                painter.restore()
            else:
                painter.drawPixmap(cell.topLeft(), self._picture(row, cell.size(), ratio, boxed=boxed or row == here))
        painter.end()

    # --- inside -------------------------------------------------------------------------------------

    @property
    def _boxed(self) -> bool:
        """Whether all cards show their box: one is ticked, or fingers touch this screen and nothing hovers."""
        return bool(self._cards.marked) or touched()

    def _picture(self, row: int, size: QSize, ratio: float, *, boxed: bool) -> QPixmap:
        """A card as it usually looks."""
        marked, wider = self._cards.is_marked(row), self.wider(row)
        key = (self._cards.id_at(row), size.width(), wider, marked, boxed)
        found = self._pictures.get(key)
        if found is not None:
            self._pictures.move_to_end(key)
            return found
        look = Look(marked=marked, boxed=boxed, wider=wider)
        found = self._pictures[key] = self._painter.picture(size, self._cards.card(row), look, ratio)
        if len(self._pictures) > KEPT:
            self._pictures.popitem(last=False)
        return found

    def _point_at(self, row: int) -> None:
        if row != self._over:
            for one in (row, self._over):
                if one >= 0:
                    self.viewport().update(self.cell(one))
            self._over = row

    def _forget(self) -> None:
        """What the cards say has changed, or nobody looks."""
        self._pictures.clear()
        self._over = -1
        self.viewport().update()

    def _by_key(self, row: int) -> None:
        self.setProperty("ring", True)
        self.go_to(row)
        self.viewport().update()

    def _clicked(self, index: QModelIndex) -> None:
        key = self._cards.id_at(index.row())
        place = self.viewport().mapFromGlobal(self.cursor().pos())
        cell, wider = QRectF(self.cell(index.row())), self.wider(index.row())
        box = self._painter.mark_box(cell, wider).adjusted(-SLACK, -SLACK, SLACK, SLACK)
        (self.mark_asked if box.contains(place.toPointF()) else self.opened).emit(key)

    def _fit(self) -> None:
        """Columns, cells and height for the width that there is."""
        width = max(2, self.width() - 1)  # Qt wants a pixel to spare, else it breaks the line before the last card
        least = NARROWEST * max(1.0, self._theme.text_size / 100) + GAP
        self._columns = max(1, min(COLUMNS, int(width // least)))
        self._left_over = width % self._columns
        self.setGridSize(QSize(width // self._columns, self._painter.height))
        lines = -(-self._cards.count // self._columns)
        self.taller.emit(max(1, lines * self._painter.height))

    def _restyle(self) -> None:
        self._painter = Painter(self._theme, mirrored=self.isRightToLeft())
        self._forget()
        self._fit()
        self.viewport().update()


def touched() -> bool:
    """Whether one of the screens can be touched."""
    return any(one.type() == QInputDevice.DeviceType.TouchScreen for one in QInputDevice.devices())


class Beyond(QWidget):
    """What the grid stands in: a gap wider than the column, so that the last card ends where everything ends."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._grid: Grid | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def put(self, grid: Grid) -> None:
        """Hold it."""
        self._grid = grid
        grid.taller.connect(self._taller)
        self._place()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """As wide as the column."""
        super().resizeEvent(event)
        self._place()

    def changeEvent(self, event: QEvent) -> None:
        """Mirrored with its window."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LayoutDirectionChange:
            self._place()

    def _taller(self, height: int) -> None:
        self.setFixedHeight(height)
        self._place()

    def _place(self) -> None:
        if self._grid is not None:
            x = -GAP - 1 if self.isRightToLeft() else 0
            self._grid.setGeometry(x, 0, self.width() + GAP + 1, self.height())
