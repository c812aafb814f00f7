"""The file that holds what was fetched of the catalogue: written whole or not at all, read in a blink.

Head (what was fetched when, and the place and checksum of each part), index (the fields of every record that lists
and searches need), then each record as published. A part that is damaged costs itself and nothing else.
"""

from __future__ import annotations

import contextlib
import logging
import os
import stat
import struct
import time
import zlib
from typing import TYPE_CHECKING, Final

import msgspec

from mistral_desk.catalog.record import READER, Record, read
from mistral_desk.core.errors import DeskError
from mistral_desk.core.lasting import write_whole
from mistral_desk.core.words import mark

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_log: Final = logging.getLogger(__name__)
FILE: Final = "catalogue.bin"
MAGIC: Final = b"MDcat\0\0\1"
"""The last byte is the form's version."""
_LENGTHS: Final = struct.Struct("<II")
_DAMAGED: Final = mark("its part of the file on this computer is damaged")
_LEFT_S: Final = 3600.0
LARGEST: Final = 320 << 20
"""Bytes of the file at most: what `sync` fetches at most, and what is read of it beside."""
_HEAD_ROOM: Final = 16 << 20
_FILE_DAMAGED: Final = mark("the file on this computer is damaged; refresh the catalog")
_TOO_LARGE: Final = mark("there is more of it than a catalog can have")


class SetAside(msgspec.Struct, frozen=True):
    """Something of the catalogue that cannot be used: its name, and why (a marked sentence's part, in English)."""

    name: str
    reason: str


class Entry(msgspec.Struct, frozen=True):
    """A record as it came: the bytes of its JSON, and what the next refresh and the check of its text need.

    `verified` is whether the fetched Markdown has the hash that the record states; None where it was not fetched.
    """

    body: bytes
    etag: str | None = None
    verified: bool | None = None
    markdown_etag: str | None = None
    markdown_sha256: str | None = None


class Fetched(msgspec.Struct, frozen=True):
    """A whole refresh. `when` is its Unix time, `base` the server, `changes` how far its list of changes was read."""

    when: float
    base: str
    entries: tuple[Entry, ...]
    list_etag: str | None = None
    changes: str | None = None
    attribution: str = ""
    set_aside: tuple[SetAside, ...] = ()


class Cached(msgspec.Struct, frozen=True):
    """What the file says, read for lists and search: each record with the state of its text."""

    records: tuple[tuple[Record, bool | None], ...] = ()
    set_aside: tuple[SetAside, ...] = ()
    when: float | None = None
    attribution: str = ""
    base: str = ""


class _Head(msgspec.Struct, frozen=True):
    reader: int
    when: float
    base: str
    list_etag: str | None
    changes: str | None
    attribution: str
    set_aside: tuple[SetAside, ...]
    index: tuple[int, int]
    bodies: tuple[tuple[int, int], ...]
    """Length and CRC-32 of the index, and of each body in their order."""


class _Line(msgspec.Struct, frozen=True, array_like=True):
    """What the index says of an entry: the record without its bytes, or why there is none, and the entry's states."""

    record: msgspec.Raw
    reason: str
    etag: str | None
    verified: bool | None
    markdown_etag: str | None
    markdown_sha256: str | None


class _UnusableError(Exception):
    """The file is none of this form, or its head is damaged."""


_encode: Final = msgspec.msgpack.Encoder().encode
_lines: Final = msgspec.msgpack.Decoder(tuple[_Line, ...])
_head: Final = msgspec.msgpack.Decoder(_Head)
_record: Final = msgspec.msgpack.Decoder(Record)


def replace(cache_folder: Path, fetched: Fetched, known: Mapping[bytes, Record] | None = None) -> tuple[SetAside, ...]:
    """Put a whole refresh in the place of the last one: after a crash there is the old one or the new one.

    Entries that cannot be read are kept, and set aside with what `fetched` itself sets aside: that comes back.
    `known` spares reading what was read already: the records of bodies. Raises `catalog.not_saved`.
    """
    lines, aside = [], list(fetched.set_aside)
    for number, entry in enumerate(fetched.entries):
        line = _line(entry, (known or {}).get(entry.body))
        lines.append(line)
        if line.reason:
            aside.append(SetAside(f"#{number + 1}", line.reason))
    index = _encode(tuple(lines))
    bodies = [entry.body for entry in fetched.entries]
    if len(index) + sum(map(len, bodies)) > LARGEST - _HEAD_ROOM:
        raise DeskError("catalog.not_saved", path=str(cache_folder), reason=_TOO_LARGE)
    head = _encode(
        _Head(
            READER,
            fetched.when,
            fetched.base,
            fetched.list_etag,
            fetched.changes,
            fetched.attribution,
            tuple(aside),
            (len(index), zlib.crc32(index)),
            tuple((len(body), zlib.crc32(body)) for body in bodies),
        )
    )
    try:
        _write(cache_folder / FILE, [MAGIC, _LENGTHS.pack(len(head), zlib.crc32(head)), head, index, *bodies])
    except OSError as error:
        reason = error.strerror or str(error)
        raise DeskError("catalog.not_saved", path=str(cache_folder), reason=reason) from error
    return tuple(aside)


