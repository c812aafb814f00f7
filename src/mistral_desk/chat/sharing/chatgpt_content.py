"""What one message of ChatGPT's export says: its side, and its words, thoughts and pictures as parts of ours."""

from __future__ import annotations

import json
import re
from itertools import groupby, islice
from typing import TYPE_CHECKING, Any, Final

import msgspec

from mistral_desk.chat.message import Part
from mistral_desk.chat.sharing.reading import fenced
from mistral_desk.core.words import tr

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mistral_desk.inference.protocol import Role

ASSET: Final = "asset:"
"""How the body of a picture begins that is still to be looked for in the export; its id follows."""
_ID: Final = re.compile(r"file[-_][A-Za-z0-9]+")
# Their marks for citations and names, in letters of the private use area: start, separators, end.
_MARK: Final = re.compile("\ue200([^\ue200\ue201]{0,2000})\ue201")
_ENTITY: Final = "entity\ue202"
_MOST_FILES: Final = 1000
"""Of one message that are named."""
_SILENT: Final = frozenset(
    {
        "reasoning_recap", "tether_quote", "tether_browsing_display", "tether_browsing_code", "model_editable_context",
        "user_editable_context", "system_error", "computer_output", "app_pairing_content",
    }
)  # fmt: skip


def of(message: dict[str, Any]) -> tuple[Role | None, tuple[Part, ...]]:
    """Its side and its parts; no side where nothing of it is for a reader."""
    role = _text(_dict(message.get("author")).get("role"))
    meta = _dict(message.get("metadata"))
    if role not in {"user", "assistant", "tool"} or meta.get("is_visually_hidden_from_conversation") is True:
        return None, ()
    if message.get("weight") in (0, 0.0) and role != "user":
        return None, ()
    parts = joined(_parts(role, message, _dict(message.get("content"))))
    if role == "user":
        parts = (*(Part("text", words) for words in _files(meta)), *parts)
    if not parts:
        return None, ()
    return ("user" if role == "user" else "assistant"), parts


def instructions(message: dict[str, Any]) -> str:
    """What the person wants the model to know in every chat, where this message says that."""
    content = _dict(message.get("content"))
    if content.get("content_type") != "user_editable_context":
        return ""
    said = [_text(content.get(name)).strip() for name in ("user_profile", "user_instructions")]
    return "\n\n".join(words for words in said if words)


def model(message: dict[str, Any]) -> str:
    """Which model wrote it, as they call it."""
    name = _text(_dict(message.get("metadata")).get("model_slug"))
    return name if 0 < len(name) <= 100 and name.isprintable() else ""


def joined(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Parts of the same kind in a row as one, with an empty line between them."""
    made: list[Part] = []
    for kind, group in groupby(parts, key=lambda part: part.kind):
        if kind in {"text", "thinking"}:
            *before, last = (part.body for part in group)
            made.append(Part(kind, "\n\n".join((*(words for body in before if (words := body.rstrip())), last))))
        else:
            made += group
    return tuple(made)


def asset_id(name: str) -> str:
    """The id in a pointer (`file-service://file-…`, `sediment://file_…`) or in a file's name; empty without one."""
    found = _ID.search(name.rpartition("://")[2])
    return found[0] if found else ""


def _parts(role: str, message: dict[str, Any], content: dict[str, Any]) -> Iterator[Part]:
    kind = _text(content.get("content_type"))
    to_all = message.get("recipient") in (None, "all", "")
    if role == "tool":
        if kind == "execution_output" and _text(content.get("text")).strip():
            yield Part("text", fenced(_text(content.get("text"))))
        elif kind == "multimodal_text":
            yield from (part for part in _mixed(content) if part.kind == "image")
    elif kind == "thoughts":
        yield from _thoughts(content)
    elif kind == "code":
        yield from _code(_text(message.get("recipient")), content)
    elif kind not in _SILENT:
        if to_all:
            yield from _mixed(content)
        else:
            yield from _canvas(_text(message.get("recipient")), "".join(map(_text, _list(content.get("parts")))))


def _mixed(content: dict[str, Any]) -> Iterator[Part]:
    parts = content.get("parts")
    if not isinstance(parts, list):
        parts = [content.get("text")]
    for one in parts:
        if isinstance(one, str):
            if (words := _clear(one)).strip():
                yield Part("text", words)
        elif isinstance(one, dict):
            kind = _text(one.get("content_type"))
            if kind == "image_asset_pointer":
                yield Part("image", ASSET + asset_id(_text(one.get("asset_pointer"))))
            elif kind == "audio_transcription" and _text(one.get("text")).strip():
                yield Part("text", _text(one.get("text")))


def _thoughts(content: dict[str, Any]) -> Iterator[Part]:
    for one in _list(content.get("thoughts")):
        summary, words = (_text(_dict(one).get(name)).strip() for name in ("summary", "content"))
        if summary or words:
            yield Part("thinking", "\n\n".join(filter(None, (f"**{summary}**" if summary else "", words))))


def _code(recipient: str, content: dict[str, Any]) -> Iterator[Part]:
    text = _text(content.get("text"))
    if not text.strip():
        return
    if recipient in {"python", "all", ""}:
        language = "python" if recipient == "python" else _text(content.get("language"))
        yield Part("text", fenced(text, language if language.isalnum() and language != "unknown" else ""))
    else:
        yield from _canvas(recipient, text)


def _canvas(recipient: str, text: str) -> Iterator[Part]:
    """A document that was written beside the chat; calls of other tools are left out."""
    if not recipient.startswith("canmore"):
        return
    try:
        document = msgspec.json.decode(text.encode(), type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return
    if words := _text(document.get("content")):
        kind, _, language = _text(document.get("type")).partition("/")
        yield Part("text", fenced(words, language if language.isalnum() else "") if kind == "code" else words)


def _files(meta: dict[str, Any]) -> Iterator[str]:
    """Files that were attached; the export does not have what is in them."""
    for one in islice(_list(meta.get("attachments")), _MOST_FILES):
        name, kind = (_text(_dict(one).get(key)) for key in ("name", "mime_type"))
        if name and not kind.startswith("image/"):
            words = "".join(letter if letter.isprintable() else " " for letter in name[:200])
            yield tr("[A file was attached here: {name}. The export does not have it.]", name=words) + "\n"


def _clear(text: str) -> str:
    """Without their marks; a name that one of them carries stays."""
    return _MARK.sub(_named, text) if "\ue200" in text else text


def _named(found: re.Match[str]) -> str:
    inner = found[1]
    if not inner.startswith(_ENTITY):
        return ""
    try:
        values = json.loads(inner.removeprefix(_ENTITY))
    except (ValueError, RecursionError):
        return ""
    return values[1] if isinstance(values, list) and len(values) > 1 and isinstance(values[1], str) else ""


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
