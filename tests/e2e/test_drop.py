"""A file that is let go over the real window ends in an answer to what is drawn: offscreen and on a virtual screen."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from PIL import Image, ImageDraw

from mistral_desk.chat.attachments import Pixels, take_in
from mistral_desk.inference.projector_file import LONG_SIDE
from tests.fixtures import fake_worker
from tests.fixtures.screen import x11_screen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT: Final = Path(__file__).resolve().parents[2]
END_OF_WORLD_S: Final = 240.0
DISCS: Final = {"red": (214, 40, 40), "blue": (30, 80, 200)}


@pytest.fixture
def screen() -> Iterator[str]:
    """A virtual screen of its own; its name."""
    with x11_screen() as name:
        yield name


def disc(folder: Path, colour: str) -> Path:
    """A disc on white, as a file that a person has."""
    image = Image.new("RGB", (224, 224), "white")
    ImageDraw.Draw(image).ellipse((52, 52, 172, 172), fill=DISCS[colour])
    path = folder / f"Zeichnung für Müller ({colour}).png"
    image.save(path)
    return path


def dropped(order: Mapping[str, Any], home: Path, environment: Mapping[str, str]) -> dict[str, Any]:
    """What the window showed after the drop."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.e2e.drop_driver"],
        input=json.dumps({"home": str(home), "model": None, "script": None, **order}) + "\n",
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=ROOT,
        env={**environment, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
        timeout=END_OF_WORLD_S,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def on_a_screen(display: str) -> dict[str, str]:
    """The environment of a program that has a real screen."""
    return {key: value for key, value in os.environ.items() if key != "QT_QPA_PLATFORM"} | {"DISPLAY": display}


def scripted(picture: Path) -> list[fake_worker.Step]:
    """A worker that answers only when it was given exactly this picture's pixels."""
    pixels = asyncio.run(take_in(picture, picture.name, LONG_SIDE))
    assert isinstance(pixels, Pixels)
    return fake_worker.looking(pixels.sha256, text="A red disc.")


def check(told: dict[str, Any], picture: Path, platform: str) -> None:
    """The whole way: sign, composer, message, conversation."""
    assert told["sign"], "the place to drop was seen"
    assert told["attached"] == told["pictures"] == [picture.name]
    assert (told["left"], told["problem"], told["platform"]) == (0, "", platform)
    assert told["shown"][0] == f"{picture.name}, 224 × 224"


def test_a_dropped_picture_reaches_the_worker_and_is_answered(home: Path, tmp_path: Path) -> None:
    picture = disc(tmp_path, "red")
    order = {"files": [str(picture)], "question": "What is this?", "script": scripted(picture)}
    told = dropped(order, home, os.environ)
    check(told, picture, "offscreen")
    assert told["answer"] == "A red disc."


@pytest.mark.display
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="X11 is Linux's")
def test_the_same_on_a_virtual_screen(home: Path, tmp_path: Path, screen: str) -> None:
    picture = disc(tmp_path, "red")
    order = {"files": [str(picture)], "question": "What is this?", "script": scripted(picture)}
    told = dropped(order, home, on_a_screen(screen))
    check(told, picture, "xcb")
    assert told["answer"] == "A red disc."


EYES: Final = ROOT / "resources" / "model" / "guide-mmproj.gguf"
needs_eyes = pytest.mark.skipif(not EYES.exists(), reason="the built-in model has no eyes in this checkout")


@needs_eyes
@pytest.mark.parametrize("colour", DISCS)
def test_the_built_in_model_names_what_was_dropped(home: Path, tmp_path: Path, colour: str) -> None:
    picture = disc(tmp_path, colour)
    told = dropped({"files": [str(picture)], "question": "What is this?"}, home, os.environ)
    check(told, picture, "offscreen")
    assert {colour, "circle"} <= set(told["answer"].lower().replace(".", " ").split()), told["answer"]


@needs_eyes
@pytest.mark.display
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="X11 is Linux's")
def test_the_built_in_model_names_it_on_a_virtual_screen(home: Path, tmp_path: Path, screen: str) -> None:
    picture = disc(tmp_path, "blue")
    told = dropped({"files": [str(picture)], "question": "What is this?"}, home, on_a_screen(screen))
    check(told, picture, "xcb")
    assert {"blue", "circle"} <= set(told["answer"].lower().replace(".", " ").split()), told["answer"]
