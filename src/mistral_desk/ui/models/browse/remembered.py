"""Filters and order as they were left, for the next start: in a small file that may be lost at any time.

The words of a search are not remembered: they say what somebody was looking for. The disk is met in threads only, but
for `save`, which the program's end waits for.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import TYPE_CHECKING, Final

import msgspec
from PySide6.QtCore import QObject, QTimer

from mistral_desk.catalog.search import Wishes
from mistral_desk.core import replacing

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger(__name__)
FILE: Final = "browsing.json"
SETTLE_MS: Final = 700
LARGEST: Final = 64 << 10
"""Bytes: more than any person chooses."""


class Remembered(QObject):
    """The wishes in a file. They are `Wishes()` until `load`."""

    def __init__(self, file: Path, parent: QObject) -> None:
        super().__init__(parent)
        self._file = file
        self._wishes = Wishes()
        self._chosen = False
        """Somebody has chosen since the start: what the file says is old."""
        self._due = ""
        """What the disk lacks: `write`, `wipe`, or nothing."""
        self._at_disk = threading.Lock()
        self._bringing: asyncio.Future[None] | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SETTLE_MS)
        self._timer.timeout.connect(self._in_thread)

    @property
    def wishes(self) -> Wishes:
        """As they were left, or are now."""
        return self._wishes

    async def load(self) -> bool:
        """Read them; whether there are some, and nobody has chosen others meanwhile."""
        found = await asyncio.to_thread(self._read)
        if self._chosen or found is None:
            return False
        self._wishes = found
        return True

    def keep(self, wishes: Wishes) -> None:
        """Remember these; on the disk soon."""
        wishes = msgspec.structs.replace(wishes, text="")
        if wishes != self._wishes:
            self._wishes, self._chosen, self._due = wishes, True, "write"
            self._timer.start()

    def forget(self) -> None:
        """Nothing is remembered any more, on the disk neither: what was just being written there is deleted again."""
        self._timer.stop()
        self._wishes, self._chosen, self._due = Wishes(), True, "wipe"
        self._in_thread()

    def save(self) -> None:
        """Write what has changed, at once; that it cannot be written is logged and stops nobody."""
        self._timer.stop()
        self._bring_to_disk()

    def _in_thread(self) -> None:
        self._bringing = asyncio.get_running_loop().run_in_executor(None, self._bring_to_disk)

    def _read(self) -> Wishes | None:
        try:
            with self._file.open("rb") as opened:
                found = msgspec.json.decode(opened.read(LARGEST), type=Wishes)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as error:
            log.info("the filters of the models were not restored: %s", type(error).__name__)
            return None
        return msgspec.structs.replace(found, text="")

    def _bring_to_disk(self) -> None:
        """Do what is due, in whatever thread; what became due meanwhile is done by who comes after."""
        with self._at_disk:
            due, self._due = self._due, ""
            try:
                if due == "write":
                    replacing.write(self._file, msgspec.json.encode(self._wishes))
                elif due == "wipe":
                    self._file.unlink(missing_ok=True)
            except (OSError, ValueError) as error:
                log.info("the filters of the models were not saved: %s", error)
