"""The browser itself: what is wished for above, what was found below, and what is marked for the comparison.

Every keystroke searches anew, here on the window's thread: the index answers within milliseconds, and nothing is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from PySide6.QtCore import QEvent, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QBoxLayout, QVBoxLayout, QWidget

from mistral_desk.catalog.search import Wishes
from mistral_desk.core.words import mark, tr, trn
from mistral_desk.ui.models.browse.beginning import Beginning
from mistral_desk.ui.models.browse.cards import CardsModel
from mistral_desk.ui.models.browse.grid import Beyond, Grid
from mistral_desk.ui.models.browse.head import Head
from mistral_desk.ui.models.browse.instead import AsideSheet, Begin, Nothing, Trouble
from mistral_desk.ui.models.browse.marked import MarkedBar
from mistral_desk.ui.models.browse.source import Source, aside_words, count_words
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.column import ColumnArea
from mistral_desk.ui.widgets.focus import has_keyboard
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.saying import say
from mistral_desk.ui.widgets.tab_order import chain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PySide6.QtGui import QHideEvent, QResizeEvent

    from mistral_desk.catalog.search import Fit, Index
    from mistral_desk.catalog.store import Catalogue
    from mistral_desk.fit.advice import Offer
    from mistral_desk.ui.theme.theme import Theme

WIDEST: Final = 1180
"""Pixels at the system's text size: wider cards would be emptier ones."""
JUDGING: Final = mark("Finding out which models fit on this computer…")
FULL: Final = mark("Four models can be compared at once. Take one away first.")
FIND: Final = QKeySequence.StandardKey.Find
SETTLE_MS: Final = 600
"""After which a screen reader is told how many models were found: not at every letter."""


