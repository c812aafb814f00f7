"""The built-in model's dimensions, in one frozen place that needs no torch.

Training, export and evaluation must agree on them to the last digit, so nobody writes a number twice.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Shape:
    """Dimensions of a `mistral4` text model: multi-head latent attention and a mixture of experts.

    Attention keeps one compressed row of `kv_rank + rope` values per token; every head reads `nope`
    values from it by position-free projection and shares the `rope` rotated values.
    """

    vocabulary: int = 3072
    width: int = 256
    layers: int = 5
    heads: int = 8
    query_rank: int = 128
    kv_rank: int = 64
    nope: int = 32
    rope: int = 16
    value: int = 32
    expert_width: int = 224
    experts: int = 8
    experts_used: int = 2
    experts_shared: int = 1
    context: int = 4096
    norm_epsilon: float = 1e-6
    rope_base: float = 10000.0

    @property
    def query_head(self) -> int:
        """Values per head in a query or key before anything is absorbed."""
        return self.nope + self.rope


GUIDE = Shape()
