"""Formulas are set by the child, on their line, in the theme's colour; what cannot be set stays as it was written."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import psutil
import pytest
from PySide6.QtCore import QProcess
from PySide6.QtGui import QColor

from mistral_desk.ui.chat.formulas import PATIENCE_MS, Formulas, Wanted, formulas
from mistral_desk.ui.chat.inlines import OBJECT
from mistral_desk.ui.chat.markdown import Code, Formula, Prose, blocks_of
from mistral_desk.ui.chat.plain_text import shown
from mistral_desk.ui.chat.prose import FormulaView, ProseView
from mistral_desk.ui.chat.transcript import Transcript
from mistral_desk.ui.chat.turns import Turn
from mistral_desk.ui.theme.theme import Theme

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

LONG_MS = 120_000
"""Never reached: a busy computer only takes longer."""


@pytest.fixture
def setter(qapp: QApplication) -> Iterator[Formulas]:
    made = Formulas()
    yield made
    made.end()


@pytest.fixture(autouse=True)
def nobody_left(qapp: QApplication) -> Iterator[None]:
    """The program's own child ends with the window; here there is none, nor where a test before showed a formula."""
    formulas().end()
    yield
    formulas().end()


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy this computer is, nothing is given up."""
    for name in ("PATIENCE_MS", "START_MS"):
        monkeypatch.setattr(f"mistral_desk.ui.chat.formulas.{name}", LONG_MS)


@pytest.fixture
def slowly_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy this computer is, a child gets the time that it takes to begin."""
    monkeypatch.setattr("mistral_desk.ui.chat.formulas.START_MS", LONG_MS)


def children() -> list[int]:
    """The processes that set formulas; one that is about to be gone has no words any more."""
    found = []
    for one in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess):
            if one.cmdline()[-1:] == ["--formulas"]:
                found.append(one.pid)
    return found


def settle(qtbot: QtBot, setter: Formulas, *wanted: Wanted) -> None:
    for one in wanted:
        setter.get(one)
    qtbot.waitUntil(lambda: not setter.busy, timeout=LONG_MS)


def maths(source: str) -> list[str]:
    return [
        child.content
        for block in blocks_of(source)
        if isinstance(block, Prose)
        for token in block.tokens
        for child in token.children or []
        if child.type == "math_inline"
    ]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("so $x^2$ it is", ["x^2"]),
        (r"so \(a_1 + b_2\) and \[c\] it is", ["a_1 + b_2", "c"]),
        ("$n$, $f(x)$, $n!$ and $2n$", ["n", "f(x)", "n!", "2n"]),
        ("*bold $a*b*c$ text*", ["a*b*c"]),
        ("text $$y = 1$$ text", ["y = 1"]),
        ("a coffee is $3 and two are $6", []),
        ("from $5-$10, or $20/month", []),
        ("US$5 = A$7", []),
        ("it costs $5 in total and 10$ more", []),
        ("$HOME/bin:$PATH and $EDITOR", []),
        (r"\$5 and \$6", []),
        ("`$x$` is code", []),
        ("$ x $ with spaces", []),
        (r"\(no end", []),
        ("$" + "x" * 2000 + "$", []),
    ],
)
def test_what_is_a_formula_and_what_is_a_price(source: str, found: list[str]) -> None:
    assert maths(source) == found


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("$$\nx = 1\n$$", "x = 1"),
        ("$$x = 1$$", "x = 1"),
        ("Look:\n\\[\nx\n= 1\n\\]\nmore", "x\n= 1"),
        ("```math\nx\n```", "x"),
    ],
)
def test_a_formula_in_lines_of_its_own_is_a_block(source: str, text: str) -> None:
    assert [block.text for block in blocks_of(source) if isinstance(block, Formula)] == [text]


def test_a_formula_without_an_end_is_source() -> None:
    (block,) = blocks_of("$$\nx = 1\n")
    assert isinstance(block, Code)
    assert block.text == "$$\nx = 1"
    assert [type(one) for one in blocks_of("$$\nx = 1\n\nnot in it")] == [Prose]


@pytest.mark.usefixtures("patient")
def test_what_can_be_set_is_set_and_the_rest_is_not(qtbot: QtBot, setter: Formulas) -> None:
    good = [Wanted(text, display=True) for text in (r"\frac{a}{b}", r"\begin{pmatrix}a&b\\c&d\end{pmatrix}", "x^2")]
    bad = [Wanted(text, display=False) for text in (r"\frac{a", r"\unknown{x}", "漢字", r"\sqrt[2")]
    settle(qtbot, setter, *good, *bad)
    assert [setter.get(one) is not None for one in (*good, *bad)] == [True] * 3 + [False] * len(bad)
    fraction, plain = setter.get(good[0]), setter.get(good[2])
    assert fraction is not None
    assert plain is not None
    assert fraction.descent > plain.descent, "a fraction reaches below the line"


