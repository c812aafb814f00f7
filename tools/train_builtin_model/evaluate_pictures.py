"""Shows the exported model, in real llama.cpp, drawings that it never saw, and asks about them in unseen wordings.

Two sets: drawings like those of training, and harder ones of other sizes, aspects, JPEG qualities and an unseen font.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .corpus import pictures
from .corpus.scenes import DIGITS, SHAPES, Picture, placed
from .drawings import Manner, render
from .evaluate import percent, split_thinking
from .ink import fonts
from .llama_eye import Seer

if TYPE_CHECKING:
    from collections.abc import Callable

    from .app_eye import AppSeer
    from .corpus.dialogue import Effort
    from .corpus.wording import Exchange, Split
    from .drawings import Drawing

EFFORTS: tuple[Effort, ...] = ("none", "high")
USUAL = Manner()
HARD = Manner(
    sides=((60, 100), (320, 520), (520, 900)),
    aspects=(1.0, 1.0, 1.0, 4 / 3, 3 / 4, 3 / 2, 2 / 3, 1.2),
    qualities=(15, 20, 30, 50, 75, 98),
    files=fonts(held=True),
)


@dataclass(frozen=True)
class Task:
    """One row of the report: which pictures, which question about them, and whether the order of names may vary."""

    name: str
    draw: Callable[[random.Random], Picture]
    families: tuple[str, ...]
    any_order: bool = False
    promised: bool = False
    """One of the rows that the app promises; through the app's own path only these are asked."""


def one_shape(rng: random.Random) -> Picture:
    """A single shape."""
    while (found := placed(rng, 1)).things[0].kind not in SHAPES:
        pass
    return found


def one_digit(rng: random.Random) -> Picture:
    """A single digit."""
    while (found := placed(rng, 1, digits=1.0)).things[0].kind not in DIGITS:
        pass
    return found


def several(count: int) -> Callable[[random.Random], Picture]:
    """Exactly `count` shapes."""

    def draw(rng: random.Random) -> Picture:
        while len((found := placed(rng, count)).things) != count:
            pass
        return found

    return draw


def any_count(rng: random.Random) -> Picture:
    """One to four shapes, equally often."""
    return several(rng.randint(1, 4))(rng)


def unfamiliar(_rng: random.Random) -> Picture:
    """No simple drawing."""
    return Picture((), familiar=False)


TASKS = (
    Task("one shape, named with its colour", one_shape, ("picture: what",), promised=True),
    Task("colour of one thing", one_shape, ("picture: colour",)),
    Task("shape of one thing", one_shape, ("picture: shape",)),
    Task("digit", one_digit, ("picture: digit",), promised=True),
    Task("digit, named with its colour", one_digit, ("picture: what",)),
    Task("count, one to four", any_count, ("picture: count",), promised=True),
    Task("two things named", several(2), ("picture: what",), any_order=True, promised=True),
    Task("three things named", several(3), ("picture: what",), any_order=True),
    Task("four things named", several(4), ("picture: what",), any_order=True),
    Task("colour of one among several", several(3), ("picture: colour",)),
    Task("is there a ...?", any_count, ("picture: is there",)),
    Task("a thing that is not there", any_count, ("picture: lacks",)),
    Task("more than it can tell", any_count, ("picture: other",)),
    Task("unfamiliar pictures", unfamiliar, ("picture: unfamiliar",)),
)


def question(rng: random.Random, picture: Picture, families: tuple[str, ...], split: Split) -> Exchange:
    """A question of one of the families about the picture; raises LookupError where there is none."""
    for _ in range(400):
        found = pictures.ask(rng, picture, split)
        if found.family in families:
            return found
    raise LookupError(f"no question of {families} about {picture}")


def names(answer: str) -> list[str]:
    """The things that a list names, sorted: `A red circle and a blue star.` -> [a blue star, a red circle]."""
    return sorted(answer.rstrip(".").lower().replace(" and ", ", ").split(", "))


