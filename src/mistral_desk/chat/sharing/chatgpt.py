"""A conversation of ChatGPT's data export, as our history takes it in.

Each stands as an object in a list (`conversations.json`): `mapping` holds nodes by id, each with a `parent` and a
`message` (or none); `current_node` is the end of the branch that was shown. What the program there kept to itself
(hidden messages, calls of tools) is left out; messages of one side in a row become one. The form is published nowhere;
it was read from descriptions of several exports of 2023 to 2026, so everything is expected to be missing or different.
"""

from __future__ import annotations

import hashlib
import heapq
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import msgspec

from mistral_desk.chat.imported import Imported, ImportedMessage
from mistral_desk.chat.message import ConversationSettings, Part
from mistral_desk.chat.row_values import LATEST
from mistral_desk.chat.sharing import chatgpt_content as content
from mistral_desk.chat.sharing.own import MOST_MESSAGES
from mistral_desk.chat.titles import title_from
from mistral_desk.core.errors import DeskError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mistral_desk.inference.protocol import Role

ORIGIN: Final = "chatgpt:"
LONGEST: Final = 10_000_000
"""Characters of one message at most."""
_NULL: Final = msgspec.Raw(b"null")
# A backslash pair, a whole pair of surrogates, and at last a surrogate that stands alone.
_SURROGATES: Final = re.compile(
    rb"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)


class _Chat(msgspec.Struct, frozen=True):
    mapping: dict[str, msgspec.Raw]
    title: Any = None
    create_time: Any = None
    update_time: Any = None
    current_node: Any = None
    conversation_id: Any = None
    id: Any = None
    is_archived: Any = None


class _Raw(msgspec.Struct, frozen=True):
    parent: Any = None
    children: Any = None
    message: msgspec.Raw = _NULL


@dataclass
class _Node:
    """A node that is kept has a role; `above` is its parent, later the nearest one that is kept."""

    key: str
    place: int
    above: str | None = None
    role: Role | None = None
    created: float | None = None
    parts: tuple[Part, ...] = ()
    model: str = ""
    below: list[str] = field(default_factory=list)


def is_one(raw: bytes | msgspec.Raw) -> bool:
    """Whether a JSON document looks like one conversation of theirs."""
    try:
        msgspec.json.decode(raw, type=_Chat)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return False
    return True


def read(raw: bytes) -> Imported:
    """Read one conversation. Pictures are parts whose body begins with `chatgpt_content.ASSET`.

    Raises `sharing.broken`, `sharing.circle`, `sharing.too_long` and `sharing.empty`.
    """
    chat = _decoded(raw)
    if len(chat.mapping) > MOST_MESSAGES:
        raise DeskError("sharing.too_long")
    nodes, instructions = _nodes(chat)
    order = _in_order(nodes)
    merged = _merged(nodes, order)
    messages = _messages(nodes, order, merged, _time(chat.create_time) or 0.0)
    if not messages:
        raise DeskError("sharing.empty")
    created = _time(chat.create_time) or messages[0].created
    first = next((one for one in messages if one.role == "user"), messages[0])
    said = chat.title if isinstance(chat.title, str) else ""
    words = "".join(part.body for part in first.parts if part.kind == "text")
    return Imported(
        title=title_from(said, 200) or title_from(words),
        created=created,
        updated=_time(chat.update_time) or max(one.created for one in messages),
        messages=messages,
        leaf=_leaf(chat.current_node, nodes, merged),
        origin=_origin(chat, raw),
        archived=chat.is_archived is True,
        settings=ConversationSettings(system=instructions),
    )


def title_in(raw: bytes) -> str:
    """What a conversation that cannot be taken in calls itself, as far as that can be seen."""
    found = re.search(rb'"title"\s*:\s*("(?:[^"\\]|\\.){0,400}")', raw[:20_000])
    try:
        return title_from(msgspec.json.decode(found[1], type=str), 80) if found else ""
    except (msgspec.MsgspecError, UnicodeError):
        return ""


def _decoded(raw: bytes) -> _Chat:
    """The conversation; a byte that is no UTF-8 costs one letter, not the message in which it stands."""
    try:
        str(raw, "utf-8")
    except UnicodeDecodeError:
        raw = str(raw, "utf-8", "replace").encode()
    try:
        try:
            return msgspec.json.decode(raw, type=_Chat)
        except msgspec.DecodeError:
            return msgspec.json.decode(_SURROGATES.sub(_whole, raw), type=_Chat)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise DeskError("sharing.broken", str(error)[:200]) from error


def _whole(found: re.Match[bytes]) -> bytes:
    return b"\\ufffd" if len(found[0]) == 6 else found[0]


# --- the tree -------------------------------------------------------------------------------------------


def _nodes(chat: _Chat) -> tuple[dict[str, _Node], str]:
    """All nodes with their parents, and the person's standing instructions."""
    nodes: dict[str, _Node] = {}
    children: dict[str, str] = {}
    instructions = ""
    for place, (key, raw) in enumerate(chat.mapping.items()):
        node = nodes[key] = _Node(key, place)
        found = _as(raw, _Raw)
        if found is None:
            continue
        node.above = found.parent if isinstance(found.parent, str) else None
        for child in found.children if isinstance(found.children, list) else ():
            if isinstance(child, str):
                children.setdefault(child, key)
        message = _as(found.message, dict[str, Any])
        if message is None:
            continue
        instructions = instructions or content.instructions(message)
        node.role, node.parts = content.of(message)
        node.created = _time(message.get("create_time"))
        node.model = content.model(message)
    for key, node in nodes.items():
        if node.above not in nodes:  # only its parent may know, or nobody: then it is a beginning
            above = children.get(key)
            node.above = above if above in nodes and above != key else None
    return nodes, instructions


def _in_order(nodes: dict[str, _Node]) -> list[str]:
    """Parents before their children, and else as time went. Raises `sharing.circle`."""
    for key, node in nodes.items():
        if node.above is not None:
            nodes[node.above].below.append(key)
    ready = [(node.created or 0.0, node.place, node.key) for node in nodes.values() if node.above is None]
    heapq.heapify(ready)
    order: list[str] = []
    while ready:
        before, _, key = heapq.heappop(ready)
        order.append(key)
        for below in nodes[key].below:
            child = nodes[below]
            child.created = child.created if child.created is not None else before
            heapq.heappush(ready, (child.created, child.place, below))
    if len(order) < len(nodes):
        raise DeskError("sharing.circle")
    for key in order:  # what is left out is passed over
        node = nodes[key]
        above = nodes[node.above] if node.above is not None else None
        if above is not None and above.role is None:
            node.above = above.above
    return order


def _merged(nodes: dict[str, _Node], order: Iterable[str]) -> dict[str, str]:
    """Into which message each node that is kept goes: a node that goes on alone where its own side has just spoken
    belongs to the message before it.
    """
    kept = [nodes[key] for key in order if nodes[key].role is not None]
    followers: dict[str, int] = {}
    for node in kept:
        if node.above is not None:
            followers[node.above] = followers.get(node.above, 0) + 1
    into: dict[str, str] = {}
    for node in kept:
        above = node.above
        alone = above is not None and followers[above] == 1 and nodes[above].role == node.role
        into[node.key] = into[above] if alone and above is not None else node.key
    return into


def _messages(
    nodes: dict[str, _Node], order: Sequence[str], merged: dict[str, str], first: float
) -> tuple[ImportedMessage, ...]:
    members: dict[str, list[_Node]] = {}
    for key in order:
        if key in merged:
            members.setdefault(merged[key], []).append(nodes[key])
    made = []
    for key, group in members.items():
        head = group[0]
        if sum(len(part.body) for node in group for part in node.parts) > LONGEST:
            raise DeskError("sharing.too_long")
        parts = content.joined(part for node in group for part in node.parts)
        mine = head.role == "assistant"
        made.append(
            ImportedMessage(
                key=key,
                parent=None if head.above is None else merged[head.above],
                role=head.role or "user",
                created=head.created or first,
                parts=parts,
                model=next((node.model for node in reversed(group) if node.model), "") if mine else "",
                effort="high" if mine and any(part.kind == "thinking" for part in parts) else "none",
                ending="stop" if mine else "",
            )
        )
    return tuple(made)


def _leaf(current: object, nodes: dict[str, _Node], merged: dict[str, str]) -> str | None:
    node = nodes.get(current) if isinstance(current, str) else None
    if node is None:
        return None
    if node.role is None:
        return merged.get(node.above) if node.above is not None else None
    return merged[node.key]


# --- values ---------------------------------------------------------------------------------------------


def _origin(chat: _Chat, raw: bytes) -> str:
    for name in (chat.conversation_id, chat.id):
        if isinstance(name, str) and 0 < len(name) <= 100:
            return ORIGIN + name
    return f"{ORIGIN}sha256-{hashlib.sha256(raw).hexdigest()}"


def _time(value: object) -> float | None:
    """Seconds since 1970, as a number or in digits; None for everything else."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(min(value, LATEST)) if value > 0 else None


def _as(raw: msgspec.Raw, kind: Any) -> Any:
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
