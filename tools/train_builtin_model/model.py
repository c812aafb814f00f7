"""The mistral4 block in PyTorch, written so that llama.cpp computes the very same numbers.

Interleaved RoPE pairs, scale 1/sqrt(nope+rope), softmax -> top-k -> renormalise; nothing absorbed here.
"""

# mypy: disable-error-code="misc,untyped-decorator,unused-ignore"
# (torch is not installed where the checks run, so its classes and decorators are Any there.)
from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as fn
from torch import Tensor, nn

from .pictures import PictureCodes, put
from .tokenizer import BOS

if TYPE_CHECKING:
    from .pictures import Seen
    from .shape import Shape


class Norm(nn.Module):
    """Root-mean-square norm with a learned gain. Shape kept."""

    def __init__(self, width: int, epsilon: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.epsilon = epsilon

    def forward(self, x: Tensor) -> Tensor:
        """Normed x."""
        return fn.rms_norm(x, (x.shape[-1],), self.weight.to(x.dtype), self.epsilon)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary position embedding on adjacent pairs of the last axis; x is [..., T, rope]."""
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), -1).flatten(-2)


def linear(inputs: int, outputs: int, gain: float = 1.0) -> nn.Linear:
    """A projection without bias, started at `gain` over the square root of its inputs."""
    layer = nn.Linear(inputs, outputs, bias=False)
    nn.init.normal_(layer.weight, std=gain / math.sqrt(inputs))
    return layer


SHORT = 256
"""Rows up to this length take the plain attention below: on one thread it is two to four times as fast there."""


def small_attention(query: Tensor, key: Tensor, value: Tensor, seen: Tensor) -> Tensor:
    """Attention with the whole table of scores in memory; [B, heads, T, head] -> [B, heads, T, value]."""
    batch, heads, length, width = query.shape
    rows = batch * heads
    scores = torch.baddbmm(
        seen,
        query.reshape(rows, length, width),
        key.reshape(rows, length, width).transpose(1, 2),
        alpha=1 / math.sqrt(width),
    )
    mixed = scores.softmax(-1) @ value.reshape(rows, length, -1)
    return mixed.view(batch, heads, length, -1)


def sight(ids: Tensor, heads: int, begin: int, dtype: torch.dtype) -> Tensor | None:
    """What each position of packed rows [B, T] may look at: its own conversation, up to itself.

    [B * heads, T, T] of 0 and -inf, or None where rows are too long for such a table.
    """
    length = ids.shape[1]
    if length > SHORT:
        return None
    which = (ids == begin).cumsum(1)
    apart = which[:, :, None] != which[:, None, :]
    later = torch.ones(length, length, dtype=torch.bool).triu(1)
    table = torch.zeros(apart.shape, dtype=dtype).masked_fill(apart | later, -math.inf)
    return table.repeat_interleave(heads, 0)


class Attention(nn.Module):
    """Multi-head latent attention, causal. [B, T, width] -> [B, T, width]."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        s = self.shape = shape
        self.q_a = linear(s.width, s.query_rank)
        self.q_a_norm = Norm(s.query_rank, s.norm_epsilon)
        self.q_b = linear(s.query_rank, s.heads * s.query_head)
        self.kv_a = linear(s.width, s.kv_rank + s.rope)
        self.kv_a_norm = Norm(s.kv_rank, s.norm_epsilon)
        self.kv_b = linear(s.kv_rank, s.heads * (s.nope + s.value))
        self.out = linear(s.heads * s.value, s.width, 0.3)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, seen: Tensor | None) -> Tensor:
        """Every position reads the ones before it; cos and sin are [T, rope/2].

        `seen` [B * heads, T, T] is 0 where a position may look and -inf elsewhere; None means all before it.
        """
        s = self.shape
        batch, length, _ = x.shape
        query = self.q_b(self.q_a_norm(self.q_a(x))).view(batch, length, s.heads, -1).transpose(1, 2)
        query_plain, query_turned = query.split([s.nope, s.rope], -1)
        latent, key_turned = self.kv_a(x).split([s.kv_rank, s.rope], -1)
        key_value = self.kv_b(self.kv_a_norm(latent)).view(batch, length, s.heads, -1).transpose(1, 2)
        key_plain, value = key_value.split([s.nope, s.value], -1)
        key_turned = rotate(key_turned[:, None], cos, sin).expand(-1, s.heads, -1, -1)
        query = torch.cat([query_plain, rotate(query_turned, cos, sin)], -1)
        key = torch.cat([key_plain, key_turned], -1)
        if seen is not None:
            mixed = small_attention(query, key, value, seen)
        else:
            # PyTorch's fused kernel wants equal head sizes; without the padding it falls back to a 3x slower path.
            padded = fn.pad(value, (0, s.query_head - s.value)).contiguous()
            mixed = fn.scaled_dot_product_attention(query, key, padded, is_causal=True)[..., : s.value]
        out: Tensor = self.out(mixed.transpose(1, 2).reshape(batch, length, -1))
        return out


