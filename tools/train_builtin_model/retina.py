"""From a picture to the pixels that the eye gets, exactly as the app and llama.cpp make them.

The app shrinks and squares it (its own code, imported); llama.cpp then resizes to the tower's side, bicubic.
"""

from __future__ import annotations

import json
import random
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt
from PIL import Image

from mistral_desk.inference.engine.picture_size import prepared

from .corpus.scenes import FACTORS, SIDE, Picture, Thing, weights
from .drawings import Manner, sample
from .shape import EYE

if TYPE_CHECKING:
    from pathlib import Path

    from mistral_desk.inference.projector_file import ProjectorFile

    from .ink import Array

Weights = npt.NDArray[np.float16]


@dataclass(frozen=True)
class Wanted:
    """What the app reads from the projector's file about pictures."""

    side: int = EYE.side
    pad: str = "square"


def look(pixels: Array) -> Array:
    """[height, width, 3] -> [EYE.side, EYE.side, 3]."""
    square = prepared(pixels, cast("ProjectorFile", Wanted()))
    if square.shape[0] == EYE.side:
        return square
    return np.asarray(Image.fromarray(square).resize((EYE.side, EYE.side), Image.Resampling.BICUBIC))


@dataclass(frozen=True)
class Pool:
    """Drawings ready to be looked at: pixels [n, side, side, 3], code weights [n, cells, factors], scenes."""

    pixels: Array
    weights: Weights
    pictures: list[Picture]


def fill(seed: str, count: int, manner: Manner) -> Pool:
    """`count` new drawings; the same for the same seed."""
    rng = random.Random(f"drawings:{seed}")
    pixels = np.empty((count, EYE.side, EYE.side, 3), np.uint8)
    told = np.empty((count, SIDE * SIDE, len(FACTORS)), np.float16)
    pictures = []
    for i in range(count):
        drawing = sample(rng, manner)
        pixels[i] = look(drawing.pixels)
        told[i] = weights(drawing.picture)
        pictures.append(drawing.picture)
    return Pool(pixels, told, pictures)


def store(pool: Pool, path: Path) -> None:
    """Write a pool beside `path` (.npy pixels, .json scenes), never half of one."""
    scenes = [{"familiar": one.familiar, "things": [asdict(thing) for thing in one.things]} for one in pool.pictures]
    path.with_suffix(".json").write_text(json.dumps(scenes), encoding="utf-8")
    new = path.with_suffix(".new.npy")
    np.save(new, pool.pixels)
    new.replace(path.with_suffix(".npy"))


def read(path: Path) -> Pool:
    """A pool that `store` wrote; its pixels stay on disk until they are looked at."""
    scenes = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    pictures = [Picture(tuple(Thing(**thing) for thing in one["things"]), one["familiar"]) for one in scenes]
    told = np.array([weights(picture) for picture in pictures], np.float16)
    return Pool(np.load(path.with_suffix(".npy"), mmap_mode="r"), told, pictures)
