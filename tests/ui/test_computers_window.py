"""Other computers in the window: added after a test, told how they are, left alone offline, removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from mistral_desk.core.settings import OFFLINE
from mistral_desk.inference.placement import Placement
from tests.fixtures import fake_worker, lending
from tests.ui import window

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QApplication

    from mistral_desk.ui.desk import Desk

SCRIPT = [fake_worker.HELLO, {"serve": {"load": fake_worker.loading()}}]


async def typed(desk: Desk, text: str) -> None:
    intro = desk.fits.computers.intro
    assert intro is not None
    intro.field.setText(text)
    QTest.keyClick(intro.field, Qt.Key.Key_Return)
    await desk.tasks.settled()
    await window.drawn()


def test_one_is_added_by_its_address_tested_and_removed(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            door = desk.fits.computers
            desk.window.open_settings("hardware")
            await window.drawn()
            assert door.intro is not None
            await typed(desk, "8.8.8.8")
            assert "not in your own network" in door.intro.told.text()
            with lending.nobody() as port:
                await typed(desk, f"127.0.0.1:{port}")
            assert "is not there" in door.intro.told.text()
            assert door.rows == {}
            with lending.scripted(lending.honest(memory=(4 * 10**9, 4 * 10**9))) as there:
                await typed(desk, str(there.address))
                assert (door.intro.field.text(), door.intro.told.text()) == ("", "")
                row = door.rows[str(there.address)]
                assert "Lends 4.0 GB of memory" in row.note.text()
                window.click(row.test)
                await desk.tasks.settled()
                assert row.told.text() == "It is there."
                asked = there.connections
                desk.services.settings.set(OFFLINE, True)
                await window.drawn()
                assert "works offline" in row.note.text()
                assert not row.test.isEnabled()
                await typed(desk, str(there.address))
                assert "offline" in door.intro.told.text()
                assert there.connections == asked
                desk.services.settings.set(OFFLINE, False)
            window.click(row.test)
            await desk.tasks.settled()
            assert "is not there" in row.told.text()
            window.click(row.remove)
            await desk.tasks.settled()
            assert door.rows == {}
            assert desk.services.fitting.computers.all() == ()
            hosts = [(one.host, one.who) for one in desk.services.ledger.entries()]
            assert set(hosts) == {("127.0.0.1", "helper")}, "every connection is in the list, and no other"

    window.run(qapp, scenario)


def test_that_a_part_lies_elsewhere_is_said_once(qapp: QApplication, tmp_path: Path) -> None:
    """Where the promise stands in a new chat, else below the composer."""

    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, fake_worker.answering("Yes.")) as desk:
            await desk.model.warm()
            model, page = desk.model, desk.page
            assert model.info is not None
            placed = Placement(context=model.info.context, threads=1, helpers=("192.168.1.5:50052",))
            model.info = msgspec.structs.replace(model.info, placement=placed)
            page.set_welcome(None)
            model.changed.emit()
            assert model.shared
            assert model.shared == page.empty._away.accessibleName()
            assert page._foot.text() != model.shared
            await window.ask(desk, "Hello?")
            model.info = msgspec.structs.replace(model.info, placement=placed)
            model.changed.emit()
            assert page._foot.text() == model.shared

    window.run(qapp, scenario)
