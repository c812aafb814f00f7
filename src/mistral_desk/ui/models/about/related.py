"""Related models: what each shares with this one, and how its score came about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from mistral_desk.core.words import mark, tr, trn
from mistral_desk.ui.fit.fold import Fold
from mistral_desk.ui.models.about import said
from mistral_desk.ui.models.about.addresses import absolute
from mistral_desk.ui.models.about.section import Section
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.flow import FlowLayout
from mistral_desk.ui.widgets.pairs import Pairs
from mistral_desk.ui.widgets.paragraph import Paragraph
from mistral_desk.ui.widgets.tag import Tag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mistral_desk.catalog.record import Record, Related
    from mistral_desk.catalog.store import Catalogue
    from mistral_desk.ui.theme.theme import Theme

HOW: Final = mark(
    "The catalog's score counts shared tags, and adds 1 for the same section, 2 for the same provider and 1 for the "
    "same type. It says how much two records have in common, not which model is better."
)
SHOWN: Final = 6
"""Models before the rest is unfolded."""
BESIDE: Final = 480
"""Pixels at the system's text size from which the reason stands beside the name."""
WIDEST: Final = 230
MOST: Final = 20
"""Models that name this one."""


class RelatedModels(Section):
    """`opened` carries an id of the catalogue, `link` an address where the catalogue has no such record."""

    opened = Signal(str)
    link = Signal(str)
    toggled = Signal()

    def __init__(self, theme: Theme, record: Record, catalogue: Catalogue | None, parent: QWidget) -> None:
        super().__init__(theme, tr("Related models"), parent, note=tr(HOW))
        self._record = record
        self._catalogue = catalogue
        self.buttons: dict[str, Tag] = {}
        self.more: Fold | None = None
        found = sorted(record.related, key=lambda one: -(one.score or 0))
        self.put(self._listed(found[:SHOWN], self))
        if rest := found[SHOWN:]:
            text = trn("{n} more related model", "{n} more related models", len(rest))
            self.more = Fold(theme, text, text, lambda holder: self._listed(rest, holder), self)
            self.more.toggled.connect(lambda _on: self.toggled.emit())
            self.put(self.more)

    def _listed(self, related: Sequence[Related], parent: QWidget) -> QWidget:
        pairs = Pairs(self._theme, parent, beside=BESIDE)
        for one in related:
            other = self._catalogue.get(one.id) if self._catalogue is not None else None
            reasons = QWidget(pairs)
            column = QVBoxLayout(reasons)
            column.setContentsMargins(0, 0, 0, 0)
            column.setSpacing(2)
            if one.shared_tags:
                shared = tr("Shares: {tags}", tags=", ".join(one.shared_tags))
                column.addWidget(Paragraph(self._theme, shared, "small", parent=reasons))
            reason = said.related_reason(one, self._record, other)
            if reason:
                column.addWidget(Paragraph(self._theme, reason, "small", ink="muted", parent=reasons))
            pairs.add(self._button(one, pairs, known=other is not None), reasons)
        return pairs

    def _button(self, related: Related, parent: QWidget, *, known: bool) -> Tag:
        title = related.title or related.id
        address = absolute(related.html_url, self._catalogue.base if self._catalogue is not None else "")
        outside = not known and bool(address)
        name = tr("Open {title}", title=title)
        button = Tag(self._theme, name, title, parent, icon="outside" if outside else "", widest=WIDEST)
        if outside:
            button.clicked.connect(lambda: self.link.emit(address))
        else:
            button.clicked.connect(lambda: self.opened.emit(related.id))
        self.buttons[related.id] = button
        return button


class NamedBy(Section):
    """The models whose records name this one: all that is known of a model without a record of its own."""

    opened = Signal(str)

    def __init__(self, theme: Theme, records: Sequence[Record], parent: QWidget) -> None:
        super().__init__(theme, tr("Named by"), parent)
        holder = QWidget(self)
        flow = FlowLayout(holder, spacing=SPACE[1])
        self.buttons: dict[str, Tag] = {}
        for record in records[:MOST]:
            button = Tag(theme, tr("Open {title}", title=record.title), record.title, holder)
            button.clicked.connect(lambda _on=False, model=record.id: self.opened.emit(model))
            flow.addWidget(button)
            self.buttons[record.id] = button
        self.put(holder)
