"""Numbers and days in a text that are written as another language writes them: a German window has no *1.5 GB*."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from tools.gallery.unmarked import without_names

if TYPE_CHECKING:
    from collections.abc import Iterator

_NUMBER: Final = re.compile(r"(?<![\w.,/:-])\d+(?:[.,]\d+)*(?![\w/:]|[.,]\d)")
_OWN_DAY: Final = re.compile(r"\b\d\d([./])\d\d\1\d{4}\b")
_DAY: Final = re.compile(r"\b\d{4}-\d\d-\d\d\b")
_VERSION: Final = re.compile(
    r"\b(?:Python|Qt|Version|Versión|version|llama[\w.-]*|Apache|CUDA) ?\(?[\d.]+\S*|\bv\d[\d.]*|\bQ\d\S*"
    r"|\b\d{1,3}(?:\.(?:\d{1,3}|x)){3}\b|\b0\d{2,}\b"
)
"""Numbers that name a version, a form of quantization, a computer, a network or a commit, and their names."""
_SOURCE: Final = re.compile(r"\b(?:Source|Quelle|Fuente)\s?: .*")
"""Where a statement is from, in the words of those who made it."""
_PATTERNS: Final = {
    "de": re.compile(r"\d{1,3}(?:\.\d{3})*(?:,\d+)?|\d{1,4}(?:,\d+)?"),
    "fr": re.compile(r"\d{1,4}(?:,\d+)?"),  # groups stand apart: each is looked at by itself
    "es": re.compile(r"\d{1,4}(?:,\d+)?"),
}
"""How each language writes one, groups of three included."""


def other_forms(text: str, language: str) -> Iterator[str]:
    """Each number or day of a text that the language writes otherwise."""
    pattern = _PATTERNS.get(language)
    if pattern is None:
        return
    rest = _VERSION.sub(" ", _SOURCE.sub(" ", without_names(text)))
    yield from _DAY.findall(rest)
    for number in _NUMBER.findall(_DAY.sub(" ", _OWN_DAY.sub(" ", rest))):
        if not pattern.fullmatch(number):
            yield number
