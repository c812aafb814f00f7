"""How fast bytes come to a graphics device, and how fast its own memory is: copied through ggml, for part of a second.
The processor computes instead (`core_speed`).

Only in a worker of its own that nobody waits for: a driver that is out of order may end it.
"""

from __future__ import annotations

import ctypes
import time
from typing import TYPE_CHECKING, Any, Final

import msgspec

from mistral_desk.inference.engine.buffers import device, function
from mistral_desk.inference.engine.core_speed import core_rates

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mistral_desk.inference.device import Device

SIZE: Final = 64 << 20
"""Bytes that are copied at a time: far more than a cache holds."""
_ROOM: Final = 4
"""A device is measured where so many times as much is free on it."""
_SECONDS: Final = 0.1
_MOST: Final = 64
"""Copies at most."""
_BYTES: Final = 24
"""ggml's type of whole numbers of one byte (`GGML_TYPE_I8`)."""
_TENSORS: Final = 16 << 10
"""Bytes for the description of two tensors."""
_BOUNCES: Final = 1.5
"""A copy within a device that is no more than so many times as fast as one to it went through the computer's memory."""


class _Parameters(ctypes.Structure):
    """`ggml_init_params`."""

    _fields_ = (("size", ctypes.c_size_t), ("buffer", ctypes.c_void_p), ("no_alloc", ctypes.c_bool))


def measured(devices: Sequence[Device]) -> tuple[Device, ...]:
    """The devices with their speeds where they could be measured; of the processor what one thread gets."""
    return tuple(_computing(one) if one.kind == "cpu" else _measured(one) for one in devices)


def _computing(one: Device) -> Device:
    if one.memory_free < _ROOM * SIZE:
        return one
    found = core_rates(one.name)
    return msgspec.structs.replace(one, core=found if found.known else None)


def _measured(one: Device) -> Device:
    if one.kind == "accelerator" or one.memory_free < _ROOM * SIZE:
        return one
    pointer = device(one.name)
    buffers: list[int] = []
    context = function("ggml_init", ctypes.c_void_p, _Parameters)(_Parameters(_TENSORS, None, True))
    if not context:
        return one
    try:
        kind = function("ggml_backend_dev_buffer_type", ctypes.c_void_p, ctypes.c_void_p)(pointer)
        first, second = (_tensor(context, kind, buffers) for _ in range(2))
        if not first or not second:
            return one
        way, pinned = _way(pointer, first, buffers)
        copy = function("ggml_backend_tensor_copy", None, ctypes.c_void_p, ctypes.c_void_p)
        inside = 2 * _rate(lambda: copy(first, second))  # read and written
        return msgspec.structs.replace(
            one, way_gbps=way, way_pinned=pinned, gbps=inside if inside > 2 * _BOUNCES * way else None
        )
    finally:
        free = function("ggml_backend_buffer_free", None, ctypes.c_void_p)
        for buffer in buffers:
            free(buffer)
        function("ggml_free", None, ctypes.c_void_p)(context)


def _way(pointer: int, target: int, buffers: list[int]) -> tuple[float, bool]:
    """10⁹ bytes a second to a device, and whether from memory that it can fetch from by itself (pinned)."""
    kind = function("ggml_backend_dev_host_buffer_type", ctypes.c_void_p, ctypes.c_void_p)(pointer)
    source = _base(kind, buffers) if kind else None
    put = function("ggml_backend_tensor_set", None, *(ctypes.c_void_p,) * 2, *(ctypes.c_size_t,) * 2)
    ordinary = None if source else ctypes.create_string_buffer(SIZE)
    at = source or ctypes.addressof(ordinary)  # type: ignore[arg-type]
    ctypes.memset(at, 1, SIZE)
    return _rate(lambda: put(target, at, 0, SIZE)), source is not None


def _tensor(context: int, kind: int, buffers: list[int]) -> int | None:
    base = _base(kind, buffers)
    if base is None:
        return None
    made = function("ggml_new_tensor_1d", ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_int64)
    place = function("ggml_backend_tensor_alloc", ctypes.c_int, *(ctypes.c_void_p,) * 3)
    tensor = int(made(context, _BYTES, SIZE))
    return None if place(buffers[-1], tensor, base) else tensor


def _base(kind: int, buffers: list[int]) -> int | None:
    """Where a new buffer of a type begins; None where there is no room for one."""
    buffer = function("ggml_backend_buft_alloc_buffer", ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)(kind, SIZE)
    if not buffer:
        return None
    buffers.append(buffer)
    return int(function("ggml_backend_buffer_get_base", ctypes.c_void_p, ctypes.c_void_p)(buffer))


def _rate(copy: Callable[[], Any]) -> float:
    """10⁹ bytes a second; the first copy, which may have to prepare something, does not count."""
    copy()
    began, count = time.perf_counter(), 0
    while count < _MOST and (not count or time.perf_counter() - began < _SECONDS):
        copy()
        count += 1
    return count * SIZE / max(time.perf_counter() - began, 1e-9) / 1e9
