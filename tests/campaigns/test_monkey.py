"""A monkey at the window finds no exception, no warning of Qt, no leak and nothing untrue on the disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.campaigns import monkey
from tests.campaigns.monkey_driver import Plan

if TYPE_CHECKING:
    from pathlib import Path

ACTIONS = 300
"""20,000: `python3 dev.py trust monkey`."""


@pytest.mark.slow
def test_a_monkey_breaks_nothing(tmp_path: Path) -> None:
    ran = monkey.play(Plan(str(tmp_path), seed=20, actions=ACTIONS))

    assert ran.lost == []
    assert ran.actions == ACTIONS
    assert ran.looks == 3
    assert len(ran.done) > 12, "it did many things"
