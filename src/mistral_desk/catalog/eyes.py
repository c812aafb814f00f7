"""What a projector's header says of itself, and whether it belongs to a model: a name alone decides nothing.

Facts about the keys: what llama.cpp's converter writes for the `clip` architecture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mistral_desk.catalog.gguf import Header

ARCHITECTURE: Final = "clip"


def sees(header: Header) -> bool:
    """Whether it is a projector for pictures; some are for sounds only."""
    if header.architecture != ARCHITECTURE:
        return False
    return header.metadata.get("clip.has_vision_encoder") is True or bool(header.number("clip.vision.block_count"))


def kind(header: Header) -> str:
    """The projector's type, in llama.cpp's words."""
    return header.text("clip.vision.projector_type") or header.text("clip.projector_type")


def widths(header: Header) -> set[int]:
    """Widths of what the projector can give; where its kind does not tell, of each of its own matrices and vectors."""
    last = next((t.shape[-1] for t in header.tensors if t.name == "mm.2.weight"), 0)
    if last and kind(header) in {"pixtral", "mlp"}:
        return {last}
    mine = [t for t in header.tensors if t.name.startswith(("mm.", "model.mm", "resampler.", "v.token_embd"))]
    dimension = header.number("clip.vision.projection_dim")
    return {side for tensor in mine for side in tensor.shape} | ({dimension} if dimension else set())


def fits(header: Header, model: Header) -> bool:
    """Whether a projector can give a model what it reads; one whose model states no width fits any."""
    width = model.own("embedding_length") or 0
    return sees(header) and (not width or width in widths(header))
