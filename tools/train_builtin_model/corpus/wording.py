"""How one question can be worded: frames, the 20 % that training never sees, and the ways people type.

The split is decided by a hash of the wording, so neither its place in a list nor a seed can move it.
"""

from __future__ import annotations

import hashlib
import json
import string
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

Split = Literal["train", "held"]
HELD_SHARE = 0.2
DATA = Path(__file__).with_name("data")


@dataclass(frozen=True)
class Exchange:
    """One question with the only right answer and the short thought that leads to it.

    `family` is the row of the report. `honest` marks a question that must be answered with
    "I do not know" in some form. `subject` lets a follow-up ("and of Spain?") stay on the topic.
    """

    family: str
    question: str
    thought: str
    answer: str
    honest: bool = False
    subject: str = ""


@cache
def load(name: str) -> Any:
    """The table `data/<name>.json`."""
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))


def _order(text: str) -> str:
    return hashlib.sha256(f"guide:{text}".encode()).hexdigest()


def normal(text: str) -> str:
    """A question reduced to its letters and digits, for comparing wordings."""
    table = str.maketrans("", "", string.punctuation)
    return " ".join(text.lower().translate(table).split())


def key(text: str) -> str:
    """What two wordings share that differ only in capitals, marks or an article: they fall on the same side."""
    return normal(text.replace("{x}", "{w}").replace("{}", "{w}")) or text


class Wordings:
    """Alternative wordings of one thing, split once into those trained on and those held out.

    Of four or more really different wordings a fifth (at least one) is held out; fewer are all trained on.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        unique = list(dict.fromkeys(texts))
        ranked = sorted({key(text) for text in unique}, key=_order)
        held = set(ranked[: max(1, round(len(ranked) * HELD_SHARE))] if len(ranked) >= 4 else ())
        self.held: list[str] = [text for text in unique if key(text) in held]
        self.train: list[str] = [text for text in unique if key(text) not in held]

    def pick(self, rng: random.Random, split: Split) -> str:
        """A random wording of the split; falls back to trained ones where none is held out."""
        return rng.choice(self.held if split == "held" and self.held else self.train)


def held_number(*parts: object) -> bool:
    """Whether this combination of numbers (one in ten) is kept out of training."""
    return int(_order(":".join(map(str, parts)))[:8], 16) % 10 == 0


NEAR = {
    "a": "qsz", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj", "i": "uo",
    "j": "hk", "k": "jl", "l": "k", "m": "n", "n": "bm", "o": "ip", "p": "o", "q": "wa", "r": "et",
    "s": "ad", "t": "ry", "u": "yi", "v": "cb", "w": "qe", "x": "zc", "y": "tu", "z": "x",
}  # fmt: skip


def mistype(rng: random.Random, text: str) -> str:
    """One slip of the fingers: a letter lost, doubled, swapped with its neighbour or hit beside."""
    places = [
        i
        for i in range(1, len(text) - 1)
        if text[i].isalpha() and text[i].isascii() and text[i - 1].isalpha() and len(_word(text, i)) >= 4
    ]
    if not places:
        return text
    i = rng.choice(places)
    kind = rng.randrange(4)
    if kind == 0:
        return text[:i] + text[i + 1 :]
    if kind == 1:
        return text[:i] + text[i] + text[i:]
    if kind == 2 and text[i + 1].isalpha():
        return text[:i] + text[i + 1] + text[i] + text[i + 2 :]
    return text[:i] + rng.choice(NEAR.get(text[i].lower(), text[i])) + text[i + 1 :]


def _word(text: str, i: int) -> str:
    start, end = i, i
    while start > 0 and text[start - 1].isalpha():
        start -= 1
    while end < len(text) and text[end].isalpha():
        end += 1
    return text[start:end]


def plain(text: str) -> str:
    """Small letters, no closing punctuation: how many people type."""
    kept = "".join(c for c in text.lower() if c not in "?!.,;:" or (c in ".,:" and not text.endswith(c)))
    return kept.replace(",", "").strip()


def roughen(rng: random.Random, text: str, style: str | None = None) -> str:
    """The text as a person may type it. `style`: clean, plain, typo, or None for a random mixture."""
    if style is None:
        style = rng.choices(
            ("clean", "plain", "typo", "plain typo", "no mark", "capitals", "spaces"), (42, 22, 13, 11, 7, 2, 3)
        )[0]
    if "typo" in style:
        for _ in range(1 if len(text) < 24 or rng.random() < 0.75 else 2):
            text = mistype(rng, text)
    if "plain" in style:
        text = plain(text)
    if style == "no mark":
        text = text.rstrip("?!.")
    if style == "capitals":
        text = text.upper()
    if style == "spaces":
        text = text.replace("?", " ?").replace("!", " !!") + rng.choice(("", " ", "?"))
    return text


POLITE = Wordings(
    [
        "{}", "{}", "Please: {}", "Hi, {}", "Hello, {}", "Hey, {}", "Can you tell me: {}", "{} Please.",
        "A question: {}", "Quick question: {}", "{} Thanks!", "Tell me, {}", "I wonder: {}", "So, {}", "OK, {}",
        "Ok so {}", "Now tell me: {}", "Next question: {}", "One more: {}", "Do you know this: {}",
    ]
)  # fmt: skip


def dress(rng: random.Random, text: str, split: Split) -> str:
    """Sometimes a polite or chatty start around the question, as people write to an assistant."""
    if rng.random() < 0.84:
        return text
    frame = POLITE.pick(rng, split)
    inner = text if frame == "{}" or frame.startswith("{}") else text[0].lower() + text[1:]
    return frame.format(inner if inner[:2] != "i " else text)
