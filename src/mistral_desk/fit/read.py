"""Reads a model's shape from GGUF headers: whole or split, with or without a projector.

Which layers look through a window, keep a state or share their cache differs by architecture; the tables follow
llama.cpp's `src/models/*.cpp` of the pinned version.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Final

from mistral_desk.catalog.gguf import Array, DamagedError
from mistral_desk.fit.shape import F32, Layer, Shape, alike

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mistral_desk.catalog.gguf import Header, Tensor

_MOST_LAYERS: Final = 1024
_MOST: Final = 1 << 32
"""What no dimension of a model reaches."""
_LAYER: Final = re.compile(r"^blk\.([0-9]{1,9})\.(.+)$")
ROUTED: Final = r"\.ffn_(up|down|gate|gate_up)_(ch|)exps"
"""llama.cpp's own pattern for the tensors of routed experts."""
_ROUTED: Final = re.compile(ROUTED)
_SHARED: Final = re.compile(r"\.ffn_(up|down|gate|gate_up)_(sh|ch_sh)exp")
_REMEMBERS: Final = ("ssm_", "shortconv.", "time_mix_")
_ATTENDS: Final = ("attn_k.weight", "attn_kv_a_mqa.weight", "attn_k_b.weight")
_SLOW: Final = frozenset({16, 17, 18, 19, 21, 22, 29})
"""ggml types whose numbers are looked up in tables: IQ1 to IQ3."""

_EVERY: Final[dict[str, tuple[int, bool]]] = {
    "afmoe": (4, False),
    "cohere2": (4, False),
    "cohere2moe": (4, True),
    "exaone-moe": (4, False),
    "exaone4": (4, False),
    "gemma2": (2, False),
    "gemma3": (6, False),
    "gemma3n": (5, False),
    "gpt-oss": (2, False),
    "laguna": (4, True),
    "llama4": (4, False),
    "mellum": (4, False),
    "olmo2": (4, False),
    "plamo3": (8, False),
    "smallthinker": (4, True),
}
"""Architectures with windows: the period of layers that see everything, and whether the first of each period does."""
_WINDOW: Final = {"gemma2": 4096, "exaone-moe": 128, "exaone4": 4096, "smallthinker": 4096, "llama4": 8192}
"""The window where the file names none."""


_FILE_TYPES: Final = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S", 12: "Q3_K_M",
    13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS", 20: "IQ2_XS",
    21: "Q2_K_S", 22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S",
    29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4_MOE",
}  # fmt: skip
"""`general.file_type` → the quantization's name (`llama_ftype`)."""


def shape_of(
    header: Header, tensors: Sequence[Tensor] | None = None, projector: int = 0, quantization: str = ""
) -> Shape:
    """The shape of a model. `header` is the first part's; `tensors` those of all parts (else the header's own).

    `projector` is the size of its image projector's file in bytes. Raises `DamagedError` for a header that
    contradicts itself.
    """
    tensors = header.tensors if tensors is None else tensors
    count = header.own("block_count") or 0
    if not 0 <= count <= _MOST_LAYERS:
        raise DamagedError(f"{count} layers")
    count -= min(_largest(header, "nextn_predict_layers"), count)
    parts: list[dict[str, int]] = [{"attention": 0, "dense": 0, "routed": 0, "shared": 0} for _ in range(count)]
    names: list[set[str]] = [set() for _ in range(count)]
    embedding = output = other = elements = largest = slow = 0
    for tensor in tensors:
        size = _size(tensor)
        layer = _LAYER.match(tensor.name)
        if layer and int(layer[1]) >= count:
            continue  # layers that only guess ahead are not loaded
        elements += tensor.elements
        if layer:
            kind = _kind(tensor.name, layer[2])
            parts[int(layer[1])][kind] += size
            names[int(layer[1])].add(layer[2])
            largest = max(largest, size if kind == "routed" else 0)
            slow += size if tensor.kind in _SLOW else 0
        elif tensor.name.startswith(("token_embd.", "per_layer_token_embd.")):
            embedding += size
        elif tensor.name.startswith("output."):
            output += size
        else:
            other += size
    experts, used = _largest(header, "expert_count"), _largest(header, "expert_used_count")
    if used > experts:
        raise DamagedError(f"{used} experts used of {experts}")
    layers = alike(Layer(**part, **memory) for part, memory in zip(parts, _memory(header, names, count), strict=True))
    weights = embedding + output + other + sum(layer.bytes for layer in layers)
    routed = sum(layer.routed for layer in layers)
    idle = round(elements * routed / max(weights, 1) * (1 - (used / experts if experts else 1)))
    heads, width = _largest(header, "attention.head_count"), _largest(header, "embedding_length")
    key, value = _head(header, "key"), _head(header, "value")
    return Shape(
        name=header.name,
        architecture=header.architecture,
        layers=layers,
        embedding=embedding,
        output=output,
        other=other,
        tied=output == 0,
        experts=experts if routed else 0,
        used=used if routed else 0,
        largest_experts=largest,
        width=width,
        feed_forward=_largest(header, "feed_forward_length") if any(layer.dense for layer in layers) else 0,
        expert_width=_largest(header, "expert_feed_forward_length") or _largest(header, "feed_forward_length"),
        queries=heads * max(key, value),
        key_width=_largest(header, "attention.head_count_kv") * key,
        inner=_largest(header, "ssm.inner_size"),
        vocabulary=_vocabulary(header, tensors),
        trained=_largest(header, "context_length"),
        parameters=elements,
        active=elements - idle,
        projector=projector,
        quantization=quantization or _FILE_TYPES.get(_file_type(header), ""),
        bits=8 * weights / max(elements, 1),
        slow_bits=slow > weights / 2,
        latent=bool(header.own("attention.key_length_mla")),
    )


