"""The states of chats that go out and come in, and of their backups: choices, work, ends, trouble."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from mistral_desk.chat.copies import Backup
from mistral_desk.chat.sharing.coming import Aside, Come
from mistral_desk.chat.sharing.out import Going, Gone
from mistral_desk.chat.sharing.shared import Wish
from mistral_desk.chat.titles import title_from
from mistral_desk.core.errors import Problem
from mistral_desk.ui.sharing.backups import BackupsSheet
from mistral_desk.ui.sharing.export_sheet import FORMATS, ExportSheet
from mistral_desk.ui.sharing.import_sheet import ImportSheet
from tools.gallery import texts
from tools.gallery.declare import listed, ready, state
from tools.gallery.stage import idle

if TYPE_CHECKING:
    from tools.gallery.stage import Stage

FOLDER: Final = Path("/home/anna/Documents")
TITLE: Final = "Kürbissuppe ohne Sahne"
THEIRS: Final = (
    TITLE,
    title_from(texts.LONG_TITLE),
    *(name for name, _ in FORMATS.values()),
    *("Steuererklärung 2024", "Old plans", "conversations.json", "Documents", "/home/anna/Documents/chats.zip"),
    *("read-only file system", str(FOLDER / f"{TITLE}.md"), "anna", "README.pdf"),
)
WHEN: Final = 1_775_000_000.0
BACKUPS: Final = (
    Backup("/x/own-20260401-001320.sqlite3", "own", WHEN, 48_300_000, 412, 9_871),
    Backup("/x/daily-20260331.sqlite3", "daily", WHEN - 86_400, 47_900_000, 411, 9_853),
    Backup("/x/daily-20260330.sqlite3", "daily", WHEN - 2 * 86_400, 120_000, None, None),
    Backup("/x/closed.sqlite3", "closed", WHEN - 3 * 86_400, 47_100_000, 1, 2),
    Backup("/x/before-migration-from-2.sqlite3", "migration", WHEN - 90 * 86_400, 31_000_000, 290, 6_020),
)


async def export_sheet(stage: Stage, count: int, title: str) -> ExportSheet:
    """The sheet over a chat."""
    await ready(stage)
    await listed(stage)
    made = ExportSheet(stage.theme, count, title, stage.desk.window)
    stage.desk.window.show_overlay(made)
    await idle(2)
    return made


@state()
async def export(stage: Stage) -> None:
    """One chat goes out: as what, with what."""
    await export_sheet(stage, 1, TITLE)


@state()
async def export_many(stage: Stage) -> None:
    """Many chats: one ZIP file, and why; JSON, the thoughts asked for."""
    sheet = await export_sheet(stage, 412, "")
    sheet.format.choose("json")
    sheet.thinking.setChecked(True)
    await idle(2)


@state()
async def export_work(stage: Stage) -> None:
    """Many chats are being written; it can be cancelled."""
    sheet = await export_sheet(stage, 412, "")
    sheet.show_work()
    sheet.show_going(Going(131, 412, texts.LONG_TITLE.strip(), 0.318))
    await idle(2)


@state()
async def export_done(stage: Stage) -> None:
    """Where it is; two pictures were missing."""
    sheet = await export_sheet(stage, 412, "")
    sheet.show_work()
    sheet.show_done(Gone(FOLDER / "chats.zip", 412, (), 18_400_000, 2))
    await idle(2)


@state()
async def export_trouble(stage: Stage) -> None:
    """It could not be written there; the choices are there again."""
    sheet = await export_sheet(stage, 1, TITLE)
    path = str(FOLDER / f"{TITLE}.md")
    sheet.ask(Wish("html"), Problem("sharing.not_written", {"path": path, "reason": "read-only file system"}))
    await idle(2)


async def import_sheet(stage: Stage) -> ImportSheet:
    """The sheet over a chat."""
    await ready(stage)
    await listed(stage)
    made = ImportSheet(stage.theme, stage.desk.window)
    stage.desk.window.show_overlay(made)
    await idle(2)
    return made


@state()
async def import_chats(stage: Stage) -> None:
    """What can come in."""
    await import_sheet(stage)


@state()
async def import_work(stage: Stage) -> None:
    """An export is being read."""
    sheet = await import_sheet(stage)
    sheet.show_work()
    sheet.show_come(Come(0.61, 1_204, 37, 2))
    await idle(2)


@state()
async def import_done(stage: Stage) -> None:
    """What came of it: new ones, known ones, and three that were set aside, each with its reason."""
    sheet = await import_sheet(stage)
    sheet.show_work()
    told = (
        Aside("Steuererklärung 2024", Problem("sharing.circle")),
        Aside("", Problem("sharing.broken")),
        Aside(texts.LONG_TITLE.strip(), Problem("sharing.empty")),
        Aside("conversations.json", Problem("sharing.ends", {"name": "conversations.json"})),
    )
    sheet.show_done(Come(1.0, 1_931, 37, 61, told, 14))
    await idle(2)


@state()
async def import_trouble(stage: Stage) -> None:
    """The file holds no chats."""
    sheet = await import_sheet(stage)
    sheet.show_work()
    sheet.ask(Problem("sharing.unknown", {"name": "README.pdf"}))
    await idle(2)


@state()
async def settings_data(stage: Stage) -> None:
    """All chats out, others in, backups, and where everything lies."""
    await ready(stage)
    await listed(stage)
    stage.desk.window.open_settings("data")
    await stage.desk.tasks.settled()


@state()
async def backups(stage: Stage) -> None:
    """The list: one of each kind, one of them broken."""
    await settings_data(stage)
    sheet = BackupsSheet(stage.theme, stage.desk.window)
    stage.desk.window.show_overlay(sheet)
    sheet.show_backups(BACKUPS)
    await idle(2)


@state()
async def backups_none(stage: Stage) -> None:
    """No backup yet."""
    await settings_data(stage)
    stage.desk.window.show_overlay(BackupsSheet(stage.theme, stage.desk.window))
    await idle(2)


@state()
async def backup_restore(stage: Stage) -> None:
    """What restoring means, before it is done."""
    await settings_data(stage)
    door = stage.desk.sharing.backups
    door.show()
    await stage.desk.tasks.settled()
    door._ask(BACKUPS[1])  # noqa: SLF001 - as the row asks
    await idle(2)


@state()
async def backup_held(stage: Stage) -> None:
    """A question that was asked while a backup was being restored stays where it was written."""
    await ready(stage)
    await listed(stage)
    stage.services.backups._wished += 1  # noqa: SLF001 - as while one is being restored
    stage.desk.page.composer.set_text(TITLE)
    stage.desk.page.composer.submit()
    await idle(2)
