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


@dataclass(frozen=True)
class EyeShape:
    """Dimensions of a `pixtral` vision tower and its projector, as llama.cpp reads them from a `clip` file."""

    width: int = 128
    layers: int = 3
    heads: int = 4
    inner: int = 256
    patch: int = 16
    merge: int = 2
    side: int = 160
    norm_epsilon: float = 1e-5
    rope_base: float = 10000.0
    mean: tuple[float, float, float] = (0.5, 0.5, 0.5)
    deviation: tuple[float, float, float] = (0.5, 0.5, 0.5)
    least_tokens: int = 21
    most_tokens: int = 30
    """With these limits llama.cpp makes five by five tokens of every square, whatever its size."""


EYE = EyeShape()
