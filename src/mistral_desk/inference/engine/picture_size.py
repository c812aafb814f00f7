"""What a picture looks like when the projector gets it: shrunk evenly, and filled up where its training wants that.

llama.cpp shrinks with a filter that looks at few pixels, so a large picture would turn to speckles for a small
projector; and it fills up with black, which a small projector takes for something to see.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from typing import TypeAlias

    import numpy.typing as npt

    from mistral_desk.inference.projector_file import ProjectorFile

    Raster: TypeAlias = npt.NDArray[np.uint8]
    """Height x width x 3: red, green, blue."""

SMALLEST: Final = 2
"""Pixels: llama.cpp's resizing needs two in each direction."""


def prepared_size(width: int, height: int, file: ProjectorFile) -> tuple[int, int]:
    """Width and height of what `prepared` makes of a picture of this size."""
    factor = _factor(width, height, file.side)
    width, height = max(width // factor, SMALLEST), max(height // factor, SMALLEST)
    if file.pad == "square":
        width = height = max(width, height)
    return width, height


def prepared(picture: Raster, file: ProjectorFile) -> Raster:
    """The picture as the projector gets it, in memory without gaps."""
    picture = _shrunk(picture, _factor(picture.shape[1], picture.shape[0], file.side))
    height, width = picture.shape[:2]
    short = [(0, max(SMALLEST - side, 0)) for side in (height, width)]
    picture = np.pad(picture, (*short, (0, 0)), "edge")
    if file.pad == "square":
        picture = _squared(picture)
    return np.ascontiguousarray(picture)


def _factor(width: int, height: int, side: int) -> int:
    """How many pixels become one, in each direction; the rest of the way is llama.cpp's."""
    return max(1, max(width, height) // max(side, 1))


def _shrunk(picture: Raster, factor: int) -> Raster:
    """The mean over squares of `factor` pixels; of a side that is shorter than that, over all of it."""
    if factor == 1:
        return picture
    high, wide = (max(side // factor, 1) for side in picture.shape[:2])
    down, across = (min(factor, side) for side in picture.shape[:2])
    cut = picture[: high * down, : wide * across].reshape(high, down, wide, across, 3)
    mean: Raster = np.rint(cut.mean(axis=(1, 3), dtype=np.float32)).astype(np.uint8)
    return mean


def _squared(picture: Raster) -> Raster:
    """In the middle of a square of its border's colour (the median, so that a line that touches it does not count)."""
    height, width = picture.shape[:2]
    side = max(height, width)
    edges = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
    square = np.empty((side, side, 3), np.uint8)
    square[:] = np.median(edges, axis=0).astype(np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = picture
    return square
