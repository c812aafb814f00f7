"""Named settings for chats: what of a chat's settings a preset holds, and what a chat has beyond it.

Choosing a preset copies it: a chat that was begun with one does not change when the preset does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from mistral_desk.chat import kept_settings
from mistral_desk.chat.message import ConversationSettings
from mistral_desk.chat.row_values import clean
from mistral_desk.core.sampling_bounds import BOUNDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mistral_desk.inference.protocol import Sampling

SAMPLING: Final = tuple(BOUNDS)
THOUGHT: Final = ("think", "think_seconds", "think_tokens", "keep_thinking")
FIELDS: Final = ("system", *SAMPLING, "longest", *THOUGHT, "when_full")
"""What a preset can say, in the order in which it is shown; the names of `ConversationSettings` and `Sampling`."""
LONGEST_NAME: Final = 60
"""Letters of a preset's name at most."""
_FROM_PRESET: Final = ("system", "sampling", "longest", *THOUGHT, "when_full")
"""What of a chat's settings is the preset's once it is chosen."""
_CHATS_OWN: Final = ("model", "preset", "dropped", "summary", "thoughts")


class Preset(msgspec.Struct, frozen=True):
    """A name for settings. `id` 0: not kept yet. `default`: new chats begin with it; at most one is that."""

    id: int
    name: str
    settings: ConversationSettings
    default: bool = False


def value(settings: ConversationSettings, field: str) -> Any:
    """What the settings say of one of `FIELDS`; None, empty or `ask`: nothing of its own."""
    return getattr(settings.sampling if field in SAMPLING else settings, field)


def changed(settings: ConversationSettings, field: str, new: object) -> ConversationSettings:
    """The settings with another value for one of `FIELDS`."""
    if field in SAMPLING:
        sampling = msgspec.structs.replace(settings.sampling, **{field: new})
        return msgspec.structs.replace(settings, sampling=sampling)
    return msgspec.structs.replace(settings, **{field: new})


def own(settings: ConversationSettings) -> tuple[str, ...]:
    """The fields in which the settings are other than what holds by itself."""
    return beyond(settings, ConversationSettings())


def beyond(settings: ConversationSettings, other: ConversationSettings) -> tuple[str, ...]:
    """The fields in which two settings differ, of those that a preset can say."""
    return tuple(field for field in FIELDS if value(settings, field) != value(other, field))


def essence(settings: ConversationSettings) -> ConversationSettings:
    """What of a chat's settings can be another chat's."""
    default = ConversationSettings()
    kept = {name: getattr(default, name) for name in _CHATS_OWN}
    return msgspec.structs.replace(settings, **kept, unknown={})


def applied(settings: ConversationSettings, preset: Preset | None) -> ConversationSettings:
    """A chat's settings after a preset was chosen, None: none. What belongs to the chat alone stays."""
    chosen = preset.settings if preset else ConversationSettings()
    said = {name: getattr(chosen, name) for name in _FROM_PRESET}
    return msgspec.structs.replace(settings, **said, preset=str(preset.id) if preset and preset.id else "")


def chosen(settings: ConversationSettings, presets: Iterable[Preset]) -> Preset | None:
    """The preset that a chat's settings name, while it is there."""
    return next((one for one in presets if str(one.id) == settings.preset), None)


def over(first: Sampling, then: Sampling) -> Sampling:
    """`first`, and `then` where `first` says nothing."""
    said = {name: number for name in SAMPLING if (number := getattr(first, name)) is not None}
    return msgspec.structs.replace(then, **said)


def fitting_name(name: str, taken: Iterable[str]) -> str:
    """A name as it can be kept: on one line, not too long, and not taken (else with a number behind it)."""
    plain = " ".join(clean(name).split())[:LONGEST_NAME].strip() or "Preset"
    names = {one.casefold() for one in taken}
    made, number = plain, 2
    while made.casefold() in names:
        made, number = f"{plain} {number}", number + 1
    return made


def body(preset: Preset) -> str:
    """A preset as the database keeps it beside its name."""
    held = msgspec.json.decode(kept_settings.written(essence(preset.settings)), type=dict[str, Any])
    return msgspec.json.encode({"settings": held, "default": preset.default}).decode("utf-8")


def from_body(key: int, name: str, raw: str) -> Preset:
    """The reverse of `body`; what cannot be read counts as not said."""
    try:
        values = msgspec.json.decode(raw, type=dict[str, Any])
    except (ValueError, RecursionError):
        values = {}
    held = values.get("settings")
    settings = kept_settings.from_values(held) if isinstance(held, dict) else ConversationSettings()
    return Preset(key, name, essence(settings), values.get("default") is True)