def stored_as(header: Header) -> str:
    """How a file says that most of its numbers are stored ("Q4_K_M"); empty where it says nothing that is known."""
    return _FILE_TYPES.get(_file_type(header), "")


def _file_type(header: Header) -> int:
    found = header.number("general.file_type")
    return -1 if found is None else found


def _size(tensor: Tensor) -> int:
    """Bytes of a tensor; one of a type that is newer than this reader is taken for 8 bits a number."""
    return tensor.elements if tensor.bytes is None else tensor.bytes


def _kind(name: str, inner: str) -> str:
    if _ROUTED.search(name):
        return "routed"
    if _SHARED.search(name):
        return "shared"
    return "attention" if inner.startswith(("attn_", "ssm_", "shortconv.", "time_mix_")) else "dense"


def _memory(header: Header, names: Sequence[set[str]], count: int) -> list[dict[str, int]]:
    """What each layer keeps: numbers per token, its window, its state."""
    kv_heads = _each(header, "attention.head_count_kv", count) or _each(header, "attention.head_count", count)
    kv_heads = kv_heads or [0] * count
    windows = _windows(header, count)
    own = count - min(_largest(header, "attention.shared_kv_layers"), count)
    state = _state(header)
    found = []
    for layer in range(count):
        remembers = any(name.startswith(_REMEMBERS) for name in names[layer])
        attends = any(name in _ATTENDS for name in names[layer]) or (
            not remembers and any(name.startswith("attn_qkv") for name in names[layer])
        )
        narrow = "_swa" if windows[layer] else ""
        key = _head(header, "key", narrow) * kv_heads[layer]
        value = 0 if header.own("attention.key_length_mla") else _head(header, "value", narrow) * kv_heads[layer]
        keeps = attends and layer < own
        found.append(
            {
                "keys": key if keeps else 0,
                "values": value if keeps else 0,
                "window": windows[layer] if keeps else 0,
                "state": state if remembers else 0,
            }
        )
    return found


def _head(header: Header, what: str, kind: str = "") -> int:
    """Numbers in one head's key or value; a file that does not say divides its width by its heads."""
    found = _largest(header, f"attention.{what}_length{kind}") or _largest(header, f"attention.{what}_length")
    heads = _largest(header, "attention.head_count")
    return found or (_largest(header, "embedding_length")) // max(heads, 1) * (heads > 0)


def _windows(header: Header, count: int) -> list[int]:
    """Tokens that each layer looks back, 0 for all."""
    architecture = header.architecture
    window = header.own("attention.sliding_window")
    pattern = header.metadata.get(f"{architecture}.attention.sliding_window_pattern")
    if window is None:
        window = _WINDOW.get(architecture, 0)
    if not _sensible(window):
        return [0] * count
    if isinstance(pattern, Array) and pattern.values and len(pattern.values) >= count:
        return [window if narrow else 0 for narrow in pattern.values[:count]]
    if architecture not in _EVERY:
        return [0] * count  # the file names a window that llama.cpp does not use
    every, first = _EVERY[architecture]
    if isinstance(pattern, int) and pattern > 0:
        every = pattern
    place = 0 if first else every - 1
    return [0 if layer % every == place else window for layer in range(count)]


def _state(header: Header) -> int:
    """Bytes of a layer's recurrent state, in 32-bit numbers (`n_embd_r` and `n_embd_s` of llama.cpp)."""
    width = _largest(header, "embedding_length")
    if wkv := _largest(header, "wkv.head_size"):
        return (width * wkv + 2 * width) * F32
    if short := _largest(header, "shortconv.l_cache"):
        return width * max(short - 1, 0) * F32
    inner, state = _largest(header, "ssm.inner_size"), _largest(header, "ssm.state_size")
    kernel, groups = _largest(header, "ssm.conv_kernel"), _largest(header, "ssm.group_count")
    return (max(kernel - 1, 0) * (inner + 2 * groups * state) + state * inner) * F32


def _each(header: Header, key: str, count: int) -> list[int]:
    """A number for every layer, from one number or an array; empty where the file says nothing."""
    value = header.metadata.get(f"{header.architecture}.{key}")
    if isinstance(value, Array):
        numbers = [_sensible(v) for v in value.values or () if isinstance(v, int)]
        return numbers[:count] if len(numbers) >= count else []
    return [_sensible(value)] * count if isinstance(value, int) and not isinstance(value, bool) else []


def _largest(header: Header, key: str) -> int:
    """A number under the architecture's prefix, the largest of an array; 0 where it is missing or makes no sense."""
    return _sensible(header.own(key) or 0)


def _sensible(number: int) -> int:
    return number if 0 <= number < _MOST else 0


def _vocabulary(header: Header, tensors: Sequence[Tensor]) -> int:
    table = next((tensor.shape for tensor in tensors if tensor.name == "token_embd.weight"), ())
    return math.prod(table[1:]) if len(table) > 1 else _largest(header, "vocab_size")
