"""A model's shape from its published dimensions and a file's size alone, before a byte of it was read.

It says so (`rough`): sizes inside the file are inferred, so everything built on it gets a wider band.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from mistral_desk.fit.shape import Layer, Shape, alike

if TYPE_CHECKING:
    from mistral_desk.catalog.facts import Architecture, Model, Quantization

_UNEVEN: Final = 12.0
"""Bits of a number outside the routed experts, in mixtures of experts whose quantization spares the rest."""
_KV_PER_LAYER: Final = 2 * 8 * 128
"""Numbers that a layer commonly keeps per token: keys and values of 8 heads of 128."""
_ACTIVE_ROUTED: Final = 1 / 16
"""Share of its experts that a mixture commonly reads, where nobody published it."""
_COMMON: Final = (
    (2e9, 26, 2048),
    (6e9, 30, 2816),
    (12e9, 34, 4096),
    (20e9, 40, 5120),
    (50e9, 56, 6144),
    (float("inf"), 64, 7168),
)
"""Layers and width of common models, by the geometric mean of all and of active parameters at most."""
_PROJECTOR: Final = 900_000_000
"""Bytes of an image projector whose size is not known; those published lie between 0.8 and 1.2 GB."""


def guess(model: Model, quantization: Quantization, projector: int | None = None) -> Shape | None:
    """The shape of a download; None where neither its size nor its parameters are known.

    `projector` is the size of its image projector, None for an unknown one.
    """
    if not quantization.bytes or not model.parameters:
        return None
    bits = 8 * quantization.bytes / model.parameters
    known = model.architecture
    eyes = 0 if not model.vision else projector or _PROJECTOR
    numbers = _numbers(model, known)
    layers, width, vocabulary = numbers["layers"], numbers["width"], numbers["vocabulary"]
    routed = _routed_parameters(model, known, layers, width)
    rest = model.parameters - routed
    other = quantization.other_bytes or (
        round(rest * max(bits, _UNEVEN if _spares(quantization.name) else bits + 1.5) / 8) if routed else 0
    )
    other = min(other, quantization.bytes) if routed else quantization.bytes
    table = min(round(vocabulary * width * max(bits, 6.0) / 8), other // 3)
    tied = known is not None and known.name.startswith("gemma")
    inner = other - table * (1 if tied else 2)
    per_layer = max(inner, 0) // layers
    expert_layer = (quantization.bytes - other) // layers
    share = (known.experts_used or 0) / known.experts if known and known.experts else _ACTIVE_ROUTED
    attention = per_layer // (2 if routed else 4)
    memory = _memory(known)
    made = alike(
        Layer(
            attention=attention,
            dense=per_layer - attention,
            routed=expert_layer,
            keys=memory[layer % len(memory)][0],
            window=memory[layer % len(memory)][1],
        )
        for layer in range(layers)
    )
    used = (known.experts_used if known and known.experts_used else 0) if routed else 0
    experts = (known.experts if known and known.experts else 0) if routed else 0
    if routed and not experts:
        experts, used = 16, 1
    heads = known.heads * (known.kv_elements if known.latent else known.head) if known else width
    return Shape(
        name=model.name,
        architecture=known.name if known else "",
        layers=made,
        embedding=table,
        output=0 if tied else table,
        other=quantization.bytes - sum(layer.bytes for layer in made) - table * (1 if tied else 2),
        tied=tied,
        experts=experts,
        used=used,
        largest_experts=expert_layer // 3,
        width=width,
        feed_forward=(known.feed_forward or 0) if known else (0 if routed else 3 * width),
        expert_width=(known.expert_feed_forward or width // 2) if known else width // 2,
        queries=heads,
        key_width=known.kv_heads * known.head if known else _KV_PER_LAYER // 2,
        vocabulary=vocabulary,
        trained=model.context or 0,
        parameters=model.parameters,
        active=model.active or round(rest + routed * share),
        projector=eyes,
        quantization=quantization.name,
        bits=bits,
        slow_bits=bool(re.search(r"IQ[123]", quantization.name)),
        latent=bool(known and known.latent),
        rough=True,
    )


def _numbers(model: Model, known: Architecture | None) -> dict[str, int]:
    """Layers, width and vocabulary; where unpublished those of common models with as many active parameters."""
    if known:
        return {"layers": known.layers, "width": known.width, "vocabulary": known.vocabulary}
    size = (model.active or model.parameters or 0) ** 0.5 * ((model.parameters or 0) ** 0.5)
    layers, width = next((layers, width) for bound, layers, width in _COMMON if size < bound)
    return {"layers": layers, "width": width, "vocabulary": 150_000}


def _routed_parameters(model: Model, known: Architecture | None, layers: int, width: int) -> int:
    """Parameters in routed experts: counted where the dimensions are known, else from the active share."""
    total, active = model.parameters or 0, model.active or 0
    if known and known.experts and known.expert_feed_forward:
        return min(layers * known.experts * 3 * width * known.expert_feed_forward, round(total * 0.99))
    if active and active < total * 0.7:  # total − active = routed · (1 − share)
        return min(round((total - active) / (1 - _ACTIVE_ROUTED)), round(total * 0.98))
    return 0


def _spares(quantization: str) -> bool:
    """Whether a quantization leaves what is not a routed expert in many bits."""
    return quantization.startswith("UD-") or "MXFP4" in quantization


def _memory(known: Architecture | None) -> list[tuple[int, int]]:
    """What layers keep per token and the window they look through, as a pattern that repeats."""
    if known is None:
        return [(_KV_PER_LAYER, 0)]
    if not known.window or not known.window_every:
        return [(known.kv_elements, 0)]
    narrow = (known.window_kv_elements or known.kv_elements, known.window)
    return [narrow] * (known.window_every - 1) + [(known.kv_elements, 0)]
