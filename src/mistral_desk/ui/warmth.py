"""When the model is loaded and when it is let go: ready before it is needed, and not in memory when nobody needs it."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject

from mistral_desk.core import settings as declared
from mistral_desk.core.errors import DeskError
from mistral_desk.fit.disk import parts
from mistral_desk.inference.fitting.door import CAREFUL
from mistral_desk.inference.resting import Resting

if TYPE_CHECKING:
    from mistral_desk.ui.desk import Desk

log = logging.getLogger(__name__)
_MINUTE_S: Final = 60.0
_ON_ITS_WAY: Final = frozenset({"checking", "fetching", "finishing", "repairing"})


class Warmth(QObject):
    """Belongs to the desk. `begin` when the window is shown, `close` before the engine is."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._loading = False
        self._gave_up: str | None = None
        self._chosen = desk.model.id
        settings = desk.services.settings
        self.resting = Resting(
            lambda: desk.services.engine,
            desk.services.engine_free,
            lambda: settings.get(declared.REST_AFTER) * _MINUTE_S,
            self._busy,
        )
        self.resting.rested = desk.model.changed.emit
        settings.listen(declared.REST_AFTER, lambda _minutes: self.resting.begin())
        desk.model.changed.connect(self._changed)
        desk.page.composer.edit.used.connect(self.used)
        desk.page.attach_asked.connect(self.used)
        desk.page.composer.pasted.connect(self.used)

    def begin(self) -> None:
        """The window is there: get a small model ready, and for a large one only the process that it will need."""
        self.resting.begin()
        self._desk.tasks.spawn(self._begin(), "see how large the model is")

    async def _begin(self) -> None:
        if self._desk.model.is_away:
            return
        if await self._is_large():
            self._desk.services.engine.prepare()
        else:
            self._desk.warm()

    async def close(self) -> None:
        """Let nothing rest any more."""
        await self.resting.close()

    def used(self) -> None:
        """Somebody begins to write: what will answer is to be there when they have written."""
        self.resting.touch()
        desk = self._desk
        engine, chat = desk.services.engine, desk.page.chat
        answering = chat is not None and chat.busy
        if desk.model.is_away:
            return
        if engine.model is None and not (answering or self._loading or engine.in_use or self._gave_up == desk.model.id):
            self._loading = True
            desk.tasks.spawn(self._load(), "load the model for what is being written")

    async def _load(self) -> None:
        """What is wrong is said when the message is sent; in the midst of writing it would only be in the way."""
        model = self._desk.model.id
        try:
            await self._desk.model.warm()
        except DeskError as error:
            log.info("the model was not made ready for what is being written: %s", error.problem.id)
            self._gave_up = model
        finally:
            self._loading = False

    def _changed(self) -> None:
        """Another model is chosen, or the model is there after all."""
        model = self._desk.model
        if model.info is not None or model.id != self._chosen:
            self._gave_up = None
        if model.id != self._chosen:
            self._chosen = model.id
            if self._loading:  # nobody waits for the one before
                self._desk.services.engine.stop()

    def _busy(self) -> bool:
        services = self._desk.services
        moving = services.moving.now is not None and services.moving.now.problem is None
        return moving or any(one.state in _ON_ITS_WAY for one in services.downloads.downloads())

    async def _is_large(self) -> bool:
        try:
            return await asyncio.to_thread(_bytes, Path(self._desk.model.spec().path)) >= CAREFUL
        except (DeskError, OSError):
            return False  # loading it says what is wrong


def _bytes(model: Path) -> int:
    """Of all its parts: the first one may hold nothing but the header."""
    return sum(part.stat().st_size for part in parts(model))
