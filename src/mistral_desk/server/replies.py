"""What is answered, in the shapes of the OpenAI protocol; thoughts go beside the answer as `reasoning_content`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import msgspec

from mistral_desk.core.errors import in_words

if TYPE_CHECKING:
    from mistral_desk.core.errors import Problem
    from mistral_desk.inference.protocol import Figures, Reason

Ending: TypeAlias = Literal["stop", "length"]
_ENDINGS: Final[dict[Reason, Ending]] = {"stop": "stop", "length": "length", "context": "length", "stopped": "stop"}


class CachedTokens(msgspec.Struct, frozen=True):
    """How much of the prompt had been read before."""

    cached_tokens: int


class ThoughtTokens(msgspec.Struct, frozen=True):
    """How much of the answer was thought."""

    reasoning_tokens: int


class Usage(msgspec.Struct, frozen=True):
    """Tokens."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: CachedTokens
    completion_tokens_details: ThoughtTokens


class Message(msgspec.Struct, frozen=True):
    """A whole answer."""

    role: Literal["assistant"]
    content: str
    refusal: None = None
    reasoning_content: str | msgspec.UnsetType = msgspec.UNSET


class Delta(msgspec.Struct, frozen=True, omit_defaults=True):
    """More of an answer."""

    role: str = ""
    content: str | msgspec.UnsetType = msgspec.UNSET
    reasoning_content: str | msgspec.UnsetType = msgspec.UNSET


class Choice(msgspec.Struct, frozen=True):
    """The one answer."""

    message: Message
    finish_reason: Ending
    index: int = 0
    logprobs: None = None


class ChoiceDelta(msgspec.Struct, frozen=True):
    """More of the one answer."""

    delta: Delta
    finish_reason: Ending | None = None
    index: int = 0
    logprobs: None = None


class Completion(msgspec.Struct, frozen=True):
    """The reply to a request that does not stream."""

    id: str
    created: int
    model: str
    choices: tuple[Choice]
    usage: Usage
    object: str = "chat.completion"


class Chunk(msgspec.Struct, frozen=True):
    """A piece of a stream; the last one has no choices, and the figures where they were asked for."""

    id: str
    created: int
    model: str
    choices: tuple[ChoiceDelta, ...]
    usage: Usage | msgspec.UnsetType | None = msgspec.UNSET
    object: str = "chat.completion.chunk"


class Listed(msgspec.Struct, frozen=True):
    """A model."""

    id: str
    created: int
    object: str = "model"
    owned_by: str = "mistral-desk"


class Models(msgspec.Struct, frozen=True):
    """All models."""

    data: tuple[Listed, ...]
    object: str = "list"


class Fault(msgspec.Struct, frozen=True):
    """What went wrong."""

    message: str
    type: str
    param: str | None
    code: str


class Refused(msgspec.Struct, frozen=True):
    """The reply where there is no answer."""

    error: Fault


def usage(figures: Figures) -> Usage:
    """The figures of an answer."""
    return Usage(
        figures.prompt_tokens,
        figures.generated_tokens,
        figures.prompt_tokens + figures.generated_tokens,
        CachedTokens(figures.cached_tokens),
        ThoughtTokens(figures.thinking_tokens),
    )


def ending(reason: Reason) -> Ending:
    """Why it ended; a full context cuts it as a limit does."""
    return _ENDINGS[reason]


_STATUS: Final = {
    "server.no_model": 404,
    "server.unknown": 404,
    "server.method": 405,
    "server.no_token": 401,
    "server.host": 403,
    "server.origin": 403,
    "server.not_json": 415,
    "server.too_large": 413,
    "server.busy": 429,
    "server.interrupted": 503,
    "load.cancelled": 503,
}
_THEIRS: Final = ("server", "prompt", "schema", "picture", "attachment", "document", "model", "projector", "library")
"""Rooms whose problems are of the request's making, or stay as they are however often it is sent."""
_CODES: Final = {
    "server.no_model": "model_not_found",
    "server.no_token": "invalid_api_key",
    "prompt.too_long": "context_length_exceeded",
    "server.busy": "rate_limit_exceeded",
}
RETRY_S: Final = 2


def status_of(problem: Problem) -> int:
    """The HTTP status of a problem. Clients try again by themselves at 429 and from 500 on."""
    return _STATUS.get(problem.id) or (400 if problem.id.partition(".")[0] in _THEIRS else 500)


def refused(problem: Problem) -> Refused:
    """A problem in the protocol's shape, in words for whoever wrote the program that asks."""
    status = status_of(problem)
    kind = "invalid_request_error" if status < 500 else "server_error"
    place = problem.params.get("place") if problem.id == "server.garbled" else None
    named = problem.params.get("name") if problem.id == "server.not_offered" else None
    param, text = place or named, in_words(problem).in_one
    return Refused(Fault(text, kind, str(param) if param else None, _CODES.get(problem.id, problem.id)))
