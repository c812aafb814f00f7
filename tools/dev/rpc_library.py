"""Compiles the engine's part for other computers (`ggml-rpc`) by itself, from the locked source, for the engine here.

It is two files and takes seconds. It is no part of a developer's engine: what is not there is not loaded by chance.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tools.dev import engine_wheel
from tools.dev.steps import Failed

if TYPE_CHECKING:
    from tools.dev.locks import Pin
    from tools.dev.steps import Steps

FILE: Final = "libggml-rpc.so"
_SWITCHES: Final = (
    *("-O2", "-std=c++17", "-fPIC", "-shared", "-fvisibility=hidden", "-DNDEBUG"),
    *("-DGGML_BACKEND_DL", "-DGGML_BACKEND_BUILD", "-DGGML_BACKEND_SHARED", "-DGGML_SHARED"),
)
_LINUX: Final = ("-D_GNU_SOURCE", "-Wl,-z,relro,-z,now", "-Wl,--as-needed", "-s")
_SOURCES: Final = ("ggml-rpc.cpp", "transport.cpp")
_TODO: Final = "Nothing half-built was kept; the same command starts anew."


def place(pin: Pin, cache: Path | None = None) -> Path:
    """Where the library is kept for the locked version of the engine."""
    parts = json.dumps([pin.version, pin.hashes, _SWITCHES, sys.platform])
    name = f"ggml-rpc-{pin.version}-{hashlib.sha256(parts.encode()).hexdigest()[:12]}"
    return (cache or engine_wheel.cache_folder()) / name / FILE


def make(pin: Pin, python: Path, steps: Steps) -> Path:
    """The library, compiled where it is not there. Raises `Failed`."""
    done = place(pin)
    if done.is_file():
        return done
    if not sys.platform.startswith("linux"):
        raise Failed("The part for other computers is made on Linux only so far.")
    compiler = os.environ.get("CXX") or shutil.which("g++") or shutil.which("c++")
    if not compiler:
        raise Failed("There is no C++ compiler.", "On Debian: apt install g++")
    done.parent.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".building-", dir=done.parent.parent) as name:
        work = Path(name)
        with steps.step("llama.cpp's part for other computers: compiling it, once (seconds)"):
            ggml = _source(pin, work, python, steps) / "vendor" / "llama.cpp" / "ggml"
            sources = [str(ggml / "src" / "ggml-rpc" / source) for source in _SOURCES]
            made = work / "made" / FILE
            made.parent.mkdir()
            include = [f"-I{ggml / 'include'}", f"-I{ggml / 'src'}", f"-ffile-prefix-map={work}=."]
            engine = next(python.parent.parent.glob("lib/python3*/site-packages/llama_cpp/lib"))
            link = [f"-L{engine}", "-l:libggml-base.so.0", "-Wl,-rpath,$ORIGIN"]
            steps.run([compiler, *_SWITCHES, *_LINUX, *include, "-o", str(made), *sources, *link], todo=_TODO)
        made.parent.replace(done.parent)
    return done


def _source(pin: Pin, work: Path, python: Path, steps: Steps) -> Path:
    """The locked archive, checked against the lock's hash, unpacked as far as it is needed."""
    asked = work / "engine.txt"
    asked.write_text(pin.text + "\n", encoding="utf-8")
    command = [str(python), "-m", "pip", "download", "--no-deps", "--no-build-isolation", "--no-binary", ":all:"]
    steps.run([*command, "--require-hashes", "-r", str(asked), "-d", str(work)], todo=_TODO)
    with tarfile.open(next(work.glob("*.tar.gz"))) as archive:
        wanted = [one for one in archive if "/vendor/llama.cpp/ggml/" in one.name]
        archive.extractall(work / "unpacked", wanted, filter="data")
    return next((work / "unpacked").iterdir())
