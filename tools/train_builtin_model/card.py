"""Writes the model card from what was measured, so that no figure in it is typed by hand.

`python -m tools.train_builtin_model.card resources/model --steps 800 --time "It took 50 minutes."`
"""

from __future__ import annotations

import argparse
import hashlib
import json
import textwrap
from pathlib import Path
from typing import Any

from gguf import GGUFReader

from .card_pictures import section
from .evaluate import percent, table
from .shape import GUIDE
from .train import Plan
from .train_eye import Plan as EyePlan

TEMPLATE = Path(__file__).with_name("card.md")


def styles(result: dict[str, Any]) -> str:
    """Share of good answers by typing style, both efforts together."""
    good: dict[str, int] = {}
    asked: dict[str, int] = {}
    for rows in result["families"].values():
        for row in rows:
            for style, (hits, count) in row["styles"].items():
                good[style] = good.get(style, 0) + hits
                asked[style] = asked.get(style, 0) + count
    return ", ".join(f"{style} {percent(good[style], asked[style])} %" for style in good)


def weak(result: dict[str, Any]) -> str:
    """The families that do worst, in words: known ones under 80 % right, unknown ones over 5 % wrong."""
    found = []
    for effort, rows in result["families"].items():
        known, strange = [], []
        for row in rows:
            unknown = row["family"].startswith("unknown")
            share = percent(row["wrong"] if unknown else row["right"], row["n"])
            if unknown and share > 5:
                strange.append(f"{row['family'].removeprefix('unknown: ')} {share}")
            elif not unknown and share < 80:
                known.append(f"{row['family']} {share}")
        where = f"{'with' if effort == 'high' else 'without'} thinking"
        found.append(f"- {where}, percent right (below 80): {'; '.join(known) or 'none'}")
        wrong = "percent of unknown things wrong and confident (above 5)"
        found.append(f"- {where}, {wrong}: {'; '.join(strange) or 'none'}")
    return "\n".join(found)


def wrapped(text: str) -> str:
    """Prose in lines of 120 letters; tables, headings and empty lines as they are."""
    lines: list[str] = []
    prose: list[str] = []
    for line in [*text.split("\n"), ""]:
        item = line.startswith("- ")
        if prose and (item or not line or line[0] in "|#"):
            words, hang = " ".join(prose), "  " if prose[0].startswith("- ") else ""
            lines += textwrap.wrap(words, 120, subsequent_indent=hang, break_long_words=False, break_on_hyphens=False)
            prose = []
        if not line or line[0] in "|#":
            lines.append(line)
        else:
            prose.append(line.strip())
    return "\n".join(lines[:-1])


def main() -> None:
    """Write README.md beside the model."""
    parser = argparse.ArgumentParser(prog="python -m tools.train_builtin_model.card", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--steps", type=int, default=Plan().steps)
    parser.add_argument("--seed", type=int, default=Plan().seed)
    parser.add_argument("--time", default="", help="a sentence on how long it took")
    parser.add_argument("--eye-time", default="", help="the same of the eye")
    choice = parser.parse_args()
    model, eyes = choice.folder / "guide.gguf", choice.folder / "guide-mmproj.gguf"
    both = sum(file.stat().st_size for file in (model, eyes) if file.exists())
    result = json.loads((choice.folder / "evaluation.json").read_text(encoding="utf-8"))
    parameters = sum(int(tensor.n_elements) for tensor in GGUFReader(model).tensors)
    text = TEMPLATE.read_text(encoding="utf-8").format(
        experts=GUIDE.experts, used=GUIDE.experts_used, layers=GUIDE.layers, width=GUIDE.width,
        vocabulary=GUIDE.vocabulary, context=GUIDE.context, parameters=f"{parameters / 1e6:.1f} million",
        megabytes=f"{model.stat().st_size / 1e6:.1f}", both=f"{both / 1e6:.1f}",
        sha256=hashlib.sha256(model.read_bytes()).hexdigest(),
        steps=choice.steps, seed=choice.seed, time=choice.time, table=table(result), styles=styles(result),
        weak=weak(result), none=result["totals"]["none"], high=result["totals"]["high"],
    )  # fmt: skip
    text += section(choice.folder, EyePlan(), choice.eye_time)
    (choice.folder / "README.md").write_text(wrapped(text), encoding="utf-8")


if __name__ == "__main__":
    main()
