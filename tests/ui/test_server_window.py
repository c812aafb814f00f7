"""Our own server in the window: switched on and off in Settings, shown there, and fair to the chat that is open."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from mistral_desk.core.settings import OFFLINE, SERVER, SERVER_PORT
from mistral_desk.server.serving import Serving
from mistral_desk.ui.chat import stillness
from tests.fixtures import fake_worker
from tests.fixtures.lending import free_port
from tests.fixtures.serving import falls
from tests.ui import window

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from PySide6.QtWidgets import QApplication

    from mistral_desk.ui.desk import Desk
    from mistral_desk.ui.settings.server_row import ServerRow

SCRIPT = [fake_worker.HELLO, {"serve": {"load": fake_worker.loading(), "generate": fake_worker.answer("Paris.")}}]
START = Serving.start
HI: dict[str, Any] = {"model": "builtin", "messages": [{"role": "user", "content": "Hi"}]}


@pytest.fixture(autouse=True)
def any_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests run beside each other: each takes a port that is free."""

    async def anywhere(self: Serving, _port: int, token: str | None, host: str = "127.0.0.1") -> str:
        return await START(self, 0, token, host)

    monkeypatch.setattr(Serving, "start", anywhere)


def threads() -> list[str]:
    return [one.name for one in threading.enumerate() if one.name == "server"]


async def shown(desk: Desk) -> ServerRow:
    desk.window.open_settings("server")
    await window.drawn()
    row = desk.settings.server
    assert row is not None
    return row


async def switched(desk: Desk, *, on: bool) -> None:
    desk.services.settings.set(SERVER, on)
    await desk.tasks.settled()


def copied(button: Any) -> str:
    window.click(button)
    return QGuiApplication.clipboard().text()


@contextlib.asynccontextmanager
async def program_of(desk: Desk, row: ServerRow) -> AsyncIterator[httpx2.AsyncClient]:
    """A program that was given the address and the copied token."""
    assert desk.server.serving is not None
    headers = {"authorization": f"Bearer {copied(row.token)}"}
    async with httpx2.AsyncClient(base_url=desk.server.serving.address, headers=headers, timeout=None) as program:
        yield program


