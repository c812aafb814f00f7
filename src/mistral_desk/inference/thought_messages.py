"""What is said between the app and its worker about a running thought: end it, let it go on, how long it may be.

They stand apart from `protocol` because the engine's own rules for thoughts (`steering`) are made of them.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

ThoughtEnd: TypeAlias = Literal["", "now", "tokens", "seconds"]
"""What ended a thought: the model itself, or nothing yet · *Answer now* · its budget of tokens, or of seconds."""


class Budget(msgspec.Struct, frozen=True, omit_defaults=True):
    """How long the thought of one answer may be, in tokens and in seconds; None: as long as it likes.

    0, or less, is used up already. What is used up first ends it, softly: the sentence may come to its end.
    """

    tokens: int | None = None
    seconds: float | None = None


class AnswerNow(msgspec.Struct, frozen=True, tag="answer_now"):
    """Close the thought of this request and go straight to the answer, also where the thought has yet to begin."""

    request: int


class ThinkMore(msgspec.Struct, frozen=True, tag="think_more"):
    """The next time the model closes the thought of this request, have it go on; its budget begins anew.

    Twice before that is once. Without effect in an answer that is being written already.
    """

    request: int


class Steered(msgspec.Struct, frozen=True, tag="steered"):
    """The thought was not left to the model: it goes on (`more`), or was closed, and why. Stands before the pieces that
    show it.
    """

    request: int
    how: Literal["more", "now", "tokens", "seconds"]
