"""What one turn reports while it runs: the window and the command line show a turn from these alone."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from mistral_desk.chat.message import Conversation, Message, WhenFull
from mistral_desk.core.errors import Problem


class Started(msgspec.Struct, frozen=True):
    """Both messages are stored: the person's, and the answer, still empty. Always the first event."""

    conversation: Conversation
    user_message: Message
    answer_message: Message


class Loading(msgspec.Struct, frozen=True):
    """The model is being loaded; `fraction` from 0 to 1. Absent if it is ready already."""

    fraction: float


class Reading(msgspec.Struct, frozen=True):
    """The model reads the conversation: `done` of `total` tokens, `cached` of them for free.

    `seconds_left` is None until it can be told. `looking`: it looks at a picture just now.
    """

    done: int
    total: int
    cached: int
    seconds_left: float | None
    looking: bool = False


class Thinking(msgspec.Struct, frozen=True):
    """More of the model's thoughts."""

    text: str


class Writing(msgspec.Struct, frozen=True):
    """More of the answer's text."""

    text: str


class GoingOn(msgspec.Struct, frozen=True):
    """The model goes on with an answer that broke off: all of it so far, as the model has it. It may lack half a
    character that was shown.
    """

    thinking: str
    text: str


class Steered(msgspec.Struct, frozen=True):
    """The thought goes on where the model wanted to close it (`more`), or was closed: by *Answer now* (`now`), or
    because its `tokens` or `seconds` are used up.
    """

    how: Literal["more", "now", "tokens", "seconds"]


class Full(msgspec.Struct, frozen=True):
    """The conversation has `tokens` and does not fit into the model's `context` with an answer. The turn waits until
    `Session.decide` says what gives way. 0 tokens: far more than the context, so that nobody counted.

    `messages` are those before the last turn, which could go; `gone` are not sent any more as it is. `helps` is what
    can be chosen besides stopping; `failed` says why another choice came to nothing.
    """

    tokens: int
    context: int
    messages: int
    gone: int = 0
    helps: tuple[WhenFull, ...] = ("summarise", "drop")
    failed: Problem | None = None


class Summarising(msgspec.Struct, frozen=True):
    """The model sums up the oldest messages; `share` from 0 to 1."""

    share: float


class Shortened(msgspec.Struct, frozen=True):
    """The messages up to `dropped` are not sent any more, so many in all; `summary` stands in their place."""

    dropped: int
    messages: int
    summary: str


class Ended(msgspec.Struct, frozen=True):
    """The answer is complete, or was stopped, and is stored as `message`. The last event."""

    message: Message


class Broken(msgspec.Struct, frozen=True):
    """The turn failed; `message` is the answer as far as it came. The last event.

    It is stored with the ending `failed`, unless saving itself was the problem (`history.…`): then `message`
    holds what `History.save` can save later.
    """

    problem: Problem
    message: Message


TurnEvent: TypeAlias = (
    Started
    | Loading
    | Reading
    | Full
    | Summarising
    | Shortened
    | GoingOn
    | Steered
    | Thinking
    | Writing
    | Ended
    | Broken
)
