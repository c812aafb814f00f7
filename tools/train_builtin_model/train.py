"""The training loop: counted in steps and seeded step by step, so that a run can stop, go on, and be repeated.

A step reads one batch whose content depends only on (seed, step); wall-clock never decides anything.
"""

from __future__ import annotations

import logging
import random
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as fn
from torch import Tensor

from .corpus import dialogue
from .optimiser import Muon
from .pictures import Seen
from .precision import mixed
from .prompt import IGNORED, Encoder
from .team import PARTS, Team
from .tokenizer import PAD

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from .corpus.scenes import Picture
    from .model import TextModel

log = logging.getLogger(__name__)

LENGTHS: tuple[tuple[int, int, int, int], ...] = (
    # tokens in a row, rows in each of the parts of a step, longest conversation in turns, share of steps in percent
    (128, 32, 2, 36),
    (256, 16, 4, 42),
    (512, 8, 6, 12),
    (1024, 4, 14, 6),
    (2048, 2, 30, 2),
    (4096, 1, 60, 2),
)
"""Long rows are rare but real: the context the model claims is the context it was trained on."""


Part = tuple[Tensor, Tensor, Seen | None]


@dataclass(frozen=True)
class Plan:
    """How long and how hard to train."""

    steps: int = 1800
    seed: int = 4
    matrix_rate: float = 0.02
    other_rate: float = 4e-3
    warm_up: int = 40
    balance_weight: float = 0.01
    save_every: int = 25
    practice: bool = False
    """Many pictures, and of the questions about them the hard ones."""


FALL = ((0.0, 1.0), (0.35, 1.0), (1.0, 0.0))
"""Where in a run (share of its steps) which share of the full learning rate is reached; straight lines between."""


def rate(plan: Plan, step: int) -> float:
    """Share of the full learning rate at this step: a short rise, a plateau, then down to nothing (`FALL`)."""
    rise = min(1.0, (step + 1) / plan.warm_up)
    done = step / plan.steps
    for (start, high), (end, low) in pairwise(FALL):
        if done < end:
            return rise * (high + (low - high) * (done - start) / (end - start))
    return 0.0


def batch(encoder: Encoder, plan: Plan, step: int, part: int) -> Part:
    """Ids and targets [rows, length] of one part of a step, and its pictures. Whole conversations fill the rows."""
    shares = [share for *_, share in LENGTHS]
    length, rows, longest, _ = random.Random(f"{plan.seed}:{step}").choices(LENGTHS, shares)[0]
    rng = random.Random(f"{plan.seed}:{step}:{part}")
    free = [length] * rows
    ids: list[list[int]] = [[] for _ in range(rows)]
    targets: list[list[int]] = [[] for _ in range(rows)]
    pictures: list[list[Picture]] = [[] for _ in range(rows)]
    misses = 0
    late = plan.practice or step >= plan.steps * 2 // 3
    while misses < 40:
        turns = longest if sum(free) > 0.3 * length * rows else 2
        talk = dialogue.sample(rng, turns, late, practice=plan.practice)
        one, wanted = encoder.encode(talk)
        place = next((i for i in range(rows) if free[i] >= len(one)), None)
        if place is None:
            misses += 1
            continue
        ids[place] += one
        targets[place] += wanted
        pictures[place] += [turn.picture for turn in talk.turns if turn.picture is not None]
        free[place] -= len(one)
    for i, room in enumerate(free):
        ids[i] += [PAD] * room
        targets[i] += [IGNORED] * room
    shown = [picture for row in pictures for picture in row]
    return torch.tensor(ids), torch.tensor(targets), Seen(shown, rng) if shown else None


def batches(encoder: Encoder, plan: Plan, start: int, parts: Sequence[int]) -> Iterator[list[Part]]:
    """The wanted parts of each step from `start` on; the next ones are made while a step runs."""

    def make(step: int) -> list[Part]:
        return [batch(encoder, plan, step, part) for part in parts]

    with ThreadPoolExecutor(1) as maker:
        coming = maker.submit(make, start)
        for step in range(start, plan.steps):
            ready = coming.result()
            if step + 1 < plan.steps:
                coming = maker.submit(make, step + 1)
            yield ready


