"""Builds llama-cpp-python once as a portable CPU wheel and keeps it in the person's cache folder.

The stock build is tuned to the computer that compiles it and dies on an older one; compiling takes minutes, so the
result is kept by everything that decides it. Nothing of an interrupted build is ever found by a later one.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import sys
import sysconfig
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tools.dev.steps import Failed, duration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tools.dev.locks import Pin
    from tools.dev.steps import Steps

PACKAGE = "llama-cpp-python"

# Portable: no instruction that only this computer has. OpenMP: without it the threads collapse. Video: it would run
# ffmpeg from PATH. The rest is named so that no library found by chance decides what the build is.
FLAGS: dict[str, str] = {
    "GGML_NATIVE": "OFF",
    "GGML_OPENMP": "ON",
    "MTMD_VIDEO": "OFF",
}
if sys.platform == "darwin":
    FLAGS |= {"GGML_METAL": "OFF"}  # a CPU build, as on the other systems; the installers bring the GPU

# The compiler and its switches decide the result too.
_FROM_ENVIRONMENT = ("CC", "CXX", "CFLAGS", "CXXFLAGS", "LDFLAGS")
# These would change the build behind the key's back.
_DROPPED = ("CMAKE_ARGS", "SKBUILD_", "CMAKE_GENERATOR", "GGML_", "FORCE_CMAKE")

_NINJA = re.compile(r"^\s*\[(\d+)/(\d+)\]")


@dataclass(frozen=True)
class Key:
    """Everything that decides the wheel. The Python does not: the wheel holds plain C libraries (`py3-none`)."""

    version: str
    source: tuple[str, ...]
    flags: tuple[tuple[str, str], ...]
    platform: str
    libc: str

    @property
    def name(self) -> str:
        """A folder name: readable first, then a digest of all parts."""
        parts = json.dumps([self.version, self.source, self.flags, self.platform, self.libc])
        digest = hashlib.sha256(parts.encode()).hexdigest()[:12]
        return "-".join(filter(None, [PACKAGE, self.version, self.platform, self.libc, digest]))


def key_for(pin: Pin, environment: Mapping[str, str] = os.environ) -> Key:
    """The key of the wheel that this computer needs for the locked version."""
    asked = tuple((name, environment[name]) for name in _FROM_ENVIRONMENT if environment.get(name))
    libc = "".join(platform.libc_ver()) if sys.platform.startswith("linux") else ""
    return Key(pin.version, pin.hashes, (*sorted(FLAGS.items()), *asked), sysconfig.get_platform(), libc)


def cache_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where built wheels are kept; `MISTRAL_DESK_BUILD_CACHE` names another place."""
    if chosen := environment.get("MISTRAL_DESK_BUILD_CACHE"):
        return Path(chosen).expanduser().absolute()
    if sys.platform == "win32":
        top = Path(environment.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
        return top / "mistral-desk" / "Cache" / "wheels"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "mistral-desk" / "wheels"
    return Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mistral-desk" / "wheels"


def digest_of(file: Path) -> str:
    """SHA-256 of a file."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def kept(key: Key, cache: Path) -> Path | None:
    """The wheel built earlier for this key, if it is there and is still what was written."""
    folder = cache / key.name
    try:
        record = json.loads((folder / "build.json").read_text(encoding="utf-8"))
        wheel = folder / str(record["wheel"])
        whole = digest_of(wheel) == record["sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return wheel if whole else None


def keep(wheel: Path, key: Key, cache: Path, seconds: float) -> Path:
    """Move a finished wheel into the cache in one step and return its place there.

    `wheel` must be alone in its folder, on the cache's file system.
    """
    folder = wheel.parent
    record = {"wheel": wheel.name, "sha256": digest_of(wheel), "flags": dict(key.flags), "seconds": round(seconds, 1)}
    (folder / "build.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    goal = cache / key.name
    if goal.exists():  # damaged, or just built by another process: either way ours is whole
        aside = Path(tempfile.mkdtemp(prefix=".old-", dir=cache))
        goal.replace(aside / "old")
        shutil.rmtree(aside, ignore_errors=True)
    folder.replace(goal)
    return goal / wheel.name


def build(pin: Pin, key: Key, cache: Path, python: Path, steps: Steps) -> Path:
    """Compile the wheel with `python`, whose environment has the build tools, and keep it. Raises `Failed`."""
    cache.mkdir(parents=True, exist_ok=True)
    _sweep(cache)
    with tempfile.TemporaryDirectory(prefix=".building-", dir=cache, ignore_cleanup_errors=True) as name:
        work = Path(name)
        done = work / "wheel"
        done.mkdir()
        asked = work / "engine.txt"
        asked.write_text(pin.text + "\n", encoding="utf-8")
        command = [str(python), "-m", "pip", "wheel", "-v", "--no-deps", "--no-build-isolation", "--no-cache-dir"]
        command += ["--no-binary", PACKAGE, "--require-hashes", "-r", str(asked), "-w", str(done)]
        watch = _Watch(steps)
        with steps.step(f"llama.cpp: compiling {PACKAGE} {pin.version} for any CPU, once (about 4 minutes on 2 cores)"):
            steps.run(command, env=build_environment(python), on_line=watch.line, todo=_TODO)
            if watch.tuned:
                raise Failed(
                    f"the build was tuned to this computer's CPU ({watch.tuned}), which no other may share", _TODO
                )
            wheels = list(done.glob("*.whl"))
            if len(wheels) != 1:
                raise Failed(f"the build of {PACKAGE} left {len(wheels)} wheels instead of one", _TODO)
            return keep(wheels[0], key, cache, watch.seconds)


_TODO = "Nothing half-built was kept; the same command starts the build anew. The log names the first error."


def build_environment(python: Path, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment for the build: its tools first on PATH, nothing that would change the build unseen."""
    kept_names = {name: value for name, value in environment.items() if not name.upper().startswith(_DROPPED)}
    return kept_names | {
        "PATH": os.pathsep.join([str(python.parent), environment.get("PATH", os.defpath)]),
        # Not pip's --config-settings: pip 23.0, which Debian 12 brings, drops them silently for `-r` files.
        "CMAKE_ARGS": " ".join(f"-D{flag}={value}" for flag, value in FLAGS.items()),
        "CMAKE_BUILD_PARALLEL_LEVEL": str(os.cpu_count() or 1),
        "PYTHONUNBUFFERED": "1",
    }


class _Watch:
    """Turns the build's output into how far it is."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._began = time.monotonic()
        self._compiling = 0.0
        self.tuned = "ggml said nothing about the CPU that it was built for"

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def line(self, text: str) -> None:
        if "Adding CPU backend variant" in text:
            self.tuned = tuned_switches(text)
        if position := ninja_position(text):
            self._compiling = self._compiling or time.monotonic()
            self._steps.progress(progress_words(*position, time.monotonic() - self._compiling))
        elif not self._compiling:
            self._steps.progress(f"preparing, {duration(self.seconds)}")


def tuned_switches(line: str) -> str:
    """The switches in ggml's `-- Adding CPU backend variant …` that a portable build must not have; "" for none."""
    found = re.findall(r"\S*(?:march=native|mcpu=native|mtune=native|avx_?512)[^\s;]*", line, re.IGNORECASE)
    return " ".join(found)


def ninja_position(line: str) -> tuple[int, int] | None:
    """`(done, all)` from ninja's `[12/345] Building …`."""
    match = _NINJA.match(line)
    return (int(match[1]), int(match[2])) if match else None


def progress_words(done: int, total: int, seconds: float) -> str:
    """`41 %, 128 of 312, 1 min 32 s so far, about 2 min 10 s left`."""
    words = f"{100 * done // max(total, 1)} %, {done} of {total}, {duration(seconds)} so far"
    if done >= total:
        return words
    left = seconds * (total - done) / done if done >= total * 0.05 and done else 0.0
    return f"{words}, about {duration(left)} left" if left else words


def _sweep(cache: Path) -> None:
    """Remove what killed builds left more than a day ago."""
    for left in [*cache.glob(".building-*"), *cache.glob(".old-*")]:
        try:
            old = time.time() - left.stat().st_mtime > 86_400
        except OSError:
            continue
        if old:
            shutil.rmtree(left, ignore_errors=True)
