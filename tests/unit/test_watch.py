"""Which runs of tokens are no answer any more, and which long, dull texts are answers all the same."""

from __future__ import annotations

import itertools
import random
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mistral_desk.core.errors import DeskError
from mistral_desk.inference.engine.watch import BLANK, CYCLE, EQUAL, SILENT, Watch

if TYPE_CHECKING:
    from collections.abc import Sequence

Token = tuple[int, str]
"""An id, and what it adds to the text."""


class Words:
    """A vocabulary that grows: each text gets an id."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self._texts: list[str] = []

    def tokens(self, texts: Sequence[str]) -> list[Token]:
        for text in texts:
            if text not in self._ids:
                self._ids[text] = len(self._texts)
                self._texts.append(text)
        return [(self._ids[text], text) for text in texts]

    def shown(self, token: int) -> bytes:
        return self._texts[token].encode()


def ends_after(texts: Sequence[str], asked: str = "") -> tuple[str, int] | None:
    """Which problem ends it, and after how many tokens; None where nothing does."""
    words = Words()
    watch = Watch("A model", words.shown, asked)
    for number, (token, text) in enumerate(words.tokens(texts), 1):
        try:
            watch.take(token, text)
        except DeskError as error:
            return error.problem.id, number
    return None


def repeated(*unit: str, times: int) -> list[str]:
    return list(unit) * times


def test_it_says_which_model_it_was() -> None:
    watch = Watch("A model", lambda _: b"", "")
    for token in range(SILENT - 1):
        watch.take(token, "")
    with pytest.raises(DeskError) as caught:
        watch.take(0, "")
    assert caught.value.problem.params == {"name": "A model", "tokens": SILENT}


SENTENCE: Final = ["I", " must", " not", " talk", " in", " the", " class", ",", " in", " the", " class", ".", "\n"]
FINE: Final[dict[str, list[str]]] = {
    "spaces in code": repeated(" ", times=200),
    "a table's rule": repeated("-----", times=300),
    "zeros in base64, a kilobyte, token by two letters": repeated("AA", times=500),
    "empty lines": repeated("\n", times=250),
    "a word a hundred times": repeated(" no", times=100),
    "a word a hundred times, in lines": repeated("no", "\n", times=100),
    "a sentence a hundred times": SENTENCE * 100,
    "a thousand zeros": repeated("0", ", ", times=1000),
    "emoji of four tokens": repeated("", "", "", "\U0001f600", times=200),
    "markers and a channel's header": [*repeated("", times=40), "Hello"],
    "a numbered list": list(itertools.chain.from_iterable((str(n), ".", " item", "\n") for n in range(2000))),
    "an identity matrix": [
        text for row in range(60) for text in (*(("1" if row == column else "0") + " " for column in range(60)), "\n")
    ],
}


@pytest.mark.parametrize("name", FINE)
def test_dull_texts_are_answers(name: str) -> None:
    assert ends_after(FINE[name]) is None


def test_tokens_that_show_nothing_end_it() -> None:
    assert ends_after(["Hello", *repeated("", times=1000)]) == ("model.no_text", 1 + SILENT)


def test_blanks_of_many_kinds_end_it() -> None:
    assert ends_after(["Hello", *repeated(" ", "\n", "\t", "   ", times=400)]) == ("model.only_blanks", 1 + BLANK)


@pytest.mark.parametrize("noise", ["@", "G", "!", "\N{REPLACEMENT CHARACTER}", " the"])
def test_the_same_token_ends_it(noise: str) -> None:
    assert ends_after(["Hello", *repeated(noise, times=2000)]) == ("model.repeats", 2 + EQUAL)


def test_the_same_sentence_ends_it_after_some_thousand_tokens() -> None:
    found = ends_after(["Well", ":", *SENTENCE * 1000])
    assert found
    assert found[0] == "model.repeats"
    assert CYCLE <= found[1] <= CYCLE + 4 * len(SENTENCE)


@pytest.mark.parametrize(
    ("asked", "unit"),
    [("Write “no” 2,000 times", " no"), ("A line of 1000 - please", "-"), ("print NO a thousand times", "no")],
)
def test_what_the_person_named_may_come_more_often(asked: str, unit: str) -> None:
    assert ends_after(repeated(unit, times=2000), asked) is None
    assert ends_after(repeated(unit, times=20_000), asked) == ("model.repeats", 1 + 16 * EQUAL)


def test_a_letter_inside_another_word_was_not_named() -> None:
    assert ends_after(repeated("G", times=2000), "What is a good game?") == ("model.repeats", 1 + EQUAL)


def test_a_text_that_does_not_repeat_never_ends() -> None:
    drawn = random.Random(5)
    assert ends_after([str(drawn.randrange(50)) for _ in range(60_000)]) is None


@given(st.lists(st.sampled_from(["a", " b", "\n", "", "c"]), max_size=600))
def test_nothing_shorter_than_the_bounds_ends(texts: list[str]) -> None:
    runs = [len(list(run)) for empty, run in itertools.groupby(texts, key=lambda text: not text) if empty]
    found = ends_after(texts)
    if max(runs, default=0) < SILENT and len(texts) < BLANK:
        assert found is None
