"""Model files that were opened from anywhere on the disk, so that the library and the model's menu know them again."""

from __future__ import annotations

import contextlib
import logging
import os
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger(__name__)
FILE: Final = "opened-models.json"
KEPT: Final = 50


class Recent:
    """Paths, the latest first, in a file that only this person can read. That it cannot be written stops nobody."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.paths: list[str] = []
        try:
            self.paths = msgspec.json.decode(file.read_bytes(), type=list[str])[:KEPT]
        except FileNotFoundError:
            pass
        except (OSError, msgspec.MsgspecError, RecursionError) as error:
            log.info("the list of opened models could not be read: %s", type(error).__name__)

    def add(self, path: str) -> None:
        """It was opened now."""
        self._set([path, *(one for one in self.paths if one != path)][:KEPT])

    def forget(self, path: str) -> None:
        """Take it off the list; the file itself stays where it is."""
        self._set([one for one in self.paths if one != path])

    def clear(self) -> None:
        """All of them, without touching the disk: what is there is deleted by others."""
        self.paths = []

    def _set(self, paths: list[str]) -> None:
        if paths == self.paths:
            return
        self.paths = paths
        part = self._file.with_name(f"{self._file.name}.{os.getpid()}.part")
        try:
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(msgspec.json.encode(paths))
            part.replace(self._file)
        except (OSError, ValueError) as error:
            log.warning("the list of opened models was not saved: %s", error)
            with contextlib.suppress(OSError):
                part.unlink()
