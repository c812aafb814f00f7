"""One piece of an answer as servers write it: text, thoughts in their several shapes, why it ended, what it took.

The shapes are those of the OpenAI protocol (`choices`, `delta`), of Mistral's content blocks, and of what vLLM and
llama.cpp's server call thoughts. All of it is a stranger's: nothing is taken for a type that it may not have.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final, Literal, TypeAlias

import msgspec

Kind: TypeAlias = Literal["thinking", "text"]
_MOST: Final = 2**53
_DEEPEST: Final = 6
_HALVES: Final = re.compile("[\ud800-\udfff]")
_CONTROLS: Final = {code: "\ufffd" for code in (*range(32), *range(127, 160)) if chr(code) not in "\t\n\r"}
_THOUGHTS: Final = ("reasoning_content", "reasoning", "thinking")
"""What thoughts beside the answer are called; some servers send the same ones under two names."""


class NotOneError(Exception):
    """These bytes are no piece of an answer."""


class Usage(msgspec.Struct, frozen=True):
    """Tokens, as the server counts them."""

    prompt: int = 0
    completion: int = 0
    cached: int = 0
    thinking: int = 0


class Chunk(msgspec.Struct, frozen=True):
    """A piece of an answer. `finish` is the server's word for why it ended; `error` is whatever it calls an error."""

    pieces: tuple[tuple[Kind, str], ...] = ()
    finish: str = ""
    usage: Usage | None = None
    error: Any = None
    tools: bool = False


def read(data: bytes) -> Chunk:
    """A piece out of an event's data, or out of a whole answer. Raises `NotOneError`."""
    try:
        whole: Any = msgspec.json.decode(data)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        whole = _by_halves(data)
    if not isinstance(whole, dict):
        raise NotOneError
    if whole.get("error"):
        return Chunk(error=whole["error"])
    if whole.get("object") == "error":
        return Chunk(error=whole)
    usage = _usage(whole.get("usage"))
    choices = whole.get("choices")
    if not isinstance(choices, list):
        return Chunk(usage=usage)
    choice = next((one for one in choices if isinstance(one, dict) and one.get("index", 0) == 0), None)
    if choice is None:
        return Chunk(usage=usage)
    said = next((one for name in ("delta", "message") if isinstance(one := choice.get(name), dict)), {})
    finish = choice.get("finish_reason")
    tools = any(bool(said.get(name)) for name in ("tool_calls", "function_call"))
    return Chunk(
        tuple((kind, _clean(text)) for kind, text in _pieces(said) if text),
        finish if isinstance(finish, str) else "",
        usage,
        choice.get("error") or None,
        tools,
    )


def _by_halves(data: bytes) -> Any:
    """JSON with characters that a server has cut in two, which msgspec does not take; a byte that is no UTF-8 costs one
    letter, as event streams have it, and not the answer.
    """
    try:
        try:
            return json.loads(str(data, "utf-8", "surrogatepass"))
        except UnicodeDecodeError:
            return json.loads(str(data, "utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        raise NotOneError from error


def _pieces(said: dict[str, Any]) -> list[tuple[Kind, str]]:
    found: list[tuple[Kind, str]] = []
    for name in _THOUGHTS:
        if text := _text(said.get(name)):
            found.append(("thinking", text))
            break
    _content(said.get("content"), "text", found, 0)
    if isinstance(said.get("refusal"), str):
        found.append(("text", said["refusal"]))
    return found


def _content(value: object, kind: Kind, found: list[tuple[Kind, str]], depth: int) -> None:
    """Text, or blocks of it: `{"type": "thinking", "thinking": [{"type": "text", …}]}` holds thoughts."""
    if isinstance(value, str):
        found.append((kind, value))
    elif isinstance(value, list) and depth < _DEEPEST:
        for one in value:
            _content(one, kind, found, depth + 1)
    elif isinstance(value, dict) and depth < _DEEPEST:
        if value.get("type") in ("thinking", "reasoning"):  # a server may say anything there, a list too
            _content(value.get("thinking", value.get("text")), "thinking", found, depth + 1)
        else:
            _content(value.get("text"), kind, found, depth + 1)


def _text(value: object) -> str:
    found: list[tuple[Kind, str]] = []
    _content(value, "thinking", found, 0)
    return "".join(text for _, text in found)


def _usage(value: object) -> Usage | None:
    if not isinstance(value, dict):
        return None

    def number(name: str, inside: str = "") -> int:
        place = value.get(inside) if inside else value
        found = place.get(name) if isinstance(place, dict) else None
        return found if type(found) is int and 0 <= found < _MOST else 0

    prompt = number("prompt_tokens")
    return Usage(
        prompt,
        number("completion_tokens"),
        min(prompt, number("cached_tokens", "prompt_tokens_details")),  # they are some of them, whatever it says
        number("reasoning_tokens", "completion_tokens_details"),
    )


def _clean(text: str) -> str:
    """Without what could drive a terminal."""
    return text.translate(_CONTROLS)


class Halves:
    """Puts characters together that were cut in two (UTF-16's surrogates), one for each kind of text."""

    def __init__(self) -> None:
        self._left: dict[Kind, str] = {}

    def whole(self, kind: Kind, text: str) -> str:
        """The text as far as it is whole; a half at its end waits for the next piece."""
        text = self._left.pop(kind, "") + text
        if not _HALVES.search(text):
            return text
        if "\ud800" <= text[-1] <= "\udbff":
            text, self._left[kind] = text[:-1], text[-1]
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
