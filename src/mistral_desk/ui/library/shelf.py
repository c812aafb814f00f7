"""Finds the models that are on this computer: the Guide, the models folder, and files that were opened before."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from mistral_desk.services import BUILTIN
from mistral_desk.ui.library.known import look
from mistral_desk.ui.library.recent import FILE, Recent

if TYPE_CHECKING:
    from mistral_desk.services import Services
    from mistral_desk.ui.library.known import Known


class Shelf:
    """Model ids and what is known of them; the files are read in another thread."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.recent = Recent(services.folders.data / FILE)

    def ids(self) -> tuple[str, ...]:
        """All of them, each once: the Guide, the folder by name, then what was opened, the latest first."""
        return tuple(dict.fromkeys((BUILTIN, *self._services.models_there(), *self.recent.paths)))

    def opened(self, model: str) -> None:
        """A model was chosen; remember it when it is a file."""
        if model != BUILTIN:
            self.recent.add(whole(model))

    async def look(self) -> tuple[Known, ...]:
        """Read the headers of all of them."""
        return await asyncio.to_thread(self._look)

    def _look(self) -> tuple[Known, ...]:
        kept = {BUILTIN, *self._services.models_there()}
        resolve = self._services.resolve_model
        return tuple(look(model, resolve, listed=model not in kept) for model in self.ids())


def whole(model: str) -> str:
    """The id under which a model is listed: a file by its whole path."""
    return model if model == BUILTIN else str(Path(model).expanduser().absolute())
