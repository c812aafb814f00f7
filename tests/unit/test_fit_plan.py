"""Where everything goes: nothing is lost, more memory never hurts, and what loading needs is there."""

from __future__ import annotations

import math
import re
import shlex
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from mistral_desk.catalog import facts
from mistral_desk.fit.guess import guess
from mistral_desk.fit.layout import MEMORY, buffers, usable_gpu, usable_memory
from mistral_desk.fit.machine import GB, Gpu, Machine, from_fields
from mistral_desk.fit.plan import LONG, WORDS, Plan, Wishes, plan, server_command
from mistral_desk.fit.read import shape_of
from mistral_desk.fit.shape import Layer, Shape, projector_memory
from mistral_desk.fit.speed import Case, Run, correction, loading, prompt_seconds
from mistral_desk.inference import model_file
from tests.fixtures.gguf_models import mistral4
from tests.fixtures.machines import pc, with_more

if TYPE_CHECKING:
    from pathlib import Path

MB = 10**6


def known(model: str, quantization: str) -> Shape:
    (found,) = facts.find(model)
    shapes = [guess(found, q) for r in found.repositories for q in r.quantizations if q.name == quantization]
    assert shapes[0]
    return shapes[0]


SMALL_4 = known("mistral-small-4", "UD-Q4_K_XL")
GEMMA = known("gemma-4-26b-a4b", "UD-Q4_K_XL")
MINISTRAL = known("ministral-3-8b", "Q4_K_M")
LARGE = known("mistral-small-3.2-2506", "Q4_K_M")


few = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
"""Time decides no test."""
sizes = some.integers(0, 400).map(lambda size: size * MB)


@some.composite
def shapes(draw: some.DrawFn) -> Shape:
    """Models up to some 40 GB, dense or with experts, with windows and states, with or without eyes."""
    routed = draw(some.booleans())
    layers = tuple(
        Layer(
            attention=draw(sizes) + MB,
            dense=draw(sizes),
            routed=5 * draw(sizes) if routed else 0,
            shared=draw(sizes) if routed else 0,
            keys=draw(some.sampled_from([0, 128, 1024])),
            values=draw(some.sampled_from([0, 128, 1024])),
            window=draw(some.sampled_from([0, 1024])),
            state=draw(some.sampled_from([0, MB])),
        )
        for _ in range(draw(some.integers(1, 12)))
    )
    biggest = max(layer.routed for layer in layers)
    total = sum(layer.bytes for layer in layers)
    return Shape(
        name="drawn",
        architecture="",
        layers=layers,
        embedding=draw(sizes),
        output=draw(sizes),
        other=draw(sizes) // 100,
        tied=draw(some.booleans()),
        experts=16 if biggest else 0,
        used=draw(some.integers(1, 16)) if biggest else 0,
        largest_experts=biggest // 3,
        width=2048,
        feed_forward=4096,
        expert_width=512,
        queries=2048,
        key_width=1024,
        vocabulary=32_000,
        trained=draw(some.sampled_from([2048, 32_768])),
        parameters=2 * total,
        active=total,
        projector=draw(some.sampled_from([0, 800 * MB])),
        bits=draw(some.sampled_from([2.1, 4.5, 8.5, 16.0])),
    )


@some.composite
def machines(draw: some.DrawFn) -> Machine:
    """Computers from 1 to 64 GB with up to two graphics devices of every kind."""
    memory = draw(some.integers(1, 64)) * GB
    free = draw(some.integers(0, memory))
    gpus = []
    for number in range(draw(some.integers(0, 2))):
        shared = draw(some.booleans())
        size = min(draw(some.integers(1, 24)) * GB, memory) if shared else draw(some.integers(1, 24)) * GB
        speed = draw(some.sampled_from([50.0, 300.0, 1000.0]))
        gpus.append(Gpu(f"card {number}", size, draw(some.integers(0, size)), speed, 12.0, shared, shared))
    return Machine(draw(some.integers(1, 32)), memory, free, draw(some.floats(5, 300)), 3.0, 0.5, False, tuple(gpus))


def kinds_of(made: Plan, kind: str) -> int:
    return sum(holding.bytes.get(kind, 0) for holding in made.holdings)  # type: ignore[call-overload]


