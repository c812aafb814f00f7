"""Colours of source text: pygments reads the code, this module says which token wears which of our colours.

No Qt here: a line's colours are spans of (start, length, name of a code colour).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pygments.lexer import Lexer  # type: ignore[import-untyped]

Span: TypeAlias = tuple[int, int, str]
LIMIT: Final = 60_000
"""Characters that are coloured at most; what comes after them stays plain."""
LONGEST_LINE: Final = 4_000
"""A longer line is data, not source, and regular expressions may take forever on it."""
LONGEST_NAME: Final = 40
STEP: Final = 600
"""Words of a language that are looked at in one go: some milliseconds."""
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
    made = Spans(code, language)
    while not made.go_on():
        pass
    return made.lines


class Spans:
    """Coloured spans for each line of `code`, found a little at a time."""

    def __init__(self, code: str, language: str) -> None:
        parts = code[:LIMIT].split("\n")
        self.lines: list[list[Span]] = [[] for _ in range(code.count("\n") + 1)]
        self.complete = 0
        """Lines, from the first on, whose spans are known."""
        self._row = self._column = 0
        lexer = _lexer(language.lower())
        if lexer is None or any(len(line) > LONGEST_LINE for line in parts):
            self._tokens: Iterator[tuple[object, str]] = iter(())
        else:
            self._tokens = iter(lexer.get_tokens("\n".join(parts)))

    def go_on(self) -> bool:
        """Find some more; whether all are known."""
        for _ in range(STEP):
            token = next(self._tokens, None)
            if token is None:
                self.complete = len(self.lines)
                return True
            kind, text = token
            colour = _colour(str(kind))
            for number, part in enumerate(text.split("\n")):
                if number:
                    self._row, self._column = self._row + 1, 0
                if self._row >= len(self.lines):
                    self.complete = len(self.lines)
                    return True
                if part and colour:
                    self.lines[self._row].append((self._column, len(part), colour))
                self._column += len(part)
        self.complete = self._row
        return False


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
