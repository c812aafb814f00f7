"""The reasons of a verdict in the person's language: for the window and the command line alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mistral_desk.core.words import number, tr, trn

if TYPE_CHECKING:
    from mistral_desk.fit.advice import Reason


def said(reason: Reason, **instead: str) -> str:
    """A reason as a sentence, its numbers written as the language writes them; `instead` replaces parameters."""
    if "context" in reason.params:
        room = int(reason.params["context"])
        return trn("The context is limited to {n} token.", "The context is limited to {n} tokens.", room)
    return tr(reason.text, **{name: _written(value) for name, value in reason.params.items()} | instead)


def _written(value: str | float) -> str:
    if isinstance(value, str):
        return value
    return number(value, 0 if isinstance(value, int) else 1)
