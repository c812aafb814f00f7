"""What an attachment is once the decode child has seen it: plain pixels or plain text, and nothing of the file.

A message's part of kind `image` holds a `Picture` with its name as JSON, never a path or an address.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import msgspec

from mistral_desk.core import strangers
from mistral_desk.core.pixels import fingerprint
from mistral_desk.core.words import mark

LONGEST_NAME: Final = 200
"""Letters of what an attachment is called."""
MIB: Final = 2**20
MB: Final = 10**6
"""What sizes are told in, as file managers do."""
FILE_KINDS: Final = {
    "pdf": mark("a PDF document"),
    "heic": mark("a HEIC picture"),
    "avif": mark("an AVIF picture"),
    "media": mark("a film or a recording"),
    "film": mark("a film"),
    "recording": mark("a recording"),
    "jpeg xl": mark("a JPEG XL picture"),
    "jpeg 2000": mark("a JPEG 2000 picture"),
    "icon": mark("an icon"),
    "photoshop": mark("a Photoshop file"),
    "zip": mark("an archive or an office document"),
    "office": mark("an old office document"),
    "archive": mark("an archive"),
    "program": mark("a program"),
    "model": mark("a model file"),
    "database": mark("a database"),
}
"""What people call the kinds of files that the decode child knows and does not read, by its names for them."""
OTHER_KIND: Final = mark("a file of another kind")
FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}")
_LONGEST_SIDE: Final = 100_000
"""Pixels; whatever claims more could not be laid out."""


@dataclass(frozen=True)
class Pixels:
    """A decoded picture: `rgb` has width x height x 3 bytes, rows from the top, red, green and blue.

    Upright (EXIF's orientation is applied), without transparency (on white) and without metadata. `name` is the
    file's last component as a person knows it; `original` the size in pixels before it was reduced.
    """

    width: int
    height: int
    rgb: bytes
    name: str = ""
    original: tuple[int, int] = (0, 0)

    @property
    def sha256(self) -> str:
        """The name that it has in the store and in the worker."""
        return fingerprint(self.width, self.height, self.rgb)


@dataclass(frozen=True)
class Picture:
    """A picture in the store."""

    sha256: str
    width: int
    height: int


@dataclass(frozen=True)
class TextFile:
    """A text file that becomes part of a message. Line ends are line feeds, a byte order mark is gone.

    `encoding` is what it was read as: utf-8, utf-16, utf-32 or latin-1 (which is a guess). Of a document the text says
    where its `pages` begin; `blank` ones gave no words. 0 pages: it is no document.
    """

    name: str
    text: str
    encoding: str = "utf-8"
    pages: int = 0
    blank: int = 0


@dataclass(frozen=True)
class Limits:
    """What a file may cost: bytes read of it, pixels decoded, bytes of text, seconds of computing, bytes of memory.

    A document has a time of its own, and a number of pages.
    On the clock it may take three times as long, because a busy computer is not the file's fault.
    """

    file_bytes: int = 100 * MIB
    pixels: int = 100_000_000
    text_bytes: int = 4 * MIB
    seconds: float = 10.0
    memory: int = 480 * MIB
    document_seconds: float = 30.0
    pages: int = 2000


class PictureBody(msgspec.Struct, frozen=True):
    """The JSON in the body of a message's part of kind `image`."""

    sha256: str
    width: int
    height: int
    name: str = ""

    @property
    def picture(self) -> Picture:
        """What the store knows it as."""
        return Picture(self.sha256, self.width, self.height)


def picture_body(picture: Picture, name: str = "") -> str:
    """The body of a part of kind `image`."""
    return msgspec.json.encode(PictureBody(picture.sha256, picture.width, picture.height, name)).decode()


def read_picture_body(body: str) -> PictureBody:
    """A part's body; raises ValueError where it is none: an import may say anything."""
    try:
        found = msgspec.json.decode(body, type=PictureBody)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"no picture's body: {error}") from error
    if not FINGERPRINT.fullmatch(found.sha256):
        raise ValueError("no picture's body: no fingerprint")
    if not (0 < found.width <= _LONGEST_SIDE and 0 < found.height <= _LONGEST_SIDE):
        raise ValueError("no picture's body: no size")
    return msgspec.structs.replace(found, name=strangers.plain(found.name, LONGEST_NAME))


def fingerprints_in(body: str) -> frozenset[str]:
    """The pictures that a part's body names; of one that cannot be read, all that could be meant."""
    try:
        return frozenset((read_picture_body(body).sha256,))
    except ValueError:
        return frozenset(FINGERPRINT.findall(body))
