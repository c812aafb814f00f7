"""Finds conversations in what a person chose: a JSON file, a ZIP archive, or a folder with either kind of JSON.

One conversation at a time is in memory. What cannot be read is told and stops nothing else.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from mistral_desk.chat.sharing import chatgpt, own
from mistral_desk.chat.sharing.archive import BROKEN, EMPTY, SIGNATURE, Archive, last_part
from mistral_desk.chat.sharing.chatgpt_content import asset_id
from mistral_desk.chat.sharing.splitting import Split
from mistral_desk.core import strangers
from mistral_desk.core.errors import DeskError, Problem

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import BinaryIO

    import msgspec

    from mistral_desk.chat.imported import Imported

LARGEST_OWN: Final = 512 * 2**20
"""Bytes of a file with one conversation, its pictures included."""
MOST_UNPACKED: Final = 8 * 2**30
"""Bytes that a file in an archive may unpack to: they are read and thrown away, so this bounds time only."""
LARGEST_PICTURE: Final = 100 * 2**20
_THEIRS: Final = re.compile(r"conversations(-\d+)?\.json", re.IGNORECASE)

Bring: TypeAlias = Callable[[set[str]], Iterator[tuple[str, str, bytes]]]
"""Gives the files of pictures that are asked for: what it was asked by, a name for people, and the bytes."""


@dataclass(frozen=True)
class Arrival:
    """A conversation, or why it is none. `name` is its title or its file's name; `share` of the work that is done."""

    name: str
    share: float
    chat: Imported | None = None
    problem: Problem | None = None
    bring: Bring = field(default=lambda _wanted: iter(()))


def arrivals(path: Path) -> Iterator[Arrival]:
    """Everything in `path`; blocks. Raises `sharing.unknown` where nothing in it can be one of the two forms,
    `sharing.archive`, and `sharing.unreadable` where the system does not let it be read.
    """
    try:
        if path.is_dir():
            yield from _folder(path)
            return
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe that nobody writes into would hold the import for ever
            raise DeskError("sharing.unknown", name=path.name)
        with path.open("rb") as file:
            start = file.read(4)
        if start in {SIGNATURE, EMPTY}:
            with Archive(path) as archive:
                yield from _archive(archive, path)
            return
        yield from _file(path, 0.0, 1.0, lone=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise DeskError("sharing.unreadable", str(error), name=path.name, reason=reason) from error


def _folder(path: Path) -> Iterator[Arrival]:
    files = sorted(file for file in path.iterdir() if file.suffix.lower() == ".json" and file.is_file())
    theirs = [file for file in files if _THEIRS.fullmatch(file.name)]
    if theirs:
        files = theirs
    if not files:
        raise DeskError("sharing.unknown", name=path.name)
    for number, file in enumerate(files):
        yield from _file(file, number / len(files), (number + 1) / len(files), lone=False)


def _file(path: Path, begin: float, end: float, *, lone: bool) -> Iterator[Arrival]:
    size = max(1, path.stat().st_size)

    def bring(wanted: set[str]) -> Iterator[tuple[str, str, bytes]]:
        for file in path.parent.iterdir():
            found = asset_id(file.name)
            if found in wanted and file.is_file() and file.stat().st_size <= LARGEST_PICTURE:
                wanted.discard(found)
                yield found, file.name, file.read_bytes()

    with path.open("rb") as stream:
        yield from _document(stream, strangers.title(path.name), size, (begin, end), bring, lone=lone, most=None)


def _archive(archive: Archive, path: Path) -> Iterator[Arrival]:
    names = [name for name in archive.names if name.lower().endswith(".json")]
    theirs = [name for name in names if _THEIRS.fullmatch(last_part(name))]
    if theirs:
        names = theirs
    if not names:
        raise DeskError("sharing.unknown", name=path.name)
    by_id = {found: name for name in archive.names if (found := asset_id(last_part(name)))} if theirs else {}

    def bring(wanted: set[str]) -> Iterator[tuple[str, str, bytes]]:
        for key in tuple(wanted):
            name = by_id.get(key)
            if name is not None and (data := archive.read(name, LARGEST_PICTURE)) is not None:
                yield key, last_part(name), data

    total = sum(archive.packed(name) for name in names) or 1
    done = 0
    for name in sorted(names):
        begin, done = done / total, done + archive.packed(name)
        seen = strangers.title(last_part(name))
        try:
            with archive.open(name) as stream:
                yield from _document(
                    stream, seen, 8 * max(1, archive.packed(name)), (begin, done / total), bring,
                    lone=len(names) == 1, most=MOST_UNPACKED,
                )  # fmt: skip
        except (*BROKEN, OSError) as error:
            yield Arrival(seen, done / total, problem=Problem("sharing.damaged", {"name": seen}, str(error)))


def _document(
    stream: BinaryIO, name: str, size: int, part: tuple[float, float], bring: Bring, *, lone: bool, most: int | None
) -> Iterator[Arrival]:
    """One JSON file: a list of conversations, or one. `lone`: nothing else was chosen, so another form is an error."""
    begin, end = part
    head = stream.read(64)
    first = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    whole = _Chained(head.removeprefix(b"\xef\xbb\xbf"), stream)
    if first == b"[":
        split = Split(whole, most=most)
        found = False
        for raw in split:
            found = True
            share = min(end, begin + (end - begin) * split.read / size)
            if raw is None:
                yield Arrival(name, share, problem=Problem("sharing.too_long"))
            else:
                yield _one(raw, name, share, bring)
        if not split.complete:
            yield Arrival(name, end, problem=Problem("sharing.ends", {"name": name}))
        elif not found and lone:
            raise DeskError("sharing.nothing", name=name)
        return
    if first != b"{":
        if lone:
            raise DeskError("sharing.unknown", name=name)
        return
    raw = whole.read(LARGEST_OWN + 1)
    if len(raw) > LARGEST_OWN:
        yield Arrival(name, end, problem=Problem("sharing.too_long"))
    elif own.is_ours(raw) or chatgpt.is_one(raw) or b'"mistral-desk-chat"' in raw[:200]:
        yield _one(raw, name, end, bring)
    elif lone:
        raise DeskError("sharing.unknown", name=name)


def _one(raw: bytes, name: str, share: float, bring: Bring) -> Arrival:
    try:
        if own.is_ours(raw) or b'"mistral-desk-chat"' in raw[:200]:
            chat, pictures = own.read(raw)
            return Arrival(chat.title or name, share, chat, bring=_ours(pictures))
        chat = chatgpt.read(raw)
    except DeskError as error:
        return Arrival(chatgpt.title_in(raw) or name, share, problem=error.problem)
    return Arrival(chat.title or name, share, chat, bring=bring)


def _ours(pictures: Sequence[msgspec.Raw]) -> Bring:
    def bring(wanted: set[str]) -> Iterator[tuple[str, str, bytes]]:
        for sha256, png in own.pictures(tuple(pictures), wanted):
            yield sha256, "", png

    return bring


class _Chained:
    """A stream with the bytes that were read of it already."""

    def __init__(self, before: bytes, stream: BinaryIO) -> None:
        self._before, self._stream = before, stream

    def read(self, size: int) -> bytes:
        """The next bytes; fewer only at the end."""
        before, self._before = self._before, b""
        rest = max(0, size - len(before))
        return before + (self._stream.read(rest) if rest else b"")
