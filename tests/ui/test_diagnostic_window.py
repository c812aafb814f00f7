"""Settings → About makes a diagnostic report, shows every word of it, and saves exactly that."""

from __future__ import annotations

import errno
import zipfile
from typing import TYPE_CHECKING

import pytest
import shiboken6

from mistral_desk.diagnostic import bundle
from mistral_desk.inference import remote
from mistral_desk.ui.settings.diagnostic_sheet import DiagnosticSheet
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.note import Note
from tests.fixtures import fake_worker
from tests.ui import window

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QApplication

    from mistral_desk.ui.desk import Desk
    from mistral_desk.ui.notify import Notice

SCRIPT = fake_worker.answering("Yes.")


@pytest.fixture(autouse=True)
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The report's own worker says what is scripted."""
    (tmp_path / "asked").mkdir()
    command = fake_worker.command(tmp_path / "asked", SCRIPT)
    monkeypatch.setattr(remote, "worker_command", lambda: command)


async def asked(desk: Desk) -> DiagnosticSheet:
    """The button of the page is pressed."""
    desk.window.open_settings("about")
    await window.drawn()
    section = desk.settings.sections["about"]
    window.click(next(one for one in section.findChildren(Button) if one.text() == "Save a diagnostic report…"))
    sheet = desk.window.overlay
    assert isinstance(sheet, DiagnosticSheet)
    return sheet


def test_all_of_it_is_shown_and_that_is_saved(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            told: list[Notice] = []
            desk.notices.shown.connect(told.append)
            sheet = await asked(desk)
            assert sheet.save is None, "there is nothing to save yet"
            await desk.tasks.settled()
            await window.drawn()
            assert sheet.choices is not None
            assert sheet.text is not None
            shown = {}
            for name, button in sheet.choices.buttons.items():
                window.click(button)
                shown[name] = sheet.text.toPlainText()
            assert list(shown) == ["report.txt", "settings.json", "models.txt", "log.txt"]
            assert "fake llama.cpp" in shown["report.txt"]

            (tmp_path / "file").write_bytes(b"")
            desk.report.write(sheet, tmp_path / "file" / "r.zip")
            await desk.tasks.settled()
            assert sheet.findChildren(Note), "why it was not saved; what would be saved is there still"
            assert desk.window.overlay is sheet

            desk.report.write(sheet, tmp_path / "r.zip")
            await desk.tasks.settled()
            await window.drawn()
            assert not shiboken6.isValid(sheet), "it has gone"
            with zipfile.ZipFile(tmp_path / "r.zip") as archive:
                assert {name: archive.read(name).decode() for name in archive.namelist()} == shown
            assert told[-1].words.title == "The diagnostic report is saved"

    window.run(qapp, scenario)


def test_called_off_it_ends(qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []
    files = bundle.of

    async def noted(*given: object) -> tuple[bundle.File, ...]:
        made.append(given)
        return await files(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(bundle, "of", noted)

    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            sheet = await asked(desk)
            await window.drawn()
            sheet.reject()
            await desk.tasks.settled()
            assert made == []
            assert desk.window.overlay is None
            again = await asked(desk)
            await desk.tasks.settled()
            assert again.files
            again.reject()

    window.run(qapp, scenario)


@pytest.mark.allow_log("there is no diagnostic report")
def test_why_there_is_none_is_told_once(qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(*_given: object) -> tuple[bundle.File, ...]:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(bundle, "of", fails)

    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            told: list[Notice] = []
            desk.notices.shown.connect(told.append)
            sheet = await asked(desk)
            await desk.tasks.settled()
            assert len(sheet.findChildren(Note)) == 1
            assert told == [], "the sheet is open and says it"
            assert sheet.save is None
            sheet.reject()

    window.run(qapp, scenario)
