"""`mistral-desk chats`: the conversations on this computer, a search in them, and what goes out of them."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import msgspec

from mistral_desk.chat.attachments import Pictures
from mistral_desk.chat.backups import folder_of
from mistral_desk.chat.history import History
from mistral_desk.chat.sharing.out import Export, everything
from mistral_desk.chat.sharing.shared import Wish
from mistral_desk.chat.titles import called
from mistral_desk.cli.output import Status, write_json, write_problem, write_text
from mistral_desk.cli.tables import columns, cut, paragraphs, table, wide
from mistral_desk.core import amounts
from mistral_desk.core.paths import folders
from mistral_desk.core.words import tr, trn
from mistral_desk.inference.protocol import Role

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from mistral_desk.chat.message import Conversation
    from mistral_desk.chat.search import Hit
    from mistral_desk.chat.sharing.out import Going
    from mistral_desk.chat.sharing.shared import Format

_HITS: Final = 100_000
_TITLE: Final = 20
"""Letters of a title at least."""


class Row(msgspec.Struct, frozen=True):
    """A conversation; times in seconds since 1970 (UTC)."""

    id: int
    title: str
    created: float
    updated: float
    pinned: bool
    archived: bool


class FoundRow(msgspec.Struct, frozen=True):
    """A place where all words stand. `message` is null where it is the title; `marks` are places in `snippet`."""

    id: int
    title: str
    archived: bool
    message: int | None
    role: Role | None
    created: float
    snippet: str
    marks: tuple[tuple[int, int], ...]


class Listing(msgspec.Struct, frozen=True):
    """What `chats --json` says: pinned ones first, then the latest change first, then the archive."""

    chats: tuple[Row, ...]


class Search(msgspec.Struct, frozen=True):
    """What `chats --search … --json` says, the newest first; `more` where not all of them are here."""

    hits: tuple[FoundRow, ...]
    more: bool


class Exported(msgspec.Struct, frozen=True):
    """What `chats --export … --json` says. `missing_pictures` are no longer there."""

    folder: str
    format: str
    files: tuple[str, ...]
    bytes: int
    missing_pictures: int


def chats(arguments: argparse.Namespace) -> int:
    """Run it. Raises `history.…` and `sharing.not_written`."""
    return asyncio.run(_run(arguments))


async def _run(arguments: argparse.Namespace) -> int:
    places = folders().ensure()
    there = places.history.exists() or folder_of(places.history).exists()
    if there:
        history, notice = await History.open(places.history)
        if notice is not None and not arguments.json:
            write_problem(notice, as_json=False)
    else:  # asking makes no file
        history = await History.temporary()
    try:
        if arguments.search is not None:
            found = await history.search(arguments.search, limit=_HITS, thorough=True)
            if arguments.export is None:
                _say_found(found.hits, more=found.more, as_json=arguments.json)
                return 0
            ids = tuple(dict.fromkeys(hit.conversation.id for hit in found.hits))
        else:
            listed = await everything(history)
            if arguments.export is None:
                _say(listed, as_json=arguments.json)
                return 0
            ids = tuple(one.id for one in listed)
        await _export(history, Pictures(places.pictures), ids, arguments)
    finally:
        await history.close()
    return 0


async def _export(history: History, pictures: Pictures, ids: Sequence[int], arguments: argparse.Namespace) -> None:
    status = Status()

    def told(now: Going) -> None:
        status.show(tr("Exporting: {share}", share=amounts.percent(now.share)))

    wish = Wish(cast("Format", arguments.format), thinking=arguments.thinking, pictures=not arguments.no_pictures)
    run = Export(history, pictures, ids, Path(arguments.export), wish, "folder", None if arguments.json else told)
    try:
        gone = await run.run()
    finally:
        status.clear()
    if arguments.json:
        write_json(Exported(str(gone.path), wish.format, gone.files, gone.bytes, gone.missing))
        return
    size = amounts.file_size(gone.bytes)
    words = trn("{n} chat was exported, {size}.", "{n} chats were exported, {size}.", gone.chats, size=size)
    write_text(f"{words}\n{gone.path}\n", sys.stdout)
    if gone.missing:
        missing = trn(
            "{n} picture is missing: it is no longer in Mistral Desk's folder.",
            "{n} pictures are missing: they are no longer in Mistral Desk's folder.",
            gone.missing,
        )
        write_text(missing + "\n", sys.stderr)


def _say(listed: Sequence[Conversation], *, as_json: bool) -> None:
    if as_json:
        write_json(Listing(tuple(_row(one) for one in listed)))
        return
    if not listed:
        write_text(tr("There are no chats yet") + "\n", sys.stdout)
    write_text(_table(listed), sys.stdout)


def _say_found(hits: Sequence[Hit], *, more: bool, as_json: bool) -> None:
    if as_json:
        write_json(Search(tuple(_found(hit) for hit in hits), more))
        return
    if not hits:
        write_text(tr("Nothing was found.") + "\n", sys.stdout)
    of_chat: dict[int, list[Hit]] = {}
    for hit in hits:
        of_chat.setdefault(hit.conversation.id, []).append(hit)
    for places in of_chat.values():
        write_text("  ".join(part for part in _cells(places[0].conversation) if part) + "\n", sys.stdout)
        for hit in places:
            if hit.message is not None:
                write_text(paragraphs("    " + " ".join(hit.snippet.split()), None) + "\n", sys.stdout)


def _row(one: Conversation) -> Row:
    return Row(one.id, one.title, one.created, one.updated, one.pinned, one.archived)


def _found(hit: Hit) -> FoundRow:
    one = hit.conversation
    return FoundRow(one.id, one.title, one.archived, hit.message, hit.role, hit.created, hit.snippet, tuple(hit.marks))


def _table(listed: Sequence[Conversation]) -> str:
    """A line a chat; a title that the terminal has no room for is cut."""
    head, rows = (tr("Id"), tr("Changed"), tr("Chat"), ""), [_cells(one) for one in listed]
    if (most := columns()) is not None:
        widths = [max(map(wide, column)) + 2 for column in zip(head, *rows, strict=True)]
        taken = sum(widths) - widths[2]
        rows = [(*row[:2], cut(row[2], max(_TITLE, most - taken)), row[3]) for row in rows]
    return table(head, rows)


def _cells(one: Conversation) -> tuple[str, str, str, str]:
    """Its id, the day of its last change, its title, and what else there is to say."""
    notes = (*((tr("pinned"),) if one.pinned else ()), *((tr("archived"),) if one.archived else ()))
    return str(one.id), amounts.day(one.updated), called(" ".join(one.title.split())), ", ".join(notes)
