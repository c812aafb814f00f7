"""Reading ahead: a conversation is read before its next message is there, when it is plain that it will have to be.

Whoever switches *Think harder* says so: the effort stands near a prompt's start, so all of the chat is new then. There
is as much time as the message takes to write; whatever is asked for ends it at once, and what was read by then counts.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Final

from mistral_desk.core.errors import DeskError
from mistral_desk.inference.protocol import Sampling

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mistral_desk.inference.protocol import Effort, MemoryKind, ModelInfo, Turn
    from mistral_desk.inference.remote import Look, Worker
    from mistral_desk.inference.state_keeper import StateKeeper

_CUT: Final[frozenset[MemoryKind]] = frozenset({"attention", "sliding"})
"""Kinds of memory that can let go of the message that stands for the one to come."""
_FREE_S: Final = 1.0
"""How long the worker may take to end what it is at; it has better things to do then."""
_log: Final = logging.getLogger(__name__)


class Ahead:
    """What one engine reads ahead, one conversation at a time. All of it in one event loop."""

    def __init__(
        self,
        worker: Callable[[], Worker | None],
        model: Callable[[], ModelInfo | None],
        states: Callable[[], StateKeeper | None],
    ) -> None:
        """They give what the engine has just now."""
        self._worker, self._model, self._states = worker, model, states
        self._task: asyncio.Task[None] | None = None

    def read(
        self,
        turns: Sequence[Turn],
        effort: Effort,
        pictures: Look | None = None,
        *,
        keep_thinking: bool = True,
        owner: str = "",
    ) -> asyncio.Task[None] | None:
        """Read a conversation whose last turn stands for one that is not written yet. Never loads a model, never
        raises; None where nothing is read: no model is ready, or it could not let go of the last turn.
        """
        self.stop()
        worker, model = self._worker(), self._model()
        if worker is None or model is None or model.memory not in _CUT or effort not in model.efforts:
            return None
        read = self._read(worker, tuple(turns), effort, pictures, keep_thinking=keep_thinking, owner=owner)
        self._task = asyncio.get_running_loop().create_task(read, name="read ahead")
        return self._task

    def stop(self) -> None:
        """End it; something else is asked for."""
        task, self._task = self._task, None
        if task:
            task.cancel()

    async def _read(
        self,
        worker: Worker,
        turns: tuple[Turn, ...],
        effort: Effort,
        pictures: Look | None,
        *,
        keep_thinking: bool,
        owner: str,
    ) -> None:
        await worker.idle(_FREE_S)
        if worker.requests or not worker.alive:
            return
        states = self._states()
        known = states if states and await states.begin() else None
        answer = worker.generate(
            turns, effort, Sampling(), 0, pictures, keep_thinking=keep_thinking, owner=owner, states=known
        )
        try:
            async with contextlib.aclosing(answer) as events:
                async for _ in events:
                    pass
        except DeskError as error:
            _log.info("nothing was read ahead: %s", error)
        finally:
            if states and owner:
                states.ended(worker, owner)
