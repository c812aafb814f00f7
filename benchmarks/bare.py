"""The yardstick: llama.cpp with nothing around it. A loop of llama_decode and a sampler, in a process of its own.

Reads one order a line from stdin, a JSON object with the same `text` and the same answer's token ids that our worker
had (which experts a token needs decides its cost), and answers with wall and CPU seconds for reading and generating.
"""

from __future__ import annotations

import ctypes
import json
import sys
import time
from typing import TYPE_CHECKING, Any, Final

import llama_cpp

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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
        self._vocabulary = lib.llama_model_get_vocab(self._model)
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

    def tokenize(self, text: str, count: int) -> list[int]:
        """The first `count` token ids of a text, repeated where it is shorter."""
        raw = text.encode("utf-8")
        room = (ctypes.c_int32 * (len(raw) + 8))()
        found = list(room[: lib.llama_tokenize(self._vocabulary, raw, len(raw), room, len(room), False, False)])
        return (found * (count // len(found) + 1))[:count]

    def read(self, prompt: Sequence[int]) -> None:
        """Decode the prompt from an empty memory, in batches; the last token gives logits."""
        lib.llama_memory_clear(lib.llama_get_memory(self._context), False)
        for start in range(0, len(prompt), self._batch_size):
            part = prompt[start : start + self._batch_size]
            for i, token in enumerate(part):
                self._put(i, token, start + i, start + i == len(prompt) - 1)
            self._batch.n_tokens = len(part)
            lib.llama_decode(self._context, self._batch)
        lib.llama_synchronize(self._context)
        self._length = len(prompt)

    def generate(self, answer: Sequence[int]) -> None:
        """Sample a token and decode the one that our worker had, for each of the answer."""
        batch, context, sampler = self._batch, self._context, self._sampler
        sample, decode = lib.llama_sampler_sample, lib.llama_decode
        self._put(0, 0, 0, logits=True)
        batch.n_tokens = 1
        tokens, positions = batch.token, batch.pos
        for position, token in enumerate(answer, self._length):
            sample(sampler, context, -1)
            tokens[0] = token
            positions[0] = position
            decode(context, batch)
        lib.llama_synchronize(context)
        self._length += len(answer)

    def _put(self, row: int, token: int, position: int, logits: bool) -> None:
        batch = self._batch
        batch.token[row] = token
        batch.pos[row] = position
        batch.n_seq_id[row] = 1
        batch.seq_id[row][0] = 0
        batch.logits[row] = logits


def timed(work: Callable[[Sequence[int]], None], tokens: Sequence[int]) -> tuple[float, float]:
    """Wall and CPU seconds of this process for each token."""
    wall, cpu = time.perf_counter(), time.process_time()
    work(tokens)
    return (time.perf_counter() - wall) / len(tokens), (time.process_time() - cpu) / len(tokens)


def main() -> None:
    """Serve orders until stdin ends."""
    loop = Loop(sys.argv[1], int(sys.argv[2]))
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        prompt = loop.tokenize(order["text"], order["tokens"])
        answer = {"read": timed(loop.read, prompt), "generate": timed(loop.generate, order["answer"])}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
