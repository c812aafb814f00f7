"""Saved states as the program uses them: chats are ready after a restart, and nothing is left of what was deleted."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

import psutil
import pytest

from mistral_desk.chat.message import Draft
from mistral_desk.core.settings import STATES
from mistral_desk.inference.protocol import Sampling
from mistral_desk.inference.state_file import SUFFIX, UNFINISHED
from mistral_desk.inference.state_store import FOLDER, StateStore
from mistral_desk.services import BUILTIN, Services
from tests.fixtures.engines import run
from tests.fixtures.sessions import last_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from mistral_desk.chat.message import Message
    from mistral_desk.chat.session import Session

GREEDY: Final = Sampling(temperature=0.0, seed=1)
QUESTION: Final = "What colour is the red circle, and how much is seven plus eight? " * 20


@contextlib.asynccontextmanager
async def opened() -> AsyncIterator[Services]:
    services = await Services.open()
    try:
        yield services
    finally:
        await services.close()


async def said(services: Services, session: Session, chat: int | None, text: str = QUESTION) -> Message:
    spec = services.resolve_model(BUILTIN)
    return await last_of(session.reply(chat, Draft(text), model_spec=spec, sampling=GREEDY, max_tokens=4))


def cached(answer: Message) -> int:
    assert answer.figures
    return answer.figures.cached_tokens


def owners(home: Path) -> frozenset[str]:
    return StateStore(home / "cache" / FOLDER, lambda: 1 << 40).owners


@pytest.mark.slow
def test_a_chat_is_ready_after_a_restart_and_gone_with_its_purge(home: Path) -> None:
    async def promise() -> None:
        async with opened() as services:
            one = await said(services, services.session, None)
            two = await said(services, services.session, None, QUESTION[::-1])
        assert owners(home) == {str(one.conversation), str(two.conversation)}
        async with opened() as services:
            again = await said(services, services.session, one.conversation, "And a blue one?")
            assert cached(again) > 250
            await services.history.delete(one.conversation)
            await services.tidy()
            await services.history.purge_many([one.conversation])
            await services.tidy()
        assert owners(home) == {str(two.conversation)}, "nor was it kept again when the program closed"

    run(promise())


@pytest.mark.slow
def test_nothing_is_left_of_a_temporary_chat(home: Path) -> None:
    async def promise() -> None:
        async with opened() as services:
            room = await services.temporary()
            await said(services, room.session, None)
            await services.leave(room)
            kept = await said(services, services.session, None, "Hi")
            assert cached(kept) < 64, "not even in the worker's memory"
            room = await services.temporary()
            await said(services, room.session, None)
        assert owners(home) == frozenset()

    run(promise())


@pytest.mark.slow
def test_delete_all_my_data_leaves_none(home: Path) -> None:
    async def promise() -> None:
        async with opened() as services:
            await said(services, services.session, None)
            await services.states.keep(services.engine._worker)  # type: ignore[arg-type]
            assert services.states.store.owners
            room = await services.temporary()
            await said(services, room.session, None)
            worker = services.engine.pid
            assert worker
            await services.erase()
            assert not psutil.pid_exists(worker), "its memory is gone with it"
            assert not [path for path in (home / "cache").rglob("*") if path.suffix in (SUFFIX, UNFINISHED)]
            fresh = await said(services, services.session, None, "Hi")
            assert cached(fresh) < 64
        assert owners(home) == frozenset(), "the new chat is too short to be worth it"

    run(promise())


@pytest.mark.slow
def test_who_wants_nothing_kept_has_nothing_kept(home: Path) -> None:
    async def promise() -> None:
        async with opened() as services:
            await said(services, services.session, None)
        assert owners(home)
        async with opened() as services:
            services.settings.set(STATES, 0)
            await asyncio.gather(*services._notes)
            assert not services.states.store.owners, "what was there is gone at once"
            await said(services, services.session, None)
        assert not list((home / "cache" / FOLDER).iterdir())

    run(promise())
