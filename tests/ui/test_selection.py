"""A selection reaches over blocks and turns; what is copied is clean text, HTML that loads nothing, and no thought."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from mistral_desk.ui.chat.code import CodeView
from mistral_desk.ui.chat.markdown import blocks_of
from mistral_desk.ui.chat.pieces import ALONE, WHOLE, pieces_of
from mistral_desk.ui.chat.plain_text import clean, html
from mistral_desk.ui.chat.transcript import Transcript
from mistral_desk.ui.chat.turns import Turn
from mistral_desk.ui.chat.whereabouts import texts
from mistral_desk.ui.theme.theme import Theme

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from mistral_desk.ui.chat.selecting import Text

ANSWER = """## Title

A **bold** word and [a link](https://example.org), x.

- one
- [x] two
  1. nested

```py
def f():
\treturn 1
```

| a | b |
|---|---|
| 1 | **2** |

The end, with ![a cat](http://example.org/cat.png) and <b>html</b>.
"""
CLEAN = """Title

A bold word and a link, x.

- one
- [x] two
  1. nested

def f():
\treturn 1

a\tb
1\t2

The end, with [a cat] and <b>html</b>."""


@pytest.fixture
def transcript(qtbot: QtBot, qapp: QApplication) -> Transcript:
    made = Transcript(Theme(qapp, "light"))
    qtbot.addWidget(made)
    made.resize(900, 700)
    made.show()
    return made


def answer(text: str, thinking: str = "") -> Turn:
    made = Turn("assistant", model="Fake")
    if thinking:
        made.think(thinking, now=0.0)
    made.write(text, now=1.0)
    made.end(None)
    return made


def clipboard() -> str:
    return QGuiApplication.clipboard().text()


def mouse(text: Text, kind: QEvent.Type, place: QPoint) -> None:
    """The mouse with its left button, at a point of a text; the text keeps it while the button is down."""
    buttons = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else Qt.MouseButton.LeftButton
    button = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseMove else Qt.MouseButton.LeftButton
    where = QPointF(place)
    event = QMouseEvent(
        kind, where, text.viewport().mapToGlobal(where), button, buttons, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(text.viewport(), event)


def drag(transcript: Transcript, first: Text, begin: int, last: Text, end: int) -> None:
    """From a position in one text to a position in another."""
    start, stop = first.textCursor(), last.textCursor()
    start.setPosition(begin)
    stop.setPosition(end)
    mouse(first, QEvent.Type.MouseButtonPress, first.cursorRect(start).center())
    there = last.viewport().mapToGlobal(last.cursorRect(stop).center())
    mouse(first, QEvent.Type.MouseMove, first.viewport().mapFromGlobal(there))
    mouse(first, QEvent.Type.MouseButtonRelease, first.viewport().mapFromGlobal(there))


def shown(transcript: Transcript) -> list[Text]:
    return [text for _place, text in texts(transcript)]


def test_all_of_a_conversation_is_copied_clean_and_without_thoughts(transcript: Transcript) -> None:
    transcript.set_turns([Turn("user", text="A *question*\nof mine"), answer(ANSWER, thinking="Secret thought.")])
    transcript.setFocus()
    QTest.keyClick(transcript, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(transcript, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert clipboard() == f"A *question*\nof mine\n\n{CLEAN}"
    rich = QGuiApplication.clipboard().mimeData().html()
    assert "<strong>bold</strong>" in rich
    assert "<td>1</td>" in rich
    assert "<pre><code>def f():\n\treturn 1</code></pre>" in rich
    assert '<a href="https://example.org">' in rich
    assert "&lt;b&gt;html" in rich
    assert "<img" not in rich
    assert "Secret" not in rich + clipboard()


def test_all_means_what_is_not_on_the_screen_too(transcript: Transcript) -> None:
    turns = [answer(f"Answer {number}") for number in range(300)]
    transcript.set_turns(turns)
    assert transcript.live < 60
    transcript.selection.select_all()
    transcript.selection.copy()
    assert clipboard() == "\n\n".join(f"Answer {number}" for number in range(300))
    transcript.verticalScrollBar().setValue(0)
    assert all(text.textCursor().hasSelection() for text in shown(transcript)), "what comes to the screen is selected"


def test_dragging_selects_over_blocks_and_turns(transcript: Transcript) -> None:
    transcript.set_turns([Turn("user", text="First question"), answer(ANSWER)])
    transcript.verticalScrollBar().setValue(0)
    question, prose = shown(transcript)[0], shown(transcript)[1]
    drag(transcript, question, 6, prose, 5)
    assert transcript.selection.active
    transcript.selection.copy()
    assert clipboard() == "question\n\nTitle"
    code = next(text for text in shown(transcript) if "def f" in text.toPlainText())
    drag(transcript, prose, 8, code, 8)
    transcript.selection.copy(code)
    assert clipboard() == "bold word and a link, x.\n\n- one\n- [x] two\n  1. nested\n\ndef f():"
    drag(transcript, code, 4, prose, 8)
    transcript.selection.copy(code)
    assert clipboard().startswith("bold word"), "backwards is the same"
    assert clipboard().endswith("\n\ndef ")


def test_a_press_ends_what_was_selected(transcript: Transcript) -> None:
    transcript.set_turns([answer(ANSWER)])
    transcript.selection.select_all()
    (first, *_rest) = shown(transcript)
    mouse(first, QEvent.Type.MouseButtonPress, QPoint(2, 5))
    mouse(first, QEvent.Type.MouseButtonRelease, QPoint(2, 5))
    assert not transcript.selection.active
    assert not any(text.textCursor().hasSelection() for text in shown(transcript))


def test_beyond_the_edge_the_conversation_scrolls(transcript: Transcript, qtbot: QtBot) -> None:
    transcript.set_turns([answer("Words and words. " * 60) for _ in range(40)])
    transcript.verticalScrollBar().setValue(0)
    first = shown(transcript)[0]
    mouse(first, QEvent.Type.MouseButtonPress, QPoint(40, 8))
    below = transcript.viewport().mapToGlobal(QPoint(200, transcript.viewport().height() + 120))
    mouse(first, QEvent.Type.MouseMove, first.viewport().mapFromGlobal(below))
    qtbot.waitUntil(lambda: transcript.verticalScrollBar().value() > 1500, timeout=60_000)
    mouse(first, QEvent.Type.MouseButtonRelease, first.viewport().mapFromGlobal(below))
    transcript.selection.copy()
    assert clipboard().count("\n\n") >= 3, "several turns"
    assert not transcript.selection._scroll.isActive()


def test_control_a_in_a_text_takes_the_conversation_and_copy_of_one_text_is_as_it_is_seen(
    transcript: Transcript,
) -> None:
    transcript.set_turns([Turn("user", text="Question"), answer(ANSWER)])
    code = transcript.findChildren(CodeView)[0].source
    code.setFocus()
    cursor = code.textCursor()
    cursor.setPosition(0)
    cursor.setPosition(8, cursor.MoveMode.KeepAnchor)
    code.setTextCursor(cursor)
    QTest.keyClick(code, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert clipboard() == "def f():"
    QTest.keyClick(code, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(code, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert clipboard().startswith("Question\n\nTitle")


def test_markdown_and_the_thought_are_there_for_those_who_ask(transcript: Transcript) -> None:
    turn = answer(ANSWER, thinking="Hm.\n\nYes.")
    transcript.set_turns([turn])
    assert transcript.selection.markdown(turn) == ANSWER
    assert turn.with_thinking() == f"> Hm.\n>\n> Yes.\n\n{ANSWER}"
    view = transcript.view(turn)
    assert view is not None
    view._copy.click()
    assert clipboard() == ANSWER
    assert "<h2>Title</h2>" in QGuiApplication.clipboard().mimeData().html()


def test_html_of_a_hostile_answer_loads_and_links_nothing() -> None:
    source = "![x](http://example.org/x.png) [y](javascript:alert(1)) <img src=x onerror=alert(1)>\n\n"
    source += "| <b> |\n|---|\n| ![z](file:///a) |\n"
    made = "".join(html(block) for block in blocks_of(source))
    assert "<img" not in made
    assert "javascript" not in made
    assert "href" not in made
    assert clean(blocks_of(source)[1]) == "<b>\n[z]"


def test_a_long_message_is_selected_over_its_pieces_to_the_letter(transcript: Transcript, qtbot: QtBot) -> None:
    words = "".join(f"🙂word{number}andmore" for number in range(900))
    message = Turn("user", text=words, unfolded=True)
    transcript.set_turns([message, answer("End.")])
    transcript.verticalScrollBar().setValue(0)
    qtbot.waitUntil(lambda: len(shown(transcript)) > 2, timeout=60_000)
    first, second = shown(transcript)[:2]
    pieces = pieces_of(words)
    begin, end = (len(part.encode("utf-16-le")) // 2 for part in (pieces[0][:40], pieces[1][:30]))
    drag(transcript, first, begin, second, end)
    transcript.selection.copy()
    assert clipboard() == pieces[0][40:] + pieces[1][:30]
    transcript.selection.select_all()
    transcript.selection.copy()
    assert clipboard() == f"{words}\n\nEnd."


@given(st.text(st.sampled_from("ab \n🙂\u200d\u0301é"), max_size=6_000), st.integers(0, 6))
def test_pieces_are_the_text(text: str, times: int) -> None:
    whole = text * times
    pieces = pieces_of(whole)
    assert "".join(pieces) == whole
    assert all(0 < len(piece) <= max(ALONE, WHOLE) for piece in pieces) or not whole


def test_a_long_paragraph_stays_in_one_piece_and_one_without_spaces_does_not() -> None:
    paragraph = "A sentence of some words. " * 300
    assert pieces_of(f"{paragraph}\nNext.") == [f"{paragraph}\n", "Next."]
    assert all(len(piece) <= ALONE for piece in pieces_of("a" * 6_000))
    endless = pieces_of("A sentence of some words. " * 4_000)
    assert all(len(piece) <= WHOLE for piece in endless)
    assert all(piece.endswith(". ") for piece in endless), "cut behind a sentence"
