"""Reads an engine pack's file: a ZIP from a stranger, of which nothing is written before all of it is known.

What is written is named by the manifest and counted byte by byte; what the ZIP says of its entries is only compared.
"""

from __future__ import annotations

import hashlib
import os
import stat
import zipfile
import zlib
from typing import TYPE_CHECKING, BinaryIO, Final, Self

from mistral_desk.core import lasting
from mistral_desk.core.errors import DeskError
from mistral_desk.core.words import mark
from mistral_desk.inference.packs import manifest, signature

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mistral_desk.inference.packs.manifest import Library

_NO_ZIP: Final = mark("it is not a ZIP file, or not all of it")
_STRANGE: Final = mark("it holds something that no engine pack has")
_WRONG_BYTES: Final = mark("its content is another one")
_SHORT: Final = mark("it ends too early, or goes on too long")
_PIECE: Final = 1 << 20
_MOST_ENTRIES: Final = manifest.MOST_FILES + 2
_PLAIN: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_DIRECTORY_BYTES: Final = 1 << 20
"""What the ZIP's own list may take: 200 entries need a tenth of it."""
_END: Final = b"PK\x05\x06"
_LOCATOR: Final = b"PK\x06\x07"
_WIDE: Final = b"PK\x06\x06"
_LOCATOR_BYTES, _WIDE_BYTES = 20, 56
"""Where a locator stands before the end, the reader takes number and size of the list from the record of 64 bits before
it, as a pack of more than two gigabytes has one.
"""


class Pack:
    """An open pack whose manifest was understood and whose signature, where there is one, is right.

    Everything blocks. Close it, or use it in a `with`.
    """

    def __init__(self, file: Path) -> None:
        """Raises `pack.not_a_pack`, `pack.bad_signature`."""
        self.name = file.name
        try:
            self._file = file.open("rb")
        except OSError as error:
            raise DeskError("pack.not_a_pack", name=self.name, reason=error.strerror or str(error)) from error
        try:
            self._begin()
        except BaseException:
            self._file.close()
            raise

    def _begin(self) -> None:
        try:
            _look_at_end(self._file)
            self._zip = zipfile.ZipFile(self._file)
            self._entries = {entry.filename: entry for entry in self._zip.infolist()}
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise DeskError("pack.not_a_pack", repr(error), name=self.name, reason=_NO_ZIP) from error
        strange = len(self._entries) != len(self._zip.infolist()) or len(self._entries) > _MOST_ENTRIES
        if strange or any(map(_strange, self._entries.values())):
            raise DeskError("pack.not_a_pack", name=self.name, reason=_STRANGE)
        self.content = self._small(manifest.FILE, manifest.MOST_BYTES)
        self.made = manifest.read(self.content, self.name)
        self.signature = (
            self._small(manifest.SIGNATURE, signature.BYTES) if manifest.SIGNATURE in self._entries else b""
        )
        self.signer = signature.signer(self.content, self.signature, self.name)
        named = {f"{manifest.LIBRARIES}/{file.name}" for file in self.made.files}
        if set(self._entries) - {manifest.FILE, manifest.SIGNATURE} != named:
            raise DeskError("pack.not_a_pack", name=self.name, reason=_STRANGE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def unpack(self, folder: Path, tell: Callable[[float], None], cancelled: Callable[[], bool]) -> None:
        """Write all of it into `folder`, which must not be there yet, for this person alone; each file is hashed.

        `tell` hears shares from 0 to 1. Raises `pack.damaged`, `pack.not_kept`, and `InterruptedError` when cancelled.
        """
        try:
            folder.mkdir(mode=0o700, parents=True)
            libraries = folder / manifest.LIBRARIES
            libraries.mkdir(mode=0o700)
            done = 0
            for file in self.made.files:
                for count in self._copy(file, libraries / file.name):
                    done += count
                    tell(done / max(self.made.bytes, 1))
                    _go_on(cancelled)
            for name, content in ((manifest.FILE, self.content), (manifest.SIGNATURE, self.signature)):
                with _made(folder / name) as target:
                    target.write(content)
                    _down(target)
            for made in (libraries, folder):
                lasting.sync_folder(made)
        except InterruptedError:
            raise
        except OSError as error:
            raise DeskError("pack.not_kept", path=str(folder), reason=error.strerror or str(error)) from error

    def _copy(self, file: Library, place: Path) -> Iterator[int]:
        """Write one file; gives the size of each piece that is written."""
        entry = self._entries[f"{manifest.LIBRARIES}/{file.name}"]
        if entry.file_size != file.bytes:
            raise DeskError("pack.damaged", name=self.name, file=file.name, reason=_SHORT)
        digest, left = hashlib.sha256(), file.bytes
        try:
            with self._zip.open(entry) as source, _made(place) as target:
                while piece := source.read(min(_PIECE, left)):  # no byte more than the manifest says
                    left -= len(piece)
                    digest.update(piece)
                    target.write(piece)
                    yield len(piece)
                _down(target)
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
            raise DeskError("pack.damaged", repr(error), name=self.name, file=file.name, reason=_WRONG_BYTES) from error
        if left:
            raise DeskError("pack.damaged", name=self.name, file=file.name, reason=_SHORT)
        if digest.hexdigest() != file.sha256:
            raise DeskError("pack.damaged", name=self.name, file=file.name, reason=_WRONG_BYTES)

    def _small(self, name: str, most: int) -> bytes:
        entry = self._entries.get(name)
        if entry is None or entry.file_size > most:
            raise DeskError("pack.not_a_pack", name=self.name, reason=_STRANGE)
        try:
            with self._zip.open(entry) as source:
                return source.read(most + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError, NotImplementedError) as error:
            raise DeskError("pack.not_a_pack", repr(error), name=self.name, reason=_NO_ZIP) from error


def _go_on(cancelled: Callable[[], bool]) -> None:
    if cancelled():
        raise InterruptedError


def _look_at_end(file: BinaryIO) -> None:
    """Raise `ValueError` where the ZIP's list is larger than ours can be: reading it takes memory for each entry."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - (1 << 16) - 22 - _LOCATOR_BYTES - _WIDE_BYTES))
    tail = file.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < 22:
        raise ValueError("no end of a ZIP")
    entries = int.from_bytes(tail[at + 10 : at + 12], "little")
    listed = int.from_bytes(tail[at + 12 : at + 16], "little")
    before = at - _LOCATOR_BYTES
    if tail[max(0, before) : at].startswith(_LOCATOR):
        wide = tail[max(0, before - _WIDE_BYTES) : before]
        if len(wide) != _WIDE_BYTES or not wide.startswith(_WIDE):
            raise ValueError("a locator that leads nowhere")
        entries, listed = int.from_bytes(wide[32:40], "little"), int.from_bytes(wide[40:48], "little")
    if entries > _MOST_ENTRIES or listed > _DIRECTORY_BYTES:
        raise ValueError(f"{entries} entries in {listed} bytes")


def _strange(entry: zipfile.ZipInfo) -> bool:
    """What is no plain file: a folder, a link, a device; what is locked, or packed in a way that we do not need."""
    kind = stat.S_IFMT(entry.external_attr >> 16)
    plain = kind in (0, stat.S_IFREG) and not entry.is_dir() and not entry.external_attr & 0x10
    return not plain or bool(entry.flag_bits & 0x1) or entry.compress_type not in _PLAIN


def _made(place: Path) -> BinaryIO:
    """A new file that only this person may read; never one that was there, nor through a link."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
    return os.fdopen(os.open(place, flags, 0o600), "wb")


def _down(file: BinaryIO) -> None:
    file.flush()
    lasting.sync(file.fileno())
