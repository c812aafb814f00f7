"""What has to be equal for a saved state to fit a context: how the memory is laid out, and what positions mean in it.

The number of tokens that a context holds does not matter, except for models whose rotation of positions depends on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mistral_desk.inference.device import Placed
    from mistral_desk.inference.engine.context import Context
    from mistral_desk.inference.model_file import ModelFile

_LONG: Final = "rope_factors_long.weight"


def layout(context: Context, file: ModelFile, placed: tuple[Placed, ...]) -> str:
    """The layout in words; equal words mean that a state of one fits the other."""
    header = file.header
    where = sorted({buffer.device for buffer in placed if buffer.kind == "cache"})
    rotation = "one"
    if any(tensor.name.endswith(_LONG) for tensor in file.tensors):
        before = header.own("rope.scaling.original_context_length") or 0
        rotation = "long" if context.size > before else "short"
    eyes = "two directions" if context.eyes and context.eyes.counts_twice else "one direction"
    return " · ".join(
        (header.architecture, context.kind, f"window {context.window}", context.kv, rotation, eyes, *where)
    )
