"""What becomes of a worker that works on something and says nothing: told, asked to stop, ended; nothing is lost."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import psutil
import pytest

from mistral_desk.inference import remote, silence
from mistral_desk.inference.protocol import Figures, Finished, NeedImage, Piece, PutImage, Turn
from tests.fixtures import fake_worker
from tests.fixtures.engines import END_OF_WORLD_S, HI, SPEC, problem_of, read, run, scripted
from tests.fixtures.fake_worker import HELLO, answering, event, loading, pieces

if TYPE_CHECKING:
    from pathlib import Path

    from mistral_desk.inference.client import Engine

DEAF: Final = {"deaf": END_OF_WORLD_S}
STOPPED: Final = event(Finished(0, "stopped", Figures(generated_tokens=2), fake_worker.VOCABULARY))
TICK: Final = 0.02


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds instead of minutes; one look counts as two ticks at most, however busy the computer is."""
    monkeypatch.setattr(silence, "TICK_S", TICK)
    monkeypatch.setattr(silence, "TELL_S", 5 * TICK)
    monkeypatch.setattr(silence, "HANGS_S", 25 * TICK)
    monkeypatch.setattr(silence, "HANGS_LOADING_S", 50 * TICK)
    monkeypatch.setattr(silence, "HANGS_TIMES", 1.0)
    monkeypatch.setattr(silence, "TELL_TIMES", 0.0)
    monkeypatch.setattr(remote, "STOP_LIMIT_S", 0.3)


async def told(engine: Engine) -> silence.Quiet:
    """Wait until the engine is said to be silent."""
    while (quiet := engine.quiet) is None:  # noqa: ASYNC110 - nothing tells of it: the window looks, too
        await asyncio.sleep(TICK)
    return quiet


async def written(engine: Engine, into: list[str]) -> None:
    async for one in engine.generate(HI):
        if isinstance(one, Piece):
            into.append(one.text)  # noqa: PERF401 - what came before the end counts


def test_one_that_hangs_in_an_answer_is_told_then_ended_and_the_next_one_answers(tmp_path: Path) -> None:
    script = [HELLO, {"serve": {"load": loading(), "generate": [*pieces("half an answer"), DEAF]}}]

    async def test() -> None:
        async with scripted(tmp_path, script) as engine:
            await engine.ensure(SPEC)
            pid, texts = engine.pid, list[str]()
            answering_it = asyncio.ensure_future(problem_of(written(engine, texts)))
            quiet = await told(engine)
            assert quiet.seconds >= silence.TELL_S
            assert not answering_it.done(), "it is told before it is ended"
            assert (await answering_it)[:2] == ("engine.stuck", {"minutes": 1})
            assert "".join(texts) == "half an answer"
            assert pid
            assert not psutil.pid_exists(pid)
            assert engine.quiet is None
            await engine.ensure(SPEC)
            assert engine.pid not in (pid, None)

    run(test())


def test_one_that_obeys_when_it_is_asked_to_stop_lives_on(tmp_path: Path) -> None:
    hangs = [*pieces("half an"), {"until": "stop", "do": [{"pause": TICK}]}, STOPPED]

    async def test() -> None:
        async with scripted(tmp_path, [HELLO, {"serve": {"load": loading(), "generate": hangs}}]) as engine:
            await engine.ensure(SPEC)
            pid, texts = engine.pid, list[str]()
            assert (await problem_of(written(engine, texts)))[0] == "engine.stuck"
            assert "".join(texts) == "half an"
            assert engine.pid == pid

    run(test())


def test_one_that_hangs_while_it_loads_is_given_up(tmp_path: Path) -> None:
    async def test() -> None:
        async with scripted(tmp_path, [HELLO, {"serve": {"load": [*loading(0.5)[:1], DEAF]}}]) as engine:
            assert (await problem_of(engine.ensure(SPEC)))[0] == "engine.stuck"
            assert engine.pid is None

    run(test())


def test_one_that_is_slow_and_speaks_is_left_to_work(tmp_path: Path) -> None:
    """Far longer in all than what a silence may take, and never that long without a word."""
    slow = [step for word in pieces(" word" * 60) for step in (word, {"pause": TICK})]
    end = event(Finished(0, "stop", Figures(generated_tokens=60), fake_worker.VOCABULARY))

    async def test() -> None:
        async with scripted(tmp_path, [HELLO, {"serve": {"load": loading(), "generate": [*slow, end]}}]) as engine:
            await engine.ensure(SPEC)
            assert await read(engine.generate(HI)) == " word" * 60

    run(test())


def test_who_waits_for_us_does_not_hang(tmp_path: Path) -> None:
    """The worker asks for a picture, and the app takes its time."""
    name = "0" * 64
    asks = [event(NeedImage(0, name)), {"expect": "put_image"}, *fake_worker.answer("A cat.")]

    async def look(sha256: str) -> PutImage:
        await asyncio.sleep(100 * TICK)
        return PutImage(sha256, 1, 1, b"abc")

    async def test() -> None:
        async with scripted(tmp_path, [HELLO, {"serve": {"load": loading(), "generate": asks}}]) as engine:
            await engine.ensure(SPEC)
            turn = Turn("user", "What is this?", images=(name,))
            assert await read(engine.generate([turn], pictures=look)) == "A cat."

    run(test())


def test_who_has_nothing_to_do_is_not_watched(tmp_path: Path) -> None:
    async def test() -> None:
        async with scripted(tmp_path, answering("Yes.")) as engine:
            await engine.ensure(SPEC)
            for _ in range(2):
                pid = engine.pid
                await asyncio.sleep(60 * TICK)
                assert engine.quiet is None
                assert await read(engine.generate(HI)) == "Yes."
                assert engine.pid == pid

    run(test())
