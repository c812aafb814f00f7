"""One worker process as the app sees it: commands go in as calls, events come out as what was awaited.

Plain asyncio with threads underneath (`child`), so it runs under any event loop, Qt's too.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import TYPE_CHECKING, Final, NoReturn, TypeAlias

from mistral_desk.core.errors import DeskError, Problem
from mistral_desk.inference import death
from mistral_desk.inference.child import NOT_NEEDED, Child, worker_command
from mistral_desk.inference.packs.told import VARIABLE as ENGINE
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
from mistral_desk.inference.requests import Requests, sendable
from mistral_desk.inference.state_messages import NeedState, StateHead, StatePart, StatesKept, StateTaken
from mistral_desk.inference.thought_messages import AnswerNow, Steered, ThinkMore
from mistral_desk.inference.waiting import patiently, within
from mistral_desk.inference.watching import Watching

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
    from typing import Unpack

    from mistral_desk.inference.answer_options import AnswerOptions

    Look: TypeAlias = Callable[[str], Awaitable[PutImage]]
    """Gives a picture's pixels by its SHA-256."""

    from mistral_desk.inference.cage import Cage
    from mistral_desk.inference.model_spec import ModelSpec
    from mistral_desk.inference.requests import Request
    from mistral_desk.inference.silence import Quiet
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


