"""Writes the eye as a projector that llama.cpp loads as `pixtral`, half precision.

The break between rows is the text model's own [IMG_BREAK]; the keys under `mistral_desk.image` are read by the app.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import gguf
import numpy as np

from .export import NAME
from .tokenizer import SPECIALS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy.typing as npt
    import torch
    from torch import Tensor

    from .eye import Eye, EyeBlock

DESCRIPTION = (
    "The eye of the small model that ships with Mistral Desk. It knows simple drawings: six shapes, eight colours, "
    "one to four things, single digits; everything else is unfamiliar to it."
)
BREAK = SPECIALS.index("[IMG_BREAK]")


def _array(weight: torch.Tensor) -> npt.NDArray[np.float32]:
    return np.ascontiguousarray(weight.detach().float().numpy())


def _block(block: EyeBlock) -> Iterator[tuple[str, Tensor]]:
    yield "ln1", block.attention_norm.weight
    yield "ln2", block.inner_norm.weight
    yield "attn_q", block.query.weight
    yield "attn_k", block.key.weight
    yield "attn_v", block.value.weight
    yield "attn_out", block.out.weight
    yield "ffn_gate", block.gate.weight
    yield "ffn_up", block.up.weight
    yield "ffn_down", block.down.weight


def tensors(eye: Eye, line_break: Tensor) -> Iterator[tuple[str, npt.NDArray[np.float32]]]:
    """Every tensor under its GGUF name (numpy order, the reverse of ggml's)."""
    s = eye.shape
    yield "v.patch_embd.weight", _array(eye.patch).reshape(s.width, 3, s.patch, s.patch)
    yield "v.pre_ln.weight", _array(eye.first_norm.weight)
    for i, block in enumerate(eye.blocks):
        for name, weight in _block(block):
            yield f"v.blk.{i}.{name}.weight", _array(weight)
    yield "mm.input_norm.weight", _array(eye.merge_norm.weight)
    yield "mm.patch_merger.weight", _array(eye.merge.weight)
    yield "mm.1.weight", _array(eye.lift.weight)
    yield "mm.1.bias", _array(eye.lift.bias)
    yield "mm.2.weight", _array(eye.speak.weight)
    yield "mm.2.bias", _array(eye.speak.bias)
    yield "v.token_embd.img_break", _array(line_break)


def export(eye: Eye, line_break: Tensor, path: Path) -> int:
    """Write the projector at `path`; vectors stay F32, matrices become F16. Returns bytes."""
    s = eye.shape
    writer = gguf.GGUFWriter(path, "clip")
    writer.add_type("mmproj")
    writer.add_name(NAME)
    writer.add_description(DESCRIPTION)
    writer.add_license("apache-2.0")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    writer.add_string("clip.projector_type", "pixtral")
    writer.add_bool("clip.has_vision_encoder", True)
    writer.add_bool("clip.use_silu", True)
    for key, value in {
        "embedding_length": s.width, "attention.head_count": s.heads, "feed_forward_length": s.inner,
        "block_count": s.layers, "projection_dim": eye.speak.out_features, "image_size": s.side,
        "patch_size": s.patch, "spatial_merge_size": s.merge,
    }.items():  # fmt: skip
        writer.add_uint32(f"clip.vision.{key}", value)
    writer.add_float32("clip.vision.attention.layer_norm_epsilon", s.norm_epsilon)
    writer.add_array("clip.vision.image_mean", list(s.mean))
    writer.add_array("clip.vision.image_std", list(s.deviation))
    writer.add_uint32("mistral_desk.image.min_tokens", s.least_tokens)
    writer.add_uint32("mistral_desk.image.max_tokens", s.most_tokens)
    writer.add_uint32("mistral_desk.image.side", s.side)
    writer.add_string("mistral_desk.image.pad", "square")
    for name, array in tensors(eye, line_break):
        writer.add_tensor(name, array if array.ndim == 1 else array.astype(np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path.stat().st_size
