"""Writes the trained model as a GGUF that llama.cpp loads as `mistral4`.

The key-value projection is split into the two absorbed halves here; metadata keys are those of llama.cpp.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import gguf
import numpy as np
import numpy.typing as npt

from .model import Attention, Block, Experts, TextModel
from .prompt import chat_template
from .tokenizer import BOS, EOS, PAD, SPECIALS, UNKNOWN, Vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import torch

    from .shape import Shape

NAME = "Guide (demonstration)"
DESCRIPTION = (
    "A small mixture-of-experts model that ships with Mistral Desk so that it answers before anything is "
    "downloaded. It explains the app and a few simple things, and says when it does not know."
)
Array = npt.NDArray[np.float32]


def _array(weight: torch.Tensor) -> Array:
    return np.ascontiguousarray(weight.detach().float().numpy())


def _attention(layer: Attention, shape: Shape) -> Iterator[tuple[str, Array]]:
    both = _array(layer.kv_b.weight).reshape(shape.heads, shape.nope + shape.value, shape.kv_rank)
    yield "attn_q_a", _array(layer.q_a.weight)
    yield "attn_q_a_norm", _array(layer.q_a_norm.weight)
    yield "attn_q_b", _array(layer.q_b.weight)
    yield "attn_kv_a_mqa", _array(layer.kv_a.weight)
    yield "attn_kv_a_norm", _array(layer.kv_a_norm.weight)
    yield "attn_k_b", np.ascontiguousarray(both[:, : shape.nope].transpose(0, 2, 1))
    yield "attn_v_b", np.ascontiguousarray(both[:, shape.nope :])
    yield "attn_output", _array(layer.out.weight)


def _experts(layer: Experts) -> Iterator[tuple[str, Array]]:
    yield "ffn_gate_inp", _array(layer.router.weight)
    yield "ffn_gate_exps", _array(layer.gate)
    yield "ffn_up_exps", _array(layer.up)
    yield "ffn_down_exps", _array(layer.down)
    yield "ffn_gate_shexp", _array(layer.shared_gate.weight)
    yield "ffn_up_shexp", _array(layer.shared_up.weight)
    yield "ffn_down_shexp", _array(layer.shared_down.weight)


def tensors(model: TextModel) -> Iterator[tuple[str, Array]]:
    """Every tensor under its GGUF name (numpy order, the reverse of ggml's)."""
    yield "token_embd.weight", _array(model.embedding.weight)
    yield "output_norm.weight", _array(model.norm.weight)
    yield "output.weight", _array(model.output.weight)
    for i, block in enumerate(model.blocks):
        assert isinstance(block, Block)
        rows = [("attn_norm", _array(block.attention_norm.weight)), ("ffn_norm", _array(block.experts_norm.weight))]
        rows += [*_attention(block.attention, model.shape), *_experts(block.experts)]
        for name, array in rows:
            yield f"blk.{i}.{name}.weight", array


def _metadata(writer: gguf.GGUFWriter, shape: Shape, vocabulary: Vocabulary, kind: str) -> None:
    writer.add_type("model")
    writer.add_name(NAME)
    writer.add_description(DESCRIPTION)
    writer.add_license("apache-2.0")
    writer.add_languages(["en", "fr", "de", "es"])
    writer.add_file_type(
        getattr(gguf.LlamaFileType, {"F32": "ALL_F32", "F16": "MOSTLY_F16"}.get(kind, f"MOSTLY_{kind}"))
    )
    writer.add_sampling_temp(0.1)
    writer.add_sampling_top_k(20)
    writer.add_sampling_top_p(0.95)
    writer.add_block_count(shape.layers)
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_feed_forward_length(shape.expert_width)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(1)
    writer.add_layer_norm_rms_eps(shape.norm_epsilon)
    writer.add_rope_freq_base(shape.rope_base)
    writer.add_rope_dimension_count(shape.rope)
    writer.add_vocab_size(shape.vocabulary)
    writer.add_leading_dense_block_count(0)
    writer.add_q_lora_rank(shape.query_rank)
    writer.add_kv_lora_rank(shape.kv_rank)
    writer.add_key_length(shape.kv_rank + shape.rope)
    writer.add_value_length(shape.kv_rank)
    writer.add_key_length_mla(shape.query_head)
    writer.add_value_length_mla(shape.value)
    writer.add_expert_count(shape.experts)
    writer.add_expert_used_count(shape.experts_used)
    writer.add_expert_shared_count(shape.experts_shared)
    writer.add_expert_feed_forward_length(shape.expert_width)
    writer.add_expert_weights_norm(True)  # llama.cpp takes false without a word when it is missing
    writer.add_expert_weights_scale(1.0)
    writer.add_expert_gating_func(gguf.ExpertGatingFuncType.SOFTMAX)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("tekken")
    writer.add_token_list(vocabulary.tokens)
    writer.add_token_merges(vocabulary.merges())
    types = [gguf.TokenType.CONTROL] * len(SPECIALS) + [gguf.TokenType.NORMAL] * len(vocabulary.ranks)
    writer.add_token_types(types)
    writer.add_bos_token_id(BOS)
    writer.add_eos_token_id(EOS)
    writer.add_unk_token_id(UNKNOWN)
    writer.add_pad_token_id(PAD)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_chat_template(chat_template())


def export(model: TextModel, vocabulary: Vocabulary, path: Path, kind: str = "Q8_0") -> int:
    """Write the model at `path` in `kind` (F32, F16 or Q8_0; norms and routers stay F32). Returns bytes."""
    writer = gguf.GGUFWriter(path, "mistral4")
    _metadata(writer, model.shape, vocabulary, kind)
    for name, array in tensors(model):
        if kind == "F32" or "norm" in name or "ffn_gate_inp" in name:
            writer.add_tensor(name, array)
        elif kind == "F16":
            writer.add_tensor(name, array.astype(np.float16))
        else:
            wanted = gguf.GGMLQuantizationType[kind]
            writer.add_tensor(name, gguf.quants.quantize(array, wanted), raw_dtype=wanted)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path.stat().st_size
