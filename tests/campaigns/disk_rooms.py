"""The places in which the app keeps something, each with a short life and a look at what is there afterwards.

A life changes things in many ways and says what it promises (`Promises`); the look opens the same parts again, on a
disk that is well, and returns what they hold. Whatever a look finds damaged is a fault.
"""

from __future__ import annotations

import asyncio
import hashlib
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mistral_desk.chat.attachments import Pictures
from mistral_desk.chat.attachments.kinds import Pixels
from mistral_desk.chat.copies import Backups
from mistral_desk.chat.history import History
from mistral_desk.chat.message import Part
from mistral_desk.core.errors import DeskError
from mistral_desk.core.paths import Folders, folders
from mistral_desk.core.settings import OFFLINE, TEXT_SCALE, THEME, Settings
from mistral_desk.library.installed import Library
from mistral_desk.library.orders import FILE, Order
from mistral_desk.library.queue import Queue
from mistral_desk.library.shelf_file import FILE as LIBRARY
from mistral_desk.library.shelf_file import Installed, LibraryFile
from mistral_desk.library.transfer import Manner
from mistral_desk.library.wanted import place
from mistral_desk.net.client import Net
from mistral_desk.net.endpoints import store
from mistral_desk.net.endpoints.record import Endpoint
from mistral_desk.net.ledger import FILE as LEDGER
from mistral_desk.net.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from tests.campaigns.disk_promises import Telling

    Seen = dict[str, Any]


class DamagedError(Exception):
    """What was opened again said that something is damaged: on a disk that lost nothing it had promised to keep."""


@dataclass(frozen=True)
class Given:
    """What a room works with beside the person's folders: a hub on this computer, and what it has."""

    hub: str = ""
    order: Order | None = None


@dataclass(frozen=True)
class Room:
    """`live` may raise only `DeskError`; `look` nothing at all."""

    live: Callable[[Folders, Telling, Given], Awaitable[None]]
    look: Callable[[Folders, Given], Awaitable[Seen]]


def _no(problems: object) -> None:
    """Nothing may be wrong."""
    if problems:
        raise DamagedError(str(problems))


# --- settings ---------------------------------------------------------------------------------------------


async def _change_settings(places: Folders, tell: Telling, _given: Given) -> None:
    settings, _ = Settings.open(places.settings)
    changes: tuple[tuple[Any, Any], ...] = (
        *((OFFLINE, True), (THEME, "dark"), (TEXT_SCALE, 150), (OFFLINE, False), (OFFLINE, True)),
        *((THEME, "light"), (TEXT_SCALE, 100)),
    )
    for setting, value in changes:

        async def change(setting: Any = setting, value: Any = value) -> None:
            settings.set(setting, value)

        await tell.trying(change, {setting.name: None if value == setting.default else value})


async def _see_settings(places: Folders, _given: Given) -> Seen:
    settings, problems = Settings.open(places.settings)
    _no(problems)
    every: tuple[Any, ...] = (OFFLINE, THEME, TEXT_SCALE)
    return {one.name: settings.get(one) for one in every if settings.get(one) != one.default}


# --- conversations ----------------------------------------------------------------------------------------


async def _shown(history: History) -> Seen:
    """Each chat by its first words: title, whether it lies in the bin, its messages with how they ended."""
    found: Seen = {}
    heads = (*await history.conversations(1000), *await history.conversations(1000, archived=True))
    for head in heads:
        messages = await history.messages(head.id)
        found[f"chat {messages[0].text}"] = [head.title, [[one.text, one.ending] for one in messages]]
    for head in await history.deleted(1000):
        found[f"chat {head.title}"] = "bin"
    return found


async def _chat(history: History, tell: Telling, words: str) -> int | None:
    """A question with an answer that grows and ends; the chat's id."""
    made: list[int] = []
    key = f"chat {words}"

    async def ask() -> None:
        head, _, answer = await history.begin_turn(None, words)
        made.extend((head.id, answer.id))

    if not await tell.trying(ask, {key: [words, [[words, ""], ["", "unfinished"]]]}):
        return None
    chat, answer = made
    for text, ending in (("So far.", "unfinished"), ("So far. " + "All of it. " * 900, "stop")):
        parts = [Part("text", text)]
        await tell.trying(
            lambda parts=parts, ending=ending: history.update_answer(  # type: ignore[misc]
                answer, parts, tokens=(1, 2), vocabulary="v", ending=ending
            ),
            {key: [words, [[words, ""], [text, ending]]]},
        )
    return chat


