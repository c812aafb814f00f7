"""The form of a message about something that went wrong.

It stands by itself, so that the messages can be declared in several files.
"""

from __future__ import annotations

from typing import NamedTuple, Self


class Text(NamedTuple):
    """One message: title, message and hint; the hint may be empty when there is nothing to do."""

    title: str
    message: str
    hint: str


class Counted(str):
    """A part of a message that has a number in it: the English for many, with the one for one beside it.

    `by` is the parameter that decides; other languages choose among their own forms by the same number.
    """

    __slots__ = ("by", "one")

    by: str
    one: str

    def __new__(cls, by: str, one: str, many: str) -> Self:
        """Both forms, in the order of a person's counting."""
        made = super().__new__(cls, many)
        made.by, made.one = by, one
        return made
