"""A spoilt model file is refused or survived, with words that exist, and the next good one loads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.campaigns import models

if TYPE_CHECKING:
    from pathlib import Path

FILES = 12
"""10,000: `python3 dev.py trust models`."""


@pytest.mark.slow
@pytest.mark.allow_log(".", "mistral_desk")
def test_whoever_started_the_worker_lives_on(tmp_path: Path) -> None:
    outcome = models.attack(tmp_path, seed=2, cases=FILES)

    assert outcome.lost == []
    assert outcome.cases == FILES
