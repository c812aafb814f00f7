"""What a template can do is found by trying it, whoever wrote it."""

from __future__ import annotations

import pytest

from mistral_desk.inference.chat_format import ChatFormat, chat_format
from mistral_desk.inference.template import TemplateError
from tests.fixtures import templates

TOKENS = {"bos_token": "<s>", "eos_token": "</s>"}
MARKERS = {"[THINK]": 1, "[/THINK]": 2}
TAGS = {text: index for index, text in enumerate(templates.TAGS_SPECIALS)}
CHANNELS = {text: index for index, text in enumerate(templates.CHANNELS_SPECIALS)}

TURNS = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}"


def examined(source: str, special: dict[str, int] | None = None) -> ChatFormat:
    return chat_format(source, special or {}, TOKENS)


def test_mistrals_own_template() -> None:
    found = examined(templates.official(), MARKERS)

    assert found.efforts == ("none", "high")
    assert found.variables["high"] == {"reasoning_effort": "high"}
    assert found.variables["none"] == {"reasoning_effort": "none"}
    assert (found.history, found.manner.closing) == ("blocks", "[/THINK]")
    assert found.thinks
    assert found.system
    assert found.own


def test_a_switch_named_enable_thinking() -> None:
    found = examined(templates.TAGS, TAGS)

    assert found.efforts == ("none", "high")
    assert found.variables == {"none": {"enable_thinking": False}, "high": {"enable_thinking": True}}
    assert found.manner.closing == "\n</think>\n\n"
    assert found.thinks


def test_a_template_that_copies_any_effort_gets_the_least_that_models_know() -> None:
    found = examined(templates.CHANNELS, CHANNELS)

    assert found.variables["none"] == {"reasoning_effort": "low"}
    assert found.variables["high"] == {"reasoning_effort": "high"}
    assert found.manner.closing.endswith("final<|message|>")


def test_another_word_for_no_effort() -> None:
    source = (
        "{% if reasoning_effort is defined and reasoning_effort not in ['no_think', 'high'] %}"
        "{{ raise_exception('unknown') }}{% endif %}{{ 'hard' if reasoning_effort == 'high' }}" + TURNS
    )

    assert examined(source).variables["none"] == {"reasoning_effort": "no_think"}


def test_a_template_that_knows_no_thinking() -> None:
    found = examined(templates.PLAIN, MARKERS)

    assert found.efforts == ("none",)
    assert not found.thinks
    assert found.manner.tokens  # the vocabulary has the markers: should they come, they are not shown


def test_a_model_that_always_thinks() -> None:
    found = examined(TURNS + "{% if add_generation_prompt %}<think>\n{% endif %}{# </think> #}", TAGS)

    assert found.efforts == ("high",)
    assert found.thinks


@pytest.mark.parametrize(
    ("field", "history"),
    [("{% if m.reasoning_content %}<think>{{ m.reasoning_content }}</think>{% endif %}", "field"), ("", "none")],
)
def test_how_earlier_thoughts_are_handed_over(field: str, history: str) -> None:
    source = "{% for m in messages %}" + field + "{{ m.content }}{% endfor %}{# </think> #}"

    assert examined(source, TAGS).history == history


def test_a_template_that_refuses_system_messages() -> None:
    source = "{% if messages[0].role == 'system' %}{{ raise_exception('no') }}{% endif %}" + TURNS

    assert not examined(source).system
    assert examined(TURNS).system


def test_a_template_that_ignores_system_messages() -> None:
    assert not examined("{% for m in messages if m.role != 'system' %}{{ m.content }}{% endfor %}").system


def test_a_file_without_a_template() -> None:
    chatml = examined("", {"<|im_start|>": 1, "<|im_end|>": 2})
    words = examined("  \n")

    assert not chatml.own
    assert chatml.render([{"role": "user", "content": "Hi"}], "none").endswith("<|im_start|>assistant\n")
    assert words.render([{"role": "user", "content": "Hi"}], "none") == "User: Hi\nAssistant:"
    assert (chatml.thinks, words.thinks) == (False, False)


def test_a_template_that_cannot_say_hello_is_refused_at_once() -> None:
    with pytest.raises(TemplateError):
        examined(templates.RAISING)
