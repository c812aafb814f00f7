"""What a simple drawing shows, and how its grid of picture tokens describes it.

One description serves three readers: the questions, the drawings, and the codes that the text model learns to read.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

SHAPES = ("circle", "square", "triangle", "star", "heart", "cross")
DIGITS = tuple(str(i) for i in range(10))
KINDS = SHAPES + DIGITS
COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "black")
SIDE = 5
"""Picture tokens in a row and rows in a picture: 160 pixels, patches of 16, merged two by two."""
GRID = [*(["[IMG]"] * SIDE + ["[IMG_BREAK]"]) * (SIDE - 1), *["[IMG]"] * SIDE, "[IMG_END]"]
"""A picture as mistral-common writes it: its rows with a break between them, then the end."""
FACTORS = (*KINDS, *COLOURS, "small", "big", "centre", "one", "two", "three", "four", "ground", "unfamiliar")
"""What a picture token can say, in the order of the code table; tokens say several of them at once."""
ROW = {factor: i for i, factor in enumerate(FACTORS)}
COUNTS = ("none", "one", "two", "three", "four")
SMALL, BIG = 0.17, 0.25
LEAST_DIGIT = 0.11
RADII = {1: (0.085, 0.42), 2: (0.08, 0.24), 3: (0.07, 0.19), 4: (0.065, 0.17)}


@dataclass(frozen=True)
class Thing:
    """One drawn thing. `x`, `y` is its centre and `r` its radius, as shares of the picture's side."""

    kind: str
    colour: str
    x: float
    y: float
    r: float

    @property
    def cell(self) -> tuple[int, int]:
        """(row, column) of the picture token that holds its centre."""
        return min(SIDE - 1, int(self.y * SIDE)), min(SIDE - 1, int(self.x * SIDE))

    @property
    def size(self) -> str | None:
        """small, big, or None in between."""
        return "small" if self.r < SMALL else "big" if self.r > BIG else None


@dataclass(frozen=True)
class Picture:
    """Up to four things in reading order of their cells. Not `familiar`: a photograph or another unknown thing."""

    things: tuple[Thing, ...]
    familiar: bool = True


def placed(rng: random.Random, count: int, digits: float = 0.0) -> Picture:
    """A picture of up to `count` things that do not touch; `digits` is the chance that a single one is a digit."""
    things: list[Thing] = []
    for _ in range(count):
        kind = rng.choice(DIGITS if count == 1 and rng.random() < digits else SHAPES)
        for _attempt in range(60):
            least, largest = RADII[count]
            r = rng.uniform(max(least, LEAST_DIGIT if kind in DIGITS else 0.0), largest)
            x, y = (rng.uniform(min(r * 0.95, 0.5), max(1 - r * 0.95, 0.5)) for _ in "xy")
            if all(_apart(x, y, r, other) for other in things):
                things.append(Thing(kind, rng.choice(COLOURS), x, y, r))
                break
    return Picture(tuple(sorted(things, key=lambda thing: thing.cell)))


def _apart(x: float, y: float, r: float, other: Thing) -> bool:
    """Far enough to be two things, and their centres never in one cell."""
    far = math.hypot(x - other.x, y - other.y) > (r + other.r) * 1.08
    return far and max(abs(x - other.x), abs(y - other.y)) > 1.02 / SIDE


def draw(rng: random.Random, practice: bool = False) -> Picture:
    """A random picture as training meets them; `practice` has more of those with several things."""
    chance = rng.random()
    if chance < 0.10:
        return Picture((), familiar=False)
    if chance < 0.13:
        return Picture(())
    count = rng.choices((1, 2, 3, 4), (32, 26, 22, 20) if practice else (50, 22, 15, 13))[0]
    return placed(rng, count, digits=0.42)


def cover(thing: Thing, row: int, column: int) -> float:
    """About how much of a cell the thing takes, 0 to 1."""
    away = math.hypot(thing.x * SIDE - column - 0.5, thing.y * SIDE - row - 0.5)
    return min(1.0, max(0.0, thing.r * SIDE * 0.95 + 0.5 - away))


