"""Markdown as blocks that can be shown one by one, so that a growing answer re-parses its tail only.

markdown-it-py reads the source (CommonMark with GitHub's tables, HTML off); this module cuts its token stream
into prose, code and tables. No Qt here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markdown_it import MarkdownIt
    from markdown_it.token import Token

PROSE_LIMIT: Final = 1200
"""Characters of prose after which the next paragraph starts a block of its own."""
PARAGRAPH_LIMIT: Final = 4000
"""A single paragraph longer than this is cut between two words."""
TABLE_ROWS: Final = 40
"""A longer table goes on in another one with the same head."""
TABLE_COLUMNS: Final = 40
"""A wider table is shown as plain lines: no layout makes it readable."""
WINDOW: Final = 2 * PROSE_LIMIT
"""Characters that are parsed at first to find where the next block begins."""
NESTING: Final = 60
"""Lists and quotes in each other. The parser drops what is deeper, so such a text is shown as it was written."""

_LEADING_BLANKS: Final = re.compile(r"\A(?:[ \t]*\n)+")

Gap: TypeAlias = Literal["paragraph", "item", "none"]
"""Space above a block: as between paragraphs, as between items of a list, or none (a cut inside a paragraph)."""


_Boundary: TypeAlias = tuple[int, Gap, str]
"""An offset, the gap above what follows, and what has to be repeated there (the head of a table)."""


@dataclass(frozen=True, eq=False)
class Prose:
    """Paragraphs, headings, lists and quotes, as markdown-it's tokens."""

    tokens: tuple[Token, ...]
    characters: int
    gap: Gap = "paragraph"


@dataclass(frozen=True, eq=False)
class Code:
    """A block of source text. `depth` counts the lists and quotes around it."""

    language: str
    text: str
    depth: int = 0
    gap: Gap = "paragraph"


@dataclass(frozen=True, eq=False)
class Table:
    """A table with its inline tokens."""

    tokens: tuple[Token, ...]
    characters: int
    gap: Gap = "paragraph"


Block: TypeAlias = Prose | Code | Table


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt  # noqa: PLC0415 - 60 ms that the first window need not wait for

    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": NESTING}).enable(["table", "strikethrough"])
    # A definition (`[1]: address`) would vanish, and what refers to it stands in another block: both stay text.
    parser.disable("reference")
    # Every address is let through here and judged where links are made; a refused one then shows its words only.
    parser.validateLink = lambda _address: True  # type: ignore[assignment, method-assign]
    return parser


def read_ahead() -> None:
    """Load the parser before it is needed; may run in any thread."""
    _parser()


def blocks_of(source: str) -> list[Block]:
    """All blocks of a finished text."""
    splitter = Splitter()
    splitter.feed(source)
    return splitter.blocks()


class Splitter:
    """Blocks of a text that grows. Blocks that can no longer change keep their identity between calls."""

    def __init__(self) -> None:
        self._frozen: list[Block] = []
        self._tail = ""
        self._tail_gap: Gap = "paragraph"
        self._parsed: list[Block] | None = None

    def feed(self, text: str) -> None:
        """More text at the end."""
        if text:
            self._tail += text
            self._parsed = None

    def blocks(self) -> list[Block]:
        """The blocks so far; only what follows the last finished one is parsed again."""
        if self._parsed is None:
            self._parsed = self._parse()
        return [*self._frozen, *self._parsed]

    def _parse(self) -> list[Block]:
        self._tail = _LEADING_BLANKS.sub("", self._tail)
        while True:
            if cut := _long_paragraph(self._tail):
                head, self._tail = self._tail[:cut], self._tail[cut:]
                self._frozen.extend(_cut(_parser().parse(head), self._tail_gap))
                self._tail_gap = "none"
                continue
            tokens, boundary = _look(self._tail)
            if boundary is None:
                return _shown(tokens, self._tail, self._tail_gap)
            offset, gap, again = boundary
            head, self._tail = self._tail[:offset], again + self._tail[offset:]
            self._frozen.extend(_shown(_parser().parse(head), head, self._tail_gap))
            self._tail_gap = gap


