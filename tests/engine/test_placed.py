"""Everything lies where the plan says: llama.cpp's own log against the prediction, device by device, for every kind.

There is no graphics card here: `tests.fixtures.second_device` gives llama.cpp devices that the processor computes for.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

import msgspec
import pytest

from mistral_desk.fit.machine import GB, GpuReport, Machine, gpus_of
from mistral_desk.fit.plan import Plan, Wishes, plan
from mistral_desk.fit.read import shape_of
from mistral_desk.inference import model_file
from mistral_desk.inference.model_spec import ModelSpec
from mistral_desk.inference.placement import Placement
from mistral_desk.inference.remote import Worker
from tests.engine.test_fit_memory import ALL_KINDS, CLOSE, EXACT, LATENT, made, near
from tests.fixtures import second_device
from tests.fixtures.engines import run
from tests.fixtures.gguf_projector import ProjectorShape, projector

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from mistral_desk.inference.protocol import Hello, ModelInfo

pytestmark = pytest.mark.engine

CARDS: Final = (("CARD0", 800),)
WHOLE: Final = Wishes(context=4096, gpu_layers=99, load_mode="none")
PART: Final = Wishes(context=4096, gpu_layers=2, load_mode="none")
SPLIT: Final = Wishes(context=4096, gpu_layers=99, experts_on_gpu=1, load_mode="none")
SMALL_CACHE: Final = Wishes(context=8192, gpu_layers=99, kv="q8_0", batch=128, load_mode="none")


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the models are kept that several tests look at."""
    return tmp_path_factory.mktemp("models")


@contextlib.asynccontextmanager
async def started(*cards: tuple[str, int]) -> AsyncIterator[tuple[Worker, Hello]]:
    """A worker with these cards, and what it said about itself."""
    worker = Worker(second_device.command(*cards))
    try:
        yield worker, await worker.start()
    finally:
        await worker.close()


def machine(hello: Hello) -> Machine:
    """The computer that the worker reports, with so much memory that it decides nothing."""
    found = [device for device in hello.devices if device.kind == "gpu"]
    reports = tuple(GpuReport(d.name, d.description, d.kind, d.memory_free, d.memory_total) for d in found)
    return Machine(4, 8 * GB, 6 * GB, 40.0, 2.0, 0.3, False, gpus_of(reports, 8 * GB, 6 * GB, 40.0))


def bytes_on(info: ModelInfo, device: str, kind: str) -> int:
    return sum(one.bytes for one in info.placed if (one.device, one.kind) == (device, kind))


async def loaded(path: Path, wishes: Wishes, eyes: Path | None = None) -> tuple[Plan, ModelInfo]:
    """The plan for a file on a computer with a card, and what became of it."""
    found = model_file.inspect(path)
    weights = sum(tensor.bytes or 0 for tensor in model_file.read(eyes).tensors) if eyes else 0
    shape = shape_of(found.header, found.tensors, weights)
    async with started(*CARDS) as (worker, hello):
        planned = plan(shape, machine(hello), wishes)
        placement = Placement.of(planned, hello.devices)
        info = await worker.load(ModelSpec(str(path), projector=str(eyes) if eyes else "", placement=placement))
    assert info.placement == msgspec.structs.replace(placement, context=info.context)
    assert (info.context, info.threads) == (planned.context, planned.threads)
    return planned, info


def check(planned: Plan, info: ModelInfo) -> None:
    """Weights and cache of every device are as predicted."""
    names = {"gpu0": "CARD0", "memory": "CPU"}
    assert {holding.device for holding in planned.holdings} <= set(names)
    for holding in planned.holdings:
        device = names[holding.device]
        others = {"cache", "compute", "projector"}
        weights = sum(size for kind, size in holding.bytes.items() if kind not in others)
        assert near(weights, bytes_on(info, device, "model"), EXACT)
        assert near(holding.bytes.get("cache", 0), bytes_on(info, device, "cache"), EXACT)
    assert {one.device for one in info.placed} <= {"CARD0", "CPU"}


CASES: Final = [
    *((kind, PART) for kind in ALL_KINDS),
    ("dense, grouped queries", WHOLE),
    ("routed experts", WHOLE),
    ("routed experts", SPLIT),
    ("latent attention", SPLIT),
    ("sliding window", SMALL_CACHE),
]


@pytest.mark.parametrize(("kind", "wishes"), CASES)
def test_every_device_holds_what_was_predicted(kind: str, wishes: Wishes, shelf: Path) -> None:
    async def test() -> None:
        planned, info = await loaded(made(kind, shelf), wishes)
        check(planned, info)
        close = {"gpu0": "CARD0"} if wishes is WHOLE else {"memory": "CPU"} if wishes is PART else {}
        for holding in planned.holdings:
            if device := close.get(holding.device):
                assert near(holding.bytes["compute"], bytes_on(info, device, "compute"), CLOSE)

    run(test())


def test_a_split_file_lies_as_a_whole_one(shelf: Path) -> None:
    async def test() -> None:
        check(*await loaded(made("routed experts", shelf, split=True), SPLIT))

    run(test())


def test_a_projector_counts_where_it_is_put(shelf: Path, tmp_path: Path) -> None:
    async def test() -> None:
        eyes = projector(tmp_path / "mmproj.gguf", ProjectorShape(text_width=LATENT.width))
        planned, info = await loaded(made("latent attention", shelf), WHOLE, eyes)
        check(planned, info)
        assert info.sees
        predicted = next(holding for holding in planned.holdings if holding.device == "gpu0")
        assert eyes.stat().st_size * 0.9 < bytes_on(info, "CARD0", "projector") <= predicted.bytes["projector"]

    run(test())


def test_two_cards_share_the_layers_as_planned(shelf: Path) -> None:
    """Each has room for a half only, so the second one gets the rest, and the output."""

    async def test() -> None:
        path = made("routed experts", shelf)
        found = model_file.inspect(path)
        shape = shape_of(found.header, found.tensors)
        async with started(("CARD0", 330), ("CARD1", 330)) as (worker, hello):
            planned = plan(shape, machine(hello), WHOLE)
            placement = Placement.of(planned, hello.devices)
            info = await worker.load(ModelSpec(str(path), placement=placement))
        assert placement.devices == ("CARD0", "CARD1")
        for number in range(2):
            holding = next(one for one in planned.holdings if one.device == f"gpu{number}")
            weights = sum(size for kind, size in holding.bytes.items() if kind not in {"cache", "compute"})
            assert near(weights, bytes_on(info, f"CARD{number}", "model"), EXACT)
            assert near(holding.bytes["cache"], bytes_on(info, f"CARD{number}", "cache"), EXACT)

    run(test())
