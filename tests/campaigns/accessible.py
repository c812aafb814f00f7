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
    from tests.e2e.accessible_journey import gone  # what it stands on is there on Linux only

    del seed, cases, minutes
    home = folder / "Zu Hause bei Müller"
    told = gone(folder, home, whole=True)
    lost = [*told.faults, *([f"said on stderr: {told.left}"] if told.left else [])]
    seen = {
        "pages and sheets walked through": f"{len(told.pages)}: {', '.join(told.pages)}",
        "things found in them, each held against the rules": f"{sum(told.pages.values()):,}",
        "events heard": f"{told.events:,}",
        "announced": " | ".join(words for heard in told.heard.values() for words in heard),
        "downloads, followed by their bars": " and ".join(f"{len(set(one))} different values" for one in told.progress),
    }
    return Outcome(sum(told.pages.values()), 0, lost, seen)
