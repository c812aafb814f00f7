"""Behind *Add models*: pickers, drops, the look into other programs' folders, and copies with their progress."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QFileDialog

from mistral_desk.core import amounts
from mistral_desk.core.errors import DeskError
from mistral_desk.core.words import tr
from mistral_desk.ui.library.add_sheet import AddSheet
from mistral_desk.ui.library.drop import model_drops
from mistral_desk.ui.tasks import ended

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mistral_desk.library.adopt import Adopting, Scanning
    from mistral_desk.library.candidates import Candidate
    from mistral_desk.ui.desk import Desk


class Adding(QObject):
    """Belongs to the library's door."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._sheet: AddSheet | None = None
        self._scan: asyncio.Task[object] | None = None
        self._copies: dict[str, asyncio.Task[object]] = {}
        drops = model_drops(desk.theme, desk.window, desk.window.ground)
        drops.dropped.connect(self.dropped)

    @property
    def _adopting(self) -> Adopting:
        return self._desk.services.adopting

    def ask(self) -> None:
        """Open the sheet and look what other programs hold."""
        desk = self._desk
        sheet = self._sheet = AddSheet(desk.theme, desk.window)
        sheet.finished.connect(lambda _result: self._closed(sheet))
        sheet.files_asked.connect(self._choose_files)
        sheet.folder_asked.connect(self._choose_folder)
        sheet.taken.connect(lambda found: desk.tasks.spawn(self._take(sheet, found), "add models"))
        sheet.copied.connect(lambda one: desk.tasks.spawn(self._copy(sheet, one), "copy a model"))
        sheet.stopped.connect(self._stop)
        desk.window.show_overlay(sheet)
        desk.tasks.spawn(self._look_around(sheet), "look for other programs' models")

    def dropped(self, paths: Sequence[Path]) -> None:
        """Files were dropped on the window."""
        if self._sheet is None:
            self.ask()
        self._desk.tasks.spawn(self._look_at(paths), "look at dropped files")

    async def register(self, path: Path) -> str | None:
        """A file that was opened by hand joins the library, in place; its id there. None where it is not whole."""
        try:
            found = [one for one in await self._adopting.look((path,)) if one.problem is None]
            if not found:
                return None
            taken = await self._adopting.take([one for one in found if not one.known])
        except DeskError:
            return None
        return taken[0].id if taken else None

    def _closed(self, sheet: AddSheet) -> None:
        if self._sheet is sheet:
            self._sheet = None
        if self._scan is not None:
            self._scan.cancel()

    def _choose_files(self) -> None:
        dialog = QFileDialog(self._desk.window, tr("Choose GGUF files"), str(Path.home()))
        dialog.setNameFilter(tr("Models ({pattern})", pattern="*.gguf"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        self._open(dialog)

    def _choose_folder(self) -> None:
        dialog = QFileDialog(self._desk.window, tr("Choose a folder with GGUF files"), str(Path.home()))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        self._open(dialog)

    def _open(self, dialog: QFileDialog) -> None:
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.filesSelected.connect(
            lambda names: self._desk.tasks.spawn(self._look_at([Path(name) for name in names]), "look at files")
        )
        dialog.open()

    async def _look_at(self, paths: Sequence[Path]) -> None:
        candidates = await self._adopting.look(tuple(paths))
        if self._sheet is not None:
            self._sheet.show_own(candidates)

    async def _look_around(self, sheet: AddSheet) -> None:
        loop = asyncio.get_running_loop()

        def show(now: Scanning) -> None:
            if self._sheet is sheet:
                sheet.show_looking(tr("Looking at {place}…", place=now.folder))

        def told(now: Scanning) -> None:
            loop.call_soon_threadsafe(show, now)

        task = loop.create_task(self._adopting.scan(told), name="scan for models")
        self._scan = task
        await ended(task)
        if not task.cancelled() and self._sheet is sheet:
            sheet.show_found(task.result())

    async def _take(self, sheet: AddSheet, candidates: Sequence[Candidate]) -> None:
        try:
            await self._adopting.take(tuple(candidates))
        except DeskError as error:
            if self._sheet is sheet:
                for one in candidates:
                    sheet.show_problem(one, error.problem)
            else:
                self._desk.notices.problem(error.problem)
            return
        if self._sheet is sheet:
            sheet.show_added(candidates)
        self._desk.shelf.look()

    async def _copy(self, sheet: AddSheet, candidate: Candidate) -> None:
        loop = asyncio.get_running_loop()

        def show(done: int, total: int) -> None:
            if self._sheet is sheet and candidate.id in self._copies:
                told = tr("{done} of {total}", done=amounts.file_size(done), total=amounts.file_size(total))
                sheet.show_work(candidate, done / max(1, total), told)

        def told(done: int, total: int) -> None:
            loop.call_soon_threadsafe(show, done, total)

        work = self._adopting.copy(candidate, told)
        task = self._copies[candidate.id] = loop.create_task(work, name="copy a model")
        show(0, candidate.bytes)
        try:
            await ended(task)
        finally:
            self._copies.pop(candidate.id, None)
        row = sheet.rows.get(candidate.id) if self._sheet is sheet else None
        if task.cancelled():
            if row is not None:
                sheet.end_work(candidate)
            return
        error = task.exception()
        if isinstance(error, DeskError):
            if row is not None:
                sheet.show_problem(candidate, error.problem)
            else:
                self._desk.notices.problem(error.problem)
            return
        if error is not None:
            raise error
        if row is not None:
            sheet.show_added((candidate,))
        self._desk.shelf.look()

    def _stop(self, candidate: Candidate) -> None:
        if (task := self._copies.get(candidate.id)) is not None:
            task.cancel()
