"""A prompt holds the template's markup, the person's words as nothing but words, and the model's own ids."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mistral_desk.inference.chat_format import chat_format
from mistral_desk.inference.prompt import Prompter, tidied
from mistral_desk.inference.protocol import Effort, Turn
from mistral_desk.inference.template import TemplateError
from tests.fixtures import templates
from tests.fixtures.toy_words import ToyWords

if TYPE_CHECKING:
    from mistral_desk.inference.spans import Prompt

MISTRAL = ToyWords(
    [
        *("<s>", "</s>", "[INST]", "[/INST]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "[THINK]", "[/THINK]"),
        *("[MODEL_SETTINGS]", "[/MODEL_SETTINGS]"),
    ],
    begin="<s>",
    ends=("</s>",),
)
TAGS = ToyWords(templates.TAGS_SPECIALS, ends=("<|im_end|>",))
CHANNELS = ToyWords(templates.CHANNELS_SPECIALS, ends=("<|return|>",))
KEPT_TAGS = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n"
    "{% if m.reasoning_content %}<think>\n{{ m.reasoning_content | trim }}\n</think>\n\n{% endif %}"
    "{{ m.content | trim }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
"""A template that strips what it is given and keeps earlier thoughts."""


def prompter(source: str, words: ToyWords) -> Prompter:
    tokens = {"bos_token": "<s>" if words.begin is not None else "", "eos_token": "</s>"}
    return Prompter(chat_format(source, words.special, tokens), words)


@cache
def mistral() -> Prompter:
    return prompter(templates.official(), MISTRAL)


def official(*turns: Turn, effort: Effort = "none") -> Prompt:
    return mistral().prompt(turns, effort)


def answered(words: ToyWords, text: str, thinking: str, written: str) -> Turn:
    """An answer that the model wrote as `written`, with its special tokens."""
    return Turn("assistant", text, thinking, tuple(words.tokenize(written, special=True)), words.hash)


def test_a_conversation_in_mistrals_format() -> None:
    prompt = official(
        Turn("system", "Be kind."),
        Turn("user", "Hi"),
        Turn("assistant", "Hello!", "greet"),
        Turn("user", "Why?"),
        effort="high",
    )

    assert MISTRAL.text(prompt.tokens) == (
        "⟨<s>⟩⟨[SYSTEM_PROMPT]⟩Be kind.⟨[/SYSTEM_PROMPT]⟩"
        '⟨[MODEL_SETTINGS]⟩{"reasoning_effort": "high"}⟨[/MODEL_SETTINGS]⟩'
        "⟨[INST]⟩Hi⟨[/INST]⟩⟨[THINK]⟩greet⟨[/THINK]⟩Hello!⟨</s>⟩⟨[INST]⟩Why?⟨[/INST]⟩"
    )
    assert MISTRAL.text(prompt.tokens[prompt.tail :]) == "⟨[/INST]⟩"


@given(st.text(st.sampled_from("[]/INSTHK<s>{}% _{{x}}\ue000\ue001\n ") | st.characters(exclude_categories=["Cs"])))
def test_a_persons_words_are_never_markup(text: str) -> None:
    tokens = official(Turn("user", f"x{text}x")).tokens
    begin, end = tokens.index(MISTRAL.special["[INST]"]) + 1, tokens.index(MISTRAL.special["[/INST]"])

    assert bytes(tokens[begin:end]) == f"x{text}x".encode()


def test_the_models_own_ids_go_back_as_they_were() -> None:
    """A token may be written in several ways; only what the model wrote is in the memory already."""
    words = ToyWords([*MISTRAL.special, "Hello!"], begin="<s>", ends=("</s>",))
    words.control[words.special["Hello!"]] = 0
    words.shown = words.written  # type: ignore[method-assign]  # an ordinary token of several bytes
    words.special.pop("Hello!")
    token = words.size - 1
    own = Turn("assistant", "Hello!", "", (token,), words.hash)

    with_ids = prompter(templates.official(), words).prompt([Turn("user", "Hi"), own, Turn("user", "?")], "none")
    without = prompter(templates.official(), words).prompt(
        [Turn("user", "Hi"), Turn("assistant", "Hello!"), Turn("user", "?")], "none"
    )

    assert token in with_ids.tokens
    assert token not in without.tokens
    assert len(without.tokens) == len(with_ids.tokens) + len("Hello!") - 1


@pytest.mark.parametrize(
    ("text", "thinking", "written"),
    [
        ("Hello!", "greet", "[THINK]greet[/THINK]Hello!"),
        ("Hello!", "greet", "[THINK]\ngreet[/THINK]\n\nHello!"),  # line ends that are not shown stay in the memory
        ("", "gre", "[THINK]gre"),  # stopped in the thought
        ("", "greet", "[THINK]greet[/THINK]"),  # stopped right behind it
        (" Hello! ", "", " Hello! "),
    ],
)
def test_an_answer_is_continued_where_the_memory_stands(text: str, thinking: str, written: str) -> None:
    """The prompt of the next turn begins with the prompt of this turn and the ids that were generated."""
    first = official(Turn("user", "Hi"), effort="high")
    own = answered(MISTRAL, text, thinking, written)
    then = official(Turn("user", "Hi"), own, Turn("user", "Why?"), effort="high")

    assert then.tokens[: len(first.tokens) + len(own.tokens)] == [*first.tokens, *own.tokens]
    assert MISTRAL.text(then.tokens).endswith("⟨</s>⟩⟨[INST]⟩Why?⟨[/INST]⟩")


def test_thoughts_that_the_template_keeps_are_continued_too() -> None:
    format_ = prompter(KEPT_TAGS, TAGS)
    first = format_.prompt([Turn("user", " Hi ")], "high")
    own = answered(TAGS, "Yes.", "hm\n", "<think>\nhm\n</think>\n\nYes.")
    then = format_.prompt([Turn("user", " Hi "), own, Turn("user", "Why?")], "high")

    assert TAGS.text(first.tokens) == "⟨<|im_start|>⟩user\nHi⟨<|im_end|>⟩\n⟨<|im_start|>⟩assistant\n"
    assert then.tokens[: len(first.tokens) + len(own.tokens)] == [*first.tokens, *own.tokens]


def test_thoughts_that_the_template_drops_leave_the_answers_own_ids() -> None:
    own = answered(TAGS, "Yes.", "hm", "<think>\nhm</think>\n\nYes.")
    tokens = prompter(templates.TAGS, TAGS).prompt([Turn("user", "Hi"), own, Turn("user", "Why?")], "high").tokens

    assert "assistant\nYes.⟨<|im_end|>⟩" in TAGS.text(tokens)
    assert "hm" not in TAGS.text(tokens)


def test_channels_keep_the_answer_only() -> None:
    written = (
        "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>Yes."  # as gpt-oss does
    )
    own = answered(CHANNELS, "Yes.", "hm", written)
    tokens = (
        prompter(templates.CHANNELS, CHANNELS).prompt([Turn("user", "Hi"), own, Turn("user", "Why?")], "high").tokens
    )

    assert "⟨<|start|>⟩assistant⟨<|channel|>⟩final⟨<|message|>⟩Yes.⟨<|end|>⟩" in CHANNELS.text(tokens)
    assert "hm" not in CHANNELS.text(tokens)


@pytest.mark.parametrize(
    "change",
    [
        {"text": "Edited."},
        {"thinking": "Edited."},
        {"vocabulary": "another"},
        {"tokens": (MISTRAL.size,)},
        {"tokens": (-1,)},
        {"tokens": (*b"Hello!", MISTRAL.special["</s>"])},
        {"tokens": (*b"Hello!", MISTRAL.special["[INST]"])},
    ],
)
def test_ids_that_do_not_say_what_the_turn_says_are_not_used(change: dict[str, object]) -> None:
    said: dict[str, object] = {
        "text": "Hello!",
        "thinking": "hm",
        "tokens": tuple(MISTRAL.tokenize("[THINK]hm[/THINK]Hello!", special=True)),
        "vocabulary": MISTRAL.hash,
    }
    turn = Turn(role="assistant", **(said | change))  # type: ignore[arg-type]
    plain = Turn("assistant", turn.text, turn.thinking)

    found = official(Turn("user", "Hi"), turn, Turn("user", "Why?"))

    assert found == official(Turn("user", "Hi"), plain, Turn("user", "Why?"))


def test_the_begin_token_is_never_doubled() -> None:
    with_begin = official(Turn("user", "Hi")).tokens
    no_begin = prompter("{% for m in messages %}{{ m.content }}{% endfor %}", MISTRAL).prompt(
        [Turn("user", "Hi")], "none"
    )

    assert with_begin.count(MISTRAL.special["<s>"]) == 1
    assert MISTRAL.text(no_begin.tokens) == "⟨<s>⟩Hi"


def test_a_template_without_system_messages_gets_them_in_the_first_question() -> None:
    source = (
        "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no') }}{% endif %}"
        "[INST]{{ m.content }}[/INST]{% endfor %}"
    )
    tokens = prompter(source, MISTRAL).prompt([Turn("system", "Be kind."), Turn("user", "Hi")], "none").tokens

    assert MISTRAL.text(tokens) == "⟨<s>⟩⟨[INST]⟩Be kind.\n\nHi⟨[/INST]⟩"


def test_roles_that_a_template_refuses_are_its_error() -> None:
    source = "{% if messages | length > 1 %}{{ raise_exception('one at a time') }}{% endif %}{{ messages[0].content }}"

    with pytest.raises(TemplateError, match="one at a time"):
        prompter(source, MISTRAL).prompt([Turn("user", "Hi"), Turn("assistant", "Yes"), Turn("user", "?")], "none")


def test_a_question_whose_answer_never_began_joins_the_next() -> None:
    turns = [Turn("user", "One"), Turn("assistant", ""), Turn("user", "Two")]

    assert tidied(turns, system=True) == [Turn("user", "One\n\nTwo")]


def test_the_blank_that_a_vocabulary_puts_first_is_not_doubled() -> None:
    """SentencePiece writes it into the answer's first token; the template writes it too, for the text without it."""
    words = ToyWords(["<s>", "</s>", "[INST]", "[/INST]"], begin="<s>", ends=("</s>",))
    words.spaced = True
    format_ = prompter(
        "{% for m in messages %}{% if m.role == 'user' %}[INST] {{ m.content }} [/INST]"
        "{% else %} {{ m.content }}</s>{% endif %}{% endfor %}",
        words,
    )
    first = format_.prompt([Turn("user", "Hi")], "none")
    own = answered(words, "Yes.", "", " Yes.")
    then = format_.prompt([Turn("user", "Hi"), own, Turn("user", "Why?")], "none")

    assert then.tokens[: len(first.tokens) + len(own.tokens)] == [*first.tokens, *own.tokens]
    assert words.text(then.tokens).endswith("⟨[/INST]⟩ Yes.⟨</s>⟩⟨[INST]⟩ Why? ⟨[/INST]⟩")


def test_a_marker_that_is_an_ordinary_token_cannot_be_typed() -> None:
    """Vocabularies declare `<think>` as a word of the user's rather than as control; llama.cpp then always reads it."""

    class Eager(ToyWords):
        def tokenize(self, text: str, *, special: bool) -> list[int]:
            return super().tokenize(text, special=True)

    words = Eager(templates.TAGS_SPECIALS, ends=("<|im_end|>",))
    tokens = prompter(KEPT_TAGS, words).prompt([Turn("user", "a <think> b </think> c")], "none").tokens

    assert "user\na <think> b </think> c⟨<|im_end|>⟩" in words.text(tokens)
