"""After shortness of memory less is tried, and said, and after nothing else; a GPU that runs over gets less too."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import msgspec
import pytest

from mistral_desk.core.errors import Problem, in_words
from mistral_desk.inference.client import Engine
from mistral_desk.inference.lowering import Lowering
from mistral_desk.inference.placement import MOST_STEPS, SHORTEST, SMALL_BATCH, Expected, Placement
from mistral_desk.inference.protocol import Failed, Figures, Finished, LoadProgress
from tests.fixtures import fake_worker
from tests.fixtures.engines import HI, SPEC, problem_of, read, run, scripted
from tests.fixtures.fake_worker import HELLO, MODEL, Step, event, loading

if TYPE_CHECKING:
    from pathlib import Path

    from mistral_desk.inference.client import ModelSpec

NO_MEMORY = event(Failed(0, Problem("model.no_memory", {"name": "one.gguf", "context": 16_384})))
DAMAGED = event(Failed(0, Problem("model.load_failed", {"name": "one.gguf"})))
KILLED: list[Step] = [{"stderr": "terminate called after throwing an instance of 'std::bad_alloc'"}, {"signal": 6}]
ON_GPU = Placement(context=16_384, threads=4, layers=36, gpu_layers=37, devices=("CUDA0",), experts_on_gpu=8)
posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX has signals; what Windows says has its own tests")


def planned(context: int = 16_384) -> ModelSpec:
    return msgspec.structs.replace(SPEC, placement=Placement(context=context, threads=1))


def only_up_to(context: int, otherwise: list[Step], answers: list[Step] | None = None) -> list[Step]:
    """A worker that loads a model with a context up to so many tokens."""
    rule: Step = {"above": context, "do": otherwise, "else": loading()}
    return [HELLO, {"serve": {"load": [rule], "generate": answers or fake_worker.answer("Hello.")}}]


COUNTING = """
import os, subprocess, sys
with open(sys.argv[1], "a", encoding="utf-8") as file:
    file.write("x")
