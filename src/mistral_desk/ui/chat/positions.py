"""Between a document's positions and the text that a person sees: formulas stand there as one sign, letters beyond the
first 65,536 count twice in Qt and once in Python.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtGui import QTextCursor

from mistral_desk.ui.chat.document import TASK
from mistral_desk.ui.chat.inlines import OBJECT, WRITTEN

if TYPE_CHECKING:
    from PySide6.QtGui import QTextBlock, QTextDocument, QTextList, QTextTable

    from mistral_desk.ui.chat.matching import Needle


def places_in(document: QTextDocument, needle: Needle) -> list[tuple[int, int]]:
    """Begin and end of each place where the words stand, as positions of the document."""
    raw = document.toPlainText()
    text, at = raw, None
    if OBJECT in raw:
        text, at = _written(document, raw)
    found = needle.places(text)
    if not found:
        return []
    if at is not None:
        return [(at[begin], at[end - 1] + _width(raw, at[end - 1])) for begin, end in found]
    if raw.isascii():
        return found
    starts = list(accumulate((2 if ord(sign) > 0xFFFF else 1 for sign in raw), initial=0))
    return [(starts[begin], starts[end]) for begin, end in found]


def _written(document: QTextDocument, raw: str) -> tuple[str, list[int]]:
    """The text with formulas as their source, and for each of its characters its position in the document."""
    sources = formulas_in(document)
    letters: list[str] = []
    at: list[int] = []
    position = 0
    for sign in raw:
        words = sources.get(position, sign) if sign == OBJECT else sign
        letters.append(words)
        at.extend([position] * len(words))
        position += 2 if ord(sign) > 0xFFFF else 1
    return "".join(letters), at


def _width(raw: str, position: int) -> int:
    """How many positions the character at a position takes."""
    if all(ord(sign) <= 0xFFFF for sign in raw):
        return 1
    here = 0
    for sign in raw:
        width = 2 if ord(sign) > 0xFFFF else 1
        if here == position:
            return width
        here += width
    return 1


def formulas_in(document: QTextDocument) -> dict[int, str]:
    """The formulas of a document by their positions, as they were written."""
    found: dict[int, str] = {}
    block = document.begin()
    while block.isValid():
        iterator = block.begin()
        while not iterator.atEnd():
            fragment = iterator.fragment()
            form = fragment.charFormat()
            if form.hasProperty(WRITTEN):
                for number in range(fragment.length()):
                    found[fragment.position() + number] = str(form.property(WRITTEN))
            iterator += 1
        block = block.next()
    return found


def clean_text(document: QTextDocument, begin: int, end: int) -> str:
    """What is between two positions as people paste it: tabs between cells, marks of lists where a line is there from
    its start on.
    """
    sources = formulas_in(document)
    made: list[str] = []
    row: _Row | None = None
    listed = False
    block = document.findBlock(begin)
    while block.isValid() and block.position() < max(end, begin + 1):
        start, stop = max(begin, block.position()), min(end, block.position() + block.length() - 1)
        words = _between(block, start, stop, sources)
        if start == block.position() and (mark := _mark(block)):
            words = mark + words
        here = _row(block)
        if made:
            together = here is not None or (listed and block.textList() is not None)
            made.append("\t" if here is not None and here == row else "\n" if together else "\n\n")
        made.append(words)
        row, listed = here, block.textList() is not None
        block = block.next()
    return "".join(made).strip("\n") if row is not None else "".join(made)


class _Row(NamedTuple):
    """A row by the place of its table."""

    table: int
    number: int


def _row(block: QTextBlock) -> _Row | None:
    """The row of a table that a paragraph stands in."""
    cursor = QTextCursor(block)
    table: QTextTable | None = cursor.currentTable()
    if table is None:
        return None
    return _Row(table.firstPosition(), table.cellAt(cursor).row())


def _between(block: QTextBlock, start: int, stop: int, sources: dict[int, str]) -> str:
    raw = block.text().encode("utf-16-le")[2 * (start - block.position()) : 2 * (stop - block.position())]
    words = raw.decode("utf-16-le", "replace").replace("\u2028", "\n")
    if OBJECT not in words:
        return words
    return "".join(sources.get(start + number, sign) if sign == OBJECT else sign for number, sign in enumerate(words))


def _mark(block: QTextBlock) -> str:
    texts: QTextList | None = block.textList()
    if texts is None:
        return ""
    style = texts.format().style()
    number = texts.itemText(block) if style == style.ListDecimal else "-"
    task = {1: "[ ] ", 2: "[x] "}.get(block.blockFormat().intProperty(TASK), "")
    return "  " * (texts.format().indent() - 1) + number + " " + task
