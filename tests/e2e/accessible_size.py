"""Large text and high contrast, chosen in the settings, and seen to be taken: by places on the screen and its dots."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PIL import ImageGrab

from mistral_desk.ui.theme.contrast import contrast

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.e2e.accessible_person import Person
    from tests.fixtures.atspi import Ref

QUIET_WORDS: Final = "Light or dark colours, or whatever the system uses."
"""A line of the settings in the colour that is nearest to its ground."""
PRESSED: Final = ("push button", "radio button")


@dataclass(frozen=True)
class Taken:
    """How many times as tall things have become, and the contrast of a quiet line before and afterwards."""

    growth: float
    before: float
    afterwards: float


NOTHING: Final = Taken(0.0, 0.0, 0.0)


def enlarge(person: Person, display: str) -> Taken:
    """*200 %* and *High*; the settings stand open, and stay so."""
    person.press("Appearance", "radio button", person.find("panel", "Settings").ref)
    line = person.find("label", QUIET_WORDS).ref
    tall = _heights(person)
    before = _contrast(person, line, display)
    person.turn("spin box", "Text size", 200)
    person.until(lambda: _growth(person, tall) > 1.5, "nothing grows")
    person.press("Contrast: High", "radio button")
    person.until(lambda: "checked" in person.find("radio button", "Contrast: High").states, "it is not on")
    person.until(lambda: _contrast(person, line, display) > before, "the colours stay as they are")
    return Taken(_growth(person, tall), before, _contrast(person, line, display))


def _heights(person: Person) -> dict[str, int]:
    """Of all that is pressed, by its role and name."""
    shown = {str(one): one.ref for one in person.things() if one.role in PRESSED}
    boxes = person.reader.boxes(list(shown.values()))
    return {name: boxes[ref].height for name, ref in shown.items() if ref in boxes}


def _growth(person: Person, before: Mapping[str, int]) -> float:
    now = _heights(person)
    return statistics.median(now[name] / height for name, height in before.items() if name in now)


def _contrast(person: Person, ref: Ref, display: str) -> float:
    """Between the darkest and the lightest dot of a thing, as they are on the screen."""
    box = person.reader.boxes([ref])[ref]
    shown = ImageGrab.grab((box.left, box.top, box.right, box.bottom), xdisplay=display).convert("L").tobytes()
    darkest, lightest = (f"#{grey:02x}{grey:02x}{grey:02x}" for grey in (min(shown), max(shown)))
    return contrast(darkest, lightest)
