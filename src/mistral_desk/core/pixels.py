"""Pixels and the name that they have everywhere: in the store, in a message's part, in the worker's memory."""

from __future__ import annotations

import hashlib
import struct
from typing import Final

_SIZE: Final = struct.Struct("<II")


def fingerprint(width: int, height: int, rgb: bytes) -> str:
    """The SHA-256, in hexadecimal, of width and height (32 bits each, little-endian) and then the pixels.

    `rgb` has exactly width x height x 3 bytes: rows from the top, red, green and blue. Raises ValueError if not.
    """
    if len(rgb) != width * height * 3 or width < 1 or height < 1:
        raise ValueError(f"{len(rgb)} bytes are not {width} x {height} pixels")
    digest = hashlib.sha256(_SIZE.pack(width, height))
    digest.update(rgb)
    return digest.hexdigest()
