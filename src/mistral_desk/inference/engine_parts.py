"""What a person calls the parts of the engine that are in use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mistral_desk.core.words import tr

if TYPE_CHECKING:
    from collections.abc import Sequence

_NAMES: Final = {"cuda": "CUDA", "hip": "HIP", "metal": "Metal", "vulkan": "Vulkan"}


def in_short(backends: Sequence[str]) -> str:
    """The parts that a worker named, in one line: `Vulkan, processor (zen4)`; empty where it named none."""
    return ", ".join(_in_words(name) for name in backends)


def _in_words(name: str) -> str:
    kind, _, variant = name.partition("-")
    if kind != "cpu":
        return _NAMES.get(name, name)
    return tr("processor ({variant})", variant=variant) if variant else tr("processor")
