"""What a message can carry beside its words: pictures and text files, as parts that are stored and sent along.

A part's body is JSON: for a picture its name in the store, its size and what a person calls it; for a file its name
and its text.
"""

from __future__ import annotations

import asyncio
import logging
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec

from mistral_desk.chat.attachments.kinds import LONGEST_NAME, PictureBody, picture_body, read_picture_body
from mistral_desk.chat.message import Part
from mistral_desk.core import strangers
from mistral_desk.core.errors import DeskError
from mistral_desk.inference.protocol import PutImage

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Protocol

    from mistral_desk.chat.attachments.kinds import Picture, Pixels, TextFile
    from mistral_desk.chat.message import Message
    from mistral_desk.inference.remote import Look

    class Gallery(Protocol):
        """Where pictures are kept; `attachments.Pictures` is the one on the disk."""

        async def put(self, pixels: Pixels) -> Picture:
            """Keep a picture."""

        def pixels(self, sha256: str) -> Pixels:
            """Its pixels; blocks. Raises `picture.missing`."""

        def all(self) -> frozenset[str]:
            """Everything that is kept; blocks."""

        def delete(self, sha256s: Iterable[str]) -> None:
            """Delete these; blocks."""


log = logging.getLogger(__name__)


class FileBody(msgspec.Struct, frozen=True, omit_defaults=True):
    """The JSON in the body of a message's part of kind `file`; `pages` and `blank` ones as `TextFile` has them."""

    name: str
    text: str
    pages: int = 0
    blank: int = 0


def picture_part(picture: Picture, name: str = "") -> Part:
    """A picture of the store as a part of a message."""
    return Part("image", picture_body(picture, name))


def file_part(file: TextFile) -> Part:
    """A text file, or what a document says, as a part of a message."""
    return Part("file", msgspec.json.encode(FileBody(file.name, file.text, file.pages, file.blank)).decode())


def read_picture(part: Part) -> PictureBody | None:
    """The picture that a part of kind `image` refers to; None (and a log entry) where it cannot be read."""
    try:
        return read_picture_body(part.body)
    except ValueError as error:
        _warn("a picture", part.body, str(error))
        return None


def read_file(part: Part) -> FileBody | None:
    """The text file in a part of kind `file`; None (and a log entry) where it cannot be read."""
    try:
        found = msgspec.json.decode(part.body, type=FileBody)
    except (msgspec.MsgspecError, UnicodeError) as error:
        _warn("a file", part.body, str(error))
        return None
    return msgspec.structs.replace(found, name=strangers.plain(found.name, LONGEST_NAME) or "?")


def _warn(what: str, body: str, reason: str) -> None:
    _warn_once(what, sha256(body.encode("utf-8", "replace")).hexdigest(), reason)


@lru_cache(maxsize=1000)
def _warn_once(what: str, _body: str, reason: str) -> None:
    """It is read whenever it is shown, searched or sent: one line in the log is enough for each."""
    log.warning("%s in a message cannot be read: %s", what, reason)


def attached_to(message: Message) -> tuple[Part, ...]:
    """The pictures and files of a message, in order."""
    return tuple(part for part in message.parts if part.kind in {"image", "file"})


def pictures_in(parts: Iterable[Part]) -> tuple[PictureBody, ...]:
    """The pictures among parts, in order."""
    found = (read_picture(part) for part in parts if part.kind == "image")
    return tuple(picture for picture in found if picture)


def lookup(gallery: Gallery | None) -> Look:
    """How a worker gets the pixels of a gallery's pictures. Raises `picture.missing` when it asks for one in vain."""

    async def look(sha256: str) -> PutImage:
        if gallery is None:
            raise DeskError("picture.missing", sha256)
        pixels = await asyncio.to_thread(gallery.pixels, sha256)
        return PutImage(sha256, pixels.width, pixels.height, pixels.rgb)

    return look


def names_of(parts: Iterable[Part]) -> str:
    """What a person calls pictures and files, for a title."""
    bodies = ((read_picture if part.kind == "image" else read_file)(part) for part in parts)
    return ", ".join(body.name for body in bodies if body and body.name)
