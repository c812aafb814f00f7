"""Puts the files of a hub's repository in order: quantizations with their parts together, projectors apart.

Names follow habits, not rules; what none of them fits stays among the other files. Nothing here makes a connection.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SHARD: Final = re.compile(r"(?P<stem>.*)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf", re.IGNORECASE | re.DOTALL)
"""How llama.cpp names the parts of a split model."""
QUANTIZATION: Final = re.compile(
    r"(?<![A-Za-z0-9])("
    r"(?:UD-)?(?:I?Q\d+(?:_[A-Z0-9]{1,3}){0,3}|TQ\d_\d|MXFP\d+(?:_MOE)?|NVFP4|(?:BF|FP|F)(?:16|32|8))"
    r")(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_PROJECTOR: Final = "mmproj"
_NO_MODEL: Final = ("imatrix", "vocab-only", "lora")
_MOST_PARTS: Final = 4096
_LONGEST: Final = 512


class RemoteFile(msgspec.Struct, frozen=True):
    """A file of a repository; its size in bytes, and its SHA-256 where the hub names one."""

    path: str
    size: int
    sha256: str | None = None

    @property
    def name(self) -> str:
        """The path without its folders."""
        return self.path.rpartition("/")[2]


class Variant(msgspec.Struct, frozen=True):
    """A model that can be downloaded: one quantization, of one file or of several in their order.

    `quantization` is read from the file's name, empty where it has none; not `complete` are parts of which some lack.
    """

    name: str
    quantization: str
    files: tuple[RemoteFile, ...]
    bytes: int
    complete: bool = True

    @property
    def shards(self) -> int:
        """Of how many files it is made."""
        return len(self.files)


class Listing(msgspec.Struct, frozen=True):
    """The files of a repository at one commit, `revision`. `proven`: its projector was chosen by what headers say."""

    repository: str
    revision: str
    quantizations: tuple[Variant, ...]
    projectors: tuple[RemoteFile, ...]
    other: tuple[RemoteFile, ...]
    proven: bool = False

    @property
    def likely(self) -> tuple[RemoteFile, ...]:
        """The projectors, the one to take first: half precision is what encoders are made for."""
        order = ("f16", "bf16", "q8_0", "f32")

        def rank(file: RemoteFile) -> tuple[int, str]:
            name = file.name.lower()
            found = next((n for n, kind in enumerate(order) if re.search(rf"(?<![a-z0-9]){kind}", name)), len(order))
            return found, name

        return tuple(sorted(self.projectors, key=rank))

    @property
    def projector(self) -> RemoteFile | None:
        """The projector to take: by its name alone, unless the listing is `proven`; None where there is none."""
        return next(iter(self.likely), None)

    def with_projector(self, chosen: RemoteFile | None) -> Listing:
        """The same, proven: this projector and no other."""
        rest = tuple(file for file in self.projectors if file != chosen)
        kept = (chosen,) if chosen else ()
        return msgspec.structs.replace(self, projectors=kept, other=(*self.other, *rest), proven=True)


def plain_path(path: object) -> str | None:
    """A path as it may become part of an address and of a file's name; None for any other."""
    if not isinstance(path, str) or not 0 < len(path) <= _LONGEST or not path.isprintable():
        return None
    parts = path.split("/")
    if any(part in {"", ".", ".."} or part != part.strip() for part in parts) or re.search(r'[\\:*?"<>|]', path):
        return None
    return path


def quantization_of(path: str) -> str:
    """The quantization that a file's name (else its folder's) speaks of; empty where none does."""
    folder, _, name = path.rpartition("/")
    split = SHARD.fullmatch(name)
    for text in (split["stem"] if split else name.removesuffix(".gguf"), folder.rpartition("/")[2]):
        found: list[str] = QUANTIZATION.findall(text)
        if found:
            return found[-1].upper()
    return ""


def arranged(repository: str, revision: str, files: Iterable[RemoteFile]) -> Listing:
    """The files in order: smallest quantization first."""
    single: list[RemoteFile] = []
    parts: defaultdict[tuple[str, int], dict[int, RemoteFile]] = defaultdict(dict)
    projectors: list[RemoteFile] = []
    other: list[RemoteFile] = []
    for file in sorted(files, key=lambda file: file.path):
        lower = file.name.lower()
        split = SHARD.fullmatch(file.path)
        if not lower.endswith(".gguf") or any(word in lower for word in _NO_MODEL):
            other.append(file)
        elif _PROJECTOR in lower:
            projectors.append(file)
        elif split and 0 < int(split["count"]) <= _MOST_PARTS and 0 < int(split["number"]) <= int(split["count"]):
            parts[split["stem"], int(split["count"])][int(split["number"])] = file
        else:
            single.append(file)
    groups: list[tuple[tuple[RemoteFile, ...], bool]] = [((file,), True) for file in single]
    groups += [
        (tuple(found[number] for number in sorted(found)), len(found) == count) for (_, count), found in parts.items()
    ]
    return Listing(repository, revision, _named(groups), tuple(projectors), tuple(other))


def _named(groups: list[tuple[tuple[RemoteFile, ...], bool]]) -> tuple[Variant, ...]:
    """Named by their quantization where only one has it, else by their file; every name is there once."""
    count: defaultdict[str, int] = defaultdict(int)
    for files, _ in groups:
        count[quantization_of(files[0].path)] += 1
    found: list[Variant] = []
    names: set[str] = set()
    for files, complete in groups:
        quantization = quantization_of(files[0].path)
        name = quantization if quantization and count[quantization] == 1 else _stem(files[0].path)
        if name in names:  # one file, and the same in parts: the whole first file's name tells them apart
            name = files[0].path
        names.add(name)
        found.append(Variant(name, quantization, files, sum(file.size for file in files), complete))
    return tuple(sorted(found, key=lambda one: (one.bytes, one.name)))


def _stem(path: str) -> str:
    split = SHARD.fullmatch(path)
    return split["stem"] if split else path[: -len(".gguf")]


def tree_file(entry: Mapping[str, object]) -> RemoteFile | None:
    """A file of the hub's listing; None for a folder, and for what makes no sense."""
    path, size, stored = plain_path(entry.get("path")), entry.get("size"), entry.get("lfs")
    if path is None or entry.get("type") not in ("file", None):
        return None
    sha256 = None
    if isinstance(stored, dict):
        oid = stored.get("oid")
        sha256 = oid.lower() if isinstance(oid, str) and re.fullmatch(r"[0-9a-fA-F]{64}", oid) else None
        size = stored.get("size", size)
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size < 1 << 50:
        return None
    return RemoteFile(path, size, sha256)
