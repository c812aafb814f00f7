"""Eyes that are missing, wrong, damaged or switched off, and pictures that are too much: each a clear word.

And Stop while a picture is looked at, after which the next answer is as if nothing had been.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from typing import TYPE_CHECKING, Final, TypeVar

import gguf
import numpy as np
import pytest

from mistral_desk.core.errors import DeskError
from mistral_desk.inference.client import ModelSpec, Worker
from mistral_desk.inference.protocol import Finished, PromptProgress, PutImage, Turn
from tests.fixtures.conversations import GREEDY, ask
from tests.fixtures.gguf_projector import ProjectorShape, projector
from tests.fixtures.in_time import in_time
from tests.fixtures.seeing import MIDDLE, Album, picture, seeing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from mistral_desk.inference.protocol import ModelInfo
    from tests.fixtures.small_models import SmallModels

T = TypeVar("T")
END_OF_THE_WORLD_S: Final = 240
ONE: Final = picture(1)
LOOK: Final = Turn("user", "What is this?", images=(ONE.sha256,))


def told(spec: ModelSpec, story: Callable[[Worker, ModelInfo], Awaitable[T]]) -> T:
    async def tell() -> T:
        worker = Worker()
        await worker.start()
        try:
            async with asyncio.timeout(END_OF_THE_WORLD_S):
                return await story(worker, await worker.load(spec))
        finally:
            await worker.close()

    return asyncio.run(tell())


def refused(spec: ModelSpec) -> DeskError:
    """What loading raises."""

    async def nothing(*_: object) -> None:
        raise AssertionError("it was loaded")

    with pytest.raises(DeskError) as caught:
        told(spec, nothing)
    return caught.value


async def blind(worker: Worker, info: ModelInfo) -> tuple[str, str]:
    """Why a model does not see: what it says of itself, and what asking about a picture raises."""
    assert not info.sees
    assert info.blind
    with pytest.raises(DeskError) as caught:
        await ask(worker, [LOOK], pictures=Album(ONE))
    assert (await ask(worker, [Turn("user", "Hello")])).tokens, "it reads text as before"
    return info.blind.id, caught.value.problem.id


def test_a_model_with_nothing_beside_it_says_that_it_reads_text_only(small_models: SmallModels) -> None:
    assert told(ModelSpec(str(small_models["mistral4"]), 1024, 1), blind) == ("model.no_eyes", "model.no_eyes")


def test_eyes_can_be_switched_off(tmp_path: Path) -> None:
    model = seeing(tmp_path)

    assert told(ModelSpec(str(model), 1024, 1, projector=""), blind) == ("model.eyes_off", "model.eyes_off")


def test_eyes_of_another_model_are_not_put_on(tmp_path: Path, small_models: SmallModels) -> None:
    model = tmp_path / "one.gguf"
    shutil.copy(small_models["mistral4"], model)
    wrong = projector(tmp_path / "mmproj-F16.gguf", ProjectorShape(text_width=128))

    assert told(ModelSpec(str(model), 1024, 1), blind) == ("projector.wrong", "projector.wrong")
    problem = refused(ModelSpec(str(model), 1024, 1, projector=str(wrong))).problem
    assert problem.id == "projector.wrong"
    assert (problem.params["found"], problem.params["wanted"]) == (128, 64)


def test_a_projector_elsewhere_can_be_chosen(tmp_path: Path, small_models: SmallModels) -> None:
    (tmp_path / "Brille für 目").mkdir()
    chosen = projector(tmp_path / "Brille für 目" / "eyes.gguf")

    async def story(worker: Worker, info: ModelInfo) -> str:
        assert (await ask(worker, [LOOK], pictures=Album(ONE))).tokens
        return info.projector

    assert told(ModelSpec(str(small_models["mistral4"]), 1024, 1, projector=str(chosen)), story) == str(chosen)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5000])


def page(path: Path) -> None:
    path.write_bytes(b"<html>not found</html>")


def vanished(path: Path) -> None:
    path.unlink()


def nonsense(path: Path) -> None:
    """Weights that are not numbers."""
    found = gguf.GGUFReader(path, "r+")
    next(t for t in found.tensors if t.name == "mm.2.weight").data[:] = np.nan
    found.data.flush()


def twisted(path: Path) -> None:
    """A matrix that does not fit the others, in a header that says nothing of it: llama.cpp would abort on it."""
    projector(path, ProjectorShape(), transposed="v.blk.1.ffn_down")


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (cut, "projector.damaged"),
        (page, "projector.not_one"),
        (vanished, "projector.missing"),
        (nonsense, "projector.nonsense"),
        (twisted, "projector.damaged"),
    ],
)
def test_a_damaged_projector_is_named_and_the_model_still_answers(
    tmp_path: Path, damage: Callable[[Path], None], expected: str
) -> None:
    model = seeing(tmp_path)
    eyes = tmp_path / f"mmproj-{model.stem}-F16.gguf"
    damage(eyes)
    found = "model.no_eyes" if damage is vanished else expected

    assert told(ModelSpec(str(model), 1024, 1), blind) == (found, found)
    assert refused(ModelSpec(str(model), 1024, 1, projector=str(eyes))).problem.id == expected


def test_a_text_model_is_no_projector(tmp_path: Path, small_models: SmallModels) -> None:
    model = seeing(tmp_path)

    assert (
        refused(ModelSpec(str(model), 1024, 1, projector=str(small_models["dense"]))).problem.id == "projector.not_one"
    )


def test_pictures_larger_than_the_context_are_refused_by_name(tmp_path: Path) -> None:
    pictures = [picture(seed, 600, 500) for seed in range(3)]
    turn = Turn("user", "Compare them.", images=tuple(one.sha256 for one in pictures))

    async def story(worker: Worker, _: ModelInfo) -> None:
        with pytest.raises(DeskError) as caught:
            await ask(worker, [turn], pictures=Album(*pictures))
        problem = caught.value.problem
        assert problem.id == "prompt.pictures_too_long"
        assert int(problem.params["pictures"]) > 1024 == problem.params["context"]
        assert (await ask(worker, [LOOK], pictures=Album(ONE))).tokens

    told(ModelSpec(str(seeing(tmp_path)), 1024, 1), story)


@pytest.mark.parametrize("size", [(1, 1), (1, 2), (2, 1), (1, 700), (1200, 1), (1540, 1540)])
def test_pictures_of_any_shape_are_read(tmp_path: Path, size: tuple[int, int]) -> None:
    strange = picture(1, *size)

    async def story(worker: Worker, _: ModelInfo) -> None:
        turn = Turn("user", "What is this?", images=(strange.sha256,))
        assert (await ask(worker, [turn], pictures=Album(strange))).tokens

    told(ModelSpec(str(seeing(tmp_path)), 2048, 1), story)


def test_stop_is_obeyed_while_a_picture_is_looked_at(tmp_path: Path) -> None:
    """At every stage: waiting for the pixels, encoding, decoding; then the same question gets its whole answer."""
    model = seeing(tmp_path, shape=MIDDLE)
    seconds: dict[int, float] = {}

    async def story(worker: Worker, _: ModelInfo) -> None:
        async def stopped(large: PutImage, looked: int) -> bool:
            """Stop after so many words of looking; whether that was before the answer was there."""
            since: float | None = None
            count = 0
            async for event in worker.generate([about(large)], "none", GREEDY, 4, Album(large)):
                if isinstance(event, Finished):
                    assert since is not None, f"it ended by itself, and had said {count} times that it looks"
                    seconds[looked] = time.perf_counter() - since
                    return event.reason == "stopped"
                count += isinstance(event, PromptProgress) and event.looking
                if since is None and count >= looked:
                    since = time.perf_counter()
                    for request in worker.requests:
                        worker.stop(request)
            raise AssertionError("an answer without an end")

        async def attempt(number: int) -> PutImage | None:
            """A picture that was never seen to its end."""
            large = picture(3 + number, 1000, 1000)
            return large if await stopped(large, 1) and await stopped(large, 12) else None

        large = await in_time(attempt, lambda found: found is not None)
        assert large is not None
        whole = await ask(worker, [about(large)], max_tokens=4, pictures=Album(large))
        assert whole.reason == "length"
        assert whole.figures.cached_tokens < whole.figures.prompt_tokens - 900, "nothing of a half-read picture is kept"

    told(ModelSpec(str(model), 2048, 1), story)
    print({f"after {count}": round(value, 3) for count, value in seconds.items()})


def about(shown: PutImage) -> Turn:
    return Turn("user", "What is this?", images=(shown.sha256,))


def test_an_answer_that_waits_for_pixels_can_be_stopped(tmp_path: Path) -> None:
    async def story(worker: Worker, _: ModelInfo) -> None:
        asked = asyncio.Event()

        async def never(_: str) -> PutImage:
            asked.set()
            return await asyncio.Future()

        answer = asyncio.create_task(ask(worker, [LOOK], pictures=never))
        await asked.wait()
        answer.cancel()
        with pytest.raises(asyncio.CancelledError):
            await answer
        assert (await ask(worker, [LOOK], pictures=Album(ONE))).tokens

    told(ModelSpec(str(seeing(tmp_path)), 1024, 1), story)


def test_a_picture_that_the_app_lost_is_its_own_problem(tmp_path: Path) -> None:
    async def story(worker: Worker, _: ModelInfo) -> None:
        async def lost(_: str) -> PutImage:
            raise DeskError("picture.missing")

        with pytest.raises(DeskError) as caught:
            await ask(worker, [LOOK], pictures=lost)
        assert caught.value.problem.id == "picture.missing"
        assert (await ask(worker, [LOOK], pictures=Album(ONE))).tokens

    told(ModelSpec(str(seeing(tmp_path)), 1024, 1), story)
