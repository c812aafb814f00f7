"""What the window does about the models folder and the access token in the settings."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from mistral_desk.core import settings as declared
from mistral_desk.core.errors import DeskError, Words, in_words
from mistral_desk.core.words import tr
from mistral_desk.ui.chat.ask_link import LinkSheet
from mistral_desk.ui.notify import Notice
from mistral_desk.ui.settings.folders import MoveSheet
from mistral_desk.ui.tasks import ended

if TYPE_CHECKING:
    from collections.abc import Callable

    from mistral_desk.library.moving import Moved
    from mistral_desk.ui.desk import Desk

SAID_SECONDS = 8


class MovingDoor(QObject):
    """Belongs to the desk."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._moving = desk.services.moving
        self._task: asyncio.Task[None] | None = None
        """The move that was begun here; one that an earlier run began goes on by itself and cannot be called off."""
        self._end: Callable[[], None] | None = None
        desk.settings.folder_chosen.connect(lambda path: desk.tasks.spawn(self._ask(Path(path)), "plan a move"))
        desk.settings.made.connect(self._serve)

    def close(self) -> None:
        """Hear no more."""
        if self._end is not None:
            self._end()

    def _serve(self) -> None:
        """The page has its rows now."""
        desk, page = self._desk, self._desk.settings
        token = page.token
        token.opened.connect(self._look)
        token.given.connect(lambda text: desk.tasks.spawn(self._take(text), "test a token"))
        token.forgotten.connect(lambda: desk.tasks.spawn(self._forget(), "forget a token"))
        token.page_asked.connect(self._open_page)
        page.moving.cancelled.connect(self._cancel)
        page.moving.again.connect(lambda: desk.tasks.spawn(self._go_on(), "go on moving the models"))
        self._end = self._moving.listen(self._show_moved)
        self._show_moved(self._moving.now)

    # --- the models folder ----------------------------------------------------------------------------

    def _show_moved(self, moved: Moved | None) -> None:
        self._desk.settings.moving.show_moved(moved, ours=self._task is not None)

    async def _ask(self, target: Path) -> None:
        try:
            plan = await self._moving.plan(target)
        except DeskError as error:
            self._desk.notices.problem(error.problem, "warning")
            return
        sheet = MoveSheet(self._desk.theme, plan, self._desk.window)
        sheet.moving.connect(lambda: self._desk.tasks.spawn(self._move(target), "move the models"))
        sheet.using.connect(lambda: self._use(Path(plan.source), target))
        self._desk.window.show_overlay(sheet)

    def _use(self, source: Path, target: Path) -> None:
        """The new folder from now on; the old one's models stay in the library."""
        settings = self._desk.services.settings
        more = settings.get(declared.MORE_FOLDERS)
        try:
            settings.set(declared.MORE_FOLDERS, (*(one for one in more if one != str(target)), str(source)))
            settings.set(declared.MODELS_FOLDER, str(target))
        except DeskError as error:
            self._desk.notices.problem(error.problem, "warning")
        self._desk.shelf.look()

    async def _move(self, target: Path) -> None:
        task = asyncio.get_running_loop().create_task(self._moving.move(target), name="move models")
        self._task = task
        try:
            await ended(task)
        finally:
            self._task = None
        error = None if task.cancelled() else task.exception()
        if isinstance(error, DeskError):
            self._desk.notices.problem(error.problem)
        elif error is not None:
            raise error
        else:
            back = task.cancelled()
            title = tr("The models are back in their old place") if back else tr("The models have moved")
            path = str(self._desk.services.models_folder)
            self._desk.notices.show(Notice("success", Words(title, path, ""), seconds=SAID_SECONDS))
        self._desk.shelf.look()

    async def taken_up(self) -> None:
        """Tell why a move of an earlier run goes no further, where it does not."""
        try:
            await self._moving.taken_up()
        except DeskError as error:
            self._desk.notices.problem(error.problem, "warning")

    async def _go_on(self) -> None:
        """What waited for a disk is tried again."""
        try:
            await self._moving.go_on()
        except DeskError as error:
            self._desk.notices.problem(error.problem, "warning")
        self._desk.shelf.look()

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    # --- the access token -----------------------------------------------------------------------------

    def _look(self) -> None:
        self._desk.tasks.spawn(self._show(), "look at the token")

    async def _show(self) -> None:
        tokens = self._desk.services.tokens
        self._desk.settings.token.show_state(await tokens.state(), tokens.host, tokens.page)

    async def _take(self, text: str) -> None:
        token = self._desk.settings.token
        token.field.set_busy(busy=True)
        try:
            taken = await self._desk.services.tokens.take(text)
        except DeskError as error:
            words = in_words(error.problem, tr)
            token.field.set_busy(busy=False)
            token.field.tell(" ".join(part for part in (words.title + ".", words.hint) if part), "danger")
            return
        token.field.set_busy(busy=False)
        if taken.kept is not None:
            words = in_words(taken.kept, tr)
            token.field.tell(f"{words.title}. {words.message}", "warning")
        else:
            told = tr("It works, as {account}, and is kept in the keyring.", account=taken.account)
            token.field.tell(told if taken.account else tr("It works, and is kept in the keyring."), "success")
        await self._show()

    async def _forget(self) -> None:
        await self._desk.services.tokens.forget()
        self._desk.settings.token.field.tell("")
        await self._show()

    def _open_page(self) -> None:
        sheet = LinkSheet(self._desk.theme, self._desk.services.tokens.page, self._desk.window)
        self._desk.window.show_overlay(sheet)
