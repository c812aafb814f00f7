"""Where memory is really short, llama.cpp says so, less of the model is loaded, and the person is told what."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Final

import msgspec
import psutil
import pytest

from mistral_desk.core.paths import resource
from mistral_desk.inference.client import Engine, ModelSpec, worker_command
from mistral_desk.inference.placement import Placement
from mistral_desk.inference.protocol import Piece, Sampling, Turn
from mistral_desk.inference.remote import Worker
from tests.fixtures import second_device
from tests.fixtures.engines import problem_of, run
from tests.fixtures.gguf_outlines import Size, dense, write_outline

if TYPE_CHECKING:
    from pathlib import Path

    from mistral_desk.inference.protocol import ModelInfo

pytestmark = pytest.mark.engine

MIB: Final = 2**20
GREEDY: Final = Sampling(temperature=0.0, seed=1)
WIDE: Final = dense(Size(tokens=2048, width=512, heads=8, kv_heads=8, feed_forward=1024))


def on_card(info: ModelInfo) -> int:
    return sum(one.bytes for one in info.placed if one.device == "CARD0")


async def tokens_of(engine: Engine) -> list[int]:
    question = [Turn("user", "What is 7 plus 8?")]
    return [t async for e in engine.generate(question, "high", GREEDY, 48) if isinstance(e, Piece) for t in e.tokens]


def test_a_card_that_is_too_full_gets_fewer_layers_and_the_answer_is_the_same() -> None:
    """The context is the shortest and the micro-batch the smallest already, and rows of 80 numbers cannot be kept in 8
    bits: that step changes nothing, and is not told.
    """
    path = str(resource("model", "guide.gguf"))

    async def test() -> None:
        roomy = Engine(second_device.command(("CARD0", 256)))
        asked = Placement(context=4096, threads=1, batch=128, gpu_layers=99, devices=("CARD0",), load_mode="none")
        try:
            whole = await roomy.ensure(ModelSpec(path, placement=asked))
            expected = await tokens_of(roomy)
        finally:
            await roomy.close()
        asked = msgspec.structs.replace(asked, layers=whole.layers, gpu_layers=whole.layers + 1)
        need = sum(one.bytes for one in whole.placed if one.device == "CARD0" and one.kind in {"model", "cache"})
        tight = Engine(second_device.command(("CARD0", need // MIB)))
        try:
            info = await tight.ensure(ModelSpec(path, placement=asked))
            (note,) = info.changes
            assert (note.id, note.params["before"]) == ("load.fewer_layers", whole.layers + 1)
            assert info.placement
            assert info.placement.gpu_layers == note.params["layers"]
            assert info.placement.gpu_layers <= whole.layers
            assert info.placement.kv == "f16"
            assert 0 < on_card(info) <= need
            assert await tokens_of(tight) == expected
        finally:
            await tight.close()

    run(test())


@pytest.mark.parametrize(
    ("card", "told"),
    [
        (110, ["load.shorter_context"]),
        (40, ["load.shorter_context", "load.smaller_batch", "load.smaller_cache"]),
    ],
)
def test_the_fuller_a_card_the_more_is_made_smaller(card: int, told: list[str], tmp_path: Path) -> None:
    """8,192 bytes a token: contexts of 16,384, 8,192 and 4,096 take 128, 64 and 32 MiB, the last 17 in 8 bits."""
    path = write_outline(tmp_path / "wide.gguf", WIDE)
    asked = Placement(context=16_384, threads=1, layers=4, gpu_layers=5, devices=("CARD0",), tensor_split=(5.0,))

    async def test() -> None:
        engine = Engine(second_device.command(("CARD0", card)))
        try:
            info = await engine.ensure(ModelSpec(str(path), placement=asked))
            assert [note.id for note in info.changes] == told
            assert info.placement
            assert info.placement.context == info.context == info.changes[0].params["context"]
            assert on_card(info) <= card * MIB
        finally:
            await engine.close()

    run(test())


LIMITED: Final = """
import os, resource, sys
limit = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
os.execv(sys.argv[2], sys.argv[2:])
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux enforces a limit on a process's memory")
def test_a_worker_whose_memory_is_limited_loads_with_a_shorter_context(tmp_path: Path) -> None:
    """8,192 bytes a token: a context of 131,072 takes 1 GiB, and the limit leaves 0.6."""
    path = write_outline(tmp_path / "wide.gguf", WIDE)
    placement = Placement(context=4096, threads=1, layers=4)

    async def test() -> None:
        free = Engine()
        try:
            await free.ensure(ModelSpec(str(path), placement=placement))
            taken = psutil.Process(free.pid).memory_info().vms
        finally:
            await free.close()
        limit = str(taken + 600 * MIB)
        limited = Engine([sys.executable, "-c", LIMITED, limit, *worker_command()])
        try:
            info = await limited.ensure(
                ModelSpec(str(path), placement=msgspec.structs.replace(placement, context=131_072))
            )
            assert 4096 <= info.context < 131_072
            assert [(note.id, note.params["context"]) for note in info.changes] == [
                ("load.shorter_context", info.context)
            ]
        finally:
            await limited.close()

    run(test())


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux enforces a limit on a process's memory")
def test_a_worker_that_has_no_room_for_its_thread_says_that_memory_was_short() -> None:
    async def test() -> None:
        free = Worker()
        try:
            await free.start()
            taken = psutil.Process(free.pid).memory_info().vms
        finally:
            await free.close()
        limited = Worker([sys.executable, "-c", LIMITED, str(taken + 200 * MIB), *worker_command()])
        try:
            await limited.start()
            problem, _, detail = await problem_of(limited.load(ModelSpec(str(resource("model", "guide.gguf")))))
            assert (problem, "MemoryError" in detail) == ("engine.out_of_memory", True)
        finally:
            await limited.close()

    run(test())


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux enforces a limit on a process's memory")
def test_no_room_for_the_last_resorts_thread_is_shortness_of_memory_too() -> None:
    code = (
        "import resource; from mistral_desk.inference import no_memory; "
        "from mistral_desk.inference.engine.last_resort import arm, last_resort; no_memory.arm(); arm(); "
        "pages = int(open('/proc/self/statm').read().split()[0]); "
        "resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize(),) * 2); last_resort().__enter__()"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, text=True)

    assert done.stderr.splitlines() == ["MemoryError: the worker ends itself"]
