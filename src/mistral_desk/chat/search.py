"""Search over all conversations: what was found, and where in it the words stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mistral_desk.chat.message import Conversation
from mistral_desk.inference.protocol import Role

if TYPE_CHECKING:
    import sqlite3


class Hit(msgspec.Struct, frozen=True):
    """A message that was found, or a title (`message` None). `marks` are begin and end of each word in `snippet`.

    `created` is when it was said, of a title when its conversation was last changed, in seconds since 1970 (UTC).
    """

    conversation: Conversation
    message: int | None
    role: Role | None
    created: float
    snippet: str
    marks: tuple[tuple[int, int], ...]


class Found(msgspec.Struct, frozen=True):
    """The newest hits first; `more` where there may be others.

    `left` counts the messages that the index does not have yet, which happens for a while after an update or an
    import; of them only the newest were looked through.
    """

    hits: tuple[Hit, ...]
    more: bool
    left: int = 0


def find(connection: sqlite3.Connection, text: str, limit: int, *, archived: bool) -> Found:
    """What `History.search` returns."""
    return Found((), False)
