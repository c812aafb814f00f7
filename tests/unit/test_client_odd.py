"""What is pressed, asked or sent at a moment when it means nothing: no error, no hang, no process left behind."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import threading
from typing import TYPE_CHECKING

import psutil
import pytest

from mistral_desk.inference import ahead, remote
from mistral_desk.inference.child import Child, own_command
from mistral_desk.inference.client import Engine, ModelSpec
from mistral_desk.inference.protocol import Counted, Finished, Generate, Hello, Loaded, NeedImage, Piece, Turn
from mistral_desk.inference.remote import Worker
from mistral_desk.inference.state_messages import KeepStates, StateTaken
from tests.fixtures import fake_worker
from tests.fixtures.engines import END_OF_WORLD_S, HI, SPEC, problem_of, read, run, scripted
from tests.fixtures.fake_worker import HELLO, answer, endless, event, loading
from tests.fixtures.gguf_kinds import dense
from tests.fixtures.seeing import Album, picture

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from mistral_desk.inference.death import Ended
    from mistral_desk.inference.protocol import Event


@contextlib.asynccontextmanager
async def working(folder: Path, script: list[fake_worker.Step]) -> AsyncIterator[Worker]:
    """A worker that follows the script and has said hello."""
    worker = Worker(fake_worker.command(folder, script))
    try:
        await worker.start()
        yield worker
    finally:
        await worker.close()


def test_buttons_that_are_pressed_while_nothing_is_answered_do_nothing(tmp_path: Path) -> None:
    async def test() -> None:
        async with scripted(tmp_path, [HELLO, {"serve": {"load": loading(), "generate": answer("Yes.")}}]) as made:
            for loaded in (False, True):
                if loaded:
                    await made.ensure(SPEC)
                made.stop()
                made.answer_now()
                made.think_more()
                await made.forget(["1"])
                if not loaded:
                    assert (await problem_of(made.count(HI)))[0] == "engine.no_model"
            assert await read(made.generate(HI)) == "Yes."

    run(test())


def test_a_request_that_is_over_takes_no_word_any_more(tmp_path: Path) -> None:
    """What was pressed reached the worker too late, or its last words came too late."""
    late = event(Piece(0, "text", "late"))
    script = [HELLO, {"serve": {"load": [*loading(), late], "generate": [event(StateTaken(0)), *answer("Yes.")]}}]

    async def test() -> None:
        async with working(tmp_path, script) as worker:
            await worker.load(SPEC)
            said = [one async for one in worker.generate(HI)]
            assert "".join(one.text for one in said if isinstance(one, Piece)) == "Yes."
            worker.answer_now(99)
            worker.think_more(99)
            worker.stop(99)
            assert isinstance(said[-1], Finished)
            assert worker.alive

    run(test())


@pytest.mark.parametrize("asked", ["load", "count", "keep_states"])
def test_an_event_in_a_wrong_place_ends_the_worker(tmp_path: Path, asked: str) -> None:
    wrong = event(Loaded(0, fake_worker.MODEL)) if asked == "count" else event(Piece(0, "text", "?"))

    async def ask(worker: Worker) -> None:
        if asked == "load":
            await worker.load(SPEC)
        elif asked == "count":
            await worker.count(HI)
        else:
            async for _ in worker.order(lambda number: KeepStates(number, 1)):
                pass

    async def test() -> None:
        async with working(tmp_path, [HELLO, {"serve": {asked: [wrong]}}]) as worker:
            found = await problem_of(ask(worker))
            assert found[0] == "engine.protocol"
            assert "was not expected here" in str(found[1]["reason"])
            await worker._over.wait()
            assert not worker.alive

    run(test())


def test_a_worker_that_was_never_started_says_so_and_closes(tmp_path: Path) -> None:
    async def test() -> None:
        worker = Worker(fake_worker.command(tmp_path, [HELLO]))
        assert (await problem_of(worker.count(HI)))[0] == "engine.no_model"
        worker.kill("nobody is there")
        await worker.close()
        assert worker.pid is None

    run(test())


@pytest.mark.skipif(sys.platform == "win32", reason="nothing on Windows can refuse to be ended")
def test_a_worker_that_refuses_to_end_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, allow_log: Callable[..., None]
) -> None:
    monkeypatch.setattr(remote, "CLOSE_LIMIT_S", 0.1)
    monkeypatch.setattr(remote, "TERMINATE_LIMIT_S", 0.1)
    allow_log("had to be killed")
    script = fake_worker.command(tmp_path, [HELLO, {"deaf": END_OF_WORLD_S}])
    code = f"import os, signal; signal.signal({signal.SIGTERM}, signal.SIG_IGN); os.execv({script[0]!r}, {script!r})"

    async def test() -> None:
        worker = Worker([sys.executable, "-c", code])
        await worker.start()
        pid = worker.pid
        await worker.close()
        assert pid
        assert not psutil.pid_exists(pid)

    run(test())


def test_a_worker_whose_listener_is_gone_is_ended(tmp_path: Path) -> None:
    """The window closed without a word: what the worker says then has nobody, and it must not go on computing."""
    script = [HELLO, {"await": "generate"}, *answer("Nobody hears this."), {"deaf": END_OF_WORLD_S}]
    heard: list[Event | Ended] = []

    async def begin() -> Child:
        hello = asyncio.Event()

        def hear(event: Event | Ended) -> None:
            heard.append(event)
            hello.set()

        child = Child(fake_worker.command(tmp_path, script), hear)
        await hello.wait()
        return child

    child = asyncio.run(begin())
    assert [type(one) for one in heard] == [Hello]
    assert child.pid
    process = psutil.Process(child.pid)
    child.send(Generate(1, HI))

    process.wait(END_OF_WORLD_S)
    for thread in threading.enumerate():
        if thread.name == "worker-life":
            thread.join(END_OF_WORLD_S)
    child.terminate()  # of what has ended
    assert [type(one) for one in heard] == [Hello]


def test_half_a_character_reaches_the_worker_as_a_mark(tmp_path: Path) -> None:
    """A clipboard may hold halves of characters, which no UTF-8 can carry."""

    async def test() -> None:
        async with working(tmp_path, [HELLO, {"serve": {"load": loading()}}]) as worker:
            await worker.load(SPEC)
            assert (await worker.count([Turn("user", "half \ud83d", "of \udc00")])).tokens == len(["half", "?"])

    run(test())


def test_a_picture_that_the_worker_never_met_is_shown_to_it_to_be_counted(tmp_path: Path) -> None:
    shown = picture(1)
    album = Album(shown)
    asks = [event(NeedImage(0, shown.sha256)), {"expect": "put_image"}, event(Counted(0, 70))]

    async def test() -> None:
        async with working(tmp_path, [HELLO, {"serve": {"load": loading(), "count": asks}}]) as worker:
            await worker.load(SPEC)
            turn = Turn("user", "What is this?", images=(shown.sha256,))
            assert (await worker.count([turn], pictures=album)).tokens == 70
            assert album.asked == [shown.sha256]
            assert (await problem_of(worker.count([turn])))[0] == "engine.protocol", "nobody has it"

    run(test())


def test_why_a_model_cannot_see_is_told_as_far_as_files_tell(tmp_path: Path) -> None:
    model = dense(tmp_path / "model.gguf")

    async def test() -> None:
        engine = Engine()
        try:
            gone = await engine.blindness(ModelSpec(str(tmp_path / "none.gguf")))
            wrong = await engine.blindness(ModelSpec(str(model), projector=str(model)))
            lost = await engine.blindness(ModelSpec(str(model), projector=str(tmp_path / "none.gguf")))
        finally:
            await engine.close()
        assert gone is None, "loading it says what is wrong"
        assert wrong
        assert wrong.id == "projector.not_one"
        assert lost
        assert lost.id == "projector.missing"

    run(test())


def test_a_worker_that_dies_while_it_reads_ahead_is_nobodys_error(tmp_path: Path) -> None:
    async def test() -> None:
        async with scripted(tmp_path, [HELLO, {"serve": {"load": loading(), "generate": [{"exit": 3}]}}]) as made:
            await made.ensure(SPEC)
            for _ in range(2):  # the second one finds it dead
                if reading := made.ahead.read(HI, "none"):
                    await reading
            await made.ensure(SPEC)
            assert made.model

    run(test())


def test_nothing_is_read_ahead_of_an_answer_that_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "_FREE_S", 0.05)

    async def test() -> None:
        async with scripted(tmp_path, endless()) as made:
            await made.ensure(SPEC)
            async with contextlib.aclosing(made.generate(HI)) as events:
                await anext(events)
                reading = made.ahead.read(HI, "none")
                assert reading
                await reading
                made.stop()
                rest = [one async for one in events]
            assert isinstance(rest[-1], Finished)
            assert rest[-1].reason == "stopped"

    run(test())


def test_a_frozen_program_starts_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    assert own_command("--worker") == [sys.executable, "-m", "mistral_desk", "--worker"]
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert own_command("--worker") == [sys.executable, "--worker"]
