"""Thoughts are told from the answer whatever the model's manner, and no marker is ever shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mistral_desk.inference.thinking import NO_THOUGHTS, Manner, Splitter, manner
from tests.fixtures.toy_words import ToyWords

if TYPE_CHECKING:
    from collections.abc import Sequence

MISTRAL = ToyWords(["[THINK]", "[/THINK]", "[INST]"])
TAGS = ToyWords(["<think>", "</think>"])
HARMONY = ToyWords(["<|channel|>", "<|message|>", "<|start|>", "<|end|>"])
GEMMA = ToyWords(["<|channel>", "<channel|>"])
PLAIN = ToyWords([])


def split(words: ToyWords, template: str, answer: str, prompt: str = "") -> tuple[str, str]:
    """Thought and text of an answer that is written with its special tokens."""
    splitter = Splitter(
        manner(words.special, template), words.shown, words.tokenize(prompt, special=True) if prompt else ()
    )
    return gathered(splitter, words.tokenize(answer, special=True))


def gathered(splitter: Splitter, tokens: Sequence[int]) -> tuple[str, str]:
    parts = [*map(splitter.feed, tokens), *splitter.finish()]
    thought, text = ("".join(part.text for part in parts if part.kind == kind) for kind in ("thinking", "text"))
    return thought, text


def test_marker_tokens_part_a_thought_from_its_answer() -> None:
    assert split(MISTRAL, "[/THINK]", "[THINK]Größe?[/THINK]Ja.") == ("Größe?", "Ja.")


def test_an_answer_without_a_thought_is_all_text() -> None:
    assert split(MISTRAL, "[/THINK]", "Ja.") == ("", "Ja.")


def test_a_marker_that_is_spelled_out_is_text() -> None:
    splitter = Splitter(manner(MISTRAL.special, "[/THINK]"), MISTRAL.shown)

    assert gathered(splitter, MISTRAL.tokenize("say [THINK] twice", special=False)) == ("", "say [THINK] twice")


def test_line_ends_behind_a_marker_are_not_shown() -> None:
    assert split(TAGS, "</think>", "<think>\nhm\n</think>\n\nYes.\n\nNo.") == ("hm\n", "Yes.\n\nNo.")


def test_a_thought_that_the_template_opened() -> None:
    assert split(TAGS, "</think>", "hm</think>Yes.", prompt="<think>\n") == ("hm", "Yes.")


def test_a_thought_that_the_template_opened_and_closed() -> None:
    assert split(TAGS, "</think>", "Yes.", prompt="<think>\n\n</think>\n\n") == ("", "Yes.")


def test_a_thought_that_was_stopped() -> None:
    assert split(MISTRAL, "[/THINK]", "[THINK]hm") == ("hm", "")


def test_channels_with_names() -> None:
    answer = "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>Yes."

    assert split(HARMONY, "", answer, prompt="<|start|>assistant") == ("hm", "Yes.")


def test_a_second_thought_in_channels() -> None:
    answer = (
        "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>commentary<|message|>b<|end|>"
        "<|start|>assistant<|channel|>final<|message|>Yes."
    )

    assert split(HARMONY, "", answer, prompt="<|start|>assistant") == ("ab", "Yes.")


def test_a_channel_whose_name_ends_with_its_line() -> None:
    assert split(GEMMA, "", "<|channel>thought\nhm<channel|>Yes.") == ("hm", "Yes.")


def test_a_named_channel_that_the_template_opened_and_closed() -> None:
    assert split(GEMMA, "", "Yes.", prompt="<|channel>thought\n<channel|>") == ("", "Yes.")


@given(st.lists(st.integers(1, 7)))
def test_markers_as_plain_text_are_found_however_the_tokens_cut_them(sizes: list[int]) -> None:
    answer = "\n<think>\nis 1 < 2?</thin </think>\n\nYes: 1 <think> 2"
    pieces: list[bytes] = []
    at = 0
    for size in sizes:
        pieces.append(answer[at : at + size].encode())
        at += size
    pieces.append(answer[at:].encode())
    splitter = Splitter(manner({}, "…</think>…"), pieces.__getitem__)

    assert gathered(splitter, range(len(pieces))) == ("is 1 < 2?</thin ", "Yes: 1 <think> 2")


def test_a_token_that_closes_a_thought_and_says_more_is_known() -> None:
    pieces = [b"<think>", b"hm", b"</", b"think>", b"think>\n\n", b'think>{"a', b"thin"]
    splitter = Splitter(manner({}, "</think>"), pieces.__getitem__)
    for token in (0, 1, 2):
        splitter.feed(token)

    assert [splitter.closes(token) for token in (3, 4, 5, 6)] == [True, True, True, False]
    assert [splitter.spills(token) for token in (3, 4, 5, 6)] == [False, False, True, False]


def test_plain_text_that_only_begins_like_a_marker() -> None:
    assert split(PLAIN, "</think>", "<thin air") == ("", "<thin air")
    assert split(PLAIN, "</think>", "<th") == ("", "<th")


def test_a_marker_as_plain_text_in_the_middle_of_an_answer_is_text() -> None:
    assert split(PLAIN, "</think>", "HTML has no <think> tag") == ("", "HTML has no <think> tag")


def test_a_plain_text_thought_that_the_template_opened() -> None:
    assert split(PLAIN, "</think>", "hm</think>Yes.", prompt="<think>\n") == ("hm", "Yes.")


def test_the_blank_before_every_text_is_none_of_the_answers() -> None:
    words = MISTRAL
    spaced = Splitter(manner(words.special, "[/THINK]"), words.shown, spaced=True)

    assert gathered(spaced, words.tokenize("[THINK] hm[/THINK]  Yes no", special=True)) == ("hm", " Yes no")


@given(st.text(), st.text(), st.data())
def test_every_character_arrives_whole_and_once(thought: str, text: str, data: st.DataObject) -> None:
    """Characters of several bytes come in several tokens; what is broken off becomes one mark, nothing vanishes."""
    thought, text = thought.lstrip("\r\n"), text.lstrip("\r\n")
    tokens = [MISTRAL.special["[THINK]"], *thought.encode(), MISTRAL.special["[/THINK]"], *text.encode()]
    splitter = Splitter(manner(MISTRAL.special, "[/THINK]"), MISTRAL.shown)
    stop = data.draw(st.integers(0, len(tokens)))

    seen_thought, seen_text = gathered(splitter, tokens[:stop])

    assert thought.startswith(seen_thought.rstrip("�")) or "�" in thought
    assert text.startswith(seen_text.rstrip("�")) or "�" in text
    if stop == len(tokens):
        assert (seen_thought, seen_text) == (thought, text)


@pytest.mark.parametrize(
    ("special", "template", "expected"),
    [
        ((), "nothing of the kind", NO_THOUGHTS.open),
        (("[THINK]", "[/THINK]"), "", "[THINK]"),
        (("<think>", "</think>", "[THINK]", "[/THINK]"), "{{ '</think>' }}", "<think>"),
        (("<|channel|>", "<|message|>", "<|start|>", "<|end|>", "<think>", "</think>"), "", "<|channel|>"),
        (("<|channel>", "<channel|>"), "", "<|channel>"),
    ],
)
def test_the_manner_follows_from_template_and_vocabulary(
    special: tuple[str, ...], template: str, expected: str
) -> None:
    assert manner({text: index for index, text in enumerate(special)}, template).open == expected


def test_markers_that_only_the_template_knows_are_matched_as_text() -> None:
    found = manner({}, "{{ m.content.split('</think>')[-1] }}")

    assert found == Manner("<think>", "</think>", by_text=True, closing="</think>", opening="<think>\n")
    assert manner({"[THINK]": 1, "[/THINK]": 2}, "{{ m.content.split('</think>')[-1] }}") == found
