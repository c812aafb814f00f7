"""How many tokens of a prompt are decoded at once, so that Stop is obeyed soon: llama.cpp looks at the abort flag only
between two operations, and on a slow processor one operation over 512 tokens of a large model takes seconds.

The sizes follow from the model and the position alone, never from the clock, so that a prompt is always cut alike.
They are whole tiles of llama.cpp's attention on a processor: for the rows beside them it takes twice as long.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mistral_desk.catalog.gguf import Header, Tensor

LARGEST: Final = 512
ON_CORES: Final = 256
"""Tokens at most where processors compute: 512 took as much work or up to 4 % more with the models that were tried."""
TILE: Final = 64
"""Rows that its attention takes together (`GGML_FA_TILE_Q`): 32 take longer than 64, and 80 are 64 and 16 slow ones."""
_PER_THREAD: Final = 3.0e9
"""Floating-point operations that a thread may be given between two looks at the flag: 50 to 150 ms of a common core."""


@dataclass(frozen=True)
class Pace:
    """`widest` is the work of the largest matrix product for one token, `reach` that of attention per token looked
    back on, both in floating-point operations; `budget` is the work allowed at once, `largest` the tokens; up to `rest`
    of them are read at once where none follow.
    """

    widest: float
    reach: float
    budget: float
    largest: int = LARGEST
    rest: int = LARGEST

    def batch(self, position: int, left: int) -> int:
        """Tokens to decode at once from this position on, of the `left` that follow each other.

        What fits in one batch is not cut: a short one behind a long one would take longer than both together.
        """
        most = int(self.budget / max(self.widest, self.reach * position, 1.0))
        whole = min(self.largest, max(TILE, most // TILE * TILE))
        return left if whole < left <= min(self.rest, most) else min(whole, left)


def pace(header: Header, tensors: Sequence[Tensor], threads: int, *, offloaded: bool, largest: int = LARGEST) -> Pace:
    """The pace for a model with these tensors. What runs on a GPU is fast, and reads no flag either: full batches."""
    if offloaded:
        return Pace(0.0, 0.0, _PER_THREAD, largest, largest)
    used = header.own("expert_used_count") or 1
    widest = 0.0
    for tensor in tensors:
        if tensor.name.startswith("blk.") and len(tensor.shape) >= 2:
            width = 2.0 * tensor.shape[0] * tensor.shape[1]
            widest = max(widest, width * (min(used, tensor.shape[2]) if len(tensor.shape) > 2 else 1))
    heads = header.own("attention.head_count") or 0
    each = (header.own("embedding_length") or 0) // max(heads, 1)
    key, value = header.own("attention.key_length") or each, header.own("attention.value_length") or each
    return Pace(widest, 2.0 * heads * (key + value), _PER_THREAD * threads, min(largest, ON_CORES), largest)
