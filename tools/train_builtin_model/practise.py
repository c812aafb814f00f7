"""After the training: some steps at a low rate with many pictures, so that what must be looked for is found.

`python -m tools.train_builtin_model.practise` goes on from the shipped file and writes the mean of its weights before
and after: it knew more of both, pictures and words, than either (as "Model soups", arXiv:2203.05482, saw it of
fine-tuned models). The codes stay as they are, so an eye that was trained to write them goes on fitting.
"""

# mypy: disable-error-code="misc,untyped-decorator,unused-ignore"
# (torch is not installed where the checks run, so its classes and decorators are Any there.)
from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path

# Before torch: spinning barriers make a busy machine ten times slower, sleeping ones cost nothing here.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "300")

import torch

from .calibrate import calibrate
from .export import export
from .prompt import Encoder
from .reading import codes_of, text_model
from .team import Team, recruit
from .tekken import from_gguf
from .train import Plan, train

log = logging.getLogger(__name__)
ROOT = Path(__file__).resolve().parents[2]
STEPS = 350
GENTLE = 0.5
"""Share of the training's learning rates."""
SHARE = 0.6
SHIFT = 0.7
"""Calibration on top of what the file has already, in logits; see `calibrate`."""


def main() -> int:
    """Practise; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.train_builtin_model.practise", description=__doc__)
    parser.add_argument("--text", type=Path, default=ROOT / "resources" / "model" / "guide.gguf", help="the text model")
    parser.add_argument("--eye", type=Path, default=ROOT / "build" / "builtin-eye", help="where the codes are kept")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "builtin-practice", help="checkpoints and log")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "builtin-practice" / "guide.gguf")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--share", type=float, default=SHARE, help="of the practised weights (default %(default)s)")
    parser.add_argument("--shift", type=float, default=SHIFT, help="more calibration, in logits (default %(default)s)")
    parser.add_argument("--workers", type=int, default=2, choices=(1, 2), help="processes of one thread each")
    parser.add_argument("--rank", type=int, default=0, help=argparse.SUPPRESS)
    choice = parser.parse_args()
    choice.work.mkdir(parents=True, exist_ok=True)
    if choice.rank > 0:
        logging.disable(logging.INFO)  # rank 0 speaks for all
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stdout)
    torch.set_num_threads(1)
    meeting = choice.work / "meeting"
    others = []
    if choice.rank == 0 and choice.workers > 1:
        meeting.unlink(missing_ok=True)
        others = recruit(sys.argv[1:], choice.workers, "tools.train_builtin_model.practise")
    team = Team(choice.rank, choice.workers, meeting)
    words = from_gguf(choice.text)
    encoder = Encoder(words.encoder())
    model = text_model(choice.text)
    model.pictures.table.copy_(codes_of(model, encoder, team, choice.eye))
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    model.requires_grad_(requires_grad=True)
    model.pictures.requires_grad_(requires_grad=False)
    usual = Plan()
    plan = Plan(
        steps=choice.steps, seed=usual.seed + 1, matrix_rate=usual.matrix_rate * GENTLE,
        other_rate=usual.other_rate * GENTLE, practice=True,
    )  # fmt: skip
    train(model, encoder, plan, choice.work, team)
    if choice.rank == 0:
        after = model.state_dict()
        model.load_state_dict({name: torch.lerp(before[name], after[name], choice.share) for name in before})
        if choice.shift:
            calibrate(model, encoder, choice.shift)
        log.info("wrote %s, %.1f MB", choice.out.name, export(model, words, choice.out) / 1e6)
    return max((other.wait() for other in others), default=0)


if __name__ == "__main__":
    sys.exit(main())
