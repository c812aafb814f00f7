"""What an engine pack says of itself: its form, its bounds, and whether it is for this computer.

It is read from strangers: every number is bounded, every name is a bare file name, before anything is done by it.
"""

from __future__ import annotations

import hashlib
import platform
import re
import sys
from typing import Annotated, Final, Literal

import msgspec

from mistral_desk.core.errors import DeskError
from mistral_desk.core.words import mark

FORMAT: Final = 1
FILE: Final = "engine.json"
SIGNATURE: Final = "engine.sig"
LIBRARIES: Final = "lib"
"""The folder in a pack, and below an engine's own, that holds the libraries."""
MOST_BYTES: Final = 256 * 1024
"""Of a manifest."""
MOST_FILES: Final = 200
LARGEST: Final = 4 * 2**30
"""Bytes of all files together: CUDA's own libraries take 1 to 2 GB."""
BINDING: Final = "llama-cpp-python"

System = Literal["linux", "windows", "macos"]
Machine = Literal["x86_64", "arm64"]
Kind = Literal["cpu", "vulkan", "cuda", "hip", "metal"]

_FORM: Final = mark("its description is not understood")
_TOO_MUCH: Final = mark("it is larger than an engine can be")
_NAMES: Final = mark("a file in it has a name that it must not have")
_LACKS: Final = mark("it lacks a library that every engine has")
_NEWER: Final = mark("its form is of a newer Mistral Desk")

_SYSTEMS: Final[dict[str, System]] = {"linux": "linux", "win32": "windows", "darwin": "macos"}
_MACHINES: Final = {"amd64": "x86_64", "x86_64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]{0,99}")
_DEVICES: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_ENDINGS: Final = {
    "linux": re.compile(r".+\.so(\.\d+)*|.+\.txt"),
    "windows": re.compile(r".+\.(dll|txt)", re.IGNORECASE),
    "macos": re.compile(r".+\.(dylib|so|metallib|txt)"),
}
_ASKED_FOR: Final = {
    "linux": ({"libllama.so"}, {"libmtmd.so"}),
    "windows": ({"llama.dll", "libllama.dll"}, {"mtmd.dll", "libmtmd.dll"}),
    "macos": ({"libllama.dylib", "libllama.so"}, {"libmtmd.dylib", "libmtmd.so"}),
}
"""The names by which the binding looks for its two libraries; of each group one must be there."""


class Library(msgspec.Struct, frozen=True):
    """One file of a pack: a bare name, its size, its hash in hexadecimal digits."""

    name: str
    bytes: Annotated[int, msgspec.Meta(ge=0, le=LARGEST)]
    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """A pack. `llama_cpp` is the commit it was compiled from, `binding` the version of llama-cpp-python it fits."""

    format: int
    name: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9.+-]{0,39}$")]
    llama_cpp: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{7,40}$")]
    binding: Annotated[str, msgspec.Meta(pattern=r"^[0-9][0-9A-Za-z.+-]{0,30}$")]
    system: System
    machine: Machine
    kind: Kind
    files: Annotated[tuple[Library, ...], msgspec.Meta(min_length=1, max_length=MOST_FILES)]

    @property
    def bytes(self) -> int:
        """Of all files."""
        return sum(file.bytes for file in self.files)


def read(content: bytes, name: str) -> Manifest:
    """Understand a manifest; `name` is the pack's file, for the words. Raises `pack.not_a_pack`."""
    if len(content) > MOST_BYTES:
        raise DeskError("pack.not_a_pack", name=name, reason=_TOO_MUCH)
    try:
        form = msgspec.json.decode(content, type=_Form).format
        if form > FORMAT:
            raise DeskError("pack.not_a_pack", name=name, reason=_NEWER)
        made = msgspec.json.decode(content, type=Manifest, strict=True)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise DeskError("pack.not_a_pack", str(error)[:300], name=name, reason=_FORM) from error
    if made.format != FORMAT or not _named(made.name):
        raise DeskError("pack.not_a_pack", name=name, reason=_FORM)
    if made.bytes > LARGEST:
        raise DeskError("pack.not_a_pack", name=name, reason=_TOO_MUCH)
    names = [file.name for file in made.files]
    if len({one.casefold() for one in names}) != len(names) or not all(_allowed(one, made.system) for one in names):
        raise DeskError("pack.not_a_pack", name=name, reason=_NAMES)
    if not all(group & set(names) for group in _ASKED_FOR[made.system]):
        raise DeskError("pack.not_a_pack", name=name, reason=_LACKS)
    return made


def must_fit(made: Manifest) -> None:
    """Raise `pack.not_for_here` where a pack is for another system, processor or version of the binding."""
    wanted, here = (made.system, made.machine, made.binding), (system(), machine(), binding())
    if wanted != here:
        said = [f"{one[0]} ({one[1]}), {BINDING} {one[2]}" for one in (wanted, here)]
        raise DeskError("pack.not_for_here", name=made.name, wanted=said[0], here=said[1])


def system() -> str:
    """What this computer runs."""
    return _SYSTEMS.get(sys.platform, sys.platform)


def machine() -> str:
    """What this computer's processor is called in a manifest."""
    return _MACHINES.get(platform.machine().lower(), platform.machine())


def binding() -> str:
    """The version of llama-cpp-python, whose calls an engine has to understand."""
    from importlib import metadata  # noqa: PLC0415 it takes a moment, and most processes never ask

    try:
        return metadata.version(BINDING)
    except metadata.PackageNotFoundError:
        return "?"


def short(content: bytes) -> str:
    """A few digits that tell one manifest, and so the engine of these very files, from another."""
    return hashlib.sha256(content).hexdigest()[:8]


class _Form(msgspec.Struct, frozen=True):
    format: Annotated[int, msgspec.Meta(ge=1, le=10**6)]


def _named(name: str) -> bool:
    """A name that may be a folder on every system, and none of the files that lie beside the folders of engines."""
    odd = ".." in name or name.endswith((".", "\n", ".json", ".part"))
    return not odd and _DEVICES.fullmatch(name) is None


def _allowed(name: str, where: str) -> bool:
    """A bare name of a library or a text, which no system takes for something else."""
    if not _NAME.fullmatch(name) or name.endswith(".") or _DEVICES.fullmatch(name):
        return False
    return _ENDINGS[where].fullmatch(name) is not None
