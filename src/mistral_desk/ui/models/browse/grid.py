"""The grid of cards: a list view that is as tall as its cards and scrolls with the page around it.

Qt's view, and not one of our own: screen readers know its rows, and it paints only what is seen. One size for all
cards lets it lay out thousands at once. A painted card is kept as a picture, so that scrolling paints new ones only.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final, TypeAlias

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QPainter, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QListView,
    QMenu,
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from mistral_desk.core.words import tr
from mistral_desk.ui.models.browse.cards import CARD, MARKED, CardsModel
from mistral_desk.ui.models.browse.paint import GAP, Look, Painter
from mistral_desk.ui.theme.icons import icon
from mistral_desk.ui.widgets.focus import by_keyboard

if TYPE_CHECKING:
    from PySide6.QtGui import QFocusEvent, QHideEvent, QKeyEvent, QMouseEvent, QPaintEvent, QResizeEvent, QWheelEvent

    from mistral_desk.ui.theme.theme import Theme

    _Index: TypeAlias = QModelIndex | QPersistentModelIndex

NARROWEST: Final = 300
"""Pixels at the system's text size below which a card is not made for the sake of one more column."""
COLUMNS: Final = 3
KEPT: Final = 48
"""Painted cards that are kept: some more than are ever seen at once, about 12 MB."""
SLACK: Final = 6
"""Pixels around the box to tick that still mean the box."""
_Key = Qt.Key


