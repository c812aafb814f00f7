"""What argparse says by itself, in the person's language: it asks Python's gettext, which does not know our catalogues.

It looks its words up by the name `_` in its own module when they are needed; that name is made to mean `tr`.
"""

from __future__ import annotations

import argparse
from typing import Final

from mistral_desk.core.words import mark, tr

WORDS: Final = (
    mark("usage: "),
    mark("positional arguments"),
    mark("options"),
    mark("show this help message and exit"),
    mark("%(prog)s: error: %(message)s\n"),
    mark("argument %(argument_name)s: %(message)s"),
    mark("the following arguments are required: %s"),
    mark("unrecognized arguments: %s"),
    mark("expected one argument"),
    mark("expected at least one argument"),
    mark("not allowed with argument %s"),
    mark("ignored explicit argument %r"),
    mark("invalid %(type)s value: %(value)r"),
    mark("invalid choice: %(value)r (choose from %(choices)s)"),
)
"""What a person can meet; what only a programmer meets stays English."""


def speak() -> None:
    """From now on argparse says these in the language in force."""
    vars(argparse)["_"] = tr
