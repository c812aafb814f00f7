"""A ZIP archive that may mean harm: nothing is unpacked onto the disk, and no size that it states is believed.

Members are read as streams up to a bound. The archive's own table is measured before Python's reader loads it, because
a table of millions of names would fill the memory.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from mistral_desk.core.errors import DeskError

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

MOST_MEMBERS: Final = 200_000
MOST_TABLE: Final = 64 * 2**20
"""Bytes of the table of members."""
SIGNATURE: Final = b"PK\x03\x04"
EMPTY: Final = b"PK\x05\x06"
_END: Final = struct.Struct("<4s4H2LH")
_END_64: Final = struct.Struct("<4sQ2H2L4Q")
_LOCATOR: Final = struct.Struct("<4sLQL")
_LONGEST_COMMENT: Final = 0xFFFF
_PACKED: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""What exports use. Of other methods Python's reader unpacks a megabyte at once, whatever that becomes: of bzip2 twenty
gigabytes.
"""
BROKEN: Final = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, struct.error, ValueError)
"""What Python's reader raises for an archive that is not what it says (a password is a RuntimeError)."""


class Archive:
    """Open until the context ends; `names` are its files, folders left out."""

    def __init__(self, path: Path) -> None:
        """Raises `sharing.archive` and `OSError`."""
        self._file = path.open("rb")
        try:
            _measure(self._file, path)
            try:
                self._zip = zipfile.ZipFile(self._file)
                members = self._zip.infolist()
            except BROKEN as error:
                raise DeskError("sharing.archive", str(error), name=path.name) from error
        except BaseException:
            self._file.close()
            raise
        self.names = tuple(one.filename for one in members if one.filename and not one.is_dir())

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()
        self._file.close()

    def open(self, name: str) -> BinaryIO:
        """A member as a stream. This and reading it may raise any of `BROKEN`."""
        about = self._zip.getinfo(name)
        if about.compress_type not in _PACKED:
            raise NotImplementedError(f"packed by method {about.compress_type}")
        return self._zip.open(about)  # type: ignore[return-value]

    def packed(self, name: str) -> int:
        """Bytes that a member takes in the archive, as its table says: for a share of the work only."""
        return self._zip.getinfo(name).compress_size

    def read(self, name: str, most: int) -> bytes | None:
        """A member whole; None where it is broken or has more than `most` bytes."""
        try:
            with self.open(name) as stream:
                found = stream.read(most + 1)
        except (*BROKEN, OSError):
            return None
        return found if len(found) <= most else None


def last_part(name: str) -> str:
    """The file's own name, in whatever folder of the archive it lies."""
    return PurePosixPath(name.replace("\\", "/")).name


def _measure(file: BinaryIO, path: Path) -> None:
    """Raise `sharing.archive` where the table of members is too large, or none is there.

    APPNOTE.TXT 4.3.14 to 4.3.16 (PKWARE): the end record, and before it the locator of the 64-bit one.
    """
    size = file.seek(0, 2)
    start = max(0, size - _END.size - _LONGEST_COMMENT - _LOCATOR.size)
    file.seek(start)
    tail = file.read()
    at = tail.rfind(EMPTY)
    if at < 0 or at + _END.size > len(tail):
        raise DeskError("sharing.archive", "no end record", name=path.name)
    _, _, _, _, members, table, _, _ = _END.unpack_from(tail, at)
    locator = at - _LOCATOR.size
    if locator >= 0 and tail[locator : locator + 4] == b"PK\x06\x07":
        _, _, where, _ = _LOCATOR.unpack_from(tail, locator)
        if where + _END_64.size > size:
            raise DeskError("sharing.archive", "the 64-bit record is not there", name=path.name)
        members, table = (0 if members == 0xFFFF else members), (0 if table == 0xFFFFFFFF else table)
        # The locator says where the record is; some readers, Python's among them, look right before it all the same.
        for place in {where, start + locator - _END_64.size}:
            file.seek(max(0, place))
            record = file.read(_END_64.size)
            if len(record) == _END_64.size and record.startswith(b"PK\x06\x06"):
                found = _END_64.unpack(record)
                members, table = max(members, found[7]), max(table, found[8])
    if members > MOST_MEMBERS or table > MOST_TABLE:
        raise DeskError("sharing.archive", f"{members} members, a table of {table} bytes", name=path.name)
    file.seek(0)
