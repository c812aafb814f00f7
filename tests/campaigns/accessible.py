"""The whole window used by somebody who sees nothing of it, and all that such a person finds held against rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.campaigns.outcome import Outcome
from tests.fixtures.assistive import lacking

if TYPE_CHECKING:
    from pathlib import Path


def possible() -> bool:
    """Whether there can be a desktop with a screen reader here."""
    return not lacking()


def attack(folder: Path, seed: int, cases: int, minutes: float) -> Outcome:
    """Go the whole way once: it is the same for every seed, and there is nothing to do more often."""
    from tests.e2e.accessible_journey import LARGE, gone  # what it stands on is there on Linux only

    del seed, cases, minutes
    told = gone(folder, folder / "Zu Hause bei Müller", whole=True)
    there, back = told.ways
    wrong = {
        f"said on stderr: {told.left}": bool(told.left),
        f"Tab goes {there}, Shift+Tab {back}": back != there[::-1],
        f"at 200 % things are {told.taken.growth:.2f} times as tall": told.taken.growth < 1.8,
        f"high contrast is {told.taken.afterwards:.1f} : 1": told.taken.afterwards < 7,
    }
    lost = [*told.faults, *(words for words, is_so in wrong.items() if is_so)]
    names = list(dict.fromkeys(page.removesuffix(LARGE) for page in told.pages))
    large = sum(page.endswith(LARGE) for page in told.pages)
    seen = {
        "pages, sheets and menus walked through": f"{len(told.pages)}, {large} of them at 200 %: {', '.join(names)}",
        "things found in them, each held against the rules": f"{sum(told.pages.values()):,}",
        "at 200 % and in high contrast": f"controls {told.taken.growth:.2f} times as tall, a quiet line with "
        f"{told.taken.afterwards:.1f} : 1 instead of {told.taken.before:.1f} : 1",
        "reached by Tab on the chat's page, and backwards by Shift+Tab": f"{len(there)}",
        "events heard": f"{told.events:,}",
        "announced": " | ".join(words for heard in told.heard.values() for words in heard),
        "downloads, followed by their bars": " and ".join(f"{len(set(one))} different values" for one in told.progress),
    }
    return Outcome(sum(told.pages.values()), 0, lost, seen)
