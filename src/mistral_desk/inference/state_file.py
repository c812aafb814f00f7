"""A container for the state of a sequence on the disk: nothing of it reaches llama.cpp before all of it is proven.

llama.cpp's own files tell a truncated one by aborting, and other weights of the same shape not at all. This one says
whose state it is (model, build, layout), for which tokens, and has sums over its head and over its body.

    magic, 8 bytes · length of the head, 4 bytes · BLAKE2b-256 over both and the head · the head, MessagePack ·
    the body: the states one after the other · BLAKE2b-256 over the body, keyed with the sum of the head
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import stat
import struct
from typing import TYPE_CHECKING, BinaryIO, Final, Self

import msgspec

from mistral_desk.inference.state_messages import ID_BYTES, PART_BYTES, StateHead

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

MAGIC: Final = b"MDstate\x01"
"""Its last byte is the version of the format: another one is another format, and not read."""
SUFFIX: Final = ".state"
UNFINISHED: Final = ".part"
_LENGTH: Final = struct.Struct("<I")
_SUM_BYTES: Final = 32
_MOST_HEAD: Final = 40 * 1024 * 1024
_FIRST: Final = len(MAGIC) + _LENGTH.size + _SUM_BYTES


class Identity(msgspec.Struct, frozen=True):
    """What has to be the same for a state to mean anything.

    `model` stands for all of the model's files and the projector's, `build` for llama.cpp, `layout` for how its memory
    is laid out: its kind, types, and what positions are turned by. The reasoning effort is among the tokens.
    """

    model: str
    build: str
    layout: str


class Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a file says of itself."""

    identity: Identity
    state: StateHead


class StateFileError(Exception):
    """The file is no state, of another format, incomplete or damaged."""


class Writing:
    """A file in the making, which nobody takes for a finished one. End it with `finish` or `abandon`."""

    def __init__(self, folder: Path, head: Head) -> None:
        """Raises `OSError`."""
        self.head = head
        self._path = folder / f"{secrets.token_hex(8)}{UNFINISHED}"
        start = _start(head)
        self._sum = _body_sum(start[1])
        self._left = head.state.bytes
        self.bytes = len(start[0]) + self._left + _SUM_BYTES
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
        self._file = os.fdopen(os.open(self._path, flags, 0o600), "wb", buffering=0)
        try:
            self._write(start[0])
        except BaseException:
            self.abandon()
            raise

    def write(self, data: bytes) -> None:
        """Add bytes of the body. Raises `OSError`, and `StateFileError` where they are more than the head says."""
        self._left -= len(data)
        if self._left < 0:
            raise StateFileError("more bytes than announced")
        self._sum.update(data)
        self._write(data)

    @property
    def complete(self) -> bool:
        """Whether all bytes have come."""
        return self._left == 0

    def finish(self, path: Path) -> None:
        """Put it in its place, over an older one. Raises `OSError` and `StateFileError`; then nothing is left of it.

        It is not forced onto the disk: after a power cut the sums tell what is missing, and it is only a saving.
        """
        try:
            self._check()
            self._write(self._sum.digest())
            self._file.close()
            os.replace(self._path, path)  # noqa: PTH105 - the same, and says so
        except BaseException:
            self.abandon()
            raise

    def _check(self) -> None:
        if not self.complete:
            raise StateFileError("fewer bytes than announced")

    def abandon(self) -> None:
        """Leave nothing behind."""
        self._file.close()
        with contextlib.suppress(OSError):
            self._path.unlink()

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[self._file.write(rest) or 0 :]


class Reading:
    """A file that is read. Its head is proven when this is made, its body when `parts` has ended and it is `sound`."""

    def __init__(self, path: Path) -> None:
        """Raises `OSError`, and `StateFileError` for what is none, or not whole."""
        if not stat.S_ISREG(path.stat().st_mode):
            raise StateFileError("not a file")
        self._file: BinaryIO = path.open("rb", buffering=0)
        try:
            self.head, self._sum, self.bytes = self._begin()
        except BaseException:
            self._file.close()
            raise
        self.sound = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def parts(self) -> Iterator[bytes]:
        """The body, part by part. `sound` tells afterwards whether it is what was written. Raises `OSError`."""
        left, digest = self.head.state.bytes, self._sum
        while left:
            data = self._exactly(min(left, PART_BYTES))
            if not data:
                return
            digest.update(data)
            left -= len(data)
            yield data
        self.sound = secrets.compare_digest(self._exactly(_SUM_BYTES), digest.digest())

    def _begin(self) -> tuple[Head, hashlib.blake2b, int]:
        size = os.fstat(self._file.fileno()).st_size
        first = self._exactly(_FIRST)
        if len(first) < _FIRST or not first.startswith(MAGIC):
            raise StateFileError("not a state, or of another version")
        (length,) = _LENGTH.unpack_from(first, len(MAGIC))
        if length > _MOST_HEAD or length > size:
            raise StateFileError("a head longer than any")
        body = self._exactly(length)
        digest = hashlib.blake2b(first[:-_SUM_BYTES] + body, digest_size=_SUM_BYTES).digest()
        if len(body) < length or not secrets.compare_digest(digest, first[-_SUM_BYTES:]):
            raise StateFileError("its head is damaged")
        try:
            head = msgspec.msgpack.decode(body, type=Head)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise StateFileError("its head says nothing sensible") from error
        state = head.state
        tokens = len(state.ids) / ID_BYTES
        if tokens != state.extents[0].tokens or any(extent.tokens > tokens for extent in state.extents):
            raise StateFileError("its head contradicts itself")
        if size != _FIRST + length + state.bytes + _SUM_BYTES:
            raise StateFileError("its size is not what its head says")
        return head, _body_sum(digest), size

    def _exactly(self, count: int) -> bytes:
        """So many bytes, fewer only at the file's end."""
        found = self._file.read(count)
        while len(found) < count and (more := self._file.read(count - len(found))):
            found += more
        return found


def _start(head: Head) -> tuple[bytes, bytes]:
    """The bytes before the body, and the sum among them."""
    body = msgspec.msgpack.encode(head)
    begin = MAGIC + _LENGTH.pack(len(body))
    digest = hashlib.blake2b(begin + body, digest_size=_SUM_BYTES).digest()
    return begin + digest + body, digest


def _body_sum(key: bytes) -> hashlib.blake2b:
    return hashlib.blake2b(digest_size=_SUM_BYTES, key=key)
