"""The word for a speed is the time of a typical answer, so that nothing that is quicker is ever called slower."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as some

from mistral_desk.fit import advice
from mistral_desk.fit.plan import WORDS, held_by_reading, word_for
from mistral_desk.fit.speed import ANSWER, Range, Speed, answer
from tests.fixtures.machines import pc

if TYPE_CHECKING:
    from mistral_desk.fit.machine import Machine
    from mistral_desk.fit.speed import Region


def a_speed(writes: float, reads: float, region: Region = "memory") -> Speed:
    tokens, prompt, some_time = Range(writes, writes, writes), Range(reads, reads, reads), Range(1, 1, 1)
    return Speed(tokens, prompt, some_time, answer(tokens, prompt, ANSWER), some_time, region)


@pytest.mark.parametrize(
    ("writes", "reads", "word"),
    [
        (20, 200, "fast"), (20, 199, "comfortable"), (17.4, 1e6, "comfortable"), (1e6, 20, "comfortable"),
        (7, 50, "comfortable"), (7, 49, "slow"), (3.5, 10, "slow"), (3.5, 9.9, "too_slow"), (2.3, 1e6, "too_slow"),
    ],
)  # fmt: skip
def test_a_word_is_the_time_of_a_typical_answer(writes: float, reads: float, word: str) -> None:
    """20 seconds, a minute, two and a half: 500 tokens to read and 350 to write."""
    assert word_for(a_speed(writes, reads)) == word
    assert word_for(a_speed(writes, reads, "disk")) == "too_slow", "what is read from the disk is no chat"


rates = some.floats(0.01, 10_000)


@given(rates, rates, rates, rates)
def test_what_is_quicker_never_has_a_worse_word(writes: float, reads: float, more: float, other: float) -> None:
    """Neither what is quicker in both, nor what is quicker in all and slower in one of them."""
    found, both = a_speed(writes, reads), a_speed(writes + more, reads + other)
    assert both.answer_s.mid <= found.answer_s.mid
    assert WORDS.index(word_for(both)) <= WORDS.index(word_for(found))
    quicker, slower = sorted((found, a_speed(more, other)), key=lambda one: one.answer_s.mid)
    assert WORDS.index(word_for(quicker)) <= WORDS.index(word_for(slower))


@pytest.mark.parametrize("machine", [pc(16), pc(32, 8), pc(96, 8), pc(128, ram_gbps=546, unified=True)])
def test_no_known_file_that_answers_sooner_is_called_slower(machine: Machine) -> None:
    judged = [one for found in advice.standing(machine).values() for one in found if one.plan.speed]
    kept = [one for one in judged if one.plan.speed and one.plan.speed.region != "disk"]
    words = [WORDS.index(one.word) for one in sorted(kept, key=lambda one: one.wait)]
    assert words == sorted(words)
    assert len(set(words)) > 1


def test_a_word_that_reading_holds_back_is_known_to_be_that() -> None:
    """Else a model that writes faster than another is called slow, and nobody can see why."""
    assert word_for(a_speed(30, 6)) == "slow"
    assert held_by_reading(a_speed(30, 6)), "it writes fast"
    assert not held_by_reading(a_speed(30, 500))
    assert not held_by_reading(a_speed(3.5, 20)), "it writes slowly, too"
    assert not held_by_reading(a_speed(18, 30)), "less of the time is reading"
    assert not held_by_reading(a_speed(30, 6, "disk")), "what is read from the disk has a reason of its own"
