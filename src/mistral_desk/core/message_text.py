"""The form of a message about something that went wrong.

It stands by itself, so that the messages can be declared in several files.
"""

from __future__ import annotations

from typing import NamedTuple


class Text(NamedTuple):
    """One message: title, message and hint; the hint may be empty when there is nothing to do."""

    title: str
    message: str
    hint: str
