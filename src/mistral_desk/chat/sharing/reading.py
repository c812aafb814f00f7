"""What markdown means in a message, for documents that other programs open: nothing in a message may act on them.

The parser's work is bounded: a text that would cost it more than a moment stays as it was written.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from markdown_it import MarkdownIt
    from markdown_it.token import Token

NESTING: Final = 60
LONGEST: Final = 400_000
"""Characters of a text that is read as markdown."""
MARKS: Final = 1_500
"""Characters with a meaning in one paragraph: the parser's time grows with more than their number."""
PARAGRAPH: Final = 60_000
SCHEMES: Final = frozenset({"http", "https", "mailto"})
_ADDRESS: Final = 4_096
_MARKS: Final = "*_[]`<!~|\\&"
_FENCE: Final = re.compile(r"[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*(`{3,}(?=[^`]*$)|~{3,})")
_RUN: Final = re.compile(r"`+")
_INSIDE: Final = re.compile(r"(?:[ \t>]|(?:[-*+]|\d{1,9}[.)])(?=[ \t]))*")
"""What stands before a line's own words in lists and quotations; each sign fits in one way only, or deep lists would
never end.
"""
_ATX: Final = re.compile(rf"({_INSIDE.pattern})(#{{1,6}})(?=[ \t]|$)")
_CELL: Final = re.compile(r"(?<!\\)\|")
_OPENING: Final = re.compile(r"(\n[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*)(?=<[A-Za-z/!?])")
# What begins something in HTML; an address between angle brackets is markdown's own.
_SPECIAL: Final = re.compile(r"\\.|`+|!(?=\[)|<(?!(?:https?|mailto):[^<>\s]*>)(?=[A-Za-z/!?])", re.DOTALL)
_ACTING: Final = frozenset({"html_inline", "image"})
_ANYWHERE: Final = re.compile(r"\\.|!(?=\[)|<(?=[A-Za-z/!?])", re.DOTALL)


def allowed(address: str) -> bool:
    """Whether an address of a message may become a link: web and mail only, and none that hides its host."""
    if len(address) > _ADDRESS or not address.isprintable() or "\\" in address:
        return False
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    if parts.scheme == "mailto":
        return "@" in parts.path
    return parts.scheme in SCHEMES and bool(parts.netloc) and "@" not in parts.netloc


def normal(text: str) -> str:
    """With line feeds at the ends of lines, and nothing that no document may hold."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.translate(_CONTROLS)


def too_much(text: str) -> bool:
    """Whether reading it as markdown could take long. Code between fences costs next to nothing and is not counted."""
    if len(text) > LONGEST:
        return True
    marks = length = 0
    fence = ""
    for line in text.split("\n"):
        found = _FENCE.match(line)
        if found is not None and (not fence or found[1].startswith(fence)):
            fence = "" if fence else found[1]
            marks = length = 0
        elif fence:
            continue
        elif not line.strip():
            marks = length = 0
        else:
            length += len(line)
            marks += sum(map(line.count, _MARKS))
            if marks > MARKS or length > PARAGRAPH:
                return True
    return False


@cache
def parser() -> MarkdownIt:
    """CommonMark with GitHub's tables; HTML is text, an address becomes a link only where `allowed`."""
    from markdown_it import MarkdownIt  # noqa: PLC0415 - 60 ms that only an export needs

    made = MarkdownIt("commonmark", {"html": False, "maxNesting": NESTING}).enable(["table", "strikethrough"])
    made.disable("reference")  # in the window a definition is text, too
    made.validateLink = allowed  # type: ignore[assignment, method-assign]
    return made


def fenced(text: str, language: str = "") -> str:
    """Text between two fences that it does not have itself."""
    longest = max((len(run) for run in _RUN.findall(text)), default=2)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}{'' if text.endswith(chr(10)) or not text else chr(10)}{fence}\n"


def contained(text: str) -> str:
    """A message's markdown so that it can stand among others in one document.

    Its headings, in lists too, come below those of the document (two levels deeper, six at most), a code block that it
    left open is closed, HTML is escaped, and a picture becomes a link: what shows the document loads nothing.
    """
    text = normal(text)
    if too_much(text):
        return fenced(text)
    for escaped in (_escaped, _all_escaped):
        made = _contained(text, escaped)
        if not _acts(made):
            return made
    return fenced(text)


def _contained(text: str, escaped: Callable[[str], str]) -> str:
    lines = text.split("\n")
    tokens = parser().parse(text)
    code = set(_code_lines(tokens))
    for first, end, table in _stretches(tokens, lines, code):
        stretch = "\n".join(lines[first:end])
        cells = _CELL.split(stretch) if table else (stretch,)
        lines[first:end] = "|".join(map(escaped, cells)).split("\n")
    closing = _left_open(tokens, lines)
    for token in reversed(tokens):
        if token.type == "heading_open" and token.map:
            _lower(lines, token)
    return "\n".join(lines).rstrip() + ("\n" + closing if closing else "") + "\n"


