"""A loop of crashes ends after three deaths, names the cause, and is forgotten when the model works again."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import pytest

from mistral_desk.core.errors import Problem, in_words
from mistral_desk.inference import remote
from mistral_desk.inference.client import Engine, ModelSpec
from mistral_desk.inference.crashes import LIMIT, Crashes
from mistral_desk.inference.file_notes import MOST, FileNotes, Note, state_of
from tests.fixtures.engines import HI, problem_of, read, run
from tests.fixtures.fake_worker import HELLO, answer, answering, command, loading, pieces

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.fixtures import fake_worker

    Script = list[fake_worker.Step]

WORDS: Final = "ggml-cpu.c:123: fatal error"
DIES_LOADING: Final = [HELLO, {"serve": {"load": [{"stderr": WORDS}, {"exit": 134}]}}]
DIES_ANSWERING: Final = [HELLO, {"serve": {"load": loading(), "generate": [*pieces("half an"), {"exit": 134}]}}]


@contextlib.asynccontextmanager
async def program(folder: Path, script: Script, cache: Path | None = None) -> AsyncIterator[Engine]:
    """An engine as one run of the program has it."""
    made = Engine(command(folder, script), cache)
    try:
        yield made
    finally:
        await made.close()


def model_in(folder: Path) -> ModelSpec:
    path = folder / "Modell mit Ümlaut.gguf"
    path.write_bytes(b"GGUF")
    return ModelSpec(str(path))


async def died(engine: Engine, spec: ModelSpec, times: int = 1) -> None:
    """Loading or answering ends with the death of the worker, as often as that."""
    for _ in range(times):
        assert (await problem_of(asked(engine, spec)))[0] == "engine.died"


async def died_at_each_start(folder: Path, script: Script, spec: ModelSpec, times: int) -> None:
    """The program is started so often, with what earlier runs noted, and loses its worker once each time."""
    for _ in range(times):
        async with program(folder, script, folder / "cache") as engine:
            await died(engine, spec)


async def asked(engine: Engine, spec: ModelSpec) -> str:
    """What a message does."""
    await engine.ensure(spec)
    return await read(engine.generate(HI))


@pytest.mark.parametrize("script", [DIES_LOADING, DIES_ANSWERING], ids=["loading", "answering"])
def test_after_three_deaths_no_worker_is_started_and_the_cause_is_named(tmp_path: Path, script: Script) -> None:
    spec = model_in(tmp_path)

    async def test() -> None:
        async with program(tmp_path, script) as engine:
            await died(engine, spec, LIMIT)
            assert (await problem_of(asked(engine, spec)))[0] == "engine.keeps_stopping"
            name, params, detail = await problem_of(asked(engine, spec))
            assert name == "engine.keeps_stopping"
            assert params == {"name": "Modell mit Ümlaut.gguf", "times": 3, "reason": "exit status 134"}
            assert engine.pid is None
            assert ("fatal error" in detail) == (script is DIES_LOADING)
            words = in_words(Problem(name, params))  # type: ignore[arg-type]
            assert "3 times" in words.message
            assert "exit status 134" in words.message

    run(test())


def test_try_once_more_is_once_more(tmp_path: Path) -> None:
    spec = model_in(tmp_path)

    async def test() -> None:
        async with program(tmp_path, DIES_ANSWERING, tmp_path / "cache") as engine:
            await died(engine, spec, LIMIT)
            for _ in range(2):
                assert (await problem_of(asked(engine, spec)))[0] == "engine.keeps_stopping"
                await engine.allow(spec.path)
                await died(engine, spec)

    run(test())


def test_an_answer_in_between_makes_good_what_was_before(tmp_path: Path) -> None:
    """Each worker answers once and dies with the second question."""
    once = [HELLO, {"await": "load"}, *loading(), {"await": "generate"}, *answer("Yes."), {"await": "generate"}]
    spec = model_in(tmp_path)

    async def test() -> None:
        async with program(tmp_path, [*once, {"exit": 134}]) as engine:
            for _ in range(2 * LIMIT):
                assert await asked(engine, spec) == "Yes."
                await died(engine, spec)

    run(test())


def test_another_model_is_not_to_blame(tmp_path: Path) -> None:
    spec, other = model_in(tmp_path), ModelSpec(str(tmp_path / "other.gguf"))

    async def test() -> None:
        async with program(tmp_path, DIES_ANSWERING) as engine:
            await died(engine, spec, LIMIT)
            await died(engine, other)
            assert (await problem_of(asked(engine, spec)))[0] == "engine.keeps_stopping"

    run(test())


def test_what_dies_while_loading_at_each_start_is_left_alone_until_it_loads(tmp_path: Path) -> None:
    spec, cache = model_in(tmp_path), tmp_path / "cache"

    async def test() -> None:
        await died_at_each_start(tmp_path, DIES_LOADING, spec, LIMIT)
        for _ in range(2):
            async with program(tmp_path, DIES_LOADING, cache) as engine:
                name, params, _ = await problem_of(engine.ensure(spec))
                assert (name, params["times"], params["reason"]) == ("engine.keeps_stopping", 3, "exit status 134")
        async with program(tmp_path, answering("Yes."), cache) as engine:
            await engine.allow(spec.path)
            assert await asked(engine, spec) == "Yes."
        async with program(tmp_path, DIES_LOADING, cache) as engine:
            await died(engine, spec, LIMIT - 1)

    run(test())


def test_a_model_that_loads_and_dies_in_its_first_turn_stops_no_start(tmp_path: Path) -> None:
    run(died_at_each_start(tmp_path, DIES_ANSWERING, model_in(tmp_path), LIMIT + 1))


def test_another_file_at_the_same_place_is_another_model(tmp_path: Path) -> None:
    spec, cache = model_in(tmp_path), tmp_path / "cache"

    async def test() -> None:
        await died_at_each_start(tmp_path, DIES_LOADING, spec, LIMIT)
        (tmp_path / "Modell mit Ümlaut.gguf").write_bytes(b"GGUF, downloaded again")
        async with program(tmp_path, answering("Yes."), cache) as engine:
            assert await asked(engine, spec) == "Yes."

    run(test())


@pytest.mark.parametrize("cached", [True, False])
@pytest.mark.parametrize("script", [DIES_LOADING, DIES_ANSWERING], ids=["loading", "answering"])
def test_a_file_that_was_repaired_meanwhile_is_tried_at_once(tmp_path: Path, script: Script, cached: bool) -> None:
    spec = model_in(tmp_path)

    async def test() -> None:
        async with program(tmp_path, script, tmp_path / "cache" if cached else None) as engine:
            await died(engine, spec, LIMIT)
            assert (await problem_of(asked(engine, spec)))[0] == "engine.keeps_stopping"
            (tmp_path / "Modell mit Ümlaut.gguf").write_bytes(b"GGUF, downloaded again")
            await died(engine, spec, LIMIT)
            assert (await problem_of(asked(engine, spec)))[0] == "engine.keeps_stopping"

    run(test())


def test_a_program_that_ended_with_its_worker_while_it_loaded_counts_as_a_death(tmp_path: Path) -> None:
    """As when memory runs out for all: nobody is left to write it down, but that it had begun stands there."""
    spec, cache = model_in(tmp_path), tmp_path / "cache"
    began = "import asyncio, sys; from pathlib import Path; from mistral_desk.inference.crashes import Crashes; "
    began += "from mistral_desk.inference.client import ModelSpec; "
    began += "asyncio.run(Crashes(Path(sys.argv[1])).begin(ModelSpec(sys.argv[2])))"

    for _ in range(LIMIT):
        subprocess.run([sys.executable, "-c", began, str(cache), spec.path], check=True)

    async def test() -> None:
        async with program(tmp_path, answering("Yes."), cache) as engine:
            name, params, _ = await problem_of(engine.ensure(spec))
            assert name == "engine.keeps_stopping"
            assert params["reason"] == "Mistral Desk itself ended meanwhile"

    run(test())


def test_another_program_that_is_loading_it_just_now_is_no_death(tmp_path: Path) -> None:
    spec, cache = model_in(tmp_path), tmp_path / "cache"

    async def test() -> None:
        FileNotes(cache).put(spec.path, Note(deaths=LIMIT - 1, loader=os.getppid()))
        async with program(tmp_path, answering("Yes."), cache) as engine:
            assert await asked(engine, spec) == "Yes."

    run(test())


def test_what_does_not_stop_when_told_so_takes_nobody_along_and_is_not_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a schema may keep llama.cpp busy: whoever gives up such an answer is not to lose the model for everybody."""
    monkeypatch.setattr(remote, "STOP_LIMIT_S", 0.05)
    hangs: Script = [HELLO, {"serve": {"load": loading(), "generate": pieces("half an")}}]
    spec = model_in(tmp_path)

    async def test() -> None:
        async with program(tmp_path, hangs, tmp_path / "cache") as engine:
            await engine.ensure(spec)
            workers = set()
            for _ in range(LIMIT + 1):
                async with contextlib.aclosing(engine.generate(HI)) as events:
                    await anext(events)
                    workers.add(engine.pid)
            assert len(workers) == LIMIT + 1

    run(test())


