"""How much memory a context takes, before it is taken: a system that runs short kills the process without a word.

Only what must be there at once counts (key-value cache and buffers); weights are mapped from the file and may wait
on the disk. Formulas: one key and one value row per token, layer and key head, two bytes a number (f16).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil

from mistral_desk.catalog import gguf

if TYPE_CHECKING:
    from mistral_desk.catalog.gguf import Header

DEFAULT_CONTEXT: Final = 8192
"""Tokens, where nobody asked for another number."""
SMALLEST_CONTEXT: Final = 256
_F16: Final = 2
_USABLE: Final = 0.9
"""Share of the free memory that a context may take."""
_BUFFERS: Final = 64 * 1024 * 1024
"""Bytes for the compute buffers of a small model; big ones take more, in proportion to their width."""


def kv_bytes(header: Header, tokens: int, batch: int, each: float = _F16) -> int:
    """Bytes of the key-value cache for a context of `tokens`, read in batches of `batch` tokens, `each` a number.

    Where layers look through a window but the file does not say which, most of them are taken to do so: too small
    an estimate only loses the early warning, too large a one would refuse a model that runs.
    """
    layers = header.own("block_count") or 0
    heads = _per_layer(header, "attention.head_count_kv", layers) or _per_layer(header, "attention.head_count", layers)
    if not heads:
        return 0
    width, all_heads = header.own("embedding_length") or 0, header.own("attention.head_count") or 1
    key = header.own("attention.key_length") or width // max(all_heads, 1)
    value = header.own("attention.value_length") or width // max(all_heads, 1)
    if header.own("attention.key_length_mla"):
        value = 0  # latent attention keeps keys only; the values are a part of them
    window = header.own("attention.sliding_window") or 0
    narrow = min(tokens, window + batch) if window else tokens
    windowed = _windowed(header, layers) if window else [False] * layers
    rows = sum((narrow if small else tokens) * count for small, count in zip(windowed, heads, strict=True))
    return round(rows * (key + value) * each)


def context_bytes(header: Header, tokens: int, batch: int, each: float = _F16) -> int:
    """Bytes that a context of `tokens` takes at once: its cache, the mask over it, and the other buffers, roughly."""
    wide = max(header.own("embedding_length") or 0, header.own("feed_forward_length") or 0)
    return kv_bytes(header, tokens, batch, each) + batch * tokens * _F16 + _BUFFERS + 8 * batch * wide * 4


def fitting(header: Header, wanted: int, batch: int, free: int, each: float = _F16) -> int | None:
    """The largest context of at most `wanted` tokens, halved until it fits into `free` bytes; None where none does."""
    tokens = wanted
    while context_bytes(header, tokens, batch, each) > free * _USABLE:
        if tokens <= SMALLEST_CONTEXT:
            return None
        tokens = max(tokens // 2, SMALLEST_CONTEXT)
    return tokens


def free_memory(group: Path = Path("/sys/fs/cgroup")) -> int:
    """Bytes that a process can still get: the system's, and no more than its own `group` may have (containers)."""
    free = int(psutil.virtual_memory().available)
    try:
        limit = (group / "memory.max").read_text(encoding="ascii").strip()
        if limit.isdigit():
            used = int((group / "memory.current").read_text(encoding="ascii"))
            rows = dict(line.split() for line in (group / "memory.stat").read_text(encoding="ascii").splitlines())
            cached = int(rows.get("inactive_file", 0)) + int(rows.get("active_file", 0))
            free = min(free, max(int(limit) - used + cached, 0))
    except (OSError, ValueError):
        pass  # no such group: no such limit
    return free


def spare_bytes() -> int:
    """Bytes that may go into saved states, which only save time: a tenth of the free memory, at most 2 GiB."""
    return min(2 << 30, free_memory() // 10)


def _per_layer(header: Header, key: str, layers: int) -> list[int]:
    """A number for each layer, from one number or an array; empty where the file says nothing."""
    value = header.metadata.get(f"{header.architecture}.{key}")
    if isinstance(value, gguf.Array) and value.values and len(value.values) >= layers:
        return [int(v) for v in value.values[:layers]]
    return [value] * layers if isinstance(value, int) else []


def _windowed(header: Header, layers: int) -> list[bool]:
    """Which layers look through a window."""
    pattern = header.metadata.get(f"{header.architecture}.attention.sliding_window_pattern")
    if isinstance(pattern, gguf.Array) and pattern.values and len(pattern.values) >= layers:
        return [bool(v) for v in pattern.values[:layers]]
    every = pattern if isinstance(pattern, int) and pattern > 0 else 6
    return [(layer + 1) % every != 0 for layer in range(layers)]
