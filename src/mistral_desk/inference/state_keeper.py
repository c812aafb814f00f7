"""The app's side of saved states: gives the worker what it asks for, and keeps what it has read, when it has time.

Never in the way of an answer: small states are kept a moment after one, large ones when nothing was asked for a while,
and the rest when the worker is let go. Whatever goes wrong here only costs time later.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Final

from mistral_desk.core.errors import DeskError
from mistral_desk.core.threads import to_its_end
from mistral_desk.inference.state_file import StateFileError
from mistral_desk.inference.state_identity import identity
from mistral_desk.inference.state_messages import ForgetStates, KeepStates, StateEnd, StateHead, StatePart, StateTaken

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    from mistral_desk.inference.protocol import Command, Event, ModelInfo
    from mistral_desk.inference.remote import Worker
    from mistral_desk.inference.state_file import Identity, Writing
    from mistral_desk.inference.state_messages import NeedState
    from mistral_desk.inference.state_store import StateStore

SMALL: Final = 16 << 20
"""Bytes of a state that is kept right after an answer."""
SOON_S: Final = 1.0
"""How long after an answer."""
LATER_S: Final = 60.0
"""How long nothing was asked for when large states are kept, too."""
LEAVE_LIMIT_S: Final = 3.0
"""How long a worker that is let go may take to give the rest."""
_log: Final = logging.getLogger(__name__)


class StateKeeper:
    """The states of one engine's conversations, in a store. All of it in one event loop; files in threads."""

    def __init__(self, store: StateStore) -> None:
        self.store = store
        self._identity: Identity | None = None
        self._timers: list[asyncio.TimerHandle] = []
        self._keeping: list[asyncio.Task[None]] = []
        """What is being kept, and what waits behind it."""
        self._order = asyncio.Lock()
        self._asked: set[str] = set()

    async def loaded(self, worker: Worker, info: ModelInfo) -> None:
        """A worker has loaded a model: its states are of this kind from now on."""
        self._identity = None
        if worker.hello is None or not info.state:
            return
        hello = worker.hello
        try:
            self._identity = await asyncio.to_thread(identity, hello, info)
            await asyncio.to_thread(self.store.trim, self._identity.build)
        except (OSError, DeskError) as error:
            _log.info("what this model reads cannot be kept: %s", error)

    async def begin(self) -> bool:
        """An answer is asked for: whether there may be a state for it. What is being kept just now can wait."""
        self._forget_timers()
        known = self._identity
        return known is not None and await asyncio.to_thread(self.store.has, known)

    @property
    def owners(self) -> frozenset[str]:
        """Of whom something is on the disk, or may be in a worker's memory. It blocks."""
        return self.store.owners | self._asked

    def ended(self, worker: Worker, owner: str) -> None:
        """An answer of somebody's has ended, so there is something new to keep."""
        self._asked.add(owner)
        self._forget_timers()
        if self._identity is None or not worker.alive:
            return
        loop = asyncio.get_running_loop()
        self._timers = [
            loop.call_later(SOON_S, self._start, worker, SMALL),
            loop.call_later(LATER_S, self._start, worker, None),
        ]

    async def give(
        self, need: NeedState, send: Callable[[Command], None], heard: Callable[[], Awaitable[Event]]
    ) -> Event | None:
        """Answer a worker that asks for a state. `heard` gives its next event. Returns one that came in the place of
        its having taken a part: the answer was stopped, and it wants no more.
        """
        known = self._identity
        reading = await asyncio.to_thread(self.store.best, known, need) if known else None
        if reading is None:
            send(StateEnd(need.request, False))
            return None
        head, read = reading.head.state, False
        try:
            send(StateHead(need.request, head.owner, head.ids, head.extents))
            parts = reading.parts()
            while isinstance(event := await heard(), StateTaken):
                part = await to_its_end(next, parts, None)
                if part is None:
                    read = True
                    break
                send(StatePart(need.request, part))
            else:
                return event
        except OSError as error:
            _log.info("a saved state could not be read: %s", error)
        finally:
            await to_its_end(self.store.served if read else self.store.let_go, reading)
        send(StateEnd(need.request, reading.sound))
        return None

    async def keep(self, worker: Worker, most: int | None = None) -> None:
        """Have the worker give what is not kept yet, states of at most `most` bytes, and write it. Never raises."""
        known = self._identity
        room = await asyncio.to_thread(lambda: self.store.room) // 2
        if known is None or not worker.alive or room <= 0:
            return
        file = _File(self.store, known)
        limit = room if most is None else min(most, room)
        try:
            async with (
                self._order,
                contextlib.aclosing(worker.order(lambda number: KeepStates(number, limit))) as events,
            ):
                async for event in events:
                    await to_its_end(file.take, event)
        except (OSError, StateFileError, DeskError) as error:
            _log.info("what was read could not be kept: %s", error)
        finally:
            file.abandon()

    async def leave(self, worker: Worker) -> None:
        """The worker is let go: keep the rest, as far as that goes quickly."""
        self._forget_timers()
        self._start(worker, None)
        await asyncio.wait(self._keeping, timeout=LEAVE_LIMIT_S)
        await self.stop()
        self._identity = None

    async def stop(self) -> None:
        """Keep nothing more of this worker; returns when nothing is written any more."""
        self._forget_timers()
        for task in self._keeping:
            task.cancel()
        if self._keeping:
            await asyncio.wait(self._keeping)

    async def forget(self, owners: Collection[str], worker: Worker | None = None) -> None:
        """Delete what is these owners', on the disk and in the worker's memory; `""` are those who have no name."""
        self._asked.difference_update(owners)
        await asyncio.to_thread(self.store.forget, owners)
        if worker and worker.alive:
            with contextlib.suppress(DeskError):
                async with contextlib.aclosing(
                    worker.order(lambda number: ForgetStates(number, tuple(owners)))
                ) as events:
                    await anext(events, None)

    async def clear(self) -> None:
        """Delete all that is on the disk."""
        await self.stop()
        await asyncio.to_thread(self.store.clear)

    # --- inside -----------------------------------------------------------------------------------------

    def _start(self, worker: Worker, most: int | None) -> None:
        """Keep in a task of its own, behind one that is on its way."""
        before = self._keeping = [task for task in self._keeping if not task.done()]

        async def after() -> None:
            if before:
                await asyncio.wait(before)
            await self.keep(worker, most)

        self._keeping = [*before, asyncio.get_running_loop().create_task(after(), name="keep what was read")]

    def _forget_timers(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers = []


class _File:
    """The states that come, each written as it comes. It blocks."""

    def __init__(self, store: StateStore, known: Identity) -> None:
        self._store, self._identity = store, known
        self._writing: Writing | None = None

    def take(self, event: Event) -> None:
        """Write what came. Raises `OSError` and `StateFileError`."""
        match event:
            case StateHead():
                self.abandon()
                self._writing = self._store.begin(self._identity, StateHead(0, event.owner, event.ids, event.extents))
            case StatePart() if self._writing:
                self._writing.write(event.data)
        if self._writing and self._writing.complete:
            done, self._writing = self._writing, None
            self._store.finish(done)

    def abandon(self) -> None:
        """Drop what is not complete."""
        writing, self._writing = self._writing, None
        if writing:
            writing.abandon()
