"""A person's words in pieces that can be shown one by one: a long line in one piece would take Qt minutes.

No Qt here.
"""

from __future__ import annotations

from typing import Final

PIECE: Final = 1_200
"""Characters of a piece at most."""
WHOLE: Final = 12_000
"""Characters of a line with spaces that stays whole: a cut in it would be seen as a line that ends early."""
UNBROKEN: Final = 400
"""Characters without a space, at most, in a line that stays whole."""
ALONE: Final = 1_700
"""A text up to this long stays in one piece: what is folded away leaves no more."""


def pieces_of(text: str) -> list[str]:
    """The text in pieces, which together are the text; cut behind a line, else behind a sentence or a word."""
    if len(text) <= ALONE:
        return [text]
    found: list[str] = []
    at = 0
    while at < len(text):
        end = at + PIECE
        if end < len(text):
            end = text.rfind("\n", at, end) + 1 or _whole(text, at) or _within(text, at)
        found.append(text[at:end])
        at = end
    return found


def _whole(text: str, at: int) -> int:
    """The end of the line that begins here; 0 where it is too long to be one piece."""
    end = text.find("\n", at, at + WHOLE) + 1 or (len(text) if len(text) - at <= WHOLE else 0)
    return end if max(map(len, text[at:end].split(" "))) <= UNBROKEN else 0


def _within(text: str, at: int) -> int:
    """A place in a line that is too long: as far as it can be broken elsewhere, behind a sentence if there is one."""
    far = at + WHOLE if max(map(len, text[at : at + WHOLE].split(" "))) <= UNBROKEN else at + PIECE
    for mark in (". ", " "):
        cut = text.rfind(mark, (at + far) // 2, far)
        if cut > at:
            return cut + len(mark)
    return _between(text, far)


def _between(text: str, end: int) -> int:
    """This place, or one shortly before it that is not within a sign of several parts."""
    at = end
    while at > end - 40 and (text[at] in _JOINED or text[at - 1] in _JOINED or 0x300 <= ord(text[at]) < 0x370):
        at -= 1
    return at


_JOINED: Final = "\u200d\ufe0e\ufe0f"