def test_a_load_that_is_stopped_and_does_not_obey_is_no_death(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "STOP_LIMIT_S", 0.05)
    hangs: Script = [HELLO, {"serve": {"load": loading()[:1]}}]
    spec, cache = model_in(tmp_path), tmp_path / "cache"

    async def test() -> None:
        for _ in range(LIMIT + 1):
            async with program(tmp_path, hangs, cache) as engine:

                def stop(_: float, engine: Engine = engine) -> None:
                    engine.stop()

                assert (await problem_of(engine.ensure(spec, stop)))[0] == "engine.died"

    run(test())


def test_a_load_that_somebody_cancels_is_no_death(tmp_path: Path) -> None:
    spec, cache = model_in(tmp_path), tmp_path / "cache"
    cancelled = {"send": {"type": "failed", "request": "$request", "problem": {"id": "load.cancelled", "params": {}}}}

    async def test() -> None:
        async with program(tmp_path, [HELLO, {"serve": {"load": [cancelled]}}], cache) as engine:
            for _ in range(LIMIT + 2):
                assert (await problem_of(engine.ensure(spec)))[0] == "load.cancelled"
        assert FileNotes(cache).get(spec.path) == Note()

    run(test())


def test_weights_are_looked_at_once_for_each_content(tmp_path: Path) -> None:
    spec, cache = model_in(tmp_path), tmp_path / "cache"

    async def test() -> None:
        crashes = Crashes(cache)
        assert await crashes.begin(spec)
        await crashes.failed(spec, Problem("load.cancelled"))
        assert await crashes.begin(spec), "a look that did not end is none"
        await crashes.loaded(spec, looked_at=True)
        assert not await Crashes(cache).begin(spec)
        (tmp_path / "Modell mit Ümlaut.gguf").write_bytes(b"GGUF2")
        assert await crashes.begin(spec)
        assert not await Crashes(None).begin(spec), "without a place to remember it nothing is looked at"

    run(test())


