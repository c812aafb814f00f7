"""How long a thought may be: the rules of *Answer now*, *Think more* and a budget, with a clock of one's own."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as some

from mistral_desk.inference.steering import CUE, CUES, LEAST_MORE, LEAST_SOFT, MOST_SOFT, Steering, ends_a_sentence
from mistral_desk.inference.thought_messages import Budget


@dataclass
class Wanted:
    answer_now: bool = False
    think_more: bool = False


class Thought:
    """A thought token by token; each takes `pace` seconds."""

    def __init__(self, budget: Budget, pace: float = 1.0) -> None:
        self.wishes, self.now, self._pace = Wanted(), 0.0, pace
        self.steering = Steering(budget, self.wishes, lambda: self.now)

    def say(self, text: str) -> None:
        self.steering.thought(text)
        self.now += self._pace

    def until_due(self, text: str, most: int = 100_000) -> tuple[int, str]:
        """How many tokens it takes to be closed, and why it is."""
        for count in range(most):
            if how := self.steering.due():
                return count, how
            self.say(text)
        return most, ""


def test_without_a_budget_a_thought_ends_by_itself() -> None:
    assert Thought(Budget()).until_due(" and.", 5000) == (5000, "")


@pytest.mark.parametrize(("tokens", "soft"), [(10, LEAST_SOFT), (100, 25), (1000, MOST_SOFT)])
def test_a_budget_of_tokens_ends_softly_and_then_surely(tokens: int, soft: int) -> None:
    assert Thought(Budget(tokens=tokens)).until_due(" and") == (tokens + soft, "tokens")


def test_the_end_of_a_sentence_is_the_end_when_the_budget_is_used_up() -> None:
    thought = Thought(Budget(tokens=100))
    for _ in range(99):
        thought.say(" end.")
        assert not thought.steering.due(), "before that sentences end as they like"
    thought.say(" and")
    for word in (" so", " on"):
        assert not thought.steering.due()
        thought.say(word)
    thought.say(" it is.")
    assert thought.steering.due() == "tokens"


def test_a_budget_of_seconds_counts_from_the_first_token() -> None:
    thought = Thought(Budget(seconds=8.0))
    thought.now = 1000.0
    assert thought.until_due(" and") == (10, "seconds"), "a quarter of the time is for the sentence"
    slow = Thought(Budget(seconds=40.0), pace=20.0)
    assert slow.until_due(" and") == (3, "seconds"), "however slow the computer is, it is over soon"


@given(some.integers(0, 400), some.floats(0, 400), some.floats(0.01, 50), some.text(min_size=1, max_size=6))
def test_every_budget_is_kept(tokens: int, seconds: float, pace: float, word: str) -> None:
    count, how = Thought(Budget(tokens, seconds), pace).until_due(word)
    assert how in {"tokens", "seconds"}
    assert count <= tokens + MOST_SOFT
    assert count * pace <= seconds + max(1.0, seconds / 4) + 2 * pace


def test_answer_now_comes_before_everything() -> None:
    thought = Thought(Budget(tokens=5))
    thought.wishes.think_more = thought.wishes.answer_now = True
    assert thought.steering.due() == "now"
    assert not thought.steering.goes_on()


def test_a_close_is_obeyed_unless_more_was_asked_for() -> None:
    thought = Thought(Budget())
    assert not thought.steering.goes_on()
    thought.wishes.think_more = True
    assert thought.steering.goes_on()
    assert not thought.wishes.think_more, "it is worth one round"


def test_one_think_more_gives_so_many_cues_and_no_more() -> None:
    thought = Thought(Budget())
    thought.wishes.think_more = True
    given_cues = 0
    while thought.steering.goes_on():
        given_cues += 1
        thought.say(" yes")
    assert given_cues == CUES


def test_a_round_that_was_long_enough_is_closed_by_the_model() -> None:
    thought = Thought(Budget())
    thought.wishes.think_more = True
    assert thought.steering.goes_on()
    for _ in range(LEAST_MORE):
        thought.say(" hm")
    assert not thought.steering.goes_on()


def test_think_more_grants_the_budget_once_more() -> None:
    thought = Thought(Budget(tokens=20))
    for _ in range(20):
        thought.say(" and")
    thought.wishes.think_more = True
    assert thought.until_due(" and") == (20 + LEAST_SOFT, "tokens"), "anew from where it was used up"
    thought.wishes.think_more = True
    assert thought.steering.goes_on()
    assert thought.until_due(" and")[0] == 20 + LEAST_SOFT, "and from where the model would have closed it"


def test_a_thought_that_used_up_all_before_may_only_end_its_sentence() -> None:
    thought = Thought(Budget(tokens=0))
    thought.steering.said = "It is so"
    assert thought.until_due(" and") == (LEAST_SOFT, "tokens")
    done = Thought(Budget(tokens=0))
    done.steering.said = "It is so."
    assert done.steering.due() == "tokens"


def test_the_cue_begins_a_line() -> None:
    thought = Thought(Budget())
    assert thought.steering.cue == CUE, "nothing was thought yet"
    thought.say("So it is.")
    assert thought.steering.cue == f"\n\n{CUE}"
    thought.say("\n")
    thought.say("")
    assert thought.steering.cue == CUE


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        *(("It is.", True), ("Is it?", True), ("so!”", True), ("(so.)", True), ("多い。", True), ("a line\n", True)),
        *(("end. ", True), ("3.", False), ("and", False), ("e.g", False), ("", False), ("…", True), ("**so.**", True)),
    ],
)
def test_where_a_sentence_ends(text: str, ends: bool) -> None:
    assert ends_a_sentence(text) is ends
