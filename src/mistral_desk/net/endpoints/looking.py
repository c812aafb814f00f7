"""What a server offers: its list of models, read as the many servers write it, and by its shape what kind it is."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import msgspec

from mistral_desk.core.errors import DeskError
from mistral_desk.core.strangers import plain
from mistral_desk.core.words import mark
from mistral_desk.net.addresses import address
from mistral_desk.net.client import Net, Purpose, Wants
from mistral_desk.net.endpoints import faults
from mistral_desk.net.endpoints.record import MOST_MODELS, Kind, Offered

_LARGEST: Final = 16_000_000
"""Bytes of a list at most: a service with hundreds of models writes a megabyte."""
_SECONDS: Final = 30.0
_LONGEST_MODEL: Final = 200
_MOST_CONTEXT: Final = 2**31
LISTING: Final = Purpose("endpoints", mark("Ask an endpoint for its list of models"))
_NO_LIST: Final = mark("it is not a list of models")
_OWNERS: Final[dict[str, Kind]] = {"vllm": "vllm", "llamacpp": "llama.cpp", "mistral-desk": "mistral-desk"}


async def models(net: Net, base: str, key: str | None) -> tuple[Kind, tuple[Offered, ...]]:
    """The kind of a server, and its models that can chat, by name.

    Raises `endpoint.…` where it is no such server, has no models or does not take the key, and `net.…`.
    """
    host = address(base, near=True).name
    wants = Wants(headers={"accept": "application/json"}, token=key, allow=faults.ANSWERS, follows=False, near=True)
    reply = await net.fetch(f"{base}/models", LISTING, limit=_LARGEST, seconds=_SECONDS, wants=wants)
    if reply.status != 200:
        retry = reply.headers.get("retry-after", "")
        raise faults.of_status(host, "", reply.status, reply.body[:65_536], key=key, retry_after=retry)
    return await asyncio.to_thread(read, host, reply.body)


def read(host: str, body: bytes) -> tuple[Kind, tuple[Offered, ...]]:
    """As `models`, from the bytes of the list."""
    try:
        whole: Any = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        reason = faults.WEB_PAGE if body.lstrip()[:1] == b"<" else faults.NOT_JSON
        raise DeskError("endpoint.not_protocol", host=host, reason=reason) from error
    entries = whole.get("data") if isinstance(whole, dict) else whole
    if not isinstance(entries, list):
        raise DeskError("endpoint.not_protocol", host=host, reason=_NO_LIST)
    named = [one for one in entries if isinstance(one, dict) and isinstance(one.get("id"), str)]
    if entries and not named:
        raise DeskError("endpoint.not_protocol", host=host, reason=_NO_LIST)
    found: dict[str, Offered] = {}
    for one in named:
        name = one["id"]
        if 0 < len(name) <= _LONGEST_MODEL and plain(name, _LONGEST_MODEL) == name and _chats(one):
            found.setdefault(name, _offered(name, one))
        if len(found) >= MOST_MODELS:
            break
    if not found:
        raise DeskError("endpoint.no_models", host=host)
    return _kind(named), tuple(sorted(found.values(), key=lambda one: one.name.casefold()))


def _kind(entries: list[dict[str, Any]]) -> Kind:
    if any(
        isinstance(_inside(one, "capabilities"), dict) and "completion_chat" in one["capabilities"] for one in entries
    ):
        return "mistral"
    for one in entries:
        if isinstance(owner := one.get("owned_by"), str) and owner in _OWNERS:
            return _OWNERS[owner]
    return "other"


def _chats(one: dict[str, Any]) -> bool:
    """Whether it is one to talk to; only few servers say so."""
    return _inside(one, "capabilities", "completion_chat") is not False


def _offered(name: str, one: dict[str, Any]) -> Offered:
    sees = _inside(one, "capabilities", "vision")
    inputs = _inside(one, "architecture", "input_modalities")
    if not isinstance(sees, bool):
        sees = "image" in inputs if isinstance(inputs, list) else None
    thinks = _inside(one, "capabilities", "reasoning")
    places = (
        ("max_context_length",),
        ("max_model_len",),
        ("context_length",),
        ("meta", "n_ctx"),
        ("meta", "n_ctx_train"),
    )
    contexts = (_inside(one, *place) for place in places)
    context = next((size for size in contexts if type(size) is int and 0 < size < _MOST_CONTEXT), None)
    return Offered(name, context, sees, thinks if isinstance(thinks, bool) else None)


def _inside(value: object, *names: str) -> Any:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value
