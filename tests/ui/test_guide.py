"""The guide opens with F1, offline; its links lead to its headings, its pictures fit, and it loads nothing else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QTextDocument

from mistral_desk.core import words
from mistral_desk.core.errors import DeskError
from mistral_desk.core.words import tr
from mistral_desk.ui.guide import reading
from mistral_desk.ui.guide.sheet import GuideSheet
from mistral_desk.ui.theme.theme import Theme
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.label import Label
from tests.fixtures import fake_worker
from tests.ui import window
from tests.ui.keyboard import Keys

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QApplication

    from mistral_desk.ui.desk import Desk

SCRIPT = [fake_worker.HELLO]


async def press_f1(desk: Desk) -> None:
    await window.drawn()  # the window has the keyboard
    await Keys(desk).tap(Qt.Key.Key_F1)


async def opened(desk: Desk) -> GuideSheet:
    await press_f1(desk)
    await desk.tasks.settled()
    sheet = desk.window.overlay
    assert isinstance(sheet, GuideSheet)
    return sheet


def images(sheet: GuideSheet) -> dict[str, tuple[float, float]]:
    """Names of the pictures in the text, with their sizes there."""
    found = {}
    block = sheet.text.document().begin()
    while block.isValid():
        place = block.begin()
        while not place.atEnd():
            look = place.fragment().charFormat()
            if look.isImageFormat():
                image = look.toImageFormat()
                found[image.name().partition("#")[0]] = image.width(), image.height()
            place += 1
        block = block.next()
    return found


def test_f1_opens_the_guide_and_closes_it_again(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT, warm=False) as desk:
            sheet = await opened(desk)
            assert sheet.text.hasFocus(), "the arrow keys scroll"
            assert "First start" in sheet.text.toPlainText()
            await press_f1(desk)
            await desk.tasks.settled()
            assert desk.window.overlay is None
            assert "guide" in {command.id for command in desk.window.commands.possible()}, "the palette has it, too"

    window.run(qapp, scenario)


def test_about_leads_to_the_guide(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT, warm=False) as desk:
            desk.window.open_settings("about")
            await window.drawn()
            buttons = desk.settings.sections["about"].findChildren(Button)
            (button,) = (one for one in buttons if one.accessibleName() == tr("Open… ({name})", name=tr("User guide")))
            button.click()
            await desk.tasks.settled()
            assert isinstance(desk.window.overlay, GuideSheet)

    window.run(qapp, scenario)


def test_each_link_leads_to_its_heading(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT, warm=False) as desk:
            sheet = await opened(desk)
            names = re.findall(r"\]\(#([^)]+)\)", sheet.text._guide.text)
            assert len(names) > 10
            bar = sheet.text.verticalScrollBar()
            places = []
            for name in names:
                sheet.text.anchorClicked.emit(QUrl(f"#{name}"))
                places.append(bar.value())
            assert places == sorted(places)
            assert len(set(places)) > 10
            assert not sheet.text.go("nowhere")
            assert bar.value() == places[-1]

    window.run(qapp, scenario)


def unseen(sheet: GuideSheet) -> list[str]:
    """The beginnings of paragraphs that have no line on the page."""
    document = sheet.text.document()
    document.documentLayout().documentSize()  # lays out all of it
    block, found = document.begin(), []
    while block.isValid():
        if block.text() and not block.layout().lineCount():
            found.append(block.text()[:40])
        block = block.next()
    return found


def test_all_of_it_is_on_the_page_whatever_the_width(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT, warm=False) as desk:
            sheet = await opened(desk)
            assert unseen(sheet) == []
            for width in (520, 900, 700):
                desk.window.resize(width, 700)
                await desk.tasks.settled()
                assert unseen(sheet) == []

    window.run(qapp, scenario)


def test_pictures_are_as_wide_as_there_is_room(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT, warm=False) as desk:
            sheet = await opened(desk)
            wide = images(sheet)
            assert wide.keys() == sheet.text._guide.pictures.keys()
            desk.window.resize(520, 700)
            await desk.tasks.settled()
            narrow = images(sheet)
            for name, (width, height) in narrow.items():
                assert width < wide[name][0], name
                assert width <= sheet.text.viewport().width()
                assert height / width == pytest.approx(wide[name][1] / wide[name][0], rel=0.01)
            assert sheet.text.horizontalScrollBar().maximum() == 0

    window.run(qapp, scenario)


def test_it_loads_its_own_pictures_and_nothing_else(qapp: QApplication, tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(b"\x89PNG")
    parent = Label(Theme(qapp, "light"), "")
    text = GuideSheet(Theme(qapp, "light"), reading.read(), parent).text
    kind = QTextDocument.ResourceType
    for name in ("https://example.org/a.png", str(tmp_path / "secret.png"), "../../README.md", ""):
        for one in (kind.ImageResource, kind.StyleSheetResource, kind.HtmlResource):
            assert text.loadResource(one.value, QUrl(name)).isNull()
    name = next(iter(text._guide.pictures))
    assert not text.loadResource(kind.ImageResource.value, QUrl(name)).isNull()
    parent.deleteLater()


def test_another_language_is_told_that_the_guide_is_english(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent = Label(Theme(qapp, "light"), "")
    for language, told in ((words.ENGLISH, False), ("de", True)):
        monkeypatch.setattr(words, "language", lambda language=language: language)
        sheet = GuideSheet(Theme(qapp, "light"), reading.Guide("## One\n", {}), parent)
        note = tr("The guide is written in English; the words in bold are those of the English window.")
        assert any(label.text() == note for label in sheet.findChildren(Label)) is told
    parent.deleteLater()


@pytest.mark.allow_log("A part of Mistral Desk is missing")
def test_a_guide_that_is_missing_is_said(qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT, warm=False) as desk:
            told: list[object] = []
            desk.notices.shown.connect(told.append)
            await press_f1(desk)
            await desk.tasks.settled()
            assert desk.window.overlay is None
            assert len(told) == 1

    def gone(*parts: str) -> Path:
        raise DeskError("resource.missing", name="/".join(parts))

    monkeypatch.setattr(reading, "resource", gone)
    window.run(qapp, scenario)
