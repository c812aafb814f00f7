"""What fits this computer best, at the first start: one model with its button, why, and why not the namesake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from mistral_desk.core.words import mark, tr
from mistral_desk.ui.downloads.words import duration
from mistral_desk.ui.fit import verdict as words
from mistral_desk.ui.fit.row import words_of
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.welcome.room import usual
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.flow import FlowLayout
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.panel import Panel
from mistral_desk.ui.widgets.sign import Sign
from mistral_desk.ui.widgets.tab_order import chain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtGui import QResizeEvent

    from mistral_desk.fit.advice import Offer, Variant
    from mistral_desk.fit.machine import Machine
    from mistral_desk.ui.downloads.get_button import GetButton
    from mistral_desk.ui.theme.theme import Theme

TITLE = mark("Runs best on this computer: {name}")
LOOKING = mark("Looking for what runs best on this computer…")
NOTHING = mark("No known model runs well on this computer. The Guide does.")
WELL = mark("Probably the most capable known model that runs well here: {file}.")
SLOW = mark("Probably the most capable known model that one can chat with here, if slowly: {file}.")
QUICKEST = mark("The quickest known one here: {file}.")
SMALLER = mark("Smaller, and so sooner here and lighter on memory: {file}.")
_CLEARLY: Final = 0.75
"""Of the size: what is hardly smaller is no other choice."""


class Recommendation(Panel):
    """`asked` with a model's id, or nothing: the person wants to see more of it, or all.

    `make` gives the button that gets it.
    """

    asked = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, parent, name=tr("What runs best here"))
        self.buttons: list[Button] = []
        self.get: GetButton | None = None
        self.smaller: Button | None = None
        self.make: Callable[[Variant, QWidget], GetButton | None] = lambda _variant, _parent: None
        self.line_speed: float | None = None
        """Bytes a second of earlier downloads."""
        self._offers: tuple[Offer, ...] = ()
        self._machine: Machine | None = None
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(SPACE[3], SPACE[3], SPACE[3], SPACE[3])
        self._row.setSpacing(SPACE[2])
        self._row.addWidget(Sign(theme, "models", 20, ink="accent", parent=self), 0, Qt.AlignmentFlag.AlignTop)
        self._body: QWidget | None = None
        _body, column = self._anew()
        column.addWidget(Label(theme, tr(LOOKING), ink="muted", wrap=True, parent=_body))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Room for what will be said is kept from the first: nothing below moves when it comes."""
        super().resizeEvent(event)
        inner = self.width() - 2 * SPACE[3] - SPACE[2] - round(20 * max(1.0, self._theme.text_size / 100))
        needed = 2 * SPACE[3] + usual(self._theme, inner, (tr(TITLE), tr(WELL)))
        if needed != self.minimumHeight():
            self.setMinimumHeight(needed)

    def show_offers(self, machine: Machine, offers: Sequence[Offer]) -> None:
        """The best of the ranking, once; what was shown before stays."""
        if self.buttons:
            return
        self._machine, self._offers = machine, tuple(offers)
        best = next((offer.variant for offer in offers if offer.role == "best"), None)
        self._show(best, first=True)

    def _show(self, shown: Variant | None, *, first: bool) -> None:
        body, column = self._anew()
        title = tr(TITLE, name=shown.name) if shown and first else shown and shown.name
        column.addWidget(Label(self._theme, title or tr(NOTHING), strong=True, wrap=True, parent=body))
        tools = QWidget(body)
        flow = FlowLayout(tools, spacing=SPACE[1])
        if shown is not None:
            column.addWidget(words_of(self._theme, shown, body, tags=False))
            text = SMALLER if not first else SLOW if shown.word == "slow" else WELL
            self._say(body, column, tr(text, file=words.file_words(shown)))
            self._say(body, column, words.answer_words(shown))
            if self.line_speed:
                time = duration(shown.bytes / self.line_speed)
                self._say(body, column, tr("It comes in {time}, at the speed of your last download.", time=time))
        elif (quickest := self._quickest()) is not None:
            self._say(body, column, tr(QUICKEST, file=f"{quickest.name}, {words.file_words(quickest)}"))
            self._say(body, column, words.answer_words(quickest))
        offered = shown or self._quickest()
        self.get = self.make(offered, tools) if offered is not None else None
        if self.get is not None:
            flow.addWidget(self.get)
            self.buttons.append(self.get)
        if first:
            self._namesake(body, column)
        less = self._less(shown)
        if less is not None:
            text = tr("Smaller: {name}", name=less.name)
            self.smaller = Button(self._theme, text, text=tr("Smaller"), kind="outline", parent=tools)
            self.smaller.setToolTip(text)
            self.smaller.clicked.connect(lambda: self._show(less, first=False))
            flow.addWidget(self.smaller)
            self.buttons.append(self.smaller)
        text = tr("See how all models run here")
        every = Button(self._theme, text, text=text, muted=True, parent=tools)
        every.clicked.connect(lambda: self.asked.emit(shown.model if shown else ""))
        flow.addWidget(every)
        self.buttons.append(every)
        column.addSpacing(SPACE[0])
        column.addWidget(tools)
        if not first and self.isVisible():
            chain(self)
            (self.get or every).setFocus(Qt.FocusReason.OtherFocusReason)

    def _namesake(self, body: QWidget, column: QVBoxLayout) -> None:
        """Why not the model that the program is named for."""
        found = next((offer.variant for offer in self._offers if offer.variant.model == words.NAMESAKE), None)
        if found is not None and not found.usable and self._machine is not None:
            self._say(body, column, words.claim_text(words.Verdict((found,), self._machine)), ink="text")

    def _quickest(self) -> Variant | None:
        """Where nothing runs well: what one waits for the least; nothing that the disk holds back."""
        found = (one.variant for one in self._offers if one.variant.repository and one.variant.sane)
        kept = [one for one in found if one.plan.fits and one.plan.speed and one.plan.speed.region != "disk"]
        return min(kept, key=lambda one: one.wait, default=None)

    def _less(self, than: Variant | None) -> Variant | None:
        """The best one that is clearly smaller and runs well."""
        if than is None:
            return None
        found = (offer.variant for offer in self._offers if offer.variant.repository)
        return next((one for one in found if one.usable and one.sane and one.bytes < than.bytes * _CLEARLY), None)

    def _say(self, body: QWidget, column: QVBoxLayout, sentence: str, *, ink: str = "muted") -> None:
        if sentence:
            column.addWidget(Label(self._theme, sentence, "small", ink=ink, wrap=True, parent=body))

    def _anew(self) -> tuple[QWidget, QVBoxLayout]:
        if self._body is not None:
            self._row.removeWidget(self._body)
            self._body.hide()
            self._body.deleteLater()
        self.buttons, self.get, self.smaller = [], None, None
        self._body = QWidget(self)
        column = QVBoxLayout(self._body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE[1])
        self._row.addWidget(self._body, 1, Qt.AlignmentFlag.AlignTop)
        self._body.show()
        return self._body, column
