"""How long a thought may be in a chat: as the chat or its preset says, else the app's settings; less what was used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mistral_desk.core.settings import THINK_SECONDS, THINK_TOKENS
from mistral_desk.inference.thought_messages import Budget

if TYPE_CHECKING:
    from mistral_desk.chat.message import ConversationSettings
    from mistral_desk.core.settings import Settings
    from mistral_desk.inference.protocol import Figures


def usual(settings: Settings) -> Budget:
    """What the app's settings say."""
    return Budget(settings.get(THINK_TOKENS) or None, settings.get(THINK_SECONDS) or None)


def limit(own: ConversationSettings, otherwise: Budget) -> Budget:
    """What holds in a chat with these settings of its own, where 0 means no limit."""
    tokens = otherwise.tokens if own.think_tokens is None else own.think_tokens or None
    seconds = otherwise.seconds if own.think_seconds is None else own.think_seconds or None
    return Budget(tokens, seconds)


def left(budget: Budget, used: Figures | None) -> Budget:
    """What is left for a thought that goes on after it took so much; as far as that was measured."""
    if used is None:
        return budget
    return Budget(
        None if budget.tokens is None else max(0, budget.tokens - used.thinking_tokens),
        None if budget.seconds is None else max(0.0, budget.seconds - used.thinking_s),
    )
