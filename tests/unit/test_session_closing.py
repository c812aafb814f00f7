"""A session that is closed while an answer is being begun waits for it: the history is closed behind, not before it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import pytest

from mistral_desk.chat.events import Ended, Writing
from mistral_desk.chat.message import Draft
from tests.fixtures import fake_worker
from tests.fixtures.engines import SPEC, run
from tests.fixtures.sessions import all_of, desk, last_of, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from mistral_desk.chat.events import TurnEvent
    from mistral_desk.chat.history import History
    from mistral_desk.chat.session import Session


def test_who_just_begins_is_waited_for(tmp_path: Path) -> None:
    async def test() -> None:
        async with desk(tmp_path, fake_worker.endless()) as (session, history, engine):
            begun, go_on = asyncio.Event(), asyncio.Event()
            _hold(history, "begin_turn", begun, go_on)
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


BEGINNINGS: Final[dict[str, tuple[str, Callable[[Session], AsyncIterator[TurnEvent]]]]] = {
    "edit": ("begin_turn", lambda session: session.edit(1, Draft("Hello?"), model_spec=SPEC)),
    "again": ("begin_version", lambda session: session.regenerate(2, model_spec=SPEC)),
    "think more": ("begin_version", lambda session: session.think_more(2, model_spec=SPEC)),
    "go on": ("conversation", lambda session: session.continue_answer(2, model_spec=SPEC)),
}
"""What begins an answer in a chat, and what of it takes its time."""


@pytest.mark.parametrize("how", BEGINNINGS)
def test_so_is_every_other_way_to_an_answer(tmp_path: Path, how: str) -> None:
    name, begins = BEGINNINGS[how]

    async def test() -> None:
        async with desk(tmp_path, fake_worker.endless()) as (session, history, engine):
            first = session.reply(None, Draft("Hello"), model_spec=SPEC)
            await until(first, Writing)
            session.stop()
            await all_of(first)
            begun, go_on = asyncio.Event(), asyncio.Event()
            _hold(history, name, begun, go_on)
            asking = asyncio.create_task(all_of(begins(session)))
            await begun.wait()
            closing = asyncio.create_task(session.close())
            await engine.close()
            assert not closing.done()
            go_on.set()
            await closing
            last = (await asking)[-1]
            assert isinstance(last, Ended)
            assert last.message.ending == "stopped"
            assert await history.message(last.message.id) == last.message, "nothing is left unfinished"

    run(test())


def test_who_is_quiet_for_a_moment_answers_again(tmp_path: Path) -> None:
    """As while a backup takes the history's place."""

    async def test() -> None:
        async with desk(tmp_path, fake_worker.answering("Yes.")) as (session, _, _):
            await session.quiet()
            answer = await last_of(session.reply(None, Draft("Are you there?"), model_spec=SPEC))
            assert (answer.ending, answer.text) == ("stop", "Yes.")
            both = asyncio.gather(session.quiet(), session.close())
            await both
            assert (await last_of(session.reply(None, Draft("And now?"), model_spec=SPEC))).ending == "stopped"

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


def test_an_answer_that_cannot_end_says_so_instead_of_keeping_somebody_waiting(tmp_path: Path) -> None:
    async def test() -> None:
        async with desk(tmp_path, fake_worker.answering("Yes.")) as (session, history, _):

            async def unforeseen(*_: object) -> None:
                raise ZeroDivisionError("nobody foresaw this")

            history.finish_answer = unforeseen  # type: ignore[method-assign, assignment]
            with pytest.raises(ZeroDivisionError):
                await all_of(session.reply(None, Draft("Hello"), model_spec=SPEC))
            waiting = asyncio.current_task()
            assert waiting is not None
            assert not waiting.cancelling(), "it came by itself, and not with the test's end"

    run(test())


def _hold(history: History, name: str, begun: asyncio.Event, go_on: asyncio.Event) -> None:
    """Have what the history is asked wait in the middle, as a slow disk would."""
    begin = getattr(history, name)

    async def held(*args: object, **more: object) -> object:
        begun.set()
        await go_on.wait()
        return await begin(*args, **more)

    setattr(history, name, held)
