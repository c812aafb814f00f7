"""The filters and the order, as chips that say what is on: what they change is a `Wishes`, which goes up."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Literal

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QFrame, QMenu, QWidget

from mistral_desk.catalog.search import Wishes
from mistral_desk.core.amounts import number
from mistral_desk.core.words import mark, tr, trn
from mistral_desk.ui.models.about.said import word
from mistral_desk.ui.models.browse.choose import ChooseSheet, Option
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.flow import FlowLayout
from mistral_desk.ui.widgets.popup import below, tick

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mistral_desk.catalog.search import Facets
    from mistral_desk.ui.theme.theme import Theme

Many = Literal["licenses", "modality", "providers", "tags"]
MANY: Final[dict[Many, str]] = {
    "licenses": mark("Licence"),
    "modality": mark("Text and images"),
    "providers": mark("Provider"),
    "tags": mark("Tags"),
}
"""Filters of which several values can be on at once, by their fields in `Wishes`."""
CONTEXTS: Final = (8_000, 32_000, 64_000, 128_000, 200_000, 1_000_000)
SIZES: Final[tuple[tuple[float | None, float | None], ...]] = (
    (None, 4.0), (None, 8.0), (None, 16.0), (None, 32.0), (None, 80.0), (80.0, None),
)  # fmt: skip
"""Least and most GB on the disk."""
ORDERS: Final = {
    "fit": mark("Fits here"),
    "date": mark("Newest"),
    "name": mark("Name"),
    "size": mark("Smallest file"),
}
BENCHMARK: Final = "benchmark:"


class Chip(Button):
    """A filter: its words, and what is on; the frame is filled where something is."""

    def __init__(self, theme: Theme, words: str, parent: QWidget, *, menu: bool) -> None:
        trail = "chevron-down" if menu else ""
        super().__init__(
            theme, words, text=words, trail=trail, kind="outline", step="small", small=True, round_=True, parent=parent
        )
        self.words_off = words
        self.setCheckable(True)
        self.set_ink("text")  # the accent on its own tint is faint in small letters

    def show_state(self, value: str, *, spoken: str = "") -> None:
        """What is on, in a few words; empty for nothing."""
        text = tr("{name}: {value}", name=self.words_off, value=value) if value else self.words_off
        self.setChecked(bool(value))
        self.set_label(text if not spoken else f"{text}: {spoken}", text)
        self.setToolTip(spoken)

    def nextCheckState(self) -> None:
        """What is shown is what is wished, never what was clicked."""


class Filters(QFrame):
    """`changed` carries the new `Wishes`. Sheets and menus open over the window."""

    changed = Signal(object)
    sheet = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._wishes = Wishes()
        self._facets: Facets | None = None
        self._shown = False
        self.setAccessibleName(tr("Filters"))
        flow = FlowLayout(self, spacing=SPACE[1])
        self.fits = self._switch(tr("Fits here"), "fits_here", on=True, off=False)
        self.many: dict[Many, Chip] = {}
        self.open = self._switch(tr("Open weights"), "open_weights", on=True, off=None)
        self.context = self._menu(tr("Context"), self._context_menu)
        self.bytes = self._menu(tr("Size"), self._size_menu)
        for which, words in MANY.items():
            self.many[which] = self._menu(tr(words), partial(self._choose, which))
        self.clear = Button(theme, tr("Clear all filters"), text=tr("Clear"), step="small", small=True, parent=self)
        self.clear.set_label(tr("Clear all filters"), tr("Clear"))
        self.clear.clicked.connect(lambda: self.changed.emit(without_filters(self._wishes)))
        order = (self.fits, self.many["licenses"], self.many["modality"], self.open, self.many["providers"],
                 self.many["tags"], self.context, self.bytes, self.clear)  # fmt: skip
        for one in order:
            flow.addWidget(one)
        for before, after in pairwise(order):
            QWidget.setTabOrder(before, after)
        self.show_wishes(self._wishes)

    def show_facets(self, facets: Facets) -> None:
        """What there is to choose from."""
        self._facets = facets

    def show_wishes(self, wishes: Wishes) -> None:
        """What is on."""
        before, self._wishes = self._wishes, wishes
        if self._shown and msgspec.structs.replace(before, text="") == msgspec.structs.replace(wishes, text=""):
            return
        self._shown = True
        self.fits.show_state(tr("on") if wishes.fits_here else "")
        self.open.show_state(tr("on") if wishes.open_weights else "")
        for which, chip in self.many.items():
            values = [shown(which, value) for value in sorted(getattr(wishes, which))]
            told = values[0] if values else ""
            if len(values) > 1:
                told = tr("{first} + {n}", first=told, n=number(len(values) - 1))
            chip.show_state(told, spoken=", ".join(values) if len(values) > 1 else "")
        self.context.show_state(context_words(wishes.least_context) if wishes.least_context else "")
        self.bytes.show_state(size_words(wishes.size) if wishes.size else "")
        self.clear.setEnabled(is_filtered(wishes))
        self.updateGeometry()

    # --- what opens -----------------------------------------------------------------------------------

    def _switch(self, words: str, field: str, *, on: bool, off: bool | None) -> Chip:
        chip = Chip(self._theme, words, self, menu=False)

        def turn() -> None:
            now = getattr(self._wishes, field)
            self._wish(**{field: off if now == on else on})

        chip.clicked.connect(turn)
        return chip

    def _menu(self, words: str, opens: Callable[[], None]) -> Chip:
        chip = Chip(self._theme, words, self, menu=True)
        chip.clicked.connect(opens)
        return chip

    def _wish(self, **changes: object) -> None:
        self.changed.emit(msgspec.structs.replace(self._wishes, **changes))

    def _choose(self, which: Many) -> None:
        counts = values_of(self._facets, which) if self._facets else {}
        now: frozenset[str] = frozenset(getattr(self._wishes, which))
        keys = [*counts, *(key for key in sorted(now) if key not in counts)]
        options = [Option(key, shown(which, key), counts.get(key, 0)) for key in keys]
        made = ChooseSheet(self._theme, tr(MANY[which]), options, now, self.window())
        made.chosen.connect(lambda chosen: self._wish(**{which: chosen}))
        self.sheet.emit(made)

    def _context_menu(self) -> None:
        choices = [(tr("Any"), None), *((context_words(least), least) for least in CONTEXTS)]
        self._one(self.context, choices, self._wishes.least_context, "least_context")

    def _size_menu(self) -> None:
        choices = [(tr("Any"), None), *((size_words(pair), pair) for pair in SIZES)]
        self._one(self.bytes, choices, self._wishes.size, "size")

    def _one(self, chip: Chip, choices: Sequence[tuple[str, object]], now: object, field: str) -> None:
        popup(self._theme, chip, choices, now, lambda value: self._wish(**{field: value}))


class Order(Button):
    """The button that says by what the cards are sorted, and its menu. `chosen` carries the key and which way."""

    chosen = Signal(str, bool)

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, tr("Sort"), text=tr("Sort"), trail="chevron-down", kind="outline", parent=parent)
        self._own = theme
        self._now = "fit"
        self._reverse = self._shown = False
        self._benchmarks: Sequence[str] = ()
        self.setToolTip(tr("The order of the models"))
        self.clicked.connect(self._open)

    def show_order(self, key: str, *, reverse: bool) -> None:
        """What holds."""
        if (key, reverse) == (self._now, self._reverse) and self._shown:
            return
        self._now, self._reverse, self._shown = key, reverse, True
        text = tr("Sort: {order}", order=order_words(key))
        self.set_label(tr("{order}, reversed", order=text) if reverse else text, text)

    def show_benchmarks(self, names: Sequence[str]) -> None:
        """The benchmarks that there are."""
        self._benchmarks = tuple(names)

    def _open(self) -> None:
        keys = [*ORDERS, *(BENCHMARK + name for name in self._benchmarks)]
        if self._now not in keys:
            keys.append(self._now)
        choices = [(order_words(key), key) for key in keys]
        menu = popup(
            self._own, self, choices, self._now, lambda key: self.chosen.emit(str(key), self._reverse), pop=False
        )
        menu.addSeparator()
        turn = menu.addAction(tr("Reverse the order"))
        tick(self._own, turn, on=self._reverse)
        turn.triggered.connect(lambda on: self.chosen.emit(self._now, on))
        below(menu, self)


def popup(
    theme: Theme,
    button: QWidget,
    choices: Sequence[tuple[str, object]],
    now: object,
    choose: Callable[[object], None],
    *,
    pop: bool = True,
) -> QMenu:
    """A menu below a button of which one line holds; another one calls `choose` with what it stands for."""
    menu = QMenu(button)
    theme.dress_menu(menu)
    group = QActionGroup(menu)
    for words, value in choices:
        action = QAction(words.replace("&", "&&"), menu)  # one alone would be taken for a shortcut
        tick(theme, action, on=value == now)
        action.triggered.connect(lambda _on=False, value=value: choose(value))
        group.addAction(action)
        menu.addAction(action)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    if pop:
        below(menu, button)
    return menu


# --- words ------------------------------------------------------------------------------------------------


def shown(which: Many, key: str) -> str:
    """A value as it is read: words of the catalogue in the person's language, names as they are."""
    return word(key) if which == "modality" else key


