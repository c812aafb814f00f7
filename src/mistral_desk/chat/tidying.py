"""Deletes for good what lay in the bin for 30 days, and the pictures that only deleted chats used.

A picture goes at once with the last chat that used it. One that no chat ever used (attached, never sent) goes at a
close: the next one that deletes a chat for good, at the latest the first one a day after it was attached. A copy of the
history may still use one, and then it stays, so that restoring that copy shows it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Final

from mistral_desk.chat import backups
from mistral_desk.chat.attachments import fingerprints_in, unused
from mistral_desk.chat.erase import DRAFTS
from mistral_desk.chat.history import BIN_DAYS
from mistral_desk.core.errors import DeskError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from mistral_desk.chat.attachments import Pictures
    from mistral_desk.chat.history import History

log = logging.getLogger(__name__)

_DAY_S: Final = 24 * 3600.0


async def tidy(history: History, pictures: Pictures, about_to_send: Iterable[str], *, closing: bool = False) -> int:
    """Do it; how many conversations are gone. `closing` looks through all pictures. Never raises: what could not be
    done is logged, and done the next time. `about_to_send` are pictures in drafts, by their SHA-256.
    """
    kept = set(about_to_send)
    try:
        gone = await history.purge_deleted(BIN_DAYS * _DAY_S)
        if not closing:
            history.settle()
        loose = await history.loose_pictures()
        if loose:
            used = await history.picture_bodies()
            mine = frozenset[str]().union(*map(fingerprints_in, loose))
            drafted = await asyncio.to_thread(_drafted, history.path, mine)
            await asyncio.to_thread(pictures.delete, unused(mine, used, kept | drafted))
            if closing:
                await asyncio.to_thread(_sweep, history.path, pictures, used, kept)
            await history.forget_loose(loose)
        elif closing and (old := await asyncio.to_thread(pictures.older_than, _DAY_S)):
            used = await history.picture_bodies()
            if unused(old, used, kept):
                await asyncio.to_thread(_sweep, history.path, pictures, used, kept, old)
    except (DeskError, ValueError, OSError) as error:
        log.warning("what was deleted could not be tidied away: %s", error)
        return 0
    return gone


def _sweep(
    path: Path | None, pictures: Pictures, used: Iterable[str], kept: set[str], those: frozenset[str] | None = None
) -> None:
    """Delete pictures, all or `those`, that neither the history, nor one of its copies, nor a draft uses."""
    copied = backups.picture_bodies(path) if path else ()
    stored = pictures.all() if those is None else those
    pictures.delete(unused(stored, (*used, *copied), kept | _drafted(path, stored)))


def _drafted(path: Path | None, stored: Iterable[str]) -> set[str]:
    """Those that the file of drafts names: a command knows nothing of the drafts of a window that is open beside it."""
    raw = b""
    if path:
        with contextlib.suppress(FileNotFoundError):
            raw = path.with_name(DRAFTS).read_bytes()
    return {sha256 for sha256 in stored if sha256.encode() in raw}
