"""The models: a browser, a page for each model, the comparison and the hub, with a way back from each.

What is inside is imported and made when it is first wanted: no start waits for what most starts never show.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QFrame, QScrollBar, QStackedWidget, QVBoxLayout, QWidget

from mistral_desk.catalog import facts
from mistral_desk.catalog.search import Wishes
from mistral_desk.core.words import mark, tr
from mistral_desk.ui.fit import verdict as words
from mistral_desk.ui.models.inside import Inside, kinds
from mistral_desk.ui.widgets.focus import turn_to

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from PySide6.QtGui import QShowEvent

    from mistral_desk.catalog.record import Record
    from mistral_desk.catalog.search import Fit, Index
    from mistral_desk.catalog.store import Catalogue
    from mistral_desk.fit.advice import Offer
    from mistral_desk.fit.machine import Machine
    from mistral_desk.ui.models.about.page import AboutPage
    from mistral_desk.ui.models.browse.hub import HubPage
    from mistral_desk.ui.models.browse.page import BrowsePage
    from mistral_desk.ui.models.browse.repository import RepositoryPage
    from mistral_desk.ui.models.compare.page import ComparePage
    from mistral_desk.ui.models.inside import Kind, SubPage
    from mistral_desk.ui.theme.theme import Theme

UNMEASURED = mark("This computer could not be looked at, so nothing is said about how models run here.")


@dataclass(frozen=True)
class Place:
    """Where one is: a model's page has its record's id, and the model whose verdict is shown where there are several;
    a repository's page has its name.

    `scroll` and `focus` are how it was left.
    """

    kind: Kind = "browse"
    record: str = ""
    member: str = ""
    scroll: int = 0
    focus: QWidget | None = None


class ModelsPage(QFrame):
    """Shows what it is given; signals go up to the door. Whoever wants something inside it while nobody has come to see
    it uses `when_made`.
    """

    chat_with = Signal(str)
    open_file = Signal()
    library = Signal()
    looked_for = Signal()
    """The list is wanted, for the first time: answer with `show_catalogue` and `show_offers`."""
    measure = Signal()
    """This computer is to be measured anew."""
    refresh = Signal()
    cancel = Signal()
    privacy = Signal()
    """The settings that hold *Work offline* are wanted."""
    asked = Signal(str, str)
    """A model's page is open: answer with `about.show_…`. The record's id, and one of its models or nothing."""
    compared = Signal(list)
    """These are to be compared: answer with `compare.show_records`."""
    advanced_opened = Signal(object)
    """An `Advanced` was unfolded: answer what it wishes."""
    searched = Signal(str)
    """The hub is to be asked for repositories with these words."""
    listed = Signal(str)
    """The files of this repository are wanted."""
    link = Signal(str)
    sheet = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(tr("Models"))
        self._theme = theme
        self._stack = QStackedWidget(self)
        self._made: Inside | None = None
        self._then: list[Callable[[], None]] = []
        self._history: list[Place] = [Place()]
        self._catalogue: Catalogue | None = None
        self._wanted = ""
        self._asked_for = False
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._stack)

    # --- what is inside -------------------------------------------------------------------------------

    @property
    def made(self) -> bool:
        """Whether anything is inside yet."""
        return self._made is not None

    def when_made(self, act: Callable[[], None]) -> None:
        """Do it as soon as something is inside; at once, where it is."""
        if self.made:
            act()
        else:
            self._then.append(act)

    @property
    def browse(self) -> BrowsePage:
        """The browser."""
        return self._inside.browse

    @property
    def about(self) -> AboutPage:
        """The page of one model."""
        return self._inside.model

    @property
    def compare(self) -> ComparePage:
        """Several beside each other."""
        return self._inside.compare

    @property
    def hub(self) -> HubPage:
        """The search on the hub."""
        return self._inside.hub

    @property
    def repository(self) -> RepositoryPage:
        """One repository of it."""
        return self._inside.repository

    @property
    def _inside(self) -> Inside:
        if self._made is None:
            self._made = self._make()
            then, self._then = self._then, []
            for act in then:
                act()
        return self._made

    def _make(self) -> Inside:
        made = Inside(*(kind(self._theme, self._stack) for kind in kinds()))  # type: ignore[arg-type]
        for page in made:
            self._stack.addWidget(page)
        self._connect(made)
        return made

    def _page(self, kind: Kind) -> SubPage:
        page: SubPage = getattr(self._inside, kind)
        return page

    # --- what is shown --------------------------------------------------------------------------------

    @property
    def place(self) -> Place:
        """Where one is."""
        return self._history[-1]

    def regions(self) -> list[QWidget]:
        """What F6 goes through."""
        return self._page(self.place.kind).regions()

    def show_catalogue(self, catalogue: Catalogue, index: Index) -> None:
        """These are the models; an open page of one of them is shown anew."""
        self._catalogue = catalogue
        self.browse.show_catalogue(catalogue, index)
        place = self.place
        if place.kind == "model":
            self.asked.emit(place.record, place.member)
        elif place.kind == "compare":
            self.compared.emit(list(self.browse.model.marked))
        if self._wanted:
            self.show_model(self._wanted)

    def show_expected(self, fits: Mapping[str, Fit]) -> None:
        """How models run here as far as it can be told before this computer was looked at, by their records' ids."""
        self.browse.show_expected(fits)

    def show_offers(self, machine: Machine | None, offers: Mapping[str, Offer], fits: Mapping[str, Fit]) -> None:
        """How models run on this computer, by their records' ids; without a computer it could not be found out."""
        self.browse.head.show_computer(words.computer_words(machine) if machine is not None else tr(UNMEASURED))
        self.browse.show_offers(offers, fits)

    # --- ways -------------------------------------------------------------------------------------------

    def show_model(self, model: str) -> None:
        """The page of a model, by its record's id or by one of the download facts; as soon as the list is there."""
        self._wanted = ""
        if self._catalogue is None:
            self._wanted = model
            return
        record, member = resolved(self._catalogue, model)
        if record is None:
            return
        here = self.place
        if here.kind == "model" and here.record == record.id:
            self._history[-1] = replace(here, member=member)
            self.asked.emit(record.id, member)
            return
        self._go(Place("model", record.id, member))
        self.asked.emit(record.id, member)
        self.about.area.verticalScrollBar().setValue(0)  # where it was shown before, it stands as it was left

    def show_comparison(self, records: Sequence[str]) -> None:
        """These beside each other; fewer than two are marked first, in the list."""
        for key in records:
            self.browse.mark_model(key, on=True)
        marked = list(self.browse.model.marked)
        if len(marked) < 2:
            self.show_list()
            return
        if self.place.kind != "compare":
            self._go(Place("compare"))
        self.compared.emit(marked)

    def show_hub(self, words: str = "") -> None:
        """The search on the hub; nothing is sent by that."""
        if words.strip():
            self.hub.search.setText(words.strip())
        if self.place.kind != "hub":
            self._go(Place("hub"))

    def show_repository(self, name: str) -> None:
        """The files of a repository of the hub."""
        self._go(Place("repository", name))
        self.listed.emit(name)

    def show_list(self) -> None:
        """The browser, as it was left."""
        if self.place.kind != "browse":
            self._history = self._history[:1]
            self._arrive()

    def to_list(self) -> bool:
        """To the browser from anywhere else in here; False where one is there."""
        if self.place.kind == "browse":
            return False
        self.show_list()
        return True

    def find_models(self) -> None:
        """The browser, with the keyboard in its search field."""
        self.show_list()
        self.browse.focus_search()

    def back(self) -> bool:
        """To where one was before; False where that was not here."""
        if self.place.kind == "browse" and self.browse.wishes.text and self.browse.head.search.hasFocus():
            self.browse.head.search.clear()
            return True
        if len(self._history) < 2:
            return False
        self._history.pop()
        self._arrive()
        return True

    def _go(self, place: Place) -> None:
        """To a new place; the one that is left is remembered as it is."""
        focus = QApplication.focusWidget()
        inside = focus if focus is not None and self.isAncestorOf(focus) else None
        kept = inside if self.place.kind == "browse" else None  # other pages are built anew, and their widgets are gone
        self._history[-1] = replace(self.place, scroll=self._scroll(), focus=kept)
        self._history.append(place)
        turn_to(self._stack, self._page(place.kind))
        self.regions()[0].setFocus(Qt.FocusReason.OtherFocusReason)

    def _arrive(self) -> None:
        """At a place where one was before."""
        place = self.place
        turn_to(self._stack, self._page(place.kind))
        if place.kind == "model":
            self.asked.emit(place.record, place.member)
        elif place.kind == "compare":
            self.compared.emit(list(self.browse.model.marked))
        elif place.kind == "repository" and self.repository.repository != place.record:
            self.listed.emit(place.record)
        focus = place.focus if place.focus is not None and place.focus.isVisibleTo(self) else self.regions()[0]
        focus.setFocus(Qt.FocusReason.OtherFocusReason)
        self._scroll_to(place)
        QTimer.singleShot(0, self, lambda: self._scroll_to(place))  # a page that was built anew has its height then

    def _scroll(self) -> int:
        kind = self.place.kind
        return 0 if kind == "compare" else self._bar(kind).value()

    def _scroll_to(self, place: Place) -> None:
        if self.place is place and place.kind != "compare":
            if place.scroll and place.kind == "model":
                self.about.finish()
            self._bar(place.kind).setValue(place.scroll)

    def _bar(self, kind: Literal["browse", "model", "hub", "repository"]) -> QScrollBar:
        inside = self._inside
        return {
            "browse": inside.browse.area,
            "model": inside.model.area,
            "hub": inside.hub.area,
            "repository": inside.repository.area,
        }[kind].verticalScrollBar()

    # --- Qt -----------------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        """The list is read when somebody comes to see it."""
        super().showEvent(event)
        _ = self._inside
        if not self._asked_for:
            self._asked_for = True
            self.looked_for.emit()

    def _connect(self, made: Inside) -> None:
        browse, about, compare, hub, repository = made
        head = browse.head
        head.chat_with.connect(self.chat_with)
        head.open_file.connect(self.open_file)
        head.library.connect(self.library)
        head.measure.connect(self.measure)
        head.cancel.connect(self.cancel)
        browse.refresh.connect(self.refresh)
        browse.opened.connect(self.show_model)
        browse.compare.connect(self.show_comparison)
        browse.sheet.connect(self.sheet)
        about.back.connect(self.back)
        about.open_model.connect(self.show_model)
        about.alternative.connect(self.show_model)
        about.member.connect(self.show_model)
        about.filter_tag.connect(self._tagged)
        about.compare.connect(lambda key: self.show_comparison([key]))
        about.link.connect(self.link)
        about.refresh.connect(self.refresh)
        about.cancel.connect(self.cancel)
        for page in (browse, about, hub, repository):
            page.privacy.connect(self.privacy)
        about.advanced_opened.connect(self.advanced_opened)
        browse.hub.connect(self.show_hub)
        hub.back.connect(self.back)
        hub.searched.connect(self.searched)
        hub.opened.connect(self.show_repository)
        repository.back.connect(self.back)
        repository.again.connect(lambda: self.listed.emit(self.place.record))
        compare.back.connect(self.back)
        compare.open_model.connect(self.show_model)
        compare.remove.connect(self._uncompare)
        compare.add.connect(self.show_list)
        for keys in QKeySequence.keyBindings(QKeySequence.StandardKey.Back):
            if keys != QKeySequence(Qt.Key.Key_Backspace):
                back = QShortcut(keys, self)
                back.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
                back.activated.connect(self.back)

    def _tagged(self, tag: str) -> None:
        self.show_list()
        self.browse.show_wishes(Wishes(tags=frozenset((tag,)), sort=self.browse.wishes.sort))
        self.browse.area.verticalScrollBar().setValue(0)

    def _uncompare(self, key: str) -> None:
        self.browse.mark_model(key, on=False)
        marked = list(self.browse.model.marked)
        if len(marked) < 2:
            self.show_list()
        else:
            self.compared.emit(marked)


def resolved(catalogue: Catalogue, model: str) -> tuple[Record | None, str]:
    """The record that an id is meant for, and the id of the download facts where it was one of these."""
    known = next((one for one in facts.models() if one.id == model), None)
    if (record := catalogue.get(model)) is not None:
        return record, known.id if known is not None and known.catalog == record.id else ""
    return (catalogue.get(known.catalog), known.id) if known is not None else (None, "")
