"""What fits this computer best, at the first start: one model, one line on why, and why not the namesake."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from mistral_desk.core.words import mark, tr
from mistral_desk.ui.fit import verdict as words
from mistral_desk.ui.fit.row import words_of
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.panel import Panel
from mistral_desk.ui.widgets.sign import Sign

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mistral_desk.fit.advice import Offer
    from mistral_desk.fit.machine import Machine
    from mistral_desk.ui.theme.theme import Theme

LOOKING = mark("Looking for what runs best on this computer…")
NOTHING = mark("No known model runs well on this computer. The Guide does.")
WELL = mark("Probably the most capable known model that runs well here: {file}.")
SLOW = mark("Probably the most capable known model that one can chat with here, if slowly: {file}.")
LATER = mark("Downloading comes in a later version; a file that you have can be opened now.")


class Recommendation(Panel):
    """`asked` with a model's id: the person wants to see more of it."""

    asked = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, parent, name=tr("What runs best here"))
        self.buttons: list[Button] = []
        self._title = Label(theme, tr(LOOKING), ink="muted", wrap=True, parent=self)
        self._words = QVBoxLayout()
        self._words.setSpacing(SPACE[1])
        self._words.addWidget(self._title)
        row = QHBoxLayout(self)
        row.setContentsMargins(SPACE[3], SPACE[3], SPACE[3], SPACE[3])
        row.setSpacing(SPACE[2])
        row.addWidget(Sign(theme, "models", 20, ink="accent", parent=self), 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(self._words, 1)

    def show_offers(self, machine: Machine, offers: Sequence[Offer]) -> None:
        """The best of the ranking, once; what was shown before stays."""
        if self.buttons:
            return
        best = next((offer.variant for offer in offers if offer.role == "best"), None)
        if best is None:
            self._title.setText(tr(NOTHING))
        else:
            self._title.setText(tr("Runs best on this computer: {name}", name=best.name))
            self._words.addWidget(words_of(self._theme, best, self, tags=False))
            self._say(tr(SLOW if best.word == "slow" else WELL, file=words.file_words(best)))
            self._say(words.answer_words(best))
        self._title.set_ink("text")
        self._title.set_strong()
        namesake = next((offer.variant for offer in offers if offer.variant.model == words.NAMESAKE), None)
        if namesake is not None and not namesake.usable:
            self._say(words.claim_text(words.Verdict((namesake,), machine)), ink="text")
        self._say(tr(LATER))
        text = tr("See how all models run here")
        button = Button(self._theme, text, text=text, kind="outline", parent=self)
        button.clicked.connect(lambda: self.asked.emit(best.model if best else words.NAMESAKE))
        self._words.addSpacing(SPACE[0])
        self._words.addWidget(button, 0, Qt.AlignmentFlag.AlignLeading)
        self.buttons.append(button)

    def _say(self, *sentences: str, ink: str = "muted") -> None:
        for sentence in sentences:
            if sentence:
                self._words.addWidget(Label(self._theme, sentence, "small", ink=ink, wrap=True, parent=self))
