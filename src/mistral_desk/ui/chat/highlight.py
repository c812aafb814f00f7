"""Colours of source text: pygments reads the code, this module says which token wears which of our colours.

No Qt here: a line's colours are spans of (start, length, name of a code colour).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from pygments.lexer import Lexer  # type: ignore[import-untyped]

Span: TypeAlias = tuple[int, int, str]
LIMIT: Final = 60_000
"""Characters that are coloured at most; above it the text stays plain, so that the window stays quick."""
LONGEST_LINE: Final = 4_000
"""A longer line is data, not source, and regular expressions may take forever on it."""
LONGEST_NAME: Final = 40
_ready: Final[set[str]] = set()

# The first name that is a prefix of pygments' token type wins.
_COLOURS: Final = (
    ("Token.Comment.Preproc", "keyword"),
    ("Token.Comment", "comment"),
    ("Token.Keyword.Type", "kind"),
    ("Token.Keyword", "keyword"),
    ("Token.Operator.Word", "keyword"),
    ("Token.Literal.String.Doc", "comment"),
    ("Token.Literal.String", "string"),
    ("Token.Literal.Number", "number"),
    ("Token.Name.Function", "name"),
    ("Token.Name.Class", "kind"),
    ("Token.Name.Builtin", "kind"),
    ("Token.Name.Exception", "kind"),
    ("Token.Name.Decorator", "name"),
    ("Token.Name.Tag", "keyword"),
    ("Token.Name.Attribute", "name"),
    ("Token.Generic.Inserted", "added"),
    ("Token.Generic.Deleted", "removed"),
    ("Token.Generic.Heading", "keyword"),
    ("Token.Generic.Subheading", "name"),
    ("Token.Generic.Prompt", "comment"),
)


def prepared(language: str) -> bool:
    """Whether `spans` and `label` answer at once: a language's rules take a tenth of a second to read at first."""
    return not _may_be(language) or language.lower() in _ready


def prepare(language: str, code: str = "") -> None:
    """Read a language's rules, and all that this piece of code needs of them; may run in any thread."""
    spans(code, language)
    _ready.add(language.lower())


def spans(code: str, language: str) -> list[list[Span]]:
    """Coloured spans for each line of `code`; none where the language is unknown or the text is too large."""
    lines: list[list[Span]] = [[] for _ in range(code.count("\n") + 1)]
    lexer = _lexer(language.lower())
    if lexer is None or len(code) > LIMIT or any(len(line) > LONGEST_LINE for line in code.split("\n")):
        return lines
    row = column = 0
    for kind, text in lexer.get_tokens(code):
        colour = _colour(str(kind))
        for number, part in enumerate(text.split("\n")):
            if number:
                row, column = row + 1, 0
            if row >= len(lines):
                return lines
            if part and colour:
                lines[row].append((column, len(part), colour))
            column += len(part)
    return lines


def label(language: str) -> str:
    """The language's name as people write it; its own word where pygments does not know it, or not yet."""
    if not prepared(language):
        return language
    lexer = _lexer(language.lower())
    return str(lexer.name) if lexer is not None else language


def _may_be(language: str) -> bool:
    return 0 < len(language) <= LONGEST_NAME


@lru_cache(maxsize=64)
def _lexer(language: str) -> Lexer | None:
    if not _may_be(language):
        return None
    # Not needed before the first code block.
    from pygments.lexers import get_lexer_by_name  # type: ignore[import-untyped]  # noqa: PLC0415
    from pygments.util import ClassNotFound  # type: ignore[import-untyped]  # noqa: PLC0415

    try:
        return get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None


@lru_cache(maxsize=512)
def _colour(kind: str) -> str:
    return next((colour for prefix, colour in _COLOURS if kind.startswith(prefix)), "")