@few
@given(shapes(), machines())
def test_the_parts_add_up_and_nothing_is_too_full(shape: Shape, machine: Machine) -> None:
    made = plan(shape, machine)
    if not made.fits:
        assert made.lacking > 0
        assert made.holdings == ()
        return
    assert made.layout
    assert kinds_of(made, "attention") == sum(layer.attention for layer in shape.layers)
    assert kinds_of(made, "dense") == sum(layer.dense for layer in shape.layers)
    assert kinds_of(made, "shared") == sum(layer.shared for layer in shape.layers)
    assert kinds_of(made, "routed") == shape.routed
    assert kinds_of(made, "projector") == projector_memory(shape)
    again = shape.embedding if shape.tied and made.layout.head != MEMORY else 0
    assert kinds_of(made, "output") == shape.output + shape.other + again
    assert all(size > 0 for holding in made.holdings for size in holding.bytes.values())
    for number in made.layout.gpus:
        assert made.where(f"gpu{number}") <= usable_gpu(machine, number)
    shared = sum(made.where(f"gpu{n}") for n in made.layout.gpus if machine.gpus[n].shared)
    assert made.where("memory") + shared <= usable_memory(machine)
    assert made.where("disk") == made.spilled


@few
@given(shapes(), machines())
def test_every_number_is_a_number(shape: Shape, machine: Machine) -> None:
    made = plan(shape, machine)
    if not made.speed:
        return
    speeds = made.speed.tokens_per_s, made.speed.prompt_per_s
    for found in (*speeds, made.speed.load_s, made.speed.answer_s, made.speed.thinking_answer_s):
        assert all(math.isfinite(value) and value > 0 for value in (found.low, found.mid, found.high))
        assert 0.5 * found.mid <= found.low <= found.mid <= found.high <= 1.5 * found.mid
    assert made.speed.thinking_answer_s.mid > made.speed.answer_s.mid


@few
@given(shapes(), machines(), some.integers(0, 64 * GB), some.integers(0, 24 * GB), some.booleans())
def test_more_memory_never_gives_a_worse_verdict(
    shape: Shape, machine: Machine, memory: int, gpu: int, asked: bool
) -> None:
    wishes = Wishes(context=4096) if asked else Wishes()
    discrete = all(not card.shared for card in machine.gpus)
    before = plan(shape, machine, wishes)
    after = plan(shape, with_more(machine, memory, gpu if discrete else 0), wishes)
    assert WORDS.index(after.word) <= WORDS.index(before.word)


@pytest.mark.parametrize("shape", [SMALL_4, GEMMA, MINISTRAL, LARGE], ids=lambda shape: shape.name)
def test_known_models_get_no_worse_from_step_to_step(shape: Shape) -> None:
    for vram in (0, 8, 12, 24):
        words = [WORDS.index(plan(shape, pc(ram, vram)).word) for ram in (8, 12, 16, 24, 32, 48, 64, 96, 128)]
        assert words == sorted(words, reverse=True)
    for ram in (16, 32, 96):
        words = [WORDS.index(plan(shape, pc(ram, vram)).word) for vram in (4, 6, 8, 12, 16, 24, 48, 96)]
        assert words == sorted(words, reverse=True)


def test_experts_stay_in_memory_where_only_the_rest_fits_on_the_card() -> None:
    made = plan(SMALL_4, pc(128, 8))
    assert made.word in {"comfortable", "slow"}
    assert made.gpu_layers == 37
    assert made.load_mode == "none"
    assert kinds_of(made, "routed") == SMALL_4.routed
    assert dict(made.holdings[-1].bytes)["routed"] > 0.9 * SMALL_4.routed
    (pattern,) = made.overrides
    assert re.search(pattern, "blk.0.ffn_down_exps.weight")
    assert re.search(pattern, "blk.7.ffn_gate_up_exps.weight")
    assert not re.search(pattern, "blk.0.ffn_down_shexp.weight")
    assert not re.search(pattern, "blk.0.attn_k_b.weight")


def test_experts_that_are_copied_to_the_card_are_copied_for_many_tokens_at_once() -> None:
    where = pc(128, 8)
    made, small = plan(SMALL_4, where), plan(SMALL_4, where, Wishes(batch=512))
    assert made.batch == 2048
    assert long_text_s(made, where) < 0.5 * long_text_s(small, where)
    assert made.layout
    assert small.layout
    more = buffers(SMALL_4, made.layout, 0) - buffers(SMALL_4, small.layout, 0)
    assert made.where("gpu0") - small.where("gpu0") >= more > 0, "what is larger is counted"


@pytest.mark.parametrize("where", [pc(128), pc(128, 96)], ids=["no card", "all on the card"])
def test_where_nothing_is_copied_no_buffer_is_larger_than_it_has_to_be(where: Machine) -> None:
    assert plan(SMALL_4, where).batch == 512


def long_text_s(made: Plan, where: Machine) -> float:
    assert made.layout
    case = Case(SMALL_4, where, made.layout, made.threads, made.spilled, made.load_mode == "none")
    return prompt_seconds(case, LONG)


