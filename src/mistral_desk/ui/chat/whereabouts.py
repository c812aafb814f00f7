"""Which text of the conversation is where: from a point to a place in a text, from a text to its turn."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from PySide6.QtGui import QTextDocument

from mistral_desk.ui.chat.document import build, formula, plain
from mistral_desk.ui.chat.inlines import Style
from mistral_desk.ui.chat.markdown import Code, Formula, Words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from PySide6.QtCore import QPoint
    from PySide6.QtWidgets import QScrollBar, QWidget

    from mistral_desk.ui.chat.markdown import Block
    from mistral_desk.ui.chat.selecting import Text
    from mistral_desk.ui.chat.turn_base import TurnView
    from mistral_desk.ui.chat.turns import Turn
    from mistral_desk.ui.theme.theme import Theme


class Place(NamedTuple):
    """A turn, a block in it, and a position in the block's text."""

    turn: int
    block: int
    position: int


class Area(Protocol):
    """The transcript, as far as places in it are concerned."""

    theme: Theme

    @property
    def turns(self) -> Sequence[Turn]:
        """All turns."""

    def living(self) -> Iterator[tuple[int, TurnView]]:
        """The turns that exist as widgets, in order."""

    def viewport(self) -> QWidget:
        """What they lie on."""

    def verticalScrollBar(self) -> QScrollBar:
        """What scrolls."""


def texts(area: Area, *, thoughts: bool = False) -> list[tuple[Place, Text]]:
    """The texts that exist as widgets, in order, with those of open thoughts where they are wanted; each with its
    place, its first position.
    """
    return [
        (Place(number, block, 0), text)
        for number, view in area.living()
        for block, text in (*(view.thought_texts() if thoughts else ()), *view.texts())
    ]


def turn_of(area: Area, text: Text) -> Turn | None:
    """The turn whose text this is, its thought included."""
    return next((view.turn for _number, view in area.living() if view.isAncestorOf(text)), None)


def place_at(area: Area, point: QPoint) -> Place | None:
    """The place nearest to a point of the screen; above and below all texts, the first and the last that exist."""
    found = texts(area)
    if not found:
        return None
    below = None
    for place, text in found:
        inside = text.viewport().mapFromGlobal(point)
        if inside.y() < 0:
            # Between two texts: the end of the upper one, or the start of the first.
            return below if below is not None else place
        if inside.y() < text.viewport().height():
            return place._replace(position=text.cursorForPosition(inside).position())
        below = place._replace(position=text.document().characterCount() - 1)
    return below


def document_of(block: Block, theme: Theme) -> QTextDocument:
    """A block that is not on the screen as the document that its view would have."""
    document = QTextDocument()
    style = Style(theme, "lead")
    if isinstance(block, Code):
        document.setPlainText(block.text)
    elif isinstance(block, Words):
        plain(document, block.seen, style)
    elif isinstance(block, Formula):
        formula(document, block.text, block.written, style)
    else:
        build(document, block.tokens, style)
    return document
