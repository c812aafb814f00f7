"""The store of pictures: each is kept once, under the fingerprint of its pixels, as long as a chat uses it.

Its files are PNGs of our own writing, so reading them back is no risk; all the same the pixels are checked.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mistral_desk.chat.attachments.kinds import Picture, Pixels, fingerprints_in
from mistral_desk.core import lasting, private
from mistral_desk.core.errors import DeskError

if TYPE_CHECKING:
    from collections.abc import Iterable

_log: Final = logging.getLogger(__name__)
_NAME: Final = re.compile(r"([0-9a-f]{64})\.png")
_HALF_WRITTEN: Final = ".part"
_LEVEL: Final = 3
"""zlib's effort: 6 takes three times as long for a file that is a few per cent smaller."""
_LARGEST: Final = 100_000_000
"""Pixels in a file of the store at most; the decode child gives far smaller ones."""


class Pictures:
    """A folder of pictures, one PNG each, named by `core.pixels.fingerprint`."""

    def __init__(self, folder: Path) -> None:
        """`folder` is made when the first picture comes: `Folders.pictures`."""
        self._folder = folder

    async def put(self, pixels: Pixels) -> Picture:
        """Keep a picture; one that is there already is not written again. On the disk when this returns.

        Raises `picture.not_saved`.
        """
        return await asyncio.to_thread(self._put, pixels)

    def pixels(self, sha256: str) -> Pixels:
        """Width, height and pixels, exactly width x height x 3 bytes (and no name). Blocks for some 30 ms: call it in a
        thread.

        Raises `picture.missing` when it is not there or is not what it was.
        """
        from PIL import Image  # noqa: PLC0415 - an app in which nobody attaches anything does without

        try:
            with Image.open(self.path(sha256), formats=("PNG",)) as image:
                width, height = image.size
                wrong = image.mode != "RGB" or width * height > _LARGEST
                pixels = Pixels(width, height, b"" if wrong else image.tobytes())
            same = not wrong and pixels.sha256 == sha256
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            raise DeskError("picture.missing", f"{sha256}: {error}") from error
        if not same:
            raise DeskError("picture.missing", f"{sha256}: its pixels are not what they were")
        return pixels

    def path(self, sha256: str) -> Path:
        """The file it is kept in (PNG, our own writing: safe to show), whether it exists or not.

        Raises ValueError where that is no fingerprint.
        """
        name = f"{sha256}.png"
        if not _NAME.fullmatch(name):
            raise ValueError(f"no fingerprint: {sha256[:80]!r}")
        return self._folder / name

    def delete(self, sha256s: Iterable[str]) -> None:
        """Delete these; what is not there is deleted already. What cannot be deleted is logged."""
        for sha256 in sha256s:
            try:
                self.path(sha256).unlink(missing_ok=True)
            except OSError as error:
                _log.warning("a picture could not be deleted: %s", error)

    def all(self) -> frozenset[str]:
        """Everything that is kept."""
        try:
            names = [path.name for path in self._folder.iterdir()]
        except FileNotFoundError:
            return frozenset()
        return frozenset(match[1] for match in map(_NAME.fullmatch, names) if match)

    def older_than(self, seconds: float) -> frozenset[str]:
        """What was last put here longer ago than that."""
        before = time.time() - seconds
        found = []
        for sha256 in self.all():
            with contextlib.suppress(FileNotFoundError):
                if self.path(sha256).stat().st_mtime < before:
                    found.append(sha256)
        return frozenset(found)

    def _put(self, pixels: Pixels) -> Picture:
        picture = Picture(pixels.sha256, pixels.width, pixels.height)
        path = self.path(picture.sha256)
        if self._holds(picture):
            with contextlib.suppress(OSError):
                os.utime(path)  # it is about to be sent again
            return picture
        from PIL import Image  # noqa: PLC0415

        image = Image.frombytes("RGB", (pixels.width, pixels.height), pixels.rgb)
        half = ""
        try:
            private.folder(self._folder)
            handle, half = tempfile.mkstemp(_HALF_WRITTEN, picture.sha256[:16], self._folder)
            with os.fdopen(handle, "wb") as file:
                image.save(file, "PNG", compress_level=_LEVEL)
                file.flush()
                lasting.sync(file.fileno())
            Path(half).replace(path)
            lasting.sync_folder(self._folder)
        except OSError as error:
            with contextlib.suppress(OSError):
                if half:
                    Path(half).unlink(missing_ok=True)
            raise DeskError("picture.not_saved", path=str(self._folder), reason=error.strerror or str(error)) from error
        return picture

    def _holds(self, picture: Picture) -> bool:
        """Whether it is there and whole: a damaged file is written anew."""
        try:
            self.pixels(picture.sha256)
        except DeskError:
            return False
        return True


def unused(stored: Iterable[str], bodies: Iterable[str], kept: Iterable[str] = ()) -> frozenset[str]:
    """Which of the `stored` pictures no message uses: `bodies` are those of all parts of kind `image` in the history.

    `kept` are those that a person is about to send. Of a body that cannot be read all counts that could be meant: so
    nothing is deleted by mistake, and one such body does not keep everything else for ever.
    """
    return frozenset(stored).difference(kept, *map(fingerprints_in, bodies))
