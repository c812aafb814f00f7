"""The one command: vocabulary, training, export.

`python -m tools.train_builtin_model --out resources/model/guide.gguf`
"""

from __future__ import annotations

import argparse
import logging
import os
import random
import sys
from pathlib import Path

# Before torch: spinning barriers make a busy machine ten times slower, sleeping ones cost nothing here.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "300")

import torch

from . import tekken, tokenizer
from .calibrate import SHIFT, calibrate
from .corpus import dialogue
from .export import export
from .model import TextModel
from .prompt import ID, Encoder, pieces
from .shape import GUIDE
from .team import Team, recruit
from .train import Plan, train

log = logging.getLogger(__name__)
ROOT = Path(__file__).resolve().parents[2]
VOCABULARY_DIALOGUES = 12_000


def vocabulary(folder: Path, seed: int) -> tokenizer.Vocabulary:
    """The vocabulary learned from the corpus, made once and kept in `folder`."""
    path = folder / "tekken.json"
    if not path.exists():
        rng = random.Random(f"vocabulary:{seed}")
        dialogues = (dialogue.sample(rng) for _ in range(VOCABULARY_DIALOGUES))
        texts = (text for one in dialogues for text, _ in pieces(one) if text not in ID)
        tekken.write(tokenizer.train(texts, GUIDE.vocabulary), path)
    return tekken.read(path)


def main() -> int:
    """Train and export; returns the exit status."""
    plan = Plan()
    parser = argparse.ArgumentParser(prog="python -m tools.train_builtin_model", description=__doc__)
    parser.add_argument("--steps", type=int, default=plan.steps, help="training steps (default %(default)s)")
    parser.add_argument("--seed", type=int, default=plan.seed)
    parser.add_argument("--workers", type=int, default=2, choices=(1, 2), help="processes of one thread each")
    parser.add_argument("--rank", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "builtin-model", help="checkpoints and log")
    parser.add_argument("--out", type=Path, default=ROOT / "resources" / "model" / "guide.gguf")
    parser.add_argument("--kind", default="Q8_0", choices=("F32", "F16", "Q8_0"))
    parser.add_argument("--export-only", action="store_true", help="export the last checkpoint, train nothing")
    choice = parser.parse_args()
    choice.work.mkdir(parents=True, exist_ok=True)
    choice.out.parent.mkdir(parents=True, exist_ok=True)
    if choice.rank > 0:
        logging.disable(logging.INFO)  # rank 0 speaks for all
    handlers: list[logging.Handler] = [
        logging.StreamHandler(sys.stdout),
        logging.FileHandler(choice.work / "train.log", encoding="utf-8"),
    ]
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", handlers=handlers)
    torch.set_num_threads(1)
    torch.manual_seed(choice.seed)
    words = vocabulary(choice.work, choice.seed)
    model = TextModel(GUIDE)
    log.info("%d parameters, %d tokens", sum(w.numel() for w in model.parameters()), words.size)
    if choice.export_only:
        model.load_state_dict(torch.load(choice.work / "checkpoint.pt", weights_only=True)["model"])
    else:
        meeting = choice.work / "meeting"
        others = []
        if choice.rank == 0 and choice.workers > 1:
            meeting.unlink(missing_ok=True)
            others = recruit(sys.argv[1:], choice.workers)
        team = Team(choice.rank, choice.workers, meeting)
        train(model, Encoder(words.encoder()), Plan(steps=choice.steps, seed=choice.seed), choice.work, team)
        if choice.rank > 0:
            return 0
        for other in others:
            other.wait()
    calibrate(model, Encoder(words.encoder()), SHIFT)
    size = export(model, words, choice.out, choice.kind)
    log.info("wrote %s, %.1f MB", choice.out.name, size / 1e6)
    return 0


if __name__ == "__main__":
    sys.exit(main())
