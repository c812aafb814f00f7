"""The training loop: counted in steps and seeded step by step, so that a run can stop, go on, and be repeated.

A step reads one batch whose content depends only on (seed, step); wall-clock never decides anything.
"""

from __future__ import annotations

import logging
import random
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as fn
from torch import Tensor

from .corpus import dialogue
from .optimiser import Muon
from .prompt import IGNORED, Encoder
from .tokenizer import PAD

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .model import TextModel

log = logging.getLogger(__name__)

LENGTHS: tuple[tuple[int, int, int, int], ...] = (
    # tokens in a row, rows, longest conversation in turns, share of steps in percent
    (128, 48, 2, 30),
    (256, 24, 4, 42),
    (512, 12, 6, 16),
    (1024, 6, 14, 7),
    (2048, 3, 30, 3),
    (4096, 2, 60, 2),
)
"""Long rows are rare but real: the context the model claims is the context it was trained on."""


@dataclass(frozen=True)
class Plan:
    """How long and how hard to train."""

    steps: int = 1800
    seed: int = 4
    matrix_rate: float = 0.02
    other_rate: float = 4e-3
    warm_up: int = 40
    balance_weight: float = 0.01
    save_every: int = 100


def rate(plan: Plan, step: int) -> float:
    """Share of the full learning rate: a short rise, a plateau of a third, then straight down to nothing."""
    rise = min(1.0, (step + 1) / plan.warm_up)
    fall = min(1.0, (plan.steps - step) / (plan.steps * 0.65))
    return rise * fall


def batch(encoder: Encoder, plan: Plan, step: int) -> tuple[Tensor, Tensor]:
    """Ids and targets [rows, length] of one step. Whole conversations are packed into rows, longest first."""
    rng = random.Random(f"{plan.seed}:{step}")
    length, rows, longest, _ = rng.choices(LENGTHS, [share for *_, share in LENGTHS])[0]
    free = [length] * rows
    ids: list[list[int]] = [[] for _ in range(rows)]
    targets: list[list[int]] = [[] for _ in range(rows)]
    misses = 0
    while misses < 40:
        one, wanted = encoder.encode(dialogue.sample(rng, longest if sum(free) > 0.3 * length * rows else 2))
        place = next((i for i in range(rows) if free[i] >= len(one)), None)
        if place is None:
            misses += 1
            continue
        ids[place] += one
        targets[place] += wanted
        free[place] -= len(one)
    for i, room in enumerate(free):
        ids[i] += [PAD] * room
        targets[i] += [IGNORED] * room
    return torch.tensor(ids), torch.tensor(targets)


def batches(encoder: Encoder, plan: Plan, start: int) -> Iterator[tuple[Tensor, Tensor]]:
    """The batches from `start` on; the next one is made while a step runs."""
    with ThreadPoolExecutor(1) as maker:
        coming = maker.submit(batch, encoder, plan, start)
        for step in range(start, plan.steps):
            ready = coming.result()
            if step + 1 < plan.steps:
                coming = maker.submit(batch, encoder, plan, step + 1)
            yield ready


def optimisers(model: TextModel, plan: Plan) -> list[torch.optim.Optimizer]:
    """Muon for attention and expert matrices; AdamW for embeddings, output, router and norms."""
    matrices: list[torch.nn.Parameter] = []
    others: list[torch.nn.Parameter] = []
    for name, weight in model.named_parameters():
        inner = weight.ndim >= 2 and name.startswith("blocks") and "router" not in name
        (matrices if inner else others).append(weight)
    return [
        Muon(matrices, lr=plan.matrix_rate, momentum=0.95, decay=0.1),
        torch.optim.AdamW(others, lr=plan.other_rate, betas=(0.9, 0.98), weight_decay=0.01),
    ]


def loss_of(model: TextModel, ids: Tensor, targets: Tensor) -> Tensor:
    """Mean cross-entropy over the learned positions only."""
    wanted = targets.reshape(-1) != IGNORED
    with torch.autocast("cpu", torch.bfloat16):
        states = model(ids).reshape(-1, model.shape.width)[wanted]
        logits = model.output(states)
    return fn.cross_entropy(logits.float(), targets.reshape(-1)[wanted])


def train(model: TextModel, encoder: Encoder, plan: Plan, folder: Path) -> None:
    """Train `model` in place; checkpoints and a log lie in `folder`. Goes on from the last checkpoint there."""
    makers = optimisers(model, plan)
    checkpoint = folder / "checkpoint.pt"
    start = 0
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(saved["model"])
        for maker, state in zip(makers, saved["optimisers"], strict=True):
            maker.load_state_dict(state)
        start = int(saved["step"])
        log.info("going on from step %d", start)
    bases = [[float(group["lr"]) for group in maker.param_groups] for maker in optimisers(model, plan)]
    began, read, mean = time.monotonic(), 0, 0.0
    for step, (ids, targets) in enumerate(batches(encoder, plan, start), start):
        for maker, base in zip(makers, bases, strict=True):
            for group, lr in zip(maker.param_groups, base, strict=True):
                group["lr"] = lr * rate(plan, step)
        loss = loss_of(model, ids, targets)
        (loss + plan.balance_weight * model.balance()).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for maker in makers:
            maker.step()
            maker.zero_grad(set_to_none=True)
        read += ids.numel()
        mean = loss.item() if step == start else 0.95 * mean + 0.05 * loss.item()
        if (step + 1) % 10 == 0:
            speed = read / (time.monotonic() - began)
            log.info("step %d loss %.4f balance %.3f tokens/s %.0f", step + 1, mean, model.balance().item(), speed)
        if (step + 1) % plan.save_every == 0 or step + 1 == plan.steps:
            state = {
                "model": model.state_dict(),
                "optimisers": [maker.state_dict() for maker in makers],
                "step": step + 1,
            }
            torch.save(state, folder / "checkpoint.new")
            (folder / "checkpoint.new").replace(checkpoint)
