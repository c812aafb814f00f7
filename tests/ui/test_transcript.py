"""The transcript: only what is near is made, what is seen stays put, and nothing in a text reaches out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QColor, QGuiApplication, QImage, QTextDocument
from PySide6.QtTest import QTest

from mistral_desk.ui.chat.blocks import Stack
from mistral_desk.ui.chat.code import CodeView
from mistral_desk.ui.chat.line import QuietLine
from mistral_desk.ui.chat.links import allowed
from mistral_desk.ui.chat.prose import ProseView
from mistral_desk.ui.chat.text_view import TextView
from mistral_desk.ui.chat.transcript import Transcript
from mistral_desk.ui.chat.turn_view import AnswerView
from mistral_desk.ui.chat.turns import Turn
from mistral_desk.ui.chat.user_view import UserView
from mistral_desk.ui.theme.theme import Theme

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

HOSTILE = """
![steal](file:///etc/passwd) ![share](file://server/share/x.png) ![fetch](http://example.org/x.png)
[script](javascript:alert(1)) [file](file:///etc/passwd) [data](data:text/html,x) [relative](/etc/passwd)
[trick](https://good.example\\@evil.example/) [good](https://example.org/a?b=c) [mail](mailto:someone@example.org)
<img src="file:///etc/passwd"> <a href="javascript:alert(1)">html</a> <script>alert(1)</script>
<javascript:alert(1)> <https://example.org/auto>

| ![cell](file:///etc/passwd) | [cell](javascript:alert(1)) |
|---|---|
| <b>bold</b> | x |
"""


@pytest.fixture
def theme(qapp: QApplication) -> Theme:
    return Theme(qapp, "light")


@pytest.fixture
def transcript(qtbot: QtBot, theme: Theme) -> Transcript:
    made = Transcript(theme)
    qtbot.addWidget(made)
    made.resize(900, 700)
    made.show()
    return made


def question(text: str) -> Turn:
    return Turn("user", text=text)


def answer(text: str, thinking: str = "") -> Turn:
    made = Turn("assistant", model="Fake")
    if thinking:
        made.think(thinking, now=0.0)
    made.write(text, now=12.0)
    made.end(None)
    return made


def conversation(turns: int) -> list[Turn]:
    made = []
    for number in range(turns // 2):
        made += [
            question(f"Question {number}?"),
            answer(f"Answer {number}. " + "It goes on for a while. " * (number % 40)),
        ]
    return made


def sticks(transcript: Transcript) -> bool:
    return transcript.at_end


def views(transcript: Transcript, kind: type[TextView]) -> list[TextView]:
    return [view for view in transcript.findChildren(kind) if not view.isHidden()]


def made(transcript: Transcript, qtbot: QtBot) -> None:
    """Whatever is near the eye is there: of a long text it comes a little at a time."""
    qtbot.waitUntil(lambda: not any(stack._unmade for stack in transcript.findChildren(Stack)), timeout=60_000)


def addresses(document: QTextDocument) -> set[str]:
    found = set()
    block = document.begin()
    while block.isValid():
        iterator = block.begin()
        while not iterator.atEnd():
            form = iterator.fragment().charFormat()
            assert not form.isImageFormat(), "a picture came into the document"
            if form.isAnchor():
                found.add(form.anchorHref())
            iterator += 1
        block = block.next()
    return found


def test_a_hostile_answer_has_no_pictures_and_only_links_that_may_be_asked_about(transcript: Transcript) -> None:
    transcript.set_turns([question("hi"), answer(HOSTILE)])
    documents = [view.document() for view in views(transcript, TextView)]
    found = set().union(*(addresses(document) for document in documents))
    assert found == {
        "http://example.org/x.png",
        "https://example.org/a?b=c",
        "https://example.org/auto",
        "mailto:someone@example.org",
    }
    assert any("<script>alert(1)</script>" in document.toPlainText() for document in documents), "html stays text"


def test_a_view_refuses_to_load_whatever_asks_it(transcript: Transcript, theme: Theme, tmp_path: Path) -> None:
    picture = tmp_path / "canary.png"
    image = QImage(4, 4, QImage.Format.Format_RGB32)
    image.fill(QColor("red"))
    assert image.save(str(picture))
    transcript.set_turns([answer("text")])
    (view,) = views(transcript, ProseView)
    address = QUrl.fromLocalFile(str(picture))
    view.setHtml(f'<img src="{address.toString()}">')
    transcript.grab()
    loaded = view.document().resource(QTextDocument.ResourceType.ImageResource.value, address)
    assert loaded.width() == 1, "the picture itself was loaded"
    text = tmp_path / "canary.html"
    text.write_text("secret", encoding="utf-8")
    view.setSource(QUrl.fromLocalFile(str(text)))
    assert "secret" not in view.toPlainText()


@pytest.mark.parametrize(
    ("address", "may"),
    [
        ("https://example.org", True),
        ("http://[::1]:8080/x", True),
        ("mailto:a@b.example", True),
        ("mailto:", False),
        ("https:///nohost", False),
        ("https://good.example@evil.example/", False),
        ("file:///etc/passwd", False),
        ("javascript:alert(1)", False),
        ("JaVaScRiPt:alert(1)", False),
        ("ftp://example.org", False),
        ("//example.org", False),
        ("example.org", False),
        ("https://example.org/\u202egnp.exe", False),
        ("https://example.org\n.evil", False),
        ("https://exa\\mple.org", False),
        ("https://[bad", False),
        ("https://example.org/" + "a" * 5000, False),
        ("", False),
    ],
)
def test_which_addresses_may_become_links(address: str, may: bool) -> None:
    assert allowed(address) is may


def test_of_a_long_conversation_only_what_is_near_exists(transcript: Transcript) -> None:
    turns = conversation(500)
    transcript.set_turns(turns)
    assert transcript.at_end
    assert 2 <= transcript.live <= 40
    assert transcript.view(turns[-1]) is not None
    assert transcript.view(turns[0]) is None
    transcript.verticalScrollBar().setValue(0)
    assert transcript.view(turns[0]) is not None
    assert transcript.view(turns[-1]) is None
    assert transcript.live <= 40


def test_scrolling_through_meets_every_turn_once_and_in_order(transcript: Transcript) -> None:
    turns = conversation(200)
    transcript.set_turns(turns)
    bar = transcript.verticalScrollBar()
    bar.setValue(0)
    seen: list[Turn] = []
    while True:
        for turn in turns:
            view = transcript.view(turn)
            if (
                view is not None
                and view.y() < transcript.height()
                and view.y() + view.height() > 0
                and turn not in seen
            ):
                seen.append(turn)
        if bar.value() >= bar.maximum():
            break
        bar.setValue(bar.value() + transcript.height() // 2)
    assert seen == turns


def test_what_is_seen_stays_put_while_the_end_grows_and_the_window_narrows(transcript: Transcript) -> None:
    turns = conversation(60)
    growing = Turn("assistant", model="Fake", phase="writing")
    transcript.set_turns([*turns, question("And?"), growing])
    transcript.verticalScrollBar().setValue(transcript.verticalScrollBar().maximum() // 2)
    assert sticks(transcript) is False
    first = next(turn for turn in turns if (view := transcript.view(turn)) and view.y() + view.height() > 0)
    held = transcript.view(first)
    assert held is not None
    before = held.y()
    for _ in range(30):
        growing.write("More and more words come. " * 10)
        transcript.changed(growing)
    assert held.y() == before
    transcript.to_end()
    assert sticks(transcript) is True
    growing.write("\n\nThe very last line.")
    transcript.changed(growing)
    bar = transcript.verticalScrollBar()
    assert bar.value() == bar.maximum()


def test_jump_to_latest_shows_only_away_from_the_end(transcript: Transcript, qtbot: QtBot) -> None:
    transcript.set_turns(conversation(60))
    jump = transcript._jump
    assert not jump.isVisible()
    transcript.verticalScrollBar().setValue(10)
    assert jump.isVisible()
    jump.click()
    assert transcript.at_end
    assert not jump.isVisible()


def test_a_huge_message_is_folded_and_copied_whole(transcript: Transcript, qtbot: QtBot) -> None:
    text = "wort " * 210_000
    turn = question(text)
    transcript.set_turns([turn])
    view = transcript.view(turn)
    assert isinstance(view, UserView)
    (shown,) = views(transcript, TextView)
    assert len(shown.toPlainText()) < 2_000
    view._more.click()
    bar = transcript.verticalScrollBar()
    bar.setValue(0)
    words: set[tuple[int, str]] = set()
    while True:
        made(transcript, qtbot)
        words |= {(number, piece.toPlainText()) for number, piece in view.texts()}
        if bar.value() == bar.maximum():
            break
        assert len(view.texts()) < 12, "of a long text only what is near exists"
        bar.setValue(bar.value() + 300)
    assert 90_000 < sum(len(piece) for _number, piece in words) <= 100_001
    assert [number for number, _piece in sorted(words)] == list(range(len(words)))
    view._copy.click()
    assert QGuiApplication.clipboard().text() == text
    view._more.click()
    made(transcript, qtbot)
    (shown,) = views(transcript, TextView)
    assert len(shown.toPlainText()) < 2_000


def test_a_message_of_line_breaks_only_stays_small(transcript: Transcript) -> None:
    turn = question("\n" * 1_000_000 + "x")
    transcript.set_turns([turn])
    view = transcript.view(turn)
    assert view is not None
    assert view.height() < 700


def test_code_has_a_label_colours_and_copies_as_it_is(transcript: Transcript, qtbot: QtBot) -> None:
    source = "def f(x):\n\treturn 'ä' + x  # note"
    transcript.set_turns([answer(f"Look:\n\n```py\n{source}\n```\n")])
    (code,) = transcript.findChildren(CodeView)
    qtbot.waitUntil(lambda: bool(code._source.document().begin().layout().formats()), timeout=60_000)
    formats = code._source.document().begin().layout().formats()
    assert {form.format.foreground().color().name() for form in formats} & {"#8b2c8f"}, "the keyword has its colour"
    code._copy.click()
    assert QGuiApplication.clipboard().text() == source


def test_growing_code_is_the_same_as_whole_code(transcript: Transcript) -> None:
    text = "```python\n" + "".join(f"value_{n} = [{n}]  # ü\n\n" for n in range(60)) + "```\n\nDone."
    turn = Turn("assistant", phase="writing")
    transcript.set_turns([turn])
    for start in range(0, len(text), 7):
        turn.write(text[start : start + 7])
        transcript.changed(turn)
    (code,) = [view for view in transcript.findChildren(CodeView) if not view.isHidden()]
    assert code._source.toPlainText() == text.split("\n", 1)[1].split("```")[0].removesuffix("\n")


def test_the_theme_changes_under_an_answer_that_is_being_written(transcript: Transcript, theme: Theme) -> None:
    turn = Turn("assistant", phase="writing")
    turn.write("Some **text**.\n\n```py\nx = 1\n")
    transcript.set_turns([question("q"), turn])
    theme.choose("dark")
    turn.write("y = 2\n```\n\nAnd more.")
    transcript.changed(turn)
    colours = {
        view.document().begin().begin().fragment().charFormat().foreground().color().name()
        for view in views(transcript, TextView)
    }
    assert colours == {QColor(theme.colours.text).name()}
    assert "And more." in [view.toPlainText() for view in views(transcript, ProseView)]


def test_emoji_and_right_to_left_text_are_laid_out(transcript: Transcript, qapp: QApplication) -> None:
    words = "שלום עולם 👩‍👩‍👧‍👦 مرحبا 🇩🇪"
    transcript.set_turns([question(words), answer(f"- {words}\n- **{words}**\n\n> {words}")])
    prose = views(transcript, ProseView)[0]
    block = prose.document().begin()
    assert block.textDirection() == Qt.LayoutDirection.RightToLeft
    transcript.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    transcript.arrange()
    user = transcript.view(transcript.turns[0])
    assert isinstance(user, UserView)
    assert user._bubble.left() == 0, "a person's words stand at the other side"


def test_the_thought_is_closed_tells_its_time_and_opens(transcript: Transcript) -> None:
    turn = answer("Fifteen.", thinking="Seven and eight make fifteen.")
    transcript.set_turns([question("7+8?"), turn])
    view = transcript.view(turn)
    assert isinstance(view, AnswerView)
    assert view.thinking is not None
    assert view.thinking.title == "Thought for 12 s"
    before = view.height()
    assert "Seven" not in " ".join(part.toPlainText() for part in views(transcript, ProseView))
    QTest.keyClick(view.thinking.stops()[0], Qt.Key.Key_Return)
    assert "Seven and eight make fifteen." in [part.toPlainText() for part in views(transcript, ProseView)]
    assert view.height() > before


@pytest.mark.parametrize(("took", "told"), [(0.02, "less than 0.1 s"), (0.42, "0.4 s"), (0.96, "1 s"), (1.4, "1 s")])
def test_a_thought_that_took_less_than_a_second_says_so(took: float, told: str) -> None:
    turn = answer("Fifteen.", thinking="Seven and eight make fifteen.")
    turn.thinking_s = took
    assert turn.thought_title() == f"Thought for {told}"


def test_everything_that_the_keyboard_reaches_has_a_name(transcript: Transcript) -> None:
    transcript.set_turns([question("Long " * 600), answer(HOSTILE + "\n```py\nx\n```", thinking="Hm.")])
    for view in transcript._views.values():
        for stop in view.stops():
            assert stop.accessibleName(), stop


def test_a_quiet_line_stands_behind_its_message_wherever_that_comes_to_be(transcript: Transcript, qtbot: QtBot) -> None:
    turns = conversation(40)
    for number, turn in enumerate(turns):
        turn.message = number
    transcript.set_turns(turns)
    transcript.verticalScrollBar().setValue(0)
    before = [transcript._heights.tops()[number] for number in range(41)]
    transcript.set_line(1, "Not sent any more: 2 messages")
    (line,) = [one for one in transcript.findChildren(QuietLine) if not one.isHidden()]
    upper, lower = transcript.view(turns[1]), transcript.view(turns[2])
    assert upper is not None
    assert lower is not None
    assert upper.y() + upper.height() <= line.y() < line.y() + line.height() <= lower.y()
    assert line.accessibleName() == "Not sent any more: 2 messages"
    transcript.append(question("And?"))
    with qtbot.waitSignal(transcript.line_pressed, timeout=60_000):
        QTest.keyClick(line.stops()[0], Qt.Key.Key_Return)
    assert not line.isHidden(), "it stays while the conversation goes on"
    transcript.swap(turns[1], [answer("Another version.")])
    assert line.isHidden(), "its message is on another branch"
    transcript.swap(transcript.turns[1], turns[1:])
    assert not line.isHidden()
    transcript.set_line(None, "")
    transcript.verticalScrollBar().setValue(0)
    assert [transcript._heights.tops()[number] for number in range(2)] == before[:2]
    assert not transcript.findChildren(QuietLine) or all(one.isHidden() for one in transcript.findChildren(QuietLine))