class Worker:
    """One worker process. When it dies, everything that waits for it raises a `DeskError` at once."""

    def __init__(
        self, command: Sequence[str] | None = None, *, measures: bool = False, engine: str | None = None
    ) -> None:
        """With `measures` it measures what it computes on before it says hello: a second or two. `engine` is the folder
        of another engine than the one that is in use.
        """
        self._command = list(command or worker_command())
        self._more = ({MEASURE: "1"} if measures else {}) | ({ENGINE: engine} if engine is not None else {})
        self._child: Child | None = None
        self._hello: Hello | None = None
        self._ended: Problem | None = None
        self._reported: Problem | None = None
        self._closing = False
        self.disobeyed = False
        """Whether it was ended because it did not stop what somebody wanted to be stopped."""
        self._over = asyncio.Event()
        self._requests = Requests()
        self._watching = Watching(lambda: self.pid, self._stuck)
        self.looks = False
        """Whether it looks at the model's weights just now, before it loads them; `looked_s` is how long it did."""
        self.looked_s = 0.0
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
    def quiet(self) -> Quiet | None:
        """How long it has said nothing about what it works on; None while that is within its own pace."""
        return self._watching.quiet

    @property
    def requests(self) -> tuple[int, ...]:
        """The requests that it still works on or that wait in it."""
        return self._requests.awaited

    async def start(self) -> Hello:
        """Start the process and wait for its hello.

        Raises `engine.missing`, `engine.start_failed`, `engine.protocol`, or what the worker itself reports.
        """
        self._child = Child(self._command, self._receive, self._more)
        limit = START_LIMIT_S * (_MEASURING if MEASURE in self._more else 1)
        try:
            event = await patiently(self._requests.itself.next(), limit)
        except TimeoutError:
            self._child.kill(f"no sign of life within {limit:.0f} seconds")
            event = await self._requests.itself.next()
        except BaseException:
            self._child.kill(NOT_NEEDED)
            raise
        if not isinstance(event, Hello) or event.protocol != PROTOCOL_VERSION:
            found = event.protocol if isinstance(event, Hello) else type(event).__name__
            self._child.kill()
            raise DeskError("engine.protocol", reason=f"protocol {PROTOCOL_VERSION} here, {found} there")
        self._hello = event
        return event

    async def load(
        self, spec: ModelSpec, on_progress: Callable[[float], None] | None = None, *, look: bool = False
    ) -> ModelInfo:
        """Load the model; `on_progress` gets shares from 0 to 1. Cancelling the task cancels the loading. With `look`
        its weights are looked at first: while it `looks`, the shares are of that.

        Raises what the worker found wrong with the file (`model.…`, `load.cancelled`) and `engine.…`.
        """
        with self._request() as (number, request):
            began = time.monotonic()
            self._watching.begin(loading=True)
            self._send(spec.command(number, look=look))
            while True:
                match await request.next():
                    case LoadProgress(fraction=fraction, looks=looks):
                        if looks:
                            self.looked_s = time.monotonic() - began
                        self.looks = looks
                        if on_progress:
                            on_progress(fraction)
                    case Loaded(model=model, cage=cage):
                        self.cage, self.looks = cage, False
                        self._watching.loaded()
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
        states: StateKeeper | None = None,
        **options: Unpack[AnswerOptions],
    ) -> AsyncGenerator[Answer, None]:
        """Answer a conversation. Closing the iterator, or cancelling its task, stops the generation.

        Where an answer that was `begun` goes on, a `Resumed` with all of it comes before what is new. `states` gives
        what was read before for the conversation.

        `pictures` gives the pixels of the turns' pictures, each once while the worker has room for them. Raises what
        the worker reports (`prompt.too_long`, `model.template`, …), what `pictures` raises, and `engine.…`.
        """
        with self._request() as (number, request):
            if begun := options.get("begun"):
                options["begun"] = sendable(begun)
            asked, restores = tuple(map(sendable, turns)), states is not None
            self._send(Generate(number, asked, effort, sampling, max_tokens, restores=restores, **options))
            heard: Event | None = None
            while True:
                event, heard = heard or await request.next(), None
                match event:
                    case Finished() as finished:
                        if request.stuck:
                            raise DeskError.of(request.stuck)
                        yield finished
                        return
                    case PromptProgress() | Piece() | Resumed() | Steered():
                        yield event
                    case NeedState() as need if states:
                        heard = await states.give(need, self._send, request.next)
                    case StateTaken():
                        pass  # of what was on its way when the answer was stopped
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
            self._send(Count(number, tuple(map(sendable, turns)), effort, keep_thinking))
            while True:
                match await request.next():
                    case Counted() as counted:
                        return counted
                    case NeedImage(sha256=sha256) if pictures:
                        self._send(await pictures(sha256))
                    case event:
                        self._unexpected(event)

    async def order(self, make: Callable[[int], Command]) -> AsyncGenerator[StateHead | StatePart, None]:
        """Have states kept or forgotten, in the background: whatever else is asked for ends it. Raises `engine.…`."""
        with self._request(background=True) as (number, request):
            self._send(make(number))
            while not isinstance(event := await request.next(), StatesKept):
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
        if self._requests.get(request) and self.alive:
            self._send(AnswerNow(request))

    def think_more(self, request: int) -> None:
        """Have the thought of a request go on the next time the model would close it."""
        if self._requests.get(request) and self.alive:
            self._send(ThinkMore(request))

    def kill(self, reason: str) -> None:
        """End the process at once; what waits for it raises `engine.died` with the reason."""
        if self._child:
            self._child.kill(reason)

    async def settle(self) -> None:
        """Wait until what was told to stop has ended, or the worker has, because it did not obey."""
        if self._requests.stopping:
            await within(self._requests.none, STOP_LIMIT_S + CLOSE_LIMIT_S)

    async def idle(self, limit_s: float) -> None:
        """Wait until no request is open or the worker is dead, at most `limit_s` seconds."""
        await within(self._requests.none, limit_s)

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
    def _request(self, *, background: bool = False) -> Iterator[tuple[int, Request]]:
        """A numbered request; when its owner leaves before the last event, it is stopped."""
        if self._child is None or self._ended:
            raise DeskError.of(self._ended or Problem("engine.no_model"))
        number, request = self._requests.add(background=background)
        if not background:
            self._watching.begin()
        try:
            yield number, request
        finally:
            if self._requests.get(number):
                request.abandoned = True
                self.stop(number)

    def _send(self, command: Command) -> None:
        if self._child:
            self._watching.sent()
            self._child.send(command)

    def _receive(self, item: Event | death.Ended) -> None:
        """Hand what came to the request that it belongs to."""
        self._watching.heard(asks=isinstance(item, NeedImage | NeedState))
        match item:
            case death.Ended():
                self._end(item)
            case Hello():
                self._requests.itself.events.put_nowait(item)
            case Failed(request=0):
                self._reported = item.problem
                self.kill("it reported a failure of its own")
            case _:
                request = self._requests.get(item.request)
                if request is None:
                    _log.debug("an event of a request that is over: %s", type(item).__name__)
                    return
                if isinstance(item, Failed) and item.problem.id.startswith("model.") and item.problem.detail:
                    _log.info("llama.cpp, %s:\n%s", item.problem.id, item.problem.detail)  # never a chat's words
                if isinstance(item, Finished | Failed | Loaded | Counted | StatesKept):
                    self._requests.finish(item.request)
                    if not self.requests:
                        self._watching.end()
                if not request.abandoned:
                    request.events.put_nowait(item)

    def _end(self, ended: death.Ended) -> None:
        self._ended = self._reported or death.problem(ended, ready=self._hello is not None)
        if not self._closing:
            _log.info("the worker is gone: %s %s", self._ended.id, self._ended.params)
        for number in self._requests.numbers:
            self._requests.finish(number).events.put_nowait(self._ended)
        self._watching.end()
        self._over.set()

    def _stuck(self, problem: Problem) -> None:
        """It made no progress for far too long: it is asked to stop, and ended where it does not."""
        for number in self.requests:
            if request := self._requests.get(number):
                request.stuck = problem
            self.stop(number)

    def _disobeyed(self) -> None:
        self._reported = self._requests.stuck or self._reported
        self.disobeyed = self._requests.stuck is None
        self.kill(f"it did not stop within {STOP_LIMIT_S:.0f} seconds")

    def _unexpected(self, event: Event) -> NoReturn:
        reason = f"{type(event).__name__} was not expected here"
        if self._child:
            self._child.kill(reason, misunderstood=True)
        raise DeskError("engine.protocol", reason=reason)

    async def _gone(self, limit_s: float) -> bool:
        await within(self._over, limit_s)
        return self._over.is_set()
