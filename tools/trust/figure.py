"""What a campaign came to, as it is kept beside the page: which machine, when, how much was tried, what was lost."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

import msgspec

from tools import origin

if TYPE_CHECKING:
    from pathlib import Path

    from tests.campaigns.outcome import Outcome

FOLDER: Final = origin.ROOT / "docs" / "trust"


class Figure(msgspec.Struct, frozen=True):
    """One campaign's run. `lost` is how many promises were broken; `seen` are further facts in words."""

    name: str
    command: str
    date: str
    machine: str
    commit: str
    seed: int
    seconds: float
    cases: int
    faults: int
    lost: int
    seen: dict[str, str]
    load: float = 0.0
    """How many processes wanted a processor, on the average of the last quarter of an hour; 0 where nobody says."""


def figure_of(name: str, command: str, seed: int, seconds: float, outcome: Outcome) -> Figure:
    """The figure of a run that ends now, on this computer."""
    counts = (outcome.cases, outcome.faults, len(outcome.lost))
    load = round(os.getloadavg()[2], 1) if sys.platform != "win32" else 0.0
    source = (origin.today(), origin.machine(), origin.commit())
    return Figure(name, command, *source, seed, round(seconds, 1), *counts, outcome.seen, load)


def save(figure: Figure, *, beside: bool = False) -> None:
    """Keep it for the page, in place of what there is of its campaign, or `beside` that."""
    FOLDER.mkdir(exist_ok=True)
    further = sorted(FOLDER.glob(f"{figure.name}-*.json"))
    if not beside:
        for old in further:
            old.unlink()
    name = f"{figure.name}-{len(further) + 2}" if beside else figure.name
    content = msgspec.json.format(msgspec.json.encode(figure), indent=2) + b"\n"
    (FOLDER / f"{name}.json").write_bytes(content)


def kept(folder: Path = FOLDER) -> dict[str, list[Figure]]:
    """All that are kept, by name."""
    found: dict[str, list[Figure]] = {}
    for path in sorted(folder.glob("*.json"), key=lambda path: path.stem):
        one = msgspec.json.decode(path.read_bytes(), type=Figure)
        found.setdefault(one.name, []).append(one)
    return found
