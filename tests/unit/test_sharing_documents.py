"""What stands in a shared document: how each message ended, what cannot be read, and what would take long to read."""

from __future__ import annotations

import io
import re
import time
from typing import TYPE_CHECKING, Any

import pytest

from mistral_desk.chat.attachments.kinds import Picture
from mistral_desk.chat.message import Conversation, ConversationSettings, Message, Part
from mistral_desk.chat.parts import picture_part
from mistral_desk.chat.sharing import as_html, as_markdown, reading
from mistral_desk.chat.sharing.reading import allowed, contained, too_much
from mistral_desk.chat.sharing.shared import Job, Shared, Wish

if TYPE_CHECKING:
    from collections.abc import Callable

    from mistral_desk.chat.message import Ending
    from mistral_desk.inference.protocol import Role

WRITERS = (as_markdown.write, as_html.write)


def written(
    writer: Callable[[Shared, Job], None],
    *parts: Part,
    role: Role = "assistant",
    ending: Ending = "stop",
    at: float = 1.7e9,
    **settings: Any,
) -> str:
    message = Message(1, 1, None, role, at, parts, "", ending=ending)
    sink = io.BytesIO()
    chat = Shared(Conversation(1, "T", at, at, 1), ConversationSettings(**settings), (message,))
    writer(chat, Job(sink, Wish("md")))
    return sink.getvalue().decode()


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize(
    ("ending", "words"),
    [
        ("stopped", "Stopped before its end."), ("failed", "Broken off before its end."),
        ("unfinished", "Broken off before its end."), ("length", "longest answer that was allowed."),
        ("context", "context was full."),
    ],
)  # fmt: skip
def test_an_answer_that_is_not_whole_says_so(writer: Any, ending: Ending, words: str) -> None:
    assert words in written(writer, Part("text", "So"), ending=ending)
    assert words not in written(writer, Part("text", "So"))


@pytest.mark.parametrize("writer", WRITERS)
def test_instructions_stand_before_the_chat_and_inside_it_and_nobody_is_an_answer(writer: Any) -> None:
    found = written(writer, Part("text", "Rhyme."), role="system", ending="", system="Be brief.")
    assert found.index("Be brief.") < found.index("Rhyme.")
    assert found.count("Instructions") == 2
    assert "Answer" in written(writer, Part("text", "Yes"))


@pytest.mark.parametrize("writer", WRITERS)
def test_what_cannot_be_read_or_is_not_there_does_not_stop_the_rest(
    writer: Any, allow_log: Callable[..., None]
) -> None:
    allow_log("cannot be read", "mistral_desk.chat")
    parts = (
        Part("file", "no file, here"), Part("image", "no picture, here"), Part("thinking", " "), Part("text", " \n"),
        picture_part(Picture("0" * 64, 1, 1)), Part("text", "The rest"),
    )  # fmt: skip
    found = written(writer, *parts)
    assert "The rest" in found
    assert found.count("Picture: ") == 2
    assert "no file" not in found
    assert "no picture" not in found


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("at", [1e300, float("nan"), float("inf")])
def test_a_time_that_no_calendar_has_is_left_out(writer: Any, at: float) -> None:
    assert "Yes" in written(writer, Part("text", "Yes"), at=at)
    assert time.strftime("%Y-%m-%d", time.localtime(1.7e9)) in written(writer, Part("text", "Yes"))


# --- markdown -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "may"),
    [
        ("https://a.example/x?y#z", True),
        ("mailto:anna@a.example", True),
        ("mailto:anna", False),
        ("https://a.example/" + "x" * 5000, False),
        ("https://a.example/\u202etxt", False),
        ("https:\\\\a.example", False),
        ("https://[a.example", False),
        ("https://anna@a.example", False),
        ("https:///x", False),
        ("file:///etc/passwd", False),
        ("//a.example", False),
    ],
)
def test_only_web_and_mail_that_say_where_they_lead_become_links(address: str, may: bool) -> None:
    assert allowed(address) is may


def plenty(kind: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(reading, "LONGEST", 5000)
    monkeypatch.setattr(reading, "PARAGRAPH", 4000)
    return {"long": "**a** b\n\n" * 600, "paragraph": "**a** " * 700, "marks": "*" * 1600}[kind]


@pytest.mark.parametrize("kind", ["long", "paragraph", "marks"])
def test_what_would_take_long_to_read_stays_as_it_was_written(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = plenty(kind, monkeypatch)
    assert too_much(text)
    made = contained(text)
    assert made.startswith("```\n")
    assert made.endswith("\n```\n")
    assert made[4:-4].strip("\n") == text.strip("\n")
    assert as_html.rendered(text).startswith('<div class="plain">')
    pieces = list(as_html.pieces(text, 1000))
    assert all(piece.startswith('<div class="plain">') for piece in pieces)
    shown = "".join(piece.removeprefix('<div class="plain">').removesuffix("</div>\n") for piece in pieces)
    assert shown.replace("\n", "") == text.replace("\n", "")


def test_code_costs_nothing_and_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PARAGRAPH", 100)
    assert not too_much("```\n" + "x * y\n" * 100 + "```\n\n" + "word " * 19)
    assert too_much("```\nx\n```\n" + "word " * 30)


def test_html_that_would_get_out_in_every_reading_is_kept_as_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were both ways to escape it not enough, it would still do nothing."""
    monkeypatch.setattr(reading, "_ANYWHERE", re.compile(r"(?!)"))
    assert contained("[a](b`c) <script>x</script>`") == "```\n[a](b`c) <script>x</script>`\n```\n"


def test_tasks_are_boxes_and_other_brackets_are_not() -> None:
    found = as_html.rendered("- [ ] to do\n- [x] done\n- [y] no\n- *[ ]* no\n\n[x] no\n")
    assert found.count("☐") == 1
    assert found.count("☑") == 1
    assert "☐ to do" in found
    assert "☑ done" in found
    assert "[y] no" in found
    assert "<p>[x] no" in found


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("1.\n2. two", "<ol><li></li><li>two</li></ol>"),
        ("-\n-", "<ul><li></li><li></li></ul>"),
    ],
)
def test_an_item_without_words_keeps_its_line(text: str, html: str) -> None:
    assert as_html.rendered(text).replace("\n", "") == html


def test_pieces_of_a_text_are_the_whole_text_in_order() -> None:
    text = "First *words*.\n\n" + "```\n" + "line of code\n" * 50 + "```\n\n" + "```\nshort\n```\n\n" + "Last.\n"
    pieces = list(as_html.pieces(text, 100))
    assert "First <em>words</em>" in pieces[0]
    assert "Last." in pieces[-1]
    assert "".join(pieces).count("line of code") == 50
    assert all(len(piece) < 200 for piece in pieces)


@pytest.mark.parametrize(("text", "most", "lines"), [
    ("", 5, []), ("abcde", 5, ["abcde"]), ("ab\ncd\n", 3, ["ab\n", "cd\n"]), ("a" * 12, 5, ["aaaaa", "aaaaa", "aa"]),
    ("ab\n" + "c" * 6 + "\nd", 3, ["ab\n", "ccc", "ccc", "\nd"]),
])  # fmt: skip
def test_lines_are_put_together_up_to_a_bound_and_nothing_is_lost(text: str, most: int, lines: list[str]) -> None:
    assert list(as_html.lines_of(text, most)) == lines
