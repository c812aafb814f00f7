"""While a person is asked what gives way in a full chat, others are answered: that may take hours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from mistral_desk.chat.events import Broken, Full, Started
from mistral_desk.chat.message import Draft
from mistral_desk.core.errors import Problem
from mistral_desk.inference.protocol import Failed
from tests.fixtures import fake_worker
from tests.fixtures.engines import SPEC, run
from tests.fixtures.sessions import all_of, desk, last_of, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from mistral_desk.chat.events import TurnEvent
    from mistral_desk.chat.session import Session

pytestmark = pytest.mark.allow_log("had to be killed", "mistral_desk.inference.remote")
"""On a busy computer a process may not hear of its end in time."""
SAID: Final = "Here you are."
TOO_LONG: Final = fake_worker.event(
    Failed(0, Problem("prompt.too_long", {"tokens": 5000, "name": "Fake", "context": 4096}))
)


def script(asks: int) -> list[fake_worker.Step]:
    """A worker for which the third message is too long, so many times, and everything fits afterwards."""
    known = [step for _ in range(2) for step in ({"await": "generate"}, *fake_worker.answer("Yes."))]
    full: list[fake_worker.Step] = [{"await": "generate"}, TOO_LONG] * asks
    rest: fake_worker.Step = {"serve": {"load": fake_worker.loading(), "generate": fake_worker.answer(SAID)}}
    return [fake_worker.HELLO, {"await": "load"}, *fake_worker.loading(), *known, *full, rest]


async def asked(session: Session) -> AsyncIterator[TurnEvent]:
    """A chat whose third message is too long, and what is still to come of it."""
    for text in ("One", "Two"):
        await last_of(session.reply(1 if text == "Two" else None, Draft(text), model_spec=SPEC))
    events = session.reply(1, Draft("Three"), model_spec=SPEC)
    await until(events, Full)
    return events


@pytest.mark.parametrize("rests", [True, False])
def test_another_chat_is_answered_and_then_this_one(tmp_path: Path, *, rests: bool) -> None:
    async def promise() -> None:
        async with desk(tmp_path, script(1)) as (session, _, engine):
            events = await asked(session)
            assert (await last_of(session.reply(None, Draft("Something else"), model_spec=SPEC))).text == SAID
            if rests:  # nobody used it for long, and its worker is another one then
                await engine.rest()
                engine._command = fake_worker.command(tmp_path, fake_worker.answering(SAID), "again.json")
            session.decide("drop")
            assert (await last_of(events)).text == SAID

    run(promise())


@pytest.mark.allow_log("prompt.too_long", "mistral_desk.chat")
@pytest.mark.parametrize("how", ["decided", "stopped", "left"])
def test_who_wants_none_of_it_keeps_nobody_waiting_either(tmp_path: Path, how: str) -> None:
    async def promise() -> None:
        async with desk(tmp_path, script(1)) as (session, _, _):
            events = await asked(session)
            if how == "decided":
                session.decide("stop")
                last = (await all_of(events))[-1]
                assert isinstance(last, Broken)
                assert last.problem.id == "prompt.too_long"
            elif how == "stopped":
                session.stop()
                assert (await last_of(events)).ending == "stopped"
            else:
                await events.aclose()  # type: ignore[attr-defined]
            assert not session._engine_free.locked()
            assert (await last_of(session.reply(None, Draft("Something else"), model_spec=SPEC))).text == SAID

    run(promise())


def test_stop_behind_the_decision_ends_it_while_it_waits_for_its_turn(tmp_path: Path) -> None:
    async def promise() -> None:
        async with desk(tmp_path, script(1)) as (session, _, _):
            events = await asked(session)
            async with session._engine_free:  # somebody is answered
                session.decide("drop")
                session.stop()
                assert (await last_of(events)).ending == "stopped"
            assert not session._engine_free.locked()

    run(promise())


def test_a_decision_is_for_one_chat(tmp_path: Path) -> None:
    async def promise() -> None:
        async with desk(tmp_path, script(2)) as (session, _, _):
            first = await asked(session)
            second = session.reply(1, Draft("Four"), model_spec=SPEC, after=4)
            begun = await until(second, Started)
            assert isinstance(begun, Started)
            await until(second, Full)
            session.decide("drop", begun.answer_message.id)
            assert (await last_of(second)).text == SAID
            session.decide("drop")
            assert (await last_of(first)).text == SAID

    run(promise())
