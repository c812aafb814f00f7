"""The vision tower and projector in PyTorch, written so that llama.cpp's `pixtral` computes the very same numbers.

Two-axis RoPE on adjacent pairs, no causal mask, a norm before block 0, SwiGLU, merging by `unfold`, tanh GELU.
"""

# mypy: disable-error-code="misc,untyped-decorator,unused-ignore"
# (torch is not installed where the checks run, so its classes and decorators are Any there.)
from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as fn
from torch import Tensor, nn

from .model import Norm, linear, rotate

if TYPE_CHECKING:
    from .shape import EyeShape


class EyeBlock(nn.Module):
    """Attention of every patch to every patch, and SwiGLU. [B, patches, width] kept."""

    def __init__(self, shape: EyeShape) -> None:
        super().__init__()
        s = self.shape = shape
        self.attention_norm = Norm(s.width, s.norm_epsilon)
        self.query = linear(s.width, s.width)
        self.key = linear(s.width, s.width)
        self.value = linear(s.width, s.width)
        self.out = linear(s.width, s.width, 0.3)
        self.inner_norm = Norm(s.width, s.norm_epsilon)
        self.gate = linear(s.width, s.inner)
        self.up = linear(s.width, s.inner)
        self.down = linear(s.inner, s.width, 0.3)

    def forward(self, x: Tensor, turns: tuple[Tensor, Tensor, Tensor, Tensor]) -> Tensor:
        """One step of the stream; `turns` are cos and sin by row, then by column, [patches, head / 4] each."""
        batch, patches, _ = x.shape
        y = self.attention_norm(x)
        query, key, value = (
            part(y).view(batch, patches, self.shape.heads, -1).transpose(1, 2)
            for part in (self.query, self.key, self.value)
        )
        # For a hundred patches the whole table of scores in memory is several times as fast as the fused kernel.
        scores = (_placed(query, turns) * query.shape[-1] ** -0.5) @ _placed(key, turns).transpose(-1, -2)
        mixed = scores.softmax(-1).to(value.dtype) @ value
        x = x + self.out(mixed.transpose(1, 2).reshape(batch, patches, -1))
        y = self.inner_norm(x)
        return x + self.down(fn.silu(self.gate(y)) * self.up(y))


def _placed(x: Tensor, turns: tuple[Tensor, Tensor, Tensor, Tensor]) -> Tensor:
    """The first half of each head turned by the row, the second by the column."""
    half = x.shape[-1] // 2
    row_cos, row_sin, column_cos, column_sin = (turn.to(x.dtype) for turn in turns)
    return torch.cat([rotate(x[..., :half], row_cos, row_sin), rotate(x[..., half:], column_cos, column_sin)], -1)


class Eye(nn.Module):
    """Pixels of a square to one embedding for each two by two patches, in the text model's width."""

    row_cos: Tensor
    row_sin: Tensor
    column_cos: Tensor
    column_sin: Tensor

    def __init__(self, shape: EyeShape, text_width: int) -> None:
        super().__init__()
        s = self.shape = shape
        self.patch = nn.Parameter(torch.randn(s.width, 3 * s.patch**2) / math.sqrt(3 * s.patch**2))
        self.first_norm = Norm(s.width, s.norm_epsilon)
        self.blocks = nn.ModuleList([EyeBlock(s) for _ in range(s.layers)])
        self.merge_norm = Norm(s.width, s.norm_epsilon)
        self.merge = linear(s.width * s.merge**2, s.width)
        self.lift = nn.Linear(s.width, text_width)
        self.speak = nn.Linear(text_width, text_width)
        grid = s.side // s.patch
        place = torch.arange(grid * grid)
        half = s.width // s.heads // 2
        speeds = s.rope_base ** (-torch.arange(0, half, 2).float() / half)
        by_row = torch.outer((place // grid).float(), speeds)
        # llama.cpp: the columns take the frequencies in between
        by_column = torch.outer((place % grid).float(), speeds * s.rope_base ** (-1 / half))
        for name, table in {
            "row_cos": by_row.cos(), "row_sin": by_row.sin(),
            "column_cos": by_column.cos(), "column_sin": by_column.sin(),
        }.items():  # fmt: skip
            self.register_buffer(name, table, persistent=False)

    def light(self, pixels: Tensor) -> Tensor:
        """[B, side, side, 3] bytes -> [B, patches, 3 * patch * patch] normalised values, colour first."""
        s = self.shape
        mean, deviation = (torch.tensor(three).view(1, 3, 1, 1) for three in (s.mean, s.deviation))
        planes = (pixels.permute(0, 3, 1, 2).float() / 255 - mean) / deviation
        return fn.unfold(planes, s.patch, stride=s.patch).transpose(1, 2)

    def inside(self, pixels: Tensor) -> Tensor:
        """[B, side, side, 3] bytes -> [B, cells, text width], before the last projection."""
        s = self.shape
        x = self.first_norm(self.light(pixels) @ self.patch.T)
        turns = (self.row_cos, self.row_sin, self.column_cos, self.column_sin)
        for block in self.blocks:
            x = block(x, turns)
        grid = s.side // s.patch
        planes = self.merge_norm(x).transpose(1, 2).reshape(len(x), s.width, grid, grid)
        merged = self.merge(fn.unfold(planes, s.merge, stride=s.merge).transpose(1, 2))
        return fn.gelu(self.lift(merged), approximate="tanh")

    def forward(self, pixels: Tensor) -> Tensor:
        """[B, side, side, 3] bytes -> [B, cells, text width]: the embeddings between the row breaks."""
        result: Tensor = self.speak(self.inside(pixels))
        return result
