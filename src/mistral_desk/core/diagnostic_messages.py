"""What is said where a diagnostic report cannot be saved; `core.messages` says how to add one."""

from __future__ import annotations

from typing import Final

from mistral_desk.core.message_text import Text

DIAGNOSTIC: Final[dict[str, Text]] = {
    "diagnostic.not_saved": Text(
        "The diagnostic report was not saved",
        "The file {path} cannot be written ({reason}).",
        "Choose another folder, or make room on this disk.",
    ),
}
