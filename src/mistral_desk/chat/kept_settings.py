"""A conversation's settings as JSON: a value that cannot be read costs only itself; what a newer version wrote stays.

Files travel between versions, and an imported one may say anything: numbers out of bounds count as not said.
"""

from __future__ import annotations

from typing import Any, Final, TypeVar

import msgspec

from mistral_desk.chat.message import ConversationSettings, WhenFull
from mistral_desk.chat.row_values import clean
from mistral_desk.core.sampling_bounds import BOUNDS, LONGEST, LONGEST_THOUGHT_S
from mistral_desk.inference.protocol import Sampling

T = TypeVar("T")

_WITHIN: Final = {"longest": (1, LONGEST), "think_tokens": (0, LONGEST), "think_seconds": (0, LONGEST_THOUGHT_S)}

_TYPES: Final[dict[str, Any]] = {
    "system": str,
    "model": str,
    "think": bool | None,
    "longest": int | None,
    "think_tokens": int | None,
    "think_seconds": int | None,
    "preset": str,
    "when_full": WhenFull,
    "keep_thinking": bool | None,
    "dropped": int | None,
    "summary": str,
    "thoughts": dict[str, bool],
}
_WHOLE: Final = frozenset({"top_k", "seed"})
_DEEPEST: Final = 32
"""Lists and objects within each other in what is not known here; much deeper ones could not be written again."""


def read(raw: str | bytes) -> ConversationSettings:
    """The settings in a JSON object; raises `msgspec.MsgspecError` where it is none."""
    return from_values(msgspec.json.decode(raw, type=dict[str, Any]))


def from_values(values: dict[str, Any]) -> ConversationSettings:
    """The settings in a JSON object that was read already."""
    left = dict(values)
    known: dict[str, Any] = {}
    for name, kind in _TYPES.items():
        if name in left:
            found = _converted(left.pop(name), kind)
            if found is not None:
                known[name] = found
    for name, (low, high) in _WITHIN.items():
        if not low <= known.get(name, low) <= high:
            del known[name]
    sampling = left.pop("sampling", None)
    if isinstance(sampling, dict):
        known["sampling"], more = _sampling(sampling)
        if more:
            left["sampling"] = more
    kept = {name: value for name, value in left.items() if not _is_deep(value)}
    return ConversationSettings(**known, unknown=kept)


def written(settings: ConversationSettings) -> str:
    """The settings as JSON; `read` gives them back. Halves of characters, which no UTF-8 knows, are replaced."""
    values: dict[str, Any] = dict(settings.unknown)
    default = ConversationSettings()
    for name in _TYPES:
        value = getattr(settings, name)
        if value != getattr(default, name):
            values[name] = clean(value) if isinstance(value, str) else value
    more = values.get("sampling")
    said = {name: number for name in BOUNDS if (number := getattr(settings.sampling, name)) is not None}
    if said:
        values["sampling"] = {**more, **said} if isinstance(more, dict) else said
    return msgspec.json.encode(values).decode("utf-8")


def within(name: str, value: object) -> float | int | None:
    """A number of `Sampling` as it may be used, None where it is none, or out of its bounds."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    low, high = BOUNDS[name]
    if not low <= value <= high or (name in _WHOLE and value != int(value)):  # NaN is not between them either
        return None
    return int(value) if name in _WHOLE else float(value)


def _sampling(values: dict[str, Any]) -> tuple[Sampling, dict[str, Any]]:
    """What is said of the sampling, and what else stands there."""
    known = {name: within(name, values[name]) for name in BOUNDS if name in values}
    more = {name: value for name, value in values.items() if name not in BOUNDS}
    return msgspec.convert(known, Sampling), more


def _is_deep(value: object) -> bool:
    """Whether it has more than `_DEEPEST` levels."""
    level = [value]
    for _ in range(_DEEPEST):
        inner: list[object] = []
        for one in level:
            if isinstance(one, dict):
                inner += one.values()
            elif isinstance(one, list):
                inner += one
        level = inner
    return bool(level)


def _converted(value: object, kind: type[T]) -> T | None:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return None
