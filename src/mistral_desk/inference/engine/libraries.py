"""Which files llama.cpp is made of in this process: those that come along, or an engine's that a person added.

The binding and the system's loader would each look for themselves, and two engines in one process are none: so all of
an added engine is loaded here first, by its paths, and what asks for one of its parts by name gets that.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import sys
from pathlib import Path
from typing import Final

from mistral_desk.inference.packs.told import VARIABLE

_BINDING: Final = ("LLAMA_CPP_LIB_PATH", "MTMD_CPP_LIB")
"""By these environment variables the binding finds its two libraries; a person's own would mix two engines."""
_ORDER: Final = ("gomp", "omp", "ggml-base", "ggml-cpu", "ggml", "llama", "mtmd")
"""Each needs those before it. Parts for one processor or graphics card are `backends`' to choose."""
_FORMS: Final = (
    ("{}.dll", "lib{}.dll")
    if sys.platform == "win32"
    else ("lib{}.so", "lib{}.so.0", "lib{}.so.1", "lib{}.dylib", "lib{}.0.dylib")
)


def added(folder: Path) -> str:
    """What an engine that was added is known by, `NAME 1a2b3c4d`; empty for the one that comes along."""
    if not os.environ.get(VARIABLE):
        return ""
    from mistral_desk.inference.packs import manifest  # noqa: PLC0415 the engine that comes along has none

    content = (folder.parent / manifest.FILE).read_bytes()
    return f"{manifest.read(content, folder.parent.name).name} {manifest.short(content)}"


def _prepare() -> Path:
    """The folder of the libraries, after which the binding finds them there.

    Raises `OSError` where a library does not load.
    """
    told = os.environ.get(VARIABLE, "")
    for name in _BINDING:
        os.environ.pop(name, None)
    if not told:
        return _own()
    folder = Path(told)
    os.environ.update(dict.fromkeys(_BINDING, told))
    if sys.platform == "win32":
        os.add_dll_directory(told)
    for name in _ORDER:
        file = next((file for form in _FORMS if (file := folder / form.format(name)).is_file()), None)
        if file is not None:
            ctypes.CDLL(str(file))
    return folder


def _own() -> Path:
    """The folder in the binding's package, which is not imported for it."""
    found = importlib.util.find_spec("llama_cpp")
    if found is None or not found.origin:
        raise ImportError("llama_cpp is not there", name="llama_cpp")
    return Path(found.origin).resolve().parent / "lib"


FOLDER: Final = _prepare()
"""The folder of the libraries. This module has to be imported before llama_cpp is."""
