"""Takes conversations in, one by one: each in a transaction of its own, its pictures through the decode child first.

A run that is cancelled keeps what has come so far; the same again passes over what is here already.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import msgspec

from mistral_desk.chat.attachments import Pixels, picture_body, read_picture_body, take_in
from mistral_desk.chat.message import Part
from mistral_desk.chat.sharing.chatgpt_content import ASSET
from mistral_desk.chat.sharing.sources import arrivals
from mistral_desk.core.errors import DeskError, Problem
from mistral_desk.core.threads import to_its_end
from mistral_desk.core.words import tr
from mistral_desk.inference.projector_file import LONG_SIDE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from mistral_desk.chat.history import History
    from mistral_desk.chat.imported import Imported
    from mistral_desk.chat.parts import Gallery
    from mistral_desk.chat.sharing.sources import Arrival

log = logging.getLogger(__name__)

MOST_TOLD: Final = 200
"""Conversations that were set aside are named up to this number; all are counted."""
_AT_ONCE: Final = 2
"""Pictures that are decoded at a time, each in a child of its own."""
_AS_IT_IS: Final = 20_000
"""Long side in pixels above which a picture of our own export would be made smaller; none of ours is."""


@dataclass(frozen=True)
class Aside:
    """A conversation that could not be taken in, by its title or its file's name, and why."""

    name: str
    problem: Problem


@dataclass(frozen=True)
class Come:
    """How far an import is, and at its end what came of it."""

    share: float = 0.0
    new: int = 0
    there: int = 0
    """Were here already."""
    aside: int = 0
    told: tuple[Aside, ...] = ()
    """The first of those that were set aside."""
    pictures_missing: int = 0
    ids: tuple[int, ...] = ()
    """The new ones; known at the end."""


async def take(
    history: History, pictures: Gallery, paths: Sequence[Path], told: Callable[[Come], None] | None = None
) -> Come:
    """Take in what is in these files. `told` hears of each conversation, in the event loop.

    Raises `sharing.unknown`, `sharing.nothing`, `sharing.archive` and `sharing.unreadable` for a file that gives
    nothing at all, where it is the only one; `history.…` where nothing can be kept, a full disk for example.
    """
    now, new = Come(), list[int]()
    for number, path in enumerate(paths):
        reading = arrivals(path)
        try:
            while (arrival := await to_its_end(next, reading, None)) is not None:
                now = await _one(history, pictures, arrival, now, new)
                now = replace(now, share=(number + arrival.share) / len(paths))
                if told is not None:
                    told(now)
        except DeskError as error:
            if len(paths) == 1 or not error.problem.id.startswith("sharing."):
                raise
            now = _set_aside(now, path.name, error.problem)
        finally:
            await to_its_end(reading.close)  # type: ignore[attr-defined]
    return replace(now, share=1.0, ids=tuple(new))


async def _one(history: History, pictures: Gallery, arrival: Arrival, now: Come, new: list[int]) -> Come:
    if arrival.chat is None:
        return _set_aside(now, arrival.name, arrival.problem or Problem("sharing.empty"))
    try:
        chat, missing = await _with_pictures(pictures, arrival.chat, arrival)
        kept = await history.put(chat)
    except (ValueError, ArithmeticError, RecursionError) as error:  # it contradicts itself in a way that nobody foresaw
        return _set_aside(now, arrival.name, Problem("sharing.broken", {}, str(error)[:200]))
    if kept is None:
        return replace(now, there=now.there + 1)
    new.append(kept.id)
    return replace(now, new=now.new + 1, pictures_missing=now.pictures_missing + missing)


def _set_aside(now: Come, name: str, problem: Problem) -> Come:
    if now.aside >= MOST_TOLD:  # a small archive may hold millions, which would fill the log
        return replace(now, aside=now.aside + 1)
    log.info("a conversation was set aside: %s %s", problem.id, problem.detail)
    return replace(now, aside=now.aside + 1, told=(*now.told, Aside(name, problem)))


# --- pictures -------------------------------------------------------------------------------------------


async def _with_pictures(gallery: Gallery, chat: Imported, arrival: Arrival) -> tuple[Imported, int]:
    """The conversation with its pictures in the store, and how many of them there are not."""
    wanted = {key for message in chat.messages for part in message.parts if (key := _key(part))}
    if not wanted:
        return chat, 0
    ours = {key for key in wanted if not key.startswith(ASSET)}
    here = await asyncio.to_thread(lambda: {key for key in ours if _is_here(gallery, key)})
    kept: dict[str, str] = {}
    asked = {key.removeprefix(ASSET) for key in wanted - here} - {""}
    bringing, room = arrival.bring(asked), asyncio.Semaphore(_AT_ONCE)

    async def keep(key: str, name: str, data: bytes) -> None:
        try:
            pixels = await take_in(data, name or "picture.png", _AS_IT_IS if key in ours else LONG_SIDE)
            if isinstance(pixels, Pixels):
                kept[key] = picture_body(await gallery.put(pixels), name)
        except DeskError as error:
            log.info("a picture of an imported chat was left out: %s", error.problem.id)
        finally:
            room.release()

    async with asyncio.TaskGroup() as group:
        while asked and (brought := await asyncio.to_thread(next, bringing, None)) is not None:
            key, name, data = brought
            await room.acquire()
            group.create_task(keep(key if key in wanted else ASSET + key, name, data))
    missing = len(wanted - here - set(kept))
    messages = tuple(
        msgspec.structs.replace(message, parts=tuple(_placed(part, kept) for part in message.parts))
        for message in chat.messages
    )
    return msgspec.structs.replace(chat, messages=messages), missing


def _key(part: Part) -> str:
    """What a picture is asked for by; empty for other parts."""
    if part.kind != "image":
        return ""
    if part.body.startswith(ASSET):
        return part.body
    try:
        return read_picture_body(part.body).sha256
    except ValueError:  # it stays as it is
        return ""


def _placed(part: Part, kept: dict[str, str]) -> Part:
    key = _key(part)
    if not key:
        return part
    if key.startswith(ASSET):
        made = kept.get(key)
        return Part("image", made) if made else Part("text", tr("[A picture was here. The export does not have it.]"))
    made = kept.get(key)
    if made is None:
        return part
    return Part("image", picture_body(read_picture_body(made).picture, read_picture_body(part.body).name))


def _is_here(gallery: Gallery, sha256: str) -> bool:
    try:
        gallery.pixels(sha256)
    except (DeskError, ValueError):
        return False
    return True