status = subprocess.run(sys.argv[2:]).returncode
os.kill(os.getpid(), -status) if status < 0 else sys.exit(status)
"""


def counting(folder: Path, command: list[str]) -> list[str]:
    """The command, and with it a mark for every time that it was started."""
    return [sys.executable, "-c", COUNTING, str(folder / "starts"), *command]


def starts(folder: Path) -> int:
    return len((folder / "starts").read_text(encoding="utf-8"))


@pytest.mark.parametrize("why", [[NO_MEMORY], pytest.param(KILLED, marks=posix)], ids=["refused", "killed"])
def test_short_of_memory_means_less_until_it_fits_and_says_so_once(tmp_path: Path, why: list[Step]) -> None:
    async def test() -> None:
        async with scripted(tmp_path, only_up_to(4096, why)) as made:
            info = await made.ensure(planned())
            reason = "there was not enough memory"
            note = Problem("load.shorter_context", {"context": 4096, "before": 16_384, "reason": reason})
            assert info.changes == (note,)
            assert await made.ensure(planned()) == info
            assert await read(made.generate(HI)) == "Hello."

    run(test())


def test_what_fits_has_no_notes(tmp_path: Path) -> None:
    async def test() -> None:
        async with scripted(tmp_path, only_up_to(16_384, [NO_MEMORY])) as made:
            assert (await made.ensure(planned())).changes == ()

    run(test())


@pytest.mark.parametrize(
    ("why", "error"),
    [
        ([DAMAGED], "model.load_failed"),
        ([{"exit": 3}], "engine.died"),
        pytest.param([{"signal": 11}], "engine.died", marks=posix),
        pytest.param([{"signal": 9}], "engine.died", marks=posix),
    ],
    ids=["damaged", "exit", "fault", "killed by a person"],
)
def test_nothing_else_is_tried_twice(tmp_path: Path, why: list[Step], error: str) -> None:
    """Loads are counted, each of which tells of itself: after a death a worker is started for whatever comes next."""

    async def test() -> None:
        loads: list[float] = []
        async with scripted(tmp_path, only_up_to(4096, [event(LoadProgress(0, 0.5)), *why])) as made:
            assert (await problem_of(made.ensure(planned(), loads.append)))[0] == error
            assert made.pid is None
        assert loads == [0.5]

    run(test())


def test_a_model_without_a_placement_is_not_made_smaller(tmp_path: Path) -> None:
    async def test() -> None:
        script = [HELLO, {"serve": {"load": [NO_MEMORY]}}]
        async with scripted(tmp_path, script) as made:
            assert (await problem_of(made.ensure(SPEC)))[0] == "model.no_memory"

    run(test())


def test_it_gives_up_after_a_few_steps(tmp_path: Path) -> None:
    async def test() -> None:
        script: list[Step] = [HELLO, {"serve": {"load": [NO_MEMORY]}}]
        made = Engine(counting(tmp_path, fake_worker.command(tmp_path, script)))
        try:
            assert (await problem_of(made.ensure(planned(200_000))))[0] == "model.no_memory"
        finally:
            await made.close()
        assert starts(tmp_path) == 1 + MOST_STEPS

    run(test())


@posix
def test_a_worker_that_ran_out_of_memory_comes_back_a_step_lower(tmp_path: Path) -> None:
    async def test() -> None:
        async with scripted(tmp_path, only_up_to(16_384, [NO_MEMORY], KILLED)) as made:
            assert (await made.ensure(planned())).changes == ()
            assert (await problem_of(read(made.generate(HI))))[0] == "engine.out_of_memory"
            info = await made.ensure(planned())
            assert [(note.id, note.params["context"]) for note in info.changes] == [("load.shorter_context", 8192)]
            assert (await problem_of(read(made.generate(HI))))[0] == "engine.out_of_memory"
            info = await made.ensure(planned())
            assert [(note.id, note.params["context"]) for note in info.changes] == [("load.shorter_context", 4096)]

    run(test())


@posix
def test_a_worker_that_died_otherwise_comes_back_as_it_was(tmp_path: Path) -> None:
    async def test() -> None:
        async with scripted(tmp_path, only_up_to(16_384, [NO_MEMORY], [{"signal": 11}])) as made:
            await made.ensure(planned())
            assert (await problem_of(read(made.generate(HI))))[0] == "engine.died"
            assert (await made.ensure(planned())).changes == ()

    run(test())


def test_another_expectation_is_no_reason_to_load_again(tmp_path: Path) -> None:
    async def test() -> None:
        async with scripted(tmp_path, only_up_to(16_384, [NO_MEMORY])) as made:
            await made.ensure(planned())
            pid = made.pid
            await made.ensure(msgspec.structs.replace(planned(), expected=Expected(5.0, 9.0)))
            assert made.pid == pid
            await made.ensure(planned(8192))
            assert made.pid != pid

    run(test())


def answered(lowering: Lowering, spec: ModelSpec, *rates: float, tokens: int = 100) -> None:
    for rate in rates:
        lowering.answered(spec, Figures(generated_tokens=tokens, tokens_per_s=rate))


FAST = msgspec.structs.replace(SPEC, placement=ON_GPU, expected=Expected(10.0, 20.0))


def experts(spec: ModelSpec) -> int:
    assert spec.placement
    return spec.placement.experts_on_gpu


@pytest.mark.parametrize(
    ("rates", "lower"),
    [((2.0, 2.5), True), ((2.0,), False), ((2.0, 11.0, 2.0), False), ((11.0, 11.0, 2.0, 2.0), True)],
    ids=["at once", "one alone", "never two in a row", "later, when another program takes its memory"],
)
def test_a_gpu_that_runs_over_gets_less(rates: tuple[float, ...], lower: bool) -> None:
    lowering = Lowering()
    assert lowering.begin(FAST) == FAST
    answered(lowering, FAST, *rates)
    assert lowering.due is lower
    again = lowering.begin(FAST)
    notes = lowering.loaded(MODEL).changes
    assert (again != FAST) is lower
    assert [note.id for note in notes] == ["load.relieved_experts"] * lower
    if lower:
        assert experts(again) == 6
        assert "much more slowly" in str(notes[0].params["reason"])
        assert not lowering.due


def test_it_gets_less_again_while_that_helps() -> None:
    lowering = Lowering()
    lowering.begin(FAST)
    answered(lowering, FAST, 1.0, 1.0)
    lowering.begin(FAST)
    answered(lowering, FAST, 2.0, 2.0)
    assert lowering.due
    assert experts(lowering.begin(FAST)) == 4
    answered(lowering, FAST, 12.0, 2.0, 12.0)
    assert not lowering.due


def test_far_into_a_long_chat_slowness_proves_nothing() -> None:
    lowering = Lowering()
    lowering.begin(FAST)
    for _ in range(3):
        lowering.answered(FAST, Figures(prompt_tokens=20_000, generated_tokens=100, tokens_per_s=2.0))
    assert not lowering.due


def test_where_less_on_the_gpu_is_no_faster_it_was_something_else() -> None:
    lowering = Lowering()
    lowering.begin(FAST)
    answered(lowering, FAST, 2.0, 2.0)
    lowering.begin(FAST)
    answered(lowering, FAST, 2.1, 2.2)
    assert not lowering.due
    assert lowering.begin(FAST) == FAST, "all of it again, at the next load"
    assert lowering.loaded(MODEL).changes == ()
    answered(lowering, FAST, 2.0, 2.0)
    assert not lowering.due, "and it is not tried for ever"


def writing(tokens_per_s: float) -> list[Step]:
    """A worker that writes so fast."""
    figures = Figures(generated_tokens=100, tokens_per_s=tokens_per_s)
    rules = {"load": loading(), "generate": [event(Finished(0, "stop", figures, fake_worker.VOCABULARY))]}
    return [HELLO, {"serve": rules}]


def test_in_the_middle_of_a_chat_it_is_loaded_again_with_less_and_says_so(tmp_path: Path) -> None:
    async def test() -> None:
        made = Engine(counting(tmp_path, fake_worker.command(tmp_path, writing(2.0))))
        try:
            assert (await made.ensure(FAST)).changes == ()
            await read(made.generate(HI))
            await made.ensure(FAST)
            assert starts(tmp_path) == 1, "one slow answer may have been a busy computer"
            await read(made.generate(HI))
            shares: list[float] = []
            info = await made.ensure(FAST, shares.append)
            assert starts(tmp_path) == 2
            assert shares, "the person sees that it is loaded"
            (note,) = info.changes
            assert (note.id, note.params["layers"], note.params["before"]) == ("load.relieved_experts", 6, 8)
            told = in_words(note).message
            assert "much more slowly" in told
            assert "should be faster" in told
            await read(made.generate(HI))
            await read(made.generate(HI))
            await made.ensure(FAST)
            assert starts(tmp_path) == 2, "it was no faster so, and is not made smaller for ever"
        finally:
            await made.close()

    run(test())


def test_an_engine_that_measures_stays_as_it_is(tmp_path: Path) -> None:
    async def test() -> None:
        made = Engine(counting(tmp_path, fake_worker.command(tmp_path, writing(2.0))))
        made.relieves = False
        try:
            await made.ensure(FAST)
            for _ in range(4):
                await read(made.generate(HI))
            assert starts(tmp_path) == 1
            made.relieves = True
            await read(made.generate(HI))
            assert starts(tmp_path) == 2
        finally:
            await made.close()

    run(test())


def test_short_answers_prove_nothing() -> None:
    lowering = Lowering()
    spec = msgspec.structs.replace(SPEC, placement=ON_GPU, expected=Expected(10.0, 20.0))
    lowering.begin(spec)
    answered(lowering, spec, 1.0, 1.0, 1.0, tokens=31)
    assert lowering.begin(spec) == spec


def test_what_is_as_small_as_it_can_be_is_not_tried_smaller() -> None:
    smallest = Placement(context=SHORTEST, threads=1, kv="q4_0", batch=SMALL_BATCH)
    spec = msgspec.structs.replace(SPEC, placement=smallest)
    lowering = Lowering()
    lowering.begin(spec)

    assert lowering.next(spec, Problem("model.no_memory", {"name": "one.gguf", "context": SHORTEST})) is None
