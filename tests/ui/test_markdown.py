"""A streamed answer shows the same blocks as the finished one, and nothing in it can reach out."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtGui import QTextDocument

from mistral_desk.ui.chat import bounds
from mistral_desk.ui.chat.document import build
from mistral_desk.ui.chat.formulas import formulas
from mistral_desk.ui.chat.inlines import Style
from mistral_desk.ui.chat.markdown import Block, Code, Formula, Prose, Splitter, Table, blocks_of
from mistral_desk.ui.chat.matching import Needle
from mistral_desk.ui.chat.plain_text import clean, html, shown
from mistral_desk.ui.chat.positions import places_in
from mistral_desk.ui.theme.theme import Theme

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

FRAGMENTS = [
    "# Title\n",
    "A paragraph with **bold**, `code` and a [link](https://example.org/a_b).\n",
    "line\nanother line\n",
    "\n",
    "\n\n",
    "- one\n- two\n",
    "  - nested\n",
    "1. first\n\n   ```python\n   print(1)\n   ```\n   after\n2. second\n",
    "```\nplain\n```\n",
    "```js\nlet a = 1;\n\nlet b;\n",
    "```\n",
    "| a | b |\n|---|:-:|\n| 1 | 2 |\n",
    "> quoted\n> more\n",
    "---\n",
    "#",
    "-",
    "=",
    "*",
    "1",
    ".",
    " ",
    "word ",
    "\t",
    "[ref]: https://example.org\n",
    "<b>html</b>\n",
    "long words " * 60,
    "paragraph. " * 150 + "\n",
    "| 3 | 4 |\n" * 50,
    "$$\nx\n$$\n",
    "\\[ a\n",
    "b \\]\n",
    "$$\n",
    "a $x$ and $5 or \\(y\\)\n",
    "[^1]: a note\n",
    "see[^1]\n",
    "- [ ] task\n",
    "```math\nx\n```\n",
    "\r\n",
    "> a long quoted line\n" * 200,
    "- item " + "of many words " * 320 + "\n",
    "  - nested words\n" * 250,
    "a\n" * 500,
    "[[" * 300,
    "Title\n=====\n",
    "    indented code\n\n    more of it\n",
    "~~~ruby\nputs 1\n~~~\n",
    "````\n```\n````\n",
    "> > deep\n> ```c\n> int a;\n> ```\n",
    "7) seven\n8) eight\n",
    "- | a | b |\n  |---|---|\n  | 1 | 2 |\n",
    "- $$\n  x\n  $$\n",
    "***\n",
    "a  \nhard break\\\nanother\n",
    "~~struck~~ _slanted_ __bold__ ***both***\n",
    "![a picture](https://example.org/a.png)\n",
    "<!-- a comment -->\n",
    "&amp; &copy; &#35; \\* \\[ \\`\n",
    "* * *\n- - -\n",
    "- [x] done\n- [ ] open\n\n  with a paragraph\n",
    "[^n]: a note\n  goes on\n",
    "+ plus\n* star\n- dash\n",
    "| only | head |\n|---|\n",
    "> - a list in a quote\n>   1. in it\n",
    "\ttabbed\n",
    "#no heading\n####### seven\n",
    "``a ` b`` and ` `\n",
]
MARKS = "ab1 \n\n\t#>-*+_`~|:=[]()!<>&\\$^.\"'{}é語🙂\u202e\u200b\r\0"
"""What random texts are made of: everything that means something in markdown, and what means nothing anywhere."""


def seen(blocks: list[Block]) -> list[object]:
    made: list[object] = []
    for block in blocks:
        match block:
            case Code():
                made.append(("code", block.language, block.text, block.depth, block.gap))
            case Formula():
                made.append(("formula", block.text, block.written, block.gap))
            case Prose() | Table():
                tokens = [(token.type, token.content, token.meta.get("resumed")) for token in block.tokens]
                made.append((type(block).__name__, tokens, block.gap))
    return made


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=7), st.integers(1, 40))
def test_a_stream_in_any_pieces_gives_the_blocks_of_the_whole(fragments: list[str], step: int) -> None:
    text = "".join(fragments)
    step = max(step, len(text) // 40)  # a long text in letters would take all day
    splitter = Splitter()
    for start in range(0, len(text), step):
        splitter.feed(text[start : start + step])
        splitter.blocks()
    assert seen(splitter.blocks()) == seen(blocks_of(text))


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from(MARKS), max_size=160), st.lists(st.integers(0, 160), max_size=12))
def test_any_text_in_any_pieces_gives_the_blocks_of_the_whole(text: str, cuts: list[int]) -> None:
    places = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    splitter = Splitter()
    for start, end in pairwise(places):
        splitter.feed(text[start:end])
        splitter.blocks()
    assert seen(splitter.blocks()) == seen(blocks_of(text))


@pytest.mark.usefixtures("qapp")
def test_no_text_breaks_what_is_made_of_it(qapp: QApplication) -> None:
    style = Style(Theme(qapp, "light"))

    @settings(max_examples=150, deadline=None)
    @given(st.one_of(st.text(st.sampled_from(MARKS), max_size=200), st.lists(st.sampled_from(FRAGMENTS), max_size=4)))
    def holds(source: str | list[str]) -> None:
        for block in blocks_of(source if isinstance(source, str) else "".join(source)):
            made = html(block)
            assert "<img" not in made
            assert "<script" not in made
            assert isinstance(clean(block), str)
            if isinstance(block, Prose | Table):
                document = QTextDocument()
                build(document, block.tokens, style)
                text = document.toPlainText()
                needle = Needle("a")
                assert len(needle.places(shown(block))) == len(places_in(document, needle)), text

    holds()
    formulas().end()


def test_finished_blocks_keep_their_identity() -> None:
    splitter = Splitter()
    splitter.feed("```py\nx = 1\n```\n\nA paragraph.\n")
    before = splitter.blocks()
    splitter.feed("\n```py\ny = 2\n")
    after = splitter.blocks()
    assert after[0] is before[0]
    assert len(after) == 3


def test_code_inside_a_list_becomes_a_block_and_the_list_goes_on() -> None:
    blocks = blocks_of("1. Install:\n   ```sh\n   pip install it\n   ```\n   Then start it.\n2. Done\n")
    assert [type(block) for block in blocks] == [Prose, Code, Prose]
    code, rest = blocks[1], blocks[2]
    assert isinstance(code, Code)
    assert (code.language, code.text, code.depth) == ("sh", "pip install it", 1)
    assert isinstance(rest, Prose)
    assert rest.tokens[0].attrs["start"] == 1
    assert rest.tokens[1].meta["resumed"]


def test_an_endless_paragraph_is_cut_into_pieces_of_bounded_size() -> None:
    text = "word " * 40_000
    blocks = blocks_of(text)
    assert max(block.characters for block in blocks if isinstance(block, Prose)) <= 12_000
    assert sum(block.characters for block in blocks if isinstance(block, Prose)) > 190_000


def test_a_long_paragraph_is_one_block_and_an_endless_one_is_cut_behind_a_sentence() -> None:
    sentence = "A sentence of some words. "
    assert len(blocks_of(sentence * 400)) == 1
    blocks = [block for block in blocks_of(sentence * 2_000) if isinstance(block, Prose)]
    assert len(blocks) > 1
    assert all(shown(block).rstrip().endswith(".") for block in blocks)


def test_a_long_table_goes_on_under_the_same_head() -> None:
    rows = "".join(f"| {n} | {n * n} |\n" for n in range(100))
    blocks = blocks_of(f"| n | n² |\n|---|---|\n{rows}\nAfter.")
    tables = [block for block in blocks if isinstance(block, Table)]
    assert len(tables) == 3
    cells = [[token.content for token in table.tokens if token.type == "inline"] for table in tables]
    assert all(one[:2] == ["n", "n²"] for one in cells)
    every = [cell for one in cells for cell in one]
    assert [cell for cell in every if cell.isdigit()][::2] == [str(n) for n in range(100)]


@pytest.mark.parametrize("source", ["- " * 1900 + "deep", "> " * 1900 + "deep"])
def test_what_is_nested_too_deep_is_shown_as_it_was_written(source: str) -> None:
    assert any(isinstance(block, Code) and "deep" in block.text for block in blocks_of(source))


def test_a_list_that_goes_in_forever_loses_nothing() -> None:
    source = "".join("  " * n + f"- x{n}\n" for n in range(200)) + "deep"
    text = "\n".join(shown(block) for block in blocks_of(source))
    assert [f"x{n}" for n in range(200) if f"x{n}" not in text] == []
    assert "deep" in text


def test_a_table_of_too_many_columns_is_shown_as_lines() -> None:
    (block,) = blocks_of("|a" * 200 + "\n" + "|-" * 200 + "\n" + "|b" * 200 + "\n")
    assert isinstance(block, Code)
    assert block.text.split("\n")[1].startswith("b | b")


def test_a_list_of_addresses_does_not_vanish() -> None:
    (block,) = blocks_of("See [it][1].\n\n[1]: https://example.org\n")
    assert isinstance(block, Prose)
    assert "[1]: https://example.org" in [token.content for token in block.tokens]


def test_raw_html_stays_text() -> None:
    (block,) = blocks_of('<img src="file:///etc/passwd"><script>alert(1)</script>')
    assert isinstance(block, Prose)
    assert [token.type for token in block.tokens] == ["paragraph_open", "inline", "paragraph_close"]


@pytest.mark.parametrize("answer", ["15.", "2)", "-", "*", "1.\n", "So:\n\n15.", "> 7."])
def test_an_answer_of_a_bare_number_is_seen(answer: str) -> None:
    words = "\n".join(shown(block) for block in blocks_of(answer))
    assert words.replace("\n", "") == "".join(answer.replace("> ", "").split("\n"))
    assert "\n".join(clean(block) for block in blocks_of(answer)) == answer.replace("> ", "").rstrip("\n")


def test_an_item_without_words_keeps_its_place_among_others(qapp: QApplication) -> None:
    theme = Theme(qapp, "light")
    document = QTextDocument()
    (prose,) = blocks_of("1. one\n2.\n3. three")
    assert isinstance(prose, Prose)
    build(document, prose.tokens, Style(theme))
    items = [document.findBlockByNumber(number) for number in range(document.blockCount())]
    assert [item.text() for item in items] == ["one", "", "three"]
    lists = [item.textList() for item in items]
    assert [made.itemText(item).strip() for made, item in zip(lists, items, strict=True)] == ["1.", "2.", "3."]


def test_of_a_line_without_end_only_what_is_read_next_is_weighed(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it for each step: ten megabytes kept the window busy for minutes, and from closing."""
    weighed, weigh = 0, bounds._cost

    def counted(source: str, at: int, end: int, depth: int) -> float:
        nonlocal weighed
        weighed += end - at
        return weigh(source, at, end, depth)

    monkeypatch.setattr(bounds, "_cost", counted)
    line = "y" * 200_000
    assert "".join(shown(block) for block in blocks_of(line)) == line
    assert 0 < weighed < 20 * len(line)
