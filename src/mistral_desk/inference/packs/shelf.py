"""The engines that were added, on the disk: one folder each, for this person alone, beside the choice among them.

An engine gets its name only when it is whole and has passed its test; what lies there unfinished is cleared away.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from typing import TYPE_CHECKING, Final

import msgspec
import psutil

from mistral_desk.core import lasting
from mistral_desk.core.errors import DeskError
from mistral_desk.core.paths import folders
from mistral_desk.inference.packs import manifest, signature, standing
from mistral_desk.inference.packs.manifest import Manifest

if TYPE_CHECKING:
    from pathlib import Path

_ADDING: Final = ".adding-"
_GOING: Final = ".removing-"


class Added(msgspec.Struct, frozen=True):
    """An engine that was added. `known`: somebody whom this program knows has signed it."""

    made: Manifest
    known: bool

    @property
    def name(self) -> str:
        """What it is called."""
        return self.made.name


def listed() -> tuple[Added, ...]:
    """The engines that were added, by name; what cannot be read is left out. It looks, so it blocks."""
    found = []
    try:
        names = sorted(one.name for one in standing.place().iterdir() if not one.name.startswith("."))
    except OSError:
        return ()
    for name in names:
        with contextlib.suppress(DeskError, OSError):
            found.append(get(name))
    return tuple(found)


def get(name: str) -> Added:
    """One engine by its name. Raises `pack.unknown`."""
    folder = standing.place() / name
    try:
        content = (folder / manifest.FILE).read_bytes()
        signed = (folder / manifest.SIGNATURE).read_bytes()
        made = manifest.read(content, name)
        by = signature.signer(content, signed, name)
    except (OSError, DeskError, ValueError) as error:
        raise DeskError("pack.unknown", repr(error), name=name) from error
    if made.name != name:
        raise DeskError("pack.unknown", name=name)
    return Added(made, bool(by) and by in signature.known_keys())


def beside() -> Path:
    """A place for an engine that is being added, after clearing away what an earlier try left unfinished."""
    place = standing.place()
    try:
        folders().ensure()
        place.mkdir(mode=0o700, exist_ok=True)
        for left in place.glob(".*-*-*"):
            process = left.name.split("-")[1]
            if left.name.startswith((_ADDING, _GOING)) and not (process.isdigit() and psutil.pid_exists(int(process))):
                shutil.rmtree(left, ignore_errors=True)
    except OSError as error:
        raise DeskError("pack.not_kept", path=str(place), reason=error.strerror or str(error)) from error
    return _unused(_ADDING)


def keep(folder: Path, made: Manifest) -> None:
    """Give an engine that passed its test its name, in one step. Raises `pack.there`, `pack.not_kept`."""
    target = standing.place() / made.name
    if target.exists() or made.name == standing.BUILTIN:  # a rename onto an empty folder would succeed
        raise DeskError("pack.there", name=made.name)
    try:
        folder.rename(target)
        lasting.sync_folder(target.parent)
    except OSError as error:
        raise DeskError("pack.not_kept", path=str(target), reason=error.strerror or str(error)) from error


def clear(folder: Path) -> None:
    """An engine that did not pass leaves nothing."""
    shutil.rmtree(folder, ignore_errors=True)


def remove(name: str) -> None:
    """Delete an engine that is not in use. Raises `pack.builtin`, `pack.unknown`, `pack.in_use`, `pack.not_kept`."""
    if name == standing.BUILTIN:
        raise DeskError("pack.builtin")
    get(name)
    if standing.read().current == name:
        raise DeskError("pack.in_use", name=name)
    going = _unused(_GOING)
    try:
        (standing.place() / name).rename(going)
    except OSError as error:  # Windows: a process still has its libraries open
        path = str(standing.place() / name)
        raise DeskError("pack.not_kept", path=path, reason=error.strerror or str(error)) from error
    standing.forget(name)
    shutil.rmtree(going, ignore_errors=True)


def _unused(kind: str) -> Path:
    return standing.place() / f"{kind}{os.getpid()}-{uuid.uuid4().hex[:8]}"
