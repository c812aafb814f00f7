"""Where an export's files go: one file, a folder, or one ZIP archive. Everything here blocks.

A file appears under its name only when it is whole. `drop` takes back what was begun and not finished.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
import zipfile
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from mistral_desk.chat.sharing.names import Names, safe
from mistral_desk.core import putting
from mistral_desk.core.replacing import put_in_place
from mistral_desk.core.words import tr

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

    from mistral_desk.chat.sharing.shared import Shared

_OLDEST: Final = time.mktime((1981, 1, 1, 0, 0, 0, 0, 0, -1))
"""Archives know no time before 1980."""


class Packing(ABC):
    """What the three have in common."""

    def __init__(self, target: Path) -> None:
        self.path = target
        self.files: list[str] = []
        """Names of the documents."""
        self.bytes = 0
        self._halves: set[Path] = set()

    def begin(self) -> None:  # noqa: B027 - one file needs nothing
        """Make sure that something can be written there. Raises `OSError`."""

    @abstractmethod
    def document(self, shared: Shared, ending: str) -> contextlib.AbstractContextManager[BinaryIO]:
        """A document to write; whole when the context ends without an error."""

    @abstractmethod
    def aside(self, name: str, data: bytes) -> str:
        """Keep a picture beside the document; its address from there, with `/` between its parts."""

    def finish(self) -> None:  # noqa: B027 - nor does a folder here
        """All is written."""

    def drop(self) -> None:
        """Delete what is half written. Never raises."""
        while self._halves:
            with contextlib.suppress(OSError):
                self._halves.pop().unlink(missing_ok=True)

    @contextlib.contextmanager
    def _whole(self, path: Path, put: Callable[[Path, Path], None] = putting.put) -> Iterator[BinaryIO]:
        """A file that takes its name when it is complete: one that nobody has taken meanwhile."""
        handle, half = self._begin_half(path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                yield cast("BinaryIO", file)
                file.flush()
                os.fsync(file.fileno())
                size = file.tell()
            put(half, path)
            self.bytes += size
        finally:
            half.unlink(missing_ok=True)
            self._halves.discard(half)

    def _begin_half(self, folder: Path) -> tuple[int, Path]:
        """A file under a passing name, open for writing."""
        handle, name = tempfile.mkstemp(".part", ".export-", folder)
        half = Path(name)
        self._halves.add(half)
        return handle, half


class OneFile(Packing):
    """One document at `target`, which it replaces; pictures in a new folder beside it."""

    def __init__(self, target: Path) -> None:
        super().__init__(target)
        self._folder: Path | None = None
        self._names = Names()
        self._done = False

    @contextlib.contextmanager
    def document(self, shared: Shared, ending: str) -> Iterator[BinaryIO]:  # noqa: ARG002 - it has its name
        """The one."""
        with self._whole(self.path, put_in_place) as file:
            yield file
        self.files.append(self.path.name)

    def aside(self, name: str, data: bytes) -> str:
        """In a folder named after the document."""
        if self._folder is None:
            taken = Names(tuple(os.listdir(self.path.parent)))  # noqa: PTH208 - names
            self._folder = self.path.with_name(taken.give(tr("{name} pictures", name=self.path.stem), ""))
            self._folder.mkdir()
        file = self._names.give(_picture(name), ".png")
        with self._whole(self._folder / file) as kept:
            kept.write(data)
        return f"{self._folder.name}/{file}"

    def finish(self) -> None:
        """Its pictures stay."""
        self._done = True

    def drop(self) -> None:
        """Without the document its pictures are of no use."""
        super().drop()
        if self._folder is not None and not self._done:
            shutil.rmtree(self._folder, ignore_errors=True)


class Folder(Packing):
    """Many documents in a folder, which is made where it is missing; what lies in it stays as it is."""

    def __init__(self, target: Path) -> None:
        super().__init__(target)
        self._names = Names()
        self._pictures = Names()

    def begin(self) -> None:
        """Make the folder."""
        self.path.mkdir(parents=True, exist_ok=True)
        self._names = Names(tuple(os.listdir(self.path)))  # noqa: PTH208 - names
        with contextlib.suppress(OSError):
            self._pictures = Names(tuple(os.listdir(self.path / _PICTURES)))  # noqa: PTH208

    @contextlib.contextmanager
    def document(self, shared: Shared, ending: str) -> Iterator[BinaryIO]:
        """One more."""
        name = self._names.give(name_of(shared), ending)
        with self._whole(self.path / name) as file:
            yield file
        self.files.append(name)

    def aside(self, name: str, data: bytes) -> str:
        """In a folder for the pictures of all."""
        folder = self.path / _PICTURES
        folder.mkdir(exist_ok=True)
        file = self._pictures.give(_picture(name), ".png")
        with self._whole(folder / file) as kept:
            kept.write(data)
        return f"{_PICTURES}/{file}"


class ZipFile(Packing):
    """Many documents in one archive at `target`, which it replaces: all of them, or no archive."""

    def __init__(self, target: Path) -> None:
        super().__init__(target)
        self._names = Names()
        self._pictures = Names()
        self._open: _Open | None = None

    def begin(self) -> None:
        """A file beside it, under a passing name."""
        handle, half = self._begin_half(self.path.parent)
        file = os.fdopen(handle, "wb")
        self._open = _Open(half, file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6))

    @contextlib.contextmanager
    def document(self, shared: Shared, ending: str) -> Iterator[BinaryIO]:
        """One more. It is opened with its first bytes: pictures come before them."""
        name = self._names.give(name_of(shared), ending)
        member = _Member(self._begun.archive, _info(name, shared.conversation.updated))
        try:
            yield cast("BinaryIO", member)
        finally:
            member.close()
        self.files.append(name)

    def aside(self, name: str, data: bytes) -> str:
        """In a folder for the pictures of all."""
        file = f"{_PICTURES}/{self._pictures.give(_picture(name), '.png')}"
        info = _info(file, time.time())
        info.compress_type = zipfile.ZIP_STORED
        self._begun.archive.writestr(info, data)
        return file

    def finish(self) -> None:
        """Put it in its place."""
        begun = self._begun
        begun.archive.close()
        begun.file.flush()
        os.fsync(begun.file.fileno())
        begun.file.close()
        self._open = None
        self.bytes = begun.half.stat().st_size
        put_in_place(begun.half, self.path)
        self._halves.discard(begun.half)

    def drop(self) -> None:
        """Close it, so that it can be deleted."""
        if self._open is not None:
            self._open.archive.fp = None  # so that it writes no end
            with contextlib.suppress(OSError):
                self._open.file.close()
            self._open = None
        super().drop()

    @property
    def _begun(self) -> _Open:
        if self._open is None:
            raise RuntimeError("the archive is not open")
        return self._open


@dataclass(frozen=True)
class _Open:
    """An archive that is written, and the file below it."""

    half: Path
    file: BinaryIO
    archive: zipfile.ZipFile


class _Member:
    """A member of an archive, begun when the first bytes come."""

    def __init__(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
        self._archive, self._info = archive, info
        self._stream: BinaryIO | None = None

    def write(self, data: bytes) -> int:
        """Into the archive."""
        if self._stream is None:
            self._stream = cast("BinaryIO", self._archive.open(self._info, "w", force_zip64=True))
        return self._stream.write(data)

    def close(self) -> None:
        """The next may begin."""
        if self._stream is not None:
            self._stream.close()


_PICTURES: Final = "pictures"


def name_of(shared: Shared) -> str:
    """A document's name among others: the day that it was begun, so that a folder is in order, and its title."""
    title = safe(shared.conversation.title, tr("Chat"))
    try:
        return f"{time.strftime('%Y-%m-%d', time.localtime(shared.conversation.created))} {title}"
    except (ValueError, OverflowError, OSError):
        return title


def _picture(name: str) -> str:
    return safe(Path(name).stem, tr("Picture"))


def _info(name: str, moment: float) -> zipfile.ZipInfo:
    try:
        when = time.localtime(max(moment, _OLDEST))[:6]
    except (ValueError, OverflowError, OSError):
        when = time.localtime(_OLDEST)[:6]
    info = zipfile.ZipInfo(name, when if when[0] < 2108 else (2107, 12, 31, 0, 0, 0))
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o600 << 16
    return info
