"""Loads ggml's backends from the engine's own folder, where a build has them as files: one for each kind of processor.

llama.cpp by itself would look beside the executable and in the current folder, where anybody may have put one.
"""

from __future__ import annotations

import _ctypes
import ctypes
import os
import sys
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Find = Callable[[str], Any]
    """Gives a function of ggml's by its name, None where the build has none."""

GRAPHICS: Final = ("cuda", "hip", "metal", "vulkan")
"""What computes beside the processor, in ggml's own order. `rpc` is not among them: it would listen to others."""
_PREFIX: Final = "ggml-" if sys.platform == "win32" else "libggml-"
_SUFFIX: Final = ".dll" if sys.platform == "win32" else ".so"


def load(folder: Path, find: Find, *, graphics: bool = True) -> tuple[str, ...]:
    """Load what this computer can use of the backends in `folder`, the processor's last, and make it the current one.

    Returns what is in use now: `vulkan`, `cpu-zen4`. A build that has its backends inside needs nothing, and is named
    as ggml names its parts: `cpu`. Raises `RuntimeError` where no backend is for this processor.
    """
    os.chdir(folder)  # a driver may look for something by a bare name: not where the person happens to be
    if inside := _registered(find):
        return inside
    there = [file for kind in GRAPHICS if graphics and (file := folder / f"{_PREFIX}{kind}{_SUFFIX}").is_file()]
    used = [file for file in there if _take(find, file)]
    processor = best(folder)
    if processor is None or not _take(find, processor):
        raise RuntimeError(f"no backend in {folder} is for this processor")
    return tuple(file.name.removeprefix(_PREFIX).removesuffix(_SUFFIX) for file in (*used, processor))


def best(folder: Path) -> Path | None:
    """The backend for this processor: of those that say that they run here, the one that uses most of it."""
    scores = {file: score(file) for file in sorted(folder.glob(f"{_PREFIX}cpu-*{_SUFFIX}"))}
    found = max(scores, key=scores.__getitem__, default=None)
    if found is not None and scores[found] > 0:
        return found
    plain = folder / f"{_PREFIX}cpu{_SUFFIX}"
    return plain if plain.is_file() else None


def score(file: Path) -> int:
    """What a backend says of itself: 0 where it would not run on this processor, more for each thing that it uses.

    As in `ggml_backend_load_best`: the question is answered by code that every processor runs.
    """
    try:
        library = ctypes.CDLL(str(file))
    except OSError:
        return 0
    try:
        ask = getattr(library, "ggml_backend_score", None)
        return int(ask()) if ask else 0
    finally:
        _close(library)


def _take(find: Find, file: Path) -> bool:
    """Hand one file to ggml; False where it does not load (the loader of drivers is missing) or finds no device."""
    load, count = find("ggml_backend_load"), find("ggml_backend_reg_dev_count")
    if load is None or count is None:
        return False
    load.argtypes, load.restype = [ctypes.c_char_p], ctypes.c_void_p
    count.argtypes, count.restype = [ctypes.c_void_p], ctypes.c_size_t
    # Relative to the current folder, which is the file's: on Windows ggml reads this text in the system's code page,
    # and a person's folder may have a name that it lacks.
    registered = load(os.fsencode(os.path.join(os.curdir, file.name)))  # noqa: PTH118 Path would drop the dot
    return bool(registered and count(registered))


def _registered(find: Find) -> tuple[str, ...]:
    """The names of the backends that ggml has already, in small letters."""
    count, get, name = (find(f"ggml_backend_reg_{word}") for word in ("count", "get", "name"))
    if not (count and get and name):
        return ()
    count.restype = ctypes.c_size_t
    get.argtypes, get.restype = [ctypes.c_size_t], ctypes.c_void_p
    name.argtypes, name.restype = [ctypes.c_void_p], ctypes.c_char_p
    return tuple((name(get(index)) or b"").decode("utf-8", "replace").lower() for index in range(count()))


def _close(library: ctypes.CDLL) -> None:
    """Let go of a library that was only asked; ctypes itself never does."""
    if sys.platform == "win32":
        _ctypes.FreeLibrary(library._handle)  # noqa: SLF001 there is no other way
    else:
        _ctypes.dlclose(library._handle)  # noqa: SLF001 there is no other way
