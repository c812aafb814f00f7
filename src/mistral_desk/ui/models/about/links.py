"""Where a record leads to: buttons that show the whole address before anything opens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from mistral_desk.core.words import mark, tr
from mistral_desk.ui.models.about.addresses import absolute
from mistral_desk.ui.models.about.section import Section
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.flow import FlowLayout
from mistral_desk.ui.widgets.tag import Tag

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mistral_desk.catalog.record import Record
    from mistral_desk.ui.theme.theme import Theme

ASKS: Final = mark("These open in your browser, after you have seen the whole address.")
REFUSED: Final = mark("“{name}” leads to something that is no address of the web and is not opened: {address}")


def links_of(record: Record) -> Iterator[tuple[str, str]]:
    """Name and address of all of a record's links, each address once."""
    seen: set[str] = set()
    for name, address in (
        (tr("Website"), record.website),
        (tr("Page in the catalog"), record.html_url),
        (tr("Its text as Markdown"), record.markdown_url),
        (tr("Its data (API)"), record.api_url),
        *((one.title or tr("Link"), one.url) for one in record.links),
        *((tr("Source: {title}", title=one.title) if one.title else tr("Source"), one.url) for one in record.sources),
    ):
        if address and address not in seen:
            seen.add(address)
            yield name, address


class Links(Section):
    """`link` carries a whole address that may be shown and opened."""

    link = Signal(str)

    def __init__(self, theme: Theme, record: Record, parent: QWidget, *, base: str = "") -> None:
        super().__init__(theme, tr("Links"), parent, note=tr(ASKS))
        self.buttons: dict[str, Tag] = {}
        holder = QWidget(self)
        flow = FlowLayout(holder, spacing=SPACE[1])
        refused: list[tuple[str, str]] = []
        for name, address in links_of(record):
            target = absolute(address, base)
            if not target:
                refused.append((name, address))
                continue
            button = Tag(theme, tr("{name}: {value}", name=name, value=target), name, holder, icon="outside")
            button.setToolTip(target)
            button.clicked.connect(lambda _on=False, target=target: self.link.emit(target))
            flow.addWidget(button)
            self.buttons[target] = button
        self.put(holder)
        for name, address in refused:
            self.tell(tr(REFUSED, name=name, address=address[:300]))
        for words in (one.title for one in (*record.links, *record.sources) if one.title and not one.url):
            self.tell(words, ink="text")
