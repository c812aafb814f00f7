"""Where a link leads is told before it opens, as the network writes it: no letter of another script passes for ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QPlainTextEdit

from mistral_desk.ui.chat.ask_link import LinkSheet
from mistral_desk.ui.chat.links import host_of
from mistral_desk.ui.chat.text_view import TextView
from mistral_desk.ui.widgets.label import Label
from tests.fixtures import fake_worker
from tests.ui import window

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QApplication

_THEIRS = "https://m\N{CYRILLIC SMALL LETTER BYELORUSSIAN-UKRAINIAN I}stral.ai/log/in?to=evil"
_NEVER = ("file:///etc/passwd", "javascript:alert(1)", "ftp://mistral.ai/", "https://mistral.ai@evil.example/", "x:y")


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://mistral.ai/x", "mistral.ai"),
        ("https://m\N{CYRILLIC SMALL LETTER BYELORUSSIAN-UKRAINIAN I}stral.ai/x", "xn--mstral-pvf.ai"),
        ("https://bücher.example/", "xn--bcher-kva.example"),
        ("mailto:a@b.example", ""),
        ("https://[", ""),
    ],
)
def test_a_host_as_the_network_writes_it(address: str, host: str) -> None:
    assert host_of(address) == host


def test_a_host_that_the_network_does_not_have_is_still_told() -> None:
    assert host_of(f"https://{'ü' * 80}.example/").isascii()


def test_a_link_of_an_answer_shows_its_whole_address_before_anything_opens(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one place that hands addresses to the system is listened to; what is no web page or mail never gets there."""
    left: list[str] = []

    def hand_over(url: QUrl) -> bool:
        left.append(url.host())
        return True

    monkeypatch.setattr(QDesktopServices, "openUrl", hand_over)
    said = " ".join(f"[mistral.ai]({address})" for address in (_THEIRS, *_NEVER))

    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, fake_worker.answering(said)) as desk:
            await window.ask(desk, "Where do I log in?")
            await window.drawn()
            view = next(one for one in desk.page.transcript.findChildren(TextView) if "log in" not in one.toPlainText())
            for address in _NEVER:
                view.anchorClicked.emit(QUrl(address))
                assert desk.window.overlay is None, address
            view.anchorClicked.emit(QUrl(_THEIRS))
            sheet = desk.window.overlay
            assert isinstance(sheet, LinkSheet)
            field = sheet.findChild(QPlainTextEdit)
            assert field is not None
            assert field.toPlainText() == "https://xn--mstral-pvf.ai/log/in?to=evil"
            assert any("xn--mstral-pvf.ai" in label.text() for label in sheet.findChildren(Label))
            assert left == []
            sheet.go.click()
            assert left == ["xn--mstral-pvf.ai"]

    window.run(qapp, scenario)
