"""The model that comes along, for who only names it: a command line that is parsed imports nothing that runs models."""

from __future__ import annotations

from typing import Final

from mistral_desk.core.words import mark

BUILTIN: Final = "builtin"
"""Its id."""
BUILTIN_TITLE: Final = mark("Guide (demonstration)")
