"""The exported file in real llama.cpp, greedy, through its low-level API: what evaluation and parity ask.

This is a tool; the app's own engine lives in `mistral_desk.inference.engine` and shares nothing with it.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Self

import llama_cpp.llama_cpp as api

from .tokenizer import EOS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class Runner:
    """One loaded model with one context. Close it, or use it in a `with`."""

    def __init__(self, path: Path, context: int = 4096, threads: int = 1) -> None:
        self._silence = api.llama_log_callback(lambda *_: None)
        api.llama_log_set(self._silence, ctypes.c_void_p(0))
        api.llama_backend_init()
        model_params = api.llama_model_default_params()
        model_params.n_gpu_layers = 0
        model = api.llama_model_load_from_file(str(path).encode("utf-8"), model_params)
        if not model:
            raise OSError(f"llama.cpp cannot load {path.name}")
        self._model = model
        params = api.llama_context_default_params()
        params.n_ctx = params.n_batch = params.n_ubatch = context
        params.n_threads = params.n_threads_batch = threads
        made = api.llama_init_from_model(self._model, params)
        if not made:
            raise OSError(f"llama.cpp cannot make a context of {context} tokens for {path.name}")
        self._context = made
        self._memory = api.llama_get_memory(self._context)
        self._vocabulary = api.llama_model_get_vocab(self._model)
        self._size = api.llama_vocab_n_tokens(self._vocabulary)
        self._kept: list[int] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        api.llama_free(self._context)
        api.llama_model_free(self._model)

    def tokenize(self, text: str, special: bool = True) -> list[int]:
        """Token ids of the text; `special` reads "[INST]" as the token, not as letters."""
        raw = text.encode("utf-8")
        ids = (api.llama_token * (len(raw) + 8))()
        count = api.llama_tokenize(self._vocabulary, raw, len(raw), ids, len(ids), False, special)
        if count < 0:
            raise ValueError(f"llama.cpp cannot tokenize {text!r}")
        return list(ids[:count])

    def piece(self, token: int) -> bytes:
        """The bytes of one token, special ones by their names."""
        buffer = ctypes.create_string_buffer(256)
        length = api.llama_token_to_piece(self._vocabulary, token, buffer, len(buffer), 0, True)
        return buffer.raw[:length]

    def _decode(self, ids: Sequence[int]) -> None:
        tokens = (api.llama_token * len(ids))(*ids)
        status = api.llama_decode(self._context, api.llama_batch_get_one(tokens, len(ids)))
        if status != 0:
            raise RuntimeError(f"llama_decode returned {status}")

    def answer(self, prompt: Sequence[int], limit: int = 160) -> str:
        """The greedy continuation up to the end token or `limit` tokens. What the context holds is reused."""
        shared = 0
        while shared < min(len(prompt) - 1, len(self._kept)) and prompt[shared] == self._kept[shared]:
            shared += 1
        if not api.llama_memory_seq_rm(self._memory, 0, shared, -1):
            api.llama_memory_clear(self._memory, True)
            shared = 0
        self._decode(prompt[shared:])
        self._kept = list(prompt)
        out = bytearray()
        for _ in range(limit):
            logits = api.llama_get_logits_ith(self._context, -1)
            best = max(range(self._size), key=logits[: self._size].__getitem__)
            if best == EOS:
                break
            out += self.piece(best)
            self._decode([best])
            self._kept.append(best)
        return out.decode("utf-8", "replace")
