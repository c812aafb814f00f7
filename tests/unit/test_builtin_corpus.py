"""The built-in model's corpus promises: nothing held out leaks into training, sums are right, no answer is empty.

Runs without torch: the corpus is plain Python.
"""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.train_builtin_model.corpus import arithmetic, dialogue, everyday, facts, languages, unknown
from tools.train_builtin_model.corpus.wording import (
    Exchange,
    Wordings,
    held_number,
    key,
    load,
    mistype,
    normal,
    roughen,
)

MAKERS = [*dialogue.FAMILIES, facts.follow_capital, facts.follow_definition, unknown.follow]


@given(st.lists(st.text(min_size=1, max_size=20), min_size=4, max_size=40, unique=True))
def test_a_fifth_of_the_wordings_is_held_out_and_never_trained_on(texts: list[str]) -> None:
    words = Wordings(texts)
    assert sorted([*words.train, *words.held]) == sorted(texts)
    assert not set(words.train) & set(words.held)
    different = {key(text) for text in texts}
    held = {key(text) for text in words.held}
    assert not held & {key(text) for text in words.train}
    assert len(held) == (max(1, round(len(different) * 0.2)) if len(different) >= 4 else 0)


@given(st.lists(st.text(min_size=1, max_size=20), min_size=4, max_size=40, unique=True), st.text(min_size=1))
def test_only_a_hash_of_the_wording_decides_its_rank(texts: list[str], more: str) -> None:
    order = {text: i for i, text in enumerate(texts)}
    again = Wordings(sorted(texts, key=lambda t: -order[t]))
    assert set(again.held) == set(Wordings(texts).held)


@pytest.mark.parametrize("maker", MAKERS, ids=lambda maker: f"{maker.__module__.rpartition('.')[2]}.{maker.__name__}")
def test_clean_questions_of_the_two_splits_never_meet(maker: object) -> None:
    assert callable(maker)
    rng = random.Random(7)
    trained = {maker(rng, "train").question for _ in range(4000)}
    held = {maker(rng, "held").question for _ in range(400)}
    shared = trained & held
    # Noise of a few letters can come out twice; nothing else may.
    assert {text for text in shared if len(text) > 6 and " " in text} == set()


def bare(one: Exchange) -> str:
    """The question without what typing may change; in sums the signs stay."""
    return one.question.lower().strip(" ?.=") if one.family == "arithmetic" else normal(one.question)


def test_training_conversations_hold_no_held_out_question() -> None:
    rng = random.Random(11)
    held = {bare(maker(rng, "held")) for maker in MAKERS for _ in range(300)}
    held = {text for text in held if len(text) > 6 and " " in text}
    turns = (turn for i in range(6000) for turn in dialogue.sample(rng, late=i % 2 > 0).turns)
    asked = {bare(turn.exchange) for turn in turns}
    assert asked & held == set()


@pytest.mark.slow
def test_the_corpus_is_a_function_of_its_seed_in_every_process() -> None:
    program = (
        "import hashlib, random\n"
        "from tools.train_builtin_model.corpus import dialogue\n"
        "rng = random.Random(4)\n"
        "text = repr([dialogue.sample(rng, late=i % 2 > 0) for i in range(1500)])\n"
        "print(hashlib.sha256(text.encode()).hexdigest())\n"
    )
    root = Path(__file__).resolve().parents[2]
    seen = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=root,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(seen) == 1


def test_no_question_thought_or_answer_is_empty() -> None:
    rng = random.Random(3)
    for i in range(4000):
        for turn in dialogue.sample(rng, late=i % 2 > 0).turns:
            one = turn.exchange
            assert one.question.strip()
            assert one.thought.strip()
            assert one.answer.strip()
            assert not re.search(r"\{\w*\}", one.question + one.thought + one.answer), one


@given(st.integers(0, 99), st.sampled_from("+-*"), st.integers(0, 99))
def test_sums_and_their_steps_are_right(a: int, op: str, b: int) -> None:
    if op == "*":
        a, b = a % 13, b % 13
    found = arithmetic.Sum(a, op, b)
    exact = {"+": a + b, "-": a - b, "*": a * b}[op]
    assert found.result == exact
    assert found.answer.endswith(f" is {exact}.")
    assert str(exact) in found.steps()
    for left, sign, right, more, total in re.findall(r"(\d+) ([+-]) (\d+)((?: [+-] \d+)*) = (\d+)", found.steps()):
        terms = [int(left), int(sign + right), *(int(t.replace(" ", "")) for t in re.findall(r"[+-] \d+", more))]
        assert sum(terms) == int(total), found.steps()


@given(st.integers(1, 12), st.integers(1, 12))
def test_divisions_come_out_even(times: int, by: int) -> None:
    assert arithmetic.Sum(times * by, "/", by).result == times


def test_held_out_sums_are_never_drawn_for_training() -> None:
    rng = random.Random(5)
    for op in "+-":
        drawn = [arithmetic.draw(rng, op, "train") for _ in range(3000)]
        assert not any(max(s.a, s.b) > 20 and held_number(s.a, op, s.b) for s in drawn)
        asked = [arithmetic.draw(rng, op, "held") for _ in range(200)]
        assert all(s.held for s in asked if max(s.a, s.b) > 20)
        assert any(s.held for s in asked)


def test_every_sum_that_is_asked_is_within_the_known_reach() -> None:
    rng = random.Random(6)
    for op in "+-*/":
        drawn = {arithmetic.draw(rng, op, split) for _ in range(8000) for split in ("train", "held")}
        assert all(arithmetic.known(s.a, op, s.b) for s in drawn)
        small = {(s.a, s.b) for s in drawn if max(s.a, s.b) <= 10}
        assert small == {(a, b) for a in range(11) for b in range(11) if arithmetic.known(a, op, b)}
    assert arithmetic.known(7, "+", 8)
    assert not arithmetic.known(47, "+", 38)
    assert not arithmetic.known(12, "*", 12)


def test_answers_that_decline_say_so_and_others_do_not() -> None:
    rng = random.Random(13)
    for maker in MAKERS:
        for _ in range(300):
            one = maker(rng, "train")
            assert bool(unknown.HONEST.search(one.answer)) == one.honest, one


def test_nothing_the_model_must_decline_is_something_it_knows() -> None:
    known = unknown.known_words()
    for name in ("noun", "mass", "adjective", "verb", "topic"):
        words = unknown.pools()[name]
        assert not known & {word.lower() for word in words.train + words.held}
    capitals = {name.lower() for pair in load("capitals").items() for name in pair}
    for pool in ("city", "region"):
        assert not capitals & {place.lower() for place in unknown.pools()[pool].train}


def test_no_known_question_is_declined() -> None:
    rng = random.Random(19)
    strange = {normal(unknown.unknown(rng, split).question) for split in ("train", "held") for _ in range(6000)}
    known = [make for make in dialogue.FAMILIES if make not in (unknown.unknown, unknown.foreign)]
    asked = (make(rng, split) for make in known for split in ("train", "held") for _ in range(1200))
    answered = {normal(one.question) for one in asked if not one.honest and one.family != "arithmetic"}
    assert strange & answered == set()


def test_sums_are_declined_only_out_of_reach() -> None:
    rng = random.Random(23)
    declined = [unknown.unknown(rng, "train") for _ in range(6000)]
    for text in (one.question for one in declined if one.family == "unknown: bigsum"):
        for a, op, b in re.findall(r"^(?:What is )?(\d+) ?([-+*/]) ?(\d+)(?:[ =?]*)$", text):
            assert not arithmetic.known(int(a), op, int(b)), text


def test_declining_is_one_thought_and_the_words_are_many() -> None:
    assert len(set(unknown.THOUGHTS.values())) == 1
    assert set(unknown.SHARES) == set(unknown.THOUGHTS) == set(unknown.REPLIES)
    least = {"noun": 2500, "adjective": 500, "verb": 500, "first": 500, "last": 700, "city": 500, "topic": 500}
    for name, count in least.items():
        words = unknown.pools()[name]
        assert len(words.train + words.held) >= count, name


@pytest.mark.parametrize(
    ("one", "many"),
    [("fox", "foxes"), ("berry", "berries"), ("cliff", "cliffs"), ("knife", "knives"), ("snowman", "snowmen")],
)
def test_words_have_their_plural(one: str, many: str) -> None:
    assert unknown.plural(one) == many


def test_one_question_has_one_answer() -> None:
    rng = random.Random(17)
    answers: dict[str, set[str]] = {}
    for maker in dialogue.FAMILIES:
        for _ in range(3000):
            one = maker(rng, "train")
            if one.family not in ("arithmetic", "unknown: bigsum", "unknown: gibberish"):  # there the marks matter
                answers.setdefault(normal(one.question), set()).add(one.answer)
    assert {text: found for text, found in answers.items() if len(found) > 1} == {}


@settings(max_examples=300)
@given(st.text(max_size=60), st.integers(0, 10_000))
def test_typing_noise_takes_any_text_and_never_touches_digits(text: str, seed: int) -> None:
    rng = random.Random(seed)
    assert re.findall("[0-9]", mistype(rng, text)) == re.findall("[0-9]", text)
    roughen(rng, text)


def test_tables_are_as_large_as_the_model_card_says() -> None:
    assert len(load("capitals")) >= 190
    assert len(facts.terms()) >= 200
    assert len(everyday.opposites()) >= 120
    assert len(load("everyday")["words"]) >= 60
    assert len(load("app")) >= 35
    assert set(languages.CODES.values()) == set(languages.LANGUAGES)
