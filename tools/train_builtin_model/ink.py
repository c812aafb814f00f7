"""Outlines, strokes and letters: how each thing of a drawing is put on paper.

Only Pillow and numpy. Fonts come from packages with free licences (requirements/train.in) and the app's own.
"""

from __future__ import annotations

import colorsys
import math
from functools import cache, lru_cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from .corpus.scenes import DIGITS, Thing

if TYPE_CHECKING:
    import random

Array = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float64]
Colour = tuple[int, int, int]

OWN_FONTS = Path(__file__).resolve().parents[2] / "resources" / "fonts"
HELD_FONT = "SourceSerifPro"
"""The font family that training never sees."""
UNSUITED = ("ExtraLight", "Thin", "Variable", "Awesome")
HUES = {
    # degrees of hue, saturation, value: from, to
    "red": ((-10, 8), (0.72, 1.0), (0.62, 1.0)),
    "orange": ((22, 36), (0.8, 1.0), (0.9, 1.0)),
    "yellow": ((48, 58), (0.75, 1.0), (0.9, 1.0)),
    "green": ((95, 152), (0.5, 1.0), (0.4, 0.85)),
    "blue": ((206, 240), (0.6, 1.0), (0.55, 1.0)),
    "purple": ((270, 292), (0.45, 0.9), (0.42, 0.72)),
    "pink": ((320, 346), (0.3, 0.62), (0.93, 1.0)),
    "black": ((0, 360), (0.0, 0.3), (0.0, 0.15)),
}
"""What a person would call by each of the names; the gaps between them belong to nobody."""
STROKES: dict[str, list[tuple[float, float]]] = {
    # how a hand draws each digit, in a unit square with y downwards
    "0": [(0.5, 0), (0.82, 0.14), (0.95, 0.5), (0.82, 0.86), (0.5, 1), (0.18, 0.86), (0.05, 0.5), (0.18, 0.14),
          (0.5, 0)],
    "1": [(0.22, 0.24), (0.56, 0), (0.56, 1)],
    "2": [(0.1, 0.26), (0.28, 0.04), (0.58, 0), (0.86, 0.13), (0.86, 0.37), (0.58, 0.64), (0.1, 1), (0.93, 1)],
    "3": [(0.1, 0.09), (0.48, 0), (0.86, 0.13), (0.84, 0.36), (0.44, 0.47), (0.86, 0.6), (0.9, 0.86), (0.5, 1),
          (0.08, 0.9)],
    "4": [(0.72, 1), (0.72, 0), (0.06, 0.68), (0.96, 0.68)],
    "5": [(0.87, 0), (0.2, 0), (0.14, 0.46), (0.54, 0.38), (0.88, 0.54), (0.88, 0.83), (0.5, 1), (0.1, 0.9)],
    "6": [(0.76, 0.02), (0.34, 0.22), (0.1, 0.6), (0.16, 0.88), (0.5, 1), (0.86, 0.87), (0.87, 0.62), (0.5, 0.48),
          (0.13, 0.63)],
    "7": [(0.07, 0), (0.93, 0), (0.4, 1)],
    "8": [(0.5, 0.47), (0.15, 0.3), (0.24, 0.05), (0.5, 0), (0.76, 0.05), (0.85, 0.3), (0.5, 0.47), (0.1, 0.69),
          (0.18, 0.93), (0.5, 1), (0.82, 0.93), (0.9, 0.69), (0.5, 0.47)],
    "9": [(0.86, 0.36), (0.5, 0.52), (0.15, 0.38), (0.14, 0.12), (0.5, 0), (0.83, 0.1), (0.88, 0.4), (0.7, 0.8),
          (0.3, 1)],
}  # fmt: skip


@cache
def fonts(held: bool = False) -> tuple[Path, ...]:
    """The font files to write digits with, in a fixed order; `held`: the family that training leaves out."""
    found = {path.name: path for path in OWN_FONTS.glob("*.ttf")}
    for point in entry_points(group="fonts_ttf"):
        found |= {Path(path).name: Path(path) for path in point.load().values()}
    chosen = [path for name, path in sorted(found.items()) if not any(word in name for word in UNSUITED)]
    return tuple(path for path in chosen if path.name.startswith(HELD_FONT) == held)


@lru_cache(maxsize=600)
def font(path: Path, size: int) -> ImageFont.FreeTypeFont:
    """The font at this size in pixels."""
    return ImageFont.truetype(path, size)


