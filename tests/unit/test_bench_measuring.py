"""What `bench` makes of a model that ends early, says nothing, is stopped, or was not loaded as it was planned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
import pytest

from mistral_desk.core.errors import DeskError, Problem
from mistral_desk.core.paths import Folders, folders
from mistral_desk.fit import measure
from mistral_desk.inference.client import Engine, ModelSpec
from mistral_desk.inference.fitting import Benchmark, Fitting, PlannedEngine, benchmark, compared, door
from mistral_desk.inference.fitting.lengths import AtLength, Clock, at_lengths, ended
from mistral_desk.inference.protocol import Failed, Figures, Finished, Loaded, ModelInfo, Turn
from tests.fixtures import fake_worker
from tests.fixtures.engines import SPEC, run, scripted
from tests.fixtures.gguf_outlines import Size, mixtral, write_outline
from tests.fixtures.machines import pc

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from mistral_desk.fit.machine import Machine
    from mistral_desk.inference.client import Answer
    from mistral_desk.inference.protocol import Reason
    from tests.fixtures.fake_worker import Step
    from tests.fixtures.small_models import SmallModels

pytestmark = pytest.mark.allow_log("had to be killed")
"""On a busy computer a process that has only begun may not hear of its end in time."""
TOOK: Final = Figures(prompt_tokens=600, cached_tokens=100, generated_tokens=3, prompt_s=0.5, tokens_per_s=50.0)
LONG: Final = msgspec.structs.replace(TOOK, generated_tokens=48)
NOTHING: Final = Figures(prompt_tokens=600, cached_tokens=600, generated_tokens=1)
SHORT: Final = msgspec.structs.replace(fake_worker.MODEL, context=512)


def finished(took: Figures, reason: Reason = "stop") -> Step:
    return fake_worker.event(Finished(0, reason, took, fake_worker.VOCABULARY))


def always(took: Figures, info: ModelInfo = fake_worker.MODEL, most: int = 1 << 20) -> list[Step]:
    """A worker all of whose answers take just this; it has memory for so long a context."""
    short = fake_worker.event(Failed(0, Problem("engine.out_of_memory")))
    loads: list[Step] = [{"above": most, "do": [short], "else": [fake_worker.event(Loaded(0, info))]}]
    return [fake_worker.HELLO, {"serve": {"load": loads, "generate": [finished(took)]}}]


def in_turn(*answers: Step) -> list[Step]:
    """A worker whose answers end so, one after the other."""
    each = [step for answer in answers for step in ({"await": "generate"}, answer)]
    return [fake_worker.HELLO, {"await": "load"}, *fake_worker.loading(), *each, {"await": "shutdown"}]


# --- at several lengths -------------------------------------------------------------------------------------------


def lengths(folder: Path, script: list[Step], clock: Clock) -> list[AtLength] | None:
    found: list[list[AtLength] | None] = []

    async def test() -> None:
        async with scripted(folder, script) as engine:
            info = await engine.ensure(SPEC)
            found.append(await at_lengths(engine, info, clock, lambda _share: None))

    run(test())
    return found[0]


def test_a_model_that_ends_early_is_asked_again_until_its_speed_means_something(tmp_path: Path) -> None:
    seen = lengths(tmp_path, always(TOOK), Clock(600.0, 1))
    assert seen == [AtLength(600, 100, 1000.0, 50.0, 8)] * 2, "four rounds of two tokens behind the first, and no more"


@pytest.mark.parametrize(
    ("took", "sides", "count"),
    [(LONG, 1, 2), (LONG, 1000, 1), (NOTHING, 1, 1)],
    ids=["time for all", "no time for all sides", "nothing that a time could be told from"],
)
def test_a_length_that_there_may_be_no_time_for_is_not_begun(
    tmp_path: Path, took: Figures, sides: int, count: int
) -> None:
    seen = lengths(tmp_path, always(took), Clock(600.0, sides))
    assert seen is not None
    assert len(seen) == count
    if took is NOTHING:
        assert seen == [AtLength(600, 600, None, None, 0)]


@pytest.mark.parametrize("answers", [(), (finished(LONG),), (finished(LONG), finished(TOOK))])
def test_what_is_stopped_anywhere_gives_nothing(tmp_path: Path, answers: tuple[Step, ...]) -> None:
    """In the first measurement, in what makes the conversation longer, in the second."""
    script = in_turn(*answers, finished(TOOK, "stopped"))
    assert lengths(tmp_path, script, Clock(600.0, 1)) is None


class Silent(Engine):
    """An engine whose answers come to no end."""

    async def generate(self, *_given: Any, **_more: Any) -> AsyncGenerator[Answer, None]:
        none: tuple[Answer, ...] = ()
        for event in none:
            yield event


def test_an_answer_without_an_end_is_a_problem_in_words() -> None:
    async def test() -> None:
        with pytest.raises(DeskError) as caught:
            await ended(Silent(), [Turn("user", "hi")], 1, [])
        assert caught.value.problem.params == {"reason": "an answer without an end"}

    run(test())


# --- a whole benchmark ----------------------------------------------------------------------------------------


@pytest.fixture
def places(home: Path, monkeypatch: pytest.MonkeyPatch) -> Folders:
    """What is measured of this computer is made up."""
    monkeypatch.setattr(measure, "memory", lambda: 25.0)
    monkeypatch.setattr("mistral_desk.fit.measure.psutil.cpu_percent", lambda _seconds: 0.0)
    return folders(str(home)).ensure()


def measured(
    places: Folders, folder: Path, script: list[Step], model: Path, programs: tuple[str, ...] | None = None
) -> Benchmark | None:
    """The result; with `programs` compared, too."""
    command = fake_worker.command(folder, script)
    found: list[Benchmark | None] = []

    async def test() -> None:
        fitting = Fitting(places, command=command)
        fitting.allow(await fitting.key(model))
        engine = PlannedEngine(fitting, command)
        try:
            result = await benchmark(fitting, engine, ModelSpec(str(model)), lambda _step, _share: None)
            if programs is not None and result:
                result = await compared(engine, result, programs, 600.0, lambda _step, _share: None)
            found.append(result)
            assert (engine.learns, engine.relieves) == (True, True)
        finally:
            await engine.close()
            await fitting.close()

    run(test())
    return found[0]


def test_a_model_that_says_nothing_has_no_speeds_and_still_predicted_ones(
    places: Folders, tmp_path: Path, small_models: SmallModels
) -> None:
    seen = measured(places, tmp_path, always(NOTHING), small_models["dense"])
    assert seen
    assert (seen.tokens_per_s.measured, seen.prompt_per_s.measured, seen.written, seen.read) == (None, None, 0, 0)
    assert seen.tokens_per_s.predicted
    assert seen.prompt_per_s.predicted is None


def test_one_that_is_stopped_has_no_result(places: Folders, tmp_path: Path, small_models: SmallModels) -> None:
    script = in_turn(finished(LONG), finished(LONG, "stopped"))
    assert measured(places, tmp_path, script, small_models["dense"]) is None


@pytest.mark.parametrize("why", ["changed", "no plan"])
def test_what_was_not_loaded_as_planned_is_measured_and_nothing_is_predicted_of_it(
    places: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    outline = write_outline(tmp_path / "model.gguf", mixtral(Size(layers=2, context=16_384)))
    if why == "no plan":

        def tiny(_devices: object, _measured: object) -> Machine:
            return pc(0.6)

        monkeypatch.setattr("mistral_desk.fit.detect.this_machine", tiny)
        monkeypatch.setattr(door, "CAREFUL", 0)
    script = always(LONG, most=8192 if why == "changed" else 1 << 20)
    seen = measured(places, tmp_path, script, outline)
    assert seen
    assert seen.tokens_per_s.measured == 50.0
    figures = (seen.tokens_per_s, seen.prompt_per_s, seen.load_s, seen.memory)
    assert [figure.predicted for figure in figures] == [None] * 4
    assert (seen.runs, seen.busy) == (0, False)


def test_a_context_without_room_for_any_length_leaves_the_result_as_it_is(
    places: Folders, tmp_path: Path, small_models: SmallModels
) -> None:
    seen = measured(places, tmp_path, always(LONG, SHORT), small_models["dense"], ())
    assert seen
    assert (seen.lengths, seen.beside, seen.stopped) == ((), (), False)


def test_a_comparison_that_is_stopped_says_so_and_starts_nobody_else(
    places: Folders, tmp_path: Path, small_models: SmallModels
) -> None:
    rounds = [finished(LONG)] * 5  # four of them are a benchmark
    seen = measured(
        places, tmp_path, in_turn(*rounds, finished(LONG), finished(LONG, "stopped")), small_models["dense"], ()
    )
    assert seen
    assert (seen.stopped, seen.beside) == (True, ())
    assert len(seen.lengths) == 1


def test_without_a_model_nothing_is_compared(places: Folders, tmp_path: Path, small_models: SmallModels) -> None:
    result = measured(places, tmp_path, always(LONG), small_models["dense"])
    assert result

    async def test() -> None:
        engine = PlannedEngine(Fitting(places))
        try:
            with pytest.raises(DeskError, match=r"engine\.no_model"):
                await compared(engine, result, (), 1.0, lambda _step, _share: None)
        finally:
            await engine.close()

    run(test())
