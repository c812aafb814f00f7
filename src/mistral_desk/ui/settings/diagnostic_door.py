"""What the window does for a diagnostic report: makes it, shows all of it, and saves it where the person says."""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QStandardPaths, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog

from mistral_desk.core.errors import DeskError, Words, as_problem
from mistral_desk.core.words import tr
from mistral_desk.ui.notify import Notice
from mistral_desk.ui.system.reveal import reveal

if TYPE_CHECKING:
    from mistral_desk.diagnostic.bundle import File
    from mistral_desk.ui.desk import Desk
    from mistral_desk.ui.settings.diagnostic_sheet import DiagnosticSheet

_log: Final = logging.getLogger(__name__)
_SAID_SECONDS: Final = 8


class DiagnosticDoor(QObject):
    """Belongs to the desk. What makes a report is imported when somebody wants one."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._sheet: DiagnosticSheet | None = None
        self._making: asyncio.Task[object] | None = None
        desk.settings.report_asked.connect(self.open)

    def open(self) -> None:
        """Show the report as soon as it is there."""
        from mistral_desk.ui.settings.diagnostic_sheet import DiagnosticSheet  # noqa: PLC0415

        desk = self._desk
        self._closed()
        sheet = self._sheet = DiagnosticSheet(desk.theme, desk.window)
        desk.tasks.spawn(self._make(sheet), "make a diagnostic report")
        sheet.finished.connect(lambda _result: self._closed())
        sheet.wanted.connect(lambda: self._ask_where(sheet))
        desk.window.show_overlay(sheet)

    def _closed(self) -> None:
        self._sheet = None
        if self._making is not None:
            self._making.cancel()
            self._making = None

    async def _make(self, sheet: DiagnosticSheet) -> None:
        from mistral_desk.diagnostic import bundle  # noqa: PLC0415
        from mistral_desk.diagnostic.report import drawn_by, examine  # noqa: PLC0415

        self._making = asyncio.current_task()
        try:
            report = await examine(drawn_by(QGuiApplication.platformName()))
            files = await bundle.of(report, self._desk.services.folders)
        except Exception as error:
            if self._sheet is not sheet:
                raise
            _log.exception("there is no diagnostic report")
            sheet.show_trouble(as_problem(error))
            return
        finally:
            if self._making is asyncio.current_task():
                self._making = None
        if self._sheet is sheet:
            sheet.show_files(files)

    def _ask_where(self, sheet: DiagnosticSheet) -> None:
        name = f"mistral-desk-report-{time.strftime('%Y-%m-%d')}.zip"
        documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        folder = Path(documents) if documents and Path(documents).is_dir() else Path.home()
        dialog = QFileDialog(self._desk.window, tr("Save the diagnostic report"), str(folder / name))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter(f"{tr('ZIP files')} (*.zip)")
        dialog.setDefaultSuffix("zip")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda path: self.write(sheet, Path(path)))
        dialog.open()

    def write(self, sheet: DiagnosticSheet, target: Path) -> None:
        """The place was chosen: save exactly what is shown."""
        self._desk.tasks.spawn(self._write(sheet, sheet.files, target), "save a diagnostic report")

    async def _write(self, sheet: DiagnosticSheet, files: tuple[File, ...], target: Path) -> None:
        from mistral_desk.diagnostic import bundle  # noqa: PLC0415

        try:
            await asyncio.to_thread(bundle.save, files, target)
        except DeskError as error:
            if self._sheet is sheet:
                sheet.show_files(files, error.problem)
            else:
                self._desk.notices.problem(error.problem)
            return
        if self._sheet is sheet:
            sheet.accept()
        words = Words(tr("The diagnostic report is saved"), str(target), "")

        def show() -> None:
            self._desk.tasks.spawn(reveal(target), "show a file")

        self._desk.notices.show(Notice("success", words, tr("Show in folder"), show, _SAID_SECONDS))
