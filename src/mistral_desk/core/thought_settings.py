"""The settings of how long a thought may be; `core.settings` has all others, and the list."""

from __future__ import annotations

from typing import Final

from mistral_desk.core.sampling_bounds import LONGEST, LONGEST_THOUGHT_S
from mistral_desk.core.setting_kinds import Whole

THINK_SECONDS: Final = Whole(
    "chat.think_seconds",
    0,
    "Longest thought, in seconds",
    "When they are over, the model ends its sentence and answers with what it has thought so far. A shorter thought "
    "is quicker, and more often wrong on hard questions. Think more grants them once again.",
    1,
    LONGEST_THOUGHT_S,
    "s",
    automatic=True,
    zero="No limit",
)
THINK_TOKENS: Final = Whole(
    "chat.think_tokens",
    0,
    "Longest thought, in tokens",
    "As above, but the same on a slow and on a fast computer: a token is a word or a piece of one. To end its sentence "
    "it has a quarter more, 8 to 64. Where both are set, what is used up first counts.",
    1,
    LONGEST,
    "tokens",
    automatic=True,
    zero="No limit",
)
