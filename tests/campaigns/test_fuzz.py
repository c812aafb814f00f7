"""Whatever reads what others wrote refuses it in its own words: the corpus, changes of it, and noise."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.campaigns import fuzz
from tests.campaigns.fuzz_targets import TARGETS, Target
from tests.campaigns.outcome import Outcome

INPUTS = 60
"""By ways through the code, for as long as one likes: `python3 dev.py trust fuzz --minutes 60`."""
_LOG = pytest.mark.allow_log(".", "mistral_desk")


@_LOG
@pytest.mark.parametrize("name", TARGETS)
def test_changes_of_the_corpus_are_read_or_refused(name: str) -> None:
    found = Outcome()

    fuzz._change(name, INPUTS, 1, found)

    assert found.lost == []


@_LOG
@pytest.mark.parametrize("name", TARGETS)
@given(data=st.data())
@settings(max_examples=25, suppress_health_check=list(HealthCheck))
def test_anything_is_read_or_refused(name: str, data: st.DataObject) -> None:
    """Noise, and good inputs with noise in them."""
    good = data.draw(st.sampled_from([path.read_bytes() for path in TARGETS[name].corpus(name)]) | st.just(b""))
    at = data.draw(st.integers(0, len(good)))
    TARGETS[name].reads(good[:at] + data.draw(st.binary(max_size=40)) + good[at:])


def test_a_reader_that_stumbles_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Outcome()

    def stumble(data: bytes) -> None:
        if b"[[" in data:
            raise KeyError("nobody expects this")

    monkeypatch.setitem(TARGETS, "list", Target(stumble, ()))
    fuzz._change("list", 200, 1, found)

    assert found.lost