def tint(rng: random.Random, name: str) -> Colour:
    """Some colour that goes by this name."""
    hue, saturation, value = (rng.uniform(*span) for span in HUES[name])
    red, green, blue = colorsys.hsv_to_rgb(hue % 360 / 360, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def turned(points: Points, angle: float) -> Points:
    """The points turned about the origin."""
    c, s = math.cos(angle), math.sin(angle)
    result: Points = points @ np.array([[c, s], [-s, c]])
    return result


def outline(rng: random.Random, kind: str) -> Points:
    """The corners of a shape that fits in the unit circle, as some hand may draw it."""
    if kind == "square":
        half = 0.82
        corners = np.array([(-half, -half), (half, -half), (half, half), (-half, half)])
        return turned(corners, rng.gauss(0, 0.12))
    if kind == "triangle":
        around = np.array([-math.pi / 2, math.pi / 6, 5 * math.pi / 6])
        tall = np.array([1, rng.uniform(0.8, 1.1)])
        corners = np.stack([np.cos(around), np.sin(around)], 1) * tall
        return turned(corners, rng.choice((0.0, 0.0, 0.0, rng.uniform(-0.3, 0.3), math.pi)))
    if kind == "star":
        around = np.arange(10) * math.pi / 5 - math.pi / 2
        reach = np.where(np.arange(10) % 2 == 0, 1.0, rng.uniform(0.36, 0.5))
        return turned(np.stack([reach * np.cos(around), reach * np.sin(around)], 1), rng.uniform(-0.3, 0.3))
    if kind == "heart":
        t = np.linspace(0, 2 * math.pi, 40, endpoint=False)
        y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
        return turned(np.stack([16 * np.sin(t) ** 3, -y], 1) / 17, rng.uniform(-0.25, 0.25))
    if kind == "cross":
        a = rng.uniform(0.2, 0.38)
        corners = np.array([(-a, -1), (a, -1), (a, -a), (1, -a), (1, a), (a, a), (a, 1), (-a, 1), (-a, a), (-1, a),
                            (-1, -a), (-a, -a)])  # fmt: skip
        return turned(corners, rng.choice((0.0, 0.0, rng.uniform(-0.2, 0.2), math.pi / 4)))
    t = np.linspace(0, 2 * math.pi, 48, endpoint=False)
    squeeze = np.array([rng.uniform(0.86, 1), rng.uniform(0.86, 1)]) if rng.random() < 0.25 else np.ones(2)
    ring: Points = np.stack([np.cos(t), np.sin(t)], 1) * squeeze
    return ring


def _line(draw: ImageDraw.ImageDraw, points: Points, colour: Colour, width: float) -> None:
    """A line with round ends."""
    dots = [(float(x), float(y)) for x, y in points]
    draw.line(dots, fill=colour, width=max(1, round(width)), joint="curve")
    for x, y in (dots[0], dots[-1]):
        draw.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=colour)


def put_shape(rng: random.Random, canvas: Image.Image, thing: Thing, colour: Colour, hollow: float) -> None:
    """A filled shape, or with the chance `hollow` only its outline, at its place on a square canvas."""
    draw = ImageDraw.Draw(canvas)
    side = canvas.width
    points = (outline(rng, thing.kind) * thing.r + (thing.x, thing.y)) * side
    if rng.random() < hollow:
        closed = np.concatenate([points, points[:2]])
        _line(draw, closed, colour, max(3.0, thing.r * side * rng.uniform(0.16, 0.3)))
        return
    edge: Colour | None = None
    if rng.random() < 0.15:
        edge = (colour[0] // 2, colour[1] // 2, colour[2] // 2)
    draw.polygon([(float(x), float(y)) for x, y in points], fill=colour, outline=edge)


def put_digit(rng: random.Random, canvas: Image.Image, thing: Thing, colour: Colour, files: tuple[Path, ...]) -> None:
    """A digit as printed, or as written by hand, at its place on a square canvas."""
    side = canvas.width
    radius = thing.r * side
    if rng.random() < 0.68:
        middle = (thing.x * side, thing.y * side)
        put_text(rng, canvas, thing.kind, middle=middle, radius=radius, colour=colour, files=files)
        return
    points = (np.array(STROKES[thing.kind]) - 0.5) * 2
    points = points + np.random.default_rng(rng.randrange(2**32)).normal(0, 0.035, points.shape)
    slant = rng.gauss(0, 0.12)
    points = np.stack([points[:, 0] * rng.uniform(0.5, 0.8) + slant * points[:, 1], points[:, 1]], 1)
    placed = turned(points, rng.gauss(0, 0.1)) * radius * 0.92 + np.array([thing.x, thing.y]) * side
    _line(ImageDraw.Draw(canvas), placed, colour, max(2.0, radius * rng.uniform(0.14, 0.38)))


def put_text(
    rng: random.Random,
    canvas: Image.Image,
    text: str,
    *,
    middle: tuple[float, float],
    radius: float,
    colour: Colour,
    files: tuple[Path, ...],
) -> None:
    """Printed text, a little turned, its middle at `middle` and as tall as twice the radius, nearly."""
    size = max(12, int(radius * 2.4) // 6 * 6)
    face = font(rng.choice(files), size)
    room = 2 * size * max(1, len(text))
    mask = Image.new("L", (room, 3 * size))
    bold = rng.choice((0, 0, 0, max(1, size // 24)))
    ImageDraw.Draw(mask).text((room // 2, 3 * size // 2), text, fill=255, font=face, anchor="mm", stroke_width=bold)
    box = mask.getbbox()
    if box is None:
        return
    mask = mask.crop(box)
    scale = 1.84 * radius / mask.height
    mask = mask.resize(
        (max(1, round(mask.width * scale)), max(1, round(mask.height * scale))), Image.Resampling.BILINEAR
    )
    mask = mask.rotate(math.degrees(rng.gauss(0, 0.1)), Image.Resampling.BILINEAR, expand=True)
    at = (round(middle[0] - mask.width / 2), round(middle[1] - mask.height / 2))
    canvas.paste(colour, at, mask)


def put(rng: random.Random, canvas: Image.Image, thing: Thing, colour: Colour, files: tuple[Path, ...]) -> None:
    """The thing on a square canvas."""
    if thing.kind in DIGITS:
        put_digit(rng, canvas, thing, colour, files)
    else:
        put_shape(rng, canvas, thing, colour, hollow=0.15)