async def _talk(places: Folders, tell: Telling, _given: Given) -> None:
    history, _ = await History.open(places.history)
    try:
        for words in ("one", "two", "three"):
            chat = await _chat(history, tell, words)
            if chat is None:
                continue
            if words == "two":
                await tell.trying(lambda chat=chat: history.change([chat], deleted=True), {"chat two": "bin"})  # type: ignore[misc]
                await tell.trying(lambda chat=chat: history.purge_many([chat]), {"chat two": None})  # type: ignore[misc]
            if words == "three":
                await tell.trying(lambda chat=chat: history.change([chat], deleted=True), {"chat three": "bin"})  # type: ignore[misc]
    finally:
        await history.close()


async def _see_history(places: Folders, _given: Given) -> Seen:
    history, notice = await History.open(places.history)
    try:
        _no(notice)
        await history.indexed()
        found = await _shown(history)
        for key, value in found.items():
            if value != "bin":
                hits = await history.search(key.removeprefix("chat "), limit=10)
                if not hits.hits and len(key) > len("chat ") + 2:
                    raise DamagedError(f"{key} is not found by its words")
        return found
    finally:
        await history.close()


async def _copies(places: Folders, tell: Telling, _given: Given) -> None:
    history, _ = await History.open(places.history)
    copies = Backups(lambda: history, _nothing)
    try:
        before = await _chat(history, tell, "before the copy")
        made = []

        async def make() -> None:
            made.append(await copies.make())

        await tell.trying(make, {"copy": True})
        if not made or before is None:
            return
        there = (await _shown(history))["chat before the copy"]
        await _chat(history, tell, "after the copy")
        await tell.trying(
            lambda: copies.restore(made[0]), {"chat before the copy": there, "chat after the copy": None, "kept": True}
        )
        await _chat(history, tell, "after the restore")
    finally:
        await history.close()


async def _see_copies(places: Folders, given: Given) -> Seen:
    seen = await _see_history(places, given)
    history, _ = await History.open(places.history)
    try:
        copies = await Backups(lambda: history, _nothing).list()
        _no([one.path for one in copies if one.messages is None])
        kinds = {one.kind for one in copies}
        return seen | {name: True for name, kind in (("copy", "own"), ("kept", "replaced")) if kind in kinds}
    finally:
        await history.close()


async def _nothing() -> None:
    return None


# --- pictures ---------------------------------------------------------------------------------------------


async def _keep_pictures(places: Folders, tell: Telling, _given: Given) -> None:
    pictures = Pictures(places.pictures)
    for shade in (b"\1", b"\2"):
        pixels = Pixels(40, 30, shade * 3600)
        await tell.trying(lambda pixels=pixels: pictures.put(pixels), {pixels.sha256: True})  # type: ignore[misc]


async def _see_pictures(places: Folders, _given: Given) -> Seen:
    pictures = Pictures(places.pictures)
    found: Seen = {}
    for name in pictures.all():
        try:
            found[name] = bool(pictures.pixels(name).rgb)
        except DeskError:
            found[name] = None  # damaged: it is written anew when it comes again
    return found


# --- downloads --------------------------------------------------------------------------------------------

_MANNER: Final = Manner(connections=1, block=4096, silence_s=20, patience=3, backoff_s=0.001, longest_s=0.05, reserve=0)


async def _until(made: Queue, states: frozenset[str]) -> None:
    while any(one.state not in states and one.problem is None for one in made.downloads()):  # noqa: ASYNC110 - as a window looks
        await asyncio.sleep(0.002)


async def _fetch(places: Folders, tell: Telling, given: Given) -> None:
    assert given.order
    async with _Downloads(places, given) as made:
        if await tell.trying(lambda: made.add(given.order), {given.order.id: "listed"}):  # type: ignore[arg-type]
            tell.say("trying", {given.order.id: "whole"})
            await _until(made, frozenset({"done", "paused", "waiting"}))
            for one in made.downloads():
                if one.problem:
                    tell.said.append(one.problem.id)
                elif one.state == "done":
                    tell.say("done", {given.order.id: "whole"})


