"""The drawings that the built-in model learns to see show what their scenes say, at every size and aspect.

Runs without torch: scenes are drawn with Pillow and prepared with the app's own code.
"""

from __future__ import annotations

import colorsys
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.train_builtin_model import drawings, ink, retina, strange
from tools.train_builtin_model.corpus.scenes import COLOURS, KINDS, Picture, Thing, placed
from tools.train_builtin_model.shape import EYE

CLEAN = drawings.Manner(sides=((200, 240),), aspects=(1.0,), qualities=(0,), worn=0.0)


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.sampled_from(COLOURS))
def test_a_tint_is_what_its_name_says(seed: int, name: str) -> None:
    red, green, blue = ink.tint(random.Random(seed), name)
    hue, saturation, value = colorsys.rgb_to_hsv(red / 255, green / 255, blue / 255)
    spans, saturations, values = ink.HUES[name]
    if name == "black":
        assert value <= 0.16
        return
    degrees = hue * 360 if hue * 360 <= 340 or spans[0] >= 0 else hue * 360 - 360
    assert spans[0] - 2 <= degrees <= spans[1] + 2
    assert saturations[0] - 0.02 <= saturation <= saturations[1] + 0.02
    assert values[0] - 0.01 <= value <= values[1] + 0.01


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_leaves_ink_around_its_centre_and_none_far_away(kind: str) -> None:
    rng = random.Random(kind)
    for _ in range(5):
        thing = Thing(kind, "blue", rng.uniform(0.3, 0.7), rng.uniform(0.3, 0.7), rng.uniform(0.12, 0.2))
        pixels = drawings.render(rng, Picture((thing,)), CLEAN).pixels.astype(float)
        ground = np.median(pixels.reshape(-1, 3), axis=0)
        side = pixels.shape[0]
        marked = np.argwhere(np.abs(pixels - ground).max(-1) > 60) / side
        away = np.hypot(marked[:, 1] - thing.x, marked[:, 0] - thing.y)
        assert len(marked) > 20
        assert away.max() < thing.r * 1.5
        assert np.abs(marked.mean(0) - (thing.y, thing.x)).max() < thing.r * 0.5


@settings(max_examples=25)
@given(st.integers(0, 2**32), st.integers(1, 4), st.sampled_from(drawings.ASPECTS))
def test_squared_by_the_app_a_drawing_lies_where_its_scene_says(seed: int, count: int, aspect: float) -> None:
    rng = random.Random(seed)
    picture = placed(rng, count)
    manner = drawings.Manner(sides=((120, 330),), aspects=(aspect,), qualities=(0,), worn=0.0)
    seen = retina.look(drawings.render(rng, picture, manner).pixels).astype(float)
    assert seen.shape == (EYE.side, EYE.side, 3)
    ground = np.median(seen.reshape(-1, 3), axis=0)
    marked = np.argwhere(np.abs(seen - ground).max(-1) > 60) / EYE.side
    for thing in picture.things:
        away = np.hypot(marked[:, 1] - thing.x, marked[:, 0] - thing.y)
        assert away.min() < thing.r * 1.1


@pytest.mark.parametrize("make", list(strange.KINDS), ids=lambda make: str(make.__name__))
def test_unfamiliar_pictures_are_pictures(make: object) -> None:
    assert callable(make)
    for seed in range(3):
        pixels = make(random.Random(seed), 64)
        assert pixels.shape == (64, 64, 3)
        assert pixels.dtype == np.uint8


def test_a_pool_is_a_function_of_its_seed_and_survives_the_disk(tmp_path_factory: pytest.TempPathFactory) -> None:
    manner = drawings.Manner(sides=((80, 120),))
    pool, again = (retina.fill("test", 12, manner) for _ in range(2))
    assert np.array_equal(pool.pixels, again.pixels)
    path = tmp_path_factory.mktemp("pool") / "000.npy"
    retina.store(pool, path)
    back = retina.read(path)
    assert np.array_equal(back.pixels, pool.pixels)
    assert np.array_equal(back.weights, pool.weights)
    assert back.pictures == pool.pictures


def test_the_held_out_font_is_no_font_of_training() -> None:
    trained, held = ink.fonts(), ink.fonts(held=True)
    assert trained
    assert not {path.name for path in trained} & {path.name for path in held}
    assert not any(path.name.startswith(ink.HELD_FONT) for path in trained)
