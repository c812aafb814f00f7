"""What the window does about chats that go out and come in: asks where to, works, and shows what came of it."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from PySide6.QtCore import QObject, QStandardPaths, Qt
from PySide6.QtWidgets import QFileDialog

from mistral_desk.chat.sharing.coming import Come, take
from mistral_desk.chat.sharing.names import safe
from mistral_desk.chat.sharing.out import Export, every_id
from mistral_desk.core.errors import DeskError, Words, as_problem
from mistral_desk.core.words import tr
from mistral_desk.ui.notify import Notice
from mistral_desk.ui.sharing.backups import BackupsDoor
from mistral_desk.ui.sharing.drop import ChatDrops
from mistral_desk.ui.sharing.export_sheet import FORMATS, ExportSheet
from mistral_desk.ui.sharing.import_sheet import ImportSheet, summary
from mistral_desk.ui.system.reveal import reveal

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from mistral_desk.chat.sharing.out import Gone
    from mistral_desk.chat.sharing.shared import Wish
    from mistral_desk.ui.desk import Desk

_T = TypeVar("_T")
SAID_SECONDS: Final = 8


class Sharing(QObject):
    """Belongs to the desk."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._folder = ""
        """Where the last file was chosen, in this run."""
        self._task: asyncio.Task[Any] | None = None
        drops = ChatDrops(desk.theme, desk.window.sidebar)
        drops.dropped.connect(self.take)
        self.backups = BackupsDoor(desk)
        desk.settings.made.connect(self._serve)

    def _serve(self) -> None:
        data = self._desk.settings.data
        data.export_all.connect(self.export_all)
        data.import_asked.connect(self.import_files)
        data.reveal.connect(lambda: self._desk.tasks.spawn(self._reveal_data(), "show the data folder"))
        self.backups.serve(data)

    # --- out ----------------------------------------------------------------------------------------

    def export(self, ids: Sequence[int]) -> None:
        """Ask how these chats go out."""
        if ids:
            self._desk.tasks.spawn(self._ask_out(tuple(ids)), "export chats")

    def export_all(self) -> None:
        """The same for every chat but the deleted ones."""
        self._desk.tasks.spawn(self._ask_all(), "export all chats")

    async def _ask_all(self) -> None:
        ids = await every_id(self._desk.services.history)
        if ids:
            await self._ask_out(ids)
        else:
            words = Words(tr("There are no chats yet"), "", "")
            self._desk.notices.show(Notice("info", words, seconds=SAID_SECONDS))

    async def _ask_out(self, ids: tuple[int, ...]) -> None:
        desk = self._desk
        title = ""
        if len(ids) == 1:
            conversation = await desk.services.history.conversation(ids[0])
            title = conversation.title or tr("A chat without a title")
        sheet = ExportSheet(desk.theme, len(ids), title, desk.window)
        sheet.wanted.connect(lambda wish: self._ask_where(sheet, ids, title, wish))
        sheet.stopped.connect(self._stop)
        desk.window.show_overlay(sheet)

    def _ask_where(self, sheet: ExportSheet, ids: tuple[int, ...], title: str, wish: Wish) -> None:
        many = len(ids) > 1
        ending = "zip" if many else wish.format
        name = safe(title, tr("Chat"))
        if many:
            name = tr("Mistral Desk chats {day}", day=time.strftime("%Y-%m-%d"))
        dialog = QFileDialog(self._desk.window, tr("Export chats"), str(self._place() / f"{name}.{ending}"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        kind = tr("ZIP files") if many else FORMATS[wish.format][0]
        dialog.setNameFilter(f"{kind} (*.{ending})")
        dialog.setDefaultSuffix(ending)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda path: self.write(sheet, ids, Path(path), wish))
        dialog.open()

    def write(self, sheet: ExportSheet, ids: tuple[int, ...], target: Path, wish: Wish) -> None:
        """The place was chosen: go."""
        self._folder = str(target.parent)
        sheet.show_work()
        self._desk.tasks.spawn(self._write(sheet, ids, target, wish), "write chats")

    async def _write(self, sheet: ExportSheet, ids: tuple[int, ...], target: Path, wish: Wish) -> None:
        services = self._desk.services
        run = Export(
            services.history, services.pictures, ids, target, wish, "zip" if len(ids) > 1 else "file",
            told=lambda now: sheet.show_going(now) if sheet.works else None,
        )  # fmt: skip
        if wish.format == "pdf":
            from mistral_desk.ui.sharing import pdf  # noqa: PLC0415 - Qt's printer, which most days nobody needs

            run.writer = pdf.write
        try:
            gone = await self._ended(run.run())
        except DeskError as error:
            if sheet.works:
                sheet.ask(wish, error.problem)
            else:
                self._desk.notices.problem(error.problem)
            return
        except Exception as error:
            if sheet.works:
                sheet.ask(wish, as_problem(error))
            raise
        if gone is None:
            words = Words(tr("The export was stopped"), tr("Nothing half written was left."), "")
            self._desk.notices.show(Notice("info", words, seconds=SAID_SECONDS))
        elif sheet.works:
            sheet.reveal.connect(lambda: self._reveal(gone))
            sheet.show_done(gone)

    def _reveal(self, gone: Gone) -> None:
        self._desk.tasks.spawn(reveal(gone.path), "show a file")

    async def _reveal_data(self) -> None:
        await reveal(self._desk.services.folders.history)

    # --- in -----------------------------------------------------------------------------------------

    def import_files(self) -> None:
        """Ask which files."""
        self._open()

    def take(self, paths: Sequence[Path]) -> None:
        """Files were dropped: take in what is in them."""
        sheet = self._open()
        if not sheet.works:
            self._begin(sheet, paths)

    def _open(self) -> ImportSheet:
        desk = self._desk
        if isinstance(desk.window.overlay, ImportSheet):
            return desk.window.overlay
        sheet = ImportSheet(desk.theme, desk.window)
        sheet.choose.connect(lambda: self._ask_which(sheet))
        sheet.stopped.connect(self._stop)
        desk.window.show_overlay(sheet)
        return sheet

    def _ask_which(self, sheet: ImportSheet) -> None:
        dialog = QFileDialog(self._desk.window, tr("Import chats"), str(self._place()))
        dialog.setNameFilter(tr("Exported chats ({pattern})", pattern="*.zip *.json"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.filesSelected.connect(lambda names: self._begin(sheet, [Path(name) for name in names]))
        dialog.open()

    def _begin(self, sheet: ImportSheet, paths: Sequence[Path]) -> None:
        if paths:
            self._folder = str(paths[0].parent)
        sheet.show_work()
        self._desk.tasks.spawn(self._take(sheet, tuple(paths)), "import chats")

    async def _take(self, sheet: ImportSheet, paths: tuple[Path, ...]) -> None:
        services = self._desk.services
        last = Come()

        def told(now: Come) -> None:
            nonlocal last
            last = now
            if sheet.works:
                sheet.show_come(now)

        try:
            come = await self._ended(take(services.history, services.pictures, paths, told))
        except DeskError as error:
            if sheet.works:
                sheet.ask(error.problem)
            else:
                self._desk.notices.problem(error.problem)
        except Exception as error:
            if sheet.works:
                sheet.ask(as_problem(error))
            raise
        else:
            if come is None:
                words = Words(
                    tr("The import was stopped"), tr("What had come until then stays: {what}", what=summary(last)), ""
                )
                if not summary(last):
                    words = Words(tr("The import was stopped"), "", "")
                self._desk.notices.show(Notice("info", words, seconds=SAID_SECONDS))
            elif sheet.works:
                sheet.show_done(come)
        await self._desk.refresh()

    # --- both ---------------------------------------------------------------------------------------

    async def _ended(self, work: Coroutine[object, object, _T]) -> _T | None:
        """The work's result; None where it was called off. It ends with the window."""
        task = self._task = asyncio.get_running_loop().create_task(work, name="chats out or in")
        try:
            await asyncio.wait((task,))
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.wait((task,))
            raise
        finally:
            self._task = None
        return None if task.cancelled() else task.result()

    def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _place(self) -> Path:
        documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        return Path(self._folder or documents or Path.home())
