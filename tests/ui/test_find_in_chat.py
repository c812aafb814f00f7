"""Find in chat: counted in every kind of block, on the screen or not; the way there moves nothing that is seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextDocument
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from mistral_desk.ui.chat import selecting
from mistral_desk.ui.chat.code import CodeView
from mistral_desk.ui.chat.document import build
from mistral_desk.ui.chat.find_bar import FindBar
from mistral_desk.ui.chat.inlines import Style
from mistral_desk.ui.chat.markdown import Prose, Table, blocks_of
from mistral_desk.ui.chat.matching import Needle
from mistral_desk.ui.chat.plain_text import shown
from mistral_desk.ui.chat.positions import places_in
from mistral_desk.ui.chat.transcript import Transcript
from mistral_desk.ui.chat.turn_view import AnswerView
from mistral_desk.ui.chat.turns import Turn
from mistral_desk.ui.chat.whereabouts import texts
from mistral_desk.ui.theme.theme import Theme

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

EVERYWHERE = """# A zebra

A **zeb**ra, `zebra`, [zebra](https://example.org) and *a zébra*.

- [ ] zebra
- one
  > ZEBRA in a quote

| zebra | b |
|---|---|
| c | zebra |

```text
zebra = "zebra"
```

See[^1].

[^1]: a zebra in a note
"""
COUNT = 13


class Page(QWidget):
    """A bar over a transcript, over a line to write in."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.transcript = Transcript(theme, self)
        self.bar = FindBar(theme, self.transcript, self)
        self.line = QLineEdit(self)
        column = QVBoxLayout(self)
        column.setSizeConstraint(QVBoxLayout.SizeConstraint.SetNoConstraint)
        for widget in (self.bar, self.transcript, self.line):
            column.addWidget(widget)
        self.resize(900, 700)


@pytest.fixture
def page(qtbot: QtBot, qapp: QApplication) -> Page:
    made = Page(Theme(qapp, "light"))
    qtbot.addWidget(made)
    made.show()
    qtbot.waitExposed(made)
    made.activateWindow()
    made.line.setFocus()
    return made


def answer(text: str) -> Turn:
    made = Turn("assistant", model="Fake")
    made.write(text)
    made.end(None)
    return made


def long_chat(turns: int) -> list[Turn]:
    made = []
    for number in range(turns):
        made += [Turn("user", text=f"Question {number}"), answer(f"Answer {number}. " + "Words and words. " * 40)]
    return made


def look_for(qtbot: QtBot, page: Page, text: str) -> None:
    page.bar.open_bar()
    page.bar.field.setText(text)
    qtbot.waitUntil(lambda: page.bar._finding is not None and page.bar._finding.done, timeout=60_000)


def test_every_kind_of_block_is_searched_whatever_the_case_and_the_accents(qtbot: QtBot, page: Page) -> None:
    page.transcript.set_turns([Turn("user", text="Zebra?"), answer(EVERYWHERE)])
    look_for(qtbot, page, "zebra")
    assert page.bar.count.text() == f"1 of {COUNT}"
    marked = sum(len(text.extraSelections()) for view in page.transcript._views.values() for _n, text in view.texts())
    assert marked == COUNT, "and all of them are marked"
    look_for(qtbot, page, "zébra")
    assert page.bar.count.text() == f"1 of {COUNT}"
    page.bar.case.click()
    assert page.bar.count.text() == "1 of 1"
    page.bar.field.setText("giraffe")
    assert page.bar.count.text() == "Not found"
    assert not page.bar.next.isEnabled()


def test_enter_goes_on_shift_enter_back_and_round(qtbot: QtBot, page: Page) -> None:
    page.transcript.set_turns([Turn("user", text="Zebra?"), answer(EVERYWHERE)])
    look_for(qtbot, page, "zebra")
    said = []
    for _ in range(COUNT):
        QTest.keyClick(page.bar.field, Qt.Key.Key_Return)
        said.append(page.bar.count.text())
    assert said == [f"{n} of {COUNT}" for n in (*range(2, COUNT + 1), 1)]
    QTest.keyClick(page.bar.field, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    assert page.bar.count.text() == f"{COUNT} of {COUNT}"


def test_what_is_far_away_is_counted_and_brought_into_sight(qtbot: QtBot, page: Page) -> None:
    turns = long_chat(120)
    turns[7] = answer("Words. " * 300 + "\n\nThe needle is here.\n\n" + "Words. " * 300)
    page.transcript.set_turns(turns)
    assert page.transcript.view(turns[7]) is None
    look_for(qtbot, page, "needle")
    assert page.bar.count.text() == "1 of 1"
    assert page.transcript.view(turns[7]) is not None
    assert page.bar._in_sight(7, page.bar._finding.found[0][1], 0)  # type: ignore[union-attr]


def test_what_is_seen_already_moves_nothing(qtbot: QtBot, page: Page) -> None:
    turns = long_chat(40)
    turns[-1] = answer("needle one, needle two, needle three")
    page.transcript.set_turns(turns)
    page.bar.open_bar()
    before = page.transcript.verticalScrollBar().value()
    look_for(qtbot, page, "needle")
    for _ in range(3):
        page.bar.step(1)
        assert page.transcript.verticalScrollBar().value() == before


def test_a_folded_block_is_unfolded_for_what_is_in_it(qtbot: QtBot, page: Page) -> None:
    code = "".join(f"line_{n} = {n}\n" for n in range(150))
    folded = answer(f"```python\n{code}```")
    folded.unfolded_code = set()
    message = Turn("user", text="word " * 2_000 + "needle")
    page.transcript.set_turns([message, folded])
    (view,) = page.transcript.findChildren(CodeView)
    before = view.folded
    look_for(qtbot, page, "line_140")
    assert (before, view.folded) == (True, False)
    assert page.bar._in_sight(1, 0, 0)
    look_for(qtbot, page, "needle")
    assert message.unfolded
    assert page.bar._in_sight(*page.bar._found_at())  # type: ignore[misc]


def test_escape_closes_and_gives_the_keyboard_back(qtbot: QtBot, page: Page) -> None:
    page.transcript.set_turns([answer(EVERYWHERE)])
    page.line.setFocus()
    look_for(qtbot, page, "zebra")
    assert page.bar.field.hasFocus()
    QTest.keyClick(page.bar.field, Qt.Key.Key_Escape)
    assert page.bar.isHidden()
    assert page.line.hasFocus()
    assert not any(text.extraSelections() for view in page.transcript._views.values() for _n, text in view.texts())


def test_an_answer_that_grows_is_looked_through_again(qtbot: QtBot, page: Page) -> None:
    growing = Turn("assistant", phase="writing")
    growing.write("One needle.")
    page.transcript.set_turns([growing])
    look_for(qtbot, page, "needle")
    growing.write(" And another needle.")
    page.transcript.changed(growing)
    page.bar.changed()
    qtbot.waitUntil(lambda: page.bar.count.text() == "1 of 2", timeout=60_000)


def thoughtful(text: str, thinking: str) -> Turn:
    made = Turn("assistant", model="Fake")
    made.think(thinking, now=0.0)
    made.write(text, now=5.0)
    made.end(None)
    return made


def test_open_thoughts_are_searched_and_closed_ones_are_told_of(qtbot: QtBot, page: Page) -> None:
    turns = long_chat(30)
    turns[9] = thoughtful("A needle in the answer.", "Words. " * 700 + "\n\nA needle, one more needle.")
    turns[11] = thoughtful("Nothing here.", "Needle?")
    page.transcript.set_turns(turns)
    look_for(qtbot, page, "needle")
    assert page.bar.count.text() == "1 of 1"
    assert page.bar.thoughts.text() == "3 in closed thoughts"
    page.bar.thoughts.click()
    qtbot.waitUntil(lambda: page.bar._finding is not None and page.bar._finding.done, timeout=60_000)
    assert page.bar.thoughts.isHidden()
    assert page.bar.count.text() == "3 of 4", "what was looked at stays what it was"
    assert (turns[9].thought_open, turns[11].thought_open) == (True, True)
    for place in ("4 of 4", "1 of 4", "2 of 4", "3 of 4"):
        page.bar.step(1)
        assert page.bar.count.text() == place
        assert page.bar._in_sight(*page.bar._found_at())  # type: ignore[misc]
    view = page.transcript.view(turns[9])
    assert view is not None
    marked = sum(len(text.extraSelections()) for _number, text in view.thought_texts())
    assert marked == 2, "they are marked, too"


def test_a_thought_that_is_opened_by_hand_is_looked_through(qtbot: QtBot, page: Page) -> None:
    turn = thoughtful("Nothing here.", "A needle.")
    page.transcript.set_turns([turn])
    look_for(qtbot, page, "needle")
    assert page.bar.count.text() == "Not found"
    view = page.transcript.view(turn)
    assert isinstance(view, AnswerView)
    assert view.thinking is not None
    QTest.keyClick(view.thinking.stops()[0], Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.bar.count.text() == "1 of 1", timeout=60_000)
    QTest.keyClick(view.thinking.stops()[0], Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.bar.thoughts.text() == "1 in a closed thought", timeout=60_000)


def test_a_hit_of_the_search_over_all_chats_is_shown(qtbot: QtBot, page: Page) -> None:
    turns = long_chat(60)
    for number, turn in enumerate(turns, 100):
        turn.message = number
    turns[21] = answer("Words. " * 300 + "\n\nThe needle.\n\n" + "Words. " * 300 + " [x](https://thimble.example)")
    turns[21].message = 121
    turns[3].write(" A needle above.")
    page.transcript.set_turns(turns)
    assert page.bar.show_hit(121, "needle")
    qtbot.waitUntil(lambda: page.bar.count.text() == "2 of 2", timeout=60_000)
    assert page.bar._in_sight(*page.bar._found_at())  # type: ignore[misc]
    assert page.bar.show_hit(121, "the cow and the needle")
    assert page.bar.field.text() == "needle", "of several words the longest that stands there"
    page.transcript.to_end()
    assert page.bar.show_hit(121, "thimble"), "it stands in an address only"
    assert page.bar.isHidden()
    assert page.transcript.view(turns[21]) is not None
    assert not page.bar.show_hit(7, "needle"), "no such message on this branch"


def test_everything_in_the_bar_has_a_name(page: Page) -> None:
    bar = page.bar
    for part in (bar, bar.field, bar.thoughts, bar.case, bar.before, bar.next, bar.close_button):
        assert part.accessibleName()


@settings(max_examples=150, deadline=None)
@given(
    st.text(st.sampled_from("aAäÄéße\u0301 İıŁł🙂ﬁ\n語x"), max_size=30),
    st.text(st.sampled_from("aAäe\u0301ßs🙂ﬁix"), min_size=1, max_size=3),
)
@example("ß", "s")
@example("aﬁx", "i")
@example("ßA\u0301", "A")
def test_places_lie_in_the_text_and_hold_the_words(text: str, word: str) -> None:
    from mistral_desk.catalog.folding import fold

    places = Needle(word).places(text)
    end = 0
    for begin, stop in places:
        assert end <= begin < stop <= len(text)
        assert fold(word) in fold(text[begin:stop])
        end = stop
    assert all(text[begin:stop] == word for begin, stop in Needle(word, case=True).places(text))


@pytest.mark.usefixtures("qapp")
@pytest.mark.parametrize("word", ["a", "zebra", "needle", "in a", "🙂", "1"])
def test_what_is_counted_without_a_view_is_what_a_view_has(word: str, qapp: QApplication) -> None:
    style = Style(Theme(qapp, "light"))
    source = EVERYWHERE + "\n🙂 needle 🙂 in a [picture](x) ![a needle](y) <b> &amp; \\* 1\n\n1. one\n\n   1 again\n"
    for block in blocks_of(source):
        if not isinstance(block, Prose | Table):
            continue
        document = QTextDocument()
        build(document, block.tokens, style)
        assert len(places_in(document, Needle(word))) == len(Needle(word).places(shown(block)))


def test_what_is_found_does_not_lie_below_the_way_to_the_end(qtbot: QtBot, page: Page) -> None:
    page.resize(900, 300)
    page.transcript.set_turns([answer("\n\n".join(f"Zebra {number}." for number in range(40))), *long_chat(3)])
    page.transcript.go_to(0, 0)
    look_for(qtbot, page, "zebra")
    area = page.transcript
    for _ in range(20):
        page.bar.step(1)
        meant = page.bar._found_at()
        assert meant is not None
        text = next(text for place, text in texts(area) if place[:2] == meant[:2])
        box = selecting.box_of(text, *area.marks.places(text)[meant[2]])
        end = text.viewport().mapTo(area, box.bottomLeft()).y()
        assert area._jump.isVisible()
        assert end <= area._jump.y(), meant


@pytest.mark.parametrize("size", [(900, 260), (420, 500), (900, 210)])
def test_what_is_found_stays_in_sight_when_the_window_becomes_smaller(
    qtbot: QtBot, page: Page, size: tuple[int, int]
) -> None:
    page.transcript.set_turns([answer("\n\n".join(f"Zebra {number}." for number in range(60))), *long_chat(3)])
    page.transcript.go_to(0, 0)
    look_for(qtbot, page, "zebra")
    area = page.transcript
    for _ in range(30):
        page.bar.step(1)

    def seen() -> bool:
        meant = page.bar._found_at()
        assert meant is not None
        return page.bar._in_sight(*meant)

    assert seen()
    before = page.size()
    page.resize(*size)
    qtbot.waitUntil(seen, timeout=60_000)
    assert page.bar.count.text() == "31 of 60"
    area.verticalScrollBar().setValue(0)
    assert not seen(), "who scrolls away is not brought back"
    page.resize(before)
    qtbot.wait(0)
    assert area.verticalScrollBar().value() == 0
