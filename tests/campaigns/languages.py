"""Every state of the window in every language: what stands in English, what a name turns around, what is cut off."""

from __future__ import annotations

import os
import tempfile
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")  # before Qt is there

from PySide6.QtWidgets import QApplication

from mistral_desk.core import catalogues, words
from mistral_desk.ui import loop
from tests.campaigns.outcome import Outcome
from tools.gallery import checks
from tools.gallery.number_forms import other_forms
from tools.gallery.rich_states import THEIRS
from tools.gallery.stage import Look, opened, qt_warnings
from tools.gallery.states import STATES
from tools.gallery.unmarked import FREE, runs_into, untranslated
from tools.gallery.words_seen import seen
from tools.words.__main__ import ROOT
from tools.words.sentences import collect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.gallery.stage import Stage
    from tools.gallery.states import State

WIDE: Final = Look()
_HEARD: Final = ("name", "description", "spoken row")
"""What nobody sees has no direction."""
NARROW: Final = Look("dark", 880, 200)
"""Where a longer language is cut off first: the narrowest window, and letters of twice the size."""


def attack(folder: Path, seed: int, cases: int, minutes: float = 1e9) -> Outcome:
    """So many states (0: all), each in the two made languages and in those that ship."""
    end = time.monotonic() + 60 * minutes
    found, counted = Outcome(), Counter[str]()
    sentences, _ = collect(ROOT)
    languages = (words.PSEUDO, words.PSEUDO_RTL, *catalogues.available())
    for state in STATES[: cases or None]:
        if time.monotonic() > end:
            break
        for language in languages:
            looked = look(state, language)
            found.cases += 1
            found.lost += [f"{state.name}, {language}: {line}" for line in looked.lost]
            counted["texts"] += looked.texts
            counted["unmarked"] += looked.unmarked
        counted["states"] += 1
    lacking = {tag: _lacking(tag, {one.key for one in sentences}) for tag in catalogues.available()}
    found.lost += [f"{tag} lacks {count} sentences" for tag, count in lacking.items() if count]
    found.seen["sentences"] = f"{len(sentences):,}"
    found.seen["languages"] = ", ".join((words.ENGLISH, *languages))
    found.seen["states looked at"] = f"{counted['states']} of {len(STATES)}"
    found.seen["texts read"] = f"{counted['texts']:,}"
    found.seen["texts that did not go through the translation"] = str(counted["unmarked"])
    return found


class Looked:
    """What a state came to in a language."""

    def __init__(self) -> None:
        self.texts = self.unmarked = 0
        self.lost: list[str] = []


def look(state: State, language: str) -> Looked:
    """Set the state up as a person would, and read all of it."""
    app = QApplication.instance() or QApplication([])
    found = Looked()
    with tempfile.TemporaryDirectory() as home, qt_warnings() as heard:
        loop.run(app, partial(_look, app, state, language, Path(home), found))  # type: ignore[arg-type]
    found.lost += heard
    return found


async def _look(app: QApplication, state: State, language: str, home: Path, found: Looked) -> None:
    async with opened(app, home, language) as stage:
        await state.set_up(stage)
        await stage.look(WIDE)
        for which, text in _texts(stage, state):
            if language == words.PSEUDO_RTL and (which.endswith(_HEARD) or text in THEIRS):
                continue  # what somebody wrote, by itself, runs as it begins
            found.texts += 1
            for fault in faults(text, language):
                found.lost.append(f"{which}: {fault}: {text[:120]!r}")
                found.unmarked += fault == "not translated"
        if language in catalogues.available() and state.sized:
            await stage.look(NARROW)
            found.lost += [str(fault) for fault in checks.examine(stage.shown)]


def _texts(stage: Stage, state: State) -> Iterator[tuple[str, str]]:
    for widget, which, text in seen(stage.shown):
        if which not in FREE.get(state.name, ()):
            yield f"{type(widget).__name__} {which}", text


def faults(text: str, language: str) -> Iterator[str]:
    """What is wrong with a text of a window in a language."""
    if language == words.PSEUDO and untranslated(text):
        yield "not translated"
    elif language == words.PSEUDO_RTL and runs_into(text):
        yield "nothing keeps it apart"
    else:
        yield from (f"{number} is written as elsewhere" for number in other_forms(text, language))


def _lacking(tag: str, wanted: set[str]) -> int:
    path = ROOT / "resources" / "i18n" / tag / "LC_MESSAGES" / f"{catalogues.DOMAIN}.po"
    return len(wanted - {key for key, _ in catalogues.entries(path.read_text(encoding="utf-8"))})
