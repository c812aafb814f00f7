"""What the app makes of a worker that dies, hangs, lies or never starts: a typed error, soon, and no process left."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

import psutil
import pytest

from mistral_desk.inference import child, remote, silence
from mistral_desk.inference.client import Engine
from mistral_desk.inference.protocol import PROTOCOL_VERSION, Loaded, Piece
from tests.fixtures import fake_worker
from tests.fixtures.engines import END_OF_WORLD_S, HI, SPEC, problem_of, read, run, scripted
from tests.fixtures.fake_worker import HELLO, command, endless, event, loading, pieces

if TYPE_CHECKING:
    from pathlib import Path

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX has signals; what Windows says has its own tests")


@posix
@pytest.mark.parametrize(
    ("number", "words"), [(9, "killed, SIGKILL"), (6, "aborted, SIGABRT"), (11, "memory fault, SIGSEGV")]
)
def test_a_worker_that_dies_is_an_error_at_once_and_the_next_message_works(
    tmp_path: Path, number: int, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "STOP_LIMIT_S", END_OF_WORLD_S)  # nothing but the death itself is waited for
    monkeypatch.setattr(silence, "TICK_S", END_OF_WORLD_S)

    async def test() -> None:
        async with scripted(tmp_path, endless()) as made:
            await made.ensure(SPEC)
            first = made.pid
            assert first is not None
            received = 0

            async def kill_it_at_the_third() -> None:
                nonlocal received
                async for _ in made.generate(HI):
                    received += 1
                    if received == 3:
                        os.kill(first, number)

            found = await problem_of(kill_it_at_the_third())
            assert found[:2] == ("engine.died", {"reason": words})
            assert made.model is None
            async with contextlib.aclosing(made.generate(HI)) as again:
                assert isinstance(await anext(again), Piece)
            assert made.pid not in (first, None)

    run(test())


@pytest.mark.parametrize("status", [0, 1, 3])
def test_a_worker_that_exits_in_mid_answer_is_named_with_its_status(tmp_path: Path, status: int) -> None:
    script = [HELLO, {"serve": {"load": loading(), "generate": [*pieces("half an"), {"exit": status}]}}]

    async def test() -> None:
        async with scripted(tmp_path, script) as made:
            await made.ensure(SPEC)
            found = await problem_of(read(made.generate(HI)))
            assert found[:2] == ("engine.died", {"reason": f"exit status {status}"})

    run(test())


@pytest.mark.parametrize("dies", ["load", "generate"])
def test_a_worker_that_died_has_a_successor_before_anybody_asks_again(tmp_path: Path, dies: str) -> None:
    does = {"load": loading(), "generate": pieces("half an"), dies: [{"exit": 3}]}

    async def test() -> None:
        async with scripted(tmp_path, [HELLO, {"serve": does}]) as made:
            if dies == "generate":
                await made.ensure(SPEC)
            await problem_of(made.ensure(SPEC) if dies == "load" else read(made.generate(HI)))
            if made._spare._starting:
                await made._spare._starting
            waiting = made._spare.worker
            assert waiting is not None
            if dies == "generate":
                await made.ensure(SPEC)
                assert made.pid == waiting.pid

    run(test())


def test_what_was_written_before_the_death_still_arrives(tmp_path: Path) -> None:
    script = [HELLO, {"serve": {"load": loading(), "generate": [*pieces("half an answer"), {"exit": 1}]}}]

    async def test() -> None:
        async with scripted(tmp_path, script) as made:
            await made.ensure(SPEC)
            texts: list[str] = []

            async def collect() -> None:
                async for piece in made.generate(HI):
                    assert isinstance(piece, Piece)
                    texts.append(piece.text)

            assert (await problem_of(collect()))[0] == "engine.died"
            assert "".join(texts) == "half an answer"

    run(test())


def test_last_words_about_memory_are_evidence(tmp_path: Path) -> None:
    words = "terminate called after throwing an instance of 'std::bad_alloc'"
    script = [HELLO, {"serve": {"load": [{"stderr": words}, {"exit": 134}]}}]

    async def test() -> None:
        async with scripted(tmp_path, script) as made:
            found = await problem_of(made.ensure(SPEC))
            assert found[0] == "engine.out_of_memory"
            assert words in found[2]

    run(test())


def test_a_worker_that_dies_before_its_hello_did_not_start(tmp_path: Path) -> None:
    async def test() -> None:
        async with scripted(tmp_path, [{"stderr": "no such library"}, {"exit": 127}]) as made:
            found = await problem_of(made.ensure(SPEC))
            assert found[:2] == ("engine.start_failed", {"reason": "exit status 127"})
            assert "no such library" in found[2]

    run(test())


def test_a_worker_that_is_not_there_is_missing(tmp_path: Path) -> None:
    async def test() -> None:
        made = Engine([str(tmp_path / "nothing here")])
        assert (await problem_of(made.ensure(SPEC)))[0] == "engine.missing"
        await made.close()

    run(test())


def test_a_worker_of_another_version_is_refused(tmp_path: Path) -> None:
    other = {"send": HELLO["send"] | {"protocol": 99}}

    async def test() -> None:
        async with scripted(tmp_path, [other, {"serve": {}}]) as made:
            found = await problem_of(made.ensure(SPEC))
            assert found[:2] == ("engine.protocol", {"reason": f"protocol {PROTOCOL_VERSION} here, 99 there"})
            assert made.pid is None

    run(test())


@pytest.mark.parametrize(
    "nonsense",
    [
        {"bytes": "ffffffff00"},  # a frame of 4 GiB
        {"bytes": "05000000c1c1c1c1c1"},  # no MessagePack
        {"send": {"type": "nothing known", "request": "$request"}},
        {"send": {"type": "piece", "request": "$request", "kind": "shouting", "text": "A"}},
        {"send": {"type": "loaded", "request": "$request"}},
        event(Loaded(0, fake_worker.MODEL)),  # a message, but not in this place
    ],
)
def test_nonsense_from_the_worker_is_a_typed_error(tmp_path: Path, nonsense: fake_worker.Step) -> None:
    async def test() -> None:
        async with scripted(tmp_path, [HELLO, {"serve": {"load": loading(), "generate": [nonsense]}}]) as made:
            await made.ensure(SPEC)
            assert (await problem_of(read(made.generate(HI))))[0] == "engine.protocol"

    run(test())


def test_a_worker_that_dies_in_the_middle_of_a_frame_has_died(tmp_path: Path) -> None:
    broken = {"part": event(Piece(0, "text", "never whole"))["send"], "keep": 11}
    script = [HELLO, {"serve": {"load": loading(), "generate": [broken, {"exit": 5}]}}]

    async def test() -> None:
        async with scripted(tmp_path, script) as made:
            await made.ensure(SPEC)
            found = await problem_of(read(made.generate(HI)))
            assert found[:2] == ("engine.died", {"reason": "exit status 5"})

    run(test())


def test_a_worker_that_hangs_up_but_lives_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "_SILENT_EXIT_S", 0.3)
    script = [HELLO, {"serve": {"load": loading(), "generate": [{"close": "stdout"}, {"deaf": END_OF_WORLD_S}]}}]

    async def test() -> None:
        async with scripted(tmp_path, script) as made:
            await made.ensure(SPEC)
            pid = made.pid
            found = await problem_of(read(made.generate(HI)))
            assert found[:2] == ("engine.died", {"reason": "it closed its connection"})
            assert pid is not None
            assert not psutil.pid_exists(pid)

    run(test())


def test_a_worker_that_never_says_hello_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "START_LIMIT_S", 0.3)

    async def test() -> None:
        async with scripted(tmp_path, [{"deaf": END_OF_WORLD_S}]) as made:
            found = await problem_of(made.ensure(SPEC))
            assert found[0] == "engine.start_failed"
            assert "no sign of life" in str(found[1]["reason"])

    run(test())


def test_a_worker_that_does_not_obey_stop_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "STOP_LIMIT_S", 0.3)
    script = [HELLO, {"serve": {"load": loading(), "generate": [*pieces("word"), {"deaf": END_OF_WORLD_S}]}}]

    async def test() -> None:
        async with scripted(tmp_path, script) as made:
            await made.ensure(SPEC)

            async def stop_it() -> None:
                async for _ in made.generate(HI):
                    made.stop()

            assert (await problem_of(stop_it()))[0] == "engine.died"

    run(test())


def test_a_worker_that_fails_by_itself_says_why(tmp_path: Path) -> None:
    own = {
        "send": {
            "type": "failed",
            "request": 0,
            "problem": {"id": "engine.missing", "params": {"reason": "no library"}},
        }
    }

    async def test() -> None:
        async with scripted(tmp_path, [own, {"serve": {}}]) as made:
            assert (await problem_of(made.ensure(SPEC)))[:2] == ("engine.missing", {"reason": "no library"})

    run(test())


def test_a_failed_load_is_the_workers_own_problem_and_leaves_no_worker(tmp_path: Path) -> None:
    failed = {
        "send": {"type": "failed", "request": "$request", "problem": {"id": "model.not_gguf", "params": {"name": "x"}}}
    }

    async def test() -> None:
        async with scripted(tmp_path, [HELLO, {"serve": {"load": [failed]}}]) as made:
            assert (await problem_of(made.ensure(SPEC)))[:2] == ("model.not_gguf", {"name": "x"})
            assert made.pid is None
            assert (await problem_of(read(made.generate(HI))))[0] == "engine.no_model"

    run(test())


def test_closing_is_quick_even_with_a_worker_that_ignores_everything(tmp_path: Path) -> None:
    script = [HELLO, {"await": "load"}, *loading(), {"deaf": END_OF_WORLD_S}]

    async def test() -> None:
        made = Engine(command(tmp_path, script))
        await made.ensure(SPEC)
        pid = made.pid
        await made.close()
        assert pid is not None
        assert not psutil.pid_exists(pid)
        assert (await problem_of(made.ensure(SPEC)))[0] == "engine.died"

    run(test())
