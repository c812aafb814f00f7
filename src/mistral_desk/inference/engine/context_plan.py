"""What a context is made for, in our words and in llama.cpp's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mistral_desk.inference.engine.native import lib
from mistral_desk.inference.engine.pace import LARGEST

if TYPE_CHECKING:
    from mistral_desk.fit.shape import KvType
    from mistral_desk.inference.engine.native import AbortFlag
    from mistral_desk.inference.engine.pace import Pace
    from mistral_desk.inference.protocol import MemoryKind

KV_TYPES: Final[dict[KvType, int]] = {"f16": 1, "q4_0": 2, "q8_0": 8}
"""ggml_type."""


@dataclass(frozen=True)
class Plan:
    """What a context is made for: its size in tokens, threads, the model's kind of memory and window, the pace, the
    bytes that saved states may take, and how many tokens at once (some eyes want a whole picture in one batch).

    `batch` are tokens that are read at once, `kv` the type of what is remembered. Of `threads` there may be up to
    `most_threads` while nobody else needs the cores.
    """

    tokens: int
    threads: int
    kind: MemoryKind
    window: int
    pace: Pace
    spare_bytes: int
    at_once: int = 0
    batch: int = LARGEST
    kv: KvType = "f16"
    most_threads: int = 0


def parameters(plan: Plan, abort: AbortFlag) -> Any:
    """llama.cpp's parameters. `abort` must live as long as the context."""
    p = lib.llama_context_default_params()
    p.n_ctx = plan.tokens
    p.n_ubatch = max(plan.batch, plan.at_once)
    p.n_batch = max(LARGEST, p.n_ubatch)
    p.n_seq_max = 1
    p.n_outputs_max = 1  # one row of logits; the buffer for 512 of a large vocabulary would be 256 MiB
    p.n_threads = p.n_threads_batch = plan.threads
    p.flash_attn_type = lib.LLAMA_FLASH_ATTN_TYPE_AUTO
    if plan.kv != "f16":  # values of another type can only be read with flash attention
        p.flash_attn_type = lib.LLAMA_FLASH_ATTN_TYPE_ENABLED
    p.type_k = p.type_v = KV_TYPES[plan.kv]
    p.abort_callback = abort.callback
    p.abort_callback_data = abort.data
    p.no_perf = True
    p.swa_full = False
    return p
