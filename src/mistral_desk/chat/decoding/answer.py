"""What the decode child is told and what it answers, in a form that needs nothing but Python's own library.

To the child: one line of JSON, then the file's bytes until the end. From it: a length, a head in JSON, then the bytes
that the head announces: pixels (three bytes each) or text in UTF-8.
"""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Final, TypeAlias, TypedDict

if TYPE_CHECKING:
    from collections.abc import Callable

HEAD_LIMIT: Final = 64 * 1024
"""Bytes of a head at most."""
_LOOK: Final = 1024
LENGTH: Final = struct.Struct("<I")
Head: TypeAlias = dict[str, object]


class Refused(Exception):  # noqa: N818 - it is an answer, not an error
    """What the file is instead of a picture or a text: a message id, and the parameters that the child knows."""

    def __init__(self, message_id: str, **params: str | int) -> None:
        super().__init__(message_id, params)
        self.id, self.params = message_id, params


class Task(TypedDict):
    """What the child is to keep to: pixels, bytes and seconds as `attachments.Limits` has them.

    `document`: the file begins like a PDF, so what reads those is to be loaded.
    """

    long_side: int
    pixels: int
    text_bytes: int
    pages: int
    memory: int
    seconds: float
    document: bool


def is_document(start: bytes) -> bool:
    """Whether a file that begins so is a PDF: what its format says, after a mark or empty lines that some have."""
    return start[:_LOOK].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"%PDF-")


def line(task: Task) -> bytes:
    """The child's first line."""
    return json.dumps(task).encode() + b"\n"


def framed(head: Head) -> bytes:
    """A head with its length before it."""
    body = json.dumps(head).encode()
    if len(body) > HEAD_LIMIT:
        raise ValueError(f"a head of {len(body)} bytes")
    return LENGTH.pack(len(body)) + body


def read_head(read: Callable[[int], bytes]) -> Head:
    """The head from a blocking `read(n)` that returns fewer bytes only at the end. Raises ValueError and EOFError."""
    first = read(LENGTH.size)
    if len(first) < LENGTH.size:
        raise EOFError("no answer")
    (size,) = LENGTH.unpack(first)
    if size > HEAD_LIMIT:
        raise ValueError(f"a head of {size} bytes")
    body = read(size)
    if len(body) < size:
        raise EOFError("the answer ends in its head")
    head = json.loads(body)
    if not isinstance(head, dict):
        raise ValueError("the head is no object")  # noqa: TRY004 - what came is wrong, not who called
    return head