def optimisers(model: TextModel, plan: Plan, team: Team) -> list[torch.optim.Optimizer]:
    """Muon for attention and expert matrices; AdamW for embeddings, output, router and norms."""
    matrices: list[torch.nn.Parameter] = []
    others: list[torch.nn.Parameter] = []
    for name, weight in model.named_parameters():
        inner = weight.ndim >= 2 and name.startswith("blocks") and "router" not in name
        (matrices if inner else others).append(weight)
    return [
        Muon(matrices, team, lr=plan.matrix_rate, momentum=0.95, decay=0.1),
        torch.optim.AdamW(others, lr=plan.other_rate, betas=(0.9, 0.98), weight_decay=0.01),
    ]


def loss_of(model: TextModel, ids: Tensor, targets: Tensor, pictures: Seen | None = None) -> Tensor:
    """Mean cross-entropy over the learned positions only."""
    wanted = targets.reshape(-1) != IGNORED
    with mixed():
        states = model(ids, pictures=pictures).reshape(-1, model.shape.width)[wanted]
        logits = model.output(states)
    return fn.cross_entropy(logits.float(), targets.reshape(-1)[wanted])


def resume(model: TextModel, makers: list[torch.optim.Optimizer], checkpoint: Path) -> int:
    """Load the checkpoint if there is one; returns the step to go on from."""
    if not checkpoint.exists():
        return 0
    saved = torch.load(checkpoint, weights_only=True)
    model.load_state_dict(saved["model"])
    for maker, state in zip(makers, saved["optimisers"], strict=True):
        maker.load_state_dict(state)
    log.info("going on from step %d", saved["step"])
    return int(saved["step"])


def save(model: TextModel, makers: list[torch.optim.Optimizer], step: int, checkpoint: Path) -> None:
    """Write the checkpoint, never half of one."""
    states = [maker.state_dict() for maker in makers]
    new = checkpoint.with_suffix(".new")
    torch.save({"model": model.state_dict(), "optimisers": states, "step": step}, new)
    new.replace(checkpoint)


def train(model: TextModel, encoder: Encoder, plan: Plan, folder: Path, team: Team) -> None:
    """Train `model` in place; checkpoints and a log lie in `folder`. Goes on from the last checkpoint there."""
    makers = optimisers(model, plan, team)
    bases = [[float(group["lr"]) for group in maker.param_groups] for maker in makers]
    weights = list(model.parameters())
    start = resume(model, makers, folder / "checkpoint.pt")
    began, read, mean = time.monotonic(), 0, 0.0
    for step, parts in enumerate(batches(encoder, plan, start, team.parts), start):
        for maker, base in zip(makers, bases, strict=True):
            for group, lr in zip(maker.param_groups, base, strict=True):
                group["lr"] = lr * rate(plan, step)
        now = 0.0
        for ids, targets, pictures in parts:
            loss = loss_of(model, ids, targets, pictures)
            ((loss + plan.balance_weight * model.balance()) / PARTS).backward()
            read += ids.numel() * team.size
            now += loss.item() / len(parts)
        team.add_gradients(weights)
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        for maker in makers:
            maker.step()
            maker.zero_grad(set_to_none=True)
        mean = now if step == start else 0.9 * mean + 0.1 * now
        if (step + 1) % 10 == 0 or step < start + 3:
            speed = read / (time.monotonic() - began)
            log.info("step %d loss %.4f balance %.3f tokens/s %.0f", step + 1, mean, model.balance().item(), speed)
        if team.rank == 0 and ((step + 1) % plan.save_every == 0 or step + 1 == plan.steps):
            save(model, makers, step + 1, folder / "checkpoint.pt")
