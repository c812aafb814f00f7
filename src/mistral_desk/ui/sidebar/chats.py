"""The list of conversations: days as headings, titles as rows, made for thousands of them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import (
    QAbstractItemModel,
    QAbstractListModel,
    QEvent,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QContextMenuEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QLineEdit,
    QListView,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from mistral_desk.core.words import mark, tr
from mistral_desk.ui.sidebar.days import groups
from mistral_desk.ui.theme import direction
from mistral_desk.ui.theme.contrast import blend
from mistral_desk.ui.theme.icons import icon
from mistral_desk.ui.theme.palette import editor_sheet
from mistral_desk.ui.theme.tokens import RADIUS_SMALL, SPACE
from mistral_desk.ui.widgets.column import keep_room
from mistral_desk.ui.widgets.focus import by_keyboard
from mistral_desk.ui.widgets.tip import plain_tip

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QFocusEvent, QKeyEvent

    from mistral_desk.chat.message import Conversation
    from mistral_desk.ui.theme.theme import Theme

_Index = QModelIndex | QPersistentModelIndex
ID: Final = Qt.ItemDataRole.UserRole
BUSY: Final = Qt.ItemDataRole.UserRole + 1
UNTITLED: Final = mark("New chat")


class ChatsModel(QAbstractListModel):
    """Headings (plain strings) and conversations, in the order of the list."""

    renamed = Signal(int, str)

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[str | Conversation] = []
        self._busy: frozenset[int] = frozenset()

    def show(self, conversations: Sequence[Conversation]) -> None:
        """Show these."""
        rows: list[str | Conversation] = []
        for name, members in groups(conversations, datetime.now().astimezone()):
            rows += [name, *members]
        if rows != self._rows:
            self.beginResetModel()
            self._rows = rows
            self.endResetModel()

    def set_busy(self, busy: frozenset[int]) -> None:
        """Mark the conversations that are being answered."""
        if busy != self._busy:
            self._busy = busy
            if self._rows:
                self.dataChanged.emit(self.index(0), self.index(len(self._rows) - 1), [BUSY])

    def index_of(self, conversation: int | None) -> QModelIndex:
        """Where a conversation stands; an invalid index when it does not."""
        for number, row in enumerate(self._rows):
            if not isinstance(row, str) and row.id == conversation:
                return self.index(number)
        return QModelIndex()

    def rowCount(self, parent: _Index | None = None) -> int:
        """Headings and conversations."""
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Title, id and whether it is being answered; None as id marks a heading."""
        row = self._rows[index.row()]
        if isinstance(row, str):
            return row if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole) else None
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return row.title or tr(UNTITLED)
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(row.title or tr(UNTITLED))
        if role == ID:
            return row.id
        if role == BUSY:
            return row.id in self._busy
        if role == Qt.ItemDataRole.AccessibleTextRole:
            title = row.title or tr(UNTITLED)
            return tr("{title}, answering", title=title) if row.id in self._busy else title
        return None

    def flags(self, index: _Index) -> Qt.ItemFlag:
        """Headings cannot be chosen."""
        if not index.isValid() or isinstance(self._rows[index.row()], str):
            return Qt.ItemFlag.ItemIsEnabled
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEditable

    def setData(self, index: _Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """A new title goes up; the list is shown anew when it is stored."""
        key = self.data(index, ID)
        title = " ".join(str(value).split())
        if role != Qt.ItemDataRole.EditRole or key is None or not title or title == self.data(index):
            return False
        self.renamed.emit(key, title)
        return True


class _Delegate(QStyledItemDelegate):
    """Paints headings and rows from the theme."""

    def __init__(self, theme: Theme, view: QListView) -> None:
        super().__init__(view)
        self._theme = theme
        self._view = view

    def sizeHint(self, _option: QStyleOptionViewItem, index: _Index) -> QSize:
        """Headings stand a little apart from what is above."""
        if index.data(ID) is None:
            return QSize(100, self._theme.control + (0 if index.row() == 0 else SPACE[1]))
        return QSize(100, self._theme.control + 2)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """A muted heading, or a title on its surface."""
        colours = self._theme.colours
        heading = index.data(ID) is None
        box = QRectF(option.rect)
        state = option.state
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ink = QColor(colours.muted if heading else colours.text)
        if not heading:
            chosen = bool(state & QStyle.StateFlag.State_Selected)
            over = bool(state & QStyle.StateFlag.State_MouseOver)
            surface = box.adjusted(0, 1, 0, -1)
            if chosen or over:
                line = QPen(QColor(colours.border), 1)  # a tint alone is not seen in high contrast
                painter.setPen(line if chosen and self._theme.high_contrast else Qt.PenStyle.NoPen)
                painter.setBrush(QColor(blend(colours.text, colours.sidebar, 0.09 if chosen else 0.05)))
                painter.drawRoundedRect(surface, RADIUS_SMALL, RADIUS_SMALL)
            if state & QStyle.StateFlag.State_HasFocus and self._view.property("ring"):
                painter.setPen(QPen(QColor(colours.accent), 2))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRoundedRect(surface.adjusted(1, 1, -1, -1), RADIUS_SMALL, RADIUS_SMALL)
        painter.setFont(self._theme.font("small" if heading else "body", strong=heading))
        text = box.adjusted(SPACE[1], SPACE[1] if heading and index.row() else 0, -SPACE[1], 0)
        if index.data(BUSY):
            mirrored = self._view.isRightToLeft()
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.accent))
            x = text.left() if mirrored else text.right() - 6
            painter.drawEllipse(QRectF(x, box.center().y() - 3, 6, 6))
            text.adjust(14 if mirrored else 0, 0, 0 if mirrored else -14, 0)
        painter.setPen(ink)
        words = painter.fontMetrics().elidedText(str(index.data()), Qt.TextElideMode.ElideRight, int(text.width()))
        side = direction.start(mirrored=self._view.isRightToLeft())
        painter.setLayoutDirection(Qt.LayoutDirection.LayoutDirectionAuto)  # a title's own
        painter.drawText(text, int(side | Qt.AlignmentFlag.AlignVCenter), words)
        painter.restore()

    def createEditor(self, parent: QWidget, _option: QStyleOptionViewItem, _index: _Index) -> QWidget:
        """A line for the new title."""
        line = QLineEdit(parent)
        line.setAccessibleName(tr("New title"))
        line.setMaxLength(200)
        line.setFont(self._theme.font())
        line.setStyleSheet(editor_sheet(self._theme.colours))
        line.setTextMargins(SPACE[0], 0, SPACE[0], 0)  # with the border: where the title stood
        return line

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: _Index) -> None:
        """Take the title over."""
        if isinstance(editor, QLineEdit):
            model.setData(index, editor.text(), Qt.ItemDataRole.EditRole)