def good(task: Task, exchange: Exchange, effort: Effort, out: str) -> tuple[bool, bool]:
    """(right, right to the word and order). Thinking with effort none, or none with effort high, is wrong."""
    thought, answer = split_thinking(out)
    if (thought is not None) != (effort == "high"):
        return False, False
    exact = answer.strip() == exchange.answer
    return exact or (task.any_order and names(answer.strip()) == names(exchange.answer)), exact


def run(  # noqa: PLR0917 a tool of our own
    seer: Seer | AppSeer, manner: Manner, count: int, seed: str, show: int, split: Split = "held"
) -> list[dict[str, Any]]:
    """One row for each task; `split` says whether the questions are worded as in training."""
    rows = []
    for task in TASKS:
        if seer.only_promised and not task.promised:
            continue
        rng = random.Random(f"pictures:{seed}:{task.name}")
        row: dict[str, Any] = {"task": task.name, "n": count}
        tally = {effort: [0, 0] for effort in EFFORTS}
        shown = 0
        for _ in range(count):
            drawing, exchange = drawn(rng, task, manner, split)
            for effort in EFFORTS:
                out = seer.reply(drawing.pixels, exchange.question, effort)
                right, exact = good(task, exchange, effort, out)
                tally[effort][0] += right
                tally[effort][1] += exact
                if not right and shown < show:
                    shown += 1
                    print(f"  [{task.name}/{effort}] {exchange.question!r} {exchange.answer!r} -> {out!r}")
        for effort, (right_count, exact_count) in tally.items():
            row[effort] = percent(right_count, count)
            if task.any_order:
                row[f"{effort} in order"] = percent(exact_count, count)
        rows.append(row)
        print(json.dumps(row), flush=True)
    return rows


def drawn(rng: random.Random, task: Task, manner: Manner, split: Split = "held") -> tuple[Drawing, Exchange]:
    """A new drawing and a question about it, in a wording of this side."""
    while True:
        picture = task.draw(rng)
        try:
            exchange = question(rng, picture, task.families, split)
        except LookupError:
            continue
        return render(rng, picture, manner), exchange


def table(result: dict[str, Any]) -> str:
    """The result as a Markdown table."""
    lines = [
        "| what is asked | as in training: none | high | other sizes, aspects, font, JPEG 15-98: none | high |",
        "|---|---:|---:|---:|---:|",
    ]
    for usual, hard in zip(result["usual"], result["hard"], strict=True):
        cells = [str(row.get(effort, "")) for row in (usual, hard) for effort in ("none", "high")]
        lines.append(f"| {usual['task']} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def app(text: Path, eye: Path) -> AppSeer:
    """The way through the app; only it needs the app's own libraries."""
    from .app_eye import AppSeer  # noqa: PLC0415 see above

    return AppSeer(text, eye)


def main() -> int:
    """Evaluate, print, write the JSON."""
    parser = argparse.ArgumentParser(prog="python -m tools.train_builtin_model.evaluate_pictures", description=__doc__)
    parser.add_argument("text", type=Path)
    parser.add_argument("eye", type=Path)
    parser.add_argument("--out", type=Path, help="where to write the figures as JSON")
    parser.add_argument("--count", type=int, default=200, help="drawings a row (default %(default)s)")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--app", action="store_true", help="ask through the app's decode child and worker")
    parser.add_argument(
        "--wordings", choices=("held", "train"), default="held",
        help="ask as no training did (%(default)s), or as training asked: then only the drawings are new",
    )  # fmt: skip
    parser.add_argument("--show", type=int, default=0, help="print this many failures of each row")
    choice = parser.parse_args()
    with app(choice.text, choice.eye) if choice.app else Seer(choice.text, choice.eye) as seer:
        result: dict[str, Any] = {"seed": choice.seed, "count": choice.count, "wordings": choice.wordings}
        result |= {"font": fonts(held=True)[0].name}
        for name, manner in (("usual", USUAL), ("hard", HARD)):
            result[name] = run(seer, manner, choice.count, f"{choice.seed}:{name}", choice.show, choice.wordings)
        result["mended"] = seer.mended
    print(table(result))
    if choice.out:
        choice.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
