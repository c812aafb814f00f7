"""The one import of llama.cpp, and the few native things its Python binding lacks: devices, log, abort flag.

Everything here is safe to call before any model is loaded. Import it only in the worker process.
"""

from __future__ import annotations

import collections
import ctypes
import os
import re
import sys
import time
from typing import TYPE_CHECKING, Any, Final, Literal

from mistral_desk.inference.engine import libraries
from mistral_desk.inference.engine.libraries import FOLDER

os.environ.setdefault("GGML_NO_BACKTRACE", "1")  # an abort would otherwise start a debugger

import llama_cpp
import llama_cpp.llama_cpp as lib
import llama_cpp.mtmd_cpp as mtmd

from mistral_desk.inference.device import Device
from mistral_desk.inference.engine import backends

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["AbortFlag", "Log", "devices", "file_name", "ggml", "lib", "mtmd", "start", "system", "version"]

NO_GRAPHICS: Final = "MISTRAL_DESK_NO_GRAPHICS"
"""An environment variable: a worker that finds it computes with the processor alone, and loads no driver."""

_WARNING: Final = 3
_CONTINUED: Final = 5
"""ggml's log levels: 1 debug, 2 info, 3 warning, 4 error, 5 continues the line before."""
_MEMORY: Final = (b"buffer size = ", b"model size: ")
"""What is in a line that tells where something was put; a projector's weights have no buffer size."""

_DEVICE_KINDS: Final[dict[int, Literal["cpu", "gpu", "integrated", "accelerator"]]] = {
    0: "cpu",
    1: "gpu",
    2: "integrated",
    3: "accelerator",
}
"""ggml_backend_dev_type; what is not listed (meta devices) is no device of its own."""


def file_name(path: str | Path) -> bytes:
    """A path as llama.cpp opens it: UTF-8 on Windows, the file system's own bytes elsewhere."""
    return str(path).encode() if sys.platform == "win32" else os.fsencode(path)


def version() -> str:
    """The version of the binding, which pins llama.cpp's; with the name of an engine that was added, and its digits."""
    return " · ".join(word for word in (str(llama_cpp.__version__), libraries.added(FOLDER)) if word)


def folder() -> Path:
    """Where the engine's libraries lie."""
    return FOLDER


def system() -> str:
    """Which llama.cpp it is, where its libraries say so, and what it found on this processor, in its own words."""
    told = _text(lib.llama_print_system_info()).strip()
    return f"llama.cpp {commit} · {told}" if (commit := _commit()) else told


def start() -> tuple[str, ...]:
    """Load and initialise the backends, and name those in use (`vulkan`, `cpu-zen4`); only the first call loads.

    Raises `RuntimeError` where none is for this processor.
    """
    used = backends.load(FOLDER, ggml, graphics=NO_GRAPHICS not in os.environ)
    lib.llama_backend_init()  # it would look for backends by itself, had it none by now
    return used


class Log:
    """Takes llama.cpp's log: whole lines to stderr from `level` on, and the last of them kept for error reports."""

    def __init__(self, level: int = _WARNING) -> None:
        self._level = level
        self._tail: collections.deque[str] = collections.deque(maxlen=64)
        self._buffers: list[str] = []
        self.since = time.perf_counter()
        self._open = ""
        self._open_level = 0
        self._callback = lib.llama_log_callback(self._take)  # must outlive the library
        lib.llama_log_set(self._callback, None)
        mtmd.mtmd_helper_log_set(self._callback, None)  # sets that of mtmd too

    def _take(self, level: int, text: bytes | None, _data: object) -> None:
        if text is None:
            return
        if level != _CONTINUED:
            self._open_level = level
        if self._open_level < self._level:
            if any(mark in text for mark in _MEMORY):
                self._buffers.append(text.decode("utf-8", "replace").rstrip())
            return
        self._open += text.decode("utf-8", "replace")
        *lines, self._open = self._open.split("\n")
        for line in filter(None, map(str.rstrip, lines)):
            self._tail.append(line)
            sys.stderr.write(f"llama.cpp: {line}\n")
        if lines:
            sys.stderr.flush()

    def forget(self) -> None:
        """Start a new report: now is the moment `since` which it counts."""
        self._tail.clear()
        self._buffers.clear()
        self.since = time.perf_counter()

    @property
    def buffers(self) -> tuple[str, ...]:
        """The lines about buffers since the last `forget`, whatever the level."""
        return tuple(self._buffers)

    def report(self) -> str:
        """The lines since the last `forget`, newest last."""
        return "\n".join(self._tail)


