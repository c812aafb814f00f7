"""A text of any length costs the window no more than a long page does."""

from __future__ import annotations

import pytest

from mistral_desk.ui.models.about.text import LINES, LONGEST, REST, readable


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
