"""Takes an engine from a pack's file to the list of engines: looked at, unpacked beside, tried out, then named.

Whatever goes wrong on the way leaves what was there before, and nothing else.
"""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from mistral_desk.core.errors import DeskError
from mistral_desk.core.machine import room_on_disk
from mistral_desk.core.threads import over
from mistral_desk.core.words import mark
from mistral_desk.inference.packs import archive, manifest, shelf, signature, standing, trial
from mistral_desk.inference.packs.shelf import Added
from mistral_desk.inference.packs.trial import Tried

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

Step = Literal["unpacking", "trying"]
SPARE: Final = 64 * 2**20
"""Bytes that stay free on the disk."""
_NO_ROOM: Final = mark("there is too little room")


class Done(msgspec.Struct, frozen=True):
    """An engine that was added, and what it said of itself when it was tried out."""

    added: Added
    tried: Tried


async def add(
    file: Path,
    tell: Callable[[Step, float], None] = lambda _step, _share: None,
    *,
    anybody: bool = False,
    keys: Sequence[bytes] | None = None,
) -> Done:
    """Add the engine in a pack's file; it is not in use by that. With `anybody` nobody known need have signed it.

    `tell` hears how far it is, in any thread. `keys` are those of known signers, else the program's own. Cancelling it
    leaves nothing. Raises `pack.…`.
    """
    known = signature.known_keys() if keys is None else tuple(keys)
    stopped = threading.Event()
    work = asyncio.ensure_future(asyncio.to_thread(_unpacked, file, tell, stopped.is_set, known, anybody=anybody))
    try:
        folder, pack = await over(work, stopped.set)
    except asyncio.CancelledError:
        if not work.cancelled() and work.exception() is None:
            await asyncio.to_thread(shelf.clear, work.result()[0])
        raise
    try:
        tell("trying", 0.0)
        tried = await trial.try_out(folder, pack.made.name)
        await asyncio.to_thread(shelf.keep, folder, pack.made)
    except BaseException:
        await asyncio.shield(asyncio.to_thread(shelf.clear, folder))
        raise
    return Done(Added(pack.made, pack.signer in known), tried)


async def use(name: str) -> Tried | None:
    """Use an engine from now on, after another test; empty for the one that comes along, which needs none.

    Raises `pack.unknown`, `pack.not_for_here`, `pack.refused`, `pack.not_kept`.
    """
    tried = None
    if name:
        added = await asyncio.to_thread(shelf.get, name)
        manifest.must_fit(added.made)
        tried = await trial.try_out(standing.place() / name, name)
    await asyncio.to_thread(standing.use, name)
    return tried


def _unpacked(
    file: Path,
    tell: Callable[[Step, float], None],
    cancelled: Callable[[], bool],
    known: Sequence[bytes],
    *,
    anybody: bool,
) -> tuple[Path, archive.Pack]:
    """The folder beside the engines that a pack was unpacked into, and the pack, closed."""
    with archive.Pack(file) as pack:
        if pack.signer not in known and not anybody:
            raise DeskError("pack.unknown_signer", name=pack.name)
        manifest.must_fit(pack.made)
        if any(one.name == pack.made.name for one in shelf.listed()):
            raise DeskError("pack.there", name=pack.made.name)
        folder = shelf.beside()
        room = room_on_disk(folder)
        if room is not None and room < pack.made.bytes + SPARE:
            raise DeskError("pack.not_kept", path=str(folder.parent), reason=_NO_ROOM)
        try:
            pack.unpack(folder, lambda share: tell("unpacking", share), cancelled)
        except BaseException:
            shelf.clear(folder)
            raise
    return folder, pack
