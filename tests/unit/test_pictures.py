"""The store of pictures, on real files: the same pixels once, damage noticed, nothing half-written, nothing left."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as some
from PIL import Image

from mistral_desk.chat.attachments import Picture, Pictures, Pixels, picture_body, read_picture_body, unused
from mistral_desk.core.pixels import fingerprint
from tests.fixtures.engines import problem_of, run

if TYPE_CHECKING:
    from pathlib import Path

RGB = bytes(range(200)) + bytes(100)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "Bilder für mich" / "pictures"


def test_what_is_put_comes_back_as_it_was_and_is_kept_once(folder: Path) -> None:
    store, pixels = Pictures(folder), Pixels(10, 10, RGB, "cat.png")

    async def test() -> None:
        first, second = await asyncio.gather(store.put(pixels), store.put(Pixels(10, 10, RGB, "other name.jpg")))
        assert first == second == Picture(fingerprint(10, 10, RGB), 10, 10)
        assert store.pixels(first.sha256).rgb == RGB
        assert (store.pixels(first.sha256).width, store.pixels(first.sha256).height) == (10, 10)
        turned = await store.put(Pixels(20, 5, RGB))
        assert turned.sha256 != first.sha256, "other sides are another picture"
        assert store.all() == {first.sha256, turned.sha256}
        with Image.open(store.path(first.sha256)) as image:
            assert image.info == {}
            assert image.size == (10, 10)

    run(test())
    assert [path.suffix for path in folder.iterdir()] == [".png", ".png"], "nothing half-written is left"


def test_a_second_store_finds_what_the_first_kept(folder: Path) -> None:
    picture = asyncio.run(Pictures(folder).put(Pixels(10, 10, RGB)))
    assert Pictures(folder).pixels(picture.sha256).rgb == RGB
    if sys.platform != "win32":
        assert folder.stat().st_mode & 0o077 == 0
        assert Pictures(folder).path(picture.sha256).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("damage", [b"", b"no picture", None])
def test_a_damaged_file_is_missing_and_written_anew(folder: Path, damage: bytes | None) -> None:
    store = Pictures(folder)

    async def test() -> None:
        picture = await store.put(Pixels(10, 10, RGB))
        path = store.path(picture.sha256)
        if damage is None:
            Image.new("RGB", (10, 10), (1, 2, 3)).save(path)  # whole, but another picture
        else:
            path.write_bytes(damage)
        message, _, _ = await problem_of(asyncio.to_thread(store.pixels, picture.sha256))
        assert message == "picture.missing"
        assert await store.put(Pixels(10, 10, RGB)) == picture
        assert store.pixels(picture.sha256).rgb == RGB

    run(test())


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="rights do not bind here")
def test_a_folder_that_cannot_be_written_to_is_told(folder: Path) -> None:
    folder.mkdir(parents=True)
    folder.chmod(0o500)

    async def test() -> None:
        message, params, _ = await problem_of(Pictures(folder).put(Pixels(10, 10, RGB)))
        assert (message, params["path"]) == ("picture.not_saved", str(folder))

    run(test())


def test_where_the_folder_cannot_be_made_it_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    async def test() -> None:
        message, _, _ = await problem_of(Pictures(tmp_path / "file" / "pictures").put(Pixels(10, 10, RGB)))
        assert message == "picture.not_saved"

    run(test())


def test_deleting_takes_what_is_named_and_minds_nothing_else(folder: Path) -> None:
    store = Pictures(folder)

    async def test() -> None:
        one, two = await store.put(Pixels(10, 10, RGB)), await store.put(Pixels(5, 20, RGB))
        (folder / "notes.txt").write_bytes(b"mine")
        store.delete([one.sha256, "0" * 64])
        assert store.all() == {two.sha256}
        assert (folder / "notes.txt").exists()
        with pytest.raises(ValueError, match="no fingerprint"):
            store.delete(["../../secret"])

    run(test())


def test_nothing_is_there_before_the_first_picture(folder: Path) -> None:
    assert Pictures(folder).all() == frozenset()
    assert not folder.exists()


def test_pixels_must_be_as_many_as_the_sides_say() -> None:
    for width, height, rgb in ((10, 10, RGB[:-1]), (0, 0, b""), (-1, -1, b"abc")):
        with pytest.raises(ValueError, match="pixels"):
            fingerprint(width, height, rgb)


_digests = some.integers(0, 15).map(lambda digit: f"{digit:x}" * 64)


@given(some.sets(_digests), some.sets(_digests), some.sets(_digests))
def test_unused_is_what_neither_a_message_nor_a_person_needs(stored: set[str], used: set[str], kept: set[str]) -> None:
    bodies = [picture_body(Picture(sha256, 3, 2), "Katze.png") for sha256 in sorted(used)]
    assert unused(stored, bodies, kept) == stored - used - kept


@pytest.mark.parametrize("body", ["", "{}", "[]", '{"sha256": 3}', "\ud800", '{"sha256":"../x","width":1,"height":1}'])
def test_a_body_that_cannot_be_read_keeps_what_it_could_mean_and_nothing_else(body: str) -> None:
    with pytest.raises(ValueError, match="body"):
        read_picture_body(body)
    meant = f'{body} "picture": "{"1" * 64}"'
    assert unused(["0" * 64, "1" * 64], [body, meant]) == {"0" * 64}


def test_a_body_holds_the_picture_and_its_name_and_no_path() -> None:
    body = read_picture_body(picture_body(Picture("a" * 64, 3, 2), "Katze.png"))
    assert (body.picture, body.name) == (Picture("a" * 64, 3, 2), "Katze.png")
