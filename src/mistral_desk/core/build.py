"""Which build of a version this is: written by whoever makes the bundle, empty in a source tree."""

from __future__ import annotations

import os

from mistral_desk import __version__
from mistral_desk.core.errors import DeskError
from mistral_desk.core.paths import resource


def build() -> str:
    """The commit that this program was built from."""
    try:
        return resource("build.txt").read_text(encoding="utf-8").strip()[:60]
    except (DeskError, OSError):
        return ""


def releases() -> str:
    """The page of the project that this program was built from, which has `/releases`; "" where it is not known.

    It is a value of the build; `MISTRAL_DESK_RELEASES` names another one.
    """
    if asked := os.environ.get("MISTRAL_DESK_RELEASES"):
        return asked.rstrip("/")
    try:
        return resource("releases.txt").read_text(encoding="utf-8").strip().rstrip("/")[:300]
    except (DeskError, OSError):
        return ""


def version() -> str:
    """The version, with its build where there is one: `0.1.0 (1a2b3c4)`."""
    return f"{__version__} ({commit})" if (commit := build()) else __version__
