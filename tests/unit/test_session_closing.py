"""A session that is closed while a draft is being stored waits for it: the history is closed behind, not before it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mistral_desk.chat.events import Ended
from mistral_desk.chat.message import Draft
from tests.fixtures import fake_worker
from tests.fixtures.engines import SPEC, run
from tests.fixtures.sessions import all_of, desk

if TYPE_CHECKING:
    from pathlib import Path

    from mistral_desk.chat.history import History


def test_who_just_begins_is_waited_for(tmp_path: Path) -> None:
    async def test() -> None:
        async with desk(tmp_path, fake_worker.endless()) as (session, history, engine):
            begun, go_on = asyncio.Event(), asyncio.Event()
            _hold(history, begun, go_on)
            asking = asyncio.create_task(all_of(session.reply(None, Draft("Hello"), model_spec=SPEC)))
            await begun.wait()
            closing = asyncio.create_task(session.close())
            await engine.close()  # as a program that ends does, which closes both at once
            assert not closing.done()
            go_on.set()
            await closing
            assert session.running is None
            await asking
            assert (await history.messages(1))[0].text == "Hello"
            assert (await history.messages(1))[1].ending == "stopped"

    run(test())


def test_who_asks_a_closed_engine_is_stopped(tmp_path: Path) -> None:
    """As a temporary chat that begins while the program ends; it is no death of the engine."""

    async def test() -> None:
        async with desk(tmp_path, fake_worker.endless()) as (session, history, engine):
            await engine.close()
            last = (await all_of(session.reply(None, Draft("Hello"), model_spec=SPEC)))[-1]
            assert isinstance(last, Ended)
            assert (await history.messages(1))[1].ending == "stopped"

    run(test())


def _hold(history: History, begun: asyncio.Event, go_on: asyncio.Event) -> None:
    """Have the storing of a draft wait in the middle, as a slow disk would."""
    begin = history.begin_turn

    async def held(*args: object, **more: object) -> object:
        begun.set()
        await go_on.wait()
        return await begin(*args, **more)  # type: ignore[arg-type]

    history.begin_turn = held  # type: ignore[method-assign, assignment]
