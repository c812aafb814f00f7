"""Reads a file again and says whether it is what came, and which blocks are not; makes it ready to be repaired.

The hash to compare with was stored when the file came, so nobody is asked for it. Everything here blocks.
"""

from __future__ import annotations

import hashlib
import threading
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from mistral_desk.core import strangers
from mistral_desk.core.errors import DeskError
from mistral_desk.library import disk, journal, standing
from mistral_desk.library.journal import Journal
from mistral_desk.library.orders import Order
from mistral_desk.library.part import StoppedError
from mistral_desk.library.threads import begin, over

if TYPE_CHECKING:
    from collections.abc import Callable

    from mistral_desk.library.shelf_file import Installed

_STEP: Final = 1 << 20


class Verified(msgspec.Struct, frozen=True):
    """What reading a file came to. `good` is None where nobody knows what it should be; `sha256` is what it is.

    `bad` are the blocks of `block` bytes that have changed, where that can be told.
    """

    path: str
    good: bool | None
    sha256: str
    bad: tuple[int, ...] = ()
    block: int = 0


def verify(
    path: Path, told: Callable[[int], None] | None = None, stop: threading.Event | None = None, known: str = ""
) -> Verified:
    """Read all of a file, telling how many bytes were read. It is compared with what its list says, else with the
    SHA-256 that is `known` elsewhere. Raises `model.missing`, `library.disk`, `StoppedError`.
    """
    try:
        size = path.stat().st_size
    except FileNotFoundError as error:
        raise DeskError("model.missing", path=str(path)) from error
    with disk.told(path):
        kept = journal.read(journal.path_for(path))
        block = kept.head.block if kept else journal.BLOCK
        found, crcs = _read(path, size, block, told, stop)
    stated = kept.sha256 if kept else ""
    if kept is None or not stated:
        return Verified(str(path), found == known if known else None, found)
    good = found == stated
    bad = tuple(index for index, (_, crc) in sorted(kept.blocks.items()) if crcs.get(index) != crc)
    with disk.told(path):
        held = Journal(journal.path_for(path), path.name)
        try:
            held.content()
            held.verified(good)
        finally:
            held.close()
    return Verified(str(path), good, found, () if good else bad, block)


async def verify_all(model: Installed, told: Callable[[int], None] | None = None) -> tuple[Verified, ...]:
    """All files of a model, one after the other; `told` is called from another thread with the bytes read in all.

    Cancel the task to end it.
    """
    done, results = 0, []
    stop = threading.Event()
    for file in model.all:
        future = begin(verify, Path(file.path), _offset(told, done), stop, file.sha256)
        results.append(await over(future, stop.set))
        done += file.bytes
    return tuple(results)


def unseat(result: Verified) -> Order:
    """Take a damaged file out of the library and give the order that repairs it: only what is damaged comes again.

    Raises `library.damaged` where it is not known where the file came from, `library.in_the_way` where a beginning of
    that name lies there, `library.…` for the disk.
    """
    path = Path(result.path)
    part = standing.beginning(path)
    with disk.told(path):
        kept = journal.read(journal.path_for(path))
        if kept is None:
            raise DeskError("library.damaged", name=path.name)
        standing.still(part, None)
        held = Journal(journal.path_for(path), path.name)
        try:
            blocks = kept.blocks or _as_they_are(path, kept.head.block)
            held.begin(kept.head)
            for index, (size, crc) in sorted(blocks.items()):
                if index not in result.bad:
                    held.block(index, size, crc)
            try:
                standing.put(path, part, None)
            except (DeskError, OSError):  # somebody was faster, or uses it: it stays where it is, as damaged as it was
                held.whole(kept.sha256)
                held.verified(False)
                raise
        finally:
            held.close()
    head = kept.head
    return Order(f"repair:{head.set or path.name}", strangers.title(head.title) or path.name, (head.file,))


def _as_they_are(path: Path, block: int) -> dict[int, tuple[int, int]]:
    """Blocks of a file that came without a download: whether they are right shows when they are fetched again."""
    size = path.stat().st_size
    _, crcs = _read(path, size, block, None, None)
    return {index: (min(block, size - index * block), crc) for index, crc in crcs.items()}


def _read(
    path: Path, size: int, block: int, told: Callable[[int], None] | None, stop: threading.Event | None
) -> tuple[str, dict[int, int]]:
    """SHA-256 of a file, and the CRC-32 of each block."""
    whole = hashlib.sha256()
    crcs: dict[int, int] = {}
    at = 0
    with path.open("rb", buffering=0) as file:
        while data := file.read(min(_STEP, block - at % block)):
            if stop is not None and stop.is_set():
                raise StoppedError
            whole.update(data)
            crcs[at // block] = zlib.crc32(data, crcs.get(at // block, 0))
            at += len(data)
            if told is not None:
                told(at)
    if at != size:
        crcs.clear()
    return whole.hexdigest(), crcs


def _offset(told: Callable[[int], None] | None, before: int) -> Callable[[int], None] | None:
    if told is None:
        return None
    tell = told
    return lambda read: tell(before + read)
