"""Where an answer goes on: the ids behind the markup that asks for it, in each manner of thinking."""

from __future__ import annotations

import pytest

from mistral_desk.inference.chat_format import chat_format
from mistral_desk.inference.prompt import Prompter
from mistral_desk.inference.protocol import Effort, Turn
from mistral_desk.inference.thinking import Splitter
from tests.fixtures import templates
from tests.fixtures.toy_words import ToyWords

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
GEMMA = ToyWords(("<|turn>", "<turn|>", "<|channel>", "<channel|>"), ends=("<turn|>",))
SPELLED = ToyWords(("<|im_start|>", "<|im_end|>"), ends=("<|im_end|>",))
OPENED_SOURCE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n<think>\n{% endif %}{# </think> #}"
)
"""The template itself opens the thought."""
GEMMA_SOURCE = (
    "{% for m in messages %}<|turn>{{ m.role }}\n{{ m.content }}<turn|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|turn>model\n{% endif %}"
)
HI = (Turn("user", "Hi"),)

CASES = {
    "mistral": (
        *(templates.official(), MISTRAL, "⟨[/INST]⟩"),
        *("⟨[THINK]⟩hm", "⟨[THINK]⟩hm⟨[/THINK]⟩Yes.", "Yes."),
    ),
    "tags": (
        *(templates.TAGS, TAGS, "assistant\n"),
        *("⟨<think>⟩\nhm", "⟨<think>⟩\nhm\n⟨</think>⟩\n\nYes.", "Yes."),
    ),
    "channels": (
        *(templates.CHANNELS, CHANNELS, "⟨<|start|>⟩assistant"),
        "⟨<|channel|>⟩analysis⟨<|message|>⟩hm",
        "⟨<|channel|>⟩analysis⟨<|message|>⟩hm⟨<|end|>⟩⟨<|start|>⟩assistant⟨<|channel|>⟩final⟨<|message|>⟩Yes.",
        "⟨<|channel|>⟩final⟨<|message|>⟩Yes.",
    ),
    "gemma": (
        *(GEMMA_SOURCE, GEMMA, "model\n"),
        *("⟨<|channel>⟩thought\nhm", "⟨<|channel>⟩thought\nhm⟨<channel|>⟩Yes.", "Yes."),
    ),
    "opened by the template": (
        *(OPENED_SOURCE, TAGS, "assistant\n⟨<think>⟩\n"),
        *("hm", "hm\n⟨</think>⟩\n\nYes.", "\n⟨</think>⟩\n\nYes."),
    ),
    "by text": (
        *(OPENED_SOURCE, SPELLED, "assistant\n<think>\n"),
        *("hm", "hm\n</think>\n\nYes.", "\n</think>\n\nYes."),
    ),
}


def prompter(source: str, words: ToyWords) -> Prompter:
    tokens = {"bos_token": "<s>" if words.begin is not None else "", "eos_token": "</s>"}
    return Prompter(chat_format(source, words.special, tokens), words)


def begun_of(made: Prompter, words: ToyWords, turn: Turn, effort: Effort = "high") -> tuple[str, str]:
    """The text of a prompt and of what stands there of the answer; the prompt itself must not change for it."""
    plain, prompt = made.prompt(HI, effort), made.prompt(HI, effort, None, turn)
    assert prompt.tokens[: prompt.begun] == plain.tokens
    assert (prompt.tail, prompt.begun, plain.begun) == (plain.tail, len(plain.tokens), len(plain.tokens))
    return words.text(plain.tokens), words.text(prompt.tokens[prompt.begun :])


@pytest.mark.parametrize("name", CASES)
def test_without_ids_the_words_stand_as_the_model_would_have_written_them(name: str) -> None:
    source, words, asks, thought, whole, text = CASES[name]
    made = prompter(source, words)
    for turn, expected in (
        (Turn("assistant", "", "hm"), thought),
        (Turn("assistant", "Yes.", "hm"), whole),
        (Turn("assistant", "Yes."), text),
    ):
        prompt, begun = begun_of(made, words, turn)
        assert prompt.endswith(asks)
        assert begun == expected