def stored(cache_folder: Path) -> Fetched | None:
    """The last whole refresh with the bytes of every record; None where there is none that can be used.

    Where a record was damaged there is no ETag of the list: only the whole list names what is missing.
    """
    try:
        data = _content(cache_folder / FILE)
        head, index, bodies = _parts(data)
        lines = _lines.decode(index) if index is not None else None
    except (OSError, _UnusableError, msgspec.MsgspecError):
        return None
    if lines is None or len(lines) != len(bodies):
        return None
    entries = tuple(
        Entry(body, line.etag, line.verified, line.markdown_etag, line.markdown_sha256)
        for line, body in zip(lines, bodies, strict=True)
        if body is not None
    )
    etag = head.list_etag if len(entries) == len(bodies) else None
    return Fetched(head.when, head.base, entries, etag, head.changes, head.attribution, head.set_aside)


def opened(cache_folder: Path) -> Cached:
    """The last whole refresh for lists and search. Never raises: a file that cannot be used is set aside."""
    path = cache_folder / FILE
    try:
        data = _content(path)
        head, index, bodies = _parts(data)
    except FileNotFoundError:
        return Cached()
    except OSError as error:
        _log.warning("%s cannot be read", path, exc_info=True)
        return Cached(set_aside=(SetAside(FILE, error.strerror or str(error)),))
    except _UnusableError as error:
        _log.warning("%s is set aside: %s", path, error)
        return Cached(set_aside=(SetAside(_put_aside(path), _FILE_DAMAGED),))
    lines = _known_lines(index, len(bodies)) if index is not None else None
    aside, records = list(head.set_aside), []
    current = lines is not None and head.reader == READER
    for number, body in enumerate(bodies):
        line = lines[number] if lines is not None else None
        if body is None:
            aside.append(SetAside(_name(line, number), _DAMAGED))
        elif found := _usable(line if current else None, body):
            records.append((found, line.verified if line is not None else None))
    return Cached(tuple(records), tuple(aside), head.when, head.attribution, head.base)


def _line(entry: Entry, known: Record | None) -> _Line:
    record, reason = b"\xc0", ""
    try:
        record = _encode(msgspec.structs.replace(known or read(entry.body), source=b""))
    except DeskError as error:
        reason = str(error.problem.params.get("reason", "")) or _DAMAGED
    states = (entry.etag, entry.verified, entry.markdown_etag, entry.markdown_sha256)
    return _Line(msgspec.Raw(record), reason, *states)


def _content(path: Path) -> bytes:
    """All of the file, if it is one of a size that can be. Raises `OSError` and `_UnusableError`."""
    if not stat.S_ISREG(path.stat().st_mode):  # to open a pipe would wait for who writes into it
        raise _UnusableError("it is no file")
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_size > LARGEST:
            raise _UnusableError("it is larger than any that is written")
        return file.read(LARGEST)


def _parts(data: bytes) -> tuple[_Head, bytes | None, list[bytes | None]]:
    """Head, index and bodies; None for each of the latter that is damaged or cut off. Raises `_UnusableError`."""
    start = len(MAGIC) + _LENGTHS.size
    if data[: len(MAGIC)] != MAGIC or len(data) < start:
        raise _UnusableError("it does not begin as it should")
    length, checksum = _LENGTHS.unpack_from(data, len(MAGIC))
    content = data[start : start + length]
    if len(content) != length or zlib.crc32(content) != checksum:
        raise _UnusableError("its head is damaged")
    try:
        head = _head.decode(content)
    except msgspec.MsgspecError as error:
        raise _UnusableError(str(error)) from error
    at, found = start + length, []
    for size, expected in (head.index, *head.bodies):
        part = data[at : at + size]
        found.append(part if len(part) == size and zlib.crc32(part) == expected else None)
        at += size
    return head, found[0], found[1:]


def _known_lines(index: bytes, count: int) -> tuple[_Line, ...] | None:
    try:
        lines = _lines.decode(index)
    except msgspec.MsgspecError:
        return None
    return lines if len(lines) == count else None


def _usable(line: _Line | None, body: bytes) -> Record | None:
    """The record of an entry: from the index, else read anew; None for one that was set aside when it came."""
    if line is not None:
        if line.reason:
            return None
        with contextlib.suppress(msgspec.MsgspecError):
            record = _record.decode(line.record)
            msgspec.structs.force_setattr(record, "source", body)
            return record
    try:
        return read(body)
    except DeskError:
        return None


def _name(line: _Line | None, number: int) -> str:
    if line is not None and not line.reason:
        with contextlib.suppress(msgspec.MsgspecError):
            return _record.decode(line.record).id
    return f"#{number + 1}"


def _put_aside(path: Path) -> str:
    """Rename a file that cannot be used, so that it is not met again; its name now."""
    aside = path.with_name(f"{path.stem}-damaged-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}{path.suffix}")
    try:
        path.rename(aside)
    except OSError:
        return path.name
    return aside.name


def _write(path: Path, parts: list[bytes]) -> None:
    for left in path.parent.glob(f".{path.name}.*.tmp"):  # of a program that was ended in the middle
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > _LEFT_S:
                left.unlink()
    write_whole(path, parts)
