"""Tables and paragraphs for a terminal: headings above columns, or where it is too narrow a block for each row."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

_WIDEST: Final = 100
"""Letters of a line at most that is read well."""
_LEAST: Final = 20
_BETWEEN: Final = " · "


def columns() -> int | None:
    """How many letters a line may have: the terminal's, or what `COLUMNS` says; None where there is no bound."""
    if not sys.stdout.isatty() and "COLUMNS" not in os.environ:
        return None
    return max(_LEAST, shutil.get_terminal_size().columns)


def for_terminal(text: str, stream: TextIO) -> str:
    """Paragraphs that break between words where `stream` is a terminal's; untouched elsewhere."""
    try:
        width = os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):  # no terminal, or nothing that the system knows
        return text
    if not width:  # a terminal that nobody told its size
        return text
    return "\n".join(_filled(line, max(_LEAST, width), "") for line in text.split("\n"))


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows under their headings, each with a line break; empty without rows. A column without any word is left out."""
    kept = [column for column in range(len(head)) if any(row[column] for row in rows)]
    lines = [[line[column] for column in kept] for line in (head, *rows)]
    widths = [max(wide(line[column]) for line in lines) for column in range(len(kept))]
    most = columns()
    if not kept:
        return ""
    if most is not None and sum(widths) + 2 * (len(widths) - 1) > most:
        return "".join(_block(lines[0], row, most) for row in lines[1:])
    return "".join(
        "  ".join(cell + " " * (width - wide(cell)) for cell, width in zip(line, widths, strict=True)).rstrip() + "\n"
        for line in lines
    )


def paragraphs(text: str, most: int | None = _WIDEST) -> str:
    """Paragraphs at the terminal's width, not wider than `most`; None leaves them as they are without a terminal."""
    here = columns()
    width = here if most is None else min(most, here or most)
    return text if width is None else "\n".join(_filled(line, width, "") for line in text.split("\n"))


def wide(text: str) -> int:
    """Columns of a terminal: letters of East Asia take two, marks that combine none."""
    double = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + double - sum(unicodedata.combining(character) != 0 for character in text)


def cut(text: str, most: int) -> str:
    """The text, where it is longer its beginning with dots."""
    if wide(text) <= most:
        return text
    while text and wide(text) >= most:
        text = text[:-1]
    return text.rstrip() + "…"


def _block(head: Sequence[str], row: Sequence[str], most: int) -> str:
    """A row below its first word; what has a heading says it."""
    said = [f"{name}: {cell}" if name else cell for name, cell in zip(head[1:], row[1:], strict=True) if cell]
    lines: list[str] = []
    for part in said:
        joined = f"{lines[-1]}{_BETWEEN}{part}" if lines else part
        if lines and wide(joined) + 2 <= most:
            lines[-1] = joined
        else:
            lines.append(part)
    return "\n".join([_filled(row[0], most, ""), *(_filled(line, most, "  ") for line in lines)]) + "\n"


def _filled(line: str, width: int, indent: str) -> str:
    own = line[: len(line) - len(line.lstrip())]
    return textwrap.fill(
        line.strip(),
        width,
        initial_indent=indent + own,
        subsequent_indent=indent + own,
        break_long_words=False,
        break_on_hyphens=False,
    )
