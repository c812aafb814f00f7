"""Errors that a person may see.

They travel as an id with parameters, also across the worker's pipe, and become words only at the edges.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from mistral_desk.core import bidi
from mistral_desk.core.messages import MESSAGES

if TYPE_CHECKING:
    from collections.abc import Callable

Parameter = str | int | float
PHRASES: Final = frozenset({"kind", "label", "reason", "rule"})
"""Parameters that are words of ours (or of the system) inside a sentence; all others are names and numbers."""
WITHHELD: Final = frozenset({"said"})
"""Parameters that may quote what a person wrote: what a server elsewhere says. They are shown, and in no log."""


class Problem(msgspec.Struct, frozen=True):
    """What went wrong, without words: a message id of `core.messages` and what its placeholders stand for.

    `detail` is for the log and for a bug report (a library's own words); it is never a window's main text.
    """

    id: str
    params: dict[str, Parameter] = {}
    detail: str = ""


class Words(msgspec.Struct, frozen=True):
    """A problem in words: what happened, why, and what to do now."""

    title: str
    message: str
    hint: str

    @property
    def in_one(self) -> str:
        """All of it in one line, for a row that has no room for three and for who hears it."""
        return f"{self.title}. {self.message} {self.hint}".strip()


class DeskError(Exception):
    """The one exception whose content may reach a person.

    Raise it as `DeskError("model.missing", path=str(path))`; chain the cause with `from`.
    """

    def __init__(self, message_id: str, detail: str = "", /, **params: Parameter) -> None:
        self.problem = Problem(message_id, params, detail)
        super().__init__(message_id, params, detail)

    @classmethod
    def of(cls, problem: Problem) -> DeskError:
        """Wrap a problem that came from elsewhere, the worker for example."""
        return cls(problem.id, problem.detail, **problem.params)

    def __str__(self) -> str:
        logged = {name: "…" if name in WITHHELD else value for name, value in self.problem.params.items()}
        words = in_words(msgspec.structs.replace(self.problem, params=logged))
        detail = f" [{self.problem.detail}]" if self.problem.detail else ""
        return f"{self.problem.id}: {words.title}: {words.message}{detail}"


def in_words(problem: Problem, translate: Callable[[str], str] = str) -> Words:
    """Put a problem into words; `translate` maps an English source text to the person's language.

    Short phrases among the parameters (`PHRASES`) are translated too, where the language has them.
    An id that nobody declared, or a parameter that is missing, still gives words: an error about an error
    would lose the first one.
    """
    text = MESSAGES.get(problem.id) or MESSAGES["unexpected"]
    params = {
        name: translate(value) if name in PHRASES and isinstance(value, str) and value else value
        for name, value in problem.params.items()
    }
    return Words(*(_filled(translate(part), params) if part else "" for part in (text.title, text.message, text.hint)))


def as_problem(error: BaseException) -> Problem:
    """The problem to show for any exception; what is not a `DeskError` becomes *unexpected* with its name."""
    if isinstance(error, DeskError):
        return error.problem
    return Problem("unexpected", {"kind": type(error).__name__}, f"{type(error).__name__}: {error}")


def _filled(text: str, params: dict[str, Parameter]) -> str:
    if bidi.runs_right_to_left(text):
        return text.format_map(_Lenient({name: bidi.isolated(value) for name, value in params.items()}))
    return text.format_map(_Lenient(params))


class _Lenient(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "?"
