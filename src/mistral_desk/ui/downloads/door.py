"""Between the queue and the window: rows, the sidebar's line, what a person decides, and who is told of the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal

from mistral_desk.core import settings as declared
from mistral_desk.core.errors import Words, in_words
from mistral_desk.core.words import mark, tr
from mistral_desk.ui.downloads import words
from mistral_desk.ui.downloads.ask_cancel import CancelSheet
from mistral_desk.ui.downloads.get_button import Ware
from mistral_desk.ui.notify import Notice
from mistral_desk.ui.spread import Spread

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from mistral_desk.library.orders import Download, Order
    from mistral_desk.ui.desk import Desk

BEGUN: Final = mark("It goes on while you chat, and after a restart.")
SAID_SECONDS: Final = 8


class Downloads(QObject):
    """Belongs to the desk. `came` carries the id of a model that is whole and in the library now."""

    came = Signal(str)

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._queue = desk.services.downloads
        self._told: dict[str, str] = {}
        self.now: tuple[Download, ...] = ()
        self._spread = Spread(self)
        rows = desk.library.downloads
        rows.paused.connect(lambda key: self.spawn(self._queue.pause(key), "pause a download"))
        rows.resumed.connect(lambda key: self.spawn(self._queue.resume(key), "resume a download"))
        rows.cancelled.connect(self._ask_to_cancel)
        rows.moved.connect(self._move)
        rows.remedied.connect(self._remedy)
        rows.all_paused.connect(lambda: self.spawn(self._pause_all(), "pause all downloads"))
        rows.all_resumed.connect(lambda: self.spawn(self._resume_all(), "resume all downloads"))
        desk.window.sidebar.downloads_asked.connect(desk.show_downloads)
        self._endings = (self._queue.listen(self.show), desk.services.front.came(self._came))
        self.show(self._queue.downloads())

    def close(self) -> None:
        """Hear no more: the window goes before the queue does."""
        self._spread.end()
        for end in self._endings:
            end()

    def show(self, downloads: tuple[Download, ...]) -> None:
        """As they are now; at most ten times a second."""
        self.now = downloads
        for one in downloads:
            self._tell_trouble(one)
        self._spread.later(self._show_line, self._show_elsewhere, self._show_rows)

    def _show_rows(self) -> None:
        self._desk.library.downloads.show_downloads(self.now)

    def _show_line(self) -> None:
        self._desk.window.sidebar.downloads.show_downloads(self.now)

    def _show_elsewhere(self) -> None:
        coming = frozenset(one.order.id.casefold() for one in self.now if one.state != "done")
        self._desk.getting.show_coming(coming)
        self._desk.attention.show_progress(self.now)

    def begun(self, ware: Ware) -> None:
        """An order was given in the window."""
        said = Words(tr("{name} is being downloaded", name=ware.title), tr(BEGUN), "")
        self._desk.notices.show(Notice("info", said, tr("Show it"), self._desk.show_downloads, SAID_SECONDS, ware.key))

    @property
    def can_free(self) -> bool:
        """Whether the library has models that can be deleted."""
        return any(one.deletes == "bin_or_good" for one in self._desk.services.library.models)

    def free_space(self) -> None:
        """Where models can be deleted; without any, where models can lie on another disk."""
        if not self.can_free:
            self._desk.window.open_settings(declared.MODELS_FOLDER.section)
            return
        if self._desk.window.page != "library":
            self._desk.window.show_page("library")
        self._desk.library.show_installed()

    def _came(self, order: Order) -> None:
        """A whole model lies in the library."""
        title = order.title
        self._told.pop(order.id, None)
        said = Words(tr("{name} is here", name=title), tr("Every byte was compared with what the hub states."), "")
        key = order.id.removeprefix("repair:")
        act = (tr("Chat with it"), lambda: self._desk.chat_with(key))
        seconds = SAID_SECONDS if self._desk.window.page == "library" else 0  # there it is seen without words
        self._desk.notices.show(Notice("success", said, *act, seconds, key.casefold()))
        self._desk.attention.tell(said.title, said.message)
        self.came.emit(key)
        self.spawn(self._queue.cancel(order.id, keep=True), "take a finished download off the list")

    def _tell_trouble(self, download: Download) -> None:
        """What needs a person is told once for each problem; what passes by itself is seen in its row only."""
        problem = download.problem
        key = download.order.id
        needs = problem is not None and (download.state == "paused" or problem.id == "library.disk_full")
        if problem is None or not needs:
            if download.state in words.ACTIVE or download.state == "queued":
                self._told.pop(key, None)
            return
        if self._told.get(key) == problem.id:
            return
        self._told[key] = problem.id
        said = in_words(problem, tr)
        title = tr("{name}: {state}", name=download.order.title, state=said.title)
        self._desk.attention.tell(title, said.message)
        if self._desk.window.page != "library":
            shown = Words(title, said.message, said.hint)
            self._desk.notices.show(Notice("warning", shown, tr("Show it"), self._desk.show_downloads))

    def _remedy(self, key: str, remedy: words.Remedy) -> None:
        desk = self._desk
        download = next((one for one in self.now if one.order.id == key), None)
        if remedy == "free":
            self.free_space()
        elif remedy == "privacy":
            desk.window.open_settings("privacy")
        elif remedy in ("token", "anew") and download is not None:
            repository = download.order.files[0].repository
            quant = key.rpartition(":")[2]
            if remedy == "token":
                desk.getting.ask(Ware(repository, quant, download.order.title))
            else:
                self.spawn(self._anew(key, Ware(repository, quant, download.order.title)), "choose a file anew")
        else:
            self.spawn(self._queue.resume(key), "try a download again")

    async def _anew(self, key: str, ware: Ware) -> None:
        """The hub has another file now: the old order goes, the new one is shown first."""
        await self._queue.cancel(key, keep=True)
        self._desk.getting.ask(ware)

    def _ask_to_cancel(self, key: str) -> None:
        download = next((one for one in self.now if one.order.id == key), None)
        if download is None:
            return
        if download.done == 0:
            self._cancel(key, keep=False)
            return
        sheet = CancelSheet(self._desk.theme, download, self._desk.window)
        sheet.decided.connect(lambda keep: self._cancel(key, keep=keep))
        self._desk.window.show_overlay(sheet)

    def _cancel(self, key: str, *, keep: bool) -> None:
        self._desk.notices.over.emit(key.casefold())
        self.spawn(self._queue.cancel(key, keep=keep), "cancel a download")

    def _move(self, key: str, step: int) -> None:
        """Places count among what is shown; what is done stands nowhere."""
        shown = [one.order.id for one in self.now if one.state != "done"]
        every = [one.order.id for one in self.now]
        place = shown.index(key) + step if key in shown else -1
        if 0 <= place < len(shown):
            self.spawn(self._queue.move(key, every.index(shown[place])), "move a download")

    async def _pause_all(self) -> None:
        for one in self.now:
            if one.state not in ("paused", "done"):
                await self._queue.pause(one.order.id)

    async def _resume_all(self) -> None:
        for one in self.now:
            if one.state == "paused":
                await self._queue.resume(one.order.id)

    def spawn(self, work: Coroutine[object, object, object], name: str) -> None:
        """Do it; what goes wrong is told."""
        self._desk.tasks.spawn(work, name, may_fail=True)
