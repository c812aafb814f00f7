"""What may be asked of one answer beside its turns, for all who pass it on from the session to the worker."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from mistral_desk.inference.protocol import Turn
    from mistral_desk.inference.thought_messages import Budget


class AnswerOptions(TypedDict, total=False):
    """What each is, and what holds where it is left out, stands at `protocol.Generate`, whose fields these are."""

    begun: Turn | None
    keep_thinking: bool
    room: int
    owner: str
    grammar: str
    budget: Budget
    rethinks: bool
