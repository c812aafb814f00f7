"""Our own JSON of a conversation: everything that a history can hold of it, versions and pictures included.

`docs/data-folder.md` describes it field by field. Token ids are not in it: they belong to one model's vocabulary on
this computer, and a model that goes on with an imported chat reads it anew. Which preset was chosen is not taken in:
its number means another one, or none, in another history. Read with `read`; what a newer version of
the program wrote is refused, unknown fields of the same version are passed over.
"""

from __future__ import annotations

import base64
import binascii
import time
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import msgspec

from mistral_desk import __version__
from mistral_desk.chat import kept_settings
from mistral_desk.chat.attachments.kinds import Picture, PictureBody, TextFile, picture_body, read_picture_body
from mistral_desk.chat.imported import Imported, ImportedMessage
from mistral_desk.chat.message import Ending, Part, PartKind
from mistral_desk.chat.parts import FileBody, file_part
from mistral_desk.core.errors import DeskError
from mistral_desk.inference.protocol import Effort, Figures, Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mistral_desk.chat.message import Message
    from mistral_desk.chat.sharing.shared import Job, Shared

FORMAT: Final = "mistral-desk-chat"
VERSION: Final = 1
MOST_MESSAGES: Final = 200_000
MOST_FILES: Final = 500
"""Of one message: ten times what goes with one here. A window with thousands of them has no time for anything else."""
_LONGEST_MODEL: Final = 20_000
"""Letters of what says who wrote an answer: a few paths of files. More is nobody's."""
_MOST_MEASURED: Final = 2**63


class Text(msgspec.Struct, frozen=True, tag="text", tag_field="kind"):
    """Words, as markdown in answers."""

    text: str


class Thinking(msgspec.Struct, frozen=True, tag="thinking", tag_field="kind"):
    """What the model thought; only where that was asked for."""

    text: str


class Image(msgspec.Struct, frozen=True, tag="image", tag_field="kind"):
    """A picture; its pixels stand among the document's `pictures` under the same SHA-256."""

    sha256: str
    width: int
    height: int
    name: str = ""


class File(msgspec.Struct, frozen=True, tag="file", tag_field="kind"):
    """A text file, whole."""

    name: str
    text: str


class Other(msgspec.Struct, frozen=True, tag="other", tag_field="kind"):
    """A part that the program could not read when it wrote this; as it was stored."""

    of: PartKind
    body: str


OnePart: TypeAlias = Text | Thinking | Image | File | Other


class OneMessage(msgspec.Struct, frozen=True, omit_defaults=True):
    """A message. `parent` is the `id` of the one before it, null at a beginning; versions have the same parent.

    `created` in seconds since 1970 (UTC). A parent stands before its children.
    """

    id: str
    parent: str | None
    role: Role
    created: float
    parts: tuple[OnePart, ...]
    model: str = ""
    effort: Effort = "none"
    ending: Ending = ""
    figures: Figures | None = None


class OnePicture(msgspec.Struct, frozen=True):
    """A picture's pixels as a PNG file in base64. `sha256` is `core.pixels.fingerprint`, not the file's sum."""

    sha256: str
    width: int
    height: int
    png: str


class Head(msgspec.Struct, frozen=True, omit_defaults=False):
    """What stands before the messages. `origin` tells the same conversation apart from all others."""

    format: Literal["mistral-desk-chat"]
    version: int
    program: str
    exported: float
    origin: str
    title: str
    created: float
    updated: float
    pinned: bool
    archived: bool
    leaf: str | None
    thinking: bool
    settings: msgspec.Raw


class _Version(msgspec.Struct, frozen=True):
    format: str = ""
    version: int = 0


class Document(msgspec.Struct, frozen=True):
    """The whole, as it is read."""

    title: str
    created: float
    updated: float
    messages: tuple[OneMessage, ...]
    leaf: str | None = None
    origin: str = ""
    pinned: bool = False
    archived: bool = False
    settings: dict[str, Any] = {}
    pictures: tuple[msgspec.Raw, ...] = ()
    """Raw, so that only one at a time is more than a piece of the file."""


class _Name(msgspec.Struct, frozen=True):
    sha256: str


# --- out ------------------------------------------------------------------------------------------------


def write(shared: Shared, job: Job) -> None:
    """Write all versions. Raises `StoppedError` and `OSError`."""
    encoder = msgspec.json.Encoder()
    one = shared.conversation
    head = Head(
        format="mistral-desk-chat",
        version=VERSION,
        program=__version__,
        exported=round(time.time(), 3),
        origin=shared.origin,
        title=one.title,
        created=one.created,
        updated=one.updated,
        pinned=one.pinned,
        archived=one.archived,
        leaf=None if one.leaf is None else str(one.leaf),
        thinking=job.wish.thinking,
        settings=msgspec.Raw(kept_settings.written(shared.settings).encode()),
    )
    job.sink.write(msgspec.json.format(encoder.encode(head), indent=1).rstrip().removesuffix(b"}").rstrip())
    job.sink.write(b',\n "messages": [')
    bodies: dict[str, PictureBody] = {}
    separator = b"\n  "
    for number, message in enumerate(shared.messages):
        job.go_on(number / len(shared.messages))
        job.sink.write(separator + encoder.encode(_message(message, bodies, thinking=job.wish.thinking)))
        separator = b",\n  "
    job.sink.write(b'\n ],\n "pictures": [')
    separator = b"\n  "
    for body in bodies.values():
        job.go_on(1.0)
        png = job.png(Part("image", picture_body(body.picture)))
        if png is not None:
            kept = OnePicture(body.sha256, body.width, body.height, base64.b64encode(png).decode("ascii"))
            job.sink.write(separator + encoder.encode(kept))
            separator = b",\n  "
    job.sink.write(b"\n ]\n}\n")


