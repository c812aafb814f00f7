"""Whether reading a prompt in micro-batches of one size takes less work than cutting it as the worker does.

`python -m benchmarks.micro_batches` prints a table in Markdown for several kinds of model: CPU time of every size as a
share of the worker's (`engine.pace`), paired within rounds that take turns. Other programs count little so.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import random
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

os.environ.setdefault("GOMP_SPINCOUNT", "300")  # as our worker has it; before llama.cpp is loaded

from mistral_desk.inference.engine.native import file_name, lib
from mistral_desk.inference.engine.pace import LARGEST, Pace, pace
from mistral_desk.inference.model_file import inspect
from tests.fixtures.gguf_models import BENCH_SHAPE, mistral4, mistral4_plan
from tests.fixtures.gguf_writing import Recipe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.fixtures.gguf_models import Mistral4Shape
    from tests.fixtures.gguf_writing import Quantization

SIZES: Final = (128, 256, 512, 1024, 2048)
TOKENS: Final = 2048
_FEW: Final = replace(BENCH_SHAPE, tokens=8192, layers=1)
"""Layers are alike, so one says what all do; the vocabulary is looked through once for a prompt."""
SHAPES: Final[dict[str, Mistral4Shape]] = {
    "32 experts, 4 used": _FEW,
    "128 small experts, 8 used": replace(_FEW, experts=128, used=8, expert_width=256),
    "dense-like": replace(_FEW, experts=2, used=2, expert_width=4096),
}
TYPES: Final[tuple[Quantization, ...]] = ("Q8_0", "Q4_0", "F16")
_SILENCE: Final = lib.llama_log_callback(lambda _level, _text, _data: None)


class Reader:
    """A context that reads the same prompt in micro-batches of one size, or as the worker cuts it (`pace`)."""

    def __init__(self, model: Any, cut: int | Pace, threads: int) -> None:
        params = lib.llama_context_default_params()
        params.n_ctx, params.n_batch = TOKENS + 64, TOKENS
        params.n_ubatch = cut if isinstance(cut, int) else LARGEST
        params.n_threads = params.n_threads_batch = threads
        params.no_perf = True
        self._context = lib.llama_init_from_model(model, params)
        if not self._context:
            raise OSError("llama.cpp made no context")
        self._cut = cut
        self._batch = lib.llama_batch_init(TOKENS, 0, 1)

    def cost(self, tokens: Sequence[int]) -> float:
        """Seconds of the processors for reading them from nothing."""
        lib.llama_memory_clear(lib.llama_get_memory(self._context), False)
        began, at = time.process_time(), 0
        while at < len(tokens):
            most = TOKENS if isinstance(self._cut, int) else self._cut.batch(at, len(tokens) - at)
            at += self._decode(tokens[at : at + most], at, last=at + most >= len(tokens))
        lib.llama_synchronize(self._context)
        return time.process_time() - began

    def _decode(self, part: Sequence[int], at: int, *, last: bool) -> int:
        batch = self._batch
        for row, token in enumerate(part):
            batch.token[row], batch.pos[row], batch.n_seq_id[row] = token, at + row, 1
            batch.seq_id[row][0] = 0
            batch.logits[row] = last and row == len(part) - 1
        batch.n_tokens = len(part)
        if lib.llama_decode(self._context, batch):
            raise OSError("llama_decode failed")
        return len(part)

    def close(self) -> None:
        """Give back what it holds."""
        lib.llama_batch_free(self._batch)
        lib.llama_free(self._context)


def compared(path: Path, threads: int, rounds: int, sizes: Sequence[int] = SIZES) -> dict[int, list[float]]:
    """Seconds of every size in every round, the worker's way under 0; the first round, which warms up, is left out."""
    model = lib.llama_model_load_from_file(file_name(str(path)), lib.llama_model_default_params())
    if not model:
        raise OSError("llama.cpp did not load the model")
    file = inspect(path)
    ways: dict[int, int | Pace] = {
        0: pace(file.header, file.tensors, threads, offloaded=False),
        **{n: n for n in sizes},
    }
    tokens = random.Random(1).choices(range(1000, 8000), k=TOKENS)
    readers = {size: Reader(model, cut, threads) for size, cut in ways.items()}
    found: dict[int, list[float]] = {size: [] for size in ways}
    for number in range(rounds + 1):
        for size in random.Random(number).sample([*ways], len(ways)):
            cost = readers[size].cost(tokens)
            if number:
                found[size].append(cost)
    for reader in readers.values():
        reader.close()
    lib.llama_model_free(model)
    return found


def row(name: str, threads: int, found: dict[int, list[float]]) -> str:
    """One line of the table: the worker's way in milliseconds, every size as a share of it, with its range."""
    cells = [f"{1e3 * statistics.median(found[0]):,.0f} ms"]
    for size, costs in found.items():
        if size:
            shares = [cost / base for cost, base in zip(costs, found[0], strict=True)]
            cells.append(f"{statistics.median(shares):.3f} ({min(shares):.3f} to {max(shares):.3f})")
    return f"| {name} | {threads} | " + " | ".join(cells) + " |"


def model_file(name: str, kind: Quantization, folder: Path) -> Path:
    """A model of this shape, written once."""
    shape = SHAPES[name]
    path = folder / f"mistral-desk-sizes-{mistral4_plan(shape).parameters // 1_000_000}M-{shape.experts}-{kind}.gguf"
    if not path.exists():
        part = path.with_suffix(".part")
        mistral4(part, shape, Recipe(quantization=kind, name="A random model to measure with"))
        part.replace(path)
    return path


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="benchmarks.micro_batches", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--types", default=",".join(TYPES))
    options = parser.parse_args(arguments)
    lib.llama_log_set(_SILENCE, ctypes.c_void_p(0))
    lib.llama_backend_init()
    print("| model | threads | as the worker | " + " | ".join(f"{size:,}" for size in SIZES) + " |")
    print("|---|---:|---:|" + "---:|" * len(SIZES), flush=True)
    for threads in map(int, options.threads.split(",")):
        for kind in options.types.split(","):
            for name in SHAPES:
                path = model_file(name, kind, Path(tempfile.gettempdir()))
                print(row(f"{name}, {kind}", threads, compared(path, threads, options.rounds)), flush=True)
    if hasattr(os, "getloadavg"):
        print(f"\nload {os.getloadavg()[0]:.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
