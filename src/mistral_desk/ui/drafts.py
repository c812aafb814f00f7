"""What was written and not sent: kept for each chat, also through a restart, until it is sent or deleted."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal

from mistral_desk.chat.message import Part
from mistral_desk.chat.parts import pictures_in
from mistral_desk.core import lasting, private

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger(__name__)
NEW: Final = "new"
"""The key of the chat that has no message yet."""
SETTLE_MS: Final = 700


class _Draft(msgspec.Struct, frozen=True, omit_defaults=True):
    text: str = ""
    files: tuple[Part, ...] = ()


_NOTHING: Final = _Draft()


class Drafts(QObject):
    """Texts and files by chat, in a file that only this person can read."""

    changed = Signal()

    def __init__(self, file: Path, parent: QObject) -> None:
        super().__init__(parent)
        self._file = _File(file)
        self._kept: dict[str, _Draft] = {}
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SETTLE_MS)
        self._timer.timeout.connect(self.begin_saving)
        try:
            read = msgspec.json.decode(file.read_bytes(), type=dict[str, str | _Draft])
            self._kept = {key: _Draft(one) if isinstance(one, str) else one for key, one in read.items()}
        except FileNotFoundError:
            pass
        except (OSError, ValueError, RecursionError) as error:
            log.info("the drafts could not be read: %s", type(error).__name__)

    def get(self, key: str) -> str:
        """What stands unsent in a chat."""
        return self._kept.get(key, _NOTHING).text

    def files(self, key: str) -> tuple[Part, ...]:
        """What was attached to it."""
        return self._kept.get(key, _NOTHING).files

    @property
    def pictures(self) -> frozenset[str]:
        """The pictures in all drafts, by their SHA-256."""
        return frozenset(one.sha256 for draft in self._kept.values() for one in pictures_in(draft.files))

    def keep(self, key: str, text: str, files: tuple[Part, ...] = ()) -> None:
        """Remember it; where there is nothing, it is forgotten. On the disk soon."""
        draft = _Draft(text, files)
        if draft == self._kept.get(key, _NOTHING):
            return
        if text or files:
            self._kept[key] = draft
        else:
            self._kept.pop(key, None)
        self.changed.emit()
        if not self._timer.isActive():  # who types without a pause has it on the disk, too
            self._timer.start()

    def forget(self) -> None:
        """All of them, without touching the disk: others delete what is there, and nothing is written after it."""
        self._timer.stop()
        self._kept.clear()
        self._file.forget()
        self.changed.emit()

    def save(self) -> None:
        """Write what has changed and wait for it: the program ends."""
        self.begin_saving().result()

    def begin_saving(self) -> Future[None]:
        """Have it written in a thread of its own; that it cannot be written is logged and stops nobody."""
        self._timer.stop()
        return self._file.write(dict(self._kept))

    def close(self) -> None:
        """Write what has changed and end the thread; what is kept afterwards is written no more."""
        self.save()
        self._file.close()


class _File:
    """The one thread that writes: a later state never stands below an earlier one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="drafts")
        self._lock = threading.Lock()
        self._age = 0
        self._closed = False

    def write(self, kept: dict[str, _Draft]) -> Future[None]:
        """What is kept now; the drafts themselves never change, so that they can be written while somebody types."""
        if self._closed:
            nothing: Future[None] = Future()
            nothing.set_result(None)
            return nothing
        return self._writer.submit(self._write, kept, self._age)

    def close(self) -> None:
        """Let the thread end after what it was given, and wait for that."""
        self._closed = True
        self._writer.shutdown()

    def forget(self) -> None:
        """What was to be written until now is not put in its place any more."""
        with self._lock:
            self._age += 1

    def _write(self, kept: dict[str, _Draft], age: int) -> None:
        part = self._path.with_name(f"{self._path.name}.{os.getpid()}.part")
        try:
            if kept:
                with open(part, "wb", opener=private.opened) as file:
                    file.write(msgspec.json.encode(kept))
                    file.flush()
                    lasting.sync(file.fileno())  # else a power cut can leave an empty file in the place of all drafts
            with self._lock:
                if age != self._age:
                    part.unlink(missing_ok=True)
                elif kept:
                    part.replace(self._path)
                else:
                    self._path.unlink(missing_ok=True)
            lasting.sync_folder(self._path.parent)
        except (OSError, ValueError) as error:
            log.warning("the drafts were not saved: %s", error)
            with contextlib.suppress(OSError):
                part.unlink()
