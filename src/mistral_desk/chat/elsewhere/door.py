"""One model at an endpoint as a session's engine: asked once, told to stop by leaving it, never replaced by another."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import io
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from mistral_desk.chat.elsewhere import body
from mistral_desk.core.errors import DeskError, Problem
from mistral_desk.inference.protocol import Figures, Finished, ModelInfo, Piece, Sampling
from mistral_desk.inference.requests import sendable
from mistral_desk.net.endpoints.asking import Delta, End, answer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence
    from typing import Unpack

    from mistral_desk.inference.answer_options import AnswerOptions
    from mistral_desk.inference.client import Answer
    from mistral_desk.inference.protocol import Counted, Effort, PutImage, Turn
    from mistral_desk.inference.remote import Look
    from mistral_desk.net.endpoints.chunks import Usage
    from mistral_desk.net.endpoints.front import Endpoints
    from mistral_desk.net.endpoints.record import EndpointModel

_ENDLESS: Final = 2**40
"""Tokens of a context that only the server knows: it is the server that says when a chat is too long for it."""
_DEFAULT: Final = Sampling()
_LEVEL: Final = 3


class EndpointDoor:
    """As `inference.client.Engine` for a session, for one answer."""

    def __init__(self, endpoints: Endpoints, source: EndpointModel) -> None:
        self._endpoints, self._source = endpoints, source
        self._stopped = False
        self._taking: asyncio.Task[None] | None = None

    async def ensure(self, on_progress: Callable[[float], None] | None = None) -> ModelInfo:
        """What is known of the model; nothing is sent, and nothing loaded.

        Raises `endpoint.gone`, `endpoint.not_agreed` and `net.offline`: nothing would go out.
        """
        del on_progress
        endpoint = self._source.endpoint
        known = self._endpoints.find(endpoint.id)
        if known is None or known.address != endpoint.address:
            raise DeskError("endpoint.gone", name=endpoint.name)
        if not known.agreed:
            raise DeskError("endpoint.not_agreed", host=endpoint.host)
        if self._endpoints.offline:
            raise DeskError("net.offline", host=endpoint.host)
        return info(self._source)

    @property
    def busy(self) -> bool:
        """Whether `stop` has an effect: once it was told, a second wish is one to be gone at once."""
        return not self._stopped

    async def blindness(self) -> Problem | None:
        """Why the model cannot see, where its server says so."""
        if self._source.model.sees is not False:
            return None
        return Problem("endpoint.no_eyes", {"host": self._source.endpoint.host, "name": self._source.model.name})

    def stop(self) -> None:
        """Close the connection; the answer ends with what it has."""
        self._stopped = True
        if self._taking is not None:
            self._taking.cancel()

    def answer_now(self) -> None:
        """Nothing: no server can be told."""

    def think_more(self) -> None:
        """Nothing, as above."""

    async def count(
        self,
        turns: Sequence[Turn],
        effort: Effort = "none",
        *,
        keep_thinking: bool = True,
        pictures: Look | None = None,
    ) -> Counted:
        """Only the server could count. Raises `endpoint.cannot`."""
        del turns, effort, keep_thinking, pictures
        raise DeskError("endpoint.cannot", name=self._source.model.name)

    async def generate(
        self,
        turns: Sequence[Turn],
        effort: Effort = "none",
        sampling: Sampling = _DEFAULT,
        max_tokens: int | None = None,
        pictures: Look | None = None,
        **options: Unpack[AnswerOptions],
    ) -> AsyncGenerator[Answer, None]:
        """Send the turns and give the answer as it comes. Leaving it closes the connection.

        What is `begun`, `rethinks` or a `grammar` is nothing for an endpoint and raises `endpoint.cannot`; all else of
        it holds only for models here. Raises `endpoint.…` and `net.…`.
        """
        if options.get("begun") or options.get("rethinks") or options.get("grammar"):
            raise DeskError("endpoint.cannot", name=self._source.model.name)
        asked = tuple(map(sendable, turns))
        shown = {sha256: await _uri(pictures, sha256) for turn in asked for sha256 in turn.images}
        how = partial(body.made, effort=effort, sampling=sampling, max_tokens=max_tokens)
        data = await asyncio.to_thread(how, self._source, asked, shown)
        key = await self._endpoints.key(self._source.endpoint)
        took = _Took()
        async with contextlib.aclosing(self._coming(data, key)) as events:
            async for event in events:
                match event:
                    case Delta(kind=kind, text=text):
                        took.one(kind)
                        yield Piece(0, kind, text)
                    case End(reason=reason, usage=usage):
                        yield Finished(0, reason, took.figures(usage), "")
                        return
        yield Finished(0, "stopped", took.figures(None), "")

    async def _coming(self, data: bytes, key: str | None) -> AsyncGenerator[Delta | End, None]:
        """What comes, from a task of its own that `stop` can end; it ends without an `End` then."""
        found: asyncio.Queue[Delta | End | Exception | None] = asyncio.Queue()

        async def take() -> None:
            try:
                events = answer(self._endpoints.net, self._source, data, key)
                async with contextlib.aclosing(events):
                    async for event in events:
                        found.put_nowait(event)
            except Exception as error:  # noqa: BLE001 - it is raised where the answer is awaited
                found.put_nowait(error)
            finally:
                found.put_nowait(None)

        if self._stopped:
            return
        self._taking = asyncio.get_running_loop().create_task(take(), name=f"answer of {self._source.endpoint.id}")
        try:
            while (event := await found.get()) is not None:
                if isinstance(event, Exception):
                    raise event
                yield event
        finally:
            self._taking.cancel()
            await asyncio.wait({self._taking})


class _Took:
    """What one answer took, as far as it can be seen from here."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._first: float | None = None
        self._thought: float | None = None
        self._spoke: float | None = None

    def one(self, kind: str) -> None:
        """Something came."""
        now = time.monotonic()
        self._first = self._first or now
        if kind == "thinking":
            self._thought = self._thought or now
        elif self._spoke is None:
            self._spoke = now

    def figures(self, usage: Usage | None) -> Figures:
        """Tokens by the server's own count, seconds by our clock; no rate, which would be the network's as well."""
        thinking_s = 0.0
        if self._thought is not None:
            thinking_s = (self._spoke or time.monotonic()) - self._thought
        return Figures(
            prompt_tokens=usage.prompt if usage else 0,
            cached_tokens=usage.cached if usage else 0,
            generated_tokens=usage.completion if usage else 0,
            thinking_tokens=usage.thinking if usage else 0,
            thinking_s=thinking_s,
            first_token_s=None if self._first is None else self._first - self._began,
        )


