"""What is predicted of a model with eyes is what it takes: the projector's buffers too, whatever their proportions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mistral_desk.core.paths import folders, resource
from mistral_desk.inference.client import ModelSpec
from mistral_desk.inference.fitting import Fitting, PlannedEngine
from mistral_desk.inference.fitting.measured import memory_range, taken
from tests.fixtures.engines import run
from tests.fixtures.gguf_projector import ProjectorShape, projector

if TYPE_CHECKING:
    from pathlib import Path

    from mistral_desk.inference.fitting.measured import Loaded
    from tests.fixtures.small_models import SmallModels

pytestmark = pytest.mark.engine
CLOSE = 0.25
ABOVE = 0.02
"""The formula is a bound from above: a llama.cpp that takes more is told, as far as its log rounds."""


def loaded(home: Path, path: Path, eyes: Path | None) -> Loaded:
    """The model as it was loaded by its plan."""
    found: list[Loaded] = []

    async def test() -> None:
        fitting = Fitting(folders(str(home)).ensure())
        engine = PlannedEngine(fitting)
        try:
            info = await engine.ensure(ModelSpec(str(path), projector=str(eyes) if eyes else None))
            assert info.sees
            made = engine.loaded()
            assert made
            found.append(made)
        finally:
            await engine.close()
            await fitting.close()

    run(test())
    return found[0]


@pytest.mark.parametrize(
    "shape",
    [
        ProjectorShape(),
        ProjectorShape(width=256, feed_forward=1024, patch=16),
        ProjectorShape(width=256, feed_forward=512, patch=16),
        ProjectorShape(width=512, feed_forward=512, patch=16, heads=8),
        ProjectorShape(width=256, feed_forward=2048),
        ProjectorShape(width=512, feed_forward=2048, heads=8),
        ProjectorShape(width=512, feed_forward=256, patch=8, heads=8),
        ProjectorShape(width=128, feed_forward=512, merge=1),
    ],
    ids=lambda shape: f"{shape.width} wide, {shape.feed_forward} inside, {shape.patch} pixels, {shape.merge} merged",
)
def test_a_projector_s_buffers_are_close_to_what_llama_cpp_takes(
    shape: ProjectorShape, home: Path, tmp_path: Path, small_models: SmallModels
) -> None:
    eyes = projector(tmp_path / "mmproj.gguf", shape)
    made = loaded(home, small_models["mistral4"], eyes)
    known, (took,) = made.file.shape, [one.bytes for one in made.info.placed if one.kind == "projector"]
    buffers = took - known.projector
    assert (1 - ABOVE) * buffers <= known.projector_start <= (1 + CLOSE) * buffers
    assert known.projector_most == pytest.approx(4 * known.projector_start, rel=0.01), "1,024 tokens against 256"
    found = memory_range(made.plan, known)
    assert found.low <= taken(made.info) <= found.high


def test_the_memory_of_the_model_that_comes_along_is_predicted(home: Path) -> None:
    made = loaded(home, resource("model", "guide.gguf"), None)
    found = memory_range(made.plan, made.file.shape)
    assert found.low <= taken(made.info) <= found.high
    assert found.mid == pytest.approx(taken(made.info), rel=0.1)
    assert found.high < 1.4 * found.low, "its pictures are small: nothing grows with them"
