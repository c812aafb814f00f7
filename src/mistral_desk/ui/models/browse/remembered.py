"""Filters and order as they were left, for the next start: in a small file that may be lost at any time.

The words of a search are not remembered: they say what somebody was looking for.
"""

from __future__ import annotations

import contextlib
import logging
import os
from typing import TYPE_CHECKING, Final

import msgspec
from PySide6.QtCore import QObject, QTimer

from mistral_desk.catalog.search import Wishes

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger(__name__)
FILE: Final = "browsing.json"
SETTLE_MS: Final = 700
LARGEST: Final = 64 << 10
"""Bytes: more than any person chooses."""


class Remembered(QObject):
    """The wishes in a file."""

    def __init__(self, file: Path, parent: QObject) -> None:
        super().__init__(parent)
        self._file = file
        self._wishes = Wishes()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SETTLE_MS)
        self._timer.timeout.connect(self.save)
        try:
            with file.open("rb") as opened:
                read = msgspec.json.decode(opened.read(LARGEST), type=Wishes)
            self._wishes = msgspec.structs.replace(read, text="")
        except FileNotFoundError:
            pass
        except (OSError, ValueError, RecursionError) as error:
            log.info("the filters of the models were not restored: %s", type(error).__name__)

    @property
    def wishes(self) -> Wishes:
        """As they were left."""
        return self._wishes

    def keep(self, wishes: Wishes) -> None:
        """Remember these; on the disk soon."""
        wishes = msgspec.structs.replace(wishes, text="")
        if wishes != self._wishes:
            self._wishes = wishes
            self._timer.start()

    def forget(self) -> None:
        """Nothing is remembered any more; what is on the disk is deleted by others."""
        self._timer.stop()
        self._wishes = Wishes()

    def save(self) -> None:
        """Write what has changed; that it cannot be written is logged and stops nobody."""
        if not self._timer.isActive() and self._file.exists() is False and self._wishes == Wishes():
            return
        self._timer.stop()
        part = self._file.with_name(f"{self._file.name}.{os.getpid()}.part")
        try:
            part.write_bytes(msgspec.json.encode(self._wishes))
            part.replace(self._file)
        except (OSError, ValueError) as error:
            log.info("the filters of the models were not saved: %s", error)
            with contextlib.suppress(OSError):
                part.unlink()
