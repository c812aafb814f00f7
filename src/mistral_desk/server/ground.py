"""What the server stands on: the models of this computer, and the one engine that the window's chats use too."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mistral_desk.core.errors import DeskError
from mistral_desk.inference.builtin import BUILTIN
from mistral_desk.inference.model_ids import is_name, model_spec

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mistral_desk.core.settings import Settings
    from mistral_desk.inference.client import Engine
    from mistral_desk.inference.model_spec import ModelSpec
    from mistral_desk.library.installed import Library
    from mistral_desk.library.shelf_file import Installed
    from mistral_desk.services import Services

_UNNAMED: Final = frozenset({"", "default"})


@dataclass(frozen=True)
class Ground:
    """For the event loop that the engine belongs to. `free` is held by whoever has the engine answer."""

    settings: Settings
    library: Library
    engine: Callable[[], Engine]
    free: asyncio.Lock

    @classmethod
    def of(cls, services: Services) -> Ground:
        """What is open in the window."""
        return cls(services.settings, services.library, lambda: services.engine, services.engine_free)

    async def models(self) -> tuple[Installed, ...]:
        """The models that can answer, as the disk is now."""
        return _ready(await self.library.look())

    async def named(self, name: str) -> Installed:
        """The model that a program names, by its id or its file's name. No path leads anywhere but into the library.

        Raises `server.no_model`.
        """
        found = self._find(name, _ready(self.library.models)) or self._find(name, await self.models())
        if found is None:
            raise DeskError("server.no_model", name=name[:200])
        return found

    async def spec(self, model: Installed) -> ModelSpec:
        """What to run. Raises `model.…`."""
        path = BUILTIN if model.id == BUILTIN else model.path
        return await asyncio.to_thread(model_spec, path, self.settings, model.projector_elsewhere)

    def _find(self, name: str, models: Sequence[Installed]) -> Installed | None:
        if name in _UNNAMED:
            ready = self.engine().model
            at_work = next((one for one in models if ready and one.path == ready.path), None)
            return at_work or next((one for one in models if one.id == BUILTIN), None)
        folded = name.casefold()
        return next((one for one in models if one.id == name), None) or next(
            (one for one in models if folded in {shown(one).casefold(), one.id.casefold()}), None
        )


def shown(model: Installed) -> str:
    """What other programs call a model: its id; where that is a path, only the file's name."""
    return model.id if model.id == BUILTIN or is_name(model.id) else model.name


def _ready(models: Sequence[Installed]) -> tuple[Installed, ...]:
    return tuple(one for one in models if one.state == "here")
