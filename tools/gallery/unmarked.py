"""Which texts of a window did not go through the translation, by what the two made languages do to those that did.

In one every translated text stands in brackets; in the other it has letters from right to left, and what was filled in
stands apart, so that a name which runs into the sentence is seen too.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from mistral_desk.core.bidi import runs_right_to_left
from mistral_desk.ui.chat.empty import examples
from tools.gallery import (
    about_states,
    context_states,
    diagnostic_states,
    endpoint_states,
    engine_states,
    fit_states,
    library_states,
    models_states,
    order_states,
    rich_states,
    sharing_states,
    texts,
)
from tools.gallery.attached_states import THEIRS

OURS_OR_THEIRS: Final = (
    "Mistral Desk", "Cooking rice for six", "English", texts.SHORT, texts.SHORT_QUESTION, texts.QUESTION,
    *texts.MODELS, texts.LONG_TITLE.strip(), texts.EMOJI, texts.ARABIC, texts.JAPANESE, "a",
    *THEIRS, *fit_states.THEIRS, *about_states.THEIRS, *models_states.THEIRS, *library_states.THEIRS,
    *order_states.THEIRS, *rich_states.THEIRS, *sharing_states.THEIRS, *context_states.THEIRS,
    *endpoint_states.THEIRS, *engine_states.THEIRS, *diagnostic_states.THEIRS,
)  # fmt: skip
"""The program's name, languages by their own names, and what people and models said in the pictures."""
KEYS: Final = re.compile(r"(?:(?:Ctrl|Shift|Alt|Esc|Enter|Return|Up|Down|Space|Del|F\d+|[A-Z]|[-+=/,0-9])[+, ]*)+")
ADDRESS: Final = re.compile(r"https?://\S+")
TECHNICAL: Final = re.compile(r"https?://\S+|[\w.-]*[/\\]\S*|[\w-]+(?:\.[\w-]+)*:\d+|\d[\w.]*")
CODE: Final = re.compile(r"\bPython\b")
"""Languages of code are called the same everywhere."""
FREE: Final = {key: {"text", "name", "description"} for key in ("settings-about", "settings-newer-version")}
"""Names and licences of other people's packages are theirs; what a release says of itself is as it was written."""
_APART: Final = re.compile("[\u2066\u2068][^\u2066\u2068\u2069]*\u2069")
_ENGLISH: Final = re.compile(r"[^\W\d_]{2,}")
_LATIN: Final = re.compile(r"[A-Za-z]{2,}")


def untranslated(text: str) -> bool:
    """Whether letters are left outside of brackets, when names that are the same in every language are taken out."""
    rest = text
    while (shorter := re.sub(r"⟦[^⟦⟧]*⟧", " ", rest)) != rest:
        rest = shorter
    return bool(_ENGLISH.search(KEYS.sub(" ", TECHNICAL.sub(" ", CODE.sub(" ", without_names(rest))))))


def runs_into(text: str) -> bool:
    """Whether a sentence from right to left has words of the other direction in it that nothing keeps apart."""
    if not runs_right_to_left(text):
        return False
    rest = text
    while (shorter := _APART.sub(" ", rest)) != rest:
        rest = shorter
    return bool(_LATIN.search(KEYS.sub(" ", TECHNICAL.sub(" ", rest))))


def without_names(text: str) -> str:
    """The text without addresses and without what is the same in every language."""
    rest = ADDRESS.sub(" ", text)  # whole, before a name inside it is taken out
    for known in _names():
        rest = rest.replace(known, " ") if len(known) > 1 else rest
    return rest


@cache
def _names() -> tuple[str, ...]:
    names = (*OURS_OR_THEIRS, *(one.text for one in examples()), *texts.TITLES)
    return tuple(sorted(names, key=len, reverse=True))
