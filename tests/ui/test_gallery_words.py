"""No visible text passes by the translation: the window in a language that brackets everything it was asked for."""

from __future__ import annotations

import re
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from mistral_desk.core import words
from mistral_desk.inference.model_ids import BUILTIN_TITLE
from mistral_desk.ui import loop
from mistral_desk.ui.chat.empty import examples
from tools.gallery import (
    about_states,
    context_states,
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
from tools.gallery.stage import Look, opened, qt_warnings
from tools.gallery.states import STATES
from tools.gallery.words_seen import seen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from PySide6.QtWidgets import QApplication

    from tools.gallery.states import State

OURS_OR_THEIRS: Final = (
    "Mistral Desk", "Cooking rice for six", "English", texts.SHORT, texts.SHORT_QUESTION, texts.QUESTION,
    *texts.MODELS, texts.LONG_TITLE.strip(), texts.EMOJI, texts.ARABIC, texts.JAPANESE, "a",
    *THEIRS, *fit_states.THEIRS, *about_states.THEIRS, *models_states.THEIRS, *library_states.THEIRS,
    *order_states.THEIRS, *rich_states.THEIRS, *sharing_states.THEIRS, *context_states.THEIRS,
    *endpoint_states.THEIRS, *engine_states.THEIRS,
)  # fmt: skip
"""The program's name, languages by their own names, and what people and models said in the pictures."""
KEYS: Final = re.compile(r"(?:(?:Ctrl|Shift|Alt|Esc|Enter|Return|Up|Down|Space|Del|F\d+|[A-Z]|[-+=/,0-9])[+, ]*)+")
ADDRESS: Final = re.compile(r"https?://\S+")
TECHNICAL: Final = re.compile(r"https?://\S+|[\w.-]*[/\\]\S*|[\w-]+(?:\.[\w-]+)*:\d+|\d[\w.]*")


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    yield
    words.use("en")


def untranslated(text: str) -> bool:
    """Whether letters are left outside of brackets, when names that are the same in every language are taken out."""
    rest = text
    while (shorter := re.sub(r"⟦[^⟦⟧]*⟧", " ", rest)) != rest:
        rest = shorter
    rest = ADDRESS.sub(" ", rest)  # whole, before a name inside it is taken out
    longest_first = sorted((*OURS_OR_THEIRS, *(one.text for one in examples()), *texts.TITLES), key=len, reverse=True)
    for known in longest_first:
        rest = rest.replace(known, " ") if len(known) > 1 else rest
    rest = KEYS.sub(" ", TECHNICAL.sub(" ", rest))
    return bool(re.search(r"[^\W\d_]{2,}", rest))


def test_the_eye_sees_and_lets_pass() -> None:
    assert untranslated("Settings")
    assert untranslated("⟦Šéţţîñĝš⟧ and more")
    assert not untranslated("⟦Šéţţîñĝš öñ⟧")
    assert not untranslated("⟦a ⟦b⟧ c⟧ (Ctrl+Shift+N)")
    assert not untranslated("42 %")


FREE: Final = {key: {"text", "name", "description"} for key in ("settings-about", "settings-newer-version")}
"""Names and licences of other people's packages are theirs; what a release says of itself is as it was written."""


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)
def test_every_text_of_a_state_is_translated(state: State, qapp: QApplication, allow_log: Callable[..., None]) -> None:
    for what in ("answer .* failed", "shown: ", "an answer failed", "the model was not made ready"):
        allow_log(what)
    found: list[str] = []

    async def scenario(home: Path) -> None:
        async with opened(qapp, home, words.PSEUDO) as stage:
            await state.set_up(stage)
            await stage.look(Look())
            for widget, which, text in seen(stage.shown):
                if untranslated(text) and which not in FREE.get(state.name, ()):
                    found.append(f"{type(widget).__name__} {which}: {text[:80]!r}")

    with tempfile.TemporaryDirectory() as home, qt_warnings() as heard:
        loop.run(qapp, partial(scenario, Path(home)))
    assert found == []
    assert heard == []


def test_the_built_in_model_s_name_is_a_word_too() -> None:
    words.use("qps")
    assert words.tr(BUILTIN_TITLE).startswith("⟦")
