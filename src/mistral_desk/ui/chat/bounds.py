"""How much markdown is read at once, so that no text stops the window: the parser's time grows with more than length.

The bound counts work, not characters: brackets, marks and lines cost what was measured of each. Where a stretch is too
long it is cut, and lists and quotes go on after the cut. No Qt here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.token import Token

Gap: TypeAlias = Literal["paragraph", "item", "none"]
"""Space above a block: as between paragraphs, as between items of a list, or none (a cut inside a paragraph)."""

WORK: Final = 12_000
"""Microseconds, about, that one step of the parser may take."""
CHARACTERS: Final = 12_000
"""Characters of one step, source code not counted."""
UNBROKEN: Final = 1_000
"""Characters of one step where no line can be broken at a space: Qt takes long to find other places."""
WHOLE: Final = 60_000
"""Characters of one step, source code included."""
PROSE_LIMIT: Final = 1200
"""Characters of prose after which the next paragraph starts a block of its own."""
TABLE_ROWS: Final = 40
"""A longer table goes on in another one with the same head; one with many columns sooner."""
TABLE_CELLS: Final = 160
DEPTH: Final = 12
"""Lists that go on after a cut, in each other at most."""
LABEL_ROOM: Final = 2_000
"""Characters of the head of a table that may be repeated over its rest."""

_FENCE: Final = re.compile(r"[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*(`{3,}(?=[^`\n]*$)|~{3,})", re.MULTILINE)
_MARKERS: Final = re.compile(r"[ \t]*(?:>|(?:[-*+]|\d{1,9}[.)])(?=[ \t]|$))")
_STEP: Final = 100
_DEEPEST: Final = 100
_LINE: Final = 50
_LINE_IN: Final = 12
_LINK: Final = 66
"""What each `[` costs where there is a `](` for it to end at."""
_CHARACTER: Final = 0.4
_COSTS: Final = (
    *(("|", 14), ("*", 9), ("_", 9), ("[", 9), ("`", 5), ("~", 5), ("<", 7), ("&", 7), ("\\", 7), ("!", 7)),
    *((sign, 7) for sign in "]$#%=:^{}+-@>"),
)


@dataclass(frozen=True)
class Reach:
    """A stretch from the start of a text: its end, what it costs (µs), and whether it ends in the midst of a line."""

    end: int
    work: int
    within_line: bool = False


def reach(source: str, least: int = 0) -> Reach:
    """How far one step may go; all of `source` where that is cheap. `least` characters are always in it.

    What lies before the end decides alone, so that it is the same however much of the text is there yet.
    """
    work = 0.0
    at = characters = depth = 0
    fence, linked = "", False
    while at < len(source):
        end = source.find("\n", at) + 1 or len(source)
        if fence or _may_open(source, at):
            found = _FENCE.match(source, at, end)
            if found is not None:
                fence = ("" if found[1].startswith(fence) else fence) if fence else found[1]
            if fence:
                if end > WHOLE + least and at > least:
                    return Reach(at, round(work))
                work += 3
                at = end
                continue
        unbroken = end - at > UNBROKEN and source.find(" ", at, at + UNBROKEN) < 0
        most = UNBROKEN if unbroken else CHARACTERS
        depth = max(depth, _depth(source, at, end))
        # What is longer than a step is cut whatever it costs; to count all of it for each of its steps takes minutes.
        cost = 0.0 if end - at > most else _cost(source, at, end, depth)
        if end - at <= most and (linked or source.find("](", at, end) >= 0):
            cost += _LINK * (source.count("[", at, end) + (0 if linked else source.count("[", 0, at)))
        if work + cost > WORK or characters + end - at > most:
            if at > least:
                return Reach(at, round(work))
            for inside in range(at + _STEP, end, _STEP):
                cost = _cost(source, at, inside, depth)
                if linked or source.find("](", 0, inside) >= 0:
                    cost += _LINK * source.count("[", 0, inside)
                if cost > WORK or inside - at > most - _STEP:
                    return Reach(max(at + _STEP, inside - _STEP), round(work + WORK), within_line=True)
        linked = linked or source.find("](", at, end) >= 0
        work += cost
        characters += end - at
        at = end
    return Reach(len(source), round(work))


def _depth(source: str, at: int, end: int) -> int:
    """How many lists and quotes begin at the start of a line."""
    depth = 0
    while (found := _MARKERS.match(source, at, end)) is not None and depth < _DEEPEST:
        depth, at = depth + 1, found.end()
    return depth


@dataclass(frozen=True)
class Cut:
    """Where a stretch that goes on too long is cut: offset, space above the rest, and what is repeated before it.

    `resumed` counts the items of lists that go on and get no mark of their own; `tokens` are those of what stands
    before, where they end there too.
    """

    offset: int
    gap: Gap
    again: str = ""
    resumed: int = 0
    tokens: int | None = None


def boundary(tokens: Sequence[Token], source: str) -> Cut | None:
    """The first place where what stands before is finished and long enough, or None.

    A block counts as begun only when its first line is complete: until then `#` may still become `#hashtag` and
    belong to the paragraph before.
    """
    starts = line_starts(source)
    complete = source.count("\n")
    previous_prose = False
    table = rows = columns = 0
    for number, token in enumerate(tokens):
        if token.type == "th_open":
            columns += 1
        if token.map is None:
            continue
        line = token.map[0]
        if line >= complete:
            break
        offset = starts[line]
        if token.level == 0 and token.nesting >= 0:
            prose = token.type not in ("fence", "code_block", "table_open", "math_block")
            if offset > 0 and (offset >= PROSE_LIMIT or not (prose and previous_prose)):
                return Cut(offset, "paragraph", tokens=number)
            table, rows, columns = line, 0, 0
            previous_prose = prose
        elif token.type == "list_item_open" and token.level == 1 and offset >= PROSE_LIMIT:
            return Cut(offset, "item")
        elif token.type == "tr_open":
            rows += 1
            most = min(TABLE_ROWS, max(6, TABLE_CELLS // max(1, columns)))
            if rows > most and token.level == 2:
                return Cut(offset, "none", source[starts[table] : starts[table + 2]])
    return None


def line_starts(source: str) -> list[int]:
    """Where each line of a text begins."""
    starts = [0]
    position = source.find("\n")
    while position >= 0:
        starts.append(position + 1)
        position = source.find("\n", position + 1)
    return starts


def forced(tokens: Sequence[Token], source: str, starts: Sequence[int], stretch: Reach) -> Cut:
    """The best place to cut a stretch in which nothing ends by itself: between blocks, between lines, between words.

    It depends on the stretch only, so that a text that comes in pieces is cut at the same places.
    """
    if stretch.within_line:
        return _resumed(tokens, source.count("\n", 0, stretch.end), _between_words(source, stretch.end), within=True)
    last = len(starts) - 1 if starts[-1] < stretch.end else len(starts) - 2
    lines = [token.map[0] for token in tokens if token.map is not None and 0 < token.map[0] <= last]
    line = max(lines, default=0)
    table = next((one for one in tokens if one.type == "table_open" and one.level == 0 and _covers(one, line)), None)
    if table is not None and table.map is not None and line > table.map[0] + 2:
        head = source[starts[table.map[0]] : starts[table.map[0] + 2]]
        return Cut(starts[line], "none", head if len(head) <= LABEL_ROOM else "")
    if line and starts[line] >= stretch.end // 3:
        return _resumed(tokens, line, starts[line], gap="item")
    line = next((n for n in range(last, last // 2, -1) if source[starts[n] : starts[n] + 1].isalpha()), last)
    return _resumed(tokens, line, starts[line]) if line > 0 else Cut(stretch.end, "none")


def _resumed(tokens: Sequence[Token], line: int, offset: int, *, within: bool = False, gap: Gap = "none") -> Cut:
    """The lists around a line once more, as empty items (and, within a line, its quotes), so that the rest goes on."""
    head: list[str] = []
    inside, fence, quotes = "", "", ""
    for token in tokens:
        if token.type == "blockquote_open" and _covers(token, line, within=within):
            quotes += "> "
        elif token.type == "list_item_open" and _covers(token, line, within=within):
            mark = f"{token.info}{token.markup}"
            head.append(f"{inside}{mark}\n")
            inside += " " * (len(mark) + 1)
        elif token.type == "fence" and _covers(token, line):
            fence = f"{token.markup}{token.info}\n"
    if quotes and head:
        return Cut(offset, gap)  # a list in a quote: its rest stands there without the list
    again = "".join(head) + (inside + fence if fence else inside + quotes if within else "")
    if len(head) > DEPTH or len(again) > LABEL_ROOM:
        return Cut(offset, gap)
    return Cut(offset, gap, again, len(head))


def _covers(token: Token, line: int, *, within: bool = False) -> bool:
    if token.map is None:
        return False
    return token.map[0] < line < token.map[1] or (within and token.map[0] <= line < token.map[1])


def _may_open(source: str, at: int) -> bool:
    """Whether a fence may begin near the start of this line: a look that costs little."""
    begin = source[at : at + 40]
    return "```" in begin or "~~~" in begin


def _cost(source: str, at: int, end: int, depth: int) -> float:
    work = _LINE + _LINE_IN * depth + _CHARACTER * (end - at)
    for sign, each in _COSTS:
        work += each * source.count(sign, at, end)
    return work


_JOINED: Final = "\u200d\ufe0e\ufe0f"


def _between_words(source: str, end: int) -> int:
    """A place between two sentences, else between two words near the end, before a letter; else the end, but not within
    one sign.
    """
    ended = source.rfind(". ", end * 2 // 3, end)
    if ended > 0 and source[ended + 2 : ended + 3].isalpha():
        return ended + 2
    for place in range(end - 1, end // 2, -1):
        if source[place] in " \n" and source[place + 1 : place + 2].isalpha():
            return place + 1
    at = end
    while (
        at > end // 2
        and at < len(source)
        and (source[at] in _JOINED or source[at - 1] in _JOINED or _joins(source[at]))
    ):
        at -= 1
    return at


def _joins(sign: str) -> bool:
    code = ord(sign)
    return 0x300 <= code < 0x370 or 0x1F3FB <= code <= 0x1F3FF or 0xE0020 <= code <= 0xE007F
