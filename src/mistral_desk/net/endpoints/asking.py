"""One answer of a server elsewhere while it comes: bounded in bytes, in text and in time, and ended by leaving it."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import msgspec

from mistral_desk.core.errors import DeskError
from mistral_desk.core.strangers import plain
from mistral_desk.core.words import mark
from mistral_desk.net.client import Purpose, Wants
from mistral_desk.net.endpoints import chunks, faults
from mistral_desk.net.endpoints.chunks import Usage
from mistral_desk.net.endpoints.sse import Events, TooMuchError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from mistral_desk.net.client import Net, Stream
    from mistral_desk.net.endpoints.chunks import Chunk
    from mistral_desk.net.endpoints.record import EndpointModel

Reason: TypeAlias = Literal["stop", "length", "context"]
ANSWERING: Final = Purpose("endpoints", mark("Send a chat's messages to an endpoint and get its answer"))
_DONE: Final = b"[DONE]"
_REFUSAL: Final = 65_536
_WHOLE: Final = 16_000_000
"""Bytes of an answer in one piece, and of a refusal that are looked at."""
_NO_EVENTS: Final = mark("there is no answer in it")
_TOO_LONG: Final = mark("one piece of it is too long")
_NO_WORDS: Final = mark("it goes on and on without a word")
_DRAIN_S: Final = 0.2
_STEP: Final = 16_384
"""Bytes that are looked at in one turn of the loop: some milliseconds at worst, so that a window stays smooth."""
_ENDINGS: Final[dict[str, Reason]] = {"length": "length", "max_tokens": "length", "model_length": "context"}


class Limits(msgspec.Struct, frozen=True):
    """Bounds of one answer: bytes in all and between two words, letters of text and thoughts, and seconds of silence.

    `first_s` holds until words come: a server at home may read a long message for many minutes. `silence_s` holds after
    that, `words_s` where remarks come and no words, and `tail_s` after the answer has ended.
    """

    bytes: int = 256 << 20
    wordless: int = 32 << 20
    letters: int = 2_000_000
    first_s: float = 900.0
    silence_s: float = 180.0
    words_s: float = 1800.0
    tail_s: float = 10.0


class Delta(msgspec.Struct, frozen=True):
    """More of the answer, or of the thought before it."""

    kind: chunks.Kind
    text: str


class End(msgspec.Struct, frozen=True):
    """The answer is complete; `usage` as the server counts, None where it does not say."""

    reason: Reason
    usage: Usage | None


_USUAL: Final = Limits()


async def answer(
    net: Net, source: EndpointModel, body: bytes, key: str | None, limits: Limits = _USUAL
) -> AsyncGenerator[Delta | End, None]:
    """Send a request and give its answer as it comes; `End` is the last. Closing it closes the connection.

    Raises `endpoint.…` and `net.…`; what came before that was given.
    """
    endpoint = source.endpoint
    wants = Wants(
        headers={"content-type": "application/json", "accept": "text/event-stream, application/json"},
        token=key,
        allow=faults.ANSWERS,
        method="POST",
        silence_s=limits.first_s,
        follows=False,
        near=True,
        body=body,
    )
    reading = _Reading(source, key, limits)
    try:
        async with net.stream(f"{endpoint.address}/chat/completions", ANSWERING, wants) as stream:
            await reading.check(stream)
            async with contextlib.aclosing(reading.all(stream)) as found:
                async for one in found:
                    yield one
    except DeskError as error:
        raise reading.translated(error) from error


class _Reading:
    """What has come of one answer."""

    def __init__(self, source: EndpointModel, key: str | None, limits: Limits) -> None:
        self._host, self._name = source.endpoint.host, source.model.name
        self._key, self._limits = key, limits
        self._bytes = self._letters = self._spoke = 0
        self._events = 0
        self._finish = ""
        self._usage: Usage | None = None
        self._halves = chunks.Halves()
        self._left = memoryview(b"")

    async def check(self, stream: Stream) -> None:
        """Raise what a refusal means."""
        if stream.status != 200:
            said = await self._whole(stream, _REFUSAL)
            retry = stream.headers.get("retry-after", "")
            raise faults.of_status(self._host, self._name, stream.status, said, key=self._key, retry_after=retry)
        if "html" in stream.headers.get("content-type", "").lower():
            raise DeskError("endpoint.not_protocol", host=self._host, reason=faults.WEB_PAGE)

    async def all(self, stream: Stream) -> AsyncGenerator[Delta | End, None]:
        """The answer, whether it streams or comes at once."""
        if "json" in stream.headers.get("content-type", "").lower():
            chunk = await asyncio.to_thread(self._chunk, await self._whole(stream, _WHOLE + 1))
            for delta in self._deltas(chunk):
                yield delta
            self._finish = self._finish or "stop"
        else:
            async with contextlib.aclosing(self._streamed(stream)) as deltas:
                async for delta in deltas:
                    yield delta
        if not self._finish:
            raise DeskError("endpoint.cut", host=self._host)
        yield End(_ENDINGS.get(self._finish, "stop"), self._usage)

    def translated(self, error: DeskError) -> DeskError:
        """What happened to the connection, as what it means for the answer."""
        if error.problem.id == "net.cut" and self._events:
            return DeskError("endpoint.cut", error.problem.detail, host=self._host)
        if error.problem.id == "net.timeout":
            return self._stalled(self._limits.first_s)
        return error

    async def _streamed(self, stream: Stream) -> AsyncGenerator[Delta, None]:
        events, clock = Events(), asyncio.get_running_loop().time
        spoke, ended = clock(), 0.0
        while piece := await self._step(stream):
            try:
                found = events.feed(piece)
            except TooMuchError as error:
                reason = _NO_WORDS if str(error) == "rubbish" else _TOO_LONG
                raise DeskError("endpoint.garbled", str(error), host=self._host, reason=reason) from error
            for data in found:
                if data.strip() == _DONE:
                    self._finish = self._finish or "stop"
                    await _drained(stream)
                    return
                for delta in self._read(data):
                    spoke = clock()
                    yield delta
            ended = ended or (clock() if self._finish else 0.0)
            if ended and clock() - ended > self._limits.tail_s:
                return  # it is complete, and remarks without end make it no longer
            if clock() - spoke > self._limits.words_s:
                raise self._stalled(self._limits.words_s)
        for data in events.end():
            if data.strip() == _DONE:
                self._finish = self._finish or "stop"
                continue
            if self._cut_off(data):
                if self._finish:
                    continue  # it is complete, and half of what comes behind it takes nothing from it
                raise DeskError("endpoint.cut", host=self._host)
            for delta in self._read(data):
                yield delta
        if not self._events and not self._finish:
            raise DeskError("endpoint.not_protocol", host=self._host, reason=_NO_EVENTS)

    def _cut_off(self, data: bytes) -> bool:
        """Whether the last event is only the beginning of one."""
        try:
            chunks.read(data)
        except chunks.NotOneError:
            return self._events > 0
        return False

    async def _step(self, stream: Stream) -> bytes:
        """As much as is read without anybody else waiting for it."""
        if self._left:
            await asyncio.sleep(0)
        else:
            self._left = memoryview(await self._piece(stream))
            if self._bytes - self._spoke > self._limits.wordless:
                raise DeskError("endpoint.garbled", host=self._host, reason=_NO_WORDS)
        step, self._left = bytes(self._left[:_STEP]), self._left[_STEP:]
        return step

    async def _piece(self, stream: Stream) -> bytes:
        """More bytes; empty at the end, and where a server does not close what has ended."""
        seconds = self._limits.tail_s if self._finish else self._limits.silence_s if self._letters else None
        try:
            async with asyncio.timeout(seconds):
                piece = await stream.piece()
        except TimeoutError as error:
            if self._finish:
                return b""
            raise self._stalled(self._limits.silence_s) from error
        self._bytes += len(piece)
        if self._bytes > self._limits.bytes:
            raise DeskError("endpoint.too_much", host=self._host)
        return piece

    async def _whole(self, stream: Stream, most: int) -> bytes:
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self._limits.words_s):
                while size < most and (piece := await self._piece(stream)):
                    parts.append(piece)
                    size += len(piece)
        except TimeoutError as error:
            raise self._stalled(self._limits.words_s) from error
        if most > _WHOLE and size >= most:
            raise DeskError("endpoint.too_much", host=self._host)
        return b"".join(parts)[:most]

    def _read(self, data: bytes) -> list[Delta]:
        return self._deltas(self._chunk(data))

    def _chunk(self, data: bytes) -> Chunk:
        try:
            return chunks.read(data)
        except chunks.NotOneError as error:
            if not self._events:
                raise DeskError("endpoint.not_protocol", host=self._host, reason=faults.NOT_JSON) from error
            raise DeskError("endpoint.garbled", host=self._host, reason=faults.NOT_JSON) from error

    def _deltas(self, chunk: Chunk) -> list[Delta]:
        """What an event brings; raises what it says went wrong, after what came before that was given."""
        self._events += 1
        self._usage = chunk.usage or self._usage
        if chunk.error:
            raise faults.of_object(self._host, self._name, chunk.error, key=self._key)
        self._judge(chunk)
        found = [Delta(kind, whole) for kind, text in chunk.pieces if (whole := self._halves.whole(kind, text))]
        self._letters += sum(len(delta.text) for delta in found)
        self._spoke = self._bytes if found else self._spoke
        if self._letters > self._limits.letters:
            raise DeskError("endpoint.too_much", host=self._host)
        self._finish = chunk.finish or self._finish
        return found

    def _judge(self, chunk: Chunk) -> None:
        if chunk.tools or chunk.finish in {"tool_calls", "function_call"}:
            raise DeskError("endpoint.tools", host=self._host, name=plain(self._name, 200))
        if chunk.finish == "content_filter":
            raise DeskError("endpoint.filtered", host=self._host)
        if chunk.finish == "error":
            raise DeskError("endpoint.failed", host=self._host, status=500, said=faults.NOTHING)

    def _stalled(self, seconds: float) -> DeskError:
        return DeskError("endpoint.stalled", host=self._host, seconds=seconds)


async def _drained(stream: Stream) -> None:
    """Read the end behind the end, if it is there: then the connection can serve the next answer."""
    with contextlib.suppress(TimeoutError, DeskError):
        async with asyncio.timeout(_DRAIN_S):
            while await stream.piece():
                pass