async def _see_downloads(places: Folders, given: Given) -> Seen:
    assert given.order
    seen: Seen = {}
    finals = [place(places.models, file) for file in given.order.files]
    before = all(final.exists() for final in finals)
    async with _Downloads(places, given) as made:
        for one in made.downloads():
            seen[one.order.id] = "listed"
            if one.state in {"paused", "waiting"}:
                await made.resume(one.order.id)
        await _until(made, frozenset({"done"}))
        for one in made.downloads():
            _no(one.problem)
    for final, file in zip(finals, given.order.files, strict=True):
        if final.exists() and hashlib.sha256(final.read_bytes()).hexdigest() != file.sha256:
            raise DamagedError(f"{final.name} lies in its place and is not what was wanted")
    return {name: "whole" if before else value for name, value in seen.items()}


class _Downloads:
    """The list of downloads, open."""

    def __init__(self, places: Folders, given: Given) -> None:
        settings, _ = Settings.open(places.settings)
        self._net = Net(settings, Ledger(places.data / LEDGER))
        self._queue = Queue(
            self._net, settings, places.data / FILE, lambda: places.models, manner=lambda: _MANNER, at_once=lambda: 1,
            look_again_s=0.05, base=given.hub,
        )  # fmt: skip

    async def __aenter__(self) -> Queue:
        _no(await self._queue.open())
        return self._queue

    async def __aexit__(self, *_: object) -> None:
        await self._queue.close()
        await self._net.close()


# --- the library ------------------------------------------------------------------------------------------


async def _register(places: Folders, tell: Telling, _given: Given) -> None:
    library = Library(places.data / LIBRARY, lambda: [places.models])
    await library.look()
    for name in ("one", "two"):
        path = f"/elsewhere/{name}.gguf"
        model = Installed(path, path, name, name, "/elsewhere", (LibraryFile(path, 10),), origin="own")
        await tell.trying(lambda model=model: library.register([model]), {path: True})  # type: ignore[misc]
        await library.used(path)
        if name == "one":
            await tell.trying(lambda model=model: library.forget(model), {path: None})  # type: ignore[misc]


async def _see_library(places: Folders, _given: Given) -> Seen:
    library = Library(places.data / LIBRARY, lambda: [places.models])
    models = await library.look()
    _no(library.problem)
    return {one.path: True for one in models if one.origin == "own"}


# --- endpoints --------------------------------------------------------------------------------------------


async def _add_endpoints(places: Folders, tell: Telling, _given: Given) -> None:
    file = places.config / store.FILE
    known: tuple[Endpoint, ...] = ()
    for name, agreed in (("one", False), ("two", True), ("one", True)):
        one = Endpoint(name, name, f"https://{name}.example/v1", agreed=agreed)
        wanted = (*(other for other in known if other.id != name), one)

        async def write(wanted: tuple[Endpoint, ...] = wanted) -> None:
            store.write(file, wanted)

        if await tell.trying(write, {name: agreed}):
            known = wanted


async def _see_endpoints(places: Folders, _given: Given) -> Seen:
    found = {one.id: one.agreed for one in store.read(places.config / store.FILE)}
    _no(list(places.config.glob("*damaged*")))
    return found


# --- what was written and not sent ------------------------------------------------------------------------


async def _draft(places: Folders, tell: Telling, _given: Given) -> None:
    from PySide6.QtCore import QCoreApplication, QObject

    from mistral_desk.ui.drafts import Drafts

    _app = QCoreApplication.instance() or QCoreApplication(sys.argv[:1])
    parent = QObject()
    drafts = Drafts(places.data / "drafts.json", parent)
    for text in ("a", "a longer one", ""):
        drafts.keep("1", text)
        drafts.keep("2", "stays")

        async def save() -> None:
            before = len(tell.warned)
            drafts.save()
            if len(tell.warned) > before:  # it is logged, and stops nobody
                raise DeskError("draft.not_saved")

        await tell.trying(save, {"1": text or None, "2": "stays"})


async def _see_drafts(places: Folders, _given: Given) -> Seen:
    from PySide6.QtCore import QObject

    from mistral_desk.ui.drafts import Drafts

    parent = QObject()
    drafts = Drafts(places.data / "drafts.json", parent)
    return {key: drafts.get(key) for key in ("1", "2") if drafts.get(key)}


ROOMS: Final = {
    "settings": Room(_change_settings, _see_settings),
    "history": Room(_talk, _see_history),
    "backups": Room(_copies, _see_copies),
    "pictures": Room(_keep_pictures, _see_pictures),
    "downloads": Room(_fetch, _see_downloads),
    "library": Room(_register, _see_library),
    "endpoints": Room(_add_endpoints, _see_endpoints),
    "drafts": Room(_draft, _see_drafts),
}


def at(home: Path) -> Folders:
    """The person's folders below `home`, all there."""
    return folders(str(home)).ensure()