@pytest.mark.usefixtures("slowly_begun")
def test_one_that_would_take_forever_is_given_up_and_the_next_is_set(qtbot: QtBot, setter: Formulas) -> None:
    bomb, good = Wanted("{" * 24 + "x" + "}" * 24, display=False), Wanted("y", display=False)
    settle(qtbot, setter, Wanted("x", display=False))
    settle(qtbot, setter, bomb, good)
    assert setter.get(bomb) is None
    assert setter.get(good) is not None
    assert PATIENCE_MS <= 5_000


@pytest.mark.usefixtures("slowly_begun")
def test_a_child_that_is_too_late_is_ended_and_no_process_stays(qtbot: QtBot, setter: Formulas) -> None:
    good, bomb = Wanted("x", display=False), Wanted("{" * 24 + "x" + "}" * 24, display=False)
    settle(qtbot, setter, good)
    assert children()
    settle(qtbot, setter, bomb)
    qtbot.waitUntil(lambda: not children(), timeout=LONG_MS)
    settle(qtbot, setter, Wanted("y", display=False))
    assert children()
    setter.end()
    qtbot.waitUntil(lambda: not children(), timeout=LONG_MS)


@pytest.mark.usefixtures("patient")
def test_a_child_that_takes_its_time_to_end_is_deleted_when_it_has(
    qtbot: QtBot, setter: Formulas, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deleted before, it would hold the window up, and Qt would warn, which fails a test."""
    monkeypatch.setattr("mistral_desk.ui.chat.formulas.END_MS", 0)
    settle(qtbot, setter, Wanted("x", display=False))
    assert setter.findChildren(QProcess)
    setter.end()
    qtbot.waitUntil(lambda: not setter.findChildren(QProcess) and not children(), timeout=LONG_MS)


@pytest.mark.usefixtures("patient")
def test_a_child_that_dies_leaves_that_formula_as_source_and_the_next_is_set(qtbot: QtBot, setter: Formulas) -> None:
    settle(qtbot, setter, Wanted("x", display=False))
    slow, good = Wanted("{" * 24 + "x" + "}" * 24, display=False), Wanted("y", display=False)
    setter.get(slow)
    setter.get(good)
    psutil.Process(setter._child.processId()).kill()  # type: ignore[union-attr]
    qtbot.waitUntil(lambda: not setter.busy, timeout=LONG_MS)
    assert setter.get(slow) is None
    assert not setter.waiting(slow), "it is not asked for again"
    assert setter.get(good) is not None


def test_where_children_die_again_and_again_no_more_are_started(
    qtbot: QtBot, setter: Formulas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONHOME", "/nowhere")  # so that Python ends before its first line
    wanted = [Wanted(f"x_{number}", display=False) for number in range(12)]
    settle(qtbot, setter, *wanted)
    assert [setter.get(one) for one in wanted] == [None] * 12
    assert setter._child is None
    assert not setter.busy, "and nothing waits for them"


@pytest.mark.usefixtures("patient")
def test_it_wears_the_colour_it_is_asked_for(qtbot: QtBot, setter: Formulas) -> None:
    wanted = Wanted(r"\int x", display=True)
    settle(qtbot, setter, wanted)
    drawn = setter.get(wanted)
    assert drawn is not None
    for colour in (QColor("#1c1a17"), QColor("#ece8e1")):
        image = setter.pixmap(wanted, drawn, 20.0, colour, 2.0).toImage()
        inks = {
            image.pixelColor(x, y).name()
            for x in range(image.width())
            for y in range(image.height())
            if image.pixelColor(x, y).alpha() == 255
        }
        assert inks == {colour.name()}


@pytest.mark.usefixtures("patient")
def test_in_an_answer_it_stands_where_its_source_was_and_is_read_as_its_source(
    qtbot: QtBot, qapp: QApplication
) -> None:
    transcript = Transcript(Theme(qapp, "light"))
    qtbot.addWidget(transcript)
    transcript.resize(900, 700)
    transcript.show()
    turn = Turn("assistant", model="Fake")
    turn.write("So $x^2 + y_1$ it is.\n\n$$\n\\frac{1}{2}\n$$\n")
    turn.end(None)
    transcript.set_turns([turn])
    qtbot.waitUntil(lambda: not formulas().busy, timeout=LONG_MS)
    (prose,) = [view for view in transcript.findChildren(ProseView) if not view.isHidden()]
    (block,) = [view for view in transcript.findChildren(FormulaView) if not view.isHidden()]
    assert prose.toPlainText() == f"So {OBJECT} it is."
    assert prose.accessibleDescription() == "So $x^2 + y_1$ it is."
    assert block.toPlainText() == OBJECT
    assert block.accessibleName() == "Formula"
    assert block.accessibleDescription() == "$$\n\\frac{1}{2}\n$$"
    assert [shown(one) for one in turn.blocks()] == ["So $x^2 + y_1$ it is.", "$$\n\\frac{1}{2}\n$$"]
