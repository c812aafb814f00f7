"""The two addresses that other programs ask: the list of models, and an answer, at once or in pieces."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from typing import TYPE_CHECKING, Final

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from mistral_desk.core.errors import DeskError, Problem, as_problem
from mistral_desk.inference.protocol import PromptProgress
from mistral_desk.server import replies
from mistral_desk.server.answer import Answer
from mistral_desk.server.ground import shown
from mistral_desk.server.guards import refuse
from mistral_desk.server.reading import asked
from mistral_desk.server.requests import understood
from mistral_desk.server.running import Running

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Coroutine
    from typing import TypeVar

    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from mistral_desk.server.ground import Ground
    from mistral_desk.server.line import Event, Line

    T = TypeVar("T")

_log: Final = logging.getLogger(__name__)
SIGN_S: Final = 10.0
"""A stream that waits so long begins with a remark, so that nobody takes it for dead; and so on."""
_REMARK: Final = b": waiting\n\n"
_DONE: Final = b"data: [DONE]\n\n"
_STREAM: Final = {"cache-control": "no-store", "x-accel-buffering": "no"}


class _Refusal(Response):
    """What is wrong, as a response."""

    def __init__(self, problem: Problem) -> None:
        super().__init__()
        self._problem = problem

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await refuse(self._problem, send)


class Api:
    """For the server's loop; `engine_loop` is where the ground's engine lives."""

    def __init__(self, ground: Ground, line: Line, engine_loop: asyncio.AbstractEventLoop) -> None:
        self._ground, self._line, self._engine_loop = ground, line, engine_loop
        self._running: set[Running] = set()
        self.app = Starlette(
            routes=[
                Route("/v1/models", self._models, methods=["GET"]),
                Route("/v1/models/{name:path}", self._model, methods=["GET"]),
                Route("/v1/chat/completions", self._chat, methods=["POST"]),
            ],
            exception_handlers={
                HTTPException: _elsewhere,
                DeskError: _failed,
                ClientDisconnect: _left,
                Exception: _unforeseen,
            },
        )

    def end(self) -> None:
        """Break off what is being answered; in the server's loop."""
        for running in tuple(self._running):
            running.end()

    async def _models(self, _request: Request) -> Response:
        models = await self._listed()
        return _json(replies.Models(tuple(models.values())))

    async def _model(self, request: Request) -> Response:
        name = request.path_params["name"]
        found = (await self._listed()).get(name)
        return _json(found) if found else _Refusal(Problem("server.no_model", {"name": name[:200]}))

    async def _listed(self) -> dict[str, replies.Listed]:
        models = await self._there(self._ground.models())
        return {shown(one): replies.Listed(shown(one), int(one.used or 0)) for one in models}

    async def _there(self, work: Coroutine[object, object, T]) -> T:
        """Do it in the engine's loop."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._engine_loop))

    async def _chat(self, request: Request) -> Response:
        kind = request.headers.get("content-type", "")
        if kind.partition(";")[0].strip().casefold() != "application/json":
            raise DeskError("server.not_json", name=kind[:100])
        wanted = asked(understood(await request.body()))
        named = shown(await self._there(self._ground.named(wanted.model)))
        wanted = dataclasses.replace(wanted, model=named)
        running = Running(self._line, wanted, self._engine_loop)
        self._running.add(running)
        answer = Answer(wanted)
        try:
            if not wanted.streams:
                return await _while_there(request, self._whole(running, answer))
            first = await _while_there(request, _soon(running))
            return StreamingResponse(
                self._pieces(running, answer, first), media_type="text/event-stream", headers=_STREAM
            )
        except BaseException:
            self._let_go(running)
            raise

    async def _whole(self, running: Running, answer: Answer) -> Response:
        try:
            while not answer.over and (event := await running.next()) is not None:
                answer.take(event)
            return _json(answer.completion())
        finally:
            self._let_go(running)

    async def _pieces(self, running: Running, answer: Answer, first: Event | None) -> AsyncGenerator[bytes, None]:
        """A stream of server-sent events; what goes wrong on the way is its last one."""
        try:
            yield _event(answer.chunk(replies.Delta(role="assistant", content="")))
            event = first
            while True:
                if event is None or isinstance(event, PromptProgress):
                    yield _REMARK
                else:
                    for delta in answer.take(event):
                        yield _event(answer.chunk(delta))
                if answer.over:
                    break
                event = await _soon(running)
            for chunk in answer.last():
                yield _event(chunk)
            yield _DONE
        except DeskError as error:
            _log.info("an answer for another program broke off: %s", error.problem.id)
            yield _event(replies.refused(error.problem))
        finally:
            self._let_go(running)

    def _let_go(self, running: Running) -> None:
        running.end()
        self._running.discard(running)


def _json(value: msgspec.Struct) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")


def _event(value: msgspec.Struct) -> bytes:
    return b"data: " + msgspec.json.encode(value) + b"\n\n"


async def _soon(running: Running) -> Event | None:
    """What comes next; None where that takes longer than `SIGN_S`."""
    try:
        async with asyncio.timeout(SIGN_S):
            return await running.next()
    except TimeoutError:
        return None


async def _while_there(request: Request, wanted: Coroutine[object, object, T]) -> T:
    """What is wanted, as long as whoever asked is there; else the work is cancelled, and `ClientDisconnect` raised."""
    work = asyncio.ensure_future(wanted)
    gone = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            raise ClientDisconnect
        return work.result()
    finally:
        for task in (work, gone):
            task.cancel()
        await asyncio.gather(work, gone, return_exceptions=True)


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _failed(_request: Request, error: Exception) -> Response:
    problem = as_problem(error)
    _log.info("a request of another program: %s", problem.id)
    return _Refusal(problem)


async def _elsewhere(request: Request, error: Exception) -> Response:
    """An address or a method that is not ours."""
    known = isinstance(error, HTTPException) and error.status_code == 405
    name = request.method if known else request.url.path
    return _Refusal(Problem("server.method" if known else "server.unknown", {"name": name[:200]}))


async def _left(_request: Request, _error: Exception) -> Response:
    return Response(status_code=499)  # nobody reads it


async def _unforeseen(_request: Request, error: Exception) -> Response:
    return _Refusal(as_problem(error))
