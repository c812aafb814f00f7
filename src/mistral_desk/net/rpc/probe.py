"""Tests another computer before anything depends on it: is it there, of our version, how much has it, how fast.

The engine's own client aborts its process where the other side is absent, dies or lies. This one raises.
"""

from __future__ import annotations

import statistics
import struct
import time
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from mistral_desk.core.errors import DeskError
from mistral_desk.net.faults import NO_ANSWER
from mistral_desk.net.rpc import wire
from mistral_desk.net.rpc.address import Address, numeric
from mistral_desk.net.rpc.found import Found, Lent
from mistral_desk.net.rpc.wire import Q8_0_BLOCK, Tensor, Wire

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")
HELLO_S: Final = 3.0
"""A computer that has not answered by then is busy with somebody else, or is none that lends its memory."""
MEASURE_S: Final = 30.0
MOST_DEVICES: Final = 16
_MOST_BYTES: Final = 1 << 46
_TURNS: Final = 24
_FIRST, _LAST = 256 << 10, 4 << 20
"""Bytes that are sent at once to measure the way: twice as many each time."""
_LONG_ENOUGH_S: Final = 0.1
_WIDTH: Final = 4096
_COLUMNS: Final = 64
"""Of a product as a prompt makes it."""
_LARGEST: Final = 16_384
_REPEATS: Final = 64
_COMPUTED_S: Final = 0.25
_SOON_S: Final = 0.05


def look(address: Address, limit_s: float = HELLO_S) -> Found:
    """Whether it is there and what it lends just now; it blocks for at most twice `limit_s`.

    Raises `helper.public`, `helper.unknown`, `helper.absent`, `helper.silent`, `helper.version`, `helper.strange`.
    """
    at, line = _connected(address, limit_s)
    try:
        return _guarded(address, lambda: _look(at, line))
    finally:
        line.close()


def measure(address: Address, limit_s: float = HELLO_S) -> Found:
    """As `look`, and then measured, which takes some seconds: way, memory and arithmetic."""
    at, line = _connected(address, limit_s)
    try:
        found = _guarded(address, lambda: _look(at, line))
        line.allow(MEASURE_S)
        return _guarded(address, lambda: _measured(line, found))
    finally:
        line.close()


def until_there(address: Address, limit_s: float = 30.0) -> None:
    """Returns when what was just started on this computer answers. Raises as `look`, once `limit_s` are over."""
    until = time.monotonic() + limit_s
    while True:
        try:
            look(address)
        except DeskError:
            if time.monotonic() > until:
                raise
            time.sleep(_SOON_S)
        else:
            return


def _connected(address: Address, limit_s: float) -> tuple[Address, Wire]:
    at = numeric(address)
    try:
        line = Wire(at, limit_s)
    except TimeoutError as error:
        raise DeskError("helper.absent", name=str(address), reason=NO_ANSWER) from error
    except OSError as error:
        raise DeskError("helper.absent", name=str(address), reason=error.strerror or str(error)) from error
    try:
        line.allow(limit_s)
        wire.agreed(_guarded(address, line.hello), str(address))
    except BaseException:
        line.close()
        raise
    return at, line


def _guarded(address: Address, asked: Callable[[], _T]) -> _T:
    try:
        return asked()
    except TimeoutError as error:
        raise DeskError("helper.silent", name=str(address)) from error
    except (OSError, struct.error) as error:
        raise DeskError("helper.strange", name=str(address), reason=str(error)) from error


def _look(at: Address, line: Wire) -> Found:
    count = line.devices()
    if not 0 < count <= MOST_DEVICES:
        raise OSError(71, f"it says that it lends {count} devices")
    devices = []
    for number in range(count):
        free, total = line.memory(number)
        if not 0 < total <= _MOST_BYTES:
            raise OSError(71, f"it says that it has {total} bytes")
        devices.append(Lent(min(free, total), total))
    return Found(at.host, at.port, tuple(devices), when=time.time())


def _measured(line: Wire, found: Found) -> Found:
    turns = []
    for _ in range(_TURNS):
        began = time.perf_counter()
        line.turn(0)
        turns.append(time.perf_counter() - began)
    turn = statistics.median(turns)
    there, back = _way(line, turn)
    devices = tuple(_lent(line, number, one, turn) for number, one in enumerate(found.devices))
    return msgspec.structs.replace(found, turn_s=turn, there_gbps=there, back_gbps=back, devices=devices)


def _way(line: Wire, turn: float) -> tuple[float, float]:
    """10⁹ bytes a second there and back: of as many at once as take long enough to be measured."""
    handle, base = line.allocate(0, _LAST)
    size = _FIRST
    try:
        while True:
            target = Tensor(1, wire.F32, size // 4, 1, handle, base)
            put_s = _seconds(line, turn, partial(line.put, target, bytes(size)))
            got_s = _seconds(line, turn, partial(line.get, target, size), answers=True)
            if size >= _LAST or min(put_s, got_s) >= _LONG_ENOUGH_S:
                return size / put_s / 1e9, size / got_s / 1e9
            size *= 2
    finally:
        line.free(handle)


def _seconds(line: Wire, turn: float, do: Callable[[], None], *, answers: bool = False) -> float:
    """What something takes beside a turn; the better of two."""
    best = float("inf")
    for _ in range(2):
        began = time.perf_counter()
        do()
        if not answers:
            line.turn(0)
        best = min(best, time.perf_counter() - began)
    return max(best - turn, 1e-6)


def _lent(line: Wire, number: int, lent: Lent, turn: float) -> Lent:
    """A device with its speeds: a product of a matrix of zeros with one column, as a token asks for, and with many."""
    numbers, block = Q8_0_BLOCK
    row = _WIDTH // numbers * block
    height = min(_LARGEST, lent.free // 4 // row)
    if height < numbers:
        return lent
    room = row * height
    weights_at, weights = line.allocate(number, room)
    values_at, values = line.allocate(number, 4 * _COLUMNS * (_WIDTH + height))
    line.clear(weights_at)
    line.clear(values_at)
    matrix = Tensor(1, wire.Q8_0, _WIDTH, height, weights_at, weights)

    def seconds(columns: int) -> float:
        given = Tensor(2, wire.F32, _WIDTH, columns, values_at, values)
        made = Tensor(3, wire.F32, height, columns, values_at, values + 4 * _COLUMNS * _WIDTH, (1, 2))
        line.compute(number, made, (matrix, given))
        line.turn(number)
        best, spent = float("inf"), 0.0
        for _ in range(_REPEATS):
            began = time.perf_counter()
            line.again(number)
            line.turn(number)
            took = time.perf_counter() - began
            best, spent = min(best, took), spent + took
            if spent > _COMPUTED_S:
                break
        return max(best - turn, 1e-6)

    one, many = seconds(1), seconds(_COLUMNS)
    line.free(weights_at)
    line.free(values_at)
    return msgspec.structs.replace(lent, gbps=room / one / 1e9, gflops=2 * _WIDTH * height * _COLUMNS / many / 1e9)
