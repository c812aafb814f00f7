"""Muon for the matrices, AdamW for the rest: with few steps, orthogonal updates learn several times faster.

torch.optim.Muon takes only 2-D weights one by one; here equal shapes (and stacked experts) go together.
Method: Keller Jordan, https://kellerjordan.github.io/posts/muon/ (five Newton-Schulz steps).
"""

# mypy: disable-error-code="misc,untyped-decorator,unused-ignore"
# (torch is not installed where the checks run, so its classes and decorators are Any there.)
from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from .precision import has_bfloat16

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .team import Team


def orthogonal(update: Tensor) -> Tensor:
    """The nearest (semi-)orthogonal matrices to a batch [n, rows, columns], roughly."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = update.bfloat16() if has_bfloat16() else update.float()
    tall = x.shape[-2] > x.shape[-1]
    if tall:
        x = x.mT
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(5):
        square = x @ x.mT
        x = a * x + (b * square + c * square @ square) @ x
    return x.mT if tall else x


class Muon(torch.optim.Optimizer):
    """Momentum, made orthogonal, for 2-D weights and 3-D stacks of them."""

    def __init__(
        self, weights: Iterable[torch.nn.Parameter], team: Team, lr: float, momentum: float, decay: float
    ) -> None:
        super().__init__(weights, {"lr": lr, "momentum": momentum, "decay": decay})
        self.team = team

    @torch.no_grad()
    def step(self, _closure: Any = None) -> None:  # type: ignore[override]  # no closure is ever given
        """One update."""
        for group in self.param_groups:
            by_shape: dict[tuple[int, int], list[torch.nn.Parameter]] = {}
            for weight in group["params"]:
                if weight.grad is not None:
                    by_shape.setdefault((weight.shape[-2], weight.shape[-1]), []).append(weight)
            for (rows, columns), weights in by_shape.items():
                updates = [self._momentum(weight, group["momentum"]) for weight in weights]
                flat = self._orthogonal(torch.cat([u.reshape(-1, rows, columns) for u in updates]))
                scale = max(1.0, rows / columns) ** 0.5
                start = 0
                for weight in weights:
                    count = weight.numel() // (rows * columns)
                    part = flat[start : start + count].view(weight.shape).to(weight.dtype)
                    start += count
                    weight.mul_(1 - group["lr"] * group["decay"]).add_(part, alpha=-group["lr"] * scale)

    def _orthogonal(self, updates: Tensor) -> Tensor:
        """Each worker does its share of the matrices; all get all of them."""
        out = torch.zeros_like(updates)
        mine = slice(self.team.rank, None, self.team.size)
        if len(updates[mine]):
            out[mine] = orthogonal(updates[mine]).to(out.dtype)
        self.team.add(out)
        return out

    def _momentum(self, weight: torch.nn.Parameter, momentum: float) -> Tensor:
        state = self.state[weight]
        grad = weight.grad
        assert grad is not None
        if "buffer" not in state:
            state["buffer"] = torch.zeros_like(grad)
        state["buffer"].lerp_(grad, 1 - momentum)
        return grad.lerp(state["buffer"], momentum)
