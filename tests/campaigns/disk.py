"""Power and disk: each place in which the app keeps something, on a disk that fails at any point, and after power cuts.

The layer is compiled here, where Linux has a C compiler; the rooms run in `disk_driver`, each a process of its own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from mistral_desk.library.orders import Order
from tests.campaigns.disk_driver import Plan, Ran
from tests.campaigns.disk_rooms import ROOMS
from tests.campaigns.outcome import Outcome
from tests.fixtures.hub_files import FileHub, content

if TYPE_CHECKING:
    from collections.abc import Sequence

_SOURCE: Final = Path(__file__).with_name("disk_layer.c")
_END_S: Final = 6 * 3600


def possible() -> bool:
    """Whether the layer can be made here."""
    return sys.platform == "linux" and shutil.which("cc") is not None


def layer(folder: Path) -> Path:
    """The layer, compiled into `folder`."""
    made = folder / "disk_layer.so"
    command = ["cc", "-O1", "-shared", "-fPIC", "-o", str(made), str(_SOURCE), "-ldl", "-lpthread"]
    subprocess.run(command, check=True, capture_output=True)
    return made


def attack(
    folder: Path, seed: int, cases: int = 0, minutes: float = 1e9, rooms: Sequence[str] = tuple(ROOMS)
) -> Outcome:
    """Every point of each room, or so many `cases` of it: half are faults of the disk, half are power cuts.

    No room is begun when the minutes are over.
    """
    end = time.monotonic() + 60 * minutes
    found, said = Outcome(), Counter[str]()
    made = layer(folder)
    for room in rooms:
        if time.monotonic() > end:
            break
        place = folder / room
        place.mkdir()
        ran = _room(Plan(room, str(place), seed, cases // 2, cases - cases // 2), made)
        found.cases += ran.faults + ran.cuts
        found.faults += ran.faults + ran.cuts
        found.lost += [f"{room}: {line}" for line in ran.lost]
        found.seen[room] = f"{ran.points} points, {ran.faults} faults, {ran.cuts} power cuts"
        said.update(ran.said)
        shutil.rmtree(place, ignore_errors=True)
    found.seen["said to the person"] = ", ".join(f"{name} {count}" for name, count in sorted(said.items()))
    return found


def _room(plan: Plan, made: Path) -> Ran:
    if plan.room != "downloads":
        return _driven(plan, made)
    with FileHub() as hub:
        order = Order(f"{hub.repository}:Q4", "Tiny", (hub.add("tiny-Q4.gguf", content(3 * 4096 + 17)),))
        return _driven(msgspec.structs.replace(plan, hub=hub.url, order=order), made)


def _driven(plan: Plan, made: Path) -> Ran:
    done = subprocess.run(
        [sys.executable, "-m", "tests.campaigns.disk_driver", msgspec.json.encode(plan).decode()],
        check=False,
        capture_output=True,
        encoding="utf-8",
        timeout=_END_S,
        env={**os.environ, "LD_PRELOAD": str(made), "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONUTF8": "1"},
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-4000:])
    return msgspec.json.decode(done.stdout.splitlines()[-1], type=Ran)