class BrowsePage(QWidget):
    """Shows what it is given; signals go up."""

    opened = Signal(str)
    compare = Signal(list)
    wished = Signal(object)
    """Other wishes hold: to be remembered."""
    sheet = Signal(object)
    hub = Signal(str)
    """The hub is to be searched; carries the words that stand in the search field."""
    refresh = Signal()
    closed_problem = Signal()
    privacy = Signal()

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._index: Index | None = None
        self._catalogue: Catalogue | None = None
        self._fits: Mapping[str, Fit] | None = None
        self._expected: Mapping[str, Fit] | None = None
        """Until this computer was looked at: the order in which the cards wait for their words."""
        self._standing: Mapping[str, Fit] | None = None
        """What was found out, in the order that somebody already reads; until something else is looked for."""
        self._offers: Mapping[str, Offer] = {}
        self._source = Source(reading=True)
        self._trouble: Trouble | None = None
        self._of = 0
        self.wishes = Wishes()
        self.model = CardsModel()
        self.area = ColumnArea(theme, self, widest=WIDEST)
        self.area.setAccessibleName(tr("Models"))
        self._holder = self.area.holder
        for ground in (
            self._holder.parentWidget() or self._holder,
            self._holder,
        ):  # they paint nothing: what stays in its place stays painted
            ground.setAttribute(Qt.WidgetAttribute.WA_StaticContents)
        self.head = Head(theme, self._holder)
        self.begin = Begin(theme, self._holder)
        self._beginning = Beginning(theme, self.head, self.begin, self)
        self.count = Label(theme, "", "small", ink="muted", parent=self._holder)
        self.aside = Button(
            theme, "", text="", kind="outline", step="small", small=True, muted=True, parent=self._holder
        )
        self.waiting = Label(theme, tr(JUDGING), ink="muted", wrap=True, parent=self._holder)
        self.beyond = Beyond(self._holder)
        self.grid = Grid(theme, self.model, self.beyond)
        self.beyond.put(self.grid)
        self.nothing = Nothing(theme, self._holder)
        self.bar = MarkedBar(theme, self)
        self._lay_out()
        self._connect()
        self._say = QTimer(self)
        self._say.setSingleShot(True)
        self._say.setInterval(SETTLE_MS)
        self._say.timeout.connect(self._announce)
        self.show_source(self._source)
        self._find()

    def regions(self) -> list[QWidget]:
        """What F6 goes through."""
        return [self.head.search, *([self.grid] if self.model.count else [])]

    # --- what is shown --------------------------------------------------------------------------------

    def show_catalogue(self, catalogue: Catalogue, index: Index) -> None:
        """These models; the search stays as it is, and so does the place."""
        self._catalogue, self._index = catalogue, index
        self._of = len(catalogue.records)
        facets = index.facets()
        self.head.filters.show_facets(facets)
        self.head.order.show_benchmarks([one.value for one in facets.benchmarks])
        for key in [key for key in self.model.marked if catalogue.get(key) is None]:
            self.model.mark_model(key, on=False)
        self._learn()
        self._show_marked()
        self._find()

    def show_expected(self, fits: Mapping[str, Fit]) -> None:
        """Before this computer was looked at: the cards stand there in this order, and their words are on their way."""
        if self._fits is None:
            self._expected = fits
            self._learn()
            self._find()

    def show_offers(self, offers: Mapping[str, Offer], fits: Mapping[str, Fit]) -> None:
        """How models run here, by their records' ids: none where it could not be found out. Cards that somebody sees
        already stay where they are, until something else is looked for or the person comes back.
        """
        before, self._expected = self._expected, None
        seen = self.isVisible() and self.model.count > 0
        self._standing = in_place(fits, before) if before is not None and seen else None
        self._fits, self._offers = fits, offers
        self._learn()
        self._find()

    def show_source(self, source: Source) -> None:
        """Where the list is from and what is happening with it."""
        self._source = source
        self.head.show_source(source)
        self._beginning.show_source(source)
        self.aside.setVisible(bool(source.aside))
        words = aside_words(len(source.aside))
        self.aside.set_label(words, words)
        self._show_trouble()
        chain(self._holder)

    def show_wishes(self, wishes: Wishes) -> None:
        """Search for this."""
        if self.head.search.text() != wishes.text:
            self.head.search.put(wishes.text)
        self._wish(wishes)

    def focus_search(self) -> None:
        """The keyboard goes to the search field, what is in it is selected."""
        self.area.verticalScrollBar().setValue(0)
        self.head.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.head.search.selectAll()

    def mark_model(self, key: str, *, on: bool | None = None) -> None:
        """Mark a model for the comparison, or no longer."""
        before = len(self.model.marked)
        if not self.model.mark_model(key, on=on):
            self.bar.tell(tr(FULL))
            say(self, tr(FULL))
            return
        self._show_marked()
        if (count := len(self.model.marked)) != before:
            say(self, trn("{n} marked", "{n} marked", count))

    def _learn(self) -> None:
        if self._catalogue is not None:
            self.model.learn(self._offers, self._catalogue.verified, frozenset(self._expected or ()))

    # --- what happens -----------------------------------------------------------------------------------

    def _connect(self) -> None:
        head, grid = self.head, self.grid
        head.search.textChanged.connect(self._typed)
        head.search.returnPressed.connect(self._to_cards)
        head.filters.changed.connect(self._filtered)
        head.filters.sheet.connect(self.sheet)
        head.order.chosen.connect(self._ordered)
        head.hub.connect(lambda: self.hub.emit(self.wishes.text))
        head.refresh.connect(self.refresh)
        head.resized.connect(self._make_room)
        self._beginning.wanted.connect(self.refresh)
        self._beginning.sheet.connect(self.sheet)
        self._beginning.left.connect(self._stay)
        self.nothing.wished.connect(self._take_back)
        self.aside.clicked.connect(self._show_aside)
        grid.opened.connect(self.opened)
        grid.mark_asked.connect(self.mark_model)
        grid.typed.connect(self._typed_at_cards)
        grid.in_sight.connect(self._bring_into_sight)
        self.bar.compare.connect(lambda: self.compare.emit(list(self.model.marked)))
        self.bar.cleared.connect(self._unmark)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """What could not be read stands below the count where there is no room beside it."""
        super().resizeEvent(event)
        need = self.count.sizeHint().width() + self.aside.sizeHint().width() + 3 * SPACE[4]
        beside, below = QBoxLayout.Direction.LeftToRight, QBoxLayout.Direction.TopToBottom
        self._counted.setDirection(beside if self.width() >= need else below)
        self._make_room()

    def _make_room(self) -> None:
        """A card is to be seen below what stands above the cards."""
        line = self.count.sizeHint().height() + SPACE[1] + SPACE[0]
        self._beginning.fit(self.area.height() - self._holder.y() - line - self.grid.gridSize().height())

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody reads: whoever comes back finds the order that holds."""
        super().hideEvent(event)
        if self._standing is not None:
            self._standing = None
            self._find()

    def event(self, event: QEvent) -> bool:
        """In here the keys for *Find* mean the models, whatever else the window finds with them."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and event.matches(FIND):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """*Find* goes to the search."""
        if event.matches(FIND):
            self.focus_search()
        else:
            super().keyPressEvent(event)

    def _typed(self, text: str) -> None:
        self._wish(msgspec.structs.replace(self.wishes, text=text))

    def _filtered(self, wishes: Wishes) -> None:
        self._wish(wishes)

    def _ordered(self, key: str, reverse: bool) -> None:
        self._wish(msgspec.structs.replace(self.wishes, sort=key, reverse=reverse))

    def _take_back(self, wishes: Wishes) -> None:
        """What was in the way of finding something is gone, and so is its button: the keyboard goes to the search."""
        self.show_wishes(wishes)
        self.head.search.setFocus(Qt.FocusReason.OtherFocusReason)

    def _typed_at_cards(self, letters: str) -> None:
        search = self.head.search
        search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.area.verticalScrollBar().setValue(0)
        search.setCursorPosition(len(search.text()))
        search.insert(letters)

    def _to_cards(self) -> None:
        """Enter in the search field goes to what was found."""
        if self.model.rowCount():
            self.grid.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _wish(self, wishes: Wishes) -> None:
        self.wishes = wishes
        self._find(anew=True)
        self._say.start()
        self.wished.emit(wishes)

    def _find(self, *, anew: bool = False) -> None:
        """Search; where the wishes are the old ones, the keyboard stays on its card."""
        self.head.filters.show_wishes(self.wishes)
        self.head.order.show_order(self.wishes.sort, reverse=self.wishes.reverse)
        current = "" if anew else self.grid.current()
        if anew:
            self._standing = None
        fits = next((one for one in (self._standing, self._fits, self._expected) if one is not None), None)
        waits = self._index is None or (fits is None and (self.wishes.sort == "fit" or self.wishes.fits_here))
        hits = () if self._index is None or waits else self._index.find(self.wishes, fits)
        self.model.show([hit.record for hit in hits], self.wishes.sort)
        row = self.model.row_of(current) if current else -1
        if row >= 0:
            self.grid.go_to(row, show=False)
        self.waiting.setVisible(waits and self._index is not None)  # else the head says what is waited for
        self.count.setText("" if waits else count_words(len(hits), self._of))
        self.nothing.setVisible(not waits and not hits)
        self.beyond.setVisible(bool(hits))
        if not hits and not waits:
            self.nothing.show_wishes(self.wishes)
            chain(self._holder)

    def _announce(self) -> None:
        if self.isVisible() and self.count.text():
            say(self, self.count.text())

    def _unmark(self) -> None:
        for key in tuple(self.model.marked):
            self.model.mark_model(key, on=False)
        self._show_marked()
        self.grid.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_marked(self) -> None:
        titles = self._catalogue.titles if self._catalogue else {}
        self.bar.show_marked([titles.get(key, key) for key in self.model.marked])

    def _show_aside(self) -> None:
        self.sheet.emit(AsideSheet(self._theme, self._source.aside, self.window()))

    def _stay(self) -> None:
        """What was pressed goes away: the keyboard stays beside it, at the button that says how far it is."""
        again = self.head.again_button
        (again if again.isVisibleTo(self) else self.head.search).setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_trouble(self) -> None:
        problem = self._source.problem
        if self._trouble is not None and self._trouble.problem is not problem:
            if has_keyboard(self._trouble):
                self._stay()
            self._above.removeWidget(self._trouble)
            self._trouble.hide()
            self._trouble.deleteLater()
            self._trouble = None
        if problem is not None and self._trouble is None:
            self._trouble = Trouble(self._theme, problem, self._holder)
            self._trouble.again.connect(self.refresh)
            self._trouble.privacy.connect(self.privacy)
            self._trouble.closed.connect(self.closed_problem)
            self._above.addWidget(self._trouble)

    # --- places -------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        column = self.area.column
        column.addWidget(self.head)
        column.addSpacing(SPACE[1])
        self._above = QVBoxLayout()
        self._above.setSpacing(SPACE[2])
        self._above.addWidget(self.begin)
        column.addLayout(self._above)
        line = self._counted = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        line.setSpacing(SPACE[0])
        line.addWidget(self.count, 1)
        line.addWidget(self.aside, 0, Qt.AlignmentFlag.AlignLeading)
        column.addSpacing(SPACE[1])
        column.addLayout(line)
        column.addSpacing(SPACE[0])
        column.addWidget(self.waiting)
        column.addWidget(self.beyond)
        column.addWidget(self.nothing)
        column.addStretch(1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self.area, 1)
        whole.addWidget(self.bar)
        chain(self._holder)

    def _bring_into_sight(self, cell: QRect) -> None:
        top = self.grid.mapTo(self._holder, cell.topLeft()).y() + self._holder.y()
        bar, room = self.area.verticalScrollBar(), self.area.viewport().height()
        if top < bar.value() + SPACE[0]:
            bar.setValue(top - SPACE[0])
        elif top + cell.height() > bar.value() + room:
            bar.setValue(top + cell.height() - room + SPACE[0])


def in_place(fits: Mapping[str, Fit], before: Mapping[str, Fit]) -> dict[str, Fit]:
    """What was found out, with the places that the models had before; new ones come last."""
    last = len(before)
    return {key: fit._replace(rank=before[key].rank if key in before else last + fit.rank) for key, fit in fits.items()}
