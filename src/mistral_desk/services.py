"""Builds what the window and the command line stand on, without a window: folders, log, settings, history, engine.

The one place that knows which part gets which; everything here runs under any asyncio loop.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mistral_desk.chat.history import History
from mistral_desk.chat.session import Session
from mistral_desk.core import settings as declared
from mistral_desk.core.log import Log
from mistral_desk.core.paths import Folders, folders
from mistral_desk.core.settings import Settings
from mistral_desk.inference.client import Engine, ModelSpec
from mistral_desk.inference.model_ids import BUILTIN, BUILTIN_TITLE, model_spec, model_title

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mistral_desk.core.errors import Problem

_MAIN_FILE: Final = re.compile(r"(?!.*mmproj)(?!.*-(?!00001)\d{5}-of-\d{5}\.gguf$).*", re.IGNORECASE)
"""Neither a projector nor a later part of a model in several files."""

__all__ = ["BUILTIN", "BUILTIN_TITLE", "Services", "model_spec", "model_title"]


@dataclass
class Services:
    """Everything that is open. Make it with `open`, end it with `close`.

    `notices` are what happened while opening and should be told, for example that settings were set aside.
    """

    folders: Folders
    log: Log
    settings: Settings
    history: History
    engine: Engine
    session: Session
    notices: tuple[Problem, ...] = ()

    @classmethod
    async def open(cls, home: str | None = None, *, engine: Sequence[str] | None = None) -> Services:
        """Open all of it. `home` puts every folder under one directory; `engine` is another worker's command.

        Raises `folder.not_writable` and `history.…`; nothing stays open then.
        """
        places = folders(home).ensure()
        log = Log(places.logs)
        try:
            settings, problems = Settings.open(places.settings)
            history, notice = await History.open(places.history)
        except BaseException:
            log.close()
            raise
        worker = Engine(engine)
        notices = (*problems, *((notice,) if notice else ()))
        return cls(places, log, settings, history, worker, Session(history, worker), notices)

    async def close(self) -> None:
        """Stop answers, keep what they have, end the worker; then close the history, then the log."""
        try:
            # Together, because an answer ends when its worker does and is saved after that.
            await asyncio.gather(self.session.close(), self.engine.close())
        finally:
            try:
                await self.history.close()
            finally:
                self.log.close()

    @property
    def models_folder(self) -> Path:
        """Where the person's models are."""
        chosen = self.settings.get(declared.MODELS_FOLDER)
        return Path(chosen) if chosen else self.folders.models

    def models_there(self) -> tuple[str, ...]:
        """Paths of the models in that folder, by name; none where it cannot be read."""
        try:
            found = sorted(self.models_folder.glob("*.gguf"), key=lambda file: file.name.casefold())
        except OSError:
            return ()
        return tuple(str(file) for file in found if _MAIN_FILE.fullmatch(file.name))

    def resolve_model(self, model: str = BUILTIN) -> ModelSpec:
        """What to run for a model id; see `model_spec`."""
        return model_spec(model, self.settings)
