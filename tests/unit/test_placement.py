"""A placement is the plan in the engine's terms; every step down is a real one, said in words, until none is left."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from mistral_desk.core.errors import in_words
from mistral_desk.fit.plan import Plan, Wishes, plan
from mistral_desk.fit.read import ROUTED
from mistral_desk.inference import placement
from mistral_desk.inference.device import Device
from mistral_desk.inference.placement import Expected, Placement, changes, relieve, spills, step_down
from tests.fixtures.machines import pc
from tests.unit.test_fit_plan import MINISTRAL, SMALL_4

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mistral_desk.core.errors import Problem

GB = 10**9
CPU = Device("CPU", "a processor", "cpu", 90 * GB, 96 * GB)
CARD = Device("CUDA0", "a graphics card", "gpu", 7 * GB, 8 * GB)


@some.composite
def placements(draw: some.DrawFn) -> Placement:
    """Dense models and mixtures, in memory, in part or wholly on one or two GPUs."""
    layers = draw(some.integers(1, 80))
    gpu_layers = draw(some.integers(0, layers + 1))
    blocks = max(gpu_layers - 1, 0)
    routed = draw(some.booleans())
    experts = draw(some.integers(0, blocks)) if routed else 0
    cards: int = draw(some.integers(1, 2)) if gpu_layers else 0
    devices = tuple(f"CUDA{number}" for number in range(cards))
    staying = "|".join(str(layer) for layer in range(layers - blocks, layers - experts))
    return Placement(
        context=draw(some.integers(1, 300_000)),
        threads=draw(some.integers(1, 64)),
        kv=draw(some.sampled_from(["f16", "q8_0", "q4_0"])),
        batch=draw(some.sampled_from([1, 64, 128, 512, 2048])),
        layers=layers,
        gpu_layers=gpu_layers,
        devices=devices,
        tensor_split=tuple(1.0 for _ in devices),
        experts_on_gpu=experts,
        overrides=((rf"blk\.({staying}){ROUTED}", "CPU"),) if routed and staying else (),
        load_mode=draw(some.sampled_from(["mmap", "none"])),
        projector=draw(some.sampled_from(["", *devices])),
    )


def size(one: Placement) -> tuple[float, ...]:
    """What takes memory, each alone."""
    kv = {"f16": 2.0, "q8_0": 1.0, "q4_0": 0.5}[one.kv]
    return (one.context, one.batch, kv, one.gpu_layers, one.experts_on_gpu)


def steps(first: Placement) -> Iterator[tuple[Placement, Problem]]:
    while step := step_down(first):
        yield step
        first = step[0]


@given(placements())
def test_every_step_makes_one_thing_smaller_and_nothing_larger_until_none_is_left(first: Placement) -> None:
    before, count = first, 0
    for after, note in steps(first):
        smaller = [a < b for a, b in zip(size(after), size(before), strict=True)]
        assert sum(smaller) == 1
        assert all(a <= b for a, b in zip(size(after), size(before), strict=True))
        assert (after.threads, after.load_mode, after.layers) == (first.threads, first.load_mode, first.layers)
        assert in_words(note).message
        before, count = after, count + 1
        assert count < 100
    assert not before.gpu_layers
    assert not before.devices
    assert before.context <= max(placement.SHORTEST, 1)
    assert before.batch <= placement.SMALL_BATCH
    assert before.kv != "f16"


@given(placements())
def test_experts_are_held_back_exactly_where_a_placement_says(first: Placement) -> None:
    for after, _ in steps(first):
        if not after.experts_on_gpu and not any("exps" in pattern for pattern, _ in after.overrides):
            continue
        held_back = {
            layer
            for layer in range(after.layers)
            if any(re.search(pattern, f"blk.{layer}.ffn_up_exps.weight") for pattern, _ in after.overrides)
        }
        on_gpu = set(range(after.layers - after.blocks_on_gpu, after.layers))
        assert on_gpu - held_back == set(range(after.layers - after.experts_on_gpu, after.layers))
        assert not any(re.search(pattern, "blk.0.ffn_gate_shexp.weight") for pattern, _ in after.overrides)


@given(placements())
def test_many_steps_are_told_as_one_note_each(first: Placement) -> None:
    last = [first, *(after for after, _ in steps(first))][-1]
    told = list(changes(first, last))
    assert len({note.id for note in told}) == len(told)
    context = [note for note in told if note.id == "load.shorter_context"]
    assert [note.params["before"] for note in context] == [first.context] * len(context)
    assert list(changes(first, first)) == []


@given(placements())
def test_a_gpu_that_runs_over_gets_less_and_nothing_else_changes(first: Placement) -> None:
    found = relieve(first)
    if not first.gpu_layers:
        assert found is None
        return
    assert found
    assert (found[0].gpu_layers, found[0].experts_on_gpu) < (first.gpu_layers, first.experts_on_gpu)
    assert size(found[0])[:3] == size(first)[:3]


def test_the_order_is_context_then_batch_then_cache_then_gpu() -> None:
    first = Placement(context=16_384, threads=4, layers=36, gpu_layers=37, devices=("CUDA0",), experts_on_gpu=2)
    told = [note.id.removeprefix("load.") for _, note in steps(first)]
    assert told[:5] == ["shorter_context", "shorter_context", "smaller_batch", "smaller_cache", "fewer_experts"]
    assert told[6:] == ["fewer_layers"] * len(told[6:])


def test_words_of_a_shorter_context() -> None:
    first = Placement(context=16_384, threads=4)
    words = in_words(next(changes(first, msgspec.structs.replace(first, context=8192))))
    assert words.title == "The context was made shorter"
    assert words.message == "It has room for 8192 tokens instead of 16384, because there was not enough memory."


def test_a_plan_becomes_a_placement_on_the_engine_s_devices() -> None:
    made = plan(SMALL_4, pc(96, 8))
    found = Placement.of(made, (CPU, CARD))
    assert (found.context, found.kv, found.batch, found.threads) == (made.context, made.kv, made.batch, made.threads)
    assert (found.layers, found.gpu_layers, found.devices, found.tensor_split) == (36, 37, ("CUDA0",), (37.0,))
    assert found.experts_on_gpu == made.experts_on_gpu
    assert found.overrides == tuple((pattern, "CPU") for pattern in made.overrides)
    assert found.load_mode == made.load_mode


def test_a_plan_without_a_gpu_names_no_device() -> None:
    found = Placement.of(plan(MINISTRAL, pc(32, 16), Wishes(gpu_layers=0)), (CPU, CARD))
    assert (found.devices, found.tensor_split, found.gpu_layers, found.projector) == ((), (), 0, "")


def test_a_plan_for_another_computer_or_for_none_is_refused() -> None:
    with pytest.raises(ValueError, match="another computer"):
        Placement.of(plan(SMALL_4, pc(96, 8)), (CPU,))
    with pytest.raises(ValueError, match="does not fit"):
        Placement.of(Plan("does_not_fit", 4096, lacking=1), (CPU, CARD))


@pytest.mark.parametrize(
    ("tokens", "rate", "seen"),
    [(100, 3.9, True), (100, 4.1, False), (31, 1.0, False), (32, 1.0, True), (100, None, False)],
)
def test_a_spill_is_far_below_the_lowest_planned_speed_over_enough_tokens(
    tokens: int, rate: float | None, seen: bool
) -> None:
    on_gpu = Placement(context=4096, threads=4, layers=36, gpu_layers=37, devices=("CUDA0",))
    assert spills(on_gpu, Expected(12.0, 20.0), tokens, rate) is seen
    assert not spills(Placement(context=4096, threads=4), Expected(12.0, 20.0), tokens, rate)
    assert not spills(on_gpu, None, tokens, rate)
    assert not spills(None, Expected(12.0, 20.0), tokens, rate)
