"""One file from the hub to the disk: by ranges, over one to four connections, through everything that can go wrong.

It ends with the whole file in its place or with a problem; then what came is kept, and the next run goes on there.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import msgspec

from mistral_desk.catalog.hub import endpoint
from mistral_desk.core.errors import DeskError
from mistral_desk.library import journal
from mistral_desk.library.pace import Pace
from mistral_desk.library.part import Part
from mistral_desk.library.sinks import Sink, ToMemory, ToPart
from mistral_desk.library.source import Source
from mistral_desk.library.spans import Spans, missing
from mistral_desk.library.threads import begin, in_thread, over
from mistral_desk.library.wanted import checked, url

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import TypeVar

    from mistral_desk.core.errors import Problem
    from mistral_desk.library.part import Remembered
    from mistral_desk.library.wanted import Wanted
    from mistral_desk.net.client import Net

    T = TypeVar("T")

Phase: TypeAlias = Literal["waiting", "checking", "fetching", "finishing", "repairing", "done"]
MOST_CONNECTIONS: Final = 4
PASSING: Final = frozenset({"net.cut", "net.timeout", "net.unreachable", "net.status", "net.too_many", "net.garbled"})
"""Tried again after a while."""
_WORTH: Final = 1 << 16
"""So many bytes show that a connection works; fewer count as nothing."""
_TRICKLE_S: Final = 60.0
_LEAST: Final = 1 << 14
"""Fewer bytes than that in a minute are a stall, too."""
_EARLY_TRIES: Final = 3


class Manner(msgspec.Struct, frozen=True):
    """How downloads behave. Sizes in bytes, times in seconds.

    `patience` is how often in a row a connection may fail without bringing anything; the pauses between grow from
    `backoff_s` to `longest_s`, and a server that asks for more ends the run. `reserve` stays free on the disk.
    """

    connections: int = MOST_CONNECTIONS
    block: int = journal.BLOCK
    silence_s: float = 30.0
    patience: int = 6
    backoff_s: float = 1.0
    longest_s: float = 60.0
    reserve: int = 500_000_000


class _WholeOnlyError(Exception):
    """The server gives whole files only, which is of use to a single connection."""


class Transfer:
    """A run for one file. What it is at can be read at any time: `phase`, `done`, `received`, `trouble`.

    `trouble` is why it is waiting to try again, None while all is well; `received` are bytes that came over the
    network in this run. Made for one asyncio loop; cancel the task that runs it to pause.
    """

    def __init__(
        self,
        net: Net,
        wanted: Wanted,
        final: Path,
        *,
        token: str | None = None,
        manner: Manner | None = None,
        pace: Pace | None = None,
        base: str | None = None,
        label: tuple[str, str] = ("", ""),
        before: Remembered | None = None,
    ) -> None:
        """Raise `library.name` and `net.address`. `base` is the hub's scheme and host; `label`, `before` as `Part`."""
        wanted = checked(wanted)
        self.wanted, self.final = wanted, final
        self.phase: Phase = "waiting"
        self.received = 0
        self.trouble: Problem | None = None
        self._manner = manner or Manner()
        self._pace = pace or Pace()
        self._label = label
        job = secrets.token_hex(8)
        self._source = Source(net, url(base or endpoint(), wanted), wanted, job, self._manner.silence_s, token)
        self._part = Part(wanted, final, self._manner.block, label, before)
        self._lines = 0

    @property
    def done(self) -> int:
        """Bytes of the file that are there and known to be as they were sent."""
        if self.phase == "done":
            return self.wanted.size
        return self._part.checked if self.phase == "checking" else self._part.done

    @property
    def remembered(self) -> Remembered | None:
        """What the next run of this program need not read again, when this one has ended without the whole file."""
        return self._part.remembered

    @property
    def spoiled(self) -> int:
        """Bytes of earlier runs that the disk had lost or changed."""
        return self._part.spoiled

    async def run(self) -> str:
        """Fetch it, or what is missing of it; the SHA-256 of the file that lies in its place now.

        Raises `net.…` and `library.…`.
        """
        part = self._part
        try:
            self.phase = "checking"
            await self._long(part.open)
            self.phase = "fetching"
            await self._fetch()
            self.phase = "finishing"
            sha256 = await self._long(part.sha256)
            stated = self._source.sha256
            if stated is not None and sha256 != stated:
                self.phase = "repairing"
                sha256 = await self._repair(stated)
                self.phase = "finishing"
            await in_thread(part.finish, sha256)
            self.phase = "done"
            return sha256
        finally:
            part.stop.set()
            await in_thread(part.close)

    # --- fetching -------------------------------------------------------------------------------------

    async def _fetch(self) -> None:
        """Fetch all blocks that are missing."""
        count = max(1, min(self._manner.connections, MOST_CONNECTIONS))
        while True:
            self._lines = count
            spans = Spans(self._part, count)
            try:
                async with asyncio.TaskGroup() as group:
                    for number in range(min(count, max(1, self._part.blocks))):
                        group.create_task(self._line(number, spans, single=count == 1))
            except BaseExceptionGroup as errors:
                error = _first(errors)
                if not isinstance(error, _WholeOnlyError):
                    raise error from errors
                count = 1
            else:
                return

    async def _line(self, number: int, spans: Spans, *, single: bool) -> None:
        """One connection: takes a span, fetches it, takes the next."""
        while number < self._lines and (span := spans.take()) is not None:
            try:
                await self._persist(
                    lambda span=span: missing(self._part, span),  # type: ignore[misc]
                    ToPart(self._part, self._manner.reserve),
                    single=single,
                )
            finally:
                spans.give_back(span)

    async def _persist(self, lacking: Callable[[], tuple[int, int] | None], sink: Sink, *, single: bool) -> None:
        """Ask again and again until nothing is lacking; raises what stands in the way for too long."""
        failures = 0
        while (gap := lacking()) is not None:
            error: DeskError | None = None
            try:
                await self._ask(gap, sink, single=single)
            except DeskError as caught:
                if caught.problem.id not in PASSING:
                    raise
                error = caught
            after = lacking()
            if error is None and after == gap:
                error = DeskError("net.cut", host=self._source.host, received=0)
            if after is None or after[0] - gap[0] >= _WORTH:
                failures = 0
            if error is not None and after is not None:
                failures += 1
                await self._rest(failures, error)

    async def _ask(self, gap: tuple[int, int], sink: Sink, *, single: bool) -> None:
        """One request; what comes of it goes to the sink. A stream that hardly moves is a stalled one."""
        start, end = gap
        async with self._source.open(start, end) as piece:
            if piece.offset != start and not single:
                raise _WholeOnlyError
            sink.begin(piece.offset)
            at, since, slowly = piece.offset, time.monotonic(), 0
            try:
                while at <= piece.end and (data := await piece.stream.piece()):
                    self.received += len(data)
                    self.trouble = None
                    await sink.add(data[: max(0, piece.end - at)])
                    at += len(data)
                    slowly += len(data)
                    if (now := time.monotonic()) - since > _TRICKLE_S:
                        if slowly < _LEAST:
                            raise DeskError("net.timeout", host=piece.stream.host, seconds=_TRICKLE_S)
                        since, slowly = now, 0
                    await self._pace.take(len(data))
            finally:
                await sink.flush()

    async def _rest(self, failures: int, error: DeskError) -> None:
        """Wait before the next try; raises `error` when it was the last one."""
        asked = float(error.problem.params.get("seconds", 0)) if error.problem.id == "net.too_many" else 0.0
        manner = self._manner
        if failures > manner.patience or asked > manner.longest_s:
            raise error
        self.trouble = error.problem
        if error.problem.id == "net.too_many":
            self._lines = max(1, self._lines - 1)
        if failures > 1:
            self._source.forget()
        pause = min(manner.longest_s, manner.backoff_s * 2 ** (failures - 1)) * random.uniform(0.75, 1.25)  # noqa: S311
        await asyncio.sleep(max(pause, asked))

    # --- a file that is not what it should be ---------------------------------------------------------

    async def _repair(self, stated: str) -> str:
        """Find the blocks that are wrong; the file's hash when it is the stated one.

        First what the disk has changed, which costs no network; then each block comes once more and is compared.
        Raises `library.wrong_content` when that is in vain.
        """
        part = self._part
        if await self._long(part.reread):
            await self._fetch()
            if await self._long(part.sha256) == stated:
                return stated
        replaced, tries = 0, 0
        for index in range(part.blocks):
            data = await self._again(index)
            if await in_thread(part.same, index, data):
                continue
            await in_thread(part.replace, index, data)
            replaced += 1
            if tries < _EARLY_TRIES:  # one bad block is the usual case, and reading is cheaper than fetching
                tries += 1
                if await self._hashed_anew() == stated:
                    return stated
        if replaced > tries and await self._hashed_anew() == stated:
            return stated
        raise DeskError("library.wrong_content", name=self.wanted.name, host=self._source.host)

    async def _again(self, index: int) -> bytes:
        """A block once more."""
        part = self._part
        sink = ToMemory(index * part.block, part.end_of(index))

        def lacking() -> tuple[int, int] | None:
            reached = sink.start + len(sink.data)
            return (reached, sink.end) if reached < sink.end else None

        await self._persist(lacking, sink, single=True)
        return bytes(sink.data)

    async def _hashed_anew(self) -> str:
        await self._long(self._part.reread)
        return await self._long(self._part.sha256)

    async def _long(self, work: Callable[[], T]) -> T:
        """Long work on the part, ended early when this task is cancelled."""
        return await over(begin(work), self._part.stop.set)


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """The one to tell: several connections fail of the same cause."""
    found: BaseException = errors
    while isinstance(found, BaseExceptionGroup):
        telling = [error for error in found.exceptions if not isinstance(error, _WholeOnlyError)]
        found = (telling or list(found.exceptions))[0]
    return found