def _message(message: Message, bodies: dict[str, PictureBody], *, thinking: bool) -> OneMessage:
    parts = tuple(_out(part, bodies) for part in message.parts if thinking or part.kind != "thinking")
    return OneMessage(
        id=str(message.id),
        parent=None if message.parent is None else str(message.parent),
        role=message.role,
        created=message.created,
        parts=parts,
        model=message.model,
        effort="high" if message.effort == "high" else "none",  # left out where it is this very default
        ending=message.ending,
        figures=message.figures,
    )


def _out(part: Part, bodies: dict[str, PictureBody]) -> OnePart:
    match part.kind:
        case "text":
            return Text(part.body)
        case "thinking":
            return Thinking(part.body)
        case "image":
            try:
                body = read_picture_body(part.body)
            except ValueError:
                return Other("image", part.body)
            bodies.setdefault(body.sha256, body)
            return Image(body.sha256, body.width, body.height, body.name)
        case "file":
            try:
                file = msgspec.json.decode(part.body, type=FileBody)
            except msgspec.MsgspecError:
                return Other("file", part.body)
            same = file_part(TextFile(file.name, file.text)) == part
            return File(file.name, file.text) if same else Other("file", part.body)


# --- in -------------------------------------------------------------------------------------------------


def is_ours(raw: bytes | msgspec.Raw | memoryview) -> bool:
    """Whether a JSON document is one of ours, of whatever version."""
    try:
        return msgspec.json.decode(raw, type=_Version).format == FORMAT
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return False


def read(raw: bytes | msgspec.Raw | memoryview) -> tuple[Imported, tuple[msgspec.Raw, ...]]:
    """A conversation of our own JSON, and the pictures that came with it.

    Raises `sharing.newer` and `sharing.broken`.
    """
    try:
        version = msgspec.json.decode(raw, type=_Version).version
        if version > VERSION:
            raise DeskError("sharing.newer", found=version, known=VERSION)
        document = msgspec.json.decode(raw, type=Document)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise DeskError("sharing.broken", str(error)[:200]) from error
    messages = tuple(_in(one) for one in document.messages)
    _check(document, messages)
    made = Imported(
        title=document.title,
        created=document.created,
        updated=document.updated,
        messages=messages,
        leaf=document.leaf,
        origin=document.origin[:200],
        pinned=document.pinned,
        archived=document.archived,
        settings=msgspec.structs.replace(kept_settings.from_values(document.settings), preset=""),  # another history's
    )
    return made, document.pictures


def pictures(raws: tuple[msgspec.Raw, ...], wanted: set[str]) -> Iterator[tuple[str, bytes]]:
    """The PNG files of the pictures that are wanted, one by one; what is none is passed over."""
    for raw in raws:
        try:
            if msgspec.json.decode(raw, type=_Name).sha256 not in wanted:
                continue
            one = msgspec.json.decode(raw, type=OnePicture)
            yield one.sha256, base64.b64decode(one.png, validate=True)
        except (msgspec.MsgspecError, UnicodeError, binascii.Error, ValueError):
            continue


def _in(one: OneMessage) -> ImportedMessage:
    return ImportedMessage(
        key=one.id,
        parent=one.parent,
        role=one.role,
        created=one.created,
        parts=tuple(_part(part) for part in one.parts),
        model=one.model if len(one.model) <= _LONGEST_MODEL else "",
        effort=one.effort,
        ending=one.ending,
        figures=one.figures if one.figures is not None and _measured(one.figures) else None,
    )


def _measured(figures: Figures) -> bool:
    """Whether these can have been measured; JSON has numbers that nothing could count or show."""
    numbers = (value for value in msgspec.structs.astuple(figures) if isinstance(value, int | float))
    return all(0 <= value <= _MOST_MEASURED for value in numbers) and figures.cached_tokens <= figures.prompt_tokens


def _part(part: OnePart) -> Part:
    match part:
        case Text(text):
            return Part("text", text)
        case Thinking(text):
            return Part("thinking", text)
        case Image(sha256, width, height, name):
            return Part("image", picture_body(Picture(sha256, width, height), name))
        case File(name, text):
            return file_part(TextFile(name, text))
        case Other(of, body):
            return Part(of, body)


def _check(document: Document, messages: tuple[ImportedMessage, ...]) -> None:
    """A tree: every id once, every parent before its child, the leaf among them; no more of anything than can be."""
    if len(messages) > MOST_MESSAGES:
        raise DeskError("sharing.broken", f"{len(messages)} messages")
    known: set[str] = set()
    for message in messages:
        if sum(part.kind == "file" for part in message.parts) > MOST_FILES:
            raise DeskError("sharing.too_long")
        if message.key in known:
            raise DeskError("sharing.broken", f"the id {message.key[:80]!r} stands there twice")
        if message.parent is not None and message.parent not in known:
            raise DeskError("sharing.broken", f"{message.key[:80]!r} follows a message that is not before it")
        known.add(message.key)
    if document.leaf is not None and document.leaf not in known:
        raise DeskError("sharing.broken", "its last message is not in it")
