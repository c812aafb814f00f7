"""Trains the eye for the shipped text model, which stays as it is: first to see, then to say it in codes, then both.

`python -m tools.train_builtin_model.train_eye` goes on from its last checkpoint; steps and seeds decide everything.
"""

# mypy: disable-error-code="misc,untyped-decorator,unused-ignore"
# (torch is not installed where the checks run, so its classes and decorators are Any there.)
from __future__ import annotations

import argparse
import logging
import os
import random
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

# Before torch: spinning barriers make a busy machine ten times slower, sleeping ones cost nothing here.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "300")

import numpy as np
import torch
import torch.nn.functional as fn
from torch import Tensor, nn

from . import retina
from .corpus.scenes import DIGITS, ROW, SIDE, Picture
from .drawings import Manner
from .export_eye import BREAK, export
from .eye import Eye
from .optimiser import Muon
from .precision import mixed
from .prompt import IGNORED, Encoder
from .reading import codes_of, conversations, text_model
from .seeing import Heads, insight, seeing_loss
from .shape import EYE, GUIDE
from .team import PARTS, Team, recruit
from .tekken import from_gguf

if TYPE_CHECKING:
    import subprocess

    from .model import TextModel
    from .pictures import PictureCodes

log = logging.getLogger(__name__)
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Plan:
    """How long and how hard to train each of the three stages."""

    see: int = 2800
    say: int = 1000
    talk: int = 210
    batch: int = 32
    seed: int = 4
    matrix_rate: float = 0.012
    other_rate: float = 2e-3
    say_rate: float = 0.35
    talk_rate: float = 0.15
    pools: int = 30
    pool_size: int = 2000
    save_every: int = 100


