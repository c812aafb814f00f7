"""What the window does about engines: adds, tries out, uses and removes them, and says when one was left by itself."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QFileDialog

from mistral_desk.core.errors import Words, in_words
from mistral_desk.core.words import mark, tr
from mistral_desk.inference.packs import standing
from mistral_desk.ui.notify import Notice
from mistral_desk.ui.settings import facts
from mistral_desk.ui.settings.engines_row import BUILTIN, EngineList, EnginesRow
from mistral_desk.ui.settings.rows import Row

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from mistral_desk.inference.packs.adding import Step
    from mistral_desk.inference.packs.shelf import Added
    from mistral_desk.inference.packs.standing import Choice, Left
    from mistral_desk.ui.desk import Desk

ABOUT: Final = "engine"
"""What the notices here are about: a newer one takes the place of an older one."""
STEPS: Final = {"unpacking": mark("Unpacking the engine"), "trying": mark("Trying the engine out")}
_SAID_SECONDS: Final = 8


class EnginesDoor(QObject):
    """Belongs to the desk. What adds and lists engines is imported when one is wanted: no start waits for it."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._work: asyncio.Task[object] | None = None
        self._busy = self._closed = False
        self.row: EnginesRow | None = None
        self.list: EngineList | None = None
        self.about: Row | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end = standing.listen(self._from_thread)
        desk.settings.made.connect(self._make)
        desk.settings.installEventFilter(self)
        desk.page.engines_asked.connect(self.show)

    def begin(self) -> None:
        """The window is open: say what happened while it was not."""
        self._loop = asyncio.get_running_loop()
        self._desk.tasks.spawn(self._tell_left(), "hear of an engine that was left")

    async def close(self) -> None:
        """Hear no more, and leave nothing half done."""
        self._closed = True
        self._end()
        if self._work is not None:
            self._work.cancel()
            await asyncio.wait({self._work})

    def show(self) -> None:
        """The engines, in the settings."""
        self._desk.window.put_sheets_away()
        self._desk.window.open_settings("hardware")
        if self.row is not None:
            self._desk.settings.area.ensureWidgetVisible(self.row, 0, 0)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Whenever somebody looks, it is as it is now."""
        if event.type() == QEvent.Type.Show and watched is self._desk.settings and self.row is not None:
            self._refresh()
        return super().eventFilter(watched, event)

    # --- the rows -------------------------------------------------------------------------------------

    def _make(self) -> None:
        """The page has its rows now."""
        section = self._desk.settings.sections["hardware"]
        self.row = EnginesRow(self._desk.theme, section)
        section.add(self.row)
        self.list = EngineList(self._desk.theme, section, self.row)
        self.row.add_asked.connect(self._ask)
        self.row.cancelled.connect(self._cancel)
        self.list.used.connect(lambda name: self._begin(self._use(name)))
        self.list.removed.connect(lambda name: self._begin(self._remove(name)))
        self._refresh()

    def _refresh(self) -> None:
        self._desk.tasks.spawn(self._show_now(), "look at the engines")

    async def _show_now(self) -> None:
        engines, choice = await asyncio.to_thread(_now)
        if self.row is None or self.list is None:
            return
        left = choice.left
        self.row.show_left(in_words(left.problem, tr) if left else None)
        self.list.show(engines, choice.current, busy=self._busy)
        self._show_about(choice.current)

    def _show_about(self, current: str) -> None:
        """Which engine it is stands in *About* too, below what the program runs on, once that is made."""
        section = self._desk.settings.sections["about"]
        above = next((row for row in section.rows if row.label.text() == tr("Runs on")), None)
        if self.about is None and above is not None:
            self.about = Row(self._desk.theme, tr("Engine"), " ", copied=True, parent=section)
            section.insert_after(above, self.about)
            self.about.setVisible(above.isVisibleTo(section))
        if self.about is not None:
            said = facts.engine(self._desk.services.engine.hello)
            self.about.set_note("\n".join(part for part in (current or tr(BUILTIN), said) if part))

    # --- what is done ---------------------------------------------------------------------------------

    def _ask(self) -> None:
        """Have the person choose a pack."""
        dialog = QFileDialog(
            self._desk.window, tr("Add an engine pack"), "", tr("Engine packs ({pattern})", pattern="*.zip")
        )
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda path: self.add(Path(path)))
        dialog.open()

    def add(self, file: Path) -> None:
        """Add the engine in this pack."""
        self._begin(self._add(file))

    def _begin(self, work: Coroutine[object, object, None]) -> None:
        """One thing at a time; it can be cancelled."""
        if self._busy or self._closed:
            work.close()
            return
        self._busy = True

        async def run() -> None:
            self._work = asyncio.current_task()
            try:
                await work
            finally:
                self._work, self._busy = None, False
                if not self._closed and self.row is not None:
                    self.row.show_work("")
                    self._refresh()

        self._desk.tasks.spawn(run(), "an engine", may_fail=True)

    def _cancel(self) -> None:
        if self._work is not None:
            self._work.cancel()

    async def _add(self, file: Path) -> None:
        from mistral_desk.inference.packs import adding  # noqa: PLC0415

        loop = asyncio.get_running_loop()

        def tell(step: Step, share: float) -> None:
            loop.call_soon_threadsafe(self._show_step, step, share)

        self._show_step("unpacking", 0.0)
        await self._show_now()
        done = await adding.add(file, tell)
        name = done.added.name
        words = Words(tr("The engine passed its test"), tr("{name} can be used now.", name=name), "")
        use = tr("Use it now")
        self._desk.notices.show(Notice("success", words, use, lambda: self._begin(self._use(name)), about=ABOUT))

    async def _use(self, name: str) -> None:
        from mistral_desk.inference.packs import adding  # noqa: PLC0415

        if name:
            self._show_step("trying", 0.0)
            await self._show_now()
        await adding.use(name)
        desk, engine, called = self._desk, self._desk.services.engine, name or tr(BUILTIN)
        await engine.drop_spare()
        if await engine.rest() or not engine.in_use:
            desk.warm()
            said = tr("{name} runs your models from now on.", name=called)
        else:
            said = tr("{name} runs your models from the next time that one is loaded.", name=called)
        words = Words(tr("Another engine is in use"), said, "")
        desk.notices.show(Notice("success", words, seconds=_SAID_SECONDS, about=ABOUT))

    async def _remove(self, name: str) -> None:
        from mistral_desk.inference.packs import shelf  # noqa: PLC0415

        await asyncio.to_thread(shelf.remove, name)

    def _show_step(self, step: Step, share: float) -> None:
        if self.row is not None and self._busy:
            self.row.show_work(f"{tr(STEPS[step])}…", share if step == "unpacking" else None)

    # --- one that was left ----------------------------------------------------------------------------

    def _from_thread(self, _left: Left) -> None:
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the window is closed: the next one says it
                self._loop.call_soon_threadsafe(self._hear)

    def _hear(self) -> None:
        if self._closed:
            return
        self._desk.tasks.spawn(self._tell_left(), "an engine was left")

    async def _tell_left(self) -> None:
        left = (await asyncio.to_thread(standing.read)).left
        if left is None or left.told:
            return
        words = in_words(left.problem, tr)
        self._desk.notices.show(Notice("warning", words, tr("Engines…"), self.show, about=ABOUT))
        await asyncio.to_thread(standing.told, left)
        await self._show_now()


def _now() -> tuple[tuple[Added, ...], Choice]:
    """The engines and the choice among them; in a thread."""
    from mistral_desk.inference.packs import shelf  # noqa: PLC0415

    return shelf.listed(), standing.read()
