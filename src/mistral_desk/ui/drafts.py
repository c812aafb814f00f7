"""What was written and not sent: kept for each chat, also through a restart, until it is sent or deleted."""

from __future__ import annotations

import contextlib
import logging
import os
from typing import TYPE_CHECKING, Final

import msgspec
from PySide6.QtCore import QObject, QTimer

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger(__name__)
NEW: Final = "new"
"""The key of the chat that has no message yet."""
SETTLE_MS: Final = 700


class Drafts(QObject):
    """Texts by chat, in a file that only this person can read."""

    def __init__(self, file: Path, parent: QObject) -> None:
        super().__init__(parent)
        self._file = file
        self._texts: dict[str, str] = {}
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SETTLE_MS)
        self._timer.timeout.connect(self.save)
        try:
            self._texts = msgspec.json.decode(file.read_bytes(), type=dict[str, str])
        except FileNotFoundError:
            pass
        except (OSError, msgspec.MsgspecError, RecursionError) as error:
            log.info("the drafts could not be read: %s", type(error).__name__)

    def get(self, key: str) -> str:
        """What stands unsent in a chat."""
        return self._texts.get(key, "")

    def keep(self, key: str, text: str) -> None:
        """Remember it; an empty text is forgotten. On the disk soon."""
        if text == self.get(key):
            return
        if text:
            self._texts[key] = text
        else:
            self._texts.pop(key, None)
        self._timer.start()

    def forget(self) -> None:
        """All of them, without touching the disk: what is there is deleted by others."""
        self._timer.stop()
        self._texts.clear()

    def save(self) -> None:
        """Write what has changed; that it cannot be written is logged and stops nobody."""
        self._timer.stop()
        part = self._file.with_name(f"{self._file.name}.{os.getpid()}.part")
        try:
            if not self._texts:
                self._file.unlink(missing_ok=True)
                return
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(msgspec.json.encode(self._texts))
            part.replace(self._file)
        except (OSError, ValueError) as error:
            log.warning("the drafts were not saved: %s", error)
            with contextlib.suppress(OSError):
                part.unlink()
