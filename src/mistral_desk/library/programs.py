"""Where other programs of this computer keep their models: Hugging Face's cache, llama.cpp, LM Studio, Ollama.

Each place is looked up the way its program does it, and nothing is written there. The rules were read in the programs'
sources and documentation in 2026:

- Hugging Face: HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, HF_HOME/hub, XDG_CACHE_HOME/huggingface/hub,
  ~/.cache/huggingface/hub, on every system.
- llama.cpp: LLAMA_CACHE; before it used Hugging Face's cache: llama.cpp in the system's cache folder.
- LM Studio: its home is named in ~/.lmstudio-home-pointer, else ~/.lmstudio, once ~/.cache/lm-studio; the models folder
  can be moved (`downloadsFolder` in settings.json).
- Ollama: OLLAMA_MODELS, OLLAMA_HOME/models, ~/.ollama/models; as a service on Linux the home of its user.
"""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import msgspec

from mistral_desk.library import disk

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

System: TypeAlias = Literal["linux", "darwin", "win32"]
Program: TypeAlias = Literal["huggingface", "llamacpp", "lmstudio", "ollama"]

NAMES: Final[dict[Program, str]] = {
    "huggingface": "Hugging Face",
    "llamacpp": "llama.cpp",
    "lmstudio": "LM Studio",
    "ollama": "Ollama",
}
_SMALL: Final = 1 << 20
"""Settings and manifests are smaller."""


def _system() -> System:
    return "win32" if sys.platform == "win32" else "darwin" if sys.platform == "darwin" else "linux"


def _home() -> Path:
    return Path.home()


@dataclass(frozen=True)
class Computer:
    """What the places depend on. `root` is where a Linux service's folders are looked for."""

    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    home: Path = field(default_factory=_home)
    system: System = field(default_factory=_system)
    root: Path = Path("/")

    def named(self, variable: str, *below: str) -> Path | None:
        """The folder that a variable names, or one below it."""
        value = self.environment.get(variable, "").strip().strip("\"'")
        if not value or "\0" in value:
            return None
        path = Path(value)
        if value.startswith("~"):
            path = self.home / value[1:].lstrip("/\\")
        return path.joinpath(*below) if path.is_absolute() else None

    @property
    def cache(self) -> Path:
        """Where this system keeps caches, as llama.cpp has it."""
        if self.system == "win32":
            return self.named("LOCALAPPDATA") or self.home / "AppData" / "Local"
        if self.system == "darwin":
            return self.home / "Library" / "Caches"
        return self.named("XDG_CACHE_HOME") or self.home / ".cache"


def places(computer: Computer) -> dict[Program, tuple[Path, ...]]:
    """The folders that are there, by program, each once."""
    seen: set[Path] = set()
    found: dict[Program, tuple[Path, ...]] = {}
    for program, candidates in (
        ("huggingface", _huggingface(computer)),
        ("llamacpp", _llamacpp(computer)),
        ("lmstudio", _lmstudio(computer)),
        ("ollama", _ollama(computer)),
    ):
        kept = []
        for folder in candidates:
            with contextlib.suppress(OSError, ValueError):
                real = folder.resolve()
                if real.is_dir() and real not in seen:
                    seen.add(real)
                    kept.append(folder)
        found[program] = tuple(kept)  # type: ignore[index]
    return found


def _there(candidates: Iterable[Path | None]) -> list[Path]:
    return [path for path in candidates if path is not None]


def _huggingface(computer: Computer) -> list[Path]:
    return _there(
        (
            computer.named("HF_HUB_CACHE"),
            computer.named("HUGGINGFACE_HUB_CACHE"),
            computer.named("HF_HOME", "hub"),
            computer.named("XDG_CACHE_HOME", "huggingface", "hub"),
            computer.home / ".cache" / "huggingface" / "hub",
        )
    )


def _llamacpp(computer: Computer) -> list[Path]:
    return _there((computer.named("LLAMA_CACHE"), computer.cache / "llama.cpp"))


def _lmstudio(computer: Computer) -> list[Path]:
    homes = [computer.home / ".lmstudio", computer.home / ".cache" / "lm-studio"]
    with contextlib.suppress(OSError, ValueError):
        pointed = Path((computer.home / ".lmstudio-home-pointer").read_text("utf-8", "replace")[:4096].strip())
        if pointed.is_absolute():
            homes.insert(0, pointed)
    older = {
        "win32": (computer.named("APPDATA") or computer.home / "AppData" / "Roaming") / "LM Studio",
        "darwin": computer.home / "Library" / "Application Support" / "LM Studio",
        "linux": computer.home / ".config" / "LM Studio",
    }[computer.system]
    moved = [_moved(folder / "settings.json") for folder in (*homes, older)]
    return _there((*moved, *(home / "models" for home in homes)))


def _moved(settings: Path) -> Path | None:
    """Where LM Studio's settings say that its models are."""
    found = small_object(settings)
    place = found.get("downloadsFolder") if found else None
    if not isinstance(place, str) or "\0" in place:
        return None
    path = Path(place)
    return path if path.is_absolute() else None


def _ollama(computer: Computer) -> list[Path]:
    service = ("usr/share/ollama/.ollama/models", "var/lib/ollama/.ollama/models", "var/lib/ollama/models")
    return _there(
        (
            computer.named("OLLAMA_MODELS"),
            computer.named("OLLAMA_HOME", "models"),
            computer.home / ".ollama" / "models",
            *((computer.root / place for place in service) if computer.system == "linux" else ()),
        )
    )


def small_object(path: Path) -> dict[str, Any] | None:
    """A small JSON object of somebody else's; None where there is none that can be read."""
    try:
        with open(path, "rb", opener=disk.opened) as file:
            content = file.read(_SMALL + 1)
        found = msgspec.json.decode(content) if len(content) <= _SMALL else None
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
