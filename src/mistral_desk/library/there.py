"""What is on the disk already: a file in its place, the same content elsewhere in the folder, and room for the rest.

Everything here blocks. A file counts as there when its list says that it came whole, or when it was read and has its
hash; its size alone proves nothing.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mistral_desk.core import lasting, private
from mistral_desk.core.errors import DeskError
from mistral_desk.inference.model_file import SHARD
from mistral_desk.library import disk, journal, standing
from mistral_desk.library.journal import Head, Journal
from mistral_desk.library.orders import Room
from mistral_desk.library.part import StoppedError, discard, left_over
from mistral_desk.library.wanted import place

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator, Sequence

    from mistral_desk.library.orders import Entry, Order
    from mistral_desk.library.wanted import Wanted

_STEP: Final = 1 << 20
DEEPEST: Final = 5
"""Folders below the models folder that are looked into."""


def present(final: Path, wanted: Wanted, label: tuple[str, str], stop: threading.Event) -> bool:
    """Whether the file that is wanted lies there. One that nobody has proven is read first. Raises `library.…`."""
    with disk.told(final):
        try:
            if final.stat().st_size != wanted.size:
                return False
        except (FileNotFoundError, NotADirectoryError):
            return False
        kept = journal.read(journal.path_for(final))
        doubted = kept is not None and kept.verified is not None and not kept.verified[0]
        if kept is not None and kept.head.over is not None:
            doubted = doubted or standing.stamp(final) == kept.head.over  # the list speaks of what was to replace it
        if kept is not None and kept.sha256 and kept.head.file.size == wanted.size and not doubted:
            if wanted.sha256 is not None:
                return kept.sha256 == wanted.sha256
            return (kept.head.file.repository, kept.head.file.path) == (wanted.repository, wanted.path)
        if wanted.sha256 is None or sha256_of(final, stop) != wanted.sha256:
            return False
        prove(final, wanted, wanted.sha256, label)
        return True


def prove(
    final: Path, wanted: Wanted, sha256: str, label: tuple[str, str], over: standing.Before | None = None
) -> None:
    """Write down that a file is whole that did not come through a download. Raises `OSError`, `library.in_use`."""
    held = Journal(journal.path_for(final), wanted.name)
    try:
        held.begin(Head(journal.FORMAT, wanted, journal.BLOCK, *label, over.own if over else None))
        held.verified(True)
        held.whole(sha256)
    finally:
        held.close()


def twin(models: Path, wanted: Wanted) -> Path | None:
    """A file with the same content elsewhere below the models folder, by the lists."""
    if wanted.sha256 is None:
        return None
    own = place(models, wanted)
    for listed in lists(models):
        final = final_of(listed)
        with contextlib.suppress(OSError):
            kept = journal.read(listed) if final != own else None
            if kept and kept.sha256 == wanted.sha256 and final.stat().st_size == wanted.size:
                return final
    return None


def take_over(source: Path, final: Path, wanted: Wanted, label: tuple[str, str], stop: threading.Event) -> bool:
    """Put the content of `source` into place without the network: one file under two names where the disk can, else a
    copy that was compared. False where that did not work out. Raises `library.…`.
    """
    with disk.told(final, wanted.size):
        over = standing.before(final, wanted, _halting(stop))
        staged = journal.path_for(final).with_name(f"{final.name}.twin")
        private.folder(staged.parent)
        staged.unlink(missing_ok=True)
        try:
            try:
                os.link(source, staged)
            except OSError:
                _copy(source, staged, stop)
            # A list speaks of what once came; what lies there now may have changed since.
            if sha256_of(staged, stop) != wanted.sha256:
                return False
            put_proven(staged, final, wanted, label, over)
        finally:
            staged.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                staged.parent.rmdir()
        return True


def put_proven(
    staged: Path, final: Path, wanted: Wanted, label: tuple[str, str], over: standing.Before | None = None
) -> None:
    """Give a file its name and its list, as if a download had brought it; it has the hash that is wanted. What a
    download has begun of it goes.

    Raises `library.in_the_way` for what somebody else has put there, `library.in_use`, and `OSError`.
    """
    standing.still(final, over)
    if standing.is_ours(final):
        discard(final)
    standing.make_way(final, over)
    prove(final, wanted, wanted.sha256 or "", label, over)
    try:
        standing.put(staged, final, over)
    except DeskError:
        journal.forget(journal.path_for(final))  # it would speak of what is not ours
        raise


def room(order: Order, models: Path, reserve: int) -> Room:
    """What an order still needs, and what there is for it. Raises `library.disk` for a disk that is away."""
    with disk.told(models):
        wanted = {file.sha256 or file.path: file for file in order.files}
        needed = sum(max(0, file.size - left_over(place(models, file))) for file in wanted.values())
        return Room(str(models), needed, disk.free(models) - reserve)


def noted(entries: Sequence[Entry]) -> dict[str, int]:
    """Bytes of each order that earlier runs noted as there."""
    found = {}
    for entry in entries:
        with contextlib.suppress(DeskError):
            needed = room(entry.order, Path(entry.folder), 0).needed
            found[entry.order.id] = max(0, entry.order.bytes - needed)
    return found


def drop(order: Order, models: Path, keep: frozenset[Path]) -> None:
    """Delete what there is of an unfinished order: beginnings of files, and finished parts of a model in several files
    that came with it. What is in `keep` stays. Raises `library.…`.
    """
    for file in order.files:
        final = place(models, file)
        if final in keep:
            continue
        with disk.told(final):
            kept = journal.read(journal.path_for(final))
            of_it = SHARD.match(final.name) and kept is not None and kept.head.set == order.id
            if of_it and standing.came(final, kept, _halting(None)):
                final.unlink()
                journal.forget(journal.path_for(final))
            begun = standing.is_ours(final)
        if begun:
            discard(final)
        with contextlib.suppress(OSError):
            final.parent.rmdir()
            final.parent.parent.rmdir()


def lists(models: Path) -> Iterator[Path]:
    """The lists of all files below a models folder. What cannot be looked into is left out."""
    for folder, folders, names in os.walk(models):
        here = Path(folder)
        if len(here.relative_to(models).parts) >= DEEPEST:
            folders.clear()
        folders.sort()
        if here.name == journal.FOLDER:
            yield from (here / name for name in sorted(names) if name.endswith(journal.ENDING))


def final_of(listed: Path) -> Path:
    """The file that a list is about."""
    return listed.parent.parent / listed.name.removesuffix(journal.ENDING)


def sha256_of(path: Path, stop: threading.Event | None = None) -> str:
    """The hash of a file. Raises `StoppedError` and `OSError`."""
    return standing.hashed(path, _halting(stop))


def _halting(stop: threading.Event | None) -> Callable[[], None]:
    """Raises `StoppedError` when `stop` is set."""

    def halt() -> None:
        if stop is not None and stop.is_set():
            raise StoppedError

    return halt


def _copy(source: Path, target: Path, stop: threading.Event) -> None:
    with source.open("rb") as old, target.open("xb") as new:
        while data := old.read(_STEP):
            new.write(data)
            if stop.is_set():
                raise StoppedError
        new.flush()
        lasting.sync(new.fileno())
    shutil.copymode(source, target)


def full(found: Room) -> DeskError:
    """The problem of an order that does not fit."""
    return disk.full(Path(found.folder), found.needed, found.free)
