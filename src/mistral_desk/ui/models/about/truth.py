"""Claims and truth: the catalogue's words beside the files', each with its source, and how both can be true."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from mistral_desk.catalog.claims import About, in_words
from mistral_desk.catalog.store import PUBLISHER
from mistral_desk.core.words import mark, tr
from mistral_desk.ui.fit import verdict as words
from mistral_desk.ui.models.about.section import Section
from mistral_desk.ui.theme.tokens import RADIUS, SPACE
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.pairs import Pairs
from mistral_desk.ui.widgets.panel import Panel
from mistral_desk.ui.widgets.paragraph import Paragraph

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QPaintEvent

    from mistral_desk.catalog.claims import Claim
    from mistral_desk.catalog.record import Record
    from mistral_desk.ui.fit.verdict import Verdict
    from mistral_desk.ui.theme.theme import Theme

TITLE: Final = mark("Claims and truth")
INTRO: Final = mark("Here the catalog differs from the model's own files and card. Both are shown, with their sources.")
NEEDS: Final = mark("What the catalog says it needs")
BESIDE: Final = 440
"""Pixels at the system's text size from which both sides stand beside each other."""
ABOUT: Final[dict[About, str]] = {
    "memory": mark("Memory"),
    "context": mark("Context"),
    "parameters": mark("Parameters"),
    "license": mark("Licence"),
    "images": mark("Images"),
}


class Truth(Section):
    """With no difference it only says what the catalogue says about hardware."""

    def __init__(self, theme: Theme, record: Record, claims: Sequence[Claim], parent: QWidget) -> None:
        super().__init__(theme, tr(TITLE) if claims else tr(NEEDS), parent, note=tr(INTRO) if claims else "")
        self._record = record
        self.claims = tuple(claims)
        self.cards = [ClaimCard(theme, claim, self) for claim in claims]
        for card in self.cards:
            self.put(card)
        if record.hardware and not any(claim.about == "memory" for claim in claims):
            said = tr("“{words}”", words=record.hardware)
            line = Paragraph(theme, said, parent=self)
            line.setAccessibleName(record.hardware)
            self.put(line)
            self.tell(tr("Source: {source}", source=PUBLISHER))

    def show_verdict(self, verdict: Verdict) -> None:
        """How both can be true on this computer, where the verdict tells it."""
        for card in self.cards:
            if card.claim.about == "memory":
                claimed = dataclasses.replace(verdict, claim=card.claim.catalogue_says)
                bare = words.claim_text(dataclasses.replace(verdict, claim=""))
                said = words.claim_text(claimed)
                card.tell_here(said if said != bare else "")


class ClaimCard(Panel):
    """One difference: two sides, and one sentence that explains."""

    def __init__(self, theme: Theme, claim: Claim, parent: QWidget) -> None:
        name = tr(ABOUT[claim.about])
        super().__init__(theme, parent, name=name, radius=RADIUS)
        self.claim = claim
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE[3], SPACE[3], SPACE[3], SPACE[3])
        column.setSpacing(SPACE[2])
        column.addWidget(Label(theme, name, strong=True, parent=self))
        sides = Pairs(theme, self, beside=BESIDE, equal=True)
        says = tr("The catalog says"), tr("“{words}”", words=claim.catalogue_says), in_words(claim.catalogue_source)
        who = tr("The files say") if claim.about == "memory" else tr("The model itself says")
        are = who, in_words(claim.facts_say), in_words(claim.facts_source)
        sides.add(Side(theme, *says, sides), Side(theme, *are, sides, ours=True))
        column.addWidget(sides)
        self.note = Paragraph(theme, in_words(claim.note) if claim.note else "", loose=True, parent=self)
        self.note.setVisible(claim.note is not None)
        column.addWidget(self.note)

    def tell_here(self, text: str) -> None:
        """The same with this computer's own figures; empty leaves what holds everywhere."""
        general = in_words(self.claim.note) if self.claim.note else ""
        self.note.say(text or general)
        self.note.setVisible(bool(self.note.text()))


class Side(QFrame):
    """Who says it, what is said, and where it stands. What the files say has the stronger line."""

    def __init__(self, theme: Theme, who: str, what: str, source: str, parent: QWidget, *, ours: bool = False) -> None:
        super().__init__(parent)
        self._theme = theme
        self._ours = ours
        self.setAccessibleName(tr("{name}: {value}", name=who, value=what))
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE[3], SPACE[2], SPACE[3], SPACE[2])
        column.setSpacing(SPACE[0])
        column.addWidget(Label(theme, who, "small", ink="muted", wrap=True, parent=self))
        self.what = Paragraph(theme, what, "lead", strong=ours, parent=self)
        column.addWidget(self.what)
        column.addStretch(1)
        column.addWidget(Paragraph(theme, tr("Source: {source}", source=source), "small", ink="muted", parent=self))
        theme.changed.connect(self.update)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A surface of its own."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._theme.colour("border" if self._ours else "hairline"), 1))
        painter.setBrush(self._theme.colour("canvas"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)
        painter.end()
