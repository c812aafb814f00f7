"""The list of conversations as data: days as headings, titles as lines, and which of them are chosen."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from mistral_desk.chat.titles import called
from mistral_desk.core.words import tr
from mistral_desk.ui.sidebar.days import groups
from mistral_desk.ui.sidebar.steps import Step, steps
from mistral_desk.ui.widgets.tip import plain_tip

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mistral_desk.chat.message import Conversation

Index = QModelIndex | QPersistentModelIndex
ID: Final = Qt.ItemDataRole.UserRole
BUSY: Final = Qt.ItemDataRole.UserRole + 1
OPEN: Final = Qt.ItemDataRole.UserRole + 2
CHOSEN: Final = Qt.ItemDataRole.UserRole + 3
PINNED: Final = Qt.ItemDataRole.UserRole + 4
_PARENT: Final = QModelIndex()


class ChatsModel(QAbstractListModel):
    """Headings (plain strings) and conversations, in the order of the list.

    While it is `choosing`, lines can be chosen to do something with several of them at once.
    """

    renamed = Signal(int, str)
    more_wanted = Signal()
    """Somebody comes near the end, and there are more conversations."""
    choice = Signal()
    """Another choice, or no more choosing."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[str | Conversation] = []
        self._all: Sequence[Conversation] = ()
        self._places: dict[int, int] = {}
        self._busy: frozenset[int] = frozenset()
        self._open: int | None = None
        self._more = self._asked = False
        self._chosen: set[int] = set()
        self.choosing = False

    # --- what there is ------------------------------------------------------------------------------

    def show(self, conversations: Sequence[Conversation], *, more: bool = False) -> None:
        """Show these; with `more` there are others behind them."""
        self._all, self._more, self._asked = conversations, more, False
        self.regroup()
        gone = self._chosen - self._places.keys()
        if gone:
            self._chosen -= gone
            self.choice.emit()

    def regroup(self) -> None:
        """Another day may have begun."""
        rows: list[str | Conversation] = []
        for name, members in groups(self._all, datetime.now().astimezone()):
            rows += [name, *members]
        old = self._rows
        if rows == old:
            return
        if rows[: len(old)] == old:  # one more page
            first = len(old)
            self._go(Step("insert", first, len(rows) - first), rows)
            new = enumerate(rows[first:], first)
            self._places.update((row.id, number) for number, row in new if not isinstance(row, str))
            return
        way = steps([_key(row) for row in old], [_key(row) for row in rows])
        if way is None:
            self.beginResetModel()
            self._rows = rows
            self.endResetModel()
        else:
            for step in way:
                self._go(step, rows)
            before = {row.id: row for row in old if not isinstance(row, str)}
            for number, row in enumerate(rows):
                if not isinstance(row, str) and before.get(row.id, row) != row:
                    self._rows[number] = row
                    self.dataChanged.emit(self.index(number), self.index(number))
        self._places = {row.id: number for number, row in enumerate(self._rows) if not isinstance(row, str)}

    def _go(self, step: Step, rows: Sequence[str | Conversation]) -> None:
        if step.kind == "remove":
            self.beginRemoveRows(_PARENT, step.at, step.at + step.lines - 1)
            del self._rows[step.at : step.at + step.lines]
            self.endRemoveRows()
        elif step.kind == "insert":
            self.beginInsertRows(_PARENT, step.at, step.at + step.lines - 1)
            self._rows[step.at : step.at] = rows[step.at : step.at + step.lines]
            self.endInsertRows()
        else:
            self.beginMoveRows(_PARENT, step.source, step.source, _PARENT, step.at)
            self._rows.insert(step.at, self._rows.pop(step.source))
            self.endMoveRows()

    def set_busy(self, busy: frozenset[int]) -> None:
        """Mark the conversations that are being answered."""
        if busy != self._busy:
            changed, self._busy = self._busy ^ busy, busy
            self._tell(changed, BUSY)

    def set_open(self, conversation: int | None) -> None:
        """Mark the conversation that is open."""
        if conversation != self._open:
            changed = {key for key in (conversation, self._open) if key is not None}
            self._open = conversation
            self._tell(changed, OPEN)

    def index_of(self, conversation: int | None) -> QModelIndex:
        """Where a conversation stands; an invalid index when it does not."""
        row = self._places.get(conversation) if conversation is not None else None
        return QModelIndex() if row is None else self.index(row)

    def conversation(self, key: int) -> Conversation | None:
        """A conversation of the list."""
        row = self._places.get(key)
        found = None if row is None else self._rows[row]
        return None if isinstance(found, str) else found

    # --- choosing -----------------------------------------------------------------------------------

    @property
    def chosen(self) -> tuple[int, ...]:
        """What is chosen, in the order of the list."""
        return tuple(sorted(self._chosen, key=lambda key: self._places.get(key, -1)))

    def choose(self, keys: Iterable[int], *, on: bool = True) -> None:
        """Choose these besides what is chosen, or leave them out; choosing begins with it."""
        wanted = {key for key in keys if key in self._places}
        changed = wanted - self._chosen if on else wanted & self._chosen
        self._chosen ^= changed
        self._begin()
        self._tell(changed, CHOSEN)
        self.choice.emit()

    def toggle(self, key: int) -> None:
        """Choose one, or leave it out."""
        self.choose([key], on=key not in self._chosen)

    def choose_between(self, one: int, other: int) -> None:
        """All from one to another, whichever stands above."""
        places = [self._places.get(key) for key in (one, other)]
        ends = [place for place in places if place is not None]
        if ends:
            between = self._rows[min(ends) : max(ends) + 1]
            self.choose(row.id for row in between if not isinstance(row, str))

    def choose_all(self) -> None:
        """All that are in the list."""
        self.choose(self._places)

    def end_choosing(self) -> None:
        """Nothing is chosen any more."""
        if self.choosing:
            self.choosing = False
            self._chosen = set()
            self._tell_all()
            self.choice.emit()

    def _begin(self) -> None:
        if not self.choosing:
            self.choosing = True
            self._tell_all()

    # --- Qt -----------------------------------------------------------------------------------------

    def rowCount(self, parent: Index | None = None) -> int:
        """Headings and conversations."""
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def canFetchMore(self, parent: Index) -> bool:
        """Whether there are more that were not asked for."""
        return not parent.isValid() and self._more and not self._asked

    def fetchMore(self, parent: Index) -> None:
        """They come with the next `show`."""
        if self.canFetchMore(parent):
            self._asked = True
            self.more_wanted.emit()

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Title, id, and what is so with it; None as id marks a heading."""
        row = self._rows[index.row()]
        if isinstance(row, str):
            return row if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole) else None
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return called(row.title)
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(called(row.title))
        if role == ID:
            return row.id
        if role == BUSY:
            return row.id in self._busy
        if role == OPEN:
            return row.id == self._open
        if role == CHOSEN:
            return row.id in self._chosen
        if role == PINNED:
            return row.pinned
        if role == Qt.ItemDataRole.CheckStateRole and self.choosing:
            return Qt.CheckState.Checked if row.id in self._chosen else Qt.CheckState.Unchecked
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self._spoken(row)
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Headings cannot be chosen."""
        if not index.isValid() or isinstance(self._rows[index.row()], str):
            return Qt.ItemFlag.ItemIsEnabled
        chosen = Qt.ItemFlag.ItemIsUserCheckable if self.choosing else Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEditable | chosen

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """A new title goes up; the list is shown anew when it is stored."""
        key = self.data(index, ID)
        title = " ".join(str(value).split())
        if role != Qt.ItemDataRole.EditRole or key is None or not title or title == self.data(index):
            return False
        self.renamed.emit(key, title)
        return True

    def _spoken(self, row: Conversation) -> str:
        words = called(row.title)
        if row.id in self._busy:
            words = tr("{title}, answering", title=words)
        if row.id in self._chosen:
            words = tr("{title}, chosen", title=words)
        return words

    def _tell(self, keys: Iterable[int], role: int) -> None:
        for key in keys:
            index = self.index_of(key)
            if index.isValid():
                self.dataChanged.emit(index, index, [role])

    def _tell_all(self) -> None:
        if self._rows:
            self.dataChanged.emit(self.index(0), self.index(len(self._rows) - 1))


def _key(row: str | Conversation) -> str | int:
    return row if isinstance(row, str) else row.id
