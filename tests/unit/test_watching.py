"""What becomes of a worker that works on something and says nothing: told, asked to stop, ended; nothing is lost."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import psutil
import pytest

from mistral_desk.inference import remote, silence
from mistral_desk.inference.protocol import Figures, Finished, NeedImage, Piece, PutImage, Turn
from mistral_desk.inference.silence import Silence
from mistral_desk.inference.watching import Watching
from tests.fixtures import fake_worker
from tests.fixtures.engines import END_OF_WORLD_S, HI, SPEC, problem_of, read, run, scripted
from tests.fixtures.fake_worker import HELLO, answering, event, loading, pieces

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mistral_desk.inference.client import Engine

DEAF: Final = {"deaf": END_OF_WORLD_S}
STOPPED: Final = event(Finished(0, "stopped", Figures(generated_tokens=2), fake_worker.VOCABULARY))
TICK: Final = 0.02
HANGS: Final = 25 * TICK
FOR_EVER: Final = float("inf")


class Hours:
    """The time of silences: it passes only as far as a test lets it, so that a worker that has to wait for a processor
    is not taken for one that hangs. `looks` is how often somebody looked at a worker that has work.
    """

    def __init__(self) -> None:
        self.left, self.looks = 0.0, 0

    def tick(self) -> float:
        """What passes from one look to the next."""
        step = min(TICK, self.left)
        self.left -= step
        return step


@pytest.fixture(autouse=True)
def hours(monkeypatch: pytest.MonkeyPatch) -> Hours:
    """Seconds instead of minutes, none of which passes by itself."""
    monkeypatch.setattr(silence, "TICK_S", TICK)
    monkeypatch.setattr(silence, "TELL_S", 5 * TICK)
    monkeypatch.setattr(silence, "HANGS_S", HANGS)
    monkeypatch.setattr(silence, "HANGS_LOADING_S", 2 * HANGS)
    monkeypatch.setattr(silence, "HANGS_TIMES", 1.0)
    monkeypatch.setattr(silence, "TELL_TIMES", 0.0)
    made, passed, tick = Hours(), Silence.passed, Watching._tick

    def counted(self: Watching) -> None:
        made.looks += 1
        tick(self)

    monkeypatch.setattr(Silence, "passed", lambda self, _elapsed, stir=None: passed(self, made.tick(), stir))
    monkeypatch.setattr(Watching, "_tick", counted)
    return made


async def until(holds: Callable[[], bool]) -> None:
    """Wait for what nothing tells of: the window looks, too."""
    while not holds():  # noqa: ASYNC110
        await asyncio.sleep(TICK)


async def written(engine: Engine, into: list[str]) -> None:
    async for one in engine.generate(HI):
        if isinstance(one, Piece):
            into.append(one.text)  # noqa: PERF401 - what came before the end counts


def test_one_that_hangs_in_an_answer_is_told_then_ended_and_the_next_one_answers(
    tmp_path: Path, hours: Hours, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "STOP_LIMIT_S", 0.3)
    script = [HELLO, {"serve": {"load": loading(), "generate": [*pieces("half an answer"), DEAF]}}]

    async def test() -> None:
        async with scripted(tmp_path, script) as engine:
            await engine.ensure(SPEC)
            pid, texts = engine.pid, list[str]()
            answering_it = asyncio.ensure_future(problem_of(written(engine, texts)))
            await until(lambda: "".join(texts) == "half an answer")
            hours.left = FOR_EVER
            await until(lambda: engine.quiet is not None)
            quiet = engine.quiet
            assert quiet
            assert quiet.seconds >= silence.TELL_S
            assert not answering_it.done(), "it is told before it is ended"
            assert (await answering_it)[:2] == ("engine.stuck", {"minutes": 1})
            hours.left = 0.0
            assert "".join(texts) == "half an answer"
            assert pid
            assert not psutil.pid_exists(pid)
            assert engine.quiet is None
            await engine.ensure(SPEC)
            assert engine.pid not in (pid, None)

    run(test())


def test_one_that_obeys_when_it_is_asked_to_stop_lives_on(
    tmp_path: Path, hours: Hours, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "STOP_LIMIT_S", END_OF_WORLD_S)
    hangs = [*pieces("half an"), {"until": "stop", "do": [{"pause": TICK}]}, STOPPED]

    async def test() -> None:
        async with scripted(tmp_path, [HELLO, {"serve": {"load": loading(), "generate": hangs}}]) as engine:
            await engine.ensure(SPEC)
            pid, texts = engine.pid, list[str]()
            answering_it = asyncio.ensure_future(problem_of(written(engine, texts)))
            await until(lambda: "".join(texts) == "half an")
            hours.left = FOR_EVER
            assert (await answering_it)[0] == "engine.stuck"
            assert "".join(texts) == "half an"
            assert engine.pid == pid

    run(test())


def test_one_that_hangs_while_it_loads_is_given_up(
    tmp_path: Path, hours: Hours, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "STOP_LIMIT_S", 0.3)

    async def test() -> None:
        async with scripted(tmp_path, [HELLO, {"serve": {"load": [*loading(0.5)[:1], DEAF]}}]) as engine:
            hours.left = FOR_EVER
            assert (await problem_of(engine.ensure(SPEC)))[0] == "engine.stuck"
            assert engine.pid is None

    run(test())


def test_one_that_is_slow_and_speaks_is_left_to_work(tmp_path: Path, hours: Hours) -> None:
    """Far longer in all than what a silence may take, and never that long without a word."""
    words = pieces(" word" * 6)
    slow = [step for word in words for step in ({"expect": "answer_now"}, word)]
    end = event(Finished(0, "stop", Figures(generated_tokens=6), fake_worker.VOCABULARY))

    async def test() -> None:
        async with scripted(tmp_path, [HELLO, {"serve": {"load": loading(), "generate": [*slow, end]}}]) as engine:
            await engine.ensure(SPEC)
            texts: list[str] = []
            answering_it = asyncio.ensure_future(written(engine, texts))
            for number in range(len(words)):
                hours.left = 0.8 * HANGS
                await until(lambda: hours.left == 0 or answering_it.done())
                engine.answer_now()  # now it writes the next one
                await until(lambda number=number: len(texts) > number or answering_it.done())  # type: ignore[misc]
            await answering_it
            assert "".join(texts) == " word" * 6

    run(test())


def test_who_waits_for_us_does_not_hang(tmp_path: Path, hours: Hours) -> None:
    """The worker asks for a picture, and the app takes its time."""
    name = "0" * 64
    asks = [event(NeedImage(0, name)), {"expect": "put_image"}, *fake_worker.answer("A cat.")]

    async def look(sha256: str) -> PutImage:
        begun, hours.left = hours.looks, FOR_EVER
        await until(lambda: hours.looks >= begun + 2 * round(HANGS / TICK))
        hours.left = 0.0
        return PutImage(sha256, 1, 1, b"abc")

    async def test() -> None:
        async with scripted(tmp_path, [HELLO, {"serve": {"load": loading(), "generate": asks}}]) as engine:
            await engine.ensure(SPEC)
            turn = Turn("user", "What is this?", images=(name,))
            assert await read(engine.generate([turn], pictures=look)) == "A cat."

    run(test())


def test_who_has_nothing_to_do_is_not_watched(tmp_path: Path, hours: Hours) -> None:
    async def test() -> None:
        async with scripted(tmp_path, answering("Yes.")) as engine:
            await engine.ensure(SPEC)
            for _ in range(2):
                pid, looks = engine.pid, hours.looks
                hours.left = FOR_EVER
                await asyncio.sleep(60 * TICK)
                assert engine.quiet is None
                assert hours.looks == looks
                hours.left = 0.0
                assert await read(engine.generate(HI)) == "Yes."
                assert engine.pid == pid

    run(test())
