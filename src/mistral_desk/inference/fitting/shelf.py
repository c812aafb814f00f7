"""Keeps what was read from headers: to walk through a vocabulary of 130,000 words takes a tenth of a second."""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING, Final

import msgspec

from mistral_desk import __version__
from mistral_desk.core import replacing
from mistral_desk.fit.shape import Shape, alike

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_log: Final = logging.getLogger(__name__)
FOLDER: Final = "shapes"
FORMAT: Final = 2
"""Of what is kept: another number where the same program reads more of a file than it did."""
MOST: Final = 64
"""Files that are kept, the newest."""


class Kept(msgspec.Struct, frozen=True):
    """What is kept of a model file. `version` is the program's that read it: another one may read more."""

    version: str
    key: str
    name: str
    bytes: int
    path: str
    projector: str
    shape: Shape


class Shelf:
    """One small file for each state of a model file, in the cache folder. Everything blocks; nothing raises."""

    def __init__(self, cache: Path) -> None:
        self._folder = cache / FOLDER

    def get(self, state: Sequence[object]) -> Kept | None:
        """What was kept of a file in this very state; None where nothing was, or what there is makes no sense."""
        try:
            found = msgspec.msgpack.decode(self._file(state).read_bytes(), type=Kept)
        except (OSError, ValueError, RecursionError):
            return None
        if found.version != __version__:
            return None
        shape = msgspec.structs.replace(found.shape, layers=alike(found.shape.layers))
        return msgspec.structs.replace(found, shape=shape)

    def put(self, state: Sequence[object], kept: Kept) -> None:
        """Keep it, and let the oldest go."""
        file = self._file(state)
        try:
            replacing.write(file, msgspec.msgpack.encode(kept))
            files = sorted(self._folder.iterdir(), key=lambda path: path.stat().st_mtime_ns, reverse=True)
            for old in files[MOST:]:
                old.unlink(missing_ok=True)
        except (OSError, ValueError) as error:  # ValueError: Linux allows names that are not valid Unicode
            _log.info("what a header says could not be kept: %s", error)

    def _file(self, state: Sequence[object]) -> Path:
        told = repr((FORMAT, *state))
        return self._folder / hashlib.sha256(told.encode("utf-8", "backslashreplace")).hexdigest()
