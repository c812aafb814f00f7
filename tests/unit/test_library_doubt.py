"""What is said of a model's file before it is loaded: damaged at the last reading, or not as it was when it came."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from mistral_desk.library.scan import scan
from mistral_desk.library.shelf_file import SLACK_S, Installed, LibraryFile
from mistral_desk.library.verify import verify
from tests.fixtures.hub_files import FileHub, content
from tests.fixtures.in_the_way import downloaded
from tests.fixtures.queues import SIZES, model

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, ...]:
    """A model in two parts with its projector, as a download leaves it."""
    with FileHub() as hub:
        made = model(hub)
    return tuple(
        downloaded(file, tmp_path, content(SIZES[number], number), (made.id, made.title))
        for number, file in enumerate(made.files)
    )


def doubt(folder: Path) -> str:
    """The id of what is to be said; empty where nothing is."""
    models = scan(folder)
    assert models
    (found,) = models
    return found.doubt.id if found.doubt else ""


def aged(path: Path, seconds: float) -> None:
    """The file was written to so many seconds after it came."""
    when = path.stat().st_mtime + seconds
    os.utime(path, (when, when))


def flipped(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(100)
        byte = file.read(1)
        file.seek(100)
        file.write(bytes([byte[0] ^ 1]))


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda path: aged(path, -3600.0), ""),
        (lambda path: aged(path, SLACK_S / 2), ""),
        (lambda path: aged(path, 60.0), "model.changed"),
        (lambda path: path.write_bytes(path.read_bytes() + b"x"), "model.changed"),
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), "model.changed"),
    ],
    ids=["older", "at once", "later", "longer", "shorter"],
)
def test_a_file_that_was_written_to_since_it_came_has_changed(
    number: int, change: Callable[[Path], None], said: str, files: tuple[Path, ...], tmp_path: Path
) -> None:
    assert doubt(tmp_path) == ""
    change(files[number])
    assert doubt(tmp_path) == said


def test_a_projector_that_was_written_to_has_changed_and_one_of_another_size_is_another(
    files: tuple[Path, ...], tmp_path: Path
) -> None:
    aged(files[2], 60.0)
    assert doubt(tmp_path) == "model.changed"
    files[2].write_bytes(files[2].read_bytes() + b"x")
    models = scan(tmp_path)
    assert models
    assert models[0].projector is None


def test_a_damaged_file_is_known_after_it_was_read_and_no_more_when_it_is_whole_again(
    files: tuple[Path, ...], tmp_path: Path
) -> None:
    flipped(files[1])
    assert verify(files[1]).good is False
    assert doubt(tmp_path) == "model.known_damaged"
    flipped(files[1])
    assert verify(files[1]).good is True
    assert doubt(tmp_path) == ""


def test_a_file_that_only_has_another_time_is_known_again_once_it_was_verified(
    files: tuple[Path, ...], tmp_path: Path
) -> None:
    """As after a copy that does not keep times."""
    aged(files[0], -1.0)
    before = files[0].stat()
    os.utime(files[0], (before.st_atime + 30, before.st_mtime + 30))
    assert doubt(tmp_path) == "model.changed"
    os.utime(files[0], (before.st_atime, before.st_mtime))
    assert verify(files[0]).good
    assert doubt(tmp_path) == ""


def test_of_a_file_that_nobody_knows_nothing_is_said(tmp_path: Path) -> None:
    own = tmp_path / "own.gguf"
    own.write_bytes(b"x" * 10)
    aged(own, 3600.0)
    assert doubt(tmp_path) == ""
    one = LibraryFile(str(own), 10).seen(12, time.time() + 5)
    assert not one.changed
    assert Installed("own", str(own), "Own", "own", str(tmp_path), (one,)).doubt is None


def test_a_registered_file_is_held_to_its_own_verifying() -> None:
    one = LibraryFile("/own.gguf", 10, "0" * 64, verified=(True, 1000.0), proven=1000.0)
    assert not one.seen(10, 900.0).changed
    assert one.seen(10, 2000.0).changed
    assert not one.seen(10, 2000.0).seen(10, 900.0).changed
    assert one.seen(11, 900.0) == LibraryFile("/own.gguf", 11, changed=True)
