"""The app's door to the engine: one worker at a time, started when it is needed and again after it died.

Sessions and the command line use `Engine` only; `Worker` is one process, `ModelSpec` says what to run.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Final

from mistral_desk.core.errors import DeskError, Problem, as_problem
from mistral_desk.inference import projector_file
from mistral_desk.inference.ahead import Ahead
from mistral_desk.inference.child import worker_command
from mistral_desk.inference.crashes import DEATHS, Crashes
from mistral_desk.inference.lowering import Lowering
from mistral_desk.inference.model_spec import ModelSpec
from mistral_desk.inference.protocol import Counted, Effort, Figures, Finished, Hello, ModelInfo, Sampling, Turn
from mistral_desk.inference.remote import Answer, Worker
from mistral_desk.inference.requests import ClosedError
from mistral_desk.inference.rpc import places
from mistral_desk.inference.spare import Spare, replacing

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Collection, Sequence
    from typing import Unpack

    from mistral_desk.inference.answer_options import AnswerOptions
    from mistral_desk.inference.cage import Cage
    from mistral_desk.inference.remote import Look
    from mistral_desk.inference.silence import Quiet
    from mistral_desk.inference.state_keeper import StateKeeper

__all__ = ["Answer", "Engine", "ModelSpec", "Worker", "worker_command"]

_log: Final = logging.getLogger(__name__)

RETIRE_LIMIT_S: Final = 0.5
"""How long running answers get to end as stopped before their worker is closed."""

_DEFAULT_SAMPLING: Final = Sampling()


class Engine:
    """What conversations use: at most one worker with one model, started and restarted when it is needed."""

    def __init__(self, command: Sequence[str] | None = None, cache: Path | None = None) -> None:
        """`cache` is where it is remembered which models' weights were looked at, and which made workers die; without
        it weights are not looked at.
        """
        self._command = command
        self._crashes = Crashes(cache)
        self._died: Problem | None = None
        self._mourned: Worker | None = None
        self._worker: Worker | None = None
        self._spare = Spare(lambda: Worker(self._command))
        self._spec: ModelSpec | None = None
        self._model: ModelInfo | None = None
        self._lock = asyncio.Lock()
        self._closed = False
        self._stops = self._begun = 0
        """How often it was told to stop, in all and before what is being loaded began."""
        self._asking = 0
        self._loading: ModelSpec | None = None
        self._leaving: list[Collection[str] | None] = []
        """Files that are to be let go of as soon as nothing is loaded: nobody who waits before that loads them."""
        self._used = time.monotonic()
        self._listeners: list[tuple[ModelSpec, Callable[[float], None]]] = []
        self.resting = False
        """Whether the model was let go because nobody used it, and nothing was loaded since."""
        self._lowering = Lowering()
        self.states: StateKeeper | None = None
        """Keeps what was read of conversations that have an owner; None: nothing is kept."""
        self.ahead = Ahead(lambda: self._worker, lambda: self.model, lambda: self.states)
        """Reads conversations before they are answered; ends when anything is."""
        self.relieves = True
        """Whether a model by which a GPU's memory runs over is loaded again for the next answer, with less there."""

    @property
    def model(self) -> ModelInfo | None:
        """The model that is ready, None when there is none or its worker died."""
        return self._model if self._worker and self._worker.alive else None

    @property
    def hello(self) -> Hello | None:
        """What the worker said about itself, None before the first one was started."""
        worker = self._worker or self._spare.worker
        return worker.hello if worker else None

    @property
    def cage(self) -> Cage | None:
        """What the worker may not do, as it found when it tried; None before a model was loaded."""
        return self._worker.cage if self._worker else None

    @property
    def pid(self) -> int | None:
        """The worker's process id while it runs."""
        return self._worker.pid if self._worker else None

    @property
    def quiet(self) -> Quiet | None:
        """How long the worker has said nothing about what it works on; None while that is within its own pace."""
        return self._worker.quiet if self._worker else None

    @property
    def looks(self) -> bool:
        """Whether what is told of a load just now is a first look at the weights."""
        return self._worker is not None and self._worker.looks

    @property
    def looked_s(self) -> float:
        """How much of the last load was a first look at the weights, in seconds; 0 where there was none."""
        return self._worker.looked_s if self._worker else 0.0

    async def allow(self, path: str) -> None:
        """Let a model be loaded once more that was left alone because workers died with it."""
        await self._crashes.allow(path)

    @property
    def busy(self) -> bool:
        """Whether something is being loaded or generated, so that `stop` has an effect."""
        return bool(self._worker and self._worker.requests)

    def prepare(self) -> None:
        """Have a process start already that the next model will be loaded in; nothing is loaded."""
        if not self._closed and self.model is None and not self._lock.locked():
            self._spare.begin()

    @property
    def in_use(self) -> bool:
        """Whether it works or loads just now, is about to, or lets a model go."""
        return self.busy or self._lock.locked() or self._asking > 0

    @property
    def used(self) -> float:
        """When something was last asked of it, by `time.monotonic`: now, while it is in use."""
        return time.monotonic() if self.in_use else self._used

    async def ensure(self, spec: ModelSpec, on_progress: Callable[[float], None] | None = None) -> ModelInfo:
        """Have this model ready: at once if it is, else in a new worker. Another model ends the old worker.

        Where memory is too short for its placement, or was when its worker died, less is tried, and the model's
        `changes` say what. So they do where it is loaded again because a GPU's memory ran over in silence.

        Raises what is wrong with the model (`model.…`), `load.cancelled` after `stop()`, and `engine.…`; that is
        `engine.keeps_stopping` for one with which three workers died in a row, until `allow`. Who asks while the same
        model is being loaded already hears of that load.
        """
        listener = (spec, on_progress) if on_progress else None
        if listener:
            self._listeners.append(listener)
        try:
            async with self._lock:
                return await self._ensured(spec)
        finally:
            self._used = time.monotonic()
            if listener:
                self._listeners.remove(listener)

    async def _ensured(self, spec: ModelSpec) -> ModelInfo:
        """As `ensure`, for whoever holds the lock."""
        if self._closed:
            raise ClosedError
        again = self.relieves and self._lowering.due
        if self._is_ready(spec) and not again and (model := self.model):
            self._spec = spec
            return model
        if any(_concerns(spec, paths) for paths in self._leaving):
            raise _cancelled(spec)
        self._begun, self.resting = self._stops, False
        if self._worker and self._spec and self._worker.ended and self._worker is not self._mourned:
            self._mourned, self._died = self._worker, self._worker.ended
            if not self._worker.disobeyed:
                self._crashes.died(self._spec, self._died)
        self._loading = spec
        try:
            look = await self._crashes.begin(spec)
            given, self._died = self._lowering.begin(spec, self._died), None
            if not given.helpers:
                self._spare.begin()  # while the old worker takes its leave
            self._spec = None
            await self._retire()
            self._model = await self._load_what_fits(spec, given, look=look)
        except BaseException as error:
            ended = isinstance(error, DeskError) and self._stops == self._begun  # and nobody stopped it
            problem = as_problem(error) if ended else None
            if problem and problem.id in DEATHS and not self._closed:
                self._spare.begin()  # what comes next need not wait for a process
            await self._crashes.failed(spec, problem)
            raise
        finally:
            self._loading = None
        self._spec = spec  # before anything else: who stops now finds it loaded the next time
        await self._crashes.loaded(spec, looked_at=look)
        return self._model

    async def _load_what_fits(self, spec: ModelSpec, given: ModelSpec, *, look: bool) -> ModelInfo:
        """Load what is `given` of `spec`, or less where memory is short."""

        def tell(share: float) -> None:
            for wanted, listener in tuple(self._listeners):
                if spec.same_worker(wanted):
                    listener(share)

        while True:
            try:
                return await self._load(given, tell, look=look)
            except DeskError as error:
                less = self._lowering.next(spec, error.problem)
                if less is None:
                    raise
                _log.info("memory was short, so less of it is tried: %s", less.placement)
                given = less

    async def _load(self, spec: ModelSpec, on_progress: Callable[[float], None], *, look: bool) -> ModelInfo:
        """Load it in a new worker; none is left where that fails."""
        spare = None if spec.helpers else await self._spare.take()  # it is locked in already, without a way to them
        worker = self._worker = spare or Worker(places.command(self._command or worker_command(), spec.helpers))
        try:
            if worker.hello is None:
                await worker.start()
            self._go_on(spec)
            info = self._lowering.loaded(await worker.load(spec, on_progress, look=look))
            if self.states:
                await self.states.loaded(worker, info)
        except BaseException:
            await self._retire()
            raise
        return info

    def _is_ready(self, spec: ModelSpec) -> bool:
        return self._spec is not None and self._spec.same_worker(spec) and self.model is not None

    async def blindness(self, spec: ModelSpec) -> Problem | None:
        """Why a model cannot see, as far as files tell; None where it can, or where loading it will tell more."""
        if self._is_ready(spec) and (model := self.model):
            return None if model.sees else model.blind
        return await asyncio.to_thread(projector_file.blindness, Path(spec.path), spec.projector)

    async def generate(
        self,
        turns: Sequence[Turn],
        effort: Effort = "none",
        sampling: Sampling = _DEFAULT_SAMPLING,
        max_tokens: int | None = None,
        pictures: Look | None = None,
        **options: Unpack[AnswerOptions],
    ) -> AsyncGenerator[Answer, None]:
        """Answer a conversation with the model that `ensure` made ready; a dead worker is started anew.

        `pictures` gives the pixels of the turns' pictures when the worker asks for them. `aclose()` of the iterator
        stops the generation: use `contextlib.aclosing`. Raises as `Worker.generate` and `ensure`; `engine.no_model`
        when there was no `ensure` before.
        """
        self.ahead.stop()
        spec, before = self._spec, self._stops
        if spec is None:
            raise DeskError("engine.no_model")
        self._asking += 1
        try:
            if self._worker:
                await self._worker.settle()  # who hangs takes nobody along that comes behind
            if self._stops == before:
                await self.ensure(spec)
            worker = self._worker
            states = self.states if self.states and await self.states.begin() else None
        finally:
            self._asking -= 1
        if worker is None or worker is not self._worker or self._stops != before:  # there was no request to stop yet
            yield Finished(0, "stopped", Figures(), "")
            return
        async with (
            replacing(worker, self.prepare),
            contextlib.aclosing(
                worker.generate(turns, effort, sampling, max_tokens, pictures, states=states, **options)
            ) as answer,
        ):
            async for event in answer:
                if isinstance(event, Finished):
                    if (spec := self._spec) is not None:
                        self._lowering.answered(spec, event.figures)
                        if event.figures.generated_tokens:
                            self._crashes.answered(spec)
                    if self.states and (owner := options.get("owner")):
                        self.states.ended(worker, owner)
                    self._used = time.monotonic()
                yield event

    async def count(
        self,
        turns: Sequence[Turn],
        effort: Effort = "none",
        *,
        keep_thinking: bool = True,
        pictures: Look | None = None,
    ) -> Counted:
        """How many tokens a conversation would be as a prompt of the model that is ready; nothing is loaded for it.

        It waits for an answer that is being written. Raises `engine.no_model` where none is ready, else as `generate`.
        """
        if self._worker is None or self.model is None:
            raise DeskError("engine.no_model")
        return await self._worker.count(turns, effort, keep_thinking=keep_thinking, pictures=pictures)

    def stop(self) -> None:
        """Stop what is being started, loaded or generated; it ends as soon as possible with what it has."""
        self._stops += 1
        if self._worker:
            for request in self._worker.requests:
                self._worker.stop(request)

    def answer_now(self) -> None:
        """Close the thought that is being generated and go straight to the answer."""
        if self._worker:
            for request in self._worker.requests:
                self._worker.answer_now(request)

    def think_more(self) -> None:
        """Have the thought that is being generated go on the next time the model would close it."""
        if self._worker:
            for request in self._worker.requests:
                self._worker.think_more(request)

    async def close(self) -> None:
        """End the worker; nothing can be started any more. Returns when the process is gone."""
        self._closed = True
        if self._lock.locked():
            self.stop()
        async with self._lock:
            await asyncio.gather(self._retire(), self._spare.close())

    async def rest(self) -> bool:
        """Give the memory of the model back until it is asked for again; false where something is being done. What was
        read is kept on the disk before, as far as that goes quickly.
        """
        if self.in_use or self.model is None:
            return False
        async with self._lock:
            await asyncio.gather(self._retire(), self._spare.close())
            self.resting = True
        return True

    async def drop_spare(self) -> None:
        """End the process that waits for a model: another engine was chosen, and it has the one before."""
        await self._spare.close()

    async def unload(self, paths: Collection[str] | None = None) -> None:
        """Let go of the model's files, if it is one of these paths: they are to be moved or deleted. A load of them and
        an answer that is being written end as stopped; the next one loads the model again.
        """
        if _concerns(self._loading, paths):
            self.stop()
        self._leaving.append(paths)
        try:
            async with self._lock:
                if _concerns(self._spec, paths):
                    await self._retire()
        finally:
            self._leaving.remove(paths)

    async def forget(self, owners: Collection[str]) -> None:
        """Drop what was read for these owners, in the worker too; an empty name stands for those who have none."""
        if self.states:
            await self.states.forget(owners, self._worker)

    def _go_on(self, spec: ModelSpec) -> None:
        """Raise `load.cancelled` if `stop` came before there was a request that it could have stopped."""
        if self._stops != self._begun:
            raise _cancelled(spec)

    async def _retire(self) -> None:
        """End the worker; answers that it is writing end as stopped where it obeys in time."""
        self.ahead.stop()
        worker, self._worker, self._model = self._worker, None, None
        if worker is None:
            return
        for request in worker.requests:
            worker.stop(request)
        await worker.idle(RETIRE_LIMIT_S)
        if self.states:
            await self.states.leave(worker)
        await worker.close()


def _concerns(spec: ModelSpec | None, paths: Collection[str] | None) -> bool:
    """Whether a model is of these files; None: of any."""
    return spec is not None and (paths is None or bool({spec.path, spec.projector} & set(paths)))


def _cancelled(spec: ModelSpec) -> DeskError:
    return DeskError("load.cancelled", name=PurePath(spec.path).name)
