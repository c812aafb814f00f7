"""What Mistral Desk is made of and under which licences: read from what is installed, so that no list goes stale."""

from __future__ import annotations

import importlib.metadata
import platform
import re
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mistral_desk.core.errors import DeskError
from mistral_desk.core.paths import resource

OURS: Final = "mistral-desk"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_TEXTS: Final = re.compile(r"(^|/)(licen[cs]e|copying|notice)[^/]*$", re.IGNORECASE)
_OURS_TO_CARRY: Final = {
    "Inter": ("fonts/OFL-Inter.txt",),
    "JetBrains Mono": ("fonts/OFL-JetBrainsMono.txt",),
    "latex2mathml": ("licenses/latex2mathml.txt",),
    "llama.cpp": ("licenses/llama.cpp.txt",),
    "PySide6_Essentials": ("licenses/LGPL-3.0.txt", "licenses/GPL-3.0.txt"),
    "Qt": ("licenses/Qt-third-party.txt", "licenses/LGPL-3.0.txt", "licenses/GPL-3.0.txt"),
    "shiboken6": ("licenses/LGPL-3.0.txt", "licenses/GPL-3.0.txt"),
}
"""Texts that their makers' packages do not bring along, as resources."""
_SYSTEM: Final = ("licenses", "system")
_NAMED: Final = re.compile(r"^License: *(\S+)", re.MULTILINE)
_LONGEST: Final = 200_000


@dataclass(frozen=True)
class Component:
    """One part; `licence` is its short name, empty where its makers give none."""

    name: str
    version: str
    licence: str

    def text(self) -> str:
        """The licence's whole text; empty where the part came without one."""
        try:
            if places := _OURS_TO_CARRY.get(self.name):
                return "\n\n".join(resource(*place.split("/")).read_text(encoding="utf-8") for place in places)
            if self.name == "Python":
                return _python_text()
            if (text := _carried_text(self.name)) is not None:
                return text.read_text(encoding="utf-8", errors="replace")[:_LONGEST]
            return _distribution_text(self.name)
        except (OSError, DeskError, importlib.metadata.PackageNotFoundError):
            return ""


def components() -> tuple[Component, ...]:
    """Every library that comes along, in the order of names, then the engine, Python and the fonts."""
    found: dict[str, Component] = {}
    waiting = list(_needs(OURS))
    while waiting:
        name = _normal(waiting.pop())
        if name in found:
            continue
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # for another system, or not bundled
        shown = distribution.name or name
        found[name] = Component(shown, distribution.version, licence_of(distribution))
        waiting += _needs(name)
    libraries = sorted(found.values(), key=lambda one: one.name.casefold())
    qt = found["pyside6-essentials"].version if "pyside6-essentials" in found else ""
    others = (
        Component("Qt", qt, "LGPL-3.0-only, and others for what is in it"),
        Component("llama.cpp", "", "MIT"),
        Component("Python", platform.python_version(), "PSF-2.0"),
        Component("Inter", "", "OFL-1.1"),
        Component("JetBrains Mono", "", "OFL-1.1"),
    )
    return (*libraries, *others, *_of_the_system())


def _of_the_system() -> tuple[Component, ...]:
    """Libraries of the building system that an installed program brings along; `licenses/system` holds their texts."""
    try:
        texts = sorted(resource(*_SYSTEM).glob("*.txt"))
    except DeskError:
        return ()
    return tuple(Component(text.stem, "", _first_licence(text)) for text in texts)


def _carried_text(name: str) -> Path | None:
    try:
        return resource(*_SYSTEM, f"{name}.txt")
    except DeskError:
        return None


def _first_licence(text: Path) -> str:
    """The licence that Debian's description of a package names first; some only have it as running text."""
    found = _NAMED.search(text.read_text(encoding="utf-8", errors="replace"))
    return found[1] if found else ""


def _needs(name: str) -> list[str]:
    try:
        lines = importlib.metadata.distribution(name).requires or []
    except importlib.metadata.PackageNotFoundError:
        return []
    plain = [line for line in lines if not re.search(r";.*\bextra\s*==", line)]
    return [match[0] for line in plain if (match := _NAME.match(line))]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def licence_of(distribution: importlib.metadata.Distribution) -> str:
    """A package's licence as its makers name it; empty where they do not, or put a whole text there."""
    meta = distribution.metadata
    expression = meta["License-Expression"] if "License-Expression" in meta else ""  # noqa: SIM401 - typed without get
    if not expression:
        expression = meta["License"].strip() if "License" in meta else ""
        if "\n" in expression or len(expression) > 80:  # some put the whole text there
            expression = ""
    if not expression:
        kinds = [line for line in meta.get_all("Classifier") or () if line.startswith("License ::")]
        expression = ", ".join(line.rpartition("::")[2].strip() for line in kinds)
    return expression


def _distribution_text(name: str) -> str:
    files = importlib.metadata.distribution(name).files or []
    texts = [file for file in files if _TEXTS.search(str(file)) and ".dist-info" in str(file)]
    parts = [Path(str(file.locate())).read_text(encoding="utf-8", errors="replace") for file in texts]
    return "\n\n".join(parts)[:_LONGEST]


def _python_text() -> str:
    for place in (Path(sysconfig.get_path("stdlib")) / "LICENSE.txt", Path(sys.base_prefix) / "LICENSE.txt"):
        if place.is_file():
            return place.read_text(encoding="utf-8", errors="replace")[:_LONGEST]
    return ""
