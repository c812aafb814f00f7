"""An answer as it grows, in the protocol's shapes: whole, or as the pieces of a stream."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING

import msgspec

from mistral_desk.inference.protocol import Figures, Finished, Piece
from mistral_desk.server import replies

if TYPE_CHECKING:
    from mistral_desk.server.line import Event
    from mistral_desk.server.reading import Asked


class Answer:
    """An answer as it grows, in the protocol's shapes."""

    def __init__(self, wanted: Asked) -> None:
        self._wanted = wanted
        self._id, self._created = f"chatcmpl-{secrets.token_hex(12)}", int(time.time())
        self._text: list[str] = []
        self._thought: list[str] = []
        self._end: Finished | None = None

    @property
    def over(self) -> bool:
        """Whether nothing more belongs to it."""
        return self._end is not None

    def take(self, event: Event) -> tuple[replies.Delta, ...]:
        """What an event adds to it."""
        match event:
            case Piece(kind="thinking", text=text) if text:
                self._thought.append(text)
                return (replies.Delta(reasoning_content=text),)
            case Piece(kind="text", text=text) if text:
                self._text.append(text)
                return (replies.Delta(content=text),)
            case Finished():
                self._end = event
                return ()
            case _:
                return ()

    def completion(self) -> replies.Completion:
        """All of it."""
        thought = "".join(self._thought)
        message = replies.Message("assistant", "".join(self._text), reasoning_content=thought or msgspec.UNSET)
        choice = replies.Choice(message, self._ending)
        return replies.Completion(self._id, self._created, self._wanted.model, (choice,), self._usage)

    def chunk(self, delta: replies.Delta) -> replies.Chunk:
        """A piece of the stream."""
        none = None if self._wanted.usage else msgspec.UNSET
        return replies.Chunk(self._id, self._created, self._wanted.model, (replies.ChoiceDelta(delta),), none)

    def last(self) -> tuple[replies.Chunk, ...]:
        """How the stream ends: why, and what it took where that was asked for."""
        none = None if self._wanted.usage else msgspec.UNSET
        choice = replies.ChoiceDelta(replies.Delta(), self._ending)
        chunk = replies.Chunk(self._id, self._created, self._wanted.model, (choice,), none)
        if not self._wanted.usage:
            return (chunk,)
        return chunk, replies.Chunk(self._id, self._created, self._wanted.model, (), self._usage)

    @property
    def _ending(self) -> replies.Ending:
        return replies.ending(self._end.reason) if self._end else "stop"

    @property
    def _usage(self) -> replies.Usage:
        return replies.usage(self._end.figures if self._end else Figures())
