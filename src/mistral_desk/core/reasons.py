"""Reasons in the person's language that are put together below the edges, where nobody speaks one: what the operating
system says, how a process ended, what a file has wrong.

They travel as plain English inside a problem; `core.errors` asks here when it puts one into words.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

from mistral_desk.core.words import mark

if TYPE_CHECKING:
    from collections.abc import Callable

SYSTEM: Final = (
    mark("Permission denied"),
    mark("Operation not permitted"),
    mark("No such file or directory"),
    mark("No space left on device"),
    mark("Disk quota exceeded"),
    mark("Disc quota exceeded"),
    mark("Read-only file system"),
    mark("Input/output error"),
    mark("Is a directory"),
    mark("Not a directory"),
    mark("Directory not empty"),
    mark("File exists"),
    mark("File name too long"),
    mark("File too large"),
    mark("Device or resource busy"),
    mark("Resource busy"),
    mark("Text file busy"),
    mark("Too many open files"),
    mark("Too many levels of symbolic links"),
    mark("Invalid cross-device link"),
    mark("Cross-device link"),
    mark("No such device"),
    mark("No such device or address"),
    mark("Stale file handle"),
    mark("Invalid argument"),
    mark("Operation not supported"),
    mark("Function not implemented"),
    mark("Cannot allocate memory"),
    mark("Bad file descriptor"),
    mark("Broken pipe"),
    mark("Address already in use"),
    mark("Cannot assign requested address"),
    mark("Can't assign requested address"),
    mark("Connection refused"),
    mark("Connection reset by peer"),
    mark("Connection timed out"),
    mark("Operation timed out"),
    mark("Network is unreachable"),
    mark("No route to host"),
)
"""What Linux and macOS say where they refuse (`os.strerror`); Windows speaks the person's language itself."""
PHRASES: Final = (
    mark("aborted"),
    mark("memory fault"),
    mark("arithmetic fault"),
    mark("illegal instruction: this processor is too old for the engine"),
    mark("killed"),
    mark("asked to end by another program"),
    mark("access violation"),
    mark("stack overflow"),
    mark("a library is missing"),
    mark("a library did not start"),
    mark("it reported a failure of its own"),
    mark("it closed its connection"),
    mark("it ends too early"),
    mark("no room in its memory"),
    mark("another byte order"),
    mark("no architecture"),
    mark("no expert is used"),
    mark("disk I/O error"),
    mark("unable to open database file"),
    mark("on or off"),
    mark("a folder with its whole path"),
    mark("folders with their whole paths"),
    mark("the part of a model that reads images"),
    mark("an adapter for another model"),
    mark("a table of measurements"),
    mark("a vocabulary without a model"),
    mark("a model without a vocabulary"),
    mark("a model that turns one text into another"),
    mark("a model that writes by diffusion"),
    mark("a model that compares texts"),
    mark("a schema is an object"),
    mark("it is a list of schemas"),
    mark("a reference is a text"),
    mark("there is nothing at this place"),
    mark("it is a list of values"),
    mark("it names a type, or several"),
    mark("it is an object of schemas"),
    mark("it is a list of names"),
    mark("it is a number"),
    mark("it is a whole number from 0 on"),
)
"""Whole reasons of ours that stand in a table, or are handed on."""
FORMS: Final = (
    mark("exit status {status}"),
    mark("status {status}"),
    mark("signal {number}"),
    mark("{phrase}, {code}"),
    mark("no sign of life within {number} seconds"),
    mark("it did not stop within {number} seconds"),
    mark("protocol {ours} here, {theirs} there"),
    mark("{event} was not expected here"),
    mark("{name} is not there"),
    mark("it is made for version {version} of the engine's interface"),
    mark("it is one of {count} parts, but is not named like one"),
    mark("it says that it lends {count} devices"),
    mark("it says that it has {count} bytes"),
    mark("{key} is not an object"),
    mark("{key} is not a known field"),
    mark("{key} is not true or false"),
    mark("{key} is not a number from {low} to {high}"),
    mark("{key} is not an object of rates by format"),
    mark("it is no JSON: {detail}"),
    mark("there is no type “{name}”"),
    mark("llama_decode gave {number}"),
    mark("one of {words}"),
    mark("format version {number}"),
    mark("it lacks {key}"),
    mark("{heads} heads in a width of {width}"),
    mark("pictures of {side} pixels"),
    mark("width {width}, but its words are {words} wide"),
    mark("{name} is {found}, not {wanted}"),
    mark("{used} experts used of {experts}"),
)
"""Reasons with something filled in; the first that fits counts."""
_PLACE: Final = re.compile(r"\{(\w+)\}")
_LOOKS: Final = {"number": r"-?\d+", "status": r"-?\d+|0x[0-9A-F]+", "code": r"SIG\w+|0x[0-9A-F]{8}"}
"""What can stand in a place; anything in all others."""


def said(reason: str, translate: Callable[[str], str]) -> str:
    """A reason in the language; one that nobody knows stays as it is."""
    whole = translate(reason)
    if whole != reason:
        return whole
    for form, pattern in _patterns():
        if found := pattern.fullmatch(reason):
            parts = {f"{{{name}}}": translate(part) for name, part in found.groupdict().items()}
            return "".join(parts.get(part, part) for part in re.split(r"(\{\w+\})", translate(form)))
    return reason


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((form, re.compile(_pattern(form))) for form in FORMS)


def _pattern(form: str) -> str:
    parts = _PLACE.split(form)
    parts[::2] = map(re.escape, parts[::2])
    parts[1::2] = (f"(?P<{name}>{_LOOKS.get(name, '.+?')})" for name in parts[1::2])
    return "".join(parts)
