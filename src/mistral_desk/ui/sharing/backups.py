"""The backups of the chats: a sheet that lists them, one more at a wish, and one in the place of the present chats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from mistral_desk.core import amounts
from mistral_desk.core.errors import DeskError, Words
from mistral_desk.core.words import beside, mark, tr, trn
from mistral_desk.ui.chat.gate import RESTORING
from mistral_desk.ui.notify import Notice
from mistral_desk.ui.theme.tokens import RADIUS, SPACE
from mistral_desk.ui.widgets.ask import Question
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.focus import has_keyboard
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.panel import Panel
from mistral_desk.ui.widgets.paragraph import Paragraph
from mistral_desk.ui.widgets.sheet import Sheet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mistral_desk.chat.copies import Backup, Kind
    from mistral_desk.ui.desk import Desk
    from mistral_desk.ui.sharing.your_data import YourData
    from mistral_desk.ui.theme.theme import Theme

KINDS: Final[dict[Kind, str]] = {
    "daily": mark("Made once a day"),
    "closed": mark("Made when the program was closed"),
    "migration": mark("Made before an update"),
    "own": mark("Made by you"),
    "replaced": mark("Your chats as they were before you restored another backup"),
}
BIN: Final = mark("A backup may still hold chats that you have deleted for good since.")
SAID_SECONDS: Final = 8


def moment(backup: Backup) -> str:
    """When it was made, as a person here writes it."""
    return amounts.moment(backup.created)


def facts(backup: Backup) -> str:
    """What is in it, and how large it is."""
    size = amounts.file_size(backup.bytes)
    if backup.conversations is None or backup.messages is None:
        return tr("{size} · it cannot be read", size=size)
    chats = trn("{n} chat", "{n} chats", backup.conversations)
    messages = trn("{n} message", "{n} messages", backup.messages)
    return beside(chats, messages, size)


class BackupRow(Panel):
    """One of them."""

    restore = Signal()
    delete = Signal()

    def __init__(self, theme: Theme, backup: Backup, parent: QWidget) -> None:
        super().__init__(theme, parent, name=moment(backup), radius=RADIUS)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(Label(theme, moment(backup), strong=True, wrap=True, parent=self))
        readable = backup.conversations is not None
        ink = "muted" if readable else "warning"
        words.addWidget(Label(theme, facts(backup), "small", ink=ink, wrap=True, parent=self))
        words.addWidget(Label(theme, tr(KINDS[backup.kind]), "small", ink="muted", wrap=True, parent=self))
        row = QHBoxLayout(self)
        row.setContentsMargins(SPACE[2], SPACE[2], SPACE[2], SPACE[2])
        row.setSpacing(SPACE[1])
        row.addLayout(words, 1)
        text = tr("Restore…")
        name = tr("{what}: {file}", what=text, file=moment(backup))
        self.back = Button(theme, name, text=text, kind="outline", small=True, parent=self)
        self.back.setToolTip("")
        self.back.setEnabled(readable)
        self.back.clicked.connect(self.restore)
        row.addWidget(self.back, 0, Qt.AlignmentFlag.AlignVCenter)
        name = tr("{what}: {file}", what=tr("Delete the backup"), file=moment(backup))
        self.away = Button(theme, name, icon="trash", small=True, muted=True, parent=self)
        self.away.clicked.connect(self.delete)
        row.addWidget(self.away, 0, Qt.AlignmentFlag.AlignVCenter)


class BackupsSheet(Sheet):
    """Shows what it is given; signals go up."""

    make = Signal()
    restore = Signal(object)
    delete = Signal(object)
    widest = 640

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, tr("Backups of your chats"), parent)
        self.rows: list[BackupRow] = []
        self.now = self.button(tr("Back up now"))
        self.now.clicked.connect(self.make)
        self.button(tr("Done"), primary=True).clicked.connect(self.accept)
        self.show_backups(())

    def show_backups(self, backups: Sequence[Backup]) -> None:
        """These there are, the newest first. The keyboard stays at its place in the list."""
        theme = self._theme
        place = next((place for place, row in enumerate(self.rows) if has_keyboard(row)), -1)
        away = place >= 0 and has_keyboard(self.rows[place].away)
        holder, column = self.anew()
        text = tr("One of them can take the place of your chats as they are now, which are kept as one more backup.")
        column.addWidget(Paragraph(theme, text, "small", ink="muted", parent=holder))
        self.rows = []
        for backup in backups:
            row = BackupRow(theme, backup, holder)
            row.restore.connect(lambda backup=backup: self.restore.emit(backup))
            row.delete.connect(lambda backup=backup: self.delete.emit(backup))
            column.addWidget(row)
            self.rows.append(row)
        if not backups:
            column.addWidget(Label(theme, tr("There is no backup yet."), wrap=True, parent=holder))
        column.addWidget(Paragraph(theme, tr(BIN), "small", ink="muted", parent=holder))
        self.order()
        if place >= 0 and self.rows:
            row = self.rows[min(place, len(self.rows) - 1)]
            row.show()
            (row.away if away or not row.back.isEnabled() else row.back).setFocus()
        elif place >= 0:
            self.now.setFocus()


class BackupsDoor(QObject):
    """Belongs to the door of sharing."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._data: YourData | None = None
        self._sheet: BackupsSheet | None = None
        self._works = False

    def serve(self, data: YourData) -> None:
        """The settings have their rows now."""
        self._data = data
        data.opened.connect(lambda: self._desk.tasks.spawn(self._look(), "look at the backups"))
        data.make.connect(self._make)
        data.show_all.connect(self.show)

    def show(self) -> None:
        """The list of them."""
        desk = self._desk
        sheet = self._sheet = BackupsSheet(desk.theme, desk.window)
        sheet.finished.connect(lambda _result: self._closed(sheet))
        sheet.make.connect(self._make)
        sheet.restore.connect(self._ask)
        sheet.delete.connect(self._ask_away)
        desk.window.show_overlay(sheet)
        desk.tasks.spawn(self._look(), "look at the backups")

    def _closed(self, sheet: BackupsSheet) -> None:
        if self._sheet is sheet:
            self._sheet = None

    async def _look(self) -> None:
        found = await self._desk.services.backups.list()
        if self._sheet is not None:
            self._sheet.show_backups(found)
        if self._data is not None:
            last = tr("The latest: {moment}, {facts}", moment=moment(found[0]), facts=facts(found[0])) if found else ""
            self._data.show_last(last)

    def _make(self) -> None:
        if not self._works:
            self._desk.tasks.spawn(self._make_one(), "back up the chats")

    async def _make_one(self) -> None:
        self._works = True
        try:
            made = await self._desk.services.backups.make()
        except DeskError as error:
            self._desk.notices.problem(error.problem)
            return
        finally:
            self._works = False
        words = Words(tr("A backup was made"), facts(made), "")
        self._desk.notices.show(Notice("success", words, seconds=SAID_SECONDS))
        await self._look()

    # --- in the place of the present ones -----------------------------------------------------------

    def _ask(self, backup: Backup) -> None:
        desk = self._desk
        text = tr(
            "Your chats will be as they were on {moment}: {facts}. The chats as they are now are kept as one more "
            "backup first, so that you can come back to them. An answer that is being written ends.",
            moment=moment(backup),
            facts=facts(backup),
        )
        question = Question(
            desk.theme, tr("Restore this backup?"), f"{text}\n\n{tr(BIN)}", yes=tr("Restore"), parent=self._below()
        )
        question.accepted.connect(lambda: desk.tasks.spawn(self._restore(backup), "restore a backup"))
        desk.window.show_overlay(question, above=self._sheet is not None)

    async def _restore(self, backup: Backup) -> None:
        if self._works:
            return
        self._works = True
        desk = self._desk
        try:
            done = await desk.services.backups.restore(backup)
        except DeskError as error:
            desk.notices.problem(error.problem)
            return
        finally:
            self._works = False
            desk.notices.over.emit(RESTORING)
        kept = tr("Those of before are kept as a backup of {moment}.", moment=moment(done.kept)) if done.kept else ""
        words = Words(tr("The chats of {moment} are back", moment=moment(backup)), kept, "")
        desk.notices.show(Notice("success", words, seconds=2 * SAID_SECONDS))
        if self._sheet is not None:
            self._sheet.accept()
        await desk.refresh()
        await self._look()

    # --- away -----------------------------------------------------------------------------------------

    def _ask_away(self, backup: Backup) -> None:
        desk = self._desk
        text = tr("{moment}: {facts}. It cannot be brought back.", moment=moment(backup), facts=facts(backup))
        title, yes = tr("Delete this backup?"), tr("Delete the backup")
        question = Question(desk.theme, title, text, yes=yes, final=True, parent=self._below())
        question.accepted.connect(lambda: desk.tasks.spawn(self._delete(backup), "delete a backup"))
        desk.window.show_overlay(question, above=self._sheet is not None)

    async def _delete(self, backup: Backup) -> None:
        try:
            await self._desk.services.backups.delete(backup)
        except DeskError as error:
            self._desk.notices.problem(error.problem)
        await self._look()

    def _below(self) -> QWidget:
        """What a question stands over: the list, which is there again afterwards."""
        return self._desk.window if self._sheet is None else self._sheet
