"""A turn in odd moments: told to stop as its worker ends, wished for what it cannot do, ended with the program."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import pytest

from mistral_desk.chat.answer import GrowingAnswer, Saver
from mistral_desk.chat.attachments import Pixels
from mistral_desk.chat.history import History
from mistral_desk.chat.imported import Imported, ImportedMessage
from mistral_desk.chat.message import Draft, Part
from mistral_desk.chat.parts import lookup, picture_part
from mistral_desk.chat.pictures_in_memory import PicturesInMemory
from mistral_desk.chat.session import Broken, Loading, Session, Started, Writing
from mistral_desk.core.errors import DeskError
from mistral_desk.inference.protocol import Piece
from mistral_desk.net.endpoints.record import Endpoint, EndpointModel, Offered
from tests.fixtures import fake_worker
from tests.fixtures.engines import SPEC, problem_of, run
from tests.fixtures.sessions import Door, all_of, last_of, until

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import AsyncGenerator, Callable
    from pathlib import Path

    from mistral_desk.inference.client import Answer
    from mistral_desk.inference.protocol import ModelInfo

ELSEWHERE: Final = EndpointModel(Endpoint("site", "Site", "https://a.example/v1", agreed=True), Offered("a-model"))


class Ending(Door):
    """An engine whose worker ends as soon as it is told to stop, in the middle of an answer or of a load."""

    def __init__(self, *, loading: bool = False) -> None:
        super().__init__()
        self.loading, self.stopped = loading, asyncio.Event()
        self.more = 0

    async def ensure(self, spec: object, on_progress: Callable[[float], None] | None = None) -> ModelInfo:
        if self.loading:
            assert on_progress is not None
            on_progress(0.5)
            try:
                await asyncio.Event().wait()
            finally:
                raise DeskError("engine.died", status=3)
        return fake_worker.MODEL

    async def generate(self, *_: object, **__: object) -> AsyncGenerator[Answer, None]:
        yield Piece(0, "text", "half", (3,))
        await self.stopped.wait()
        raise DeskError("engine.died", status=3)

    def stop(self) -> None:
        self.stopped.set()

    def think_more(self) -> None:
        self.more += 1


@pytest.mark.parametrize("loading", [True, False])
def test_who_stops_hears_nothing_of_a_worker_that_ends_over_it(*, loading: bool) -> None:
    async def promise() -> None:
        history = await History.temporary()
        session = Session(history, Ending(loading=loading))
        events = session.reply(None, Draft("go"), model_spec=SPEC)
        await until(events, Loading if loading else Writing)
        session.stop()
        answer = await last_of(events)
        assert (answer.ending, answer.text) == ("stopped", "" if loading else "half")
        await session.close()
        await history.close()

    run(promise())


def test_a_wish_that_fits_no_moment_does_nothing() -> None:
    async def promise() -> None:
        history = await History.temporary()
        door = Ending(loading=True)
        session = Session(history, door)
        events = session.reply(None, Draft("go"), model_spec=SPEC)
        await until(events, Started)
        assert session.running is not None
        for answer in (session.running, 99):
            session.go_on_thinking(answer)
        session.decide("drop")
        assert door.more == 0, "nothing is thought yet, and nobody asked what gives way"
        session.stop()
        assert (await last_of(events)).ending == "stopped"
        await history.close()

    run(promise())


def test_an_answer_that_ends_with_the_program_is_kept_as_stopped() -> None:
    async def promise() -> None:
        history = await History.temporary()
        session = Session(history, Ending())
        events = session.reply(None, Draft("go"), model_spec=SPEC)
        await until(events, Writing)
        (making,) = (task for task in asyncio.all_tasks() if task.get_name().startswith("answer "))
        making.cancel()
        with pytest.raises(asyncio.CancelledError):
            await all_of(events)
        answer = (await history.messages(1))[1]
        assert (answer.ending, answer.text) == ("stopped", "half")
        await history.close()

    run(promise())


@pytest.mark.allow_log("answer 2 failed", "mistral_desk.chat")
def test_a_model_of_which_only_its_load_shows_that_it_cannot_see_says_so() -> None:
    async def promise() -> None:
        history, pictures = await History.temporary(), PicturesInMemory()
        part = picture_part(await pictures.put(Pixels(1, 1, b"abc")), "a.png")
        session = Session(history, Door(), pictures=pictures)
        broken = (await all_of(session.reply(None, Draft("What is it?", attached=(part,)), model_spec=SPEC)))[-1]
        assert isinstance(broken, Broken)
        assert broken.problem.id == "model.no_eyes"
        assert (await history.messages(1))[0].parts[0] == part, "the picture is kept with its question"
        await history.close()

    run(promise())


def test_what_answers_nothing_cannot_be_answered_again_or_go_on() -> None:
    """An imported chat may begin with an answer."""
    said = (
        ImportedMessage("a", None, "assistant", 1.0, (Part("text", "Hello!"),), ending="stopped"),
        ImportedMessage("s", "a", "system", 2.0, (Part("text", "Be brief."),)),
    )

    async def promise() -> None:
        history = await History.temporary()
        await history.put(Imported("x", 1.0, 2.0, said))
        session, door = Session(history, Door()), Door()
        answer, system = (message.id for message in await history.tree(1))
        for events in (
            session.regenerate(answer, model_spec=SPEC),
            session.regenerate(system, model_spec=SPEC),
            session.continue_answer(answer, model_spec=SPEC),
        ):
            assert (await problem_of(all_of(events)))[0] == "history.missing"
        assert len(await history.tree(1)) == 2
        assert door.asked == []
        await history.close()

    run(promise())


def test_where_no_endpoints_are_a_model_elsewhere_is_refused_and_nothing_stored() -> None:
    async def promise() -> None:
        history = await History.temporary()
        session = Session(history, Door())
        found, params, _ = await problem_of(all_of(session.reply(None, Draft("go"), model_spec=ELSEWHERE)))
        assert (found, params["name"]) == ("endpoint.not_here", "a-model")
        assert await history.conversations() == ()
        await history.close()

    run(promise())


def test_without_a_store_a_picture_is_missing() -> None:
    async def promise() -> None:
        assert (await problem_of(lookup(None)("0" * 64)))[0] == "picture.missing"  # type: ignore[arg-type]

    run(promise())


@pytest.mark.allow_log("SQLITE_FULL|could not be saved yet", "mistral_desk.chat")
def test_what_could_not_be_saved_while_it_grew_is_saved_as_soon_as_there_is_room(tmp_path: Path) -> None:
    def pages(more: int | None) -> object:
        def limit(connection: sqlite3.Connection) -> None:
            count = connection.execute("PRAGMA page_count").fetchone()[0] + more if more is not None else 2**30
            connection.execute(f"PRAGMA max_page_count = {count}").fetchall()

        return limit

    async def promise() -> None:
        history, _ = await History.open(tmp_path / "history.sqlite3")
        _, _, answer = await history.begin_turn(None, "go")
        growing = GrowingAnswer()
        saver = Saver(history, answer, growing)
        growing.add(Piece(0, "text", "y" * 100_000, (1,)))
        await history._store.write(pages(0))  # type: ignore[arg-type]
        saver._begin()
        assert saver._saving is not None
        await saver._saving
        assert (await history.message(answer.id)).text == ""
        assert saver._timer is not None, "it is tried again"
        await history._store.write(pages(None))  # type: ignore[arg-type]
        saver._timer.cancel()
        saver._begin()
        assert saver._saving is not None
        await saver._saving
        assert (await history.message(answer.id)).text == "y" * 100_000
        message, problem = await saver.finish("stop", None)
        assert (message.ending, problem) == ("stop", None)
        await history.close()

    run(promise())
