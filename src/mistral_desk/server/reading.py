"""From a request's body to what the engine is asked: roles in turn, pictures as bytes, the schema as a grammar.

Nothing is fetched: a picture comes along as a data URI, and a schema that refers elsewhere is refused.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mistral_desk.chat.prompting import MAX_CHARACTERS
from mistral_desk.core.errors import DeskError
from mistral_desk.inference.protocol import MAX_PICTURES, Sampling
from mistral_desk.inference.schema_grammar import grammar
from mistral_desk.inference.schema_read import read
from mistral_desk.server.requests import Body, Message, garbled

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    from mistral_desk.inference.protocol import Effort
    from mistral_desk.inference.schema_tree import Json

_DATA: Final = re.compile(r"data:image/[a-z0-9.+-]{1,40};base64,", re.IGNORECASE)
_ROLES: Final = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
_EFFORTS: Final[dict[str, Effort]] = {
    "none": "none", "minimal": "none", "low": "high", "medium": "high", "high": "high", "xhigh": "high",
}  # fmt: skip
_MOST_STOPS: Final = 16
_LONGEST_STOP: Final = 1000
_MOST_MESSAGES: Final = 10_000
_SHOWN: Final = 80
_ANY_OBJECT: Final[Json] = {"type": "object"}


@dataclass(frozen=True)
class Said:
    """One turn: `parts` are its texts, and its pictures as they were encoded (PNG, JPEG, …)."""

    role: Literal["user", "assistant"]
    parts: tuple[str | bytes, ...]
    thinking: str = ""


@dataclass(frozen=True)
class Asked:
    """A request that is understood. `model` is as it was named; `grammar` binds the answer, `stops` end it."""

    model: str
    system: str
    talk: tuple[Said, ...]
    effort: Effort
    sampling: Sampling
    max_tokens: int | None
    grammar: str
    stops: tuple[str, ...]
    streams: bool
    usage: bool
    """Whether a stream ends with the figures."""

    @property
    def sees(self) -> bool:
        """Whether pictures come along."""
        return any(isinstance(part, bytes) for said in self.talk for part in said.parts)


def asked(body: Body) -> Asked:
    """What a body asks for. Raises `server.…`, `schema.…`, `prompt.empty`, `prompt.too_big`, `.too_many_pictures`."""
    system, talk = _talk(body.messages)
    return Asked(
        model=body.model or "",
        system=system,
        talk=talk,
        effort=_effort(body.reasoning_effort),
        sampling=Sampling(
            temperature=body.temperature,
            top_k=None if body.top_k is None else max(0, body.top_k),
            top_p=body.top_p,
            min_p=body.min_p,
            repeat_penalty=body.repeat_penalty,
            seed=None if body.seed is None or body.seed < 0 else body.seed % (2**32 - 1),
        ),
        max_tokens=_longest(body),
        grammar=_grammar(body.response_format),
        stops=_stops(body.stop),
        streams=bool(body.stream),
        usage=bool((body.stream_options or {}).get("include_usage")),
    )


def _longest(body: Body) -> int | None:
    named = body.max_tokens if body.max_completion_tokens is None else body.max_completion_tokens
    if named == 0:
        raise garbled("max_tokens", "it must be 1 or more")
    return named if named is not None and named > 0 else None  # some programs say -1 for no limit


def _effort(named: str | None) -> Effort:
    if named is None:
        return "none"
    if named not in _EFFORTS:
        raise garbled("reasoning_effort", f"it must be one of {', '.join(_EFFORTS)}")
    return _EFFORTS[named]


def _stops(stop: str | list[str] | None) -> tuple[str, ...]:
    words = [stop] if isinstance(stop, str) else stop or []
    if len(words) > _MOST_STOPS or any(len(word) > _LONGEST_STOP for word in words):
        raise garbled("stop", f"at most {_MOST_STOPS} texts of {_LONGEST_STOP} characters are taken")
    return tuple(word for word in words if word)


def _grammar(form: dict[str, Any] | None) -> str:
    match form:
        case None | {"type": "text"}:
            return ""
        case {"type": "json_schema", "json_schema": {"schema": dict() | bool() as schema}}:
            return grammar(read(schema))
        case {"type": "json_object" | "json_schema", "schema": dict() as schema}:  # as llama.cpp's server takes it
            return grammar(read(schema))
        case {"type": "json_object"}:
            return grammar(read(_ANY_OBJECT))
        case _:
            raise garbled("response_format", "it must be text, json_object, or json_schema with a schema")


# --- messages -----------------------------------------------------------------------------------------------


def _talk(messages: Sequence[Message]) -> tuple[str, tuple[Said, ...]]:
    """The instructions, and turns that alternate and begin and end with the person's."""
    if len(messages) > _MOST_MESSAGES:
        raise garbled("messages", f"at most {_MOST_MESSAGES} are taken")
    head: list[str] = []
    groups: list[tuple[str, list[str | bytes], list[str]]] = []
    for number, message in enumerate(messages):
        place = f"messages[{number}]"
        role = _role(message, place)
        parts = _parts(message, role, f"{place}.content")
        if role == "system":
            head += [part for part in parts if isinstance(part, str) and part.strip()]
            continue
        if not any(isinstance(part, bytes) or part.strip() for part in parts):
            if role == "user" and number == len(messages) - 1:
                raise DeskError("prompt.empty")
            continue
        thoughts = [message.reasoning_content] if message.reasoning_content else []
        if not groups and role == "assistant":
            continue  # templates want the person to begin
        if groups and groups[-1][0] == role:
            groups[-1][1].extend(("\n\n", *parts))
            groups[-1][2].extend(thoughts)
        else:
            groups.append((role, list(parts), thoughts))
    if not groups or groups[-1][0] != "user":
        raise garbled("messages", "the last one must be the user's")
    talk = tuple(
        Said("user" if role == "user" else "assistant", tuple(parts), "\n\n".join(thoughts))
        for role, parts, thoughts in groups
    )
    system = "\n\n".join(head)
    _bounded(system, talk)
    return system, talk


