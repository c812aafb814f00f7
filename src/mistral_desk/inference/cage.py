"""What the process that reads a person's words may do. The one place that says it, so that it is said honestly."""

from __future__ import annotations

from typing import Final

from mistral_desk.core.words import mark

KEPT_IN_BY: Final = "none yet: the worker is a process of its own, with the rights of the app"
"""As `doctor` writes it."""
IN_WORDS: Final = mark(
    "The model runs in a process of its own, so that it cannot take the window down. That process is not locked in "
    "yet: it has the same rights as Mistral Desk itself."
)
"""As the window says it."""
