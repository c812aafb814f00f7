"""Devices of other computers, and this computer's own lent to others: ggml's RPC part, loaded only when asked for.

Its client ends the process where the other side is absent, dies or lies. So it is used in a worker only, and after a
test of the address (`net.rpc.probe`).
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mistral_desk.core.errors import DeskError
from mistral_desk.inference.engine import native
from mistral_desk.inference.rpc import places
from mistral_desk.net.rpc import patience

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_NAME: Final = {"win32": "ggml-rpc.dll"}.get(sys.platform, "libggml-rpc.so")
_API: Final = 2
_MEMORY: Final = 2
"""Which of a device's functions tells its memory (`ggml_backend_device_i`): the third."""
_MemoryTold = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.POINTER(ctypes.c_size_t), ctypes.POINTER(ctypes.c_size_t))

_connected: Final[dict[str, int]] = {}
_kept: Final[list[Any]] = []
"""What the library holds on to: backends that keep a connection open, functions that it calls."""


def library() -> Path | None:
    """The file of the engine's part for other computers; None where this engine has none."""
    named = os.environ.get(places.LIBRARY)
    file = Path(named) if named else native.folder() / _NAME
    return file if file.is_file() else None


def device(name: str) -> int | None:
    """The pointer to a connected device by its name (`places.device_name`), None for any other name."""
    return _connected.get(name)


def connect(addresses: Iterable[str]) -> None:
    """Connect to other computers, for as long as this process lives, and make their devices known by their names.

    What is absent by now ends this process. A peer that falls silent is given up by the system after some seconds.
    """
    rpc = _library()
    add = rpc.ggml_backend_rpc_add_server
    add.argtypes, add.restype = [ctypes.c_char_p], ctypes.c_void_p
    register = _ggml("ggml_backend_register", None, ctypes.c_void_p)
    count = _ggml("ggml_backend_reg_dev_count", ctypes.c_size_t, ctypes.c_void_p)
    get = _ggml("ggml_backend_reg_dev_get", ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)
    begin = _ggml("ggml_backend_dev_init", ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p)
    for address in addresses:
        if places.device_name(address, 0) in _connected:
            continue
        known = add(address.encode("ascii"))
        if not known:
            raise DeskError("helper.strange", name=address, reason="it lends no device")
        register(known)
        for number in range(count(known)):
            pointer = get(known, number)
            _kept.append(begin(pointer, None))  # keeps the one connection, which ggml would else drop and make anew
            _connected[places.device_name(address, number)] = pointer
    patience.bound()


def memory_told(tell: Callable[[], tuple[int, int]]) -> None:
    """From now on the processor says that it has so much memory, (free, all) in bytes, whoever asks.

    ggml would tell the whole computer's. Raises `helper.no_library` where this build's devices look otherwise than
    they should: its function is put in the place of theirs only after it was seen to be theirs.
    """
    pointer = processor()
    functions = ctypes.cast(pointer, ctypes.POINTER(ctypes.c_void_p))
    name = _ggml("ggml_backend_dev_name", ctypes.c_void_p, ctypes.c_void_p)
    first = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)(functions[0] or 0)
    free, total, own_free, own_total = (ctypes.c_size_t() for _ in range(4))
    size = ctypes.POINTER(ctypes.c_size_t)
    _ggml("ggml_backend_dev_memory", None, ctypes.c_void_p, size, size)(
        pointer, ctypes.byref(free), ctypes.byref(total)
    )
    own = _MemoryTold(functions[_MEMORY] or 0)
    own(pointer, ctypes.byref(own_free), ctypes.byref(own_total))
    if first(pointer) != name(pointer) or own_total.value != total.value or not total.value:
        raise DeskError("helper.no_library", reason="its devices are of another form")

    def answer(_device: int, free_at: Any, total_at: Any) -> None:
        free_at[0], total_at[0] = tell()

    function = _MemoryTold(answer)
    _kept.append(function)
    functions[_MEMORY] = ctypes.cast(function, ctypes.c_void_p).value


def processor() -> int:
    """The pointer to the processor's device."""
    find = _ggml("ggml_backend_dev_by_type", ctypes.c_void_p, ctypes.c_int)
    return int(find(0))


def serve(address: str, threads: int) -> None:
    """Lend the processor's memory and arithmetic at this address. Returns only where it cannot listen there."""
    start = _library().ggml_backend_rpc_start_server
    start.restype = None
    start.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_void_p]
    devices = (ctypes.c_void_p * 1)(processor())
    start(address.encode("ascii"), None, threads, 1, devices)


def load() -> None:
    """Load the library. Raises `helper.no_library`."""
    _library()


def _library() -> Any:
    if _loaded:
        return _loaded[0]
    file = library()
    if file is None:
        raise DeskError("helper.no_library", reason=f"{_NAME} is not there")
    try:
        found = ctypes.CDLL(str(file))
        kind = found.ggml_backend_rpc_reg
    except (OSError, AttributeError) as error:
        raise DeskError("helper.no_library", reason=str(error)[:300]) from error
    kind.restype, kind.argtypes = ctypes.c_void_p, []
    version = ctypes.cast(kind(), ctypes.POINTER(ctypes.c_int))[0]
    if version != _API:
        raise DeskError("helper.no_library", reason=f"it is made for version {version} of the engine's interface")
    _loaded.append(found)
    return found


_loaded: Final[list[Any]] = []


def _ggml(name: str, result: Any, *arguments: Any) -> Any:
    function = native.ggml(name)
    if function is None:
        raise DeskError("helper.no_library", reason=f"{name} is not there")
    function.restype, function.argtypes = result, list(arguments)
    return function
