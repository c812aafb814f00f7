"""Models are loaded by their plan and answer as without one; what they took stands beside what was predicted."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import psutil
import pytest

from mistral_desk.chat.message import Draft
from mistral_desk.chat.session import Ended, Session
from mistral_desk.core.paths import Folders, folders, resource
from mistral_desk.fit.plan import Wishes
from mistral_desk.fit.runs import FILE, LEAST_WRITTEN
from mistral_desk.inference.client import Engine, ModelSpec
from mistral_desk.inference.fitting import Fitting, PlannedEngine, benchmark, benchmark_text
from mistral_desk.inference.protocol import Turn
from mistral_desk.services import Services
from tests.fixtures.conversations import ask
from tests.fixtures.engines import problem_of, run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.fixtures.conversations import Reply
    from tests.fixtures.small_models import SmallModels

LONG = LEAST_WRITTEN + 8
QUESTION = "Why? " * 60


@pytest.fixture
def places(home: Path) -> Folders:
    return folders(str(home)).ensure()


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if no other program took the processors' time; on a busy computer nothing would be recorded."""
    monkeypatch.setattr("mistral_desk.inference.fitting.measured.LEAST_SHARE", 0.0)
    monkeypatch.setattr("mistral_desk.inference.fitting.measured.MOST_OTHERS", float("inf"))


@contextlib.asynccontextmanager
async def planned(places: Folders) -> AsyncIterator[tuple[Fitting, PlannedEngine]]:
    fitting = Fitting(places)
    engine = PlannedEngine(fitting)
    try:
        yield fitting, engine
    finally:
        await engine.close()
        await fitting.close()


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.stat().st_size]


async def answered(engine: Engine, question: str = QUESTION, tokens: int = LONG) -> Reply:
    return await ask(engine, [Turn("user", question)], "none", tokens)


@pytest.mark.parametrize("kind", ["sliding", "hybrid", "mistral4_split"])
def test_a_planned_model_answers_with_the_same_tokens(kind: str, places: Folders, small_models: SmallModels) -> None:
    spec = ModelSpec(str(small_models[kind]))

    async def test() -> None:
        plain = Engine()
        try:
            info = await plain.ensure(spec)
            expected = (await answered(plain)).tokens
        finally:
            await plain.close()
        async with planned(places) as (fitting, engine):
            found = await engine.ensure(spec)
            assert engine.prepared
            assert engine.prepared.made, "every kind of model has a plan"
            assert found.context == engine.prepared.spec.context
            assert found.threads == engine.prepared.spec.threads == info.threads
            assert (await answered(engine)).tokens == expected
            assert (fitting.wishes(engine.prepared.key), found.changes) == (Wishes(), ())

    run(test())


def test_an_answer_is_recorded_and_the_next_prediction_learns(places: Folders, small_models: SmallModels) -> None:
    path = small_models["mistral4_q8"]

    async def test() -> None:
        async with planned(places) as (fitting, engine):
            await engine.ensure(ModelSpec(str(path)))
            pid = engine.pid
            key = await fitting.key(path)
            short = (await answered(engine, tokens=LEAST_WRITTEN - 1)).figures
            await engine.settled()
            (first,) = fitting.runs(key)
            assert first.tokens_per_s is None, "so few tokens mean nothing"
            assert first.prompt_per_s
            assert first.prompt_per_s.measured == pytest.approx(short.prompt_tokens / short.prompt_s)
            assert first.load_s
            figures = (await answered(engine, "Another question")).figures
            await engine.settled()
            second = fitting.runs(key)[1]
            assert second.tokens_per_s
            assert second.tokens_per_s.measured == figures.tokens_per_s
            assert (second.load_s, second.region) == (None, "memory")
            assert engine.model
            assert second.threads == engine.model.threads
            assert engine.pid == pid, "a plan made beside the loaded model does not load it again"
            seen = await fitting.comparison(key)
            assert (seen.tokens_per_s.count, seen.load_s.count) == (1, 1)
        later = Fitting(places)
        assert len(later.runs(key)) == 2
        (run_of,) = later.corrections(key)
        assert run_of.same
        assert run_of.measured == figures.tokens_per_s

    run(test())


def test_what_is_set_by_hand_takes_effect_at_the_next_question(places: Folders, small_models: SmallModels) -> None:
    spec = ModelSpec(str(small_models["dense"]))

    async def test() -> None:
        async with planned(places) as (fitting, engine):
            before = await engine.ensure(spec)
            key = await fitting.key(spec.path)
            await fitting.set_wishes(key, Wishes(context=512))
            assert (await engine.ensure(spec)).context == 512 != before.context
            pid = engine.pid
            await answered(engine, "Hi", 2)
            assert engine.pid == pid
            await fitting.set_wishes(key, None)
            assert (await engine.ensure(spec)).context == before.context

    run(test())


