"""On a disk that fails, and after a power cut, the app's parts open again and hold what they had promised to keep."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mistral_desk.chat.history import History
from tests.campaigns import disk
from tests.campaigns.disk_rooms import ROOMS

if TYPE_CHECKING:
    from mistral_desk.core.errors import Problem

CASES = 10
"""A seeded choice of each room's; all of them: `python3 dev.py trust disk`."""

NEEDS_LAYER = pytest.mark.skipif(not disk.possible(), reason="the layer needs Linux and a C compiler")


@NEEDS_LAYER
@pytest.mark.parametrize("room", ROOMS)
def test_nothing_promised_is_lost(tmp_path: Path, room: str) -> None:
    outcome = disk.attack(tmp_path, seed=7, cases=CASES, rooms=[room])

    assert outcome.cases >= CASES // 2
    assert outcome.lost == []


@NEEDS_LAYER
def test_what_does_not_last_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The campaign sees what it is there for: on a disk that keeps no names a power cut takes a setting back."""
    monkeypatch.setenv("DISK_FORGETS_FOLDERS", "1")

    assert disk.attack(tmp_path, seed=7, cases=16, rooms=["settings"]).lost


def test_a_first_start_that_was_cut_off_is_no_damage(tmp_path: Path) -> None:
    """SQLite has begun the journal of a file that has no page yet: its header is there, the file is empty."""
    path = tmp_path / "history.sqlite3"
    path.touch()
    Path(f"{path}-journal").write_bytes(bytes(20) + (512).to_bytes(4, "big") + (4096).to_bytes(4, "big") + bytes(484))

    async def opened() -> Problem | None:
        history, notice = await History.open(path)
        await history.begin_turn(None, "Is anybody here?")
        await history.close()
        return notice

    assert asyncio.run(opened()) is None
    assert list(tmp_path.glob("*damaged*")) == []
