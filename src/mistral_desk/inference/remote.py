"""One worker process as the app sees it: commands go in as calls, events come out as what was awaited.

Plain asyncio with threads underneath (`child`), so it runs under any event loop, Qt's too.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NoReturn, TypeAlias

import msgspec

from mistral_desk.core.errors import DeskError, Problem
from mistral_desk.inference import death
from mistral_desk.inference.child import Child, worker_command
from mistral_desk.inference.protocol import (
    MEASURE,
    PROTOCOL_VERSION,
    Command,
    Count,
    Counted,
    Effort,
    Event,
    Failed,
    Finished,
    Generate,
    Hello,
    Loaded,
    LoadProgress,
    ModelInfo,
    NeedImage,
    Piece,
    PromptProgress,
    PutImage,
    Resumed,
    Sampling,
    Shutdown,
    Stop,
    Turn,
)
from mistral_desk.inference.state_messages import NeedState, StateHead, StatePart, StatesKept, StateTaken
from mistral_desk.inference.thought_messages import AnswerNow, Budget, Steered, ThinkMore

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence

    Look: TypeAlias = Callable[[str], Awaitable[PutImage]]
    """Gives a picture's pixels by its SHA-256."""

    from mistral_desk.inference.cage import Cage
    from mistral_desk.inference.model_spec import ModelSpec
    from mistral_desk.inference.state_keeper import StateKeeper

Answer: TypeAlias = PromptProgress | Piece | Resumed | Steered | Finished
"""What one generation yields; `Finished` is always the last one."""

START_LIMIT_S: Final = 60.0
"""A worker that has not said hello by then is given up; a cold disk and a virus scanner are slow, not that slow."""
_MEASURING: Final = 4
"""So many times as long for one that measures first: a second or two of its own, longer on a busy computer."""
STOP_LIMIT_S: Final = 10.0
"""A worker that has not obeyed Stop by then hangs, and is ended."""
CLOSE_LIMIT_S: Final = 1.0
"""How long a worker may take to exit by itself when its stdin ends."""
TERMINATE_LIMIT_S: Final = 0.5
"""How long it may take after it was asked to end, before it is killed."""

_log: Final = logging.getLogger(__name__)
_DEFAULT_SAMPLING: Final = Sampling()
_NO_LIMIT: Final = Budget()


@dataclass
class _Request:
    """One request that the worker has not finished. `abandoned`: nobody waits for its events any more;
    `quiet`: it is in the background, and nobody waits for its end.
    """

    events: asyncio.Queue[Event | Problem] = field(default_factory=asyncio.Queue)
    abandoned: bool = False
    quiet: bool = False
    watchdog: asyncio.TimerHandle | None = None