class ChatsView(QListView):
    """The list itself. Its accessible name is *Chats*."""

    opened = Signal(int)
    delete_asked = Signal(int)

    def __init__(self, theme: Theme, model: ChatsModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setModel(model)
        self.setItemDelegate(_Delegate(theme, self))
        self.setAccessibleName(tr("Chats"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setUniformItemSizes(False)
        self.viewport().setAutoFillBackground(False)
        self.setProperty("ring", False)
        self.clicked.connect(self._chosen)
        self.activated.connect(self._chosen)
        self.verticalScrollBar().rangeChanged.connect(self._make_room)
        self._make_room()
        theme.changed.connect(self._restyle)
        theme.dress_bars(self)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """What can be done with a conversation."""
        index = self.indexAt(event.pos()) if event.reason() == QContextMenuEvent.Reason.Mouse else self.currentIndex()
        if index.data(ID) is not None:
            self._menu(index, event.globalPos())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter opens, Delete deletes; F2 renames by itself."""
        key = self.currentIndex().data(ID)
        if key is not None and self.state() != QAbstractItemView.State.EditingState:
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self.opened.emit(key)
                return
            if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
                self.delete_asked.emit(key)
                return
        super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """A ring for the keyboard only; where no chat is open it stands on the first one."""
        self.setProperty("ring", by_keyboard(event.reason()))
        if self.currentIndex().data(ID) is None:
            rows = (self.model().index(row, 0) for row in range(self.model().rowCount()))
            first = next((index for index in rows if index.data(ID) is not None), None)
            if first is not None:
                self.selectionModel().setCurrentIndex(first, QItemSelectionModel.SelectionFlag.NoUpdate)
        super().focusInEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Mirrored with its window."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LayoutDirectionChange:
            self._make_room()

    def _make_room(self) -> None:
        """The bar stands in the margin, so that lines are as wide with it as without."""
        self.setViewportMargins(*keep_room(self))

    def _menu(self, index: QModelIndex, place: QPoint) -> None:
        colour = self._theme.colours.text
        key = index.data(ID)
        menu = QMenu(self)
        self._theme.dress_menu(menu)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(icon("edit", colour), tr("Rename")).triggered.connect(lambda: self.edit(index))
        menu.addAction(icon("trash", colour), tr("Delete")).triggered.connect(lambda: self.delete_asked.emit(key))
        menu.popup(place)

    def _chosen(self, index: QModelIndex) -> None:
        key = index.data(ID)
        if key is not None:
            self.opened.emit(key)

    def _restyle(self) -> None:
        self._theme.dress_bars(self)
        self.scheduleDelayedItemsLayout()
        self.viewport().update()
