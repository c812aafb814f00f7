"""What the process that reads a person's words may do. The one place that says it, so that it is said honestly."""

from __future__ import annotations

from typing import Final

import msgspec

from mistral_desk.core.words import mark


class Cage(msgspec.Struct, frozen=True):
    """What a worker found when it tried to get out of its cage, after its model was loaded.

    `by`: the locks in force. `refused` and `allowed`: kinds of attempts (`sandbox.trial.KINDS`). `notes`: `graphics`
    where the last lock was left out for a driver's sake, `off` where somebody switched the cage off.
    """

    by: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def tight(self) -> bool:
        """Whether every attempt was refused."""
        return bool(self.refused) and not self.allowed


KEPT_IN_BY: Final = "none yet: the worker is a process of its own, with the rights of the app"
"""As `doctor` writes it."""
IN_WORDS: Final = mark(
    "The model runs in a process of its own, so that it cannot take the window down. That process is not locked in "
    "yet: it has the same rights as Mistral Desk itself."
)
"""As the window says it."""
