"""What a model needs, read from its header tensor by tensor: weights by kind and layer, cache, compute buffers.

Nothing here knows a machine. How a key-value cache is laid out follows llama.cpp (`llama-kv-cache*.cpp`,
`llama-hparams.cpp` of the pinned version); docs/fit.md has the formulae.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

CELLS: Final = 256
"""llama.cpp rounds a context, and the cells of a window, up to multiples of this."""
F32: Final = 4
_F16: Final = 2
_PLACE: Final = 8
"""Numbers that say where in a picture a patch stands, and what buffers lose between tensors."""
_STEP: Final = 32
"""Bytes to which a tensor's place in a buffer is rounded up."""

KvType = Literal["f16", "q8_0", "q4_0"]
KV_BYTES: Final[dict[KvType, float]] = {"f16": 2.0, "q8_0": 34 / 32, "q4_0": 18 / 32}
"""Bytes a number of the cache takes, by its type (blocks of 32 numbers with a 2-byte scale)."""


class Layer(msgspec.Struct, frozen=True):
    """One layer: bytes of its weights by kind, and what it remembers.

    `keys` and `values` are numbers kept per token (0 for a layer without attention), `window` the tokens it looks
    back (0: all), `state` the bytes of a state that does not grow.
    """

    attention: int = 0
    dense: int = 0
    routed: int = 0
    shared: int = 0
    keys: int = 0
    values: int = 0
    window: int = 0
    state: int = 0

    @property
    def fixed(self) -> int:
        """Bytes that every token reads: all but the routed experts."""
        return self.attention + self.dense + self.shared

    @property
    def bytes(self) -> int:
        """All of its weights."""
        return self.fixed + self.routed


def alike(layers: Iterable[Layer]) -> tuple[Layer, ...]:
    """The layers, equal ones as the same object, so that they can be counted together."""
    known: dict[Layer, Layer] = {}
    return tuple(known.setdefault(layer, layer) for layer in layers)


class Shape(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """A model: its layers, what stands outside them, and the numbers that buffers and speed follow from.

    Sizes in bytes. `tied`: the words' embedding is the output too (and then read whole for every token).
    `rough` is True where it was inferred from the file's size and not read from a header. `slow_bits` is True for
    formats that cost a processor more arithmetic than reading. `projector` are the weights of its eyes;
    `projector_start` and `projector_most` their buffers, as they are loaded and with the largest picture, 0 where their
    kind is not known.
    """

    name: str
    architecture: str
    layers: tuple[Layer, ...]
    embedding: int
    output: int
    other: int = 0
    tied: bool = False
    experts: int = 0
    used: int = 0
    largest_experts: int = 0
    width: int
    feed_forward: int = 0
    expert_width: int = 0
    queries: int = 0
    key_width: int = 0
    inner: int = 0
    vocabulary: int = 0
    trained: int = 0
    parameters: int = 0
    active: int = 0
    projector: int = 0
    projector_start: int = 0
    projector_most: int = 0
    quantization: str = ""
    bits: float = 0.0
    slow_bits: bool = False
    latent: bool = False
    rough: bool = False

    @cached_property
    def weights(self) -> int:
        """Bytes of all weights, the projector's not counted."""
        return self.embedding + self.output + self.other + sum(layer.bytes for layer in self.layers)

    @property
    def routed(self) -> int:
        """Bytes of all routed experts."""
        return sum(layer.routed for layer in self.layers)

    @property
    def share(self) -> float:
        """The share of its routed experts that one token reads."""
        return self.used / self.experts if self.experts else 1.0

    @property
    def head(self) -> int:
        """Bytes that turn the last layer's result into a word."""
        return (self.embedding if self.tied else self.output) + self.other

    @property
    def table(self) -> int:
        """Bytes of which a token reads only one row; they stay in memory, whatever goes elsewhere."""
        return 0 if self.tied else self.embedding

    def touched(self) -> float:
        """Bytes of weights that one token reads."""
        return sum(layer.fixed + layer.routed * self.share for layer in self.layers) + self.head


def cells(context: int) -> int:
    """Tokens that a context really has room for."""
    return -(-max(context, 1) // CELLS) * CELLS


def layer_cache(layer: Layer, context: int, batch: int, kv: KvType = "f16") -> int:
    """Bytes that one layer remembers for a context of `context` tokens, read in micro-batches of `batch`."""
    rows = cells(context)
    if layer.window:
        rows = cells(min(rows, layer.window + batch))
    return round(rows * (layer.keys + layer.values) * KV_BYTES[kv]) + layer.state


def cache(shape: Shape, context: int, batch: int, kv: KvType = "f16") -> int:
    """Bytes of the key-value cache and of recurrent states, for one sequence."""
    return sum(layer_cache(layer, context, batch, kv) for layer in shape.layers)


def compute(shape: Shape, context: int, batch: int) -> int:
    """Bytes of the buffer for intermediate results, with flash attention and one row of logits.

    The widest moment of a layer, in 32-bit numbers per token of the micro-batch: in attention, feed-forward or
    state space; plus the mask over the cache in 16 bits, one for each kind of window. Measured on llama.cpp.
    """
    w, q, f = shape.width, shape.queries, shape.feed_forward
    attention = 2.5 * q + 2.5 * w + shape.key_width
    dense = (3 if f > w else 2) * f + 3 * w + q
    routed = _routed(shape) if shape.used else 0.0
    inner = 6.5 * shape.inner + w if shape.inner else 0.0
    masks = cells(context)
    windows = {layer.window for layer in shape.layers if layer.window}
    masks = sum((cells(min(masks, window + batch)) for window in windows), masks)
    widest = max(attention, dense if f else 0, routed, inner)
    return round(batch * (widest * F32 + masks * _F16)) + shape.vocabulary * F32


def _routed(shape: Shape) -> float:
    """Numbers per token at the widest moment of routed experts: their inner results, then their outputs, which take
    the inner ones' place only where that is large enough.
    """
    inner, outer = 3 * shape.expert_width * shape.used, shape.width * shape.used
    rest = 3 * shape.width + shape.queries
    if inner <= 3 * shape.width:
        return outer + rest
    return inner + rest + (0 if outer <= inner * 2 / 3 else outer)


def projector_memory(shape: Shape) -> int:
    """Bytes that an image projector takes with its largest picture: its weights, and its buffers; where these are not
    known about a third more (at least 64 MiB).
    """
    weights = shape.projector
    return weights + (shape.projector_most or max(weights // 3, 64 << 20)) if weights else 0


def pixtral_buffers(width: int, inner: int, patch: int, patches: int) -> int:
    """Bytes of the buffer for a picture of so many patches, `patch` pixels wide, in a `pixtral` encoder of this width
    and this inner width of its feed-forward.

    In 32-bit numbers a patch: its pixels, which stay, then either the same in 16 bits or the widest moment of a layer,
    which takes the pixels' place where it is small enough. Measured on llama.cpp, with flash attention.
    """
    pixels = 3 * patch * patch
    widest = max(5 * width, 3 * inner + width)
    return round(patches * F32 * (max(1.5 * pixels, widest if widest <= 1.5 * pixels else pixels + widest) + _PLACE))