def _long_paragraph(source: str) -> int:
    """Where to cut when the text starts with a paragraph over the limit, else 0.

    Letters must follow the cut, so that the rest cannot turn into a list or a heading.
    """
    window = source[: PARAGRAPH_LIMIT + 1]
    if len(window) <= PARAGRAPH_LIMIT or "\n\n" in window:
        return 0
    tokens = _parser().parse(window)
    # Open, inline, close, from the first line on: nothing else is in the window.
    if len(tokens) != 3 or tokens[0].type != "paragraph_open" or tokens[0].map is None or tokens[0].map[0] != 0:
        return 0
    for place in range(PARAGRAPH_LIMIT - 1, PARAGRAPH_LIMIT // 2, -1):
        if window[place] in " \n" and window[place + 1].isalpha():
            return place + 1
    return PARAGRAPH_LIMIT


def _look(source: str) -> tuple[list[Token], _Boundary | None]:
    """Parse as much from the start as the first boundary needs; all of it when there is none.

    A long text would otherwise be parsed to its end once for each of its blocks.
    """
    window = WINDOW
    while window < len(source):
        end = source.rfind("\n", 0, window) + 1
        part = source[:end]
        tokens = _parser().parse(part)
        if boundary := _boundary(tokens, part):
            return tokens, boundary
        window *= 2
    tokens = _parser().parse(source)
    return tokens, _boundary(tokens, source)


def _boundary(tokens: Sequence[Token], source: str) -> _Boundary | None:
    """The offset of the first place where what stands before is finished and long enough, or None.

    A block counts as begun only when its first line is complete: until then `#` may still become `#hashtag` and
    belong to the paragraph before.
    """
    starts = _line_starts(source)
    complete = source.count("\n")
    previous_prose = False
    table = rows = 0
    for token in tokens:
        if token.map is None:
            continue
        line = token.map[0]
        if line >= complete:
            break
        offset = starts[line]
        if token.level == 0 and token.nesting >= 0:
            prose = token.type not in ("fence", "code_block", "table_open")
            if offset > 0 and (offset >= PROSE_LIMIT or not (prose and previous_prose)):
                return offset, "paragraph", ""
            table, rows = line, 0
            previous_prose = prose
        elif token.type == "list_item_open" and token.level == 1 and offset >= PROSE_LIMIT:
            return offset, "item", ""
        elif token.type == "tr_open":
            rows += 1
            if rows > TABLE_ROWS and token.level == 2:
                return offset, "none", "\n".join(source.split("\n")[table : table + 2]) + "\n"
    return None


def _shown(tokens: Sequence[Token], source: str, gap: Gap) -> list[Block]:
    """Blocks of one parsed stretch; as it was written where the parser gave up."""
    if any(token.level >= NESTING - 1 for token in tokens):
        return [Code("", source.strip("\n"), gap=gap)]
    return _cut(tokens, gap)


def _plain_rows(table: Sequence[Token]) -> str:
    """A table as lines of text."""
    lines: list[list[str]] = []
    for token in table:
        if token.type == "tr_open":
            lines.append([])
        elif token.type == "inline" and lines:
            lines[-1].append(token.content)
    return "\n".join(" | ".join(line) for line in lines)


def _line_starts(source: str) -> list[int]:
    starts = [0]
    position = source.find("\n")
    while position >= 0:
        starts.append(position + 1)
        position = source.find("\n", position + 1)
    return starts


def _cut(tokens: Sequence[Token], gap: Gap) -> list[Block]:
    """Blocks of one parsed stretch: code leaves its list and becomes a block, the list goes on after it."""
    made: list[Block] = []
    run: list[Token] = []
    stack: list[Token] = []
    numbers: list[int] = []
    table: list[Token] = []

    def add(block: Block) -> None:
        made.append(block)

    def close_run(next_gap: Gap) -> Gap:
        if any(token.type in ("inline", "hr") for token in run):
            characters = sum(len(token.content) for token in run)
            add(Prose(tuple(run), characters, gap))
            run.clear()
            return next_gap
        run.clear()
        return gap

    for token in tokens:
        if table or (token.type == "table_open" and not stack):
            table.append(token)
            if token.type == "table_close":
                gap = close_run("paragraph")
                if sum(part.type == "th_open" for part in table) > TABLE_COLUMNS:
                    add(Code("", _plain_rows(table), gap=gap))
                else:
                    add(Table(tuple(table), sum(len(part.content) for part in table), gap))
                table, gap = [], "paragraph"
        elif token.type in ("fence", "code_block"):
            gap = close_run("paragraph")
            language = token.info.split()[0] if token.info.split() else ""
            depth = sum(1 for opened in stack if opened.type in ("bullet_list_open", "ordered_list_open"))
            add(Code(language, token.content.removesuffix("\n"), depth, gap))
            gap = "paragraph"
            run.extend(_reopened(stack, numbers))
        else:
            run.append(token)
            if token.nesting == 1:
                stack.append(token)
                if token.type == "ordered_list_open":
                    numbers.append(int(token.attrs.get("start", 1)) - 1)
                elif token.type == "bullet_list_open":
                    numbers.append(0)
                elif token.type == "list_item_open" and numbers:
                    numbers[-1] += 1
            elif token.nesting == -1 and stack:
                stack.pop()
                if token.type in ("ordered_list_close", "bullet_list_close") and numbers:
                    numbers.pop()
    close_run("paragraph")
    return made


def _reopened(stack: Sequence[Token], numbers: Sequence[int]) -> Iterator[Token]:
    """The open lists and items once more, marked as going on, so that prose after a code block keeps its place."""
    place = iter(numbers)
    for opened in stack:
        again = opened.copy(meta={**opened.meta, "resumed": True})
        if opened.type in ("ordered_list_open", "bullet_list_open"):
            number = next(place, 1)
            if opened.type == "ordered_list_open":
                again.attrs = {**opened.attrs, "start": number}
        yield again
