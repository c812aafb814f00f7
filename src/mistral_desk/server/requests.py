"""The body of a chat request in the OpenAI protocol, as far as it is understood here.

Fields that only tell about the sender are taken and left alone; those that would change the answer and cannot be kept
are refused by name, so that nobody believes in a promise that was dropped.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from mistral_desk.core.errors import DeskError
from mistral_desk.core.sampling_bounds import BOUNDS


class Message(msgspec.Struct, frozen=True):
    """One message. `content` is text, or a list of parts; `reasoning_content` are thoughts of an earlier answer."""

    role: str
    content: str | list[dict[str, Any]] | None = None
    reasoning_content: str | None = None
    tool_calls: list[Any] | None = None
    function_call: Any = None


class Body(msgspec.Struct, frozen=True):
    """A request. None, and a default that asks for nothing, are the same; `top_k`, `min_p` and `repeat_penalty` are
    llama.cpp's words.
    """

    messages: list[Message]
    model: str | None = None
    stream: bool | None = None
    stream_options: dict[str, Any] | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    repeat_penalty: float | None = None
    seed: int | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    stop: str | list[str] | None = None
    n: int | None = None
    reasoning_effort: str | None = None
    response_format: dict[str, Any] | None = None
    tools: list[Any] | None = None
    functions: list[Any] | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    logit_bias: dict[str, Any] | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    modalities: list[str] | None = None
    audio: Any = None
    web_search_options: Any = None


_BOUNDS: Final[dict[str, tuple[float, float]]] = {
    **{name: BOUNDS[name] for name in ("temperature", "top_p", "min_p", "repeat_penalty")},
    "top_k": (-1, BOUNDS["top_k"][1]),
    "max_tokens": (-1, 2**31 - 1),
    "max_completion_tokens": (-1, 2**31 - 1),
}


def understood(data: bytes) -> Body:
    """The request in a body. Raises `server.garbled` with the place, and `server.not_offered`."""
    try:
        body = msgspec.json.decode(data, type=Body)
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at `$")  # without a place it is about the whole
        place = place.rstrip("`").lstrip(".")
        raise garbled(place or "$", reason.replace("`", "")) from error
    except (ValueError, RecursionError) as error:
        raise garbled("$", "this is no JSON") from error
    _refuse(body)
    for name, (low, high) in _BOUNDS.items():
        value = getattr(body, name)
        if value is not None and not low <= value <= high:
            raise garbled(name, f"it must be from {low:g} to {high:g}")
    return body


def garbled(place: str, reason: str) -> DeskError:
    """What is wrong, and where: `messages[2].content`."""
    return DeskError("server.garbled", place=place[:200], reason=reason[:300])


def _refuse(body: Body) -> None:
    asked = {
        "n": body.n not in (None, 1),
        "tools": bool(body.tools),
        "functions": bool(body.functions),
        "logprobs": bool(body.logprobs) or bool(body.top_logprobs),
        "logit_bias": bool(body.logit_bias),
        "presence_penalty": bool(body.presence_penalty),
        "frequency_penalty": bool(body.frequency_penalty),
        "modalities": body.modalities is not None and body.modalities != ["text"],
        "audio": body.audio is not None,
        "web_search_options": body.web_search_options is not None,
    }
    for name, refused in asked.items():
        if refused:
            raise DeskError("server.not_offered", name=name)
