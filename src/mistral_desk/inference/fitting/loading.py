"""The engine that loads every model by its plan, and learns from every answer: an `Engine` for whoever uses one."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import time
from typing import TYPE_CHECKING, Final

import msgspec

from mistral_desk.core.errors import DeskError
from mistral_desk.inference.client import Engine
from mistral_desk.inference.fitting.measured import Loaded, Watch, Work, given_back
from mistral_desk.inference.protocol import Finished, Sampling
from mistral_desk.inference.rpc.computers import COMPUTES, MOST, WHO

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Collection, Sequence
    from typing import Unpack

    from mistral_desk.core.errors import Problem
    from mistral_desk.fit.runs import Record
    from mistral_desk.inference.answer_options import AnswerOptions
    from mistral_desk.inference.fitting.door import Fitting, Prepared
    from mistral_desk.inference.model_spec import ModelSpec
    from mistral_desk.inference.protocol import Effort, Figures, Hello, ModelInfo, Turn
    from mistral_desk.inference.remote import Answer, Look
    from mistral_desk.net.ledger import Connection

_log: Final = logging.getLogger(__name__)
GONE: Final = "helper.gone"
_DEFAULT_SAMPLING: Final = Sampling()


class PlannedEngine(Engine):
    """An engine whose models are loaded as planned. A plan holds as long as its model is loaded and nobody wishes
    otherwise, because a plan made beside the loaded model would differ, and load it again.
    """

    def __init__(
        self, fitting: Fitting, command: Sequence[str] | None = None, *, learns: bool = True, steady: bool = False
    ) -> None:
        """With `learns` what answers took is recorded; `steady`: no more threads compute than the plan counts on."""
        super().__init__(command, fitting.cache)
        self._fitting = fitting
        fitting.holds = lambda: given_back(self.pid)
        self.learns, self._steady = learns, steady
        self._prepared: Prepared | None = None
        self._planning = asyncio.Lock()
        self._lost: Prepared | None = None
        self._talking: list[Connection] = []
        self._heard: Hello | None = None
        self._load_s: float | None = None
        self._notes: set[asyncio.Task[Record | None]] = set()
        self.answered: Callable[[str], None] = lambda _path: None
        """Hears of each answer the path of the model that gave it."""

    @property
    def prepared(self) -> Prepared | None:
        """How the model that is loaded, or was loaded last, was planned."""
        return self._prepared

    async def ensure(self, spec: ModelSpec, on_progress: Callable[[float], None] | None = None) -> ModelInfo:
        """As `Engine.ensure`, by the plan. Raises also `model.does_not_fit` and `model.from_disk`."""
        there, began = self.model, time.perf_counter()
        try:
            info = await self._ensure(spec, on_progress)
        except DeskError as error:
            if error.problem.id != "placement.device":
                raise
            await self._fitting.ask_devices()  # a device that was there the last time is not there any more
            info = await self._ensure(spec, on_progress)
        if info is not there:
            self._load_s = time.perf_counter() - began - self.looked_s
        if self.hello and self.hello is not self._heard:
            self._heard = self.hello
            await self._fitting.heard(self.hello)
        return info

    async def blindness(self, spec: ModelSpec) -> Problem | None:
        """As `Engine.blindness`."""
        known = self._prepared
        return await super().blindness(known.spec if known and spec == known.asked else spec)

    async def generate(
        self,
        turns: Sequence[Turn],
        effort: Effort = "none",
        sampling: Sampling = _DEFAULT_SAMPLING,
        max_tokens: int | None = None,
        pictures: Look | None = None,
        **options: Unpack[AnswerOptions],
    ) -> AsyncGenerator[Answer, None]:
        """As `Engine.generate`; what the answer took is noted."""
        watch: Watch | None = None
        async with (
            self._minding(),
            contextlib.aclosing(
                super().generate(
                    turns,
                    effort,
                    sampling,
                    max_tokens,
                    pictures,
                    **options,
                )
            ) as answer,
        ):
            async for event in answer:
                watch = watch or Watch(self.pid)
                if isinstance(event, Finished):
                    if self._prepared is not None:
                        self.answered(self._prepared.asked.path)
                    self._note(event.figures, watch, seen=any(turn.images for turn in turns))
                yield event

    async def rest(self) -> bool:
        """As `Engine.rest`; it is planned anew then, because others may have the memory."""
        rested = await super().rest()
        if rested:
            self._prepared = None
            await self._hang_up()
        return rested

    async def unload(self, paths: Collection[str] | None = None) -> None:
        """As `Engine.unload`."""
        await super().unload(paths)
        if self.model is None:
            await self._hang_up()

    async def close(self) -> None:
        """As `Engine.close`; what was noted is on the disk then."""
        await super().close()
        await self._hang_up()
        await self.settled()

    async def settled(self) -> None:
        """Returns when everything that was noted is recorded."""
        if self._notes:
            await asyncio.wait(self._notes)

    async def _ensure(self, spec: ModelSpec, on_progress: Callable[[float], None] | None) -> ModelInfo:
        for _ in range(MOST):  # each time one of them is gone, it goes on without that one
            try:
                async with self._minding():
                    return await self._ensure_planned(spec, on_progress)
            except DeskError as error:
                if error.problem.id != GONE:
                    raise
        raise DeskError(GONE)

    async def _ensure_planned(self, spec: ModelSpec, on_progress: Callable[[float], None] | None) -> ModelInfo:
        prepared = await self._plan(spec)
        try:
            if not self._is_ready(prepared.spec):
                await self._ring()
            return await super().ensure(prepared.spec, on_progress)
        except BaseException:
            if self._prepared is prepared and not self._is_ready(prepared.spec):
                self._lost, self._prepared = prepared, None  # another try may find more memory, or less
            raise

    def _holds(self, known: Prepared) -> bool:
        """Whether what was planned is still so: other computers are asked again before a worker connects to them."""
        return not known.spec.helpers or self.model is not None

    @property
    def helpers(self) -> tuple[str, ...]:
        """The other computers (numeric addresses) on which a part of the planned model lies."""
        return self._prepared.spec.helpers if self._prepared else ()

    async def leave_others(self) -> None:
        """End what talks to other computers, a load that has only begun too: `load.cancelled` for whoever waits."""
        if self.helpers:
            if self.model is None:
                self.stop()
            await self.unload()

    @contextlib.asynccontextmanager
    async def _minding(self) -> AsyncGenerator[None, None]:
        """Where another computer is gone meanwhile, the next plan does without it."""
        try:
            yield
        except DeskError as error:
            if error.problem.id == GONE:
                self._lost, self._prepared = self._prepared or self._lost, None
                if self._lost:
                    self._fitting.computers.lost(self._lost.spec.helpers)
                await self._hang_up(GONE)
            raise

    async def _ring(self) -> None:
        """Put the connections that a worker is about to make into the list of connections. Raises `net.offline` where
        they are switched off since the plan was made.
        """
        await self._hang_up()
        if self.helpers and not await asyncio.to_thread(lambda: self._fitting.computers.allowed):
            raise DeskError("net.offline", host=self.helpers[0])
        ledger = self._fitting.computers.ledger
        hosts = dict.fromkeys(address.rpartition(":")[0] for address in self.helpers)
        self._talking = [ledger.begin(host, WHO, COMPUTES) for host in hosts]
        await asyncio.to_thread(ledger.flush)

    async def _hang_up(self, problem: str = "") -> None:
        """The worker's connections are over."""
        talking, self._talking = self._talking, []
        ledger = self._fitting.computers.ledger
        for entry in talking:
            ledger.end(entry, problem)
        if talking:
            await asyncio.to_thread(ledger.flush)

    async def _plan(self, spec: ModelSpec) -> Prepared:
        async with self._planning:
            if self._lost and spec == self._lost.spec:
                spec = self._lost.asked  # all of it anew: what was planned counted on another computer
            known = self._prepared
            same = known is not None and spec in (known.asked, known.spec)
            if known and same and known.wishes == self._fitting.wishes(known.key) and self._holds(known):
                return known
            made = await self._fitting.prepare(spec, self.helpers if self.model else ())
            if self._steady and made.spec.placement:
                planned = msgspec.structs.replace(made.spec.placement, most_threads=0)
                made = dataclasses.replace(made, spec=msgspec.structs.replace(made.spec, placement=planned))
            self._prepared = made
            return made

    def loaded(self) -> Loaded | None:
        """The model that is loaded, with the plan behind it; None where there is none."""
        prepared, info = self._prepared, self.model
        if info is None or prepared is None or prepared.made is None:
            return None
        cached = 1.0 if self.looked_s else prepared.cached  # the look had just read all of it
        return Loaded(*prepared.made, info, self.hello.llama_cpp if self.hello else "", cached)

    def take_load_s(self) -> float | None:
        """Seconds that loading the model took, worker and plan included; None after it was asked for once."""
        took, self._load_s = self._load_s, None
        return took

    def _note(self, figures: Figures, watch: Watch, *, seen: bool) -> None:
        loaded = self.loaded()
        if not self.learns or loaded is None:
            return
        if threads := round(figures.threads):  # what computed, which may be more than was planned, or fewer
            loaded = dataclasses.replace(loaded, info=msgspec.structs.replace(loaded.info, threads=threads))
        work = Work(figures, seen, *watch.shares(loaded.info.threads), self.take_load_s())
        task = asyncio.get_running_loop().create_task(self._fitting.learn(loaded, work), name="record of a run")
        self._notes.add(task)
        task.add_done_callback(self._noted_down)

    def _noted_down(self, task: asyncio.Task[Record | None]) -> None:
        self._notes.discard(task)
        if not task.cancelled() and (error := task.exception()):
            _log.error("a run could not be recorded", exc_info=error)
