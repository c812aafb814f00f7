"""What the window does about chats that go out and come in: asks where to, works, and shows what came of it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QStandardPaths, Qt
from PySide6.QtWidgets import QFileDialog

from mistral_desk.chat.titles import called, title_from
from mistral_desk.core import amounts
from mistral_desk.core.errors import DeskError, Words, as_problem
from mistral_desk.core.words import tr, trn
from mistral_desk.ui.notify import Notice
from mistral_desk.ui.sharing.backups import BackupsDoor
from mistral_desk.ui.sharing.drop import ChatDrops
from mistral_desk.ui.sharing.running import Running
from mistral_desk.ui.system.reveal import reveal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mistral_desk.chat.sharing.coming import Come
    from mistral_desk.chat.sharing.out import Going, Pack
    from mistral_desk.chat.sharing.shared import Wish
    from mistral_desk.ui.desk import Desk
    from mistral_desk.ui.notify import Kind
    from mistral_desk.ui.sharing.export_sheet import ExportSheet
    from mistral_desk.ui.sharing.import_sheet import ImportSheet

SAID_SECONDS: Final = 8


class Sharing(QObject):
    """Belongs to the desk. Formats and sheets are imported when somebody wants them: no start waits for them."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._folder = ""
        """Where the last file was chosen, in this run."""
        self._about = (1, "")
        """How many chats are on their way out, and the title of a single one."""
        self.out: Running[ExportSheet] = Running(self)
        self.come: Running[ImportSheet] = Running(self)
        drops = ChatDrops(desk.theme, desk.window.sidebar)
        drops.dropped.connect(self.take)
        self.backups = BackupsDoor(desk)
        desk.settings.made.connect(self._serve)

    def _serve(self) -> None:
        data = self._desk.settings.data
        data.export_all.connect(self.export_all)
        data.import_asked.connect(self.import_files)
        data.reveal.connect(lambda: self._reveal(self._desk.services.folders.history))
        self.backups.serve(data)

    # --- out ----------------------------------------------------------------------------------------

    def export(self, ids: Sequence[int]) -> None:
        """Ask how these chats go out; while some are on their way, show how far they are."""
        if self.out.busy:
            self._open_out(*self._about).show_work()
        elif ids:
            self._desk.tasks.spawn(self._ask_out(tuple(ids)), "export chats")

    def export_all(self) -> None:
        """The same for every chat but the deleted ones."""
        self._desk.tasks.spawn(self._ask_all(), "export all chats")

    async def _ask_all(self) -> None:
        from mistral_desk.chat.sharing.out import every_id  # noqa: PLC0415

        ids = await every_id(self._desk.services.history)
        if ids:
            self.export(ids)
        else:
            self._say("info", Words(tr("There are no chats yet"), "", ""))

    async def _ask_out(self, ids: tuple[int, ...]) -> None:
        title = ""
        if len(ids) == 1:
            conversation = await self._desk.services.history.conversation(ids[0])
            title = called(conversation.title)
        sheet = self._open_out(len(ids), title)
        self._about = len(ids), title
        sheet.wanted.connect(lambda wish: self._ask_where(sheet, ids, title, wish))

    def _open_out(self, count: int, title: str) -> ExportSheet:
        from mistral_desk.ui.sharing.export_sheet import ExportSheet  # noqa: PLC0415

        desk = self._desk
        sheet = ExportSheet(desk.theme, count, title_from(title), desk.window)
        sheet.stopped.connect(self.out.stop)
        self.out.show(sheet)
        desk.window.show_overlay(sheet)
        return sheet

    def _ask_where(self, sheet: ExportSheet, ids: tuple[int, ...], title: str, wish: Wish) -> None:
        from mistral_desk.chat.sharing.names import safe  # noqa: PLC0415
        from mistral_desk.ui.sharing.export_sheet import FORMATS  # noqa: PLC0415

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
        if self.out.sheet is sheet:
            sheet.show_work()
        self._desk.tasks.spawn(self._write(ids, target, wish), "write chats")

    async def _write(self, ids: tuple[int, ...], target: Path, wish: Wish) -> None:
        from mistral_desk.chat.sharing.out import Export  # noqa: PLC0415

        services, out = self._desk.services, self.out

        def told(now: Going) -> None:
            if out.sheet is not None:
                out.sheet.show_going(now)

        pack: Pack = "zip" if len(ids) > 1 else "file"
        run = Export(services.history, services.pictures, ids, target, wish, pack, told)
        if wish.format == "pdf":
            from mistral_desk.ui.sharing import pdf  # noqa: PLC0415 - Qt's printer, which most days nobody needs

            run.writer = pdf.write
        try:
            gone = await out.ended(run.run())
        except DeskError as error:
            if out.sheet is not None:
                out.sheet.ask(wish, error.problem)
            else:
                self._desk.notices.problem(error.problem)
            return
        except Exception as error:
            if out.sheet is not None:
                out.sheet.ask(wish, as_problem(error))
            raise
        if gone is None:
            self._say("info", Words(tr("The export was stopped"), tr("Nothing half written was left."), ""))
        elif out.sheet is not None:
            out.sheet.reveal.connect(lambda: self._reveal(gone.path))
            out.sheet.show_done(gone)
        else:
            text = trn("{n} chat was exported, {size}.", "{n} chats were exported, {size}.", gone.chats,
                       size=amounts.file_size(gone.bytes))  # fmt: skip
            self._say("success", Words(text, str(gone.path), ""), lambda: self._reveal(gone.path))

    # --- in -----------------------------------------------------------------------------------------

    def import_files(self) -> None:
        """Ask which files; while some are on their way, show how far they are."""
        self._open_in()

    def take(self, paths: Sequence[Path]) -> None:
        """Files were dropped: take in what is in them."""
        sheet = self._open_in()
        if not self.come.busy:
            self._begin(sheet, paths)

    def _open_in(self) -> ImportSheet:
        from mistral_desk.ui.sharing.import_sheet import ImportSheet  # noqa: PLC0415

        desk = self._desk
        if self.come.sheet is not None:
            return self.come.sheet
        sheet = ImportSheet(desk.theme, desk.window)
        sheet.choose.connect(lambda: self._ask_which(sheet))
        sheet.stopped.connect(self.come.stop)
        self.come.show(sheet)
        desk.window.show_overlay(sheet)
        if self.come.busy:
            sheet.show_work()
        return sheet

    def _ask_which(self, sheet: ImportSheet) -> None:
        dialog = QFileDialog(self._desk.window, tr("Import chats"), str(self._place()))
        dialog.setNameFilter(tr("Exported chats ({pattern})", pattern="*.zip *.json"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.filesSelected.connect(lambda names: self._begin(sheet, [Path(name) for name in names]))
        dialog.open()

    def _begin(self, sheet: ImportSheet, paths: Sequence[Path]) -> None:
        if not paths or self.come.busy:
            return
        self._folder = str(paths[0].parent)
        if self.come.sheet is sheet:
            sheet.show_work()
        self._desk.tasks.spawn(self._take(tuple(paths)), "import chats")

    async def _take(self, paths: tuple[Path, ...]) -> None:
        from mistral_desk.chat.sharing.coming import Come, take  # noqa: PLC0415
        from mistral_desk.ui.sharing.import_sheet import summary  # noqa: PLC0415

        services, come = self._desk.services, self.come
        last = Come()

        def told(now: Come) -> None:
            nonlocal last
            last = now
            if come.sheet is not None:
                come.sheet.show_come(now)

        try:
            done = await come.ended(take(services.history, services.pictures, paths, told))
        except DeskError as error:
            if come.sheet is not None:
                come.sheet.ask(error.problem)
            else:
                self._desk.notices.problem(error.problem)
        except Exception as error:
            if come.sheet is not None:
                come.sheet.ask(as_problem(error))
            raise
        else:
            if done is None:
                what = summary(last)
                stays = tr("What had come until then stays: {what}", what=what) if what else ""
                self._say("info", Words(tr("The import was stopped"), stays, ""))
            elif come.sheet is not None:
                come.sheet.show_done(done)
            else:
                self._say("success", Words(tr("The import is done"), summary(done), ""))
        await self._desk.refresh()

    # --- both ---------------------------------------------------------------------------------------

    def _say(self, kind: Kind, words: Words, show: Callable[[], None] | None = None) -> None:
        """Tell it where no sheet is open; with a way to the file."""
        action = tr("Show in folder") if show is not None else ""
        self._desk.notices.show(Notice(kind, words, action, show, SAID_SECONDS))

    def _reveal(self, path: Path) -> None:
        self._desk.tasks.spawn(reveal(path), "show a file")

    def _place(self) -> Path:
        documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        there = (Path(one) for one in (self._folder, documents) if one and Path(one).is_dir())
        return next(there, Path.home())  # not every home has Documents, and a stick may be gone
