"""Whether a summary can stand in the place of what it sums up: small models write answers of all kinds instead.

Said from the words alone, so it finds only what is plainly of no use, and never judges how good a summary is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mistral_desk.chat.message import Message

COMMON: Final = 0.2
"""A summary in the conversation's own language shares at least so much of its words with it."""
FEW: Final = 8
"""Of a source with fewer words than this nothing can be said: pictures, a number, a name."""
_WORD: Final = re.compile(r"[^\W\d_]{4,}|\d+")
_IDEOGRAM: Final = "\u2e80"
"""From here on scripts write no spaces: there two letters count as a word."""


def is_off(summary: str, messages: Sequence[Message], before: str = "") -> bool:
    """Whether a summary has nothing to do with what it sums up (`before` is the summary of what was said earlier), or
    is only one of the answers over again.
    """
    said = [text for one in messages for text in (_spaced(one.text), *_files(one)) if text]
    source = _words((*said, before))
    if len(source) < FEW:
        return False
    if len(said) > 1 and any(_spaced(summary) in one for one in said):
        return True
    own = _words((summary,))
    return not own or len(own & source) < COMMON * len(own)


def _files(message: Message) -> list[str]:
    return [part.body for part in message.parts if part.kind == "file"]


def _spaced(text: str) -> str:
    return " ".join(text.casefold().split())


def _words(texts: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for text in texts:
        for word in _WORD.findall(text.casefold()):
            if word[0] < _IDEOGRAM:
                found.add(word)
            else:
                found.update(word[place : place + 2] for place in range(len(word) - 1))
    return found
