"""Engines in the window: added from a pack, used, left by themselves, removed; and the way there from a notice."""

from __future__ import annotations

import base64
import threading
from typing import TYPE_CHECKING

import pytest

from mistral_desk.core.errors import Problem
from mistral_desk.inference.packs import shelf, signature, standing
from mistral_desk.inference.protocol import Failed
from mistral_desk.ui.widgets.button import Button
from tests.fixtures import engine_packs, fake_worker
from tests.ui import window

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QApplication

    from mistral_desk.ui.desk import Desk
    from mistral_desk.ui.settings.engines_row import EngineList, EnginesRow
    from mistral_desk.ui.widgets.banners import Banner

SCRIPT = fake_worker.answering("Paris.")


@pytest.fixture
def pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pack of this environment's own engine, signed by somebody whom the program was built with."""
    (tmp_path / "keys").write_bytes(base64.b64encode(engine_packs.KEYS[0]))
    monkeypatch.setattr(signature, "resource", lambda *_: tmp_path / "keys")
    engine_packs.pack(engine_packs.libraries(tmp_path / "lib"), tmp_path / "pack.zip", "newer")
    return tmp_path / "pack.zip"


async def shown(desk: Desk) -> tuple[EnginesRow, EngineList]:
    desk.engines.show()
    await desk.tasks.settled()
    await window.drawn()
    assert desk.engines.row is not None
    assert desk.engines.list is not None
    return desk.engines.row, desk.engines.list


def newest(desk: Desk) -> Banner:
    return desk.window.banners.banners[0]


@pytest.mark.slow
@pytest.mark.allow_log("the engine newer was left|shown: Back to the built-in engine")
def test_an_engine_is_added_used_left_and_removed(qapp: QApplication, tmp_path: Path, pack: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            row, engines = await shown(desk)
            assert engines.rows == {}
            desk.engines.add(pack)
            await desk.tasks.settled()
            assert list(engines.rows) == ["", "newer"]
            assert newest(desk).notice.words.title == "The engine passed its test"
            assert standing.read().current == "", "it is not in use by that"

            action = newest(desk).action
            assert action is not None
            window.click(action)
            await desk.tasks.settled()
            assert standing.read().current == "newer"
            assert engines.rows["newer"].note.text().startswith("In use")
            assert desk.engines.about is not None
            assert desk.engines.about.note.text().startswith("newer")

            failed = threading.Thread(target=standing.back, args=("newer", "memory fault, SIGSEGV"))
            failed.start()
            failed.join()
            await window.drawn()
            await desk.tasks.settled()
            assert newest(desk).notice.words.title == "Back to the built-in engine"
            assert "SIGSEGV" in row.left.text()
            left = standing.read().left
            assert left is not None
            assert left.told

            use, remove = engines.rows["newer"].findChildren(type(row.button))
            assert (use.accessibleName(), remove.accessibleName()) == ("Use: newer", "Remove: newer")
            remove.click()
            await desk.tasks.settled()
            assert engines.rows == {}
            assert row.left.isHidden(), "nothing is said of what is not there any more"

    window.run(qapp, scenario)


@pytest.mark.allow_log("shown: Nobody known has signed this engine pack")
def test_the_window_takes_no_pack_that_nobody_known_has_signed(
    qapp: QApplication, tmp_path: Path, pack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()

    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            await shown(desk)
            desk.engines.add(pack)
            await desk.tasks.settled()
            words = newest(desk).notice.words
            assert words.title == "Nobody known has signed this engine pack"
            assert "engine add --signed-by-anybody" in words.hint
            assert shelf.listed() == ()

    window.run(qapp, scenario)


@pytest.mark.slow
def test_trying_an_engine_out_can_be_cancelled_and_leaves_nothing(
    qapp: QApplication, tmp_path: Path, pack: Path
) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            row, _ = await shown(desk)
            desk.engines.add(pack)
            while "Trying" not in row.told.text():
                await window.drawn()
            assert row.button.text() == "Cancel"
            row.button.click()
            await desk.tasks.settled()
            assert row.button.text() == "Add a pack…"
            assert row.told.isHidden()
            assert list(standing.place().iterdir()) == []

    window.run(qapp, scenario)


@pytest.mark.allow_log("the engine newer was left|shown: Back to the built-in engine")
def test_what_happened_while_no_window_was_open_is_said_once(qapp: QApplication, tmp_path: Path) -> None:
    standing.use("newer")
    standing.back("newer", "aborted, SIGABRT")

    async def scenario() -> None:
        titles = []
        for number in range(2):
            (tmp_path / str(number)).mkdir()
            async with window.opened(qapp, tmp_path / str(number), SCRIPT) as desk:
                titles.append([banner.notice.words.title for banner in desk.window.banners.banners])
        assert titles == [["Back to the built-in engine"], []]

    window.run(qapp, scenario)


@pytest.mark.allow_log("shown: This model needs a newer engine|answer .* failed: model.newer_engine|an answer failed")
def test_a_model_that_needs_a_newer_engine_leads_there(qapp: QApplication, tmp_path: Path) -> None:
    unknown = Problem("model.newer_engine", {"name": "new.gguf", "architecture": "mistral9"})
    script = [fake_worker.HELLO, {"serve": {"load": [fake_worker.event(Failed(0, unknown))]}}]

    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, script) as desk:
            action = newest(desk).action
            assert action is not None
            assert action.text() == "Engines…"
            window.click(action)
            await window.drawn()
            assert (desk.window.page, desk.settings.page) == ("settings", "hardware")

            desk.window.show_chat()
            turn = await window.ask(desk, "Hello?")
            await window.drawn()
            assert turn.problem is not None
            there = [one for one in desk.page.findChildren(Button) if one.text() == "Engines…" and one.isVisible()]
            window.click(there[0])
            await window.drawn()
            assert (desk.window.page, desk.settings.page) == ("settings", "hardware")

    window.run(qapp, scenario)
