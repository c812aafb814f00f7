"""However a model is divided, it writes the same, and what an override moves is moved to the byte."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec
import pytest

from mistral_desk.core.paths import resource
from mistral_desk.fit.read import ROUTED
from mistral_desk.inference import model_file
from mistral_desk.inference.client import Engine, ModelSpec
from mistral_desk.inference.placement import Placement
from mistral_desk.inference.protocol import Piece, Sampling, Turn
from tests.fixtures import second_device
from tests.fixtures.engines import problem_of, run

if TYPE_CHECKING:
    from pathlib import Path

    from mistral_desk.inference.protocol import ModelInfo
    from tests.fixtures.small_models import SmallModels

pytestmark = pytest.mark.engine

GREEDY: Final = Sampling(temperature=0.0, seed=1)
MEMORY: Final = Placement(context=2048, threads=1, load_mode="none")
ON_CARD: Final = msgspec.structs.replace(MEMORY, gpu_layers=99, devices=("CARD0",), tensor_split=(1.0,))
_ROUNDED: Final = 0.02 * 2**20
"""Bytes by which two lines of the log round."""


async def answer(engine: Engine, question: str = "What is 7 plus 8?") -> tuple[str, list[int]]:
    """What the model thinks and writes, and its tokens."""
    pieces = [e async for e in engine.generate([Turn("user", question)], "high", GREEDY, 48) if isinstance(e, Piece)]
    return "".join(piece.text for piece in pieces), [token for piece in pieces for token in piece.tokens]


async def answered(path: Path, placement: Placement | None, *cards: tuple[str, int]) -> tuple[ModelInfo, list[int]]:
    engine = Engine(second_device.command(*cards))
    try:
        info = await engine.ensure(ModelSpec(str(path), 2048, 1, placement=placement))
        return info, (await answer(engine))[1]
    finally:
        await engine.close()


def on(info: ModelInfo, device: str, kind: str = "model") -> int:
    return sum(one.bytes for one in info.placed if (one.device, one.kind) == (device, kind))


def test_the_built_in_model_writes_the_same_wherever_it_lies_and_its_experts_move_to_the_byte() -> None:
    path = resource("model", "guide.gguf")
    tensors = model_file.inspect(path).tensors
    routed: dict[int, int] = {}
    for tensor in tensors:
        if found := re.match(rf"blk\.(\d+){ROUTED}", tensor.name):
            routed[int(found[1])] = routed.get(int(found[1]), 0) + (tensor.bytes or 0)
    count = len(routed)

    def held_back(*layers: int) -> Placement:
        pattern = rf"blk\.({'|'.join(map(str, layers))}){ROUTED}"
        return msgspec.structs.replace(ON_CARD, overrides=((pattern, "CPU"),), experts_on_gpu=count - len(layers))

    async def test() -> None:
        card = ("CARD0", 64)
        _, expected = await answered(path, None, card)
        memory, tokens = await answered(path, MEMORY, card)
        assert tokens == expected
        assert {one.device for one in memory.placed} == {"CPU"}
        whole, tokens = await answered(path, ON_CARD, card)
        assert tokens == expected
        for layers in (tuple(routed), (0, count - 1)):
            part, tokens = await answered(path, held_back(*layers), card)
            assert tokens == expected
            moved = sum(routed[layer] for layer in layers)
            assert abs(on(whole, "CARD0") - on(part, "CARD0") - moved) <= _ROUNDED
            assert abs(on(part, "CPU") - on(whole, "CPU") - moved) <= _ROUNDED
        two = msgspec.structs.replace(held_back(0, 1), devices=("CARD0", "CARD1"), tensor_split=(2.0, 1.0))
        both, tokens = await answered(path, two, card, ("CARD1", 64))
        assert tokens == expected
        assert min(on(both, "CARD0"), on(both, "CARD1"), on(both, "CARD1", "cache")) > 0

    run(test())


@pytest.mark.parametrize("kind", ["dense", "sliding", "recurrent", "hybrid"])
def test_other_kinds_answer_from_a_card_too(kind: str, small_models: SmallModels) -> None:
    """Random weights: the first token is the same; later ones may be told apart by rounding."""
    on_card = msgspec.structs.replace(ON_CARD, gpu_layers=2, batch=64)

    async def test() -> None:
        _, expected = await answered(small_models[kind], None, ("CARD0", 64))
        info, tokens = await answered(small_models[kind], on_card, ("CARD0", 64))
        assert tokens[:1] == expected[:1]
        assert on(info, "CARD0") > 0
        assert on(info, "CARD0", "cache") > 0

    run(test())


def test_a_device_or_buffer_that_is_not_there_is_a_clear_problem() -> None:
    spec = ModelSpec(str(resource("model", "guide.gguf")))

    async def test() -> None:
        engine = Engine()
        try:
            missing = msgspec.structs.replace(spec, placement=ON_CARD)
            assert (await problem_of(engine.ensure(missing)))[:2] == ("placement.device", {"name": "CARD0"})
            unknown = msgspec.structs.replace(MEMORY, overrides=((ROUTED, "Elsewhere"),))
            found = await problem_of(engine.ensure(msgspec.structs.replace(spec, placement=unknown)))
            assert found[0] == "placement.buffer"
            assert found[1]["name"] == "Elsewhere"
            assert "CPU" in str(found[1]["known"])
        finally:
            await engine.close()

    run(test())
