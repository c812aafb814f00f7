"""A conversation as it goes out: its head, the branch that is shown or the whole tree, and where its pictures are."""

from __future__ import annotations

import base64
import io
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from mistral_desk.chat.parts import read_picture
from mistral_desk.chat.titles import called
from mistral_desk.core.errors import DeskError
from mistral_desk.core.words import tr
from mistral_desk.inference.model_ids import model_title

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from mistral_desk.chat.attachments import Pixels
    from mistral_desk.chat.history import History
    from mistral_desk.chat.message import Conversation, ConversationSettings, Message, Part

Format = Literal["md", "json", "html", "pdf"]


class StoppedError(Exception):
    """The person does not want it any more."""


@dataclass(frozen=True)
class Wish:
    """What is wanted. `thinking` is false unless the person asks for it; `pictures` puts them in or leaves them out."""

    format: Format = "md"
    thinking: bool = False
    pictures: bool = True


@dataclass(frozen=True)
class Shared:
    """One conversation. `messages` are what is shown, root → leaf; for JSON all versions, by id."""

    conversation: Conversation
    settings: ConversationSettings
    messages: tuple[Message, ...]
    origin: str = ""


@dataclass
class Job:
    """What a writer works with, in a thread. `aside` keeps a file beside the document and returns its address there."""

    sink: BinaryIO
    wish: Wish
    look: Callable[[str], Pixels] | None = None
    aside: Callable[[str, bytes], str] | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    told: Callable[[float], None] | None = None
    """Hears what share of this conversation is written."""
    missing: int = 0
    """Pictures that are not there any more."""

    def go_on(self, share: float = 0.0) -> None:
        """Between two messages. Raises `StoppedError`."""
        if self.stop.is_set():
            raise StoppedError
        if self.told is not None:
            self.told(share)

    def write(self, text: str) -> None:
        """Text into the document."""
        self.sink.write(text.encode("utf-8", "replace"))

    def pixels(self, part: Part) -> Pixels | None:
        """A picture of a message; None where it is left out or not there any more."""
        body = read_picture(part)
        if not self.wish.pictures or self.look is None or body is None:
            return None
        try:
            return self.look(body.sha256)
        except (DeskError, ValueError):
            self.missing += 1
            return None

    def png(self, part: Part) -> bytes | None:
        """The same as a PNG file."""
        pixels = self.pixels(part)
        return None if pixels is None else png_of(pixels)


async def gather(history: History, conversation_id: int, wish: Wish, origin: str = "") -> Shared:
    """Read a conversation. Raises `history.…`."""
    conversation = await history.conversation(conversation_id)
    settings = await history.settings(conversation_id)
    if wish.format == "json":
        messages = await history.tree(conversation_id)
    else:
        messages = await history.messages(conversation_id, tokens=False)
    return Shared(conversation, settings, messages, origin)


def png_of(pixels: Pixels) -> bytes:
    """A picture as a PNG file: nothing but its pixels."""
    from PIL import Image  # noqa: PLC0415 - most exports have no picture

    kept = io.BytesIO()
    Image.frombytes("RGB", (pixels.width, pixels.height), pixels.rgb).save(kept, "PNG", compress_level=3)
    return kept.getvalue()


def data_uri(png: bytes) -> str:
    """A picture inside a document."""
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def title_of(shared: Shared) -> str:
    """The title, or words in its place, on one line."""
    return called(" ".join(shared.conversation.title.split()))


def speaker(message: Message) -> str:
    """Who says it, as a heading has it."""
    if message.role == "user":
        return tr("You")
    if message.role == "system":
        return tr("Instructions")
    return " ".join(model_title(message.model).split()) if message.model else tr("Answer")


def moment(seconds: float) -> str:
    """A time as a person here writes it, to the minute; empty where it is none."""
    try:
        return datetime.fromtimestamp(seconds, UTC).astimezone().strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError, OSError):
        return ""


def remark(message: Message) -> str:
    """What a reader should know about how an answer ended; mostly nothing."""
    match message.ending:
        case "stopped":
            return tr("Stopped before its end.")
        case "length":
            return tr("Cut off at the longest answer that was allowed.")
        case "context":
            return tr("Cut off: the model's context was full.")
        case "failed" | "unfinished":
            return tr("Broken off before its end.")
        case _:
            return ""
