"""What an answer that broke off needs to go on: whether it can, what it is to the model, and figures that add up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from mistral_desk.inference.model_ids import together, writers
from mistral_desk.inference.protocol import Figures, Turn

if TYPE_CHECKING:
    from mistral_desk.chat.message import Ending, Message

BROKEN_OFF: Final[frozenset[Ending]] = frozenset({"stopped", "length", "context", "unfinished", "failed"})
"""Endings behind which an answer can go on; one that the model ended itself (`stop`) is complete."""


def goes_on(message: Message) -> bool:
    """Whether a stored answer broke off, with something there to go on from."""
    return message.role == "assistant" and message.ending in BROKEN_OFF and bool(message.text or message.thinking)


def begun(message: Message) -> Turn | None:
    """An answer so far as the worker takes it; None where nothing is there yet."""
    if not (message.text or message.thinking):
        return None
    return Turn("assistant", message.text, message.thinking, message.tokens, message.vocabulary)


def reopened(before: Figures | None, now: Figures, begun_tokens: int) -> Figures:
    """The figures of a new version that kept the thought of another one, which took `before`: its thought is both."""
    old = before or Figures()
    made = joined(None, now, begun_tokens, thought=False)
    return msgspec.structs.replace(
        made,
        thinking_tokens=old.thinking_tokens + now.thinking_tokens,
        thinking_s=old.thinking_s + now.thinking_s if before else 0.0,
        first_token_s=now.first_token_s,
    )


def written_by(before: str, now: str) -> str:
    """The model ids of an answer that `now` goes on with: each writer once in a row."""
    wrote = writers(before)
    return before if wrote[-1:] == (now,) else together((*wrote, now))


def joined(before: Figures | None, now: Figures, begun_tokens: int, *, thought: bool) -> Figures:
    """The figures of a whole answer that was written in two goes.

    `before` is None where the app was killed and the first go was never measured: what it took stays unknown, its time
    for thinking too (`thought`: it had begun to think). `begun_tokens` is what there was of the answer, in the ids of
    the model that went on. So `prompt_tokens` + `generated_tokens` fill the context, and what was read anew is the
    sum of both goes: `prompt_tokens` - `cached_tokens` + `again_tokens`.
    """
    prompt = now.prompt_tokens - begun_tokens
    anew = now.prompt_tokens - now.cached_tokens
    if before is None:
        cached, read = max(0, now.cached_tokens - begun_tokens), anew
    else:
        cached = min(before.cached_tokens, prompt)
        read = anew + before.prompt_tokens - before.cached_tokens + before.again_tokens
    first = before or Figures()
    return msgspec.structs.replace(
        now,
        prompt_tokens=prompt,
        cached_tokens=cached,
        again_tokens=read - (prompt - cached),
        generated_tokens=begun_tokens + now.generated_tokens,
        thinking_tokens=first.thinking_tokens + now.thinking_tokens,
        prompt_s=first.prompt_s + now.prompt_s,
        thinking_s=0.0 if before is None and thought else first.thinking_s + now.thinking_s,
        first_token_s=first.first_token_s,
        tokens_per_s=_rate(first, now),
        thought_end=now.thought_end or first.thought_end,
    )


def _rate(one: Figures, other: Figures) -> float | None:
    """Tokens a second over both goes: each rate is over the tokens behind the first one."""
    measured = [
        (figures.generated_tokens - 1, figures.tokens_per_s)
        for figures in (one, other)
        if figures.tokens_per_s and figures.generated_tokens > 1
    ]
    seconds = sum(count / rate for count, rate in measured)
    return sum(count for count, _ in measured) / seconds if seconds else None