def info(source: EndpointModel) -> ModelInfo:
    """A model elsewhere in the words of one that is here: what is not known is zero, and no context is ever full."""
    model, unknown = source.model, 0
    sized: dict[str, Any] = dict.fromkeys(("file_bytes", "parameters", "trained_context", "layers", "threads"), unknown)
    return ModelInfo(
        **sized,
        name=model.name,
        architecture="",
        path=source.id,
        quantization="",
        context=_ENDLESS,
        vocabulary="",
        memory="attention",
        thinking=source.can_think,
        efforts=("none", "high") if source.can_think else ("none",),
        sampling=Sampling(),
        load_s=0.0,
        sees=model.sees is not False,
    )


async def _uri(pictures: Look | None, sha256: str) -> str:
    """A picture as a data URI. Raises `picture.missing`."""
    if pictures is None:
        raise DeskError("picture.missing", sha256)
    return await asyncio.to_thread(_png, await pictures(sha256))


def _png(image: PutImage) -> str:
    from PIL import Image  # noqa: PLC0415 - an answer without pictures does without

    written = io.BytesIO()
    Image.frombytes("RGB", (image.width, image.height), image.rgb).save(written, "PNG", compress_level=_LEVEL)
    return "data:image/png;base64," + base64.b64encode(written.getvalue()).decode("ascii")
