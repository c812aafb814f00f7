"""Moves the point at which the model declines: in doubt it shall rather say that it does not know.

Declining begins with its own tokens ("I am only", in a thought "I did"). Their rows in the output matrix get a little
more of the direction in which the states of just those places lie; everything else stays as it was trained, answers
about pictures too, which may begin with the same word ("I see no star."). How much (`shift`, in logits) is one number,
chosen on questions drawn with another seed than those of the report.
"""

# mypy: disable-error-code="misc,untyped-decorator,unused-ignore"
# (torch is not installed where the checks run, so its classes and decorators are Any there.)
from __future__ import annotations

import argparse
import random
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from . import tekken
from .corpus import dialogue, unknown
from .evaluate import IN_SCOPE, drawn, shape
from .export import export
from .model import TextModel
from .pictures import Seen
from .prompt import ID, Encoder, pieces
from .shape import GUIDE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from .corpus.dialogue import Effort
    from .corpus.wording import Exchange, Split

SHIFT = 0.8
RIDGE = 1e-2
"""Share of the mean square of the states that keeps the direction small where few examples speak."""


@dataclass(frozen=True)
class Place:
    """One token of declining, and what stands before it in an answer (special tokens by their names)."""

    effort: Effort
    before: tuple[str, ...]
    token: str


PLACES = (
    Place("none", (), "I"),
    Place("none", ("I", " am"), " only"),
    Place("high", ("[THINK]",), "I"),
    Place("high", ("[THINK]", "I"), " did"),
)


class Rows:
    """States of the trained model at chosen places of prompts."""

    def __init__(self, model: TextModel, encoder: Encoder) -> None:
        self._model = model
        self._encoder = encoder

    def ids(self, pieces_of: Sequence[str]) -> list[int]:
        """Token ids; special tokens by their names."""
        return [i for piece in pieces_of for i in ((ID[piece],) if piece in ID else self._encoder.text(piece))]

    @torch.no_grad()
    def states(self, prompts: Sequence[Sequence[int]]) -> Tensor:
        """[prompts, width]: the normed state behind the last token of each."""
        found = [self._model(torch.tensor([list(prompt)]))[0, -1] for prompt in prompts]
        return torch.stack(found)

    @torch.no_grad()
    def elsewhere(self, count: int, rng: random.Random) -> Tensor:
        """States inside whole conversations, where nothing must change."""
        found = []
        for _ in range(count):
            ids, targets = self._encoder.encode(dialogue.sample(rng, 1))
            states = self._model(torch.tensor([ids]))[0]
            learned = [i for i, target in enumerate(targets) if target >= 0][6:]
            found.append(states[learned])
        return torch.cat(found)

    @torch.no_grad()
    def looking(self, count: int, rng: random.Random) -> Tensor:
        """States where answers about a picture begin, where nothing must change either."""
        found: list[Tensor] = []
        while len(found) < count:
            talk = dialogue.sample(rng, 2, practice=True)
            shown = [turn.picture for turn in talk.turns if turn.picture is not None]
            if not shown:
                continue
            ids, targets = self._encoder.encode(talk)
            states = self._model(torch.tensor([ids]), pictures=Seen(shown, rng))[0]
            learned = [i for i, target in enumerate(targets) if target >= 0]
            starts = [i for i in learned if i - 1 not in learned]
            found.append(states[[i + more for i in starts for more in range(3) if i + more in learned]])
        return torch.cat(found)


def questions(rng: random.Random, count: int, split: Split) -> tuple[list[Exchange], list[Exchange]]:
    """(known, unknown) questions, typed as people type."""
    known = [case.exchange for family, make in IN_SCOPE.items() for case in drawn(family, make, rng, count, split)]
    strange = [
        shape(rng, unknown.unknown(rng, split), ("clean", "plain", "typo")[i % 3], split) for i in range(len(known))
    ]
    return known, strange


def prompt(exchange: Exchange, effort: Effort) -> list[str]:
    """The conversation up to the answer, in pieces."""
    turn = dialogue.Turn(exchange, False, False)
    return [text for text, _ in pieces(dialogue.Dialogue(None, effort, (turn,)))][:-2]


def direction(rows: Rows, place: Place, asked: Sequence[Exchange], other: Tensor) -> Tensor:
    """[width]: about 1 on the states of this place, about 0 elsewhere (ridge regression)."""
    here = rows.states([rows.ids([*prompt(one, place.effort), *place.before]) for one in asked])
    states = torch.cat([here, other]).double()
    wanted = torch.cat([torch.ones(len(here)), torch.zeros(len(other))]).double()
    weight = torch.cat([torch.full((len(here),), len(other) / len(here)), torch.ones(len(other))]).double()
    square = states.T @ (states * weight[:, None])
    square += RIDGE * square.diagonal().mean() * torch.eye(len(square)).double()
    return torch.linalg.solve(square, states.T @ (weight * wanted)).float()


def declines(rows: Rows, model: TextModel, one: Exchange, effort: Effort) -> bool:
    """Whether the first tokens of the greedy answer are those of declining."""
    for place in PLACES:
        if place.effort == effort:
            state = rows.states([rows.ids([*prompt(one, effort), *place.before])])
            if model.output(state).argmax().item() != rows.ids([place.token])[0]:
                return False
    return True


@torch.no_grad()
def calibrate(model: TextModel, encoder: Encoder, shift: float) -> None:
    """Change the output rows of `PLACES` by `shift` logits at their places."""
    rows = Rows(model, encoder)
    rng = random.Random("calibration")
    known, strange = questions(rng, 25, "train")
    other = torch.cat([rows.elsewhere(400, rng), rows.looking(400, rng)])
    for place in PLACES:
        row = rows.ids([place.token])[0]
        model.output.weight[row] += shift * direction(rows, place, [*known, *strange], other)


def main() -> int:
    """Calibrate the checkpoint and export it; prints how often it then declines what is known and what is not."""
    parser = argparse.ArgumentParser(prog="python -m tools.train_builtin_model.calibrate", description=__doc__)
    parser.add_argument("work", type=Path, help="the folder of the training run")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--shift", type=float, default=SHIFT)
    parser.add_argument("--try", dest="tried", type=float, nargs="*", help="only show what these shifts would do")
    choice = parser.parse_args()
    torch.set_num_threads(1)
    words = tekken.read(choice.work / "tekken.json")
    encoder = Encoder(words.encoder())
    state = torch.load(choice.work / "checkpoint.pt", weights_only=True)["model"]
    for shift in choice.tried or [choice.shift]:
        model = TextModel(GUIDE)
        model.load_state_dict(state)
        calibrate(model, encoder, shift)
        rows = Rows(model, encoder)
        known, strange = questions(random.Random("choice"), 12, "held")
        for effort in ("none", "high"):
            assert effort in ("none", "high")
            lost = sum(declines(rows, model, one, effort) for one in known) / len(known)
            kept = sum(declines(rows, model, one, effort) for one in strange) / len(strange)
            print(
                f"shift {shift}, effort {effort}: declines {lost:.1%} of the known, {kept:.1%} of the unknown",
                flush=True,
            )
        if not choice.tried:
            print(f"wrote {choice.out.name}, {export(model, words, choice.out) / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
