"""Reads requirements/*.lock (pip-compile form) far enough to split one package off and to name versions."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)")
_HASH = re.compile(r"--hash=(sha256:[0-9a-f]{64})")


@dataclass(frozen=True)
class Pin:
    """One locked package: its normalised name, its version, the hashes of its files, and its text in the lock."""

    name: str
    version: str
    hashes: tuple[str, ...]
    text: str


def pins(lock: str) -> list[Pin]:
    """The packages of a lock in its order. Raises ValueError at a line that is no part of a pin."""
    blocks: list[list[str]] = []
    for line in lock.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if line[0].isspace() and blocks:
            blocks[-1].append(line)
        elif _PIN.match(line):
            blocks.append([line])
        else:
            raise ValueError(f"not a locked package: {line!r}")
    found = []
    for block in blocks:
        text = "\n".join(block)
        match = _PIN.match(text)
        assert match
        found.append(Pin(normal(match[1]), match[2], tuple(_HASH.findall(text)), text))
    return found


def normal(name: str) -> str:
    """A package's name as the index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pin_of(lock: str, name: str) -> Pin:
    """The pin of one package. Raises KeyError."""
    for pin in pins(lock):
        if pin.name == normal(name):
            return pin
    raise KeyError(name)


def without(lock: str, name: str) -> str:
    """The lock's text less one package."""
    return "\n".join(pin.text for pin in pins(lock) if pin.name != normal(name)) + "\n"
