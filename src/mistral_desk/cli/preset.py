"""A preset by its name, for `ask --preset`: read from the history on this computer; asking makes no history."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mistral_desk.chat.history import History
from mistral_desk.core.errors import DeskError

if TYPE_CHECKING:
    from pathlib import Path

    from mistral_desk.chat.message import ConversationSettings
    from mistral_desk.chat.presets import Preset


def preset_named(name: str, history: Path) -> ConversationSettings:
    """What the preset with this name says. Raises `preset.missing`, `preset.none`, and `history.…`."""
    presets = asyncio.run(_all(history)) if history.exists() else ()
    found = next((one for one in presets if one.name.casefold() == name.strip().casefold()), None)
    if found is None:
        if not presets:
            raise DeskError("preset.none", name=name)
        raise DeskError("preset.missing", name=name, names=", ".join(one.name for one in presets))
    return found.settings


async def _all(path: Path) -> tuple[Preset, ...]:
    history, _ = await History.open(path)
    try:
        return await history.presets()
    finally:
        await history.close()