def test_as_many_experts_as_fit_go_back_to_the_card() -> None:
    made = plan(GEMMA, pc(64, 12))
    assert 0 < made.experts_on_gpu < 30
    (pattern,) = made.overrides
    staying = [bool(re.search(pattern, f"blk.{layer}.ffn_up_exps.weight")) for layer in range(30)]
    assert staying == [True] * (30 - made.experts_on_gpu) + [False] * made.experts_on_gpu


def test_what_fits_wholly_needs_no_overrides() -> None:
    made = plan(MINISTRAL, pc(16, 16))
    assert (made.overrides, made.gpu_layers, made.load_mode) == ((), 35, "mmap")
    assert made.word == "fast"


def test_two_cards_share_the_layers() -> None:
    card = {"vram_gb": 12, "gbps": 936}
    where = from_fields({"cores": 8, "ram_gb": 32, "gpus": [card, card]})
    made = plan(LARGE, where)
    assert made.gpu_layers == len(LARGE.layers) + 1
    assert min(made.tensor_split) > 0
    assert sum(made.tensor_split) == made.gpu_layers
    assert [holding.device for holding in made.holdings] == ["gpu0", "gpu1", "memory"]
    assert option(server_command(made, where), "-ts") == ",".join(map(str, made.tensor_split))


def test_a_small_integrated_gpu_is_left_alone() -> None:
    """With a part of a mixture of experts on it, it was measured slower than the processor alone."""
    gpu = {"name": "integrated", "vram_gb": 4, "integrated": True}
    made = plan(GEMMA, from_fields({"cores": 8, "ram_gb": 32, "ram_available_gb": 28, "gpus": [gpu]}))
    assert made.gpu_layers == 0
    assert made.fits


def test_a_context_that_was_asked_for_is_kept_and_bounded_by_the_training() -> None:
    assert plan(MINISTRAL, pc(32, 16), Wishes(context=32_000)).context == 32_000
    assert plan(MINISTRAL, pc(32, 16), Wishes(context=10**7)).context == MINISTRAL.trained
    assert plan(SMALL_4, pc(96, 8), Wishes(context=262_144, kv="q8_0")).context == 262_144


def test_reading_experts_from_the_disk_is_too_slow_for_chat() -> None:
    made = plan(SMALL_4, pc(32, 8))
    assert made.word == "too_slow"
    assert made.spilled > 35 * GB
    assert made.speed
    assert 0.3 < made.speed.tokens_per_s.mid < 0.8  # about 0.5 was counted on such a computer


def test_a_dense_model_that_memory_does_not_hold_does_not_fit() -> None:
    made = plan(LARGE, pc(8))
    assert made.word == "does_not_fit"
    assert made.lacking > 5 * GB


def test_a_file_that_the_system_holds_loads_faster() -> None:
    """5.2 GB at 3.5 GB/s and a second; from memory at 6 GB/s and half a second; between them what is between."""
    cold, half, warm = (loading(MINISTRAL, pc(16, 16), cached).mid for cached in (0.0, 0.5, 1.0))
    size = (MINISTRAL.weights + MINISTRAL.projector) / GB
    assert cold == pytest.approx(size / 3.5 + 1)
    assert warm == pytest.approx(size / 6 + 0.5)
    assert half == pytest.approx((cold + warm) / 2)
    made = plan(MINISTRAL, pc(16, 16)).speed
    assert made
    assert made.load_s.mid == cold


def test_own_runs_correct_the_prediction_and_narrow_it() -> None:
    plain = plan(MINISTRAL, pc(16, 16))
    assert plain.speed
    runs = [Run("gpu", 10.0, 5.0)] * 3
    told = plan(MINISTRAL, pc(16, 16), runs=runs)
    assert told.speed
    assert told.speed.tokens_per_s.mid == pytest.approx(plain.speed.tokens_per_s.mid / 2)
    assert told.speed.tokens_per_s.high / told.speed.tokens_per_s.mid < 1.3
    assert correction("memory", runs) == (1.0, 0)
    assert correction("gpu", [Run("gpu", 0.0, 5.0), Run("gpu", 1.0, 1e9)]) == (5.0, 1)


def option(command: str, name: str) -> str | None:
    """What follows an option in a command; None where it is not there."""
    words = shlex.split(command)
    return words[words.index(name) + 1] if name in words else None