class Album:
    """All pools as one; draws batches, some drawings mirrored (never digits)."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        paths = [folder / f"{i:03}.npy" for i in range(plan.pools)]
        self.pools = [retina.read(path) for path in paths]
        self.plan = plan

    def batch(self, step: int, part: int = 0) -> tuple[Tensor, Tensor, list[Picture]]:
        """Pixels [B, side, side, 3], code weights [B, cells, factors] and scenes of one part of a step."""
        rng = random.Random(f"album:{self.plan.seed}:{step}:{part}")
        pixels, told, scenes = [], [], []
        for _ in range(self.plan.batch // PARTS):
            pool = rng.choice(self.pools)
            i = rng.randrange(len(pool.pictures))
            shown, weights, picture = pool.pixels[i], pool.weights[i], pool.pictures[i]
            digit = any(thing.kind in DIGITS for thing in picture.things)
            if not digit and rng.random() < 0.5:
                shown = shown[:, ::-1]
                weights = weights.reshape(SIDE, SIDE, -1)[:, ::-1].reshape(SIDE * SIDE, -1)
                picture = mirrored(picture)
            pixels.append(np.ascontiguousarray(shown))
            told.append(weights)
            scenes.append(picture)
        return torch.from_numpy(np.stack(pixels)), torch.from_numpy(np.stack(told)).float(), scenes


def mirrored(picture: Picture) -> Picture:
    """Left and right exchanged, in reading order again."""
    things = [type(thing)(thing.kind, thing.colour, 1 - thing.x, thing.y, thing.r) for thing in picture.things]
    return Picture(tuple(sorted(things, key=lambda thing: thing.cell)), picture.familiar)


@torch.no_grad()
def whiten(eye: Eye, album: Album) -> None:
    """Start the patches as principal components of real ones; else the ground's brightness drowns every edge."""
    patches = torch.cat([eye.light(album.batch(-1 - i)[0]).reshape(-1, eye.patch.shape[1]) for i in range(20)])
    patches = patches[patches.std(1) > 0.05]
    values, vectors = torch.linalg.eigh(patches.T @ patches / len(patches))
    width = eye.shape.width
    values, vectors = values.flip(0)[:width], vectors.flip(1)[:, :width]
    eye.patch.copy_((vectors / (values + values[width // 2]).sqrt()).T)


def optimisers(work: Work, scale: float) -> list[torch.optim.Optimizer]:
    """Muon for the matrices of the tower and the projector, AdamW for the rest."""
    matrices = [w for name, w in work.eye.named_parameters() if w.ndim == 2 and name != "patch"]
    known = {id(w) for w in matrices}
    others = [w for w in [*work.eye.parameters(), *work.heads.parameters()] if id(w) not in known]
    return [
        Muon(matrices, work.team, lr=work.plan.matrix_rate * scale, momentum=0.95, decay=0.02),
        torch.optim.AdamW(others, lr=work.plan.other_rate * scale, betas=(0.9, 0.98), weight_decay=0.02),
    ]


def code_loss(eye_cells: Tensor, told: Tensor, codes: PictureCodes) -> Tensor:
    """Squared distance to the codes of what the drawing shows, as a share of the codes' own; centres count more."""
    with torch.no_grad():
        wanted = codes(told)
    heavy = 1 + 3 * told[..., ROW["centre"]]
    each = (eye_cells.float() - wanted).square().mean(-1) / wanted.square().mean(-1)
    return (each * heavy).sum() / heavy.sum()


@torch.no_grad()
def first_words(eye: Eye, album: Album, codes: PictureCodes) -> None:
    """Set the last projection to the least-squares way from what the eye has inside to the codes."""
    width = eye.speak.in_features
    square, cross = torch.zeros(width + 1, width + 1), torch.zeros(width + 1, eye.speak.out_features)
    for i in range(40):
        pixels, told, _ = album.batch(-1 - i)
        inside = eye.inside(pixels).float().reshape(-1, width)
        inside = torch.cat([inside, torch.ones(len(inside), 1)], 1)
        square += inside.T @ inside
        cross += inside.T @ codes(told).reshape(-1, cross.shape[1])
    answer = torch.linalg.solve(square + 1e-3 * square.diagonal().mean() * torch.eye(width + 1), cross)
    eye.speak.weight.copy_(answer[:width].T)
    eye.speak.bias.copy_(answer[width])


@dataclass(frozen=True)
class Looked:
    """Picture tokens that an eye made, for the text model: takes the place of invented ones."""

    cells: Tensor

    def codes(self, _codes: PictureCodes) -> Tensor:
        """[n, width] in the order of the [IMG] tokens."""
        return self.cells.reshape(-1, self.cells.shape[-1])


def talking_loss(text: TextModel, ids: Tensor, targets: Tensor, cells: Tensor) -> Tensor:
    """The language loss of the frozen text model with what the eye shows it."""
    wanted = targets.reshape(-1) != IGNORED
    with mixed():
        states = text(ids, pictures=Looked(cells)).reshape(-1, text.shape.width)[wanted]
        logits = text.output(states)
    return fn.cross_entropy(logits.float(), targets.reshape(-1)[wanted])


@dataclass
class Work:
    """What a stage needs. `text` and `encoder` are None in the first one."""

    eye: Eye
    heads: Heads
    album: Album
    held: retina.Pool
    plan: Plan
    team: Team
    text: TextModel | None = None
    encoder: Encoder | None = None


def loss_of(work: Work, stage: str, step: int, part: int) -> Tensor:
    """The loss of one part of a step of a stage."""
    pixels, told, scenes = work.album.batch({"see": 0, "say": 10**6, "talk": 2 * 10**6}[stage] + step, part)
    with mixed():
        inside = work.eye.inside(pixels)
        seeing = seeing_loss(work.heads, inside, told)
        if stage == "see":
            return seeing
        cells = work.eye.speak(inside).float()
    assert work.text is not None
    spoken = code_loss(cells, told, work.text.pictures)
    if stage == "say":
        return spoken + 0.3 * seeing
    assert work.encoder is not None
    ids, targets = conversations(work.encoder, scenes, random.Random(f"talk:{work.plan.seed}:{step}:{part}"))
    return talking_loss(work.text, ids, targets, cells) + 0.5 * spoken + 0.05 * seeing


def train(work: Work, stage: str, steps: int, scale: float, checkpoint: Path) -> None:
    """One stage in place, from its checkpoint if there is one."""
    makers = optimisers(work, scale)
    weights = [*work.eye.parameters(), *work.heads.parameters()]
    bases = [[float(group["lr"]) for group in maker.param_groups] for maker in makers]
    start = 0
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        work.eye.load_state_dict(saved["eye"])
        work.heads.load_state_dict(saved["heads"])
        for maker, state in zip(makers, saved["optimisers"], strict=True):
            maker.load_state_dict(state)
        start = int(saved["step"])
    began, spent, mean = time.monotonic(), time.process_time(), 0.0
    for step in range(start, steps):
        share = min(1.0, (step + 1) / 60) * min(1.0, 1.25 * (1 - step / steps)) + 0.01
        for maker, base in zip(makers, bases, strict=True):
            for group, lr in zip(maker.param_groups, base, strict=True):
                group["lr"] = lr * share
        now = 0.0
        for part in work.team.parts:
            loss = loss_of(work, stage, step, part)
            (loss / PARTS).backward()
            now += loss.item() / len(work.team.parts)
        work.team.add_gradients(weights)
        nn.utils.clip_grad_norm_(weights, 1.0)
        for maker in makers:
            maker.step()
            maker.zero_grad(set_to_none=True)
        mean = now if step == start else 0.97 * mean + 0.03 * now
        if work.team.rank == 0 and ((step + 1) % work.plan.save_every == 0 or step + 1 == steps):
            states = [maker.state_dict() for maker in makers]
            new = checkpoint.with_suffix(".new")
            whole = {"eye": work.eye.state_dict(), "heads": work.heads.state_dict(), "optimisers": states}
            torch.save({**whole, "step": step + 1}, new)
            new.replace(checkpoint)
            log.info(
                "%s %d loss %.4f, %.0f s (%.0f s of one core): %s", stage, step + 1, mean,
                time.monotonic() - began, time.process_time() - spent, insight(work.eye, work.heads, work.held),
            )  # fmt: skip


def draw_pools(folder: Path, plan: Plan) -> None:
    """Make the pools that are missing, two at a time."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = [i for i in range(plan.pools) if not (folder / f"{i:03}.npy").exists()]
    if not missing:
        return
    with ProcessPoolExecutor(2) as workers:
        list(workers.map(_draw, missing, [plan.pool_size] * len(missing), [folder] * len(missing)))


def _draw(i: int, size: int, folder: Path) -> None:
    retina.store(retina.fill(f"train:{i}", size, Manner()), folder / f"{i:03}.npy")


def main() -> int:
    """Draw, train what is not trained yet; returns the exit status."""
    plan = Plan()
    parser = argparse.ArgumentParser(prog="python -m tools.train_builtin_model.train_eye", description=__doc__)
    parser.add_argument("--text", type=Path, default=ROOT / "resources" / "model" / "guide.gguf", help="the text model")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "builtin-eye", help="drawings, checkpoints, log")
    parser.add_argument("--out", type=Path, default=ROOT / "resources" / "model" / "guide-mmproj.gguf")
    parser.add_argument("--see", type=int, default=plan.see, help="steps of the first stage (default %(default)s)")
    parser.add_argument("--say", type=int, default=plan.say, help="steps of the second (default %(default)s)")
    parser.add_argument("--talk", type=int, default=plan.talk, help="steps of the third (default %(default)s)")
    parser.add_argument("--pools", type=int, default=plan.pools, help="times 2,000 drawings (default %(default)s)")
    parser.add_argument("--only-see", action="store_true", help="stop after the stage that needs no text model")
    parser.add_argument("--workers", type=int, default=2, choices=(1, 2), help="processes of one thread each")
    parser.add_argument("--rank", type=int, default=0, help=argparse.SUPPRESS)
    choice = parser.parse_args()
    plan = Plan(see=choice.see, say=choice.say, talk=choice.talk, pools=choice.pools)
    choice.work.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(message)s",
        handlers=[logging.StreamHandler(sys.stdout), logging.FileHandler(choice.work / "eye.log", encoding="utf-8")],
    )  # fmt: skip
    torch.set_num_threads(1)
    torch.manual_seed(plan.seed)
    draw_pools(choice.work / "pool", plan)
    meeting = choice.work / "meeting"
    others = []
    if choice.rank == 0 and choice.workers > 1:
        meeting.unlink(missing_ok=True)
        others = recruit(sys.argv[1:], choice.workers, __spec__.name)
    elif choice.rank > 0:
        logging.disable(logging.INFO)  # rank 0 speaks for all
    album = Album(choice.work / "pool", plan)
    held = retina.fill("held", 600, Manner())
    eye, heads = Eye(EYE, GUIDE.width), Heads(GUIDE.width)
    work = Work(eye, heads, album, held, plan, Team(choice.rank, choice.workers, meeting))
    log.info("%d parameters, %d drawings", sum(w.numel() for w in eye.parameters()), plan.pools * plan.pool_size)
    whiten(eye, album)
    train(work, "see", plan.see, 1.0, choice.work / "see.pt")
    if choice.only_see:
        return _ended(others)
    text, encoder = text_model(choice.text), Encoder(from_gguf(choice.text).encoder())
    text.pictures.table.copy_(codes_of(text, encoder, work.team, choice.work))
    work.text, work.encoder = text, encoder
    first_words(eye, album, text.pictures)
    train(work, "say", plan.say, plan.say_rate, choice.work / "say.pt")
    train(work, "talk", plan.talk, plan.talk_rate, choice.work / "talk.pt")
    if choice.rank == 0:
        size = export(eye, text.embedding.weight[BREAK], choice.out)
        log.info("wrote %s, %.1f MB", choice.out.name, size / 1e6)
    return _ended(others)


def _ended(others: list[subprocess.Popen[bytes]]) -> int:
    """Wait for the other workers; the exit status."""
    return max((other.wait() for other in others), default=0)


if __name__ == "__main__":
    sys.exit(main())
