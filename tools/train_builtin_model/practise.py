"""After the training: some steps at a low rate with many pictures, so that what must be looked for is found.

`python -m tools.train_builtin_model.practise` trains in `practice/` in the work folder and writes
`practised/checkpoint.pt`, the mean of the weights before and after: it knew more of both, pictures and words, than
either (as "Model soups", arXiv:2203.05482, saw it of fine-tuned models). The codes stay as they are, so an eye that was
trained to write them goes on fitting.
"""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import sys
from pathlib import Path

# Before torch: spinning barriers make a busy machine ten times slower, sleeping ones cost nothing here.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "300")

import torch

from .model import TextModel
from .prompt import Encoder
from .shape import GUIDE
from .team import Team, recruit
from .tekken import read
from .train import Plan, train

ROOT = Path(__file__).resolve().parents[2]
STEPS = 400
GENTLE = 0.5
"""Share of the training's learning rates."""
SHARE = 0.5


def mean(before: Path, after: Path, share: float, out: Path) -> None:
    """Write the weights between two checkpoints: `share` of the later, the rest of the earlier."""
    first, last = (torch.load(path, weights_only=True)["model"] for path in (before, after))
    torch.save({"model": {name: torch.lerp(first[name], last[name], share) for name in first}}, out)


def main() -> int:
    """Practise; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.train_builtin_model.practise", description=__doc__)
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "builtin-model", help="folder of the text model")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--share", type=float, default=SHARE, help="of the practised weights (default %(default)s)")
    parser.add_argument("--workers", type=int, default=2, choices=(1, 2), help="processes of one thread each")
    parser.add_argument("--rank", type=int, default=0, help=argparse.SUPPRESS)
    choice = parser.parse_args()
    folder = choice.work / "practice"
    folder.mkdir(exist_ok=True)
    if choice.rank > 0:
        logging.disable(logging.INFO)  # rank 0 speaks for all
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stdout)
    torch.set_num_threads(1)
    meeting = folder / "meeting"
    others = []
    if choice.rank == 0:
        shutil.copyfile(choice.work / "tekken.json", folder / "tekken.json")
        meeting.unlink(missing_ok=True)
        if choice.workers > 1:
            others = recruit(sys.argv[1:], choice.workers, "tools.train_builtin_model.practise")
    usual = Plan()
    plan = Plan(
        steps=choice.steps, seed=usual.seed + 1, matrix_rate=usual.matrix_rate * GENTLE,
        other_rate=usual.other_rate * GENTLE, practice=True,
    )  # fmt: skip
    model = TextModel(GUIDE)
    model.load_state_dict(torch.load(choice.work / "checkpoint.pt", weights_only=True)["model"])
    model.pictures.requires_grad_(requires_grad=False)
    encoder = Encoder(read(choice.work / "tekken.json").encoder())
    train(model, encoder, plan, folder, Team(choice.rank, choice.workers, meeting))
    if choice.rank == 0:
        done = choice.work / "practised"
        done.mkdir(exist_ok=True)
        shutil.copyfile(choice.work / "tekken.json", done / "tekken.json")
        mean(choice.work / "checkpoint.pt", folder / "checkpoint.pt", choice.share, done / "checkpoint.pt")
    return max((other.wait() for other in others), default=0)


if __name__ == "__main__":
    sys.exit(main())
