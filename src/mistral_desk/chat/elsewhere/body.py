"""What goes out to an endpoint: exactly the turns, as the OpenAI protocol writes them, and nothing beside them.

Thoughts of earlier answers stay here; pictures go as data URIs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mistral_desk.inference.protocol import Effort, Sampling, Turn
    from mistral_desk.net.endpoints.record import EndpointModel, Kind

_COMMON: Final = {"temperature": "temperature", "top_p": "top_p", "seed": "seed"}
_SAMPLING: Final[dict[Kind, dict[str, str]]] = {
    "mistral": {**_COMMON, "seed": "random_seed"},
    "mistral-desk": {**_COMMON, "top_k": "top_k", "min_p": "min_p", "repeat_penalty": "repeat_penalty"},
    "llama.cpp": {**_COMMON, "top_k": "top_k", "min_p": "min_p", "repeat_penalty": "repeat_penalty"},
    "vllm": {**_COMMON, "top_k": "top_k", "min_p": "min_p", "repeat_penalty": "repetition_penalty"},
    "other": _COMMON,
}
"""What each kind of server calls what a person can set; what it does not know is left out."""


def made(
    source: EndpointModel,
    turns: Sequence[Turn],
    pictures: Mapping[str, str],
    *,
    effort: Effort,
    sampling: Sampling,
    max_tokens: int | None,
) -> bytes:
    """The request's body. `pictures` are data URIs by their SHA-256. Many pictures take a while: use a thread."""
    kind = source.endpoint.kind
    body: dict[str, Any] = {
        "model": source.model.name,
        "messages": [{"role": turn.role, "content": _content(turn, pictures)} for turn in turns],
        "stream": True,
    }
    if kind != "mistral":  # which counts unasked, and refuses what it does not know
        body["stream_options"] = {"include_usage": True}
    if max_tokens is not None:
        body["max_tokens"] = max_tokens
    chosen = msgspec.structs.asdict(sampling)
    body |= {theirs: chosen[ours] for ours, theirs in _SAMPLING[kind].items() if chosen[ours] is not None}
    return msgspec.json.encode(body | effort_of(source, effort))


def effort_of(source: EndpointModel, effort: Effort) -> dict[str, Any]:
    """How *Think harder* is said, or that it is off. A server of no known kind is told only where it is on: what it
    does by itself is its own default.
    """
    match source.thinks:
        case "effort" if effort == "high" or source.endpoint.kind in {"mistral-desk", "vllm"} or source.model.thinks:
            return {"reasoning_effort": effort}
        case "template":
            on = effort == "high"
            return {"chat_template_kwargs": {"enable_thinking": on, "thinking": on, "reasoning_effort": effort}}
    return {}


def _content(turn: Turn, pictures: Mapping[str, str]) -> str | list[dict[str, Any]]:
    """Words, or words with pictures at their places."""
    if not turn.images:
        return turn.text
    parts: list[dict[str, Any]] = []
    at = 0
    for place, sha256 in turn.placed():
        if place > at:
            parts.append({"type": "text", "text": turn.text[at:place]})
        at = max(at, place)
        parts.append({"type": "image_url", "image_url": {"url": pictures[sha256]}})
    if turn.text[at:]:
        parts.append({"type": "text", "text": turn.text[at:]})
    return parts
