"""What the window does about the library: looks, verifies, repairs, deletes, and adds what is on this computer."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal

from mistral_desk.core import amounts
from mistral_desk.core.errors import Words
from mistral_desk.core.words import tr
from mistral_desk.services import BUILTIN
from mistral_desk.ui.downloads.get_button import Ware
from mistral_desk.ui.library.adding import Adding
from mistral_desk.ui.library.delete import DeleteSheet
from mistral_desk.ui.library.shelf import whole
from mistral_desk.ui.notify import Notice
from mistral_desk.ui.spread import Spread
from mistral_desk.ui.system.reveal import reveal
from mistral_desk.ui.widgets.ask import Question

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from mistral_desk.library.shelf_file import Installed
    from mistral_desk.library.verify import Verified
    from mistral_desk.ui.desk import Desk

SAID_SECONDS: Final = 8
OFTEN_S: Final = 0.1


class LibraryDoor(QObject):
    """Belongs to the desk."""

    gone = Signal()
    """A model was deleted, or taken off the list."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._library = desk.services.library
        self._working: dict[str, asyncio.Task[object]] = {}
        self._results: dict[str, tuple[Verified, ...]] = {}
        page = desk.library
        page.looked_for.connect(self.look)
        page.looked_for.connect(lambda: self.spawn(desk.services.front.warm(), "load what downloads need"))
        page.chat_with.connect(desk.chat_with)
        page.revealed.connect(lambda key: self._with(key, self._reveal, name="show a file"))
        page.verified.connect(lambda key: self._with(key, self._verify, name="verify a model"))
        page.repaired.connect(lambda key: self._with(key, self._repair, name="repair a model"))
        page.delete_asked.connect(self._ask_to_delete)
        page.stopped.connect(self._stop)
        page.find_asked.connect(lambda: desk.window.show_page("models"))
        desk.model.changed.connect(self.show)
        self.adding = Adding(desk)
        page.add_asked.connect(self.adding.ask)
        self._spread = Spread(self)
        self._end = self._library.listen(
            lambda _models: self._spread.later(self._desk.getting.refresh, self._show_models)
        )
        self.show()

    def close(self) -> None:
        """Hear no more."""
        self._spread.end()
        self._end()

    def ids(self) -> tuple[str, ...]:
        """Ids of all models that can answer: the Guide, then the library's."""
        here = (model.id for model in self._library.models if model.state == "here")
        return tuple(dict.fromkeys((BUILTIN, *here)))

    def id_of(self, model: str) -> str:
        """The id of a model that is named by its id or by its file."""
        path = whole(model)
        return next((one.id for one in self._library.models if one.path == path), path)

    def opened(self, model: str) -> None:
        """A model was chosen; a file that the library does not have yet joins it, where it is."""
        if self._library.find(model) is None:
            self._desk.tasks.spawn(self._register(model), "take a file into the library")

    async def _register(self, model: str) -> None:
        if await self.adding.register(Path(model)) is not None:
            await self._look()

    def look(self) -> None:
        """Look at the disk again."""
        self._desk.tasks.spawn(self._look(), "look for models")

    def show(self) -> None:
        """As they were seen last."""
        self._show_models()
        self._desk.getting.refresh()

    def _show_models(self) -> None:
        if self._library.models:
            self._desk.library.show_models(self._library.models, self._desk.model.id)

    async def _look(self) -> None:
        await self._library.look()
        self.show()

    # --- one model ------------------------------------------------------------------------------------

    async def _reveal(self, model: Installed) -> None:
        await reveal(Path(model.files[0].path) if model.files else Path(model.folder))

    async def _verify(self, model: Installed) -> None:
        """Read all of it; the page shows how far it is, and the card says what came of it."""
        results = await self._read(model)
        if results is None:
            return
        self._results[model.id] = results
        await self._look()
        name, about = model.title, model.id.casefold()
        if any(one.good is False for one in results):
            words = Words(tr("{name} is damaged", name=name), tr("Some of its bytes are not as they came."), "")
            again = (tr("Repair"), lambda: self._with(model.id, self._repair, name="repair a model"))
            self._desk.notices.show(Notice("warning", words, *again, about=about))
        elif any(one.good for one in results):
            words = Words(tr("{name} is whole", name=name), tr("Every byte is as it should be."), "")
            self._desk.notices.show(Notice("success", words, seconds=SAID_SECONDS, about=about))
        else:
            text = tr("Nobody has told what this file should be, so there is nothing to compare it with.")
            self._desk.notices.show(Notice("info", Words(name, text, ""), seconds=SAID_SECONDS, about=about))

    async def _read(self, model: Installed) -> tuple[Verified, ...] | None:
        """What verifying comes to; None where somebody ended it."""
        if model.id in self._working:
            return None
        page, total = self._desk.library, max(1, model.bytes)
        loop = asyncio.get_running_loop()
        told_at = 0.0

        def show(read: int) -> None:
            if model.id in self._working:
                told = tr("{done} of {total}", done=amounts.file_size(read), total=amounts.file_size(model.bytes))
                page.show_work(model.id, read / total, told)

        def told(read: int) -> None:
            """In the thread that reads."""
            nonlocal told_at
            now = loop.time()
            if now - told_at >= OFTEN_S:
                told_at = now
                loop.call_soon_threadsafe(show, read)

        work = loop.create_task(self._library.verify(model, told), name="verify a model")
        self._working[model.id] = work
        show(0)
        try:
            await asyncio.wait((work,))
        except asyncio.CancelledError:
            work.cancel()
            await asyncio.wait((work,))
            raise
        finally:
            self._working.pop(model.id, None)
            page.end_work(model.id)
        return None if work.cancelled() else work.result()

    async def _repair(self, model: Installed) -> None:
        """Fetch again what is damaged, and only that; of a set that lacks parts, these."""
        if model.state == "incomplete" and model.repository:
            self._desk.getting.ask(Ware(model.repository, model.quantization, model.title))
            return
        results = self._results.pop(model.id, None) or await self._read(model)
        if results is None:
            return
        if all(one.good is not False for one in results):
            await self._look()
            return
        if self._desk.model.id == model.id:
            await self._let_go()
        await self._desk.services.ordering.repair(model, results)
        await self._look()
        self._desk.show_downloads()

    def _ask_to_delete(self, key: str) -> None:
        model = self._library.find(key)
        if model is None:
            return
        desk = self._desk
        in_use = desk.model.id == key
        if model.deletes == "forgets":
            title = tr("Take {name} off the list?", name=model.title)
            text = tr("The file stays where it is, and can be added again.")
            question = Question(desk.theme, title, text, yes=tr("Take it off"), parent=desk.window)
            question.accepted.connect(lambda: self.spawn(self._delete(model, None), "take a model off the list"))
            desk.window.show_overlay(question)
            return
        sheet = DeleteSheet(desk.theme, model, desk.window, in_use=in_use)
        sheet.decided.connect(lambda good: self.spawn(self._delete(model, good), "delete a model"))
        desk.window.show_overlay(sheet)

    async def _delete(self, model: Installed, for_good: bool | None) -> None:
        if self._desk.model.id == model.id:
            await self._let_go()
        gone = await self._library.delete(model, for_good=for_good)
        await self._look()
        self.gone.emit()
        name = model.title
        if gone.forgotten:
            words = Words(tr("{name} is off the list", name=name), tr("The file stays where it is."), "")
        elif gone.in_bin:
            text = tr("Its space is free when the bin is emptied.")
            words = Words(tr("{name} is in the system's bin", name=name), text, "")
        else:
            size = amounts.file_size(gone.freed)
            words = Words(tr("{name} is deleted", name=name), tr("{size} are free now.", size=size), "")
        self._desk.notices.show(Notice("success", words, seconds=SAID_SECONDS, about=model.id.casefold()))

    async def _let_go(self) -> None:
        """The Guide answers from now on: Windows neither moves nor deletes a file that is open."""
        self._desk.model.choose(BUILTIN)
        await self._desk.model.warm()

    def _stop(self, key: str) -> None:
        if (work := self._working.get(key)) is not None:
            work.cancel()

    def _with(self, key: str, act: _Act, *, name: str) -> None:
        model = self._library.find(key)
        if model is not None:
            self.spawn(act(model), name)

    def spawn(self, work: Coroutine[object, object, object], name: str) -> None:
        """Do it; what goes wrong is told."""
        self._desk.tasks.spawn(work, name, may_fail=True)


if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    _Act: TypeAlias = Callable[[Installed], Coroutine[object, object, None]]
