"""What the window does about other computers that lend their memory: adds, tests, removes; offline none is used."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from mistral_desk.core.errors import DeskError, in_words
from mistral_desk.core.settings import OFFLINE
from mistral_desk.core.words import tr
from mistral_desk.inference.fitting import PlannedEngine
from mistral_desk.ui.settings.computers_row import ComputerRow, ComputersIntro

if TYPE_CHECKING:
    from mistral_desk.inference.rpc.computers import Computer, Computers
    from mistral_desk.ui.desk import Desk
    from mistral_desk.ui.settings.rows import Row


class ComputersDoor(QObject):
    """Belongs to the desk."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self.intro: ComputersIntro | None = None
        self.rows: dict[str, ComputerRow] = {}
        self._computers: Computers = desk.services.fitting.computers
        self._computers.ledger = desk.services.ledger
        self._computers.offline = lambda: desk.services.net.offline
        self._end = desk.services.settings.listen(OFFLINE, self._switched)
        desk.settings.made.connect(self._wire)
        desk.model.changed.connect(self._show)
        self.destroyed.connect(self._end)

    @property
    def used(self) -> tuple[str, ...]:
        """The numeric addresses on which a part of the loaded model lies."""
        engine = self._desk.services.engine
        return engine.helpers if isinstance(engine, PlannedEngine) and engine.model else ()

    def _wire(self) -> None:
        """The page has its rows now."""
        section = self._desk.settings.sections["hardware"]
        self.intro = ComputersIntro(self._desk.theme, section)
        section.add(self.intro)
        self.intro.given.connect(lambda text: self._desk.tasks.spawn(self._add(text), "add a computer"))
        self._desk.tasks.spawn(self._show_first(), "look which computers were added")

    async def _show_first(self) -> None:
        await asyncio.to_thread(self._computers.all)
        self._show()

    def _switched(self, offline: bool) -> None:
        engine = self._desk.services.engine
        if offline and isinstance(engine, PlannedEngine):  # its connections are cut with their worker
            self._desk.tasks.spawn(engine.leave_others(), "end what talks to other computers")
        self._show()

    def _show(self) -> None:
        """The rows as the list is."""
        if self.intro is None:
            return
        section = self._desk.settings.sections["hardware"]
        there = {one.address: one for one in self._computers.all()}
        for address in [one for one in self.rows if one not in there]:
            section.remove(self.rows.pop(address))
        above: Row = self.intro
        used, offline = self.used, self._desk.services.settings.get(OFFLINE)
        for address, computer in there.items():
            row = self.rows.get(address)
            if row is None:
                row = self.rows[address] = ComputerRow(self._desk.theme, computer, section)
                section.insert_after(above, row)
                row.test_asked.connect(lambda at: self._desk.tasks.spawn(self._test(at), "test a computer"))
                row.removed.connect(lambda at: self._desk.tasks.spawn(self._remove(at), "remove a computer"))
            row.show_state(computer, used=computer.place in used, offline=offline)
            above = row

    async def _add(self, text: str) -> None:
        intro = self.intro
        if intro is None:
            return
        intro.begin()
        try:
            await self._computers.add(text)
        except DeskError as error:
            intro.tell(in_words(error.problem, tr).in_one, "danger")
        else:
            intro.done()
        finally:
            intro.end()
        self._show()

    async def _test(self, address: str) -> None:
        row, computer = self.rows.get(address), self._of(address)
        if row is None or computer is None:
            return
        row.set_busy(busy=True)
        try:
            await self._computers.test(computer)
        except DeskError as error:
            row.tell(in_words(error.problem, tr).in_one, "danger")
        else:
            row.tell(tr("It is there."))
        finally:
            row.set_busy(busy=False)
        self._show()

    async def _remove(self, address: str) -> None:
        computer = self._of(address)
        if computer is not None:
            uses = computer.place in self.used
            await self._computers.remove(computer)
            if uses:
                await self._desk.services.engine.unload()
        self._show()
        if self.intro is not None:
            self.intro.field.setFocus()

    def _of(self, address: str) -> Computer | None:
        return next((one for one in self._computers.all() if one.address == address), None)