def test_the_command_says_what_the_plan_says(tmp_path: Path) -> None:
    file = tmp_path / "mein modell.gguf"
    found = model_file.inspect(mistral4(file))
    made = plan(shape_of(found.header, found.tensors), pc(16))
    words = shlex.split(server_command(made, pc(16), str(file), "eyes.gguf"))
    assert words[:6] == ["llama-server", "-m", str(file), "--mmproj", "eyes.gguf", "--no-mmproj-offload"]
    assert dict(zip(words[6::2], words[7::2], strict=True)) == {
        "-c": str(made.context), "-np": "1", "-fit": "off", "-ngl": "0", "-t": "7", "-b": "512", "-ub": "512",
        "-fa": "on", "-ctk": "f16", "-ctv": "f16", "--load-mode": "mmap",
    }  # fmt: skip
    split = server_command(plan(SMALL_4, pc(96, 8)), pc(96, 8))
    assert (option(split, "-m"), option(split, "--mmproj")) == ("MODEL.gguf", "MMPROJ.gguf")
    assert (option(split, "-ot") or "").endswith("=CPU")
    assert option(split, "-ts") is None
    assert server_command(plan(LARGE, pc(8)), pc(8)) == ""


def test_the_command_keeps_off_a_gpu_that_the_plan_leaves_alone() -> None:
    """llama.cpp reads prompts on a GPU even with no layers there, and takes integrated ones only where no other is."""
    made = plan(MINISTRAL, pc(32, 16), Wishes(gpu_layers=0))
    assert option(server_command(made, pc(32, 16)), "-dev") == "none"
    assert option(server_command(plan(MINISTRAL, pc(32)), pc(32)), "-dev") is None
    inside = {"name": "integrated", "vram_gb": 8, "integrated": True}
    card = {"name": "card", "vram_gb": 16, "gbps": 400}
    both = from_fields({"cores": 8, "ram_gb": 32, "gpus": [inside, card]})
    made = plan(MINISTRAL, both)
    assert made.tensor_split == (0, made.gpu_layers)
    assert option(server_command(made, both), "-ts") is None
    three = from_fields({"cores": 8, "ram_gb": 32, "gpus": [inside, card, card]})
    assert option(server_command(plan(MINISTRAL, three, Wishes(gpu_layers=35)), three), "-ts") == "35,0"


maybe = some.none() | some.integers(-2, 20)


@some.composite
def wishes_of_all_kinds(draw: some.DrawFn) -> Wishes:
    """What a person may type into every field, sensible or not."""
    return Wishes(
        context=draw(some.sampled_from([None, 1, 4096, 10**7])),
        kv=draw(some.sampled_from(["f16", "q8_0"])),
        gpu_layers=draw(maybe),
        experts_on_gpu=draw(maybe),
        threads=draw(maybe),
        batch=draw(some.sampled_from([None, -1, 64, 512, 10**6])),
        load_mode=draw(some.sampled_from([None, "mmap", "none"])),
    )


@few
@given(shapes(), machines(), wishes_of_all_kinds())
def test_what_is_asked_for_is_done_or_said_to_lack(shape: Shape, machine: Machine, wishes: Wishes) -> None:
    made = plan(shape, machine, wishes)
    if not made.fits:
        assert made.word == "does_not_fit"
        assert made.lacking > 0
        return
    assert made.layout
    count = len(shape.layers)
    if wishes.gpu_layers is not None:
        assert made.gpu_layers == max(0, min(wishes.gpu_layers, count + 1))
    if wishes.experts_on_gpu is not None and shape.routed:
        most = max(0, made.gpu_layers - 1)
        assert made.experts_on_gpu == max(0, min(wishes.experts_on_gpu, most))
    assert wishes.threads is None or made.threads == max(1, min(wishes.threads, machine.cores))
    assert wishes.load_mode in {None, made.load_mode}
    assert wishes.batch is None or made.batch == max(1, min(wishes.batch, max(made.context, 2048)))
    for number in made.layout.gpus:
        assert made.where(f"gpu{number}") <= usable_gpu(machine, number)


@few
@given(shapes(), machines(), wishes_of_all_kinds(), some.integers(0, 16))
def test_more_memory_does_not_forbid_what_was_asked_for(
    shape: Shape, machine: Machine, wishes: Wishes, more: int
) -> None:
    if plan(shape, machine, wishes).fits:
        assert plan(shape, with_more(machine, more * GB), wishes).fits


def test_a_person_may_keep_the_gpu_free_or_fill_it() -> None:
    assert plan(MINISTRAL, pc(32, 16), Wishes(gpu_layers=0)).where("gpu") == 0
    assert plan(MINISTRAL, pc(32, 16), Wishes(gpu_layers=99)).where("memory") < 2 * GB
    greedy = plan(SMALL_4, pc(96, 8), Wishes(gpu_layers=99, experts_on_gpu=36))
    assert greedy.lacking > 50 * GB
    assert greedy.lacks_gpu
    assert not plan(LARGE, pc(8)).lacks_gpu
    assert plan(SMALL_4, pc(96, 8), Wishes(experts_on_gpu=0)).experts_on_gpu == 0
    assert plan(MINISTRAL, pc(32), Wishes(gpu_layers=10)).lacking > 0
