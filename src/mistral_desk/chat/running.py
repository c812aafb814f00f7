"""One answer while it is made: a task of its own, so that a window that stops listening loses nothing."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, TypeAlias, TypeVar

from mistral_desk.chat import events, thought_limit
from mistral_desk.chat.answer import GrowingAnswer, Saver
from mistral_desk.chat.events import Broken, Ended, Full, GoingOn, Loading, Reading, Thinking, TurnEvent, Writing
from mistral_desk.chat.fitting_in import TOO_LONG, Measure, Room, Talk, branch_of
from mistral_desk.chat.going_on import begun, joined, reopened, written_by
from mistral_desk.chat.parts import lookup, pictures_in
from mistral_desk.chat.presets import over
from mistral_desk.core.errors import DeskError, Problem, as_problem
from mistral_desk.inference.model_spec import ModelSpec
from mistral_desk.inference.protocol import (
    Figures,
    Finished,
    ModelInfo,
    Piece,
    PromptProgress,
    Resumed,
    Sampling,
)
from mistral_desk.inference.requests import ClosedError
from mistral_desk.inference.thought_messages import Steered
from mistral_desk.net.endpoints.record import EndpointModel

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from mistral_desk.chat.history import History
    from mistral_desk.chat.message import Ending, Message, WhenFull
    from mistral_desk.chat.parts import Gallery
    from mistral_desk.inference.protocol import PieceKind
    from mistral_desk.inference.thought_messages import Budget

log = logging.getLogger(__name__)

T = TypeVar("T")

Source: TypeAlias = ModelSpec | EndpointModel
"""What answers: a model here, or one at an endpoint. Nothing takes one for the other."""
KINDS: Final[tuple[PieceKind, ...]] = ("thinking", "text")


class Answering(Measure, Protocol):
    """What an answer needs of whoever makes it: the engine, or `elsewhere.door.EndpointDoor`."""

    def stop(self) -> None: ...  # noqa: D102

    def answer_now(self) -> None: ...  # noqa: D102

    def think_more(self) -> None: ...  # noqa: D102


class EngineDoor(Answering, Protocol):
    """What a session needs of the engine; `inference.client.Engine` is one."""

    async def ensure(self, spec: ModelSpec, on_progress: Callable[[float], None] | None = None) -> ModelInfo: ...  # noqa: D102

    async def blindness(self, spec: ModelSpec) -> Problem | None: ...  # noqa: D102


class Maker(NamedTuple):
    """Who makes an answer: `ready` says what it is, and has it loaded where it is here; `free` is held meanwhile."""

    door: Answering
    ready: Callable[[Callable[[float], None]], Coroutine[Any, Any, ModelInfo]]
    free: asyncio.Lock


@dataclass(frozen=True)
class Wish:
    """How an answer is to be made; `model` is the id that is stored. `goes_on`: from where it broke off; `rethinks`:
    with the thought of this answer, which goes on.
    """

    spec: Source
    sampling: Sampling
    max_tokens: int | None
    model: str = ""
    goes_on: bool = False
    rethinks: Message | None = None


class RunningTurn:
    """The task that makes one answer; its events pile up in `events` however slowly they are taken."""

    def __init__(
        self,
        *,
        history: History,
        maker: Maker,
        pictures: Gallery | None,
        user: Message,
        answer: Message,
        wish: Wish,
        thought_limit: Callable[[], Budget],
    ) -> None:
        self.answer = answer
        self.events: asyncio.Queue[TurnEvent | None] = asyncio.Queue()  # None: there are no more, whatever happened
        self._history = history
        self._engine, self._ready, self._engine_free = maker
        self._pictures = pictures
        self._user = user
        self._wish = wish
        self._thought_limit = thought_limit
        self._begun = begun(answer) if wish.goes_on else begun(wish.rethinks) if wish.rethinks else None
        self._begun_tokens = 0
        self._text = GrowingAnswer(answer if wish.goes_on else None)
        self._saver = Saver(history, answer, self._text, self.stop)
        self._stopping = asyncio.Event()
        self._decision: asyncio.Future[WhenFull] | None = None
        self._generating = self._answer_now = self._holds = False
        self.is_over = False
        self.task = asyncio.get_running_loop().create_task(self._run(), name=f"answer {answer.id}")
        self.task.add_done_callback(lambda _: self.events.put_nowait(None))

    def stop(self) -> None:
        """End as soon as possible; without effect when it is over."""
        if self.is_over:
            return
        self._stopping.set()
        if self._generating:
            self._engine.stop()

    def answer_now(self) -> None:
        """End the thought, also one that has not begun."""
        self._answer_now = True
        if self._generating:
            self._engine.answer_now()

    def go_on_thinking(self) -> None:
        """Have the thought go on where the model would close it next."""
        if self._generating:
            self._engine.think_more()

    async def _run(self) -> None:
        ending: Ending = "failed"
        figures: Figures | None = None
        problem: Problem | None = None
        try:
            ending, figures = await self._make()
        except asyncio.CancelledError:
            ending = "stopped"
            raise
        except DeskError as error:
            problem = error.problem
            log.warning("answer %d failed: %s", self.answer.id, error)
        except Exception as error:
            problem = as_problem(error)
            log.exception("answer %d failed", self.answer.id)
        finally:
            if self._wish.goes_on and not self._text.grown and ending in ("stopped", "failed"):
                ending, figures = self.answer.ending, None  # nothing came of it: all is as it was
            message, unsaved = await self._saver.finish(ending, figures)
            problem = problem or unsaved
            self.is_over = True
            self.events.put_nowait(Broken(problem, message) if problem else Ended(message))

    async def _make(self) -> tuple[Ending, Figures | None]:
        if not await self._or_stop(self._engine_free.acquire()):
            return "stopped", None
        self._holds = True
        try:
            info = await self._loaded()
            if info is None:
                return "stopped", None
            self._text.vocabulary = info.vocabulary
            if self._wish.goes_on:
                self._text.model = written_by(self.answer.model if self._begun else "", self._wish.model)
            talk = await self._talk(info)
            return await self._answered(talk)
        finally:
            if self._holds:
                self._engine_free.release()

    @property
    def _going_on(self) -> int:
        """Tokens of an answer, or of its thought, that is there already."""
        return len(self._begun.tokens) if self._begun else 0

    async def _loaded(self) -> ModelInfo | None:
        """What the model is; None when the turn was stopped, also where the load broke off with it."""
        if self._stopping.is_set():
            return None
        try:
            return await self._or_stop(self._ready(self._load_told))
        except DeskError as error:
            if self._stopping.is_set() or isinstance(error, ClosedError):  # who closes the engine stops its answers
                return None
            raise

    async def _talk(self, info: ModelInfo) -> Talk:
        """What the model is asked. Raises why it cannot see a picture of this very message."""
        settings = await self._history.settings(self._user.conversation)
        branch = await branch_of(self._history, self._user.id, settings, info.context)
        shown = {picture.sha256 for message in branch for picture in pictures_in(message.parts)}
        now = {picture.sha256 for picture in pictures_in(self._user.parts)}
        if now and not info.sees:
            raise DeskError.of(info.blind or Problem("model.no_eyes", {"name": info.name}))
        stored = await asyncio.to_thread(self._pictures.all) if shown and self._pictures else frozenset[str]()
        if now - stored:
            raise DeskError("picture.missing", ", ".join(now - stored))
        return Talk(
            branch,
            settings,
            info,
            self.answer.effort,
            shown - stored,
            begun=self._going_on if self._wish.goes_on else 0,
        )

    async def _answered(self, talk: Talk) -> tuple[Ending, Figures | None]:
        """Have it answered; where it does not fit, room is made first, and the person asked how."""
        room = Room(self._history, self._engine, lookup(self._pictures), ask=self._asked, tell=self.events.put_nowait)
        while True:
            try:
                far = await talk.is_far()
                if self._stopping.is_set():
                    return "stopped", None
                if far:
                    raise DeskError.of(talk.problem)
                return await self._generate(talk)
            except DeskError as error:
                if error.problem.id not in TOO_LONG:
                    raise
                made = await self._or_stop(room.make(talk, error.problem, self._going_on))
            if made is None:
                return "stopped", None
            talk = made

    def _load_told(self, share: float) -> None:
        self.events.put_nowait(Loading(share))

    async def _asked(self, full: Full) -> WhenFull:
        """Have the person choose. That may take hours, in which others are answered."""
        self._decision = asyncio.get_running_loop().create_future()
        self.events.put_nowait(full)
        self._holds = False
        self._engine_free.release()
        what = await self._decision
        if what in full.helps:
            await self._engine_free.acquire()
            self._holds = True
            await self._ready(self._load_told)  # another one may be loaded by now
        return what

    def decide(self, what: WhenFull) -> None:
        """What gives way in a full context; without effect when that is not asked."""
        if self._decision is not None and not self._decision.done():
            self._decision.set_result(what)

    async def _or_stop(self, wanted: Coroutine[Any, Any, T]) -> T | None:
        """What is `wanted`, or None when the turn is stopped first; it is then cancelled and ends by itself."""
        loop = asyncio.get_running_loop()
        work, stopping = loop.create_task(wanted), loop.create_task(self._stopping.wait())
        try:
            await asyncio.wait({work, stopping}, return_when=asyncio.FIRST_COMPLETED)
            return work.result() if work.done() else None
        finally:
            stopping.cancel()
            if not work.done():
                _let_go(work)

    async def _generate(self, talk: Talk) -> tuple[Ending, Figures | None]:
        wish, own = self._wish, talk.settings
        self._generating = True
        owner = "" if self._history.is_temporary else str(self._user.conversation)
        answer = self._engine.generate(
            talk.turns(),
            self.answer.effort,
            over(wish.sampling, own.sampling),
            own.longest if wish.max_tokens is None else wish.max_tokens,
            lookup(self._pictures),
            begun=self._begun,
            keep_thinking=talk.keep_thinking,
            room=talk.room,
            owner=owner,
            budget=self._budget(talk),
            rethinks=wish.rethinks is not None,
        )
        told = False
        try:
            async with contextlib.aclosing(answer):
                async for event in answer:
                    if isinstance(event, Finished):
                        self._text.vocabulary = event.vocabulary
                        return event.reason, self._figures(event.figures)
                    if self._answer_now and not told:
                        told = True  # it was asked for before there was a request
                        self._engine.answer_now()
                    self._take(event)
        except DeskError as error:
            if not self._stopping.is_set():
                raise
            log.info("answer %d was stopped, and its worker ended: %s", self.answer.id, error)
            return "stopped", None
        finally:
            self._generating = False
        raise DeskError("engine.protocol", reason="an answer without an end")

    def _budget(self, talk: Talk) -> Budget:
        """How long the thought may be; one that was stopped and goes on has used some of it."""
        allowed = thought_limit.limit(talk.settings, self._thought_limit())
        return thought_limit.left(allowed, self.answer.figures) if self._wish.goes_on else allowed

    def _figures(self, now: Figures) -> Figures:
        if (old := self._wish.rethinks) is not None:
            return reopened(old.figures, now, self._begun_tokens)
        if self._begun is None:
            return now
        return joined(self.answer.figures, now, self._begun_tokens, thought=bool(self._begun.thinking))

    def _take(self, event: Piece | PromptProgress | Resumed | Steered) -> None:
        match event:
            case Resumed(pieces=pieces):
                self._text.resume(pieces)
                self._begun_tokens = sum(len(piece.tokens) for piece in pieces)
                said = {kind: "".join(piece.text for piece in pieces if piece.kind == kind) for kind in KINDS}
                self.events.put_nowait(GoingOn(said["thinking"], said["text"]))
            case Steered(how=how):
                self.events.put_nowait(events.Steered(how))
            case PromptProgress(done=done, total=total, cached=cached, seconds_left=left, looking=looking):
                self.events.put_nowait(Reading(done, total, cached, left, looking))
            case Piece(kind=kind, text=text):
                self._text.add(event)
                self._saver.changed()
                if text:
                    self.events.put_nowait(Thinking(text) if kind == "thinking" else Writing(text))


_ending: Final[set[asyncio.Task[Any]]] = set()


def _let_go(task: asyncio.Task[T]) -> None:
    """Cancel a task that nobody waits for; it is kept until it has cleaned up."""

    def over(done: asyncio.Task[T]) -> None:
        _ending.discard(done)
        if not done.cancelled() and (error := done.exception()):
            log.info("what was stopped ended with %s", error)

    _ending.add(task)
    task.add_done_callback(over)
    task.cancel()