class _Delegate(QStyledItemDelegate):
    """Paints from pictures where a card looks as it usually does."""

    def __init__(self, theme: Theme, view: Grid) -> None:
        super().__init__(view)
        self._theme = theme
        self._view = view
        self._pictures: OrderedDict[tuple[str, int, int, bool], QPixmap] = OrderedDict()
        self.painter = Painter(theme, mirrored=view.isRightToLeft())

    def restyle(self) -> None:
        """The theme, or the direction, is another one."""
        self.painter = Painter(self._theme, mirrored=self._view.isRightToLeft())
        self._pictures.clear()

    def forget(self) -> None:
        """What the cards say has changed, or nobody looks."""
        self._pictures.clear()

    def sizeHint(self, _option: QStyleOptionViewItem, _index: _Index) -> QSize:
        """A cell of the grid."""
        return self._view.gridSize()

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """The card; what is under the pointer or has the keyboard is painted anew each time."""
        card, marked = index.data(CARD), bool(index.data(MARKED))
        ratio = self._view.devicePixelRatioF()
        over = bool(option.state & QStyle.StateFlag.State_MouseOver)
        ring = bool(option.state & QStyle.StateFlag.State_HasFocus) and bool(self._view.property("ring"))
        cell = QRectF(option.rect)
        wider = self._view.wider(index.row())
        if over or ring:
            painter.save()
            self.painter.paint(painter, cell, card, Look(over, ring, marked, wider), ratio)
            painter.restore()
            return
        key = (card.id, option.rect.width(), wider, marked)
        picture = self._pictures.get(key)
        if picture is None:
            picture = QPixmap(option.rect.size() * ratio)
            picture.setDevicePixelRatio(ratio)
            picture.fill(self._theme.colour("canvas"))
            brush = QPainter(picture)
            size = QRectF(0, 0, option.rect.width(), option.rect.height())
            self.painter.paint(brush, size, card, Look(marked=marked, wider=wider), ratio)
            brush.end()
            self._pictures[key] = picture
            if len(self._pictures) > KEPT:
                self._pictures.popitem(last=False)
        else:
            self._pictures.move_to_end(key)
        painter.drawPixmap(option.rect.topLeft(), picture)


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
        self._page = 1
        self._left_over = 0
        self.setModel(model)
        self._delegate = _Delegate(theme, self)
        self.setItemDelegate(self._delegate)
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
        model.dataChanged.connect(self._delegate.forget)
        self.clicked.connect(self._clicked)
        theme.changed.connect(self._restyle)
        self._fit()

    @property
    def columns(self) -> int:
        """Cards beside each other."""
        return self._columns

    def set_page(self, height: int) -> None:
        """How much of the grid is seen at once, for the keys that turn pages."""
        self._page = max(1, height // max(1, self.gridSize().height()))

    def current(self) -> str:
        """The id of the card that has the keyboard, or would have it."""
        return self._cards.id_at(self.currentIndex().row())

    def go_to(self, row: int, *, show: bool = True) -> None:
        """Put the keyboard's place on a card."""
        if 0 <= row < self._cards.rowCount():
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
        x = self._columns - 1 - place if self.isRightToLeft() else place
        return QRect(x * size.width(), line * size.height(), size.width(), size.height())

    def wider(self, row: int) -> int:
        """Pixels that a division by columns left over: the last card of a line has them."""
        return self._left_over if row % self._columns == self._columns - 1 else 0

    # --- Qt -----------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows, Home and End, pages, Enter, Space; a letter begins a search."""
        row, last = self.currentIndex().row(), self._cards.rowCount() - 1
        ahead = -1 if self.isRightToLeft() else 1
        columns = self._columns
        steps = {
            _Key.Key_Right: ahead,
            _Key.Key_Left: -ahead,
            _Key.Key_Down: columns,
            _Key.Key_Up: -columns,
            _Key.Key_PageDown: columns * self._page,
            _Key.Key_PageUp: -columns * self._page,
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
        key, marked = self._cards.id_at(index.row()), bool(index.data(MARKED))
        place = event.globalPos() if by_mouse else self.viewport().mapToGlobal(self.cell(index.row()).center())
        menu = QMenu(self)
        self._theme.dress_menu(menu)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        ink = self._theme.colours.text
        menu.addAction(icon("models", ink), tr("Open")).triggered.connect(lambda: self.opened.emit(key))
        words = tr("Do not compare") if marked else tr("Compare")
        menu.addAction(icon("check", ink), words).triggered.connect(lambda: self.mark_asked.emit(key))
        menu.popup(place)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """As many columns as there is room for."""
        if event.size().width() != event.oldSize().width():
            self._fit()
        super().resizeEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks: the pictures are given back."""
        super().hideEvent(event)
        self._delegate.forget()

    def changeEvent(self, event: QEvent) -> None:
        """Mirrored with its window."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LayoutDirectionChange:
            self._restyle()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The page's ground below the cards: opaque, so that scrolling moves pixels."""
        painter = QPainter(self.viewport())
        painter.fillRect(event.rect(), self._theme.colour("canvas"))
        painter.end()
        super().paintEvent(event)

    # --- inside -------------------------------------------------------------------------------------

    def _by_key(self, row: int) -> None:
        self.setProperty("ring", True)
        self.go_to(row)
        self.viewport().update()

    def _clicked(self, index: QModelIndex) -> None:
        key = self._cards.id_at(index.row())
        place = self.viewport().mapFromGlobal(self.cursor().pos())
        cell, wider = QRectF(self.cell(index.row())), self.wider(index.row())
        box = self._delegate.painter.mark_box(cell, wider).adjusted(-SLACK, -SLACK, SLACK, SLACK)
        (self.mark_asked if box.contains(place.toPointF()) else self.opened).emit(key)

    def _fit(self) -> None:
        """Columns, cells and height for the width that there is."""
        width = max(2, self.width() - 1)  # Qt wants a pixel to spare, else it breaks the line before the last card
        least = NARROWEST * max(1.0, self._theme.text_size / 100) + GAP
        self._columns = max(1, min(COLUMNS, int(width // least)))
        self._left_over = width % self._columns
        self.setGridSize(QSize(width // self._columns, self._delegate.painter.height))
        lines = -(-self._cards.rowCount() // self._columns)
        self.taller.emit(max(1, lines * self._delegate.painter.height))

    def _restyle(self) -> None:
        self._delegate.restyle()
        self._fit()
        self.viewport().update()


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
