"""Chats as PDF: fonts of its own, nothing that acts, an end whatever the text, and given up when it is called off."""

from __future__ import annotations

import re
import threading
import zlib
from typing import TYPE_CHECKING, Any

from mistral_desk.chat.message import Conversation, ConversationSettings, Message, Part
from mistral_desk.chat.sharing.shared import Job, Shared, StoppedError, Wish
from mistral_desk.ui.sharing import pdf
from tests.fixtures import hostile_texts

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication


def printed(*parts: Part, role: Any = "assistant", messages: int = 1, **wish: Any) -> bytes:
    import io

    said = tuple(Message(n + 1, 1, n or None, role, 1.7e9, parts, "m", ending="stop") for n in range(messages))
    sink = io.BytesIO()
    shared = Shared(Conversation(1, "Title", 1.7e9, 1.7e9, messages), ConversationSettings(), said)
    pdf.write(shared, Job(sink, Wish("pdf", **wish)))
    return sink.getvalue()


def pages(document: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", document))


def streams(document: bytes) -> bytes:
    """What is drawn, unpacked."""
    found = []
    for raw in re.findall(rb"stream\r?\n(.*?)endstream", document, re.DOTALL):
        try:
            found.append(zlib.decompress(raw))
        except zlib.error:
            found.append(raw)
    return b"\n".join(found)


def test_a_pdf_has_its_fonts_and_goes_nowhere(qapp: QApplication) -> None:
    text = (
        "# Head\n\nSome *words*, [a link](https://example.org) and ![no](http://canary.invalid/x.png)\n\n|a|\n|-|\n|1|"
    )
    document = printed(Part("text", text))
    assert document.startswith(b"%PDF-")
    assert pages(document) == 1
    assert b"/FontFile2" in document or b"/FontFile3" in document
    assert not re.search(rb"/(URI|Launch|JavaScript|JS|OpenAction|GoToR|SubmitForm)\b", document + streams(document))


def test_a_pdf_breaks_long_texts_over_pages(qapp: QApplication) -> None:
    short = pages(printed(Part("text", "word " * 300)))
    long = pages(printed(Part("text", "word " * 6_000)))
    code = pages(printed(Part("text", "```\n" + "x = 1\n" * 400 + "```")))
    line = pages(printed(Part("text", "x" * 100_000), role="user"))
    assert short == 1
    assert 6 <= long <= 30
    assert code >= 4
    assert line >= 8


def test_a_pdf_of_hostile_texts_ends(qapp: QApplication) -> None:
    for name in dir(hostile_texts):
        text = getattr(hostile_texts, name)
        if isinstance(text, str) and not name.startswith("__"):
            assert pages(printed(Part("text", text[:60_000]))) >= 1


def test_a_pdf_is_given_up_between_two_pieces(qapp: QApplication) -> None:
    import io

    stop = threading.Event()
    stop.set()
    shared = Shared(Conversation(1, "T", 0, 0, 1), ConversationSettings(), (Message(1, 1, None, "user", 0, ()),))
    sink = io.BytesIO()
    try:
        pdf.write(shared, Job(sink, Wish("pdf"), stop=stop))
    except StoppedError:
        assert sink.getvalue() == b""
    else:
        raise AssertionError("it went on")
