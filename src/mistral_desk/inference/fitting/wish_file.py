"""What a person set by hand for a model file: one small JSON file, replaced as a whole, read leniently."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Final

import msgspec

from mistral_desk.core import lasting
from mistral_desk.core.errors import DeskError, Problem
from mistral_desk.fit.plan import Wishes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_log: Final = logging.getLogger(__name__)

FILE: Final = "model-wishes.json"
_MOST_BYTES: Final = 1 << 20
_AUTOMATIC: Final = Wishes()


class _Kept(msgspec.Struct, frozen=True):
    wishes: dict[str, msgspec.Raw]


class WishFile:
    """The wishes by model file. `put` may be called from any thread; entries that make no sense are left out."""

    def __init__(self, path: Path, wishes: Mapping[str, Wishes] | None = None) -> None:
        self._path = path
        self._wishes = dict(wishes or {})
        self._lock = threading.Lock()

    @classmethod
    def open(cls, folder: Path) -> tuple[WishFile, Problem | None]:
        """Read the file in a folder. Never fails: one that cannot be understood is set aside, which is to be told."""
        path = folder / FILE
        try:
            with path.open("rb") as file:
                content = file.read(_MOST_BYTES)  # what is longer ends in mid-sentence, and is refused for it
            raw = msgspec.json.decode(content, type=_Kept).wishes
        except FileNotFoundError:
            return cls(path), None
        except (OSError, ValueError, RecursionError) as error:
            _log.info("what was set for models cannot be read: %s", error)
            return cls(path), _set_aside(path)
        found: dict[str, Wishes] = {}
        for key, value in raw.items():
            try:
                found[key] = msgspec.json.decode(value, type=Wishes)
            except (msgspec.MsgspecError, ValueError, RecursionError) as error:
                _log.info("what was set for %s makes no sense here: %s", key, error)
        return cls(path, found), None

    def of(self, key: str) -> Wishes:
        """The wishes for a model file."""
        return self._wishes.get(key, _AUTOMATIC)

    def put(self, key: str, wishes: Wishes | None) -> None:
        """Keep wishes, or with None forget them. Raises `settings.not_saved`; they hold for this run all the same."""
        with self._lock:
            if wishes is None or wishes == _AUTOMATIC:
                self._wishes.pop(key, None)
            else:
                self._wishes[key] = wishes
            content = msgspec.json.format(msgspec.json.encode({"wishes": self._wishes}), indent=2) + b"\n"
            try:
                lasting.write_whole(self._path, content)
            except OSError as error:
                reason = error.strerror or str(error)
                raise DeskError("settings.not_saved", path=str(self._path), reason=reason) from error

    def forget(self) -> None:
        """Drop all of them from memory."""
        with self._lock:
            self._wishes.clear()


def _set_aside(path: Path) -> Problem:
    """Move a file out of the way, so that what is in it is not overwritten."""
    aside = path.with_name(f"{path.stem}-damaged-{time.strftime('%Y%m%d-%H%M%S')}{path.suffix}")
    try:
        path.replace(aside)
    except OSError:
        _log.info("what was set for models cannot be set aside either", exc_info=True)
        aside = path
    return Problem("settings.damaged", {"aside": str(aside)})