def test_what_does_not_fit_starts_no_worker_until_told_so(
    places: Folders, small_models: SmallModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mistral_desk.inference.fitting.door.CAREFUL", 0)
    monkeypatch.setattr("mistral_desk.fit.detect.memory", lambda: (1 << 30, 1 << 20))
    spec = ModelSpec(str(small_models["dense"]), 512)

    async def test() -> None:
        async with planned(places) as (fitting, engine):
            assert (await problem_of(engine.ensure(spec)))[0] == "model.does_not_fit"
            assert engine.pid is None
            fitting.allow(await fitting.key(spec.path))
            assert (await engine.ensure(spec)).context == 512
            await answered(engine, "Hi", 2)

    run(test())


def test_a_benchmark_shows_predicted_beside_measured(places: Folders, small_models: SmallModels) -> None:
    path = small_models["mistral4"]
    steps: list[str] = []

    async def test() -> None:
        async with planned(places) as (fitting, engine):
            found = await benchmark(fitting, engine, ModelSpec(str(path)), lambda step, _: steps.append(step))
            assert found
            assert found.written >= LEAST_WRITTEN
            assert found.read >= 64
            for figure in (found.tokens_per_s, found.prompt_per_s, found.load_s):
                assert figure.measured
                assert figure.measured > 0
                assert figure.predicted
                low, mid, high = figure.predicted
                assert 0 < low < mid < high
            assert (found.bytes, found.runs) == (path.stat().st_size, 0)
            await engine.settled()
            (run_of,) = fitting.runs(await fitting.key(path))
            assert run_of.tokens_per_s
            assert run_of.tokens_per_s.measured == pytest.approx(found.tokens_per_s.measured, rel=1e-3)
            text = benchmark_text(found)
            assert found.model in text
            assert str(path.parent) not in text
            assert str(places.data.parent) not in text
            again = await benchmark(fitting, engine, ModelSpec(str(path)), lambda _step, _share: None)
            assert again
            assert (again.runs, again.load_s.measured) == (1, None), "it was loaded already"
            assert again.tokens_per_s.predicted
            low, mid, high = again.tokens_per_s.predicted
            assert (high - low) / mid == pytest.approx(0.45, rel=1e-2), "narrower than the 0.69 without runs"

    run(test())
    assert list(dict.fromkeys(steps)) == ["machine", "load", "round"]


def test_a_temporary_chat_leaves_a_speed_and_nothing_else(home: Path) -> None:
    secret = "Zwetschgenkuchen"
    spec = ModelSpec(str(resource("model", "guide.gguf")))

    async def test() -> None:
        services = await Services.open(str(home))
        room = await services.temporary()
        session: Session = room.session
        draft = Draft(f"What do you know about {secret}? " * 20)
        last = [event async for event in session.reply(None, draft, model_spec=spec)][-1]
        assert isinstance(last, Ended)
        await services.leave(room)
        await services.close()
        kept = files(home)
        runs = home / "cache" / FILE
        assert runs in kept
        assert not [path for path in kept if secret.encode() in path.read_bytes()]

        again = await Services.open(str(home))
        key = await again.fitting.key(spec.path)
        assert again.fitting.runs(key)
        await again.fitting.set_wishes(key, Wishes(context=512))
        assert "cache" in [share.kind for share in again.inventory()]
        await again.erase()
        assert again.fitting.runs(key) == ()
        assert again.fitting.wishes(key) == Wishes()
        assert not runs.exists()
        assert not [path for path in files(home) if b"guide.gguf" in path.read_bytes()]
        await again.close()

    run(test())


def test_the_guide_is_planned_as_it_was_loaded_before(places: Folders) -> None:
    """The model that ships starts as ever: with all of its context, by itself, and never refused."""
    spec = ModelSpec(str(resource("model", "guide.gguf")))

    async def test() -> None:
        plain = Engine()
        try:
            before = await plain.ensure(spec)
        finally:
            await plain.close()
        async with planned(places) as (_, engine):
            now = await engine.ensure(spec)
            assert (now.context, now.threads, now.sees) == (before.context, before.threads, before.sees)
            assert psutil.Process(engine.pid or 0).is_running()

    run(test())
