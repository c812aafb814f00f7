"""The yardstick: llama.cpp with nothing around it. A loop of llama_decode and a sampler, in a process of its own.

Reads one order a line from stdin (`read N`, `generate N`) and answers with wall and CPU seconds as JSON.
"""

from __future__ import annotations

import ctypes
import json
import random
import sys
import time
from typing import TYPE_CHECKING, Any, Final

import llama_cpp

if TYPE_CHECKING:
    from collections.abc import Callable

lib: Final[Any] = llama_cpp
SILENCE: Final = lib.llama_log_callback(lambda _level, _text, _data: None)


class Loop:
    """A context over `path` with one thread count, and the sampler that the app is measured with."""

    def __init__(self, path: str, threads: int, context: int = 4096, batch: int = 512) -> None:
        lib.llama_log_set(SILENCE, ctypes.c_void_p(0))
        lib.llama_backend_init()
        self._model = lib.llama_model_load_from_file(path.encode(), lib.llama_model_default_params())
        params = lib.llama_context_default_params()
        params.n_ctx, params.n_batch, params.n_ubatch = context, batch, batch
        params.n_threads = params.n_threads_batch = threads
        params.no_perf = True
        self._context = lib.llama_init_from_model(self._model, params)
        self._size = lib.llama_vocab_n_tokens(lib.llama_model_get_vocab(self._model))
        self._batch_size = batch
        self._batch = lib.llama_batch_init(batch, 0, 1)
        self._length = 0
        chain = lib.llama_sampler_chain_default_params()
        chain.no_perf = True
        self._sampler = lib.llama_sampler_chain_init(chain)
        for part in (
            lib.llama_sampler_init_top_k(40),
            lib.llama_sampler_init_top_p(0.95, 1),
            lib.llama_sampler_init_temp(0.7),
            lib.llama_sampler_init_dist(1),
        ):
            lib.llama_sampler_chain_add(self._sampler, part)

    def read(self, count: int) -> None:
        """Decode `count` random tokens from an empty memory, in batches; the last one gives logits."""
        lib.llama_memory_clear(lib.llama_get_memory(self._context), False)
        draw = random.Random(count)
        for start in range(0, count, self._batch_size):
            size = min(self._batch_size, count - start)
            for i in range(size):
                self._put(i, draw.randrange(1000, self._size), start + i, start + i == count - 1)
            self._batch.n_tokens = size
            lib.llama_decode(self._context, self._batch)
        lib.llama_synchronize(self._context)
        self._length = count

    def generate(self, count: int) -> None:
        """Sample and decode `count` tokens behind what was read."""
        batch, context, sampler = self._batch, self._context, self._sampler
        sample, decode, length = lib.llama_sampler_sample, lib.llama_decode, self._length
        self._put(0, 0, 0, logits=True)
        batch.n_tokens = 1
        tokens, positions = batch.token, batch.pos
        for position in range(length, length + count):
            tokens[0] = sample(sampler, context, -1)
            positions[0] = position
            decode(context, batch)
        lib.llama_synchronize(context)
        self._length += count

    def _put(self, row: int, token: int, position: int, logits: bool) -> None:
        batch = self._batch
        batch.token[row] = token
        batch.pos[row] = position
        batch.n_seq_id[row] = 1
        batch.seq_id[row][0] = 0
        batch.logits[row] = logits


def timed(work: Callable[[int], None], count: int) -> dict[str, float]:
    """Wall and CPU seconds of this process for one order."""
    wall, cpu = time.perf_counter(), time.process_time()
    work(count)
    return {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}


def main() -> None:
    """Serve orders until stdin ends."""
    loop = Loop(sys.argv[1], int(sys.argv[2]))
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        order, count = line.split()
        print(json.dumps(timed({"read": loop.read, "generate": loop.generate}[order], int(count))), flush=True)


if __name__ == "__main__":
    main()
