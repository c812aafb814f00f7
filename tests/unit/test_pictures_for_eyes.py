"""What is done to a picture before a projector sees it, and to its rows before the model reads them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from mistral_desk.catalog.gguf import Header
from mistral_desk.inference.engine.picture_rows import repaired
from mistral_desk.inference.engine.picture_size import prepared, prepared_size
from mistral_desk.inference.projector_file import Pad, ProjectorFile

BREAK = np.array([0.5, -1.0, 2.0], np.float32)


def file(side: int = 1540, pad: Pad = "") -> ProjectorFile:
    return ProjectorFile(Path("x"), Header(3, {}, (), 0, 0), 0, "pixtral", side, pad=pad)


@settings(max_examples=80)
@given(some.integers(1, 400), some.integers(1, 400), some.integers(1, 600), some.sampled_from(("", "square")))
def test_the_size_is_known_before_the_pixels_are(width: int, height: int, side: int, pad: Pad) -> None:
    picture = np.zeros((height, width, 3), np.uint8)
    ready = prepared(picture, file(side, pad))

    assert (ready.shape[1], ready.shape[0]) == prepared_size(width, height, file(side, pad))
    assert min(ready.shape[:2]) >= 2
    assert max(ready.shape[:2]) < max(2 * side, 3)
    assert ready.flags.c_contiguous


def test_a_picture_of_the_right_size_is_not_touched() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)

    assert (prepared(picture, file()) == picture).all()


def test_shrinking_keeps_the_mean_so_fine_patterns_turn_grey() -> None:
    stripes = np.zeros((400, 400, 3), np.uint8)
    stripes[:, ::2] = 255
    small = prepared(stripes, file(100))

    assert small.shape == (100, 100, 3)
    assert abs(int(small.min()) - 127) <= 1
    assert small.min() == small.max()


def test_a_square_is_filled_up_with_the_colour_of_the_border() -> None:
    picture = np.full((20, 60, 3), (200, 180, 10), np.uint8)
    picture[5:15, 20:40] = (0, 0, 255)
    picture[0, :9] = 0
    square = prepared(picture, file(pad="square"))

    assert square.shape == (60, 60, 3)
    assert (square[:20] == (200, 180, 10)).all()
    assert (square[40:] == (200, 180, 10)).all()
    assert (square[20:40] == picture).all()


def rows(lines: int, columns: int) -> np.ndarray:
    """Numbers of a picture with a row between each two lines."""
    found = np.random.default_rng(1).normal(size=(lines, columns + 1, 3)).astype(np.float32)
    found[:, -1] = BREAK
    return found.reshape(-1, 3)[:-1]


@pytest.mark.parametrize(("lines", "columns"), [(2, 1), (5, 5), (3, 7), (17, 23)])
def test_rows_between_lines_that_are_no_numbers_become_what_they_should_be(lines: int, columns: int) -> None:
    whole = rows(lines, columns)
    for spoil in (slice(columns, None, columns + 1), slice(columns, columns + 1)):
        spoilt = whole.copy()
        spoilt[spoil, 1:] = np.nan
        mended = repaired(spoilt, BREAK)
        assert mended is not None
        assert (mended == whole).all()


@settings(max_examples=60)
@given(some.integers(2, 8), some.integers(2, 8), some.data())
def test_a_row_of_the_picture_itself_is_never_made_up(lines: int, columns: int, data: some.DataObject) -> None:
    spoilt = rows(lines, columns)
    at = data.draw(some.integers(0, len(spoilt) - 1).filter(lambda row: row % (columns + 1) != columns))
    spoilt[at] = np.nan

    assert repaired(spoilt, BREAK) is None


def test_rows_that_are_numbers_stay_and_without_a_vector_nothing_is_mended() -> None:
    whole = rows(3, 4)
    assert repaired(whole, None) is whole
    spoilt = whole.copy()
    spoilt[4] = np.inf
    assert repaired(spoilt, None) is None