def weights(picture: Picture) -> list[list[float]]:
    """For each picture token, row by row, how strongly each of `FACTORS` holds: exact, as a perfect eye would say."""
    cells = []
    for row in range(SIDE):
        for column in range(SIDE):
            cell = [0.0] * len(FACTORS)
            if not picture.familiar:
                cell[ROW["unfamiliar"]] = 1.0
                cells.append(cell)
                continue
            centre = next((thing for thing in picture.things if thing.cell == (row, column)), None)
            most = 0.0
            for thing in picture.things:
                share = cover(thing, row, column)
                if thing is centre:
                    share = 1.0
                    cell[ROW["centre"]] = 1.0
                elif centre is not None:
                    share = min(share, 0.4)
                cell[ROW[thing.kind]] = max(cell[ROW[thing.kind]], share)
                cell[ROW[thing.colour]] = max(cell[ROW[thing.colour]], share)
                if thing.size is not None and len(picture.things) == 1:
                    cell[ROW[thing.size]] = share
                most = max(most, share)
            if picture.things:
                cell[ROW[COUNTS[len(picture.things)]]] = most
            cell[ROW["ground"]] = 1.0 - most
            cells.append(cell)
    return cells


def seen(picture: Picture, rng: random.Random) -> list[list[float]]:
    """`weights` as an imperfect eye may see them: fainter, partly missing, partly mistaken."""
    if not picture.familiar:
        return _strange(rng)
    shaky = replace(
        picture,
        things=tuple(
            replace(thing, r=min(0.48, max(0.06, thing.r * rng.uniform(0.85, 1.15)))) for thing in picture.things
        ),
    )
    cells = weights(shaky)
    missing = rng.uniform(0.0, 0.12)
    mistaken = {
        thing.kind: rng.choice(DIGITS if thing.kind in DIGITS else SHAPES)
        for thing in picture.things
        if rng.random() < 0.15
    }
    wrong = {thing.colour: rng.choice(COLOURS) for thing in picture.things if rng.random() < 0.1}
    for at, cell in enumerate(cells):
        for right, other in [*mistaken.items(), *wrong.items()]:
            part = cell[ROW[right]] * rng.uniform(0.0, 0.4)
            cell[ROW[right]] -= part
            cell[ROW[other]] += part
        for i, value in enumerate(cell):
            if value:
                lost = rng.random() < missing and not (cell[ROW["centre"]] and i < len(KINDS))
                cell[i] = 0.0 if lost else value * rng.uniform(0.6, 1.2)
        if not cell[ROW["centre"]] and cell[ROW["ground"]] < 0.7 and _beside(picture, at) and rng.random() < 0.3:
            cell[ROW["centre"]] = rng.uniform(0.0, 0.4)
    return cells


def _beside(picture: Picture, at: int) -> bool:
    row, column = divmod(at, SIDE)
    return any(max(abs(thing.cell[0] - row), abs(thing.cell[1] - column)) == 1 for thing in picture.things)


def _strange(rng: random.Random) -> list[list[float]]:
    """A picture of something unknown: the eye says so in most cells and believes to see things in some."""
    cells = []
    belief = rng.choice((0.0, 0.1, 0.3))
    for _ in range(SIDE * SIDE):
        cell = [0.0] * len(FACTORS)
        cell[ROW["unfamiliar"]] = 0.0 if rng.random() < 0.1 else rng.uniform(0.6, 1.2)
        if rng.random() < belief:
            cell[ROW[rng.choice(KINDS)]] = rng.uniform(0.0, 0.6)
            cell[ROW[rng.choice(COLOURS)]] = rng.uniform(0.0, 0.6)
            cell[ROW[rng.choice(("centre", "ground", *COUNTS[1:]))]] = rng.uniform(0.0, 0.6)
        cells.append(cell)
    return cells
