"""What a conversation is made of, as plain data: it is stored, shown, exported and sent to the worker from here."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from mistral_desk.inference.protocol import Effort, Figures, Reason, Role

PartKind: TypeAlias = Literal["text", "thinking", "image", "file"]
Ending: TypeAlias = Reason | Literal["unfinished", "failed", ""]
"""How a message ended: a `Reason` of the engine · `unfinished` while it streams (so also after the app was killed in
mid-answer) · `failed` when the engine died or refused · empty for messages of people."""


class Part(msgspec.Struct, frozen=True):
    """One piece of a message. `body` is text, or a JSON reference to an image or file by its sha256."""

    kind: PartKind
    body: str


class Message(msgspec.Struct, frozen=True):
    """A stored message. `parent` None marks the root; siblings with the same parent are versions of one turn.

    `created` is in seconds since 1970 (UTC). `tokens` are the model's own ids with the hash of their vocabulary.
    """

    id: int
    conversation: int
    parent: int | None
    role: Role
    created: float
    parts: tuple[Part, ...]
    model: str = ""
    effort: Effort = "none"
    ending: Ending = ""
    figures: Figures | None = None
    tokens: tuple[int, ...] = ()
    vocabulary: str = ""

    @property
    def text(self) -> str:
        """The text parts together; never the thinking."""
        return "".join(part.body for part in self.parts if part.kind == "text")

    @property
    def thinking(self) -> str:
        """The thinking parts together."""
        return "".join(part.body for part in self.parts if part.kind == "thinking")


class Conversation(msgspec.Struct, frozen=True):
    """A conversation's head. `leaf` is the message at the end of the branch that is shown.

    Times are in seconds since 1970 (UTC); `deleted_at` is set while the conversation can still be brought back.
    """

    id: int
    title: str
    created: float
    updated: float
    leaf: int | None
    pinned: bool = False
    archived: bool = False
    deleted_at: float | None = None


class ConversationSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """What belongs to one conversation: its system prompt, and the model and effort it was last used with."""

    system: str = ""
    model: str = ""
    think: bool | None = None


class Draft(msgspec.Struct, frozen=True):
    """What a person is about to send.

    `attached` are pictures and files (`parts.picture_part`, `parts.file_part`), in order; they stand before the text.
    None: none, or, where a message is edited, those that it had.
    """

    text: str
    think: bool = False
    attached: tuple[Part, ...] | None = None

    @property
    def effort(self) -> Effort:
        """The reasoning effort that *Think harder* stands for."""
        return "high" if self.think else "none"
