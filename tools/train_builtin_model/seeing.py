"""What a cell of a picture shows, read off the eye by one matrix: the first stage's loss, and how well it goes."""

# mypy: disable-error-code="misc,untyped-decorator,unused-ignore"
# (torch is not installed where the checks run, so its classes and decorators are Any there.)
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as fn
from torch import Tensor, nn

from .corpus.scenes import COLOURS, DIGITS, KINDS, ROW, SIDE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .eye import Eye
    from .retina import Pool

SIZES = ("small", "big")
COUNTS = ("one", "two", "three", "four")
GROUPS = (KINDS, COLOURS, SIZES, COUNTS)
"""Factors of which a cell has mostly one or none."""


class Heads(nn.Module):
    """What a cell shows, read off the eye's inside by one matrix; thrown away after training."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.read = nn.Linear(width, sum(len(group) + 1 for group in GROUPS) + 2)

    def forward(self, cells: Tensor) -> list[Tensor]:
        """[..., width] -> logits of each group (none comes last), of a centre and of the unfamiliar."""
        sizes = [*(len(group) + 1 for group in GROUPS), 1, 1]
        parts: Sequence[Tensor] = self.read(fn.rms_norm(cells, (cells.shape[-1],))).split(sizes, -1)
        return list(parts)


def group_targets(told: Tensor, group: Sequence[str]) -> Tensor:
    """[..., factors] -> [..., len(group) + 1] shares that sum to one; what is missing is none."""
    share = told[..., [ROW[factor] for factor in group]]
    total = share.sum(-1, keepdim=True)
    return torch.cat([share / total.clamp(min=1), (1 - total).clamp(min=0)], -1)


def seeing_loss(heads: Heads, cells: Tensor, told: Tensor) -> Tensor:
    """How far the heads are from what the drawing shows; centres count four times."""
    parts = heads(cells)
    centre, strange = told[..., ROW["centre"]], told[..., ROW["unfamiliar"]]
    heavy = 1 + 3 * centre
    loss = torch.zeros(())
    for logits, group, weight in zip(parts, GROUPS, (1.0, 1.0, 0.2, 0.5), strict=False):
        each = -(group_targets(told, group) * logits.float().log_softmax(-1)).sum(-1)
        loss = loss + weight * (each * heavy).mean()
    loss = loss + fn.binary_cross_entropy_with_logits(parts[-2][..., 0].float(), centre, pos_weight=torch.tensor(3.0))
    return loss + 0.5 * fn.binary_cross_entropy_with_logits(parts[-1][..., 0].float(), strange)


@torch.no_grad()
def insight(eye: Eye, heads: Heads, held: Pool) -> str:
    """How well the heads read held-out drawings, in percent."""
    hits: dict[str, list[bool]] = {}
    for start in range(0, len(held.pictures), 100):
        parts = heads(eye.inside(torch.from_numpy(np.array(held.pixels[start : start + 100]))))
        kind, colour, count = (parts[i].argmax(-1) for i in (0, 1, 3))
        spots = parts[-2][..., 0] > 0
        strange = parts[-1][..., 0].mean(1) > 0
        for i, picture in enumerate(held.pictures[start : start + 100]):
            hits.setdefault("strange" if not picture.familiar else "familiar", []).append(
                bool(strange[i]) != picture.familiar
            )
            if not picture.familiar:
                continue
            cells = [thing.cell[0] * SIDE + thing.cell[1] for thing in picture.things]
            hits.setdefault("centres", []).append(spots[i].nonzero()[:, 0].tolist() == cells)
            for thing, cell in zip(picture.things, cells, strict=True):
                right = KINDS[min(int(kind[i, cell]), len(KINDS) - 1)] == thing.kind
                hits.setdefault("digit" if thing.kind in DIGITS else "shape", []).append(right)
                hits.setdefault("colour", []).append(int(colour[i, cell]) == COLOURS.index(thing.colour))
                hits.setdefault("count", []).append(int(count[i, cell]) == len(cells) - 1)
    return " ".join(f"{name} {100 * sum(found) / len(found):.1f}" for name, found in sorted(hits.items()))
