"""From what a server answers instead of an answer (a status, an error object) to our own errors.

What it says itself is shortened and made harmless, and whatever looks like the key is taken out of it.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from mistral_desk.core.errors import DeskError
from mistral_desk.core.strangers import plain
from mistral_desk.core.words import mark
from mistral_desk.net import faults

LONGEST_SAID: Final = 300
ANSWERS: Final = frozenset(range(200, 600)) - frozenset({301, 302, 303, 307, 308})
"""The statuses that are read here: all but those that lead elsewhere, where a key must not go."""
WEB_PAGE: Final = mark("it is a web page")
NOT_JSON: Final = mark("it is not JSON")
NOTHING: Final = "–"
"""What stands for the words of a server that has none."""
_PAUSE_S: Final = 30
_TOO_LONG: Final = re.compile(r"context|too long|too many tokens|maximum.{0,20}(length|tokens)", re.IGNORECASE)
_EFFORT: Final = re.compile(r"reasoning_effort|reasoning effort|chat_template_kwargs|enable_thinking", re.IGNORECASE)
_UNKNOWN: Final = re.compile(
    r"model.{0,80}(not found|does not exist|not exist|unknown|invalid)|model_not_found|"
    r"(unknown|invalid|no such) model",
    re.IGNORECASE | re.DOTALL,
)
_KEYS: Final = re.compile(r"\b(?:sk|pk|key|tok|Bearer)[-_ ][\w*.-]{6,}|[\w-]{28,}")


def of_status(host: str, name: str, status: int, body: bytes, *, key: str | None, retry_after: str = "") -> DeskError:
    """The error for a status that is none of success. `name` is the model that was asked, or empty."""
    said = said_in(body, key) or NOTHING
    match status:
        case 401 | 407:
            return DeskError("endpoint.key", host=host, status=status)
        case 402:
            return DeskError("endpoint.unpaid", host=host, said=said)
        case 403:
            return DeskError("endpoint.forbidden", host=host, status=status, said=said)
        case 429:
            return DeskError("endpoint.busy", host=host, seconds=faults.pause_s(retry_after) or _PAUSE_S)
        case 503 | 529 if pause := faults.pause_s(retry_after):
            return DeskError("endpoint.busy", host=host, seconds=pause)
        case 404 | 405 | 410 if not (name and _UNKNOWN.search(said)):
            path = "/chat/completions" if name else "/models"
            return DeskError("endpoint.not_there", host=host, path=path, status=status)
    return _of_words(host, name, said, status)


def of_object(host: str, name: str, error: object, *, key: str | None) -> DeskError:
    """The error for an error object inside a stream, or inside an answer with the status of success."""
    said = _said(error, key) or NOTHING
    code = error.get("code") if isinstance(error, dict) else None
    status = code if isinstance(code, int) and not isinstance(code, bool) and 100 <= code < 600 else 0
    if status in {401, 402, 403, 429}:
        return of_status(host, name, status, msgspec.json.encode({"error": {"message": said}}), key=key)
    return _of_words(host, name, said, status or 500)


def _of_words(host: str, name: str, said: str, status: int) -> DeskError:
    if status < 500 or name:
        if name and _EFFORT.search(said):
            return DeskError("endpoint.effort", host=host, said=said)
        if name and _TOO_LONG.search(said):
            return DeskError("endpoint.too_long", host=host, name=plain(name, 200), said=said)
        if name and _UNKNOWN.search(said):
            return DeskError("endpoint.no_model", host=host, name=plain(name, 200))
    if status >= 500:
        return DeskError("endpoint.failed", host=host, status=status, said=said)
    return DeskError("endpoint.refused", host=host, status=status, said=said)


def said_in(body: bytes, key: str | None) -> str:
    """What a server says in the body of a refusal; of a web page nothing."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        text = body.decode("utf-8", "replace")
        return "" if "<" in text[:200] else _clean(text, key)
    if isinstance(found, list) and found:
        found = found[0]
    if not isinstance(found, dict):
        return _clean(found, key)
    inner = found.get("error") or found.get("detail") or found.get("message")
    return _said(inner if inner is not None else "", key)


def _said(error: object, key: str | None, depth: int = 0) -> str:
    """The words in an error object; servers have many shapes for it."""
    if isinstance(error, list) and error and depth < 4:
        return _said(error[0], key, depth + 1)
    if isinstance(error, dict) and depth < 4:
        for field in ("message", "msg", "detail", "error", "type", "code"):
            if error.get(field):
                where = _where(error) if field == "msg" else ""
                return where + _said(error[field], key, depth + 1)
        return ""
    return _clean(error, key)


def _where(error: dict[str, Any]) -> str:
    """Which field of the request is meant: `loc` of the framework that many servers stand on."""
    place = error.get("loc")
    names = [one for one in place if isinstance(one, str) and one != "body"] if isinstance(place, list) else []
    return f"{plain('.'.join(names), 80)}: " if names else ""


def _clean(text: object, key: str | None) -> str:
    if not isinstance(text, str | int):
        return ""
    words = str(text)[: 8 * LONGEST_SAID]
    if key:
        words = words.replace(key, "…")
    return plain(_KEYS.sub("…", words), LONGEST_SAID)
