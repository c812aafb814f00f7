"""What a prompt is made of can be counted, and earlier thoughts can be left out where a template takes them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mistral_desk.inference.protocol import Turn
from mistral_desk.inference.tokenized import Tokenized
from tests.fixtures import templates
from tests.fixtures.toy_words import ToyWords
from tests.unit.test_prompt import CHANNELS, KEPT_TAGS, MISTRAL, TAGS, answered, prompter

TALK = (
    Turn("system", "Be kind."),
    Turn("user", "Hi"),
    answered(MISTRAL, "Hello!", "greet", "[THINK]greet[/THINK]Hello!"),
    Turn("user", "Why?"),
)


def test_earlier_thoughts_are_left_out_and_the_answers_own_ids_stay() -> None:
    mistral = prompter(templates.official(), MISTRAL)
    kept, left = (mistral.prompt(TALK, "high", keep_thinking=keep).tokens for keep in (True, False))
    assert "greet" in MISTRAL.text(kept)
    assert "greet" not in MISTRAL.text(left)
    assert len(kept) - len(left) == len("greet") + 2, "the thought and its two markers"
    assert "⟨[/INST]⟩Hello!⟨</s>⟩" in MISTRAL.text(left)


def test_a_template_that_takes_no_thoughts_has_no_choice() -> None:
    """It says so itself: what it does by itself was found out by rendering it."""
    tags = prompter(templates.TAGS, TAGS)
    assert tags._form.history == "none"
    talk = (Turn("user", "Hi"), Turn("assistant", "Hello!", "greet"), Turn("user", "Why?"))
    assert tags.prompt(talk, "high") == tags.prompt(talk, "high", keep_thinking=False)
    assert prompter(KEPT_TAGS, TAGS)._form.history != "none"


@pytest.mark.parametrize("which", ["official", "tags", "channels"])
@settings(max_examples=30)
@given(st.lists(st.text(st.characters(codec="ascii"), min_size=1, max_size=30), min_size=1, max_size=5))
def test_the_shares_of_a_prompt_begin_in_order_and_the_last_is_the_last_message(which: str, said: list[str]) -> None:
    source, words = {
        "official": (templates.official(), MISTRAL),
        "tags": (templates.TAGS, TAGS),
        "channels": (templates.CHANNELS, CHANNELS),
    }[which]
    turns = [Turn("user" if place % 2 == 0 else "assistant", f"w{text}w") for place, text in enumerate(said)]
    if turns[-1].role == "assistant":
        turns.append(Turn("user", "so?"))
    prompt = prompter(source, words).prompt(turns, "none" if which == "official" else "high")
    starts = [prompt.starts[place] for place in range(len(turns))]
    assert starts == sorted(starts)
    assert starts[-1] < len(prompt.tokens)
    assert turns[-1].text.encode() in words.text(prompt.tokens[starts[-1] :]).encode()
    if len(turns) > 1:
        assert turns[0].text not in words.text(prompt.tokens[starts[-1] :]) or turns[0].text in turns[-1].text


class Asked(ToyWords):
    """Takes note of what is tokenized."""

    def __init__(self) -> None:
        super().__init__([])
        self.texts: list[str] = []

    def tokenize(self, text: str, *, special: bool) -> list[int]:
        self.texts.append(text)
        return super().tokenize(text, special=special)


@given(st.lists(st.sampled_from([f"{letter * size}" for letter in "abc" for size in (3, 40, 60, 90)]), max_size=30))
def test_texts_that_were_tokenized_are_remembered_within_bounds(asked: list[str]) -> None:
    words = Asked()
    tokenized = Tokenized(words, room=200)
    plain = ToyWords([])
    for text in asked:
        assert tokenized.ids(text) == plain.tokenize(text, special=False)
        assert sum(map(len, tokenized._known)) == tokenized._held <= 200
        if text in tokenized._known:
            before = len(words.texts)
            again = tokenized.ids(text)
            again.append(0)
            assert tokenized.ids(text) == plain.tokenize(text, special=False), "nobody's changes are remembered"
            assert len(words.texts) == before
    assert not any(len(text) > 100 for text in tokenized._known)
