"""Where llama.cpp puts things: its devices and kinds of buffers by name, and what it says that it put where.

The names are ggml's own (`CPU`, `CUDA0`, `CUDA_Host`); llama.cpp takes pointers, so they are looked up here.
"""

from __future__ import annotations

import ctypes
import re
from typing import TYPE_CHECKING, Any, Final

from mistral_desk.core.errors import DeskError
from mistral_desk.inference.device import Placed
from mistral_desk.inference.engine import others
from mistral_desk.inference.engine.native import ggml, lib

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mistral_desk.inference.device import PlacedKind
    from mistral_desk.inference.placement import Placement

_MIB: Final = 2**20
_REPORT: Final = re.compile(
    r"^(?P<who>\w+): +(?P<device>\S+) +(?P<kind>model|KV|RS|compute|output) buffer size = +(?P<size>[\d.]+) MiB"
)
_PROJECTOR: Final = re.compile(r"^load_hparams: +model size: +(?P<size>[\d.]+) MiB")
_EYES: Final = "reserve_compute_meta"
"""Who reports the buffers of a projector, instead of a context's."""
_KINDS: Final[dict[str, PlacedKind]] = {
    "model": "model",
    "KV": "cache",
    "RS": "cache",
    "compute": "compute",
    "output": "output",
}
_LOAD_MODES: Final = {
    ("mmap", False): lib.LLAMA_LOAD_MODE_MMAP,
    ("mmap", True): lib.LLAMA_LOAD_MODE_MMAP_MLOCK,
    ("none", False): lib.LLAMA_LOAD_MODE_NONE,
    ("none", True): lib.LLAMA_LOAD_MODE_MLOCK,
}


class _Override(ctypes.Structure):
    """`llama_model_tensor_buft_override` of llama.h."""

    _fields_ = (("pattern", ctypes.c_char_p), ("buffer", ctypes.c_void_p))


def buffer_types() -> dict[str, int]:
    """Every type of buffer that any weights can be put into, by ggml's name: each device's own, and pinned memory.

    Types that hold weights in another order (`CPU_REPACK`) are not among them: llama.cpp takes them for what suits
    them by itself, and crashes where one is forced onto a tensor that does not.
    """
    name = function("ggml_backend_buft_name", ctypes.c_char_p, ctypes.c_void_p)
    own = function("ggml_backend_dev_buffer_type", ctypes.c_void_p, ctypes.c_void_p)
    pinned = function("ggml_backend_dev_host_buffer_type", ctypes.c_void_p, ctypes.c_void_p)
    found: list[int | None] = []
    for pointer in _devices().values():
        found += [own(pointer), pinned(pointer)]
    return {name(kind).decode("utf-8", "replace"): kind for kind in dict.fromkeys(found) if kind}


def device(name: str) -> int:
    """The pointer to a device by its name. Raises `placement.device` where it is not there."""
    found = _devices().get(name) or others.device(name)
    if found is None:
        raise DeskError("placement.device", name=name)
    return found


class Placing:
    """A placement as llama.cpp takes it. Everything that its parameters point to lives as long as this object."""

    def __init__(self, placement: Placement) -> None:
        """Look up what is named. Raises `placement.device` and `placement.buffer` for what is not there."""
        self._placement = placement
        pointers = [device(name) for name in placement.devices]
        self._devices = (ctypes.c_void_p * (len(pointers) + 1))(*pointers, None)
        parts = [*placement.tensor_split, *(0.0 for _ in range(int(lib.llama_max_devices())))]
        self._split = (ctypes.c_float * len(parts))(*parts)
        self._overrides = _overrides(placement.overrides)

    def apply(self, parameters: Any) -> None:
        """Fill in `llama_model_params`."""
        placement = self._placement
        parameters.devices = ctypes.addressof(self._devices)
        parameters.n_gpu_layers = placement.gpu_layers if placement.devices else 0
        parameters.split_mode = lib.LLAMA_SPLIT_MODE_LAYER
        parameters.tensor_split = ctypes.cast(self._split, ctypes.POINTER(ctypes.c_float))
        parameters.load_mode = _LOAD_MODES[placement.load_mode, placement.lock]
        if self._overrides:
            parameters.tensor_buft_overrides = ctypes.addressof(self._overrides)


def placed(lines: Iterable[str]) -> tuple[Placed, ...]:
    """The buffers that llama.cpp reported in its log while it loaded a model, its eyes and a context, in its order.

    Several buffers of a kind on a device count as one; of buffers for results, which are laid out anew, the last.
    The log does not name the device of a projector's weights: it is the first of those that it computes on.
    """
    found: dict[tuple[str, PlacedKind], int] = {}
    eyes, seeing = 0, dict[str, int]()
    for line in lines:
        if weights := _PROJECTOR.match(line):
            eyes = _bytes(weights)
        elif match := _REPORT.match(line):
            where, kind = match["device"], _KINDS[match["kind"]]
            if match["who"] == _EYES:
                seeing[where] = _bytes(match)
            elif kind in {"compute", "output"}:
                found[where, kind] = _bytes(match)
            else:
                found[where, kind] = found.get((where, kind), 0) + _bytes(match)
    for where, size in seeing.items():
        found[where, "projector"] = size + eyes
        eyes = 0
    return tuple(Placed(where, kind, size) for (where, kind), size in found.items() if size)


def _bytes(match: re.Match[str]) -> int:
    return round(float(match["size"]) * _MIB)


def _overrides(wanted: Sequence[tuple[str, str]]) -> Any:
    """llama.cpp's list of overrides, ended by an empty one; None where there are none."""
    if not wanted:
        return None
    known = buffer_types()
    for _, name in wanted:
        if name not in known:
            raise DeskError("placement.buffer", name=name, known=", ".join(known))
    rows = [_Override(pattern.encode("utf-8"), known[name]) for pattern, name in wanted]
    return (_Override * (len(rows) + 1))(*rows, _Override(None, None))


def _devices() -> dict[str, int]:
    """Every device of ggml's by its name."""
    count = function("ggml_backend_dev_count", ctypes.c_size_t)
    get = function("ggml_backend_dev_get", ctypes.c_void_p, ctypes.c_size_t)
    name = function("ggml_backend_dev_name", ctypes.c_char_p, ctypes.c_void_p)
    pointers = [get(index) for index in range(count())]
    return {name(pointer).decode("utf-8", "replace"): pointer for pointer in pointers}


def function(name: str, result: Any, *arguments: Any) -> Any:
    """A function of ggml's with its types; raises `engine.missing` where this build lacks it."""
    function = ggml(name)
    if function is None:
        raise DeskError("engine.missing", reason=f"{name} is not there")
    function.restype, function.argtypes = result, list(arguments)
    return function