@pytest.mark.parametrize("name", CASES)
def test_what_is_spelled_anew_is_read_as_what_it_was(name: str) -> None:
    """The worker's splitter finds the thought and the text in it again, and knows where it stands."""
    source, words, *_ = CASES[name]
    made = prompter(source, words)
    manner = chat_format(source, words.special, {"bos_token": "", "eos_token": "</s>"}).manner
    for thinking, text in (("hm", ""), ("hm", "Yes."), ("", "Yes."), ("a </think> b [/THINK] c", "x <think> y")):
        if name == "by text" and "</think>" in thinking:
            continue  # where markers are plain text nobody can tell them from words
        prompt = made.prompt(HI, "high", None, Turn("assistant", text, thinking))
        splitter = Splitter(manner, words.shown, prompt.tokens[prompt.tail : prompt.begun])
        parts = [splitter.feed(token) for token in prompt.tokens[prompt.begun :]]
        assert splitter.thinking == (not text)
        parts += splitter.finish()
        said = ["".join(part.text for part in parts if part.kind == kind).strip() for kind in ("thinking", "text")]
        assert said == [thinking, text]


@pytest.mark.parametrize("name", CASES)
def test_its_own_ids_go_on_as_they_are(name: str) -> None:
    """Also where it stopped in a marker, or behind the thought with nothing said yet."""
    source, words, *_ = CASES[name]
    made = prompter(source, words)
    manner = chat_format(source, words.special, {"bos_token": "", "eos_token": "</s>"}).manner
    whole = made.prompt(HI, "high", None, Turn("assistant", "Yes.", "hm"))
    tokens, lead = whole.tokens[whole.begun :], whole.tokens[whole.tail : whole.begun]
    for count in range(1, len(tokens) + 1):
        splitter = Splitter(manner, words.shown, lead)
        parts = [splitter.feed(token) for token in tokens[:count]]
        for ended in (False, True):  # as it is saved while it grows, and as it is saved in the end
            parts += splitter.finish() if ended else []
            said = ["".join(part.text for part in parts if part.kind == kind) for kind in ("thinking", "text")]
            turn = Turn("assistant", said[1], said[0], tuple(tokens[:count]), words.hash)
            prompt = made.prompt(HI, "high", None, turn)
            assert prompt.tokens[prompt.begun :] == tokens[:count]


def test_half_a_character_is_written_anew() -> None:
    made = prompter(templates.official(), MISTRAL)
    half = "Grüß".encode()[:-1]
    with_ids = Turn("assistant", half.decode("utf-8", "replace"), "", tuple(half), MISTRAL.hash)
    without = Turn("assistant", with_ids.text)

    assert made.prompt(HI, "none", None, with_ids).tokens[-len(half) :] == list(half)
    assert begun_of(made, MISTRAL, without, "none")[1] == "Grü"


def test_a_model_without_thoughts_is_given_the_text_alone() -> None:
    markers = {"[INST]": 1, "[/INST]": 2}
    made = Prompter(chat_format(templates.PLAIN, markers, {"bos_token": "", "eos_token": ""}), MISTRAL)

    assert begun_of(made, MISTRAL, Turn("assistant", "Yes", "hm"), "none")[1] == "Yes"
    assert begun_of(made, MISTRAL, Turn("assistant", "", "hm"), "none")[1] == ""


@pytest.mark.parametrize("effort", ["none", "high"])
def test_markers_in_the_words_stay_words(effort: Effort) -> None:
    made = prompter(templates.official(), MISTRAL)
    text = "write [/THINK] or </s> or [INST]"

    assert begun_of(made, MISTRAL, Turn("assistant", text), effort)[1] == text
