"""llama.cpp with nothing around it: a loop of llama_decode and a sampler, as anyone would write it first.

`mistral-desk bench` and our own benchmarks set what the worker takes beside what this takes (`inference.yardstick`).
"""

from __future__ import annotations

import ctypes
import time
from typing import TYPE_CHECKING, Final

from mistral_desk.inference.engine.buffers import Placing
from mistral_desk.inference.engine.context_plan import KV_TYPES
from mistral_desk.inference.engine.native import file_name, lib
from mistral_desk.inference.engine.prefix import common_prefix
from mistral_desk.inference.yardstick import Took

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mistral_desk.inference.yardstick import Order, Start

_SILENCE: Final = lib.llama_log_callback(lambda _level, _text, _data: None)
_BATCH: Final = 512


class Bare:
    """A model with a context of llama.cpp's own defaults, and the sampler that the app is measured with."""

    def __init__(self, start: Start) -> None:
        """Load it. Raises `DeskError` for a device that is not there, `OSError` where llama.cpp does not load it."""
        lib.llama_log_set(_SILENCE, ctypes.c_void_p(0))
        lib.llama_backend_init()
        placement = start.placement
        parameters = lib.llama_model_default_params()
        self._placing = Placing(placement) if placement else None  # what the parameters point to
        if self._placing:
            self._placing.apply(parameters)
        model = lib.llama_model_load_from_file(file_name(start.path), parameters)
        if not model:
            raise OSError("llama.cpp did not load the model")
        params = lib.llama_context_default_params()
        params.n_ctx = start.context
        params.n_ubatch = placement.batch if placement else _BATCH
        params.n_batch = max(_BATCH, params.n_ubatch)
        params.n_threads = params.n_threads_batch = start.threads
        if placement and placement.kv != "f16":
            params.type_k = params.type_v = KV_TYPES[placement.kv]
            params.flash_attn_type = lib.LLAMA_FLASH_ATTN_TYPE_ENABLED
        params.no_perf = True
        self._context = lib.llama_init_from_model(model, params)
        if not self._context:
            raise OSError("llama.cpp made no context")
        self._memory = lib.llama_get_memory(self._context)
        self._vocabulary = lib.llama_model_get_vocab(model)
        self._size = int(lib.llama_n_batch(self._context))
        self._batch = lib.llama_batch_init(self._size, 0, 1)
        self._held: list[int] = []
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

    def take(self, order: Order) -> Took:
        """Carry out an order; the times do not include getting to where it begins."""
        tokens = self._tokenize(order.text, order.before + order.read)
        self._begin(tokens[: order.before])
        read = _timed(lambda: self._read(tokens[order.before :]))
        written = _timed(lambda: self._write(order.answer, order.write))
        return Took(*read, *written)

    def _tokenize(self, text: str, count: int) -> list[int]:
        """The first `count` token ids of a text, repeated where it is shorter."""
        raw = text.encode("utf-8")
        room = (ctypes.c_int32 * (len(raw) + 8))()
        found = list(room[: lib.llama_tokenize(self._vocabulary, raw, len(raw), room, len(room), False, False)]) or [0]
        return (found * (count // len(found) + 1))[:count]

    def _begin(self, tokens: list[int]) -> None:
        """Have just these tokens in the memory."""
        same = common_prefix(self._held, tokens, len(tokens))
        if same < len(self._held) and not lib.llama_memory_seq_rm(self._memory, 0, same, -1):
            same = 0
        if not same:
            lib.llama_memory_clear(self._memory, False)
        self._held = self._held[:same]
        self._read(tokens[same:])

    def _read(self, tokens: Sequence[int]) -> None:
        """Decode tokens behind what is held, in batches; the last one gives numbers for its successor."""
        begin = len(self._held)
        for start in range(0, len(tokens), self._size):
            part = tokens[start : start + self._size]
            for row, token in enumerate(part):
                self._put(row, token, begin + start + row, logits=start + row == len(tokens) - 1)
            self._decode(len(part))
        lib.llama_synchronize(self._context)
        self._held += tokens

    def _write(self, answer: Sequence[int], count: int) -> None:
        """Sample a token and decode it, or the one of `answer` in its place."""
        batch, context, sampler, held = self._batch, self._context, self._sampler, self._held
        sample, decode = lib.llama_sampler_sample, lib.llama_decode
        self._put(0, 0, 0, logits=True)
        batch.n_tokens = 1
        tokens, positions = batch.token, batch.pos
        for number in range(len(answer) or count):
            token = sample(sampler, context, -1)
            tokens[0] = token = answer[number] if answer else token
            positions[0] = len(held)
            if decode(context, batch):
                raise OSError("llama_decode failed")
            held.append(token)
        lib.llama_synchronize(context)

    def _decode(self, count: int) -> None:
        self._batch.n_tokens = count
        if lib.llama_decode(self._context, self._batch):
            raise OSError("llama_decode failed")

    def _put(self, row: int, token: int, position: int, *, logits: bool) -> None:
        batch = self._batch
        batch.token[row] = token
        batch.pos[row] = position
        batch.n_seq_id[row] = 1
        batch.seq_id[row][0] = 0
        batch.logits[row] = logits


def _timed(work: Callable[[], None]) -> tuple[float, float]:
    """Seconds of the clock and of this process."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu
