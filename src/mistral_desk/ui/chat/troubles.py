"""Which problems of an answer ask for more than *Try again*: a look at the model's file, or a last try."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mistral_desk.core.errors import Problem

KEEPS_STOPPING: Final = "engine.keeps_stopping"
NEWER_ENGINE: Final = "model.newer_engine"
_DOUBTFUL: Final = frozenset(
    {
        KEEPS_STOPPING,
        "model.damaged",
        "model.load_failed",
        "model.no_text",
        "model.nothing_sensible",
        "model.only_blanks",
        "model.weights_damaged",
    }
)

_SETTINGS: Final = frozenset(
    {
        "endpoint.effort",
        "endpoint.forbidden",
        "endpoint.gone",
        "endpoint.key",
        "endpoint.not_protocol",
        "endpoint.not_there",
        "endpoint.plain",
    }
)


def doubts_file(problem: Problem | None) -> bool:
    """Whether the model's file may be the cause, so that verifying it is worth offering."""
    return problem is not None and problem.id in _DOUBTFUL


def mended_in_settings(problem: Problem | None) -> bool:
    """Whether it is the endpoint's settings where that is put right."""
    return problem is not None and problem.id in _SETTINGS


def needs_engine(problem: Problem | None) -> bool:
    """Whether another engine would run the model."""
    return problem is not None and problem.id == NEWER_ENGINE


def left_alone(problem: Problem | None) -> bool:
    """Whether the engine is not started again with this model unless somebody wants it."""
    return problem is not None and problem.id == KEEPS_STOPPING