class Worker:
    """One worker process. When it dies, everything that waits for it raises a `DeskError` at once."""

    def __init__(self, command: Sequence[str] | None = None, *, measures: bool = False) -> None:
        """With `measures` it measures what it computes on before it says hello: a second or two."""
        self._command = list(command or worker_command())
        self._more = {MEASURE: "1"} if measures else {}
        self._child: Child | None = None
        self._hello: Hello | None = None
        self._ended: Problem | None = None
        self._reported: Problem | None = None
        self._closing = False
        self._over = asyncio.Event()
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._requests: dict[int, _Request] = {0: _Request()}
        self._numbers = itertools.count(1)
        self.cage: Cage | None = None
        """What it may not do, as it found itself; None before its model was loaded."""

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._child.pid if self._child and self.alive else None

    @property
    def hello(self) -> Hello | None:
        """What it said about itself."""
        return self._hello

    @property
    def alive(self) -> bool:
        """Whether it was started and has not ended."""
        return self._child is not None and self._ended is None

    @property
    def ended(self) -> Problem | None:
        """Why it ended, None while it has not."""
        return self._ended

    @property
    def requests(self) -> tuple[int, ...]:
        """The requests that it still works on or that wait in it."""
        return tuple(number for number, request in self._requests.items() if number and not request.quiet)

    async def start(self) -> Hello:
        """Start the process and wait for its hello.

        Raises `engine.missing`, `engine.start_failed`, `engine.protocol`, or what the worker itself reports.
        """
        self._child = Child(self._command, self._receive, self._more)
        limit = START_LIMIT_S * (_MEASURING if self._more else 1)
        try:
            async with asyncio.timeout(limit):
                event = await self._next(self._requests[0])
        except TimeoutError:
            self._child.kill(f"no sign of life within {limit:.0f} seconds")
            event = await self._next(self._requests[0])
        except BaseException:
            self._child.kill("it was not needed any more")
            raise
        if not isinstance(event, Hello) or event.protocol != PROTOCOL_VERSION:
            found = event.protocol if isinstance(event, Hello) else type(event).__name__
            self._child.kill()
            raise DeskError("engine.protocol", reason=f"protocol {PROTOCOL_VERSION} here, {found} there")
        self._hello = event
        return event

    async def load(self, spec: ModelSpec, on_progress: Callable[[float], None] | None = None) -> ModelInfo:
        """Load the model; `on_progress` gets shares from 0 to 1. Cancelling the task cancels the loading.

        Raises what the worker found wrong with the file (`model.…`, `load.cancelled`) and `engine.…`.
        """
        with self._request() as (number, request):
            self._send(spec.command(number))
            while True:
                match await self._next(request):
                    case LoadProgress(fraction=fraction):
                        if on_progress:
                            on_progress(fraction)
                    case Loaded(model=model, cage=cage):
                        self.cage = cage
                        return model
                    case event:
                        self._unexpected(event)

    async def generate(
        self,
        turns: Sequence[Turn],
        effort: Effort = "none",
        sampling: Sampling = _DEFAULT_SAMPLING,
        max_tokens: int | None = None,
        pictures: Look | None = None,
        *,
        begun: Turn | None = None,
        keep_thinking: bool = True,
        room: int = 1,
        owner: str = "",
        grammar: str = "",
        budget: Budget = _NO_LIMIT,
        rethinks: bool = False,
        states: StateKeeper | None = None,
    ) -> AsyncGenerator[Answer, None]:
        """Answer a conversation. Closing the iterator, or cancelling its task, stops the generation.

        `begun` is the answer so far, which goes on: a `Resumed` with all of it comes before what is new. `states` gives
        what was read before for the conversation; `owner`, `grammar`, `budget` and `rethinks` are as in
        `protocol.Generate`.

        `pictures` gives the pixels of the turns' pictures, each once while the worker has room for them. Raises what
        the worker reports (`prompt.too_long`, `model.template`, …), what `pictures` raises, and `engine.…`.
        """
        with self._request() as (number, request):
            asked, so_far = tuple(map(_sendable, turns)), _sendable(begun) if begun else None
            order = Generate(number, asked, effort, sampling, max_tokens, so_far, keep_thinking, room)
            more = {"grammar": grammar, "budget": budget, "rethinks": rethinks}
            self._send(msgspec.structs.replace(order, owner=owner, restores=states is not None, **more))
            while True:
                match await self._next(request):
                    case Finished() as finished:
                        yield finished
                        return
                    case (PromptProgress() | Piece() | Resumed() | Steered()) as event:
                        yield event
                    case NeedState() as need if states:
                        await states.give(need, self._send, lambda: self._next(request))
                    case NeedImage(sha256=sha256) if pictures:
                        self._send(await pictures(sha256))
                    case event:
                        self._unexpected(event)

    async def count(
        self,
        turns: Sequence[Turn],
        effort: Effort = "none",
        *,
        keep_thinking: bool = True,
        pictures: Look | None = None,
    ) -> Counted:
        """How many tokens a conversation would be as a prompt. It waits for what the worker does just now.

        Raises what the worker reports (`model.template`, `prompt.empty`, …), what `pictures` raises, and `engine.…`.
        """
        with self._request() as (number, request):
            self._send(Count(number, tuple(map(_sendable, turns)), effort, keep_thinking))
            while True:
                match await self._next(request):
                    case Counted() as counted:
                        return counted
                    case NeedImage(sha256=sha256) if pictures:
                        self._send(await pictures(sha256))
                    case event:
                        self._unexpected(event)

    async def order(self, make: Callable[[int], Command]) -> AsyncGenerator[StateHead | StatePart, None]:
        """Have states kept or forgotten, in the background: whatever else is asked for ends it. Raises `engine.…`."""
        with self._request(quiet=True) as (number, request):
            self._send(make(number))
            while not isinstance(event := await self._next(request), StatesKept):
                if not isinstance(event, StateHead | StatePart):
                    self._unexpected(event)
                yield event
                self._send(StateTaken(number))

    def stop(self, request: int) -> None:
        """Stop a request as soon as possible; it then ends with what it has. Unknown numbers are ignored."""
        entry = self._requests.get(request)
        if not request or entry is None or not self.alive or entry.watchdog:
            return
        self._send(Stop(request))
        entry.watchdog = asyncio.get_running_loop().call_later(STOP_LIMIT_S, self._disobeyed)

    def answer_now(self, request: int) -> None:
        """Close the thought of a request; without effect when it is not thinking."""
        if request in self._requests and self.alive:
            self._send(AnswerNow(request))

    def think_more(self, request: int) -> None:
        """Have the thought of a request go on the next time the model would close it."""
        if request in self._requests and self.alive:
            self._send(ThinkMore(request))

    def kill(self, reason: str) -> None:
        """End the process at once; what waits for it raises `engine.died` with the reason."""
        if self._child:
            self._child.kill(reason)

    async def idle(self, limit_s: float) -> None:
        """Wait until no request is open or the worker is dead, at most `limit_s` seconds."""
        await _within(self._quiet, limit_s)

    async def close(self) -> None:
        """End the process: gently, then firmly; returns when it is gone, within two seconds."""
        if self._child is None:
            return
        self._closing = True
        self._send(Shutdown())
        self._child.finish()
        try:
            if await self._gone(CLOSE_LIMIT_S):
                return
            self._child.terminate()
            if await self._gone(TERMINATE_LIMIT_S):
                return
            _log.warning("worker %s had to be killed", self.pid)
        finally:
            if self.alive:
                self._child.kill()
        await self._over.wait()

    # --- inside -----------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _request(self, *, quiet: bool = False) -> Iterator[tuple[int, _Request]]:
        """A numbered request; when its owner leaves before the last event, it is stopped."""
        if self._child is None or self._ended:
            raise DeskError.of(self._ended or Problem("engine.no_model"))
        number, request = next(self._numbers), _Request(quiet=quiet)
        self._requests[number] = request
        if not quiet:
            self._quiet.clear()
        try:
            yield number, request
        finally:
            if number in self._requests:
                request.abandoned = True
                self.stop(number)

    def _send(self, command: Command) -> None:
        if self._child:
            self._child.send(command)

    async def _next(self, request: _Request) -> Event:
        match await request.events.get():
            case Problem() as problem:
                raise DeskError.of(problem)
            case Failed(problem=problem):
                raise DeskError.of(problem)
            case event:
                return event

    def _receive(self, item: Event | death.Ended) -> None:
        """Hand what came to the request that it belongs to."""
        match item:
            case death.Ended():
                self._end(item)
            case Hello():
                self._requests[0].events.put_nowait(item)
            case Failed(request=0):
                self._reported = item.problem
                self.kill("it reported a failure of its own")
            case _:
                request = self._requests.get(item.request)
                if request is None:
                    _log.debug("an event of a request that is over: %s", type(item).__name__)
                    return
                if isinstance(item, Finished | Failed | Loaded | Counted | StatesKept):
                    self._finish(item.request)
                if not request.abandoned:
                    request.events.put_nowait(item)

    def _end(self, ended: death.Ended) -> None:
        self._ended = self._reported or death.problem(ended, ready=self._hello is not None)
        if not self._closing:
            _log.info("the worker is gone: %s %s", self._ended.id, self._ended.params)
        for number in tuple(self._requests):
            self._finish(number).events.put_nowait(self._ended)
        self._over.set()
        self._quiet.set()

    def _finish(self, number: int) -> _Request:
        request = self._requests.pop(number)
        if request.watchdog:
            request.watchdog.cancel()
        if not self.requests:
            self._quiet.set()
        return request

    def _disobeyed(self) -> None:
        self.kill(f"it did not stop within {STOP_LIMIT_S:.0f} seconds")

    def _unexpected(self, event: Event) -> NoReturn:
        reason = f"{type(event).__name__} was not expected here"
        if self._child:
            self._child.kill(reason, misunderstood=True)
        raise DeskError("engine.protocol", reason=reason)

    async def _gone(self, limit_s: float) -> bool:
        await _within(self._over, limit_s)
        return self._over.is_set()


async def _within(event: asyncio.Event, limit_s: float) -> None:
    """Wait for the event, at most so long. In a task that is being cancelled `asyncio.timeout` would raise
    `CancelledError` instead of ending in Python before 3.11.4, and a worker that is being closed would be left.
    """
    waiting = asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait({waiting}, timeout=limit_s)
    finally:
        waiting.cancel()


def _sendable(turn: Turn) -> Turn:
    """The turn without halves of characters (lone surrogates), which a clipboard may hold and UTF-8 cannot."""
    text, thinking = (part.encode("utf-8", "replace").decode("utf-8") for part in (turn.text, turn.thinking))
    if (text, thinking) == (turn.text, turn.thinking):
        return turn
    return msgspec.structs.replace(turn, text=text, thinking=thinking)
