"""Prompts of templates and vocabularies that few models have: what they leave out, strip, or spell as mere words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mistral_desk.inference import prompt
from mistral_desk.inference.chat_format import chat_format
from mistral_desk.inference.prompt import Prompter
from mistral_desk.inference.protocol import Turn
from mistral_desk.inference.tokenized import Tokenized
from tests.fixtures.toy_words import ToyWords

if TYPE_CHECKING:
    from mistral_desk.inference.spans import Prompt

HI, WHY = Turn("user", "Hi"), Turn("user", "Why?")
PLAIN = "{% for m in messages %}<u>{{ m.content }}<a>{% endfor %}"
ONLY_QUESTIONS = "{% for m in messages if m.role == 'user' %}<u>{{ m.content }}<a>{% endfor %}"
SPELLED = (
    "{% for m in messages %}{% if m.role == 'user' %}<u>{{ m.content }}<a>{% else %}"
    "<think>{{ m.reasoning_content }}</think>{{ m.content }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<think>{% endif %}"
)


def prompter(source: str, words: ToyWords) -> Prompter:
    return Prompter(chat_format(source, words.special, {"bos_token": "", "eos_token": ""}), words)


def toy() -> ToyWords:
    return ToyWords(["<u>", "<a>"])


def own(words: ToyWords, text: str, written: str, thinking: str = "") -> Turn:
    """An answer with the ids that it was written with."""
    return Turn("assistant", text, thinking, tuple(words.tokenize(written, special=True)), words.hash)


def both(source: str, words: ToyWords, turn: Turn) -> tuple[Prompt, Prompt]:
    """A conversation with an answer's own ids, and without them."""
    made = prompter(source, words)
    with_ids, bare = (
        made.prompt([HI, one, WHY], "none") for one in (turn, Turn("assistant", turn.text, turn.thinking))
    )
    return with_ids, bare


def test_an_answer_that_the_template_leaves_out_is_left_out() -> None:
    words = toy()
    with_ids, bare = both(ONLY_QUESTIONS, words, own(words, "Yes.", "Yes."))

    assert words.text(with_ids.tokens) == words.text(bare.tokens) == "⟨<u>⟩Hi⟨<a>⟩⟨<u>⟩Why?⟨<a>⟩"


@pytest.mark.parametrize("written", ["Yes.", "\n\nYes.\n", "\n"])
def test_line_ends_of_an_answer_are_never_lost_twice(written: str) -> None:
    """Ids that are nothing but line ends have no place of their own in what the template made."""
    words = toy()
    with_ids, _ = both(PLAIN, words, own(words, written, written))

    assert written.strip() in words.text(with_ids.tokens)
    assert words.text(with_ids.tokens).endswith("⟨<u>⟩Why?⟨<a>⟩")


def test_an_answer_that_the_template_writes_in_another_way_stands_as_the_template_has_it() -> None:
    """Its own ids would be another text."""
    words = toy()
    source = PLAIN.replace("m.content", "m.content | trim")
    with_ids, bare = both(source, words, own(words, "  Yes.  ", "  Yes.  "))

    assert with_ids == bare
    assert words.text(bare.tokens) == "⟨<u>⟩Hi⟨<a>⟩⟨<u>⟩Yes.⟨<a>⟩⟨<u>⟩Why?⟨<a>⟩"


def test_a_thought_that_the_template_opened_with_mere_words_goes_back_with_its_ids() -> None:
    words = toy()
    turn = own(words, "Yes.", "hm</think>Yes.", "hm")
    made = prompter(SPELLED, words)

    assert words.text(made.prompt([HI, turn, WHY], "none").tokens) == (
        "⟨<u>⟩Hi⟨<a>⟩<think>hm</think>Yes.⟨<u>⟩Why?⟨<a>⟩<think>"
    )


def test_blanks_go_where_a_marker_takes_those_beside_it() -> None:
    """Some vocabularies say of a marker that it takes the blanks before or behind it along."""
    words = toy()
    words.strips_left.add(words.special["<a>"])
    words.strips_right.add(words.special["<u>"])
    made = prompter("{% for m in messages %}<u>  {{ m.content }}  <a> {% endfor %}", words)

    assert words.text(made.prompt([Turn("user", "a  b")], "none").tokens) == "⟨<u>⟩a  b⟨<a>⟩ "


def test_a_chat_of_more_turns_than_are_remembered_is_read_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    words = toy()
    turns = [one for number in range(6) for one in (HI, own(words, f"{number}.", f"{number}."))]
    expected = prompter(PLAIN, words).prompt([*turns, WHY], "none")
    monkeypatch.setattr(prompt, "_REMEMBERED", 2)
    made = prompter(PLAIN, words)

    for _ in range(2):
        assert made.prompt([*turns, WHY], "none") == expected


def test_a_text_larger_than_all_that_may_be_remembered_is_not_remembered() -> None:
    """It would push out all others, and itself."""
    asked: list[str] = []

    class Counting(ToyWords):
        def tokenize(self, text: str, *, special: bool) -> list[int]:
            asked.append(text)
            return super().tokenize(text, special=special)

    known = Tokenized(Counting([]), room=200)
    small, large = "a" * 60, "b" * 150
    for text in (small, large, small, large, "short", "short"):
        assert known.ids(text) == list(text.encode())

    assert asked == [small, large, large, "short", "short"]
