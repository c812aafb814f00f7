"""Drawings as people send them: a scene in pixels, on all kinds of paper, of all sizes, badly compressed.

A drawing keeps its scene, so nobody has to label anything.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from . import strange
from .corpus.scenes import Picture, draw
from .ink import Array, Colour, fonts, put, tint

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence
    from pathlib import Path

ASPECTS = (1.0,) * 12 + (4 / 3, 4 / 3, 3 / 4, 3 / 2, 2 / 3, 16 / 9, 9 / 16, 1.2)


@dataclass(frozen=True)
class Drawing:
    """`pixels` [height, width, 3] as a person sends them; `picture` as it lies in the square around them."""

    pixels: Array
    picture: Picture


@dataclass(frozen=True)
class Manner:
    """How drawings are made: the longer side in pixels from-to, aspects, JPEG qualities (0: none), fonts."""

    sides: tuple[tuple[int, int], ...] = ((110, 340),)
    aspects: Sequence[float] = ASPECTS
    qualities: Sequence[int] = (0, 0, 0, 0, *range(15, 99, 3))
    files: tuple[Path, ...] = ()
    worn: float = 0.4
    """The chance of uneven light, grain or softness."""


def paper(rng: random.Random, inks: list[Colour]) -> Colour:
    """A ground far enough from every ink to see them."""
    for _ in range(40):
        chance = rng.random()
        if chance < 0.4:
            ground: Colour = (255, 255, 255)
        elif chance < 0.55:
            grey = rng.randint(195, 250)
            ground = (grey, grey, grey)
        elif chance < 0.85:
            ground = (rng.randint(180, 255), rng.randint(180, 255), rng.randint(180, 255))
        else:
            ground = (rng.randint(10, 75), rng.randint(10, 75), rng.randint(10, 75))
        if all(math.dist(ground, ink) > 125 for ink in inks):
            return ground
    return (255, 255, 255)


def _lines(rng: random.Random, canvas: Image.Image, ground: Colour) -> None:
    """Ruled or squared paper."""
    pen = ImageDraw.Draw(canvas)
    side = canvas.width
    gap = max(8, round(side * rng.uniform(0.05, 0.15)))
    darker = rng.uniform(0.86, 0.95)
    colour = (int(ground[0] * darker), int(ground[1] * darker), int(ground[2] * darker))
    squared = rng.random() < 0.5
    for at in range(gap // 2, side, gap):
        pen.line((0, at, side, at), fill=colour, width=2)
        if squared:
            pen.line((at, 0, at, side), fill=colour, width=2)


def worn(rng: random.Random, pixels: Array) -> Array:
    """The same under uneven light, with grain, or a little soft."""
    height, width = pixels.shape[:2]
    noise = np.random.default_rng(rng.randrange(2**32))
    result = pixels.astype(np.float32)
    if rng.random() < 0.5:
        across = np.linspace(rng.uniform(-25, 25), rng.uniform(-25, 25), width)[None, :, None]
        down = np.linspace(rng.uniform(-18, 18), rng.uniform(-18, 18), height)[:, None, None]
        result += (across + down).astype(np.float32)
    if rng.random() < 0.6:
        grain = noise.standard_normal((height, width, rng.choice((1, 1, 3))), dtype=np.float32)
        result += grain * rng.uniform(2, 15)
    if rng.random() < 0.35:
        less = max(0.35, 1 - 60 / max(height, width))
        small = Image.fromarray(result.clip(0, 255).astype(np.uint8))
        small = small.resize((max(2, round(width * less)), max(2, round(height * less))), Image.Resampling.BILINEAR)
        return np.asarray(small.resize((width, height), Image.Resampling.BILINEAR))
    return result.clip(0, 255).astype(np.uint8)


def compressed(pixels: Array, quality: int) -> Array:
    """After a JPEG of this quality; 0 leaves the pixels alone."""
    if not quality:
        return pixels
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file).convert("RGB"))


def _cropped(pixels: Array, picture: Picture, aspect: float) -> Array:
    """The middle of the square with about this aspect, never through a thing."""
    side = pixels.shape[0]
    across = max((abs(thing.x - 0.5) + 1.12 * thing.r for thing in picture.things), default=0.0)
    down = max((abs(thing.y - 0.5) + 1.12 * thing.r for thing in picture.things), default=0.0)
    if aspect >= 1:
        half = min(0.5, max(0.5 / aspect, down))
        cut = round((0.5 - half) * side)
        return pixels[cut : side - cut]
    half = min(0.5, max(0.5 * aspect, across))
    cut = round((0.5 - half) * side)
    return pixels[:, cut : side - cut]


def render(rng: random.Random, picture: Picture, manner: Manner) -> Drawing:
    """The scene in pixels."""
    side = rng.randint(*rng.choice(manner.sides))
    quality = rng.choice(manner.qualities)
    aspect = rng.choice(manner.aspects)
    if not picture.familiar:
        return Drawing(compressed(strange.anything(rng, side, aspect), quality), picture)
    finer = 2 if side < 260 else 1
    inks = [tint(rng, thing.colour) for thing in picture.things]
    ground = paper(rng, inks)
    canvas = Image.new("RGB", (side * finer, side * finer), ground)
    if rng.random() < 0.12 * manner.worn / 0.4:
        _lines(rng, canvas, ground)
    for thing, ink in zip(picture.things, inks, strict=True):
        put(rng, canvas, thing, ink, manner.files or fonts())
    pixels = np.asarray(canvas.reduce(finer) if finer > 1 else canvas)
    pixels = _cropped(pixels, picture, aspect)
    if rng.random() < manner.worn:
        pixels = worn(rng, pixels)
    return Drawing(compressed(pixels, quality), picture)


def sample(rng: random.Random, manner: Manner) -> Drawing:
    """A random drawing as training meets them."""
    return render(rng, draw(rng), manner)
