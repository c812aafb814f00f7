"""The model card's section about pictures, written from what was measured; nothing where there is no eye yet."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gguf import GGUFReader

from . import practise
from .corpus import pictures
from .evaluate_pictures import table
from .ink import fonts
from .shape import EYE

if TYPE_CHECKING:
    from .train_eye import Plan

TEMPLATE = Path(__file__).with_name("card_pictures.md")
POOR = 90.0
"""Percent right below which a row is named as a weakness."""


def weak(result: dict[str, Any]) -> str:
    """The rows that do worst, in words."""
    found = []
    for name, where in (("usual", "as in training"), ("hard", "the harder set")):
        shares = ((row["task"], min(row["none"], row["high"])) for row in result[name])
        poor = "; ".join(f"{task} {share}" for task, share in shares if share < POOR)
        found.append(f"- {where}, percent right (below {POOR:.0f}): {poor or 'none'}")
    return "\n".join(found)


def through_the_app(folder: Path) -> str:
    """What was measured through the app's own path, by the wordings of the questions; empty where nothing was."""
    parts = []
    for wordings, words in (("train", "worded as in training"), ("held", "in held-out wordings")):
        figures = folder / f"pictures-app-{wordings}.json"
        if figures.exists():
            result = json.loads(figures.read_text(encoding="utf-8"))
            parts.append(
                f"Through the app's own path (PNG, decode child, one caged worker), {result['count']} new drawings a "
                f"row, questions {words}:\n\n{table(result)}\n\n"
            )
    return "".join(parts)


def section(folder: Path, plan: Plan, time: str) -> str:
    """The section about `guide-mmproj.gguf` in `folder`, from `pictures.json` beside it; empty without them."""
    eye, figures = folder / "guide-mmproj.gguf", folder / "pictures.json"
    if not (eye.exists() and figures.exists()):
        return ""
    result = json.loads(figures.read_text(encoding="utf-8"))
    parameters = sum(int(tensor.n_elements) for tensor in GGUFReader(eye).tensors)
    return TEMPLATE.read_text(encoding="utf-8").format(
        megabytes=f"{eye.stat().st_size / 1e6:.1f}", sha256=hashlib.sha256(eye.read_bytes()).hexdigest(),
        layers=EYE.layers, width=EYE.width, patch=EYE.patch, parameters=f"{parameters / 1e6:.2f} million",
        share=round(pictures.SHARE * 100), see=plan.see, say=plan.say, talk=plan.talk, batch=plan.batch,
        fonts=len(fonts()), time=time, count=result["count"], font=result["font"], table=table(result),
        weak=weak(result), app=through_the_app(folder), practice=practise.STEPS, mean=practise.SHARE,
        shift=practise.SHIFT, practised=round(pictures.PRACTICE_SHARE * 100),
    )  # fmt: skip
