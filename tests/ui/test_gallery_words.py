"""No visible text passes by the translation: the window in a language that brackets everything it was asked for."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mistral_desk.core import words
from mistral_desk.inference.builtin import BUILTIN_TITLE
from mistral_desk.ui import loop
from tools.gallery.stage import Look, opened, qt_warnings
from tools.gallery.states import STATES
from tools.gallery.unmarked import FREE, untranslated
from tools.gallery.words_seen import seen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from PySide6.QtWidgets import QApplication

    from tools.gallery.states import State


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    yield
    words.use("en")


def test_the_eye_sees_and_lets_pass() -> None:
    assert untranslated("Settings")
    assert untranslated("⟦Šéţţîñĝš⟧ and more")
    assert not untranslated("⟦Šéţţîñĝš öñ⟧")
    assert not untranslated("⟦a ⟦b⟧ c⟧ (Ctrl+Shift+N)")
    assert not untranslated("42 %")


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
