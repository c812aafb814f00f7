"""Markdown as blocks that can be shown one by one, so that a growing answer re-parses its tail only.

markdown-it-py reads the source (CommonMark with GitHub's tables, HTML off), never much of it at once (`bounds`); this
module cuts its token stream into prose, code, tables and formulas. No Qt here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

from mistral_desk.ui.chat.bounds import PROSE_LIMIT, Cut, Gap, Reach, boundary, forced, line_starts, reach

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markdown_it import MarkdownIt
    from markdown_it.token import Token

TABLE_COLUMNS: Final = 40
"""A wider table is shown as plain lines: no layout makes it readable."""
WINDOW: Final = 2 * PROSE_LIMIT
"""Characters that are parsed at first to find where the next block begins."""
GLANCE: Final = 400
"""The same before that, where many small blocks follow each other: each would cost a whole window."""
NESTING: Final = 60
"""Lists and quotes in each other. The parser drops what is deeper, so such a text is shown as it was written."""
SLICE: Final = 12_000
"""Microseconds of reading, about, between two looks at what else the window has to do."""
MOST_BLOCKS: Final = 4_000
"""Where a text falls into more blocks, its rest is shown as it was written."""
FORMULA_LIMIT: Final = 4_000
"""Characters of a formula; a longer one is shown as source."""

_LEADING_BLANKS: Final = re.compile(r"\A(?:[ \t]*\n)+")
_OPENING: Final = re.compile(r"( {0,3})(`{3,}+|~{3,}+)([^\n]*)\n")


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


@dataclass(frozen=True, eq=False)
class Formula:
    """A formula in lines of its own, as LaTeX; `written` is the source with its marks."""

    text: str
    written: str
    gap: Gap = "paragraph"


@dataclass(frozen=True, eq=False)
class Words:
    """A piece of a person's words, without any markup; the end of its last line is its own."""

    text: str
    gap: Gap = "none"

    @property
    def seen(self) -> str:
        """What is shown of it."""
        return self.text.removesuffix("\n")


