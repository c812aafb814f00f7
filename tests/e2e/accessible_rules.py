"""What must hold for all that a screen reader finds in a window, whatever stands in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.fixtures.atspi import Reader, Thing

NOTHING: Final = frozenset({"filler", "unknown", "invalid", "redundant object"})
"""Roles that screen readers pass over, name and all, to what is in them. Qt has no other for what scrolls."""
PRESSED: Final = frozenset({"push button", "check box", "radio button", "menu item", "check menu item"})
ONE_OR_OTHER: Final = frozenset({"check box", "radio button"})
MEASURED: Final = frozenset({"progress bar", "spin box", "slider"})
_UNFINISHED: Final = re.compile(r"\{\w*\}|</?[a-z]+>|&\w")


def faults(reader: Reader, things: Sequence[Thing]) -> list[str]:
    """What is wrong with these, in words."""
    return [f"{one}: {what}" for one in things for what in _of(reader, one)]


def _of(reader: Reader, one: Thing) -> Iterator[str]:
    reached = "focusable" in one.states
    if reached and not one.name.strip():
        yield "the keyboard comes to it, and it has no name"
    if one.role in NOTHING and one.name and not one.children:
        yield "says something in a role that screen readers pass over"
    if one.name and _UNFINISHED.search(one.name):
        yield "its name is not made for people"
    if one.role in PRESSED and "enabled" in one.states and not {"Press", "Toggle"} & set(reader.actions(one.ref)):
        yield "cannot be pressed"
    if one.role in ONE_OR_OTHER and "checkable" not in one.states:
        yield "does not say whether it is on"
    if one.role in MEASURED:
        least, now, most = reader.value(one.ref)
        if not least <= now <= most or least == most:
            yield f"its value makes no sense: {now} of {least} to {most}"
    if "editable" in one.states and one.name == reader.text(one.ref):
        yield "a field whose name is its own text"
