"""The head of a model's page: who made it, what it is, its dates, and what is verified by whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtWidgets import QVBoxLayout, QWidget

from mistral_desk.catalog.search import licensed, modalities
from mistral_desk.catalog.store import PUBLISHER
from mistral_desk.core.words import mark, tr
from mistral_desk.ui.models.about import said
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.explained import Word
from mistral_desk.ui.widgets.pairs import Pairs
from mistral_desk.ui.widgets.paragraph import Paragraph
from mistral_desk.ui.widgets.tiles import Tiles

if TYPE_CHECKING:
    from mistral_desk.catalog.record import Record
    from mistral_desk.ui.theme.theme import Theme

BESIDE: Final = 520
"""Pixels at the system's text size from which what a mark means stands beside it."""
CHECKED: Final = mark(
    "Checked here: the catalog's text file has exactly the SHA-256 that its record announces. So it came as it was "
    "published; whether it is true was not checked."
)
DIFFERS: Final = mark(
    "Checked here: the catalog's text file has another SHA-256 than its record announces. It may have been changed "
    "since, or on its way."
)
NOT_CHECKED: Final = mark(
    "Not checked yet: the text's SHA-256 can be compared with the announced one when the catalog is refreshed."
)
PUBLISHERS: Final = mark("The publisher, {publisher}, says that it verified these statements. The app did not.")
NOT_PUBLISHERS: Final = mark("The publisher, {publisher}, has not verified these statements.")
NOT_SAID: Final = mark("The publisher, {publisher}, does not say whether these statements were verified.")


class Header(QWidget):
    """Built once for a record; `verified` as `Catalogue.verified` says it."""

    def __init__(self, theme: Theme, record: Record, parent: QWidget, *, verified: bool | None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._column = column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        if record.provider:
            provider = Paragraph(theme, record.provider, ink="muted", strong=True, parent=self)
            provider.setAccessibleName(tr("{name}: {value}", name=tr("Provider"), value=record.provider))
            column.addWidget(provider)
            column.addSpacing(2)
        self.title = Paragraph(theme, record.title, "title", strong=True, parent=self)
        column.addWidget(self.title)
        if record.description:
            column.addSpacing(SPACE[1])
            column.addWidget(Paragraph(theme, record.description, "lead", loose=True, parent=self))
        tiles = self._tiles(record)
        if tiles is not None:
            column.addSpacing(SPACE[4])
            column.addWidget(tiles)
        if record.origin not in ("mentioned", "known"):  # there is nothing yet that could be verified
            column.addSpacing(SPACE[4])
            column.addWidget(self._verified(record, verified))

    def _tiles(self, record: Record) -> Tiles | None:
        """The facts; of a record only those that are known, where there is hardly any."""
        stub = record.origin in ("mentioned", "known")
        modality = ", ".join(said.word(one) for one in modalities(record))
        last = said.date(record.last_verified) if record.last_verified else None if stub else tr("never")
        facts: list[tuple[str, str, str]] = []
        for name, value in (
            (tr("Licence"), licensed(record)),
            (tr("Kind"), said.word(record.model_type) if record.model_type else None),
            (tr("Parameters"), record.parameters.words if record.parameters else None),
            (tr("Context"), record.context.words if record.context else None),
            (tr("Understands"), modality),
            (tr("Released"), said.date(record.release_date) if record.release_date else None),
            (tr("Updated"), said.date(record.last_updated) if record.last_updated else None),
            (tr("Last verified"), last),
        ):
            if value or not stub:
                facts.append((name, value or tr(said.UNKNOWN), "text" if value else "muted"))
        if not facts:
            return None
        tiles = Tiles(self._theme, self)
        for name, value, ink in facts:
            tiles.add(name, value, ink=ink)
        return tiles

    def _verified(self, record: Record, verified: bool | None) -> QWidget:
        """Two marks, each with what it means beside it."""
        theme, pairs = self._theme, Pairs(self._theme, self, beside=BESIDE)
        for word, sign, text in (content_words(verified), publisher_words(record.verification_status)):
            shown = Word(theme, word, pairs, sign=sign, means=text)
            pairs.add(shown, Paragraph(theme, text, "small", ink="muted", parent=pairs))
        return pairs


def content_words(verified: bool | None) -> tuple[str, tuple[str, str], str]:
    """Our own check of the text: word, sign with its colour, and what it means."""
    if verified is None:
        return tr("Content not checked"), ("info", "muted"), tr(NOT_CHECKED)
    if verified:
        return tr("Content verified"), ("check", "success"), tr(CHECKED)
    return tr("Content differs"), ("warning", "warning"), tr(DIFFERS)


def publisher_words(status: str | None) -> tuple[str, tuple[str, str], str]:
    """What the publisher says of itself, the same way."""
    plain = (status or "").strip().lower()
    if plain == "verified":
        return tr("Verified by the publisher"), ("check", "success"), tr(PUBLISHERS, publisher=PUBLISHER)
    if plain == "unverified":
        return tr("Unverified by the publisher"), ("info", "muted"), tr(NOT_PUBLISHERS, publisher=PUBLISHER)
    return tr("Not said by the publisher"), ("info", "muted"), tr(NOT_SAID, publisher=PUBLISHER)