Block: TypeAlias = Prose | Code | Table | Formula | Words


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt  # noqa: PLC0415 - 60 ms that the first window need not wait for

    from mistral_desk.ui.chat.rules import add_rules  # noqa: PLC0415

    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": NESTING}).enable(["table", "strikethrough"])
    # A definition (`[1]: address`) would vanish, and what refers to it stands in another block: both stay text.
    parser.disable("reference")
    # Every address is let through here and judged where links are made; a refused one then shows its words only.
    parser.validateLink = lambda _address: True  # type: ignore[assignment, method-assign]
    add_rules(parser)
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
        self._held = ""
        self._gap: Gap = "paragraph"
        self._again = 0
        self._resumed = 0
        self._searched = 0
        self._parsed: list[Block] | None = None
        self.unread = 0
        """Characters that no call of `blocks` has come to yet."""

    def feed(self, text: str) -> None:
        """More text at the end."""
        text = self._held + text
        self._held = "\r" if text.endswith("\r") else ""  # half of a line's end
        text = text.removesuffix("\r")
        if text:
            if "\r" in text:
                text = text.replace("\r\n", "\n").replace("\r", "\n")
            self._tail += text.replace("\0", "\ufffd")
            self._parsed = None

    def blocks(self, work: int | None = None) -> list[Block]:
        """The blocks so far; only what follows the last finished one is parsed again.

        `work` bounds what is read in this call (µs, about); `unread` then tells what is left for the next one.
        """
        if self._parsed is None or (self.unread and work is None):
            self._parsed = self._parse(work)
        return [*self._frozen, *self._parsed]

    @property
    def begun(self) -> bool:
        """Whether it was read, or begun to be."""
        return self._parsed is not None

    def read_on(self, work: int) -> None:
        """Have the next call of `blocks` go on where the last one stopped."""
        if self.unread:
            self._parsed = self._parse(work)

    def _parse(self, work: int | None) -> list[Block]:
        self.unread = done = 0
        while True:
            if not self._again:
                self._tail = _LEADING_BLANKS.sub("", self._tail)
            if work is not None and done > work:
                self.unread = len(self._tail)
                return []
            if len(self._frozen) > MOST_BLOCKS:
                return [Code("", self._tail.removesuffix("\n"), gap=self._gap)] if self._tail else []
            if opening := _OPENING.match(self._tail):
                block, end = self._fenced(opening)
                if block is not None:
                    done += 100 + (end or len(self._tail)) // 200
                    if end is None:
                        return [block]
                    self._frozen.append(block)
                    self._go_on(Cut(end, "paragraph"))
                    continue
            stretch, tokens, part, cut = self._look()
            done += stretch.work
            if cut is None:
                return self._shown(tokens, part)
            head = part[: cut.offset]
            known = len(tokens) if cut.offset == len(part) else cut.tokens
            if known is None:
                done += stretch.work
            self._frozen.extend(self._shown(_parser().parse(head) if known is None else tokens[:known], head))
            self._go_on(cut)

    def _go_on(self, cut: Cut) -> None:
        self._tail = cut.again + self._tail[cut.offset :]
        self._gap, self._again, self._resumed = cut.gap, len(cut.again), cut.resumed
        self._searched = 0

    def _fenced(self, opening: re.Match[str]) -> tuple[Block | None, int | None]:
        """The code block that the tail begins with, without the parser: it may be long, and it grows at its end.

        None where it is none; the offset of what follows, None while it may still grow.
        """
        indent, fence, info = opening.groups()
        if fence[0] == "`" and "`" in info:
            return None, None
        closing = re.compile(rf"^ {{0,3}}{re.escape(fence[0])}{{{len(fence)},}}[ \t]*(?:\n|\Z)", re.MULTILINE)
        found = closing.search(self._tail, max(opening.end(), self._searched))
        if found is None:
            self._searched = max(opening.end(), self._tail.rfind("\n") + 1)
        text = self._tail[opening.end() : found.start() if found else len(self._tail)]
        if indent:
            text = re.sub(rf"^ {{1,{len(indent)}}}", "", text, flags=re.MULTILINE)
        gap = "paragraph" if self._gap == "item" else self._gap
        block = _code(info, text, 0, gap, closed=found is not None)
        return block, (found.end() if found is not None and found[0].endswith("\n") else None)

    def _look(self) -> tuple[Reach, list[Token], str, Cut | None]:
        """Parse as much from the start as the first boundary needs; all that may be read when there is none."""
        source = self._tail
        if len(source) > WINDOW + self._again:
            part = source[: source.rfind("\n", 0, GLANCE + self._again) + 1]
            stretch = reach(part, self._again)
            if stretch.end == len(part):
                tokens = _parser().parse(part)
                if cut := boundary(tokens, part):
                    return stretch, tokens, part, cut
        stretch = reach(source, self._again)
        if stretch.end > WINDOW + self._again:
            end = source.rfind("\n", 0, WINDOW + self._again) + 1
            part = source[:end]
            tokens = _parser().parse(part)
            if cut := boundary(tokens, part):
                return stretch, tokens, part, cut
        part = source[: stretch.end]
        tokens = _parser().parse(part)
        cut = boundary(tokens, part)
        if cut is None and stretch.end < len(source):
            cut = forced(tokens, part, line_starts(part), stretch)
        return stretch, tokens, part, cut

    def _shown(self, tokens: Sequence[Token], source: str) -> list[Block]:
        """Blocks of one parsed stretch; as it was written where the parser gave up."""
        if any(token.level >= NESTING - 1 for token in tokens):
            return [Code("", source[self._again :].strip("\n"), gap=self._gap)]
        left = self._resumed
        above: Token | None = None
        for token in tokens:
            if not left:
                break
            if token.type == "list_item_open":
                left -= 1
                token.meta["resumed"] = True
                if above is not None:
                    above.meta["resumed"] = True
            elif token.nesting == 1:
                above = token
        return _cut(tokens, self._gap)


def _plain_rows(table: Sequence[Token]) -> str:
    """A table as lines of text."""
    lines: list[list[str]] = []
    for token in table:
        if token.type == "tr_open":
            lines.append([])
        elif token.type == "inline" and lines:
            lines[-1].append(token.content)
    return "\n".join(" | ".join(line) for line in lines)


def _code(info: str, text: str, depth: int, gap: Gap, *, closed: bool) -> Code | Formula:
    language = info.split(maxsplit=1)[0] if info.split() else ""
    text = text.removesuffix("\n")
    if language.lower() == "math" and closed and text.strip() and len(text) <= FORMULA_LIMIT and not depth:
        return Formula(text.strip(), f"```math\n{text}\n```", gap)
    return Code(language, text, depth, gap)


def _formula(token: Token, gap: Gap) -> Code | Formula:
    written = f"{token.markup}\n{token.content}"
    if token.info == "open" or len(token.content) > FORMULA_LIMIT:
        return Code("latex", written, gap=gap)
    return Formula(token.content, f"{written}\n{'$$' if token.markup == '$$' else chr(92) + ']'}", gap)


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
        if any(token.type in ("inline", "hr", "math_block") for token in run):
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
        elif token.type in ("fence", "code_block") or (token.type == "math_block" and not stack):
            gap = close_run("paragraph")
            depth = sum(1 for opened in stack if opened.type in ("bullet_list_open", "ordered_list_open"))
            if token.type == "math_block":
                add(_formula(token, gap))
            else:
                add(_code(token.info, token.content, depth, gap, closed=True))
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
