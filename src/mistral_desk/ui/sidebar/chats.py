"""The list of conversations on the screen: what the mouse and the keyboard do with its lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QItemSelectionModel, QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QListView, QWidget

from mistral_desk.core.words import tr
from mistral_desk.ui.sidebar.model import ID
from mistral_desk.ui.sidebar.rows import RowDelegate
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.column import BarRoom
from mistral_desk.ui.widgets.focus import by_keyboard

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QFocusEvent, QMouseEvent, QResizeEvent

    from mistral_desk.chat.message import Conversation
    from mistral_desk.ui.sidebar.model import ChatsModel
    from mistral_desk.ui.theme.theme import Theme

_NONE: Final = QItemSelectionModel.SelectionFlag.NoUpdate
_ENTER: Final = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_DELETE: Final = (Qt.Key.Key_Delete, Qt.Key.Key_Backspace)
_TO_CHOOSE: Final = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
AHEAD: Final = 3
"""Heights of the list before its end at which more is fetched."""


class ChatsView(QListView):
    """The list itself. Its accessible name is *Chats*."""

    opened = Signal(int)
    delete_asked = Signal(tuple)
    """These conversations, by their ids."""
    menu_asked = Signal(tuple, QPoint)
    """What can be done with these, at this place of the screen."""

    def __init__(self, theme: Theme, model: ChatsModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.chats = model
        self._anchor: int | None = None
        self._took = False
        self.setModel(model)
        self.setItemDelegate(RowDelegate(theme, self))
        self.setAccessibleName(tr("Chats"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)  # what is open and chosen: see the model
        self.setUniformItemSizes(True)
        self.viewport().setAutoFillBackground(False)
        self.setProperty("ring", False)
        self.more = Button(theme, tr("More"), icon="more", small=True, muted=True, parent=self.viewport())
        self.more.clicked.connect(self._more_clicked)
        self.more.hide()
        self._row = -1
        self.setTabOrder(self, self.more)
        self.clicked.connect(self._clicked)
        self.activated.connect(self._clicked)
        self.entered.connect(lambda _index: self._place_button())
        model.rowsRemoved.connect(self._place_button)
        model.choice.connect(self._place_button)
        self.verticalScrollBar().valueChanged.connect(self._scrolled)
        BarRoom(self, self.setViewportMargins)
        theme.changed.connect(self._restyle)
        theme.dress_bars(self)

    # --- showing ------------------------------------------------------------------------------------

    def show_chats(self, conversations: Sequence[Conversation], *, more: bool) -> None:
        """Show these; what is looked at and where the keyboard is stay."""
        bar, here = self.verticalScrollBar(), self.currentIndex().data(ID)
        seen = self._seen() if bar.value() > 0 else None
        self.chats.show(conversations, more=more)
        if here is not None and self.currentIndex().data(ID) != here:
            self.go_to(here)
        stays = seen is not None and self.chats.conversation(seen[0].id) == seen[0]
        if seen is not None and stays:
            now = self.visualRect(self.chats.index_of(seen[0].id)).top()
            bar.setValue(bar.value() + now - seen[1])
        self._place_button()

    def set_open(self, conversation: int | None) -> None:
        """Mark the conversation that is open; the keyboard goes there, unless it is in the list."""
        self.chats.set_open(conversation)
        index = self.chats.index_of(conversation)
        model = self.selectionModel()
        if index.isValid():
            model.select(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
            if not self.hasFocus():
                self.go_to(conversation)
        else:
            model.clearSelection()

    def go_to(self, conversation: int | None) -> None:
        """The keyboard's line is this one."""
        self.selectionModel().setCurrentIndex(self.chats.index_of(conversation), _NONE)

    def go_near(self, row: int) -> None:
        """The keyboard's line is the conversation that stands there, else the nearest one."""
        count = self.chats.rowCount()
        for step in range(count + 1):
            for place in (row + step, row - step):
                if 0 <= place < count and (key := self.chats.index(place).data(ID)) is not None:
                    self.go_to(key)
                    return

    def rename(self, conversation: int) -> None:
        """Its title can be written over."""
        index = self.chats.index_of(conversation)
        if index.isValid():
            self.go_to(conversation)
            self.edit(index)

    def _seen(self) -> tuple[Conversation, int] | None:
        """The first conversation that is seen, and where."""
        row = max(0, self.indexAt(QPoint(SPACE[1], 1)).row())
        for number in range(row, self.chats.rowCount()):
            index = self.chats.index(number)
            key = index.data(ID)
            found = None if key is None else self.chats.conversation(key)
            if found is not None:
                return found, self.visualRect(index).top()
        return None

    # --- the button of a line -----------------------------------------------------------------------

    @property
    def row_of_button(self) -> int:
        """The line on which the button stands; -1 for none."""
        return self._row if self.more.isVisible() else -1

    def room_for_button(self, row: int) -> int:
        """Pixels that it takes from a line's words."""
        return self.more.width() - SPACE[0] if row == self.row_of_button else 0

    def _place_button(self, *_what: object) -> None:
        """On the line below the pointer, else on the keyboard's while that is in the list; else nowhere."""
        index = QModelIndex()
        if not self.chats.choosing and self.state() != QAbstractItemView.State.EditingState:
            if self.more.hasFocus():
                index = self.currentIndex()
            elif self.viewport().underMouse():
                index = self.indexAt(self.viewport().mapFromGlobal(self.cursor().pos()))
            if index.data(ID) is None and self.hasFocus() and self.property("ring"):
                index = self.currentIndex()
        key = index.data(ID)
        self._row = -1 if key is None else index.row()
        if key is not None:
            line, size = self.visualRect(index), self.more.sizeHint()
            x = line.left() + 2 if self.isRightToLeft() else line.right() - size.width() - 1
            self.more.setGeometry(x, line.center().y() - size.height() // 2 + 1, size.width(), size.height())
            self.more.set_label(tr("More about {title}", title=index.data()))
        self.more.setVisible(key is not None)
        self.viewport().update()

    def _more_clicked(self) -> None:
        key = self.chats.index(self._row).data(ID) if self._row >= 0 else None
        if key is not None:
            self.go_to(key)
            place = QPoint(0 if self.isRightToLeft() else self.more.width(), self.more.height() + 2)
            self.menu_asked.emit((key,), self.more.mapToGlobal(place))

    # --- mouse and keys -----------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """With Ctrl or Shift, and while one chooses, a click chooses; else it opens."""
        index = self.indexAt(event.position().toPoint())
        key = index.data(ID)
        chooses = self.chats.choosing or bool(event.modifiers() & _TO_CHOOSE)
        self._took = key is not None and chooses and event.button() == Qt.MouseButton.LeftButton
        if not self._took:
            super().mousePressEvent(event)
            return
        self._choose(key, to_here=bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """What chose does not open."""
        if self._took:
            self._took = False
            return
        super().mouseReleaseEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """What can be done with a conversation, or with all that are chosen."""
        by_mouse = event.reason() == QContextMenuEvent.Reason.Mouse
        index = self.indexAt(event.pos()) if by_mouse else self.currentIndex()
        key = index.data(ID)
        if key is None:
            return
        place = event.globalPos()
        if not by_mouse:
            self.scrollTo(index)
            place = self.viewport().mapToGlobal(self.visualRect(index).bottomLeft() + QPoint(SPACE[1], 0))
        self.menu_asked.emit(self._meant(key), place)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter opens, Delete deletes, Space chooses while one chooses; F2 renames by itself."""
        key = self.currentIndex().data(ID)
        if key is None or self.state() == QAbstractItemView.State.EditingState:
            super().keyPressEvent(event)
        elif event.key() in _ENTER and not self.chats.choosing:
            self.opened.emit(key)
        elif event.key() in _DELETE:
            self.delete_asked.emit(self._meant(key))
        elif event.key() in (*_ENTER, Qt.Key.Key_Space) and (self.chats.choosing or event.modifiers() & _TO_CHOOSE):
            self._choose(key, to_here=bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
        elif event.key() == Qt.Key.Key_A and event.modifiers() == Qt.KeyboardModifier.ControlModifier:
            self.chats.choose_all()
        else:
            self._move(event, key)
        self._place_button()

    def _move(self, event: QKeyEvent, key: int) -> None:
        """The arrow keys; with Shift they choose what they pass."""
        super().keyPressEvent(event)
        now = self.currentIndex().data(ID)
        if now is not None and now != key and event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._anchor = self._anchor if self.chats.choosing and self._anchor is not None else key
            self.chats.choose_between(self._anchor, now)

    def event(self, event: QEvent) -> bool:
        """In the list F2 is for the line of the keyboard."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            choose_all = event.key() == Qt.Key.Key_A and event.modifiers() == Qt.KeyboardModifier.ControlModifier
            if (event.key() == Qt.Key.Key_F2 and self.currentIndex().data(ID) is not None) or choose_all:
                event.accept()
                return True
        return super().event(event)

    def viewportEvent(self, event: QEvent) -> bool:
        """The pointer leaves."""
        known = super().viewportEvent(event)
        if event.type() in (QEvent.Type.Leave, QEvent.Type.HoverMove):
            self._place_button()
        return known

    def focusInEvent(self, event: QFocusEvent) -> None:
        """A ring for the keyboard only; where no chat is open it stands on the first one."""
        self.setProperty("ring", by_keyboard(event.reason()))
        if self.currentIndex().data(ID) is None:
            rows = (self.chats.index(row) for row in range(self.chats.rowCount()))
            first = next((index for index in rows if index.data(ID) is not None), None)
            if first is not None:
                self.selectionModel().setCurrentIndex(first, _NONE)
        super().focusInEvent(event)
        self._place_button()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """The button goes with the keyboard, unless it takes that over."""
        super().focusOutEvent(event)
        if event.reason() != Qt.FocusReason.TabFocusReason:
            self._place_button()

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab comes to the button of the line where the keyboard is."""
        if forward and self.hasFocus() and self.more.isVisible() and self.currentIndex().row() == self._row:
            self.more.setFocus(Qt.FocusReason.TabFocusReason)
            return True
        return super().focusNextPrevChild(forward)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The button stands at the end of its line."""
        super().resizeEvent(event)
        self._place_button()

    def changeEvent(self, event: QEvent) -> None:
        """Mirrored with its window."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LayoutDirectionChange:
            self._place_button()

    def _choose(self, key: int, *, to_here: bool) -> None:
        self.go_to(key)
        before = self._anchor if self._anchor is not None and self.chats.choosing else self._open_one()
        if to_here and before is not None:
            self.chats.choose_between(before, key)
            return
        self._anchor = key
        self.chats.toggle(key)

    def _open_one(self) -> int | None:
        marked = self.selectionModel().selectedIndexes()
        return marked[0].data(ID) if marked else None

    def _meant(self, key: int) -> tuple[int, ...]:
        """All that are chosen, where this one is among them; else this one."""
        chosen = self.chats.chosen
        return chosen if key in chosen else (key,)

    def _clicked(self, index: QModelIndex) -> None:
        key = index.data(ID)
        if key is not None and not self.chats.choosing:
            self.opened.emit(key)

    def _scrolled(self, value: int) -> None:
        self._place_button()
        bar = self.verticalScrollBar()
        if value > bar.maximum() - AHEAD * self.viewport().height():
            self.chats.fetchMore(QModelIndex())

    def _restyle(self) -> None:
        self._theme.dress_bars(self)
        self.scheduleDelayedItemsLayout()
        self.viewport().update()
        self._place_button()
