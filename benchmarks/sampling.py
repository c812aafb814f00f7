"""What choosing a token costs: the usual sampling, and with penalties, beside taking the most likely one.

The same tokens are decoded whatever was chosen, because which experts a token needs decides its cost; blocks of both
take turns, on one thread, whose own time counts.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Final

from benchmarks.engine_speed import bench_model

if TYPE_CHECKING:
    from mistral_desk.inference.engine.context import Context
    from mistral_desk.inference.engine.sample import Sampler

ROUNDS: Final = 21
BLOCK: Final = 32
BEFORE: Final = 256


def beside_greedy() -> tuple[float, str]:
    """Share of the speed with the most likely token that is left with temperature, top-k, top-p and penalties."""
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.sampling", str(bench_model())], capture_output=True, text=True, check=True
    )
    pairs: list[tuple[float, float]] = json.loads(ran.stdout)
    ratios = sorted(greedy / full for greedy, full in pairs)
    greedy, full = (statistics.median(values) * 1e3 for values in zip(*pairs, strict=True))
    how = (
        f"CPU time of the only thread, median of {len(pairs)} pairs of blocks of {BLOCK} tokens "
        f"(quartiles {ratios[len(ratios) // 4]:.3f} to {ratios[-len(ratios) // 4]:.3f}); "
        f"ms a token {full:.2f} against {greedy:.2f}"
    )
    return statistics.median(ratios), how


def main() -> None:
    """The child: only it has llama.cpp."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    from mistral_desk.inference.engine.load import load  # noqa: PLC0415 only the child
    from mistral_desk.inference.engine.native import Log, start  # noqa: PLC0415
    from mistral_desk.inference.engine.sample import Sampler  # noqa: PLC0415
    from mistral_desk.inference.picture_store import PictureStore  # noqa: PLC0415
    from mistral_desk.inference.protocol import Load, Sampling  # noqa: PLC0415

    log = Log()
    start()
    order = Load(1, sys.argv[1], context=4096, threads=1)
    context = load(order, log, lambda *_: None, lambda: False, PictureStore()).context
    size = context.vocabulary_size
    greedy = Sampler(Sampling(temperature=0.0, repeat_penalty=1.0), size)
    full = Sampler(Sampling(0.7, 40, 0.95, 0.05, 1.1, seed=1), size)
    draw = random.Random(1)
    context.read([draw.randrange(1000, size) for _ in range(BEFORE)])
    pairs = []
    for number in range(ROUNDS + 1):
        answer = [draw.randrange(1000, size) for _ in range(BLOCK)]
        pair = {}
        for sampler in (greedy, full) if number % 2 else (full, greedy):
            pair[sampler] = _block(context, sampler, answer)
        if number:  # the first one warms up
            pairs.append((pair[greedy], pair[full]))
    sys.stdout.write(json.dumps(pairs))
    sys.stdout.flush()
    os._exit(0)


def _block(context: Context, sampler: Sampler, answer: list[int]) -> float:
    """Seconds for a token: one is chosen, and the next of `answer` decoded."""
    held = context.held[:BEFORE]
    context.reuse(held)
    context.read(held[len(context.held) :])
    sample, step = sampler.sampling(context), context.stepper()
    began = time.thread_time()
    for token in answer:
        sample()
        step(token)
    return (time.thread_time() - began) / len(answer)


if __name__ == "__main__":
    main()
