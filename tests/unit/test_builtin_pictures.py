"""What the built-in model learns about pictures is right: answers fit the drawing, codes fit the drawing, prompts fit.

Runs without torch: scenes, questions and prompt pieces are plain Python.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.train_builtin_model.corpus import dialogue, pictures, scenes, unknown
from tools.train_builtin_model.corpus.scenes import COLOURS, DIGITS, FACTORS, GRID, ROW, SIDE, Picture, Thing

if TYPE_CHECKING:
    from tools.train_builtin_model.corpus.wording import Exchange

SEEDS = st.integers(0, 2**32)


def exchanges(count: int, split: str = "train") -> list[tuple[Picture, Exchange]]:
    rng = random.Random(23)
    drawn = [scenes.draw(rng) for _ in range(count)]
    assert split in ("train", "held")
    return [(one, pictures.ask(rng, one, "held" if split == "held" else "train", rng.random() < 0.3)) for one in drawn]


@settings(max_examples=200)
@given(SEEDS, st.integers(1, 4))
def test_things_lie_in_the_picture_apart_and_in_reading_order(seed: int, count: int) -> None:
    things = scenes.placed(random.Random(seed), count, digits=0.5).things
    assert 1 <= len(things) <= count
    cells = [thing.cell for thing in things]
    assert cells == sorted(set(cells))  # in order, and never two centres in one cell
    assert all(0 <= thing.x <= 1 and 0 <= thing.y <= 1 for thing in things)
    assert len(things) == 1 or not any(thing.kind in DIGITS for thing in things)


@settings(max_examples=200)
@given(SEEDS)
def test_the_codes_tell_exactly_what_is_drawn(seed: int) -> None:
    picture = scenes.draw(random.Random(seed))
    cells = scenes.weights(picture)
    assert len(cells) == SIDE * SIDE
    assert all(len(cell) == len(FACTORS) and 0 <= min(cell) <= max(cell) <= 1 for cell in cells)
    centres = [at for at, cell in enumerate(cells) if cell[ROW["centre"]]]
    assert [divmod(at, SIDE) for at in centres] == [thing.cell for thing in picture.things]
    for at, thing in zip(centres, picture.things, strict=True):
        said = {factor: cells[at][ROW[factor]] for factor in FACTORS}
        assert said[thing.kind] == said[thing.colour] == said[scenes.COUNTS[len(picture.things)]] == 1
        assert max(said[colour] for colour in COLOURS if colour != thing.colour) <= 0.4
    strange = {cell[ROW["unfamiliar"]] for cell in cells}
    assert strange == ({0.0} if picture.familiar else {1.0})


@settings(max_examples=200)
@given(SEEDS)
def test_an_imperfect_eye_still_shows_every_centre_most(seed: int) -> None:
    rng = random.Random(seed)
    picture = scenes.draw(rng)
    cells = scenes.seen(picture, rng)
    assert len(cells) == SIDE * SIDE
    assert all(len(cell) == len(FACTORS) and 0 <= min(cell) <= max(cell) <= 1.2 for cell in cells)
    for thing in picture.things:
        cell = cells[thing.cell[0] * SIDE + thing.cell[1]]
        assert cell[ROW[thing.kind]] > 0.3
        kinds = {kind: cell[ROW[kind]] for kind in scenes.KINDS}
        assert max(kinds.values()) <= 2 * kinds[thing.kind]


def test_answers_are_those_of_the_drawing() -> None:
    red, blue = Thing("circle", "red", 0.3, 0.3, 0.15), Thing("square", "blue", 0.7, 0.7, 0.15)
    eight = Picture((Thing("8", "orange", 0.5, 0.5, 0.3),))
    expected = {
        (Picture((red,)), "picture: what"): {"A red circle."},
        (Picture((red, blue)), "picture: what"): {"A red circle and a blue square."},
        (Picture((red, blue)), "picture: count"): {"There are two shapes."},
        (Picture((red, blue)), "picture: colour"): {"The circle is red.", "The square is blue."},
        (Picture((red,)), "picture: shape"): {"A circle."},
        (Picture((red,)), "picture: size"): {"It is small."},
        (eight, "picture: what"): {"An orange 8."},
        (eight, "picture: digit"): {"An 8."},
        (eight, "picture: count"): {"There is one digit."},
        (eight, "picture: colour"): {"It is orange.", "The 8 is orange."},
        (Picture(()), "picture: what"): {"I see nothing in this picture."},
        (Picture(()), "picture: count"): {"There are no shapes."},
        (Picture((), familiar=False), "picture: unfamiliar"): {pictures.STRANGE},
    }
    rng = random.Random(1)
    for (picture, family), answers in expected.items():
        asked = [pictures.ask(rng, picture, "train") for _ in range(400)]
        assert {one.answer for one in asked if one.family == family} == answers, (picture, family)


def test_what_is_named_is_there_and_what_is_missing_is_not() -> None:
    for picture, one in exchanges(4000):
        kinds = {thing.kind for thing in picture.things}
        names = {pictures.named(thing) for thing in picture.things}
        if one.family == "picture: lacks" or one.answer.startswith("No,"):
            missing = one.answer.rstrip(".").split()[-1]
            assert missing == "digit" or missing not in kinds
            assert missing == "digit" or missing in one.question
        elif one.family == "picture: is there":
            assert one.answer.removeprefix("Yes, ").rstrip(".") in names
        elif one.family == "picture: what" and names:
            assert all(name.lower() in one.answer.lower() for name in names)
        assert one.honest == (one.family in ("picture: unfamiliar", "picture: other"))


@pytest.mark.parametrize("kind", sorted(set(pictures.wordings()) - {"after", "intro"}))
def test_every_kind_of_question_has_many_wordings(kind: str) -> None:
    words = pictures.wordings()[kind]
    assert len(words.train) >= 25
    assert len(words.held) >= 6


def test_held_out_wordings_about_pictures_never_reach_training() -> None:
    trained = {one.question for _, one in exchanges(6000)}
    held = {one.question for _, one in exchanges(3000, "held")}
    assert trained & held == set()


def test_no_slot_stays_open_and_articles_are_right() -> None:
    for split in ("train", "held"):
        for _, one in exchanges(3000, split):
            text = f"{one.question} {one.thought} {one.answer}"
            assert "{" not in text
            assert " a 8" not in text
            assert " a orange" not in text.lower()


def test_without_a_picture_the_same_questions_are_declined() -> None:
    rng = random.Random(2)
    for _ in range(500):
        one = pictures.blind(rng, "train")
        assert one.honest
        assert one.answer == unknown.START + unknown.REPLIES["picture"]


def test_a_grid_has_a_break_after_every_row_but_the_last() -> None:
    assert len(GRID) == SIDE * (SIDE + 1)
    assert [at for at, token in enumerate(GRID) if token == "[IMG_BREAK]"] == [5, 11, 17, 23]
    assert GRID[-1] == "[IMG_END]"
    assert GRID.count("[IMG]") == SIDE * SIDE


def test_about_one_conversation_in_nine_has_a_picture_and_keeps_talking_about_it() -> None:
    rng = random.Random(9)
    talks = [dialogue.sample(rng) for _ in range(4000)]
    shown = [talk for talk in talks if any(turn.picture for turn in talk.turns)]
    assert 0.09 < len(shown) / len(talks) < 0.14
    later = [turn for talk in shown for turn in talk.turns[1:] if turn.picture is None]
    about = [turn for turn in later if turn.exchange.family.startswith("picture")]
    assert 0.4 < len(about) / len(later) < 0.9


def test_practice_has_more_pictures_with_more_things() -> None:
    shares = []
    for practice in (False, True):
        rng = random.Random(31)
        talks = [dialogue.sample(rng, practice=practice) for _ in range(1500)]
        shown = [turn.picture for talk in talks for turn in talk.turns if turn.picture is not None]
        asked = [turn.exchange.family for talk in talks for turn in talk.turns]
        about = [family for family in asked if family.startswith("picture")]
        several = [picture for picture in shown if len(picture.things) > 1]
        shares.append((len(about) / len(asked), len(several) / len(shown)))
    assert all(more > usual * 1.1 for usual, more in zip(*shares, strict=True))
