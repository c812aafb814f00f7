"""How messages travel between the app and its worker: four bytes of length (little-endian), then MessagePack."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

import msgspec

from mistral_desk.inference.protocol import Command, Event

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_FRAME: Final = 512 * 1024 * 1024
"""Bytes in one frame at most: a bound against a worker gone mad, far above what any message needs."""

_encoder: Final = msgspec.msgpack.Encoder()
_commands: Final[msgspec.msgpack.Decoder[Command]] = msgspec.msgpack.Decoder(Command)
_events: Final[msgspec.msgpack.Decoder[Event]] = msgspec.msgpack.Decoder(Event)
_length: Final = struct.Struct("<I")


class ProtocolError(Exception):
    """The other side sent something that is no message of this protocol."""


def frame(message: Command | Event) -> bytes:
    """One message as bytes, length first."""
    body = _encoder.encode(message)
    if len(body) > MAX_FRAME:
        raise ProtocolError(f"a message of {len(body)} bytes is over the limit")
    return _length.pack(len(body)) + body


def read_frame(read: Callable[[int], bytes]) -> bytes | None:
    """The body of the next frame from a blocking `read(n)` (which may return fewer bytes), None at the end.

    Raises `ProtocolError` when the stream ends inside a frame or a length is absurd.
    """
    head = _exactly(read, _length.size)
    if not head:
        return None
    if len(head) < _length.size:
        raise ProtocolError("the stream ended inside a frame's length")
    (size,) = _length.unpack(head)
    if size > MAX_FRAME:
        raise ProtocolError(f"a frame of {size} bytes is over the limit")
    body = _exactly(read, size)
    if len(body) < size:
        raise ProtocolError("the stream ended inside a frame")
    return body


def decode_command(body: bytes) -> Command:
    """A command from a frame's body; raises `ProtocolError`."""
    try:
        return _commands.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ProtocolError(str(error)) from error


def decode_event(body: bytes) -> Event:
    """An event from a frame's body; raises `ProtocolError`."""
    try:
        return _events.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ProtocolError(str(error)) from error


def _exactly(read: Callable[[int], bytes], size: int) -> bytes:
    parts: list[bytes] = []
    while size:
        part = read(size)
        if not part:
            break
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
