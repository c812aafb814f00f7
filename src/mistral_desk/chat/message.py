"""What a conversation is made of, as plain data: it is stored, shown, exported and sent to the worker from here."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

from mistral_desk.inference.protocol import Effort, Figures, Reason, Role, Sampling

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


WhenFull: TypeAlias = Literal["ask", "stop", "drop", "summarise"]
"""What is to happen when a chat does not fit into the model's context any more."""


class ConversationSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """What belongs to one conversation. `kept_settings` reads and writes it, and is the only one to do so.

    `system` is the system prompt; `model` and `think` are what it was last used with. `sampling` says only what is
    other than the model's own. `longest` is the longest answer in tokens, None: until the context is full.
    `think_tokens` and `think_seconds` are the longest thought, 0: without a limit, None: as the app's settings say.
    `preset` is the id of the preset that was chosen last. `keep_thinking` None: as the model's template does.
    `dropped` is the last message that is not sent any more, and `summary` says in its place what was said there.
    `thoughts` tells by message id which thoughts the person has opened (true) or closed. `unknown` holds what
    another version wrote.
    """

    system: str = ""
    model: str = ""
    think: bool | None = None
    sampling: Sampling = Sampling()
    longest: int | None = None
    think_tokens: int | None = None
    think_seconds: int | None = None
    preset: str = ""
    when_full: WhenFull = "ask"
    keep_thinking: bool | None = None
    dropped: int | None = None
    summary: str = ""
    thoughts: dict[str, bool] = {}
    unknown: dict[str, Any] = {}


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
