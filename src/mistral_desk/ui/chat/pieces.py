"""A person's words in pieces that can be shown one by one: a long line in one piece would take Qt minutes.

No Qt here.
"""

from __future__ import annotations

from typing import Final

PIECE: Final = 1_200
"""Characters of a piece at most."""
ALONE: Final = 1_700
"""A text up to this long stays in one piece: what is folded away leaves no more."""


def pieces_of(text: str) -> list[str]:
    """The text in pieces, which together are the text; cut behind a line, or behind a word, where there is one."""
    if len(text) <= ALONE:
        return [text]
    found: list[str] = []
    at = 0
    while at < len(text):
        end = at + PIECE
        if end < len(text):
            cut = text.rfind("\n", at, end)
            if cut < 0:
                cut = text.rfind(" ", at + PIECE // 2, end)
            end = cut + 1 if cut > at else _between(text, end)
        found.append(text[at:end])
        at = end
    return found


def _between(text: str, end: int) -> int:
    """This place, or one shortly before it that is not within a sign of several parts."""
    at = end
    while at > end - 40 and (text[at] in _JOINED or text[at - 1] in _JOINED or 0x300 <= ord(text[at]) < 0x370):
        at -= 1
    return at


_JOINED: Final = "\u200d\ufe0e\ufe0f"
