"""Chats with workers that are killed, held and starved: every message is kept as it was shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.campaigns import soak

if TYPE_CHECKING:
    from pathlib import Path

TROUBLES = 10
"""1,000: `python3 dev.py trust soak`."""


@pytest.mark.slow
@pytest.mark.allow_log(".", "mistral_desk")
def test_no_message_is_lost(tmp_path: Path) -> None:
    outcome = soak.attack(tmp_path, seed=3, cases=TROUBLES)

    assert outcome.lost == []
    assert outcome.faults == TROUBLES
