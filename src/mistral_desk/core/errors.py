"""Errors that a person may see.

They travel as an id with parameters, also across the worker's pipe, and become words only at the edges.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import msgspec

from mistral_desk.core import bidi
from mistral_desk.core.message_text import Counted
from mistral_desk.core.messages import MESSAGES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Parameter = str | int | float
PHRASES: Final = frozenset({"kind", "label", "reason", "rule"})
"""Parameters that are words of ours (or of the system) inside a sentence; all others are names and numbers."""
NAMES: Final = frozenset({"port", "status"})
"""Parameters that are numbers and count nothing: never in groups of three."""
MOMENT: Final = "when"
"""The parameter that is a day, and perhaps a time, as ISO 8601 writes them."""
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

    Short phrases among the parameters (`PHRASES`) are translated too, where the language has them, and numbers are
    written as the language writes them; without `translate` all is plain English, for logs and programs.
    An id that nobody declared, or a parameter that is missing, still gives words: an error about an error
    would lose the first one.
    """
    text = MESSAGES.get(_nearer(problem)) or MESSAGES["unexpected"]
    params = {name: _said(name, value, translate) for name, value in problem.params.items()}
    parts = [_chosen(part, problem.params, translate) for part in text]
    if translate is str:
        return Words(*(part.format_map(_Lenient(params)) for part in parts))
    return Words(*(_filled(part, params) for part in parts))


def _nearer(problem: Problem) -> str:
    """The id of the message: a computer of one's own gets other advice than a website."""
    host = problem.params.get("host")
    if problem.id != "net.unreachable" or not isinstance(host, str):
        return problem.id
    import ipaddress  # noqa: PLC0415 - a start has no use for it

    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host
    try:
        number = ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return "net.unreachable_here" if name.casefold() == "localhost" else problem.id
    if number.is_loopback:
        return "net.unreachable_here"
    return "net.unreachable_near" if number.is_private or number.is_link_local else problem.id


def _said(name: str, value: Parameter, translate: Callable[[str], str]) -> Parameter:
    if translate is str:
        return f"{value:.10g}" if isinstance(value, float) else value
    if value == "" or name in NAMES or (isinstance(value, str) and name not in {*PHRASES, MOMENT}):
        return value
    from mistral_desk.core import amounts, reasons, words  # noqa: PLC0415 - they stand on this module

    if name == MOMENT and isinstance(value, str):
        return amounts.written(value)
    if isinstance(value, str):
        return reasons.said(value, translate)

    return words.number(value, next((digits for digits in (0, 1) if value == round(value, digits)), 2))


def _chosen(part: str, params: dict[str, Parameter], translate: Callable[[str], str]) -> str:
    """A part of a message in the language, in the form that fits its number."""
    if not isinstance(part, Counted):
        return translate(part) if part else ""
    given = params.get(part.by)
    count = 2 if given is None or isinstance(given, str) else math.ceil(given)
    if translate is str:
        return part.one if count == 1 else str(part)
    from mistral_desk.core.words import form  # noqa: PLC0415 - as above

    return form(part.one, str(part), count)


def as_problem(error: BaseException) -> Problem:
    """The problem to show for any exception; what is not a `DeskError` becomes *unexpected* with its name."""
    if isinstance(error, DeskError):
        return error.problem
    return Problem("unexpected", {"kind": type(error).__name__}, f"{type(error).__name__}: {error}")


def _filled(text: str, params: Mapping[str, Parameter]) -> str:
    marked, values = bidi.placed(text, params, mirrored=False)  # no message is made of places alone
    return marked.format_map(_Lenient(values))


class _Lenient(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "?"
