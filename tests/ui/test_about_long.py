"""A text of any length costs the window no more than a long page does."""

from __future__ import annotations

import pytest

from mistral_desk.ui.chat.markdown import Code, Prose, blocks_of
from mistral_desk.ui.models.about.text import BRACKETS, LINES, LONGEST, REST, readable


@pytest.mark.parametrize("source", ["", "short\n\ntext", "a" * LONGEST, "a\n" * (LINES - 1)])
def test_a_text_that_is_meant_to_be_read_is_whole(source: str) -> None:
    assert readable(source) == source


@pytest.mark.parametrize("source", ["word " * 80_000, "|a|b|\n|-|-|\n" + "|b|c|\n" * 30_000])
def test_of_a_longer_one_the_beginning_is_set_and_the_rest_is_named(source: str) -> None:
    shown = readable(source)
    assert shown.endswith(REST)
    assert len(shown) <= LONGEST + len(REST) + 2
    assert shown.count("\n") <= LINES + 2
    assert source.startswith(shown.removesuffix(REST).rstrip("\n"))


@pytest.mark.parametrize("hostile", ["[" * LONGEST, "![" * (LONGEST // 2), "[a](" * (LONGEST // 4)])
def test_thousands_of_brackets_are_text_and_no_search_for_links(hostile: str) -> None:
    shown: list[str] = []
    for block in blocks_of(readable(hostile)):
        if isinstance(block, Code):  # what costs too much to read is set as it is written
            shown.append(block.text)
            continue
        assert isinstance(block, Prose)
        inside = [child for token in block.tokens for child in token.children or ()]
        assert not [child for child in inside if child.type in {"link_open", "image"}]
        shown += [child.content for child in inside if child.type == "text"]
    # A long paragraph may be cut between an escape and its bracket; then the escape is seen.
    assert "".join(shown).replace("\\", "").replace("\n", "") == hostile


def test_a_text_with_many_links_keeps_them() -> None:
    source = " ".join(f"[a](https://example.org/{number})" for number in range(BRACKETS // 2))
    assert readable(source) == source
