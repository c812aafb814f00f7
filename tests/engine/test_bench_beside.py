"""`bench` at several lengths: a real worker, the bare loop as a real child, and llama.cpp's programs at the edge.

Stand-ins for llama-bench and llama-server say what they were asked for; `MISTRAL_DESK_LLAMA_BENCH` and
`MISTRAL_DESK_LLAMA_SERVER` name real ones.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import psutil
import pytest

from mistral_desk.core.errors import DeskError
from mistral_desk.inference.client import Engine, ModelSpec
from mistral_desk.inference.fitting.beside import BARE, NO_TIME, Bare, Beside, beside, program
from mistral_desk.inference.fitting.lengths import WRITE, AtLength, Clock, at_lengths
from mistral_desk.inference.placement import Placement
from mistral_desk.inference.yardstick import Order, Start, Yardstick
from tests.fixtures.below import below
from tests.fixtures.engines import run
from tests.fixtures.llama_programs import BENCH, FAILS, HANGS, SERVER, stand_in

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from mistral_desk.inference.client import Answer
    from mistral_desk.inference.protocol import ModelInfo
    from tests.fixtures.small_models import SmallModels

PLACES = [AtLength(480, 20, 1000.0, 100.0, 40), AtLength(900, 490, 800.0, 90.0, 40)]


def loaded(path: Path, use: Callable[[Engine, ModelInfo], Awaitable[None]], placement: Placement | None = None) -> None:
    async def test() -> None:
        engine = Engine()
        try:
            await use(engine, await engine.ensure(ModelSpec(str(path), 4096, 1, placement=placement)))
        finally:
            await engine.close()

    run(test())


def test_a_conversation_grows_and_is_measured_on_its_way(small_models: SmallModels) -> None:
    async def use(engine: Engine, info: ModelInfo) -> None:
        shares: list[float] = []
        found = await at_lengths(engine, info, Clock(600.0, 1), shares.append)
        assert found is not None
        assert [one.context < length for one, length in zip(found, (512, 2048), strict=False)] == [True, True]
        assert all(0 <= one.context - one.before <= 700 for one in found), "what is read is what is new"
        assert all(one.prompt_per_s for one in found)
        assert all(one.tokens_per_s for one in found if one.written)
        assert shares == sorted(shares)
        assert len(shares) == len(found)

        await engine.unload()
        theirs = await beside(Bare(info), found, Clock(600.0, 1), lambda _: None)
        assert (theirs.name, theirs.problem) == (BARE, "")
        assert [one.context for one in theirs.lengths] == [one.context for one in found]
        for one, at in zip(theirs.lengths, found, strict=True):
            assert one.prompt_per_s
            ratio = (at.prompt_per_s or 0) / one.prompt_per_s
            assert one.prompt_ratio == pytest.approx(ratio, rel=1e-3, abs=1e-3), "four digits, and three behind the dot"

    loaded(small_models["mistral4_q8"], use)


class Hanging(Engine):
    """An engine whose answers never come to their end."""

    async def generate(self, *given: Any, **more: Any) -> AsyncGenerator[Answer, None]:
        async with contextlib.aclosing(super().generate(*given, **more)) as events:
            async for event in events:
                yield event
                await asyncio.Event().wait()


def test_time_ends_what_is_measured(small_models: SmallModels) -> None:
    async def test() -> None:
        engine = Hanging()
        try:
            info = await engine.ensure(ModelSpec(str(small_models["mistral4_q8"]), 4096, 1))
            assert await at_lengths(engine, info, Clock(0.5, 1), lambda _: None) == []
            assert await at_lengths(engine, info, Clock(0.0, 1), lambda _: None) == []
        finally:
            await engine.close()

    run(test())


def test_a_program_begins_nothing_when_time_is_up(small_models: SmallModels, tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    path = stand_in(tmp_path, "llama-bench", BENCH.format(asked=str(asked)))

    async def use(_engine: Engine, info: ModelInfo) -> None:
        found = await beside(program(str(path), info), PLACES, Clock(0.0, 1), lambda _: None)
        assert (found.lengths, found.problem) == ((), NO_TIME)
        assert not asked.exists()

    loaded(small_models["mistral4_q8"], use)


def test_what_was_measured_is_heard_of_at_once(small_models: SmallModels, tmp_path: Path) -> None:
    path = stand_in(tmp_path, "llama-bench", BENCH.format(asked=str(tmp_path / "asked")))

    async def use(engine: Engine, info: ModelInfo) -> None:
        kept: list[AtLength] = []
        found = await at_lengths(engine, info, Clock(600.0, 1), lambda _: None, kept.append)
        assert kept == found
        heard: list[Beside] = []
        theirs = await beside(program(str(path), info), PLACES, Clock(600.0, 1), lambda _: None, heard.append)
        assert [len(one.lengths) for one in heard] == [1, 2]
        assert heard[-1] == theirs

    loaded(small_models["mistral4_q8"], use)


class Stopping(Engine):
    """An engine that a person stops as soon as something is read."""

    async def generate(self, *given: Any, **more: Any) -> AsyncGenerator[Answer, None]:
        async with contextlib.aclosing(super().generate(*given, **more)) as events:
            async for event in events:
                self.stop()
                yield event


def test_what_is_stopped_gives_nothing(small_models: SmallModels) -> None:
    async def test() -> None:
        engine = Stopping()
        try:
            info = await engine.ensure(ModelSpec(str(small_models["mistral4_q8"]), 4096, 1))
            assert await at_lengths(engine, info, Clock(600.0, 1), lambda _: None) is None
        finally:
            await engine.close()

    run(test())


def test_the_bare_loop_reads_and_writes_what_it_is_told(small_models: SmallModels) -> None:
    with Yardstick(Start(str(small_models["mistral4_q8"]), 1024, 1)) as bare:
        first = bare.measure(Order("A boat lies at the quay.", 10, 200, write=8))
        again = bare.measure(Order("A boat lies at the quay.", 300, 100, (5, 6, 7)))
        assert min(first.read_s, first.write_s, again.read_s, again.write_s, first.read_cpu_s) > 0
        with pytest.raises(DeskError) as caught:
            bare.measure(Order("A boat lies at the quay.", 1000, 500))
        assert caught.value.problem.id == "bench.beside"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux says of a process how it is locked in")
def test_the_bare_loop_is_locked_in_as_a_worker_is(small_models: SmallModels) -> None:
    with Yardstick(Start(str(small_models["mistral4_q8"]), 1024, 1)) as bare:
        state = Path(f"/proc/{bare.pid}/status").read_text(encoding="ascii")
        assert "\nSeccomp:\t2\n" in state
        assert "\nNoNewPrivs:\t1\n" in state


@pytest.mark.parametrize("kind", ["recurrent", "sliding"])
def test_the_bare_loop_knows_memories_that_cannot_be_cut(small_models: SmallModels, kind: str) -> None:
    with Yardstick(Start(str(small_models[kind]), 1024, 1)) as bare:
        assert bare.measure(Order("one two", 10, 50, write=4)).read_s > 0
        assert bare.measure(Order("one two", 20, 50, write=4)).write_s > 0


def test_a_file_that_is_no_model_is_a_problem_in_words(tmp_path: Path) -> None:
    path = tmp_path / "none.gguf"
    path.write_bytes(b"GGUF, or so it says")
    bare = Yardstick(Start(str(path), 1024, 1))
    with pytest.raises(DeskError) as caught, bare:
        pytest.fail("it was loaded")
    assert caught.value.problem.params["reason"] == "llama.cpp did not load the model"


def test_llama_bench_gets_the_same_file_threads_and_depth(small_models: SmallModels, tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    path = stand_in(tmp_path, "llama-bench", BENCH.format(asked=str(asked)))

    async def use(_engine: Engine, info: ModelInfo) -> None:
        found = await beside(program(str(path), info), PLACES, Clock(600.0, 1), lambda _: None)
        assert (found.name, found.problem) == ("llama-bench", "")
        assert [(one.context, one.prompt_ratio, one.tokens_ratio) for one in found.lengths] == [
            (480, 2.0, 2.0),
            (900, 1.6, 1.8),
        ]
        orders = [msgspec.json.decode(line) for line in asked.read_text(encoding="utf-8").splitlines()]
        assert [(one["-p"], one["-n"], one["-d"]) for one in orders] == [
            ("460", "0", "20"),
            ("0", "40", "480"),
            ("410", "0", "490"),
            ("0", "40", "900"),
        ]
        assert {(one["-m"], one["-t"], one["-ub"], one["-dev"]) for one in orders} == {(info.path, "1", "256", "none")}

    loaded(small_models["mistral4_q8"], use, Placement(context=2048, threads=1, batch=256))


def test_llama_server_is_asked_for_tokens_at_the_same_places(small_models: SmallModels, tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    path = stand_in(tmp_path, "llama-server", SERVER.format(asked=str(asked)))

    async def use(_engine: Engine, info: ModelInfo) -> None:
        found = await beside(program(str(path), info), PLACES, Clock(600.0, 1), lambda _: None)
        assert (found.name, found.problem) == ("llama-server", "")
        assert [(one.prompt_ratio, one.tokens_ratio) for one in found.lengths] == [(2.5, 2.222), (2.0, 2.0)]
        orders = [msgspec.json.decode(line) for line in asked.read_text(encoding="utf-8").splitlines()]
        completions = [(tokens, write) for place, tokens, write in orders if place == "/completion"]
        assert completions == [(20, 0), (480, 40), (490, 0), (900, 40)]

    loaded(small_models["mistral4_q8"], use)
    assert not _running("llama-server")


@pytest.mark.parametrize("name", ["llama-bench", "llama-server"])
def test_a_program_that_fails_says_why(small_models: SmallModels, tmp_path: Path, name: str) -> None:
    path = stand_in(tmp_path, name, FAILS)

    async def use(_engine: Engine, info: ModelInfo) -> None:
        found = await beside(program(str(path), info), PLACES, Clock(600.0, 1), lambda _: None)
        assert found.lengths == ()
        assert found.problem.endswith("error: this model is too new")

    loaded(small_models["mistral4_q8"], use)


@pytest.mark.parametrize("name", ["llama-bench", "llama-server"])
@pytest.mark.parametrize("end", ["cancelled", "cancelled at once", "out of time"])
def test_a_program_that_hangs_is_ended(small_models: SmallModels, tmp_path: Path, name: str, end: str) -> None:
    async def use(_engine: Engine, info: ModelInfo) -> None:
        begun = asyncio.Event()
        gone = asyncio.Event()

        async def arrived(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            begun.set()
            with contextlib.suppress(ConnectionError):
                await reader.read()  # until the stand-in is gone
            writer.close()
            gone.set()

        server = await asyncio.start_server(arrived, "127.0.0.1", 0)
        async with server:
            path = stand_in(tmp_path, name, HANGS.format(port=server.sockets[0].getsockname()[1]))
            clock = Clock(0.5 if end == "out of time" else 600.0, 1)
            task = asyncio.ensure_future(beside(program(str(path), info), PLACES, clock, lambda _: None))
            if end == "out of time":
                assert (await task).problem
            else:
                await (begun.wait() if end == "cancelled" else asyncio.sleep(0))
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
            assert not _running(name)
            if begun.is_set():
                await gone.wait()

    loaded(small_models["mistral4_q8"], use)


def _running(name: str) -> list[psutil.Process]:
    """Processes below this one with that name in their command; one that ends just now is none."""
    found = []
    for one in below():
        with contextlib.suppress(psutil.NoSuchProcess):
            found += [one] if any(name in word for word in one.cmdline()) else []
    return found


def test_another_program_is_refused_by_name(small_models: SmallModels, tmp_path: Path) -> None:
    async def use(_engine: Engine, info: ModelInfo) -> None:
        for path in (tmp_path / "llama-bench", sys.executable):
            with pytest.raises(DeskError) as caught:
                program(str(path), info)
            assert caught.value.problem.id == "bench.unknown_program"

    loaded(small_models["mistral4_q8"], use)


@pytest.mark.parametrize("variable", ["MISTRAL_DESK_LLAMA_BENCH", "MISTRAL_DESK_LLAMA_SERVER"])
def test_a_real_program_measures_the_same_places(small_models: SmallModels, variable: str) -> None:
    path = os.environ.get(variable)
    if not path:
        pytest.skip(f"{variable} names no program")

    async def use(engine: Engine, info: ModelInfo) -> None:
        found = await at_lengths(engine, info, Clock(600.0, 2), lambda _: None)
        assert found is not None
        await engine.unload()
        theirs = await beside(program(path, info), found, Clock(600.0, 1), lambda _: None)
        assert theirs.problem == ""
        assert len(theirs.lengths) == len(found)
        assert all(one.prompt_ratio for one in theirs.lengths)
        assert all(one.tokens_ratio for one, at in zip(theirs.lengths, found, strict=True) if at.written > WRITE // 2)

    loaded(small_models["mistral4_q8"], use)