def _acts(text: str) -> bool:
    """Whether a reader that takes HTML would find some, or a picture.

    Where a code span begins is a matter of opinion: the address of a link that is none here, a title or a definition
    may swallow a backtick, and then what looks like code is not.
    """
    if "<" not in text and "![" not in text:
        return False
    for reader in _other_readers():
        for token in reader.parse(text):
            if token.type == "html_block" or any(one.type in _ACTING for one in token.children or ()):
                return True
    return False


@cache
def _other_readers() -> tuple[MarkdownIt, ...]:
    """CommonMark as other programs have it: to some every address is a link, to some those that do no harm, to some
    none.
    """
    from markdown_it import MarkdownIt  # noqa: PLC0415 - as above

    def made(links: Callable[[str], bool] | None = None) -> MarkdownIt:
        one = MarkdownIt("commonmark", {"html": True, "maxNesting": 3 * NESTING}).enable(["table", "strikethrough"])
        if links is not None:
            one.validateLink = links  # type: ignore[assignment, method-assign]
        return one

    return made(), made(lambda _: True), made(lambda _: False)


def _code_lines(tokens: Sequence[Token]) -> Iterator[int]:
    for token in tokens:
        if token.type in {"fence", "code_block"} and token.map:
            yield from range(*token.map)


def _stretches(tokens: Sequence[Token], lines: Sequence[str], code: set[int]) -> Iterator[tuple[int, int, bool]]:
    """Lines that belong together as words, and whether they are a table's: a code span never reaches beyond them."""
    seen = set(code)
    for token in tokens:
        if token.type == "table_open" and token.map:
            rows = [number for number in range(*token.map) if number not in seen]
            seen.update(rows)
            yield from ((number, number + 1, True) for number in rows)
        elif token.type == "inline" and token.map and token.map[0] not in seen:
            first, end = token.map
            seen.update(range(first, end))
            yield first, end, False
    yield from ((number, number + 1, False) for number in range(len(lines)) if number not in seen)


def _escaped(paragraph: str) -> str:
    """With a backslash before what would begin HTML or a picture, outside of code spans."""
    if "<" not in paragraph and "![" not in paragraph:
        return paragraph
    made: list[str] = []
    at = 0
    while (found := _SPECIAL.search(paragraph, at)) is not None:
        sign = found[0]
        made.append(paragraph[at : found.start()])
        at = found.end()
        if sign.startswith("`"):
            end = _end_of_code(paragraph, at, len(sign))
            # Where HTML is read, a block of it may begin with a line, also inside of what would be code.
            made.append(sign + _OPENING.sub(r"\1\\", paragraph[at:end]))
            at = end
        else:
            made.append(sign if sign.startswith("\\") else f"\\{sign}")
    return "".join((*made, paragraph[at:]))


def _all_escaped(paragraph: str) -> str:
    """With a backslash before everything that could begin HTML or a picture, also where it may be code."""
    return _ANYWHERE.sub(lambda found: found[0] if found[0].startswith("\\") else f"\\{found[0]}", paragraph)


def _end_of_code(paragraph: str, start: int, ticks: int) -> int:
    """Where a code span that begins with so many backticks ends; its start where it never does."""
    for run in _RUN.finditer(paragraph, start):
        if len(run[0]) == ticks:
            return run.end()
    return start


def _left_open(tokens: Sequence[Token], lines: Sequence[str]) -> str:
    last = next((token for token in reversed(tokens) if token.level == 0), None)
    if last is None or last.type != "fence" or not last.map:
        return ""
    first, end = last.map
    body = [line for line in lines[first + 1 : end] if line.strip()]
    mark = re.escape(last.markup[0])
    closed = body and re.fullmatch(rf" {{0,3}}{mark}{{{len(last.markup)},}}[ \t]*", body[-1])
    return "" if closed else last.markup


def _lower(lines: list[str], token: Token) -> None:
    first, end = token.map or (0, 0)
    marks = "#" * min(6, int(token.tag[1:]) + 2)
    found = _ATX.match(lines[first])
    if found is not None and token.markup.startswith("#"):
        lines[first] = f"{found[1]}{marks}{lines[first][found.end() :]}"
    else:  # underlined; its lines become one
        before = _INSIDE.match(lines[first])
        lead = before[0] if before is not None else ""
        words = (lines[first][len(lead) :], *(line.lstrip(" \t>") for line in lines[first + 1 : end - 1]))
        lines[first:end] = [f"{lead}{marks} " + " ".join(map(str.strip, words))]


_CONTROLS: Final = {code: "\ufffd" for code in range(32) if chr(code) not in "\t\n"} | {127: "\ufffd"}
