"""Packages of a newer Debian unpacked beside: the tools that the graphics backend is compiled with, pinned by hash.

They come through the sources that this computer's apt has, so whatever mirror it is set up with serves them; nothing is
installed. Debian 12's own headers are too old for the engine's Vulkan backend.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tools.dev.engine_wheel import digest_of
from tools.dev.steps import Failed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tools.dev.steps import Steps

SOURCES = (Path("/etc/apt/sources.list"), Path("/etc/apt/sources.list.d"))
KEYS = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_TODO = "By hand: put the .deb files that installer/llama/recipe.json names into the folder above."


@dataclass(frozen=True)
class Pins:
    """What is taken: `decides` by exact version and SHA-256; what it only needs to run, whatever the suite has now."""

    suite: str
    decides: Mapping[str, tuple[str, str]]
    carries: Sequence[str]


def mirror(texts: Iterable[str]) -> str:
    """The first address of a Debian archive in the texts of apt's lists, in either of their forms; "" for none."""
    for text in texts:
        for line in text.splitlines():
            one = re.match(r"^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\w+)", line) or re.match(r"^URIs:\s*(\S+)", line)
            if one and re.search(r"/debian/?$", one[1]):
                return one[1].rstrip("/")
    return ""


def mirror_here() -> str:
    """The Debian archive that this computer's apt has; "" for none."""
    files = [file for place in SOURCES for file in ([place] if place.is_file() else sorted(place.glob("*")))]
    return mirror(file.read_text(encoding="utf-8", errors="replace") for file in files if file.is_file())


def unpacked(pins: Pins, keep: Path, steps: Steps) -> Path:
    """A folder with the packages unpacked as on a disk's root; downloads and result are kept in `keep`.

    Raises `Failed` where this is no Debian, or its archive has other files under these names.
    """
    root = keep / "root"
    mark = "\n".join(f"{name} {version} {sha}" for name, (version, sha) in pins.decides.items())
    if (root / ".whole").is_file() and (root / ".whole").read_text(encoding="utf-8") == mark:
        return root
    keep.mkdir(parents=True, exist_ok=True)
    with steps.step(f"Tools for the graphics backend, from Debian {pins.suite}, unpacked beside"):
        wanted = [name for name, (_, sha) in pins.decides.items() if not _there(keep, name, sha)]
        wanted += [name for name in pins.carries if not list(keep.glob(f"{name}_*.deb"))]
        if wanted:
            _download(pins, wanted, keep, steps)
        for name, (version, sha) in pins.decides.items():
            if not _there(keep, name, sha):
                raise Failed(f"{keep}: the file of {name} {version} is not the one that the recipe names.", _TODO)
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir()
        for file in sorted(keep.glob("*.deb")):
            steps.run(["dpkg", "-x", str(file), str(root)], todo=_TODO)
    (root / ".whole").write_text(mark, encoding="utf-8")
    return root


def _there(keep: Path, name: str, sha: str) -> bool:
    return any(digest_of(file) == sha for file in keep.glob(f"{name}_*.deb"))


def _download(pins: Pins, wanted: Sequence[str], keep: Path, steps: Steps) -> None:
    address = mirror_here()
    if not address or not KEYS.is_file():
        raise Failed("Only Debian has the tools for the graphics backend under these names.", _TODO)
    apt = keep / "apt"
    for part in ("lists/partial", "cache/archives/partial"):
        (apt / part).mkdir(parents=True, exist_ok=True)
    source = apt / "list"
    source.write_text(f"deb [signed-by={KEYS}] {address} {pins.suite} main\n", encoding="utf-8")
    options = [f"Dir::Etc::SourceList={source}", "Dir::Etc::SourceParts=/dev/null", f"Dir::State::Lists={apt}/lists"]
    options += [f"Dir::Cache={apt}/cache", "APT::Sandbox::User=root", "Acquire::Languages=none"]
    command = ["apt-get", *(part for option in options for part in ("-o", option))]
    steps.run([*command, "update"], todo=_TODO)
    names = [f"{name}={pins.decides[name][0]}" if name in pins.decides else name for name in wanted]
    steps.run([*command, "download", *names], cwd=keep, todo=_TODO)
    shutil.rmtree(apt, ignore_errors=True)


def wrapper(root: Path, name: str, target: Path) -> Path:
    """A script at `target` that runs a program of `root` with the libraries that lie there."""
    loader = next(iter(sorted(root.glob("usr/lib*/ld-linux-*.so.*"))), None)
    library = root / "usr" / "lib" / "x86_64-linux-gnu"
    if loader is None or not library.is_dir():
        raise Failed(f"{root} has no C library for this kind of computer.")
    target.write_text(
        f'#!/bin/sh\nexec "{loader}" --library-path "{library}" "{root}/usr/bin/{name}" "$@"\n', encoding="utf-8"
    )
    target.chmod(0o755)
    return target
