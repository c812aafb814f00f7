"""Pictures that are no simple drawings: what a program can make that is as rich as a photograph or a screen.

From them the model learns to say that it only knows simple drawings.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from .ink import Array, fonts, outline, put_text, tint

if TYPE_CHECKING:
    import random

Field = npt.NDArray[np.float32]
LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZabdefghkmnpqrtuwyäöüß?&%@#"
WORDS = ("Hello", "and", "the", "file", "Open", "total", "Mistral", "street", "2026", "sale", "exit", "3.14", "Monday")


def _noise(rng: random.Random) -> np.random.Generator:
    return np.random.default_rng(rng.randrange(2**32))


def _clouds(rng: random.Random, side: int, rough: float) -> Field:
    """Fractal noise, 0 to 1: octaves of smooth random fields."""
    noise = _noise(rng)
    total = np.zeros((side, side), np.float32)
    cells, loud = rng.choice((2, 3, 4)), 1.0
    while cells < side and loud > 0.02:
        small = Image.fromarray(noise.random((cells, cells), dtype=np.float32))
        total += loud * np.asarray(small.resize((side, side), Image.Resampling.BICUBIC))
        cells, loud = cells * 2, loud * rough
    total -= total.min()
    return total / max(float(total.max()), 1e-6)


def _colours(rng: random.Random, field: Field) -> Array:
    """The field through a palette of a few random colours."""
    stops = np.array([[rng.randint(0, 255) for _ in "rgb"] for _ in range(rng.randint(2, 5))], np.float32)
    stops += (stops.mean(1, keepdims=True) - stops) * rng.choice((0.0, 0.4, 0.75))  # nature is seldom so bright
    at = np.linspace(0, 1, len(stops))
    return np.stack([np.interp(field, at, stops[:, i]) for i in range(3)], -1).astype(np.uint8)


def clouds(rng: random.Random, side: int) -> Array:
    """Coloured clouds."""
    return _colours(rng, _clouds(rng, side, rng.uniform(0.4, 0.8)))


def mixed(rng: random.Random, side: int) -> Array:
    """Three independent fields for red, green and blue."""
    rough = rng.uniform(0.35, 0.75)
    fields = [_clouds(rng, side, rough) for _ in "rgb"]
    return (np.stack(fields, -1) * 255).astype(np.uint8)


def ramp(rng: random.Random, side: int) -> Array:
    """A strong gradient, straight or round."""
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side
    if rng.random() < 0.5:
        angle = rng.uniform(0, 2 * math.pi)
        field = x * math.cos(angle) + y * math.sin(angle)
    else:
        field = np.hypot(x - rng.random(), y - rng.random())
    field = (field - field.min()) / (field.max() - field.min())
    if rng.random() < 0.4:
        field = (np.sin(field * rng.uniform(8, 40)) + 1) / 2
    return _colours(rng, field.astype(np.float32))


def static(rng: random.Random, side: int) -> Array:
    """Nothing but grain, fine or coarse."""
    cells = rng.randint(12, side)
    grains = _noise(rng).integers(0, 256, (cells, cells, 3)).astype(np.uint8)
    how = rng.choice((Image.Resampling.NEAREST, Image.Resampling.BILINEAR))
    return np.asarray(Image.fromarray(grains).resize((side, side), how))


def landscape(rng: random.Random, side: int) -> Array:
    """A sky, hills behind hills, and something in front: the build of many photographs."""
    sky = ramp(rng, side).astype(np.float32) * 0.5 + 110
    picture = sky
    x = np.arange(side)
    for depth in range(rng.randint(1, 4)):
        height = side * (0.3 + 0.18 * depth + 0.15 * rng.random())
        waves = np.zeros(side)
        for _ in range(3):
            waves += rng.uniform(0.01, 0.08) * side * np.sin(x / side * rng.uniform(3, 25) + rng.uniform(0, 6))
        ground = np.arange(side)[:, None] > (height + waves)[None, :]
        texture = clouds(rng, side).astype(np.float32) * rng.uniform(0.3, 0.9)
        picture = np.where(ground[..., None], texture, picture)
    return _objects(rng, picture.clip(0, 255).astype(np.uint8), rng.randint(0, 5))


def _objects(rng: random.Random, pixels: Array, count: int) -> Array:
    """Soft, shaded bodies over the picture."""
    side = pixels.shape[0]
    result = pixels.astype(np.float32)
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side
    for _ in range(count):
        a, b = rng.uniform(0.04, 0.35), rng.uniform(0.04, 0.35)
        turn, cx, cy = rng.uniform(0, math.pi), rng.random(), rng.random()
        u = ((x - cx) * math.cos(turn) + (y - cy) * math.sin(turn)) / a
        v = ((y - cy) * math.cos(turn) - (x - cx) * math.sin(turn)) / b
        inside = (1 - np.hypot(u, v)) * rng.uniform(3, 30)
        mask = (1 / (1 + np.exp(-inside.clip(-30, 30))))[..., None]
        shade = np.array([rng.randint(0, 255) for _ in "rgb"]) * (1 + 0.5 * (u * rng.uniform(-1, 1)))[..., None]
        result = result * (1 - mask) + mask * shade
    return result.clip(0, 255).astype(np.uint8)


def bodies(rng: random.Random, side: int) -> Array:
    """Shaded bodies on a lively ground: the build of a close-up."""
    ground = clouds(rng, side) if rng.random() < 0.6 else ramp(rng, side)
    return _objects(rng, ground, rng.randint(3, 10))


def screen(rng: random.Random, side: int) -> Array:
    """Windows, lines of text, bars: the build of a screenshot or a printed page."""
    light = rng.random() < 0.7
    shade = rng.randint(215, 255) if light else rng.randint(10, 60)
    canvas = Image.new("RGB", (side, side), (shade, shade, shade))
    pen = ImageDraw.Draw(canvas)
    for _ in range(rng.randint(0, 5)):
        x, y = rng.randint(0, side), rng.randint(0, side)
        grey = rng.randint(0, 255)
        box = (x, y, x + rng.randint(8, side), y + rng.randint(4, side // 3))
        pen.rectangle(box, fill=(grey, grey, rng.randint(0, 255)))
    size = max(5, side // rng.randint(9, 26))
    colour = (30, 30, 30) if light else (230, 230, 230)
    for y in range(rng.randint(0, size), side, round(size * rng.uniform(1.2, 2.2))):
        text = " ".join(rng.choice(WORDS) for _ in range(rng.randint(1, 9)))
        pen.text((rng.randint(2, side // 4), y), text, fill=colour, font_size=size)
    return np.asarray(canvas)


def lettering(rng: random.Random, side: int) -> Array:
    """A letter, a word or a long number: written, but no digit."""
    ground = rng.randint(200, 255)
    canvas = Image.new("RGB", (side, side), (ground, ground, ground))
    chance = rng.random()
    text = rng.choice(LETTERS)
    if chance > 0.4:
        text = rng.choice(WORDS) if chance > 0.75 else str(rng.randint(10, 9999))
    radius = side * (rng.uniform(0.12, 0.35) if len(text) == 1 else rng.uniform(0.08, 0.18))
    spot = (side * rng.uniform(0.4, 0.6), side * rng.uniform(0.4, 0.6))
    colour = tint(rng, rng.choice(("black", "blue", "red", "green")))
    put_text(rng, canvas, text, middle=spot, radius=radius, colour=colour, files=fonts())
    return np.asarray(canvas)


def crowd(rng: random.Random, side: int) -> Array:
    """Far more shapes than four, over each other."""
    shade = rng.randint(190, 255)
    canvas = Image.new("RGB", (side, side), (shade, shade, shade))
    pen = ImageDraw.Draw(canvas)
    for _ in range(rng.randint(9, 40)):
        kind = rng.choice(("circle", "square", "triangle", "star", "heart", "cross"))
        radius = rng.uniform(0.04, 0.22)
        points = (outline(rng, kind) * radius + (rng.random(), rng.random())) * side
        colour = (rng.randint(0, 255), rng.randint(0, 255), rng.randint(0, 255))
        pen.polygon([(float(x), float(y)) for x, y in points], fill=colour)
    return np.asarray(canvas)


def scribble(rng: random.Random, side: int) -> Array:
    """A long line that goes nowhere."""
    shade = rng.randint(200, 255)
    canvas = Image.new("RGB", (side, side), (shade, shade, shade))
    steps = _noise(rng).normal(0, 1, (rng.randint(25, 160), 2)).cumsum(0)
    steps = (steps - steps.min(0)) / np.maximum(steps.max(0) - steps.min(0), 1e-6)
    points = [(float(x), float(y)) for x, y in (steps * 0.8 + 0.1) * side]
    colour = tint(rng, rng.choice(("black", "blue", "red", "green", "purple")))
    ImageDraw.Draw(canvas).line(points, fill=colour, width=max(1, side // rng.randint(25, 90)), joint="curve")
    return np.asarray(canvas)


KINDS = {
    clouds: 3, mixed: 3, ramp: 2, static: 1, landscape: 5, bodies: 4, screen: 4, lettering: 5, crowd: 3, scribble: 3,
}  # fmt: skip


def anything(rng: random.Random, side: int, aspect: float) -> Array:
    """One of them, cut to the aspect."""
    make = rng.choices(list(KINDS), list(KINDS.values()))[0]
    pixels = make(rng, side)
    if rng.random() < 0.3 and make in (clouds, mixed, ramp, landscape, bodies):
        grain = _noise(rng).normal(0, rng.uniform(3, 20), pixels.shape)
        pixels = (pixels + grain).clip(0, 255).astype(np.uint8)
    if aspect >= 1:
        return pixels[: max(2, round(side / aspect))]
    return pixels[:, : max(2, round(side * aspect))]
