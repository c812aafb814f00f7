"""A conversation from elsewhere, before it has ids: what an import hands to the history."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mistral_desk.chat.message import ConversationSettings, Ending, Part
from mistral_desk.inference.protocol import Effort, Figures, Role

if TYPE_CHECKING:
    from collections.abc import Sequence


class ImportedMessage(msgspec.Struct, frozen=True):
    """A message. `key` names it within its conversation, `parent` is the key of the one before it, None for a root.

    `created` is in seconds since 1970 (UTC).
    """

    key: str
    parent: str | None
    role: Role
    created: float
    parts: tuple[Part, ...]
    model: str = ""
    effort: Effort = "none"
    ending: Ending = ""
    figures: Figures | None = None


class Imported(msgspec.Struct, frozen=True):
    """A conversation with all versions of its turns; parents stand before their children.

    `leaf` is the key of the message at the end of the branch that is shown; None: the last message. `origin` says
    what it was elsewhere (`chatgpt:<uuid>`), so that the same is not taken in again; empty where that is unknown.
    """

    title: str
    created: float
    updated: float
    messages: tuple[ImportedMessage, ...]
    leaf: str | None = None
    origin: str = ""
    pinned: bool = False
    archived: bool = False
    settings: ConversationSettings = ConversationSettings()


def in_order(messages: Sequence[ImportedMessage]) -> bool:
    """True where every key is there once, and every parent before its children."""
    seen: set[str] = set()
    for message in messages:
        if message.key in seen or (message.parent is not None and message.parent not in seen):
            return False
        seen.add(message.key)
    return True
