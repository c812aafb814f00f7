"""The cards as Qt's model: made of records when they come into sight, and kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QStringListModel, Qt

from mistral_desk.core.words import tr
from mistral_desk.ui.models.browse.card import CONTENT, card_of, verdict_means
from mistral_desk.ui.widgets.tip import plain_tip

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence, Set

    from mistral_desk.catalog.record import Record
    from mistral_desk.fit.advice import Offer
    from mistral_desk.ui.models.browse.card import Card

    _Index: TypeAlias = QModelIndex | QPersistentModelIndex

MOST: Final = 4
"""So many models can be compared."""


class CardsModel(QStringListModel):
    """`show` records; what is known of them besides is asked for when a card is made.

    Qt's own list of texts below it, because a view asks how many rows there are once for each row.
    """

    def __init__(self) -> None:
        super().__init__()
        self._records: Sequence[Record] = ()
        self._rows: dict[str, int] = {}
        self._cards: dict[str, Card] = {}
        self._offers: Mapping[str, Offer] = {}
        self._content: Callable[[str], bool | None] = lambda _id: None
        self._looking: Set[str] = frozenset()
        self._sort = "fit"
        self.marked: list[str] = []
        """Ids of what is to be compared, in the order in which it was marked."""

    def show(self, records: Sequence[Record], sort: str = "fit") -> None:
        """These, in this order; the cards say first what they are sorted by."""
        self._records = records
        self._rows.clear()
        self.setStringList([record.title for record in records])
        if sort != self._sort:
            self._sort = sort
            self._changed()

    def learn(
        self, offers: Mapping[str, Offer], content: Callable[[str], bool | None], looking: Set[str] = frozenset()
    ) -> None:
        """What is known of models by id: the best one here, whether the text is the published one, and of which it is
        still being found out how they run (`looking`). Cards are equally large whatever they say, so nothing moves.
        """
        self._offers, self._content, self._looking = offers, content, looking
        self._changed()

    def _changed(self) -> None:
        self._cards.clear()
        if self._records:
            self.dataChanged.emit(self.index(0), self.index(len(self._records) - 1))

    def mark_model(self, key: str, *, on: bool | None = None) -> bool:
        """Mark for the comparison, or no longer; False where it is one too many."""
        there = key in self.marked
        wanted = not there if on is None else on
        if wanted and not there:
            if len(self.marked) >= MOST:
                return False
            self.marked.append(key)
        elif there and not wanted:
            self.marked.remove(key)
        row = self.row_of(key)
        if row >= 0:
            self.dataChanged.emit(self.index(row), self.index(row))
        return True

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._records)

    def is_marked(self, row: int) -> bool:
        """Whether it is to be compared."""
        return self._records[row].id in self.marked

    def id_at(self, row: int) -> str:
        """The id of what stands there; empty where nothing does."""
        return self._records[row].id if 0 <= row < len(self._records) else ""

    def row_of(self, key: str) -> int:
        """Where it stands; -1 where it does not."""
        if not self._rows:
            self._rows.update((record.id, row) for row, record in enumerate(self._records))
        return self._rows.get(key, -1)

    def means(self, row: int) -> str:
        """What the words of its verdict mean."""
        return verdict_means(self._offers.get(self._records[row].id))

    def card(self, row: int) -> Card:
        """What stands there."""
        record = self._records[row]
        made = self._cards.get(record.id)
        if made is None:
            offer = self._offers.get(record.id)
            looking = record.id in self._looking
            made = card_of(record, offer, self._content(record.id), self._sort, looking=looking)
            self._cards[record.id] = made
        return made

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The title; for a screen reader all that the card says."""
        row = index.row()
        if not 0 <= row < len(self._records):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._records[row].title
        if role == Qt.ItemDataRole.AccessibleTextRole:
            said = self.card(row).spoken
            return tr("{card}. Marked to compare", card=said) if self._records[row].id in self.marked else said
        if role == Qt.ItemDataRole.ToolTipRole:
            card = self.card(row)
            content = "" if card.quiet else tr(CONTENT[card.content][2])
            return plain_tip("\n".join(one for one in (card.title, self.means(row), content) if one))
        if role == Qt.ItemDataRole.AccessibleDescriptionRole:
            return self.means(row) or None
        return None

    def flags(self, index: _Index) -> Qt.ItemFlag:
        """Nothing is written here."""
        return super().flags(index) & ~Qt.ItemFlag.ItemIsEditable
