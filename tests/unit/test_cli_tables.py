"""Tables fit the terminal: columns below headings where there is room, else a block for each row, and no word lost."""

from __future__ import annotations

import io
import os
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as some

from mistral_desk.cli import tables
from mistral_desk.cli.main import main
from tests.unit.test_cli_fit import MACHINE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

HEAD = ("Model", "Size", "Speed", "")
ROWS = [("七星 8B", "5.2 GB", "Fast", "best here"), ("Small", "", "Slow", "")]


def shown(width: int | None, head: Sequence[str] = HEAD, rows: Sequence[Sequence[str]] = ROWS) -> list[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("COLUMNS", raising=False)
        if width is not None:
            patch.setenv("COLUMNS", str(width))
        return tables.table(head, rows).splitlines()


def test_columns_stand_below_their_headings() -> None:
    assert shown(None) == shown(33) == [
        "Model    Size    Speed",
        "七星 8B  5.2 GB  Fast   best here",
        "Small            Slow",
    ]  # fmt: skip


def test_where_there_is_no_room_a_row_is_a_block_that_says_its_headings() -> None:
    assert shown(32) == [
        "七星 8B",
        "  Size: 5.2 GB · Speed: Fast",
        "  best here",
        "Small",
        "  Speed: Slow",
    ]


def test_a_column_without_a_word_is_left_out_and_a_table_without_rows_is_nothing() -> None:
    assert shown(None, ("A", "B", "C"), [("a", "", "c")]) == ["A  C", "a  c"]
    assert shown(None, HEAD, []) == []


cells = some.text(some.sampled_from("ab七 -"), max_size=30).map(str.strip)


@given(some.integers(20, 90), some.lists(some.tuples(cells.filter(bool), cells, cells), min_size=1, max_size=4))
def test_no_word_is_lost_at_any_width(width: int, rows: list[tuple[str, str, str]]) -> None:
    told = "\n".join(shown(width, ("First", "Second", ""), rows))
    words = [word for row in rows for cell in row for word in cell.split()]
    rest = re.sub(r"First|Second:?|·", "", told).split()
    assert sorted(rest) == sorted(words)


def test_a_long_word_is_cut_where_columns_end() -> None:
    assert [tables.cut(text, 5) for text in ("", "abcde", "abcdef", "七七七", "ab cdef")] == [
        "", "abcde", "abcd…", "七七…", "ab c…",
    ]  # fmt: skip


def test_what_is_no_terminal_gets_a_sentence_as_it_is() -> None:
    assert tables.for_terminal("a word " * 40, io.StringIO()) == "a word " * 40


def test_a_problem_breaks_between_words_where_the_terminal_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "get_terminal_size", lambda _number: os.terminal_size((30, 24)))  # there is none in tests
    with (tmp_path / "terminal").open("w", encoding="utf-8") as stream:
        told = tables.for_terminal("Give a file, or one of these models.\nAnd no more.", stream)
    assert told.splitlines() == ["Give a file, or one of these", "models.", "And no more."]


def test_a_terminal_that_was_told_no_size_gets_a_sentence_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "get_terminal_size", lambda _number: os.terminal_size((0, 0)))  # as a bare one says
    with (tmp_path / "terminal").open("w", encoding="utf-8") as stream:
        assert tables.for_terminal("a word " * 40, stream) == "a word " * 40


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    "arguments",
    [
        ("fit", "--machine", MACHINE),
        ("fit", "mistral-small-4", "--machine", MACHINE),
        ("fit", "glm-5", "--machine", MACHINE),
        ("models", "--machine", MACHINE),
        ("models", "mistral-small-4", "--machine", MACHINE),
    ],
    ids=" ".join,
)
def test_no_line_is_wider_than_a_narrow_terminal(
    arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """But where a single word is: an address, a repository."""
    monkeypatch.setenv("COLUMNS", "60")
    assert main(arguments, window=lambda _picture, _file: 0) == 0
    for line in capsys.readouterr().out.splitlines():
        assert tables.wide(line) <= 60 or max(map(len, line.split())) > 40, line
