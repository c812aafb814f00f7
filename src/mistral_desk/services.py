"""Builds what the window and the command line stand on, without a window: folders, log, settings, history, engine.

The one place that knows which part gets which; everything here runs under any asyncio loop.
"""

from __future__ import annotations

import asyncio
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mistral_desk.chat.history import History
from mistral_desk.chat.session import Session
from mistral_desk.core import settings as declared
from mistral_desk.core.errors import DeskError, Problem
from mistral_desk.core.log import Log
from mistral_desk.core.paths import Folders, folders, resource
from mistral_desk.core.settings import Settings
from mistral_desk.inference.client import Engine, ModelSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

BUILTIN: Final = "builtin"
BUILTIN_TITLE: Final = "Guide (demonstration)"


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

    def resolve_model(self, model: str = BUILTIN) -> ModelSpec:
        """What to run for a model id; see `model_spec`."""
        return model_spec(model, self.settings)


def model_title(model: str) -> str:
    """The name to show for a model id."""
    return BUILTIN_TITLE if model == BUILTIN else Path(model).name


def model_spec(model: str, settings: Settings) -> ModelSpec:
    """What to run for a model id: `builtin`, or the path of a GGUF file; threads and context as set.

    Only looks at the file from outside: what is in it is the worker's to judge. Raises `model.missing`,
    `model.not_a_file`, `model.not_permitted`, `resource.missing`.
    """
    path = resource("model", "guide.gguf") if model == BUILTIN else _model_file(model)
    return ModelSpec(
        str(path),
        context=settings.get(declared.CONTEXT) or None,
        threads=settings.get(declared.THREADS) or None,
    )


def _model_file(model: str) -> Path:
    try:
        path = Path(model).expanduser().absolute()
        if not stat.S_ISREG(path.stat().st_mode):
            raise DeskError("model.not_a_file", path=_printable(path))
        with path.open("rb"):
            pass
    except PermissionError as error:
        raise DeskError("model.not_permitted", path=_printable(model)) from error
    except (OSError, ValueError, RuntimeError) as error:  # also names that no system allows, and an unknown ~user
        raise DeskError("model.missing", str(error), path=_printable(model)) from error
    if str(path) != _printable(path):
        raise DeskError("model.load_failed", "its name is not valid Unicode", name=_printable(path.name))
    return path


def _printable(path: Path | str) -> str:
    """A path as text that can be stored and sent: Linux allows names that are not valid Unicode."""
    return str(path).encode("utf-8", "replace").decode("utf-8")