class AbortFlag:
    """A flag that llama.cpp reads between two operations, without Python and its lock.

    llama.cpp calls `bool callback(void *data)` before every node of the graph. The C library's `strlen` is such a
    function: over a two-byte buffer it is 0 (go on) or 1 (abort). A Python callback would cost some
    microseconds a node, and would wait whenever another thread runs Python.
    """

    def __init__(self) -> None:
        self._text = ctypes.create_string_buffer(2)
        address = ctypes.cast(_c_library().strlen, ctypes.c_void_p).value
        self.callback: Any = lib.ggml_abort_callback(address)
        self.data: int = ctypes.addressof(self._text)

    def set(self) -> None:
        """Abort what is computed now and everything after, until `clear`."""
        self._text[0] = b"x"

    def clear(self) -> None:
        """Compute again."""
        self._text[0] = b"\0"

    @property
    def is_set(self) -> bool:
        """Whether `set` was called last."""
        return bool(self._text[0] != b"\0")


def devices() -> tuple[Device, ...]:
    """Every device that ggml computes on, in its order; empty where this build does not tell."""
    count, get = ggml("ggml_backend_dev_count"), ggml("ggml_backend_dev_get")
    name, description = ggml("ggml_backend_dev_name"), ggml("ggml_backend_dev_description")
    kind, memory = ggml("ggml_backend_dev_type"), ggml("ggml_backend_dev_memory")
    if not (count and get and name and description and kind and memory):
        return ()
    count.restype = ctypes.c_size_t
    get.argtypes, get.restype = [ctypes.c_size_t], ctypes.c_void_p
    for ask in (name, description):
        ask.argtypes, ask.restype = [ctypes.c_void_p], ctypes.c_char_p
    kind.argtypes, kind.restype = [ctypes.c_void_p], ctypes.c_int
    size = ctypes.POINTER(ctypes.c_size_t)
    memory.argtypes, memory.restype = [ctypes.c_void_p, size, size], None
    found = []
    for index in range(count()):
        device = get(index)
        what = _DEVICE_KINDS.get(kind(device))
        if what is None:
            continue
        free, total = ctypes.c_size_t(), ctypes.c_size_t()
        memory(device, ctypes.byref(free), ctypes.byref(total))
        # some drivers report more free memory than there is
        bounded = min(free.value, total.value)
        found.append(Device(_text(name(device)), _text(description(device)), what, bounded, total.value))
    return tuple(found)


def _commit() -> str:
    """The beginning of the commit that the libraries were compiled from; empty for those that do not say."""
    say = ggml("ggml_commit")
    if say is None:
        return ""
    say.restype = ctypes.c_char_p
    commit = _text(say()).removesuffix("-dirty")  # it counts the binding's own files beside llama.cpp's
    return commit if re.fullmatch("[0-9a-f]{7,40}", commit) else ""


def _text(raw: bytes | None) -> str:
    return (raw or b"").decode("utf-8", "replace")


def ggml(symbol: str) -> Any:
    """A function of ggml from the libraries that are loaded already; None where there is none.

    On Linux and macOS a look-up in llama's own library finds what it links; opening a second copy of ggml by its
    file name would bring a second, empty list of devices. Windows looks into each module separately.
    """
    handles = [lib._lib]  # noqa: SLF001 the binding keeps its handle there
    if sys.platform == "win32":
        modules = (FOLDER / f"{module}.dll" for module in ("ggml", "ggml-base"))
        handles += [ctypes.CDLL(str(path)) for path in modules if path.exists()]
    return next((getattr(handle, symbol) for handle in handles if hasattr(handle, symbol)), None)


def _c_library() -> ctypes.CDLL:
    return ctypes.CDLL("ucrtbase") if sys.platform == "win32" else ctypes.CDLL(None)