@pytest.mark.allow_log("the server ended by an error of the program", "mistral_desk.server.serving")
@pytest.mark.allow_log(".", "mistral_desk.ui.notify")
def test_one_that_ends_by_itself_is_not_shown_as_on(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = falls(monkeypatch)

    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            row = await shown(desk)
            await switched(desk, on=True)
            assert desk.server.serving is not None
            fell, told = asyncio.Event(), desk.server.serving.fell

            def told_both() -> None:
                told()
                fell.set()

            desk.server.serving.fell = told_both
            broken.set()
            await fell.wait()
            assert "The server ended by itself" in row.note.text()
            assert not row.token.isVisible()
            broken.clear()
            await switched(desk, on=False)
            await switched(desk, on=True)
            assert "Programs ask at http://127.0.0.1:" in row.note.text()

    window.run(qapp, scenario)


def test_switched_on_programs_are_answered_with_the_copied_address_and_token(
    qapp: QApplication, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            row = await shown(desk)
            assert "Nothing listens" in row.note.text()
            assert not row.token.isVisible()
            assert threads() == []
            await switched(desk, on=True)
            await window.drawn()
            assert "Programs ask at http://127.0.0.1:" in row.note.text()
            assert "a new token is made at each start" in row.note.text(), "the tests have no keyring"
            address, token = copied(row.address), copied(row.token)
            assert token not in row.note.text()
            headers = {"authorization": f"Bearer {token}"}
            async with httpx2.AsyncClient(base_url=address, headers=headers, timeout=None) as program:
                answers = [asyncio.ensure_future(program.post("/chat/completions", json=HI)) for _ in range(3)]
                turn = await window.ask(desk, "And the capital of France?")
                assert turn.text == "Paris."
                for answer in await asyncio.gather(*answers):
                    assert answer.json()["choices"][0]["message"]["content"] == "Paris."
                window.click(row.renew)
                await desk.tasks.settled()
                with pytest.raises(httpx2.ConnectError):
                    await program.get("/models")
            assert desk.server.serving is not None
            async with httpx2.AsyncClient(base_url=desk.server.serving.address, headers=headers) as program:
                assert (await program.get("/models")).status_code == 401, "the old token opens nothing"
            await switched(desk, on=False)
            assert "Nothing listens" in row.note.text()
            assert threads() == []

    window.run(qapp, scenario)


def test_offline_ends_it_and_the_end_of_offline_brings_it_back(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            row = await shown(desk)
            await switched(desk, on=True)
            assert threads() == ["server"]
            desk.services.settings.set(OFFLINE, True)
            await desk.tasks.settled()
            assert threads() == []
            assert "works offline" in row.note.text()
            desk.services.settings.set(OFFLINE, False)
            await desk.tasks.settled()
            assert threads() == ["server"]
        assert threads() == [], "closing the window ends it"

    window.run(qapp, scenario)


def test_who_waits_is_seen(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            row = await shown(desk)
            await switched(desk, on=True)
            async with program_of(desk, row) as program:
                async with desk.services.engine_free:
                    answers = [asyncio.ensure_future(program.post("/chat/completions", json=HI)) for _ in range(2)]
                    while "2 requests wait." not in row.note.text():
                        await window.drawn()
                await asyncio.gather(*answers)
            while "wait" in row.note.text():
                await window.drawn()

    window.run(qapp, scenario)


def test_a_chat_that_waits_for_a_program_says_so(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stillness, "LOOK_MS", 20)

    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, fake_worker.endless()) as desk:
            row = await shown(desk)
            await switched(desk, on=True)
            async with program_of(desk, row) as program:
                async with program.stream("POST", "/chat/completions", json=HI | {"stream": True}) as answer:
                    lines = answer.aiter_lines()  # held: one that nobody holds is closed, and the answer with it
                    await anext(lines)
                    window.type_in(desk, "And I?")
                    QTest.keyClick(desk.page.composer.edit, Qt.Key.Key_Return)
                    turn = await window.phase(desk, "waiting")
                    while turn.status() != "Another program is answered first":
                        await window.drawn()
                await window.phase(desk, "writing")  # the program has gone, and it is the chat's turn
                desk.page.stop()
                await desk.tasks.settled()

    window.run(qapp, scenario)


@pytest.mark.allow_log("shown: The server cannot start", "mistral_desk.ui.notify")
def test_a_port_that_is_taken_is_told_where_it_is_set(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            row = await shown(desk)
            await switched(desk, on=True)
            serving = desk.server.serving
            assert serving is not None
            taken = free_port()
            monkeypatch.setattr(Serving, "start", START)
            other = Serving(serving.line._ground)
            await serving.stop()
            await other.start(taken, None)
            desk.services.settings.set(SERVER_PORT, taken)
            await desk.tasks.settled()
            assert f"127.0.0.1:{taken} cannot be used" in row.note.text()
            await other.stop()
            await switched(desk, on=False)
            await switched(desk, on=True)
            assert f"Programs ask at http://127.0.0.1:{taken}/v1" in row.note.text()

    window.run(qapp, scenario)


@pytest.mark.allow_log("shown: The server cannot start", "mistral_desk.ui.notify")
def test_once_the_other_program_has_gone_a_button_begins_again(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Serving, "start", START)

    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            row = await shown(desk)
            assert not row.retry.isVisible()
            with socket.create_server(("127.0.0.1", 0)) as other:
                desk.services.settings.set(SERVER_PORT, other.getsockname()[1])
                await switched(desk, on=True)
                row.retry.setFocus()
                await tried_again(desk, row)
                assert "cannot be used" in row.note.text()
                assert row.window().focusWidget() is row.retry, "whoever tries again is at the button still"
                (said,) = desk.window.banners.banners
                assert said.notice.words.title == "The server cannot start"
            await tried_again(desk, row)
            assert "Programs ask at http://127.0.0.1:" in row.note.text()
            assert row.window().focusWidget() is row.address, "it has gone, and stands for what there is now"
            assert not row.retry.isVisible()
            assert not desk.window.banners.banners, "what it said is over"

    window.run(qapp, scenario)


async def tried_again(desk: Desk, row: ServerRow) -> None:
    QTest.keyClick(row.retry, Qt.Key.Key_Space)
    await desk.tasks.settled()