def _bounded(system: str, talk: Sequence[Said]) -> None:
    size = len(system) + sum(len(part) for said in talk for part in said.parts if isinstance(part, str))
    pictures = sum(isinstance(part, bytes) for said in talk for part in said.parts)
    if size > MAX_CHARACTERS:
        raise DeskError("prompt.too_big", size=size, limit=MAX_CHARACTERS)
    if pictures > MAX_PICTURES:
        raise DeskError("prompt.too_many_pictures", count=pictures, limit=MAX_PICTURES)


def _role(message: Message, place: str) -> str:
    if message.role in {"tool", "function"} or message.tool_calls or message.function_call:
        raise DeskError("server.not_offered", name="tools")
    role = _ROLES.get(message.role)
    if role is None:
        raise garbled(f"{place}.role", f"it must be one of {', '.join(_ROLES)}")
    return role


def _parts(message: Message, role: str, place: str) -> list[str | bytes]:
    if message.content is None:
        return []
    if isinstance(message.content, str):
        return [message.content]
    found: list[str | bytes] = []
    for number, part in enumerate(message.content):
        match part:
            case {"type": "text" | "input_text" | "output_text", "text": str(text)}:
                found.append(text)
            case {"type": "refusal", "refusal": str(text)}:
                found.append(text)
            case {"type": "image_url", "image_url": {"url": str(address)} | str(address)} if role == "user":
                found.append(_picture(address, f"{place}[{number}].image_url"))
            case {"type": "image_url"}:
                raise garbled(f"{place}[{number}]", "only the user's messages have pictures")
            case {"type": str(kind)}:
                raise DeskError("server.not_offered", name=kind[:_SHOWN])
            case _:
                raise garbled(f"{place}[{number}]", "it must be a part with a type and its text")
    return found


def _picture(address: str, place: str) -> bytes:
    """The bytes in a data URI."""
    head = _DATA.match(address)
    if head is None:
        if address[:5].lower() != "data:":
            raise DeskError("server.remote_picture", address=address[:_SHOWN])
        raise garbled(place, "a data URI with an image in base64 is wanted")
    try:
        return base64.b64decode(address[head.end() :], validate=True)
    except (binascii.Error, ValueError) as error:
        raise garbled(place, "this is no base64") from error
