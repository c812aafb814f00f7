"""Two processes with one thread each instead of one with two: they meet once a step, not at every operation.

On a busy machine threads wait for each other at each of thousands of barriers; this is several times faster there.
"""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import torch
import torch.distributed as dist

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PARTS = 2
"""A step is always made of this many parts, whoever computes them, so a run does not depend on the workers."""


class Team:
    """The workers of one training run. With one worker every call is a no-op."""

    def __init__(self, rank: int, size: int, meeting: Path) -> None:
        self.rank = rank
        self.size = size
        if size > 1:
            dist.init_process_group("gloo", init_method=meeting.resolve().as_uri(), rank=rank, world_size=size)

    @property
    def parts(self) -> range:
        """The parts of each step that this worker computes."""
        return range(self.rank, PARTS, self.size)

    def add(self, tensor: torch.Tensor) -> None:
        """Replace `tensor` by its sum over all workers."""
        if self.size > 1:
            dist.all_reduce(tensor)

    def add_gradients(self, weights: Sequence[torch.nn.Parameter]) -> None:
        """Sum every gradient over all workers, in one message."""
        if self.size == 1:
            return
        grads = [w.grad if w.grad is not None else torch.zeros_like(w) for w in weights]
        flat = torch.cat([grad.reshape(-1) for grad in grads])
        dist.all_reduce(flat)
        start = 0
        for weight in weights:
            weight.grad = flat[start : start + weight.numel()].view_as(weight)
            start += weight.numel()


def recruit(
    arguments: Sequence[str], size: int, program: str = "tools.train_builtin_model"
) -> list[subprocess.Popen[bytes]]:
    """Start the other workers of the program with the same arguments."""
    command = [sys.executable, "-m", program, *arguments]
    return [subprocess.Popen([*command, "--rank", str(rank)]) for rank in range(1, size)]