def values_of(facets: Facets, which: Many) -> Mapping[str, int]:
    """The values that there are, with how many models have each."""
    found = {
        "licenses": facets.licenses,
        "modality": facets.modalities,
        "providers": facets.providers,
        "tags": facets.tags,
    }
    return {one.value: one.count for one in found[which]}


def context_words(least: int) -> str:
    """*at least 32 000 tokens*."""
    return trn("at least {n} token", "at least {n} tokens", least)


def size_words(pair: tuple[float | None, float | None]) -> str:
    """*up to 16 GB*, *over 80 GB*."""
    least, most = pair
    if most is None:
        return tr("over {number} GB", number=number(least or 0))
    if not least:
        return tr("up to {number} GB", number=number(most))
    return tr("{least} to {most} GB", least=number(least), most=number(most))


def order_words(key: str) -> str:
    """By what is sorted."""
    if key.startswith(BENCHMARK):
        return word(key.removeprefix(BENCHMARK))
    return tr(ORDERS.get(key, key))


def is_filtered(wishes: Wishes) -> bool:
    """Whether any filter is on."""
    return without_filters(wishes) != wishes


def without_filters(wishes: Wishes) -> Wishes:
    """The same search in the same order, without filters."""
    return Wishes(text=wishes.text, sort=wishes.sort, reverse=wishes.reverse)


def each_filter(wishes: Wishes) -> list[tuple[str, Wishes]]:
    """The words of every filter that is on, and the wishes without it: what can be taken back."""
    found: list[tuple[str, Wishes]] = []

    def add(words: str, **changes: object) -> None:
        found.append((words, msgspec.structs.replace(wishes, **changes)))

    if wishes.text.strip():
        add(tr("“{words}”", words=wishes.text.strip()), text="")
    if wishes.fits_here:
        add(tr("Fits here"), fits_here=False)
    if wishes.open_weights is not None:
        add(tr("Open weights"), open_weights=None)
    for which, name in MANY.items():
        values: frozenset[str] = getattr(wishes, which)
        if values:
            told = ", ".join(shown(which, value) for value in sorted(values))
            add(tr("{name}: {value}", name=tr(name), value=told), **{which: frozenset()})
    if wishes.least_context:
        add(tr("{name}: {value}", name=tr("Context"), value=context_words(wishes.least_context)), least_context=None)
    if wishes.size:
        add(tr("{name}: {value}", name=tr("Size"), value=size_words(wishes.size)), size=None)
    return found