def test_all_parts_of_a_model_make_its_state(tmp_path: Path) -> None:
    parts = [tmp_path / f"m-{number:05}-of-00003.gguf" for number in (1, 2, 3)]
    for part in parts:
        part.write_bytes(b"x")
    before = state_of(str(parts[0]))
    assert before == state_of(str(parts[0]))
    parts[2].write_bytes(b"other")
    assert before != state_of(str(parts[0]))
    parts[1].unlink()
    assert state_of(str(parts[0])) == ""


@pytest.mark.parametrize("content", [b"", b"{", b'{"deaths":"many"}', b"[" * 100_000, b"\xff\xfe"])
def test_notes_that_make_no_sense_are_none(tmp_path: Path, content: bytes) -> None:
    spec, notes = model_in(tmp_path), FileNotes(tmp_path / "cache")
    notes.put(spec.path, Note(deaths=3))
    (file,) = (tmp_path / "cache" / "model-notes").iterdir()
    file.write_bytes(content)
    assert notes.get(spec.path) == Note()


def test_where_nothing_can_be_written_models_load_all_the_same(tmp_path: Path) -> None:
    spec = model_in(tmp_path)
    (tmp_path / "cache").write_bytes(b"a file where a folder should be")

    async def test() -> None:
        async with program(tmp_path, answering("Yes."), tmp_path / "cache") as engine:
            assert await asked(engine, spec) == "Yes."

    run(test())


def test_the_notes_do_not_grow_without_end(tmp_path: Path) -> None:
    notes = FileNotes(tmp_path / "cache")
    path = tmp_path / "model.gguf"
    for number in range(MOST + 20):
        path.write_bytes(b"x" * number)
        notes.put(str(path), Note(sound=True))
    assert len(list((tmp_path / "cache" / "model-notes").iterdir())) == MOST
    assert notes.get(str(path)).sound
