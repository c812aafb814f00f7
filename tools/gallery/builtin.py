"""The Guide as its files are: pictures tell the sizes that everybody has, and no others."""

from __future__ import annotations

from typing import Final

from mistral_desk.core.paths import resource

_FILE: Final = resource("model", "guide.gguf")
BYTES: Final = _FILE.stat().st_size
EYES_BYTES: Final = _FILE.with_name("guide-mmproj.gguf").stat().st_size