class Experts(nn.Module):
    """Top-k of n routed experts plus one shared expert (SwiGLU each). Shape kept.

    `balance` holds the last forward's load-balancing loss (1.0 = perfectly even).
    """

    balance: Tensor

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        s = self.shape = shape
        inner = s.expert_width
        self.router = linear(s.width, s.experts, 0.5)
        self.gate = nn.Parameter(torch.randn(s.experts, inner, s.width) / math.sqrt(s.width))
        self.up = nn.Parameter(torch.randn(s.experts, inner, s.width) / math.sqrt(s.width))
        self.down = nn.Parameter(torch.randn(s.experts, s.width, inner) * 0.3 / math.sqrt(inner))
        self.shared_gate = linear(s.width, inner * s.experts_shared)
        self.shared_up = linear(s.width, inner * s.experts_shared)
        self.shared_down = linear(inner * s.experts_shared, s.width, 0.3)

    def forward(self, x: Tensor) -> Tensor:
        """Each row through its chosen experts and the shared one."""
        s = self.shape
        flat = x.reshape(-1, s.width)
        probability = fn.linear(flat.float(), self.router.weight.float()).softmax(-1)
        weight, chosen = probability.topk(s.experts_used, -1)
        weight = weight / weight.sum(-1, keepdim=True)
        if torch.is_autocast_enabled("cpu"):
            flat = flat.to(torch.get_autocast_dtype("cpu"))  # once, not once per expert
        out = self.shared_down(fn.silu(self.shared_gate(flat)) * self.shared_up(flat))
        # One sorted gather, one matmul per expert, one scatter: three times as fast as a loop over masks.
        order = chosen.reshape(-1).argsort()
        counts = torch.bincount(chosen.reshape(-1), minlength=s.experts).tolist()
        source = order // s.experts_used
        scale = weight.reshape(-1)[order, None].to(out.dtype)
        parts = [
            fn.linear(fn.silu(fn.linear(part, self.gate[e])) * fn.linear(part, self.up[e]), self.down[e])
            for e, part in enumerate(flat[source].split(counts))
        ]
        out = out.index_add(0, source, scale * torch.cat(parts).to(out.dtype))
        share = torch.tensor(counts, dtype=torch.float32) / len(order)
        self.balance = s.experts * (share * probability.mean(0)).sum()
        result: Tensor = out.view(x.shape)
        return result


class Block(nn.Module):
    """Attention and experts, each behind a norm and added to the stream."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.attention_norm = Norm(shape.width, shape.norm_epsilon)
        self.attention = Attention(shape)
        self.experts_norm = Norm(shape.width, shape.norm_epsilon)
        self.experts = Experts(shape)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, seen: Tensor | None) -> Tensor:
        """One step of the stream."""
        x = x + self.attention(self.attention_norm(x), cos, sin, seen)
        return x + self.experts(self.experts_norm(x))


class TextModel(nn.Module):
    """Embeddings, blocks, a last norm, and a separate output matrix.

    `hidden` takes embeddings, not ids, so that a projector can put picture tokens between the words.
    """

    cos: Tensor
    sin: Tensor

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.embedding = nn.Embedding(shape.vocabulary, shape.width)
        nn.init.normal_(self.embedding.weight, std=0.5)
        self.blocks = nn.ModuleList([Block(shape) for _ in range(shape.layers)])
        self.norm = Norm(shape.width, shape.norm_epsilon)
        self.output = linear(shape.width, shape.vocabulary, 0.3)
        self.pictures = PictureCodes(shape.width)
        inverse = shape.rope_base ** (-torch.arange(0, shape.rope, 2).float() / shape.rope)
        angle = torch.outer(torch.arange(shape.context).float(), inverse)
        self.register_buffer("cos", angle.cos(), persistent=False)
        self.register_buffer("sin", angle.sin(), persistent=False)

    def hidden(self, x: Tensor, seen: Tensor | None = None) -> Tensor:
        """[B, T, width] embeddings -> [B, T, width] normed states; `seen` as `sight` makes it."""
        length = x.shape[1]
        cos, sin = self.cos[:length].to(x.dtype), self.sin[:length].to(x.dtype)
        for block in self.blocks:
            x = block(x, cos, sin, seen)
        result: Tensor = self.norm(x)
        return result

    def forward(self, ids: Tensor, dtype: torch.dtype = torch.float32, pictures: Seen | None = None) -> Tensor:
        """[B, T] token ids -> [B, T, width] normed states; `output` turns the wanted ones into logits."""
        mixing = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else dtype
        words = self.embedding(ids)
        if pictures is not None:
            words = put(words, ids, pictures.codes(self.pictures))
        return self.hidden(words.to(dtype), sight(ids, self.shape.heads, BOS, mixing))

    def balance(self) -> Tensor:
        """Mean load-balancing loss of the last forward."""
        terms = [block.experts.balance for block in self.blocks if isinstance(block, Block)]
        return torch.stack(terms).mean()
