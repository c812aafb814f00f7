"""A bounded reader of GGUF headers: what a model file says about itself, without llama.cpp and without trust.

It reads the metadata and the tensor table, never the weights, from any source of bytes (a file, HTTP ranges).
Every count and length is checked against what the file can hold, so a hostile header costs neither time nor memory.
Format: ggml's `docs/gguf.md`, versions 2 and 3.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from mistral_desk.core import strangers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Source: TypeAlias = Callable[[int, int], bytes]
    """`source(offset, size)` gives up to `size` bytes from `offset`; fewer only at the end."""

Scalar: TypeAlias = int | float | bool | str

MAGIC: Final = b"GGUF"
KEPT: Final = 4096
"""Arrays up to this many elements are kept; of longer ones (vocabularies) only type and length."""

_WINDOW: Final = 1 << 20
_LONGEST_STRING: Final = 16 << 20
_LARGEST_HEADER: Final = 512 << 20
_LARGEST_FILE: Final = 1 << 50
"""No file is as large: where that much seems to be missing, a number is wrong."""
_MOST_TENSORS: Final = 1 << 20
_MOST_KEYS: Final = 1 << 16
_MOST_STRINGS: Final = 1 << 22
_MOST_DIMENSIONS: Final = 4
_SMALLEST_KEY: Final = 8 + 4 + 1
_SMALLEST_TENSOR: Final = 8 + 4 + 8 + 4 + 8
_USUAL_TENSOR: Final = 96
"""Bytes of a row of the tensor table, a little more than they have."""
_SMALLEST_READ: Final = 128 << 10
"""What stands between a vocabulary and the table of tensors (other tokens, a chat template) is rarely more."""

_STRING: Final = 8
_ARRAY: Final = 9
_SCALARS: Final = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}

BLOCKS: Final[dict[int, tuple[int, int]]] = {
    0: (1, 4),  # F32
    1: (1, 2),  # F16
    2: (32, 18),  # Q4_0
    3: (32, 20),  # Q4_1
    6: (32, 22),  # Q5_0
    7: (32, 24),  # Q5_1
    8: (32, 34),  # Q8_0
    10: (256, 84),  # Q2_K
    11: (256, 110),  # Q3_K
    12: (256, 144),  # Q4_K
    13: (256, 176),  # Q5_K
    14: (256, 210),  # Q6_K
    15: (256, 292),  # Q8_K
    16: (256, 66),  # IQ2_XXS
    17: (256, 74),  # IQ2_XS
    18: (256, 98),  # IQ3_XXS
    19: (256, 50),  # IQ1_S
    20: (32, 18),  # IQ4_NL
    21: (256, 110),  # IQ3_S
    22: (256, 82),  # IQ2_S
    23: (256, 136),  # IQ4_XS
    24: (1, 1),  # I8
    25: (1, 2),  # I16
    26: (1, 4),  # I32
    27: (1, 8),  # I64
    28: (1, 8),  # F64
    29: (256, 56),  # IQ1_M
    30: (1, 2),  # BF16
    34: (256, 54),  # TQ1_0
    35: (256, 66),  # TQ2_0
    39: (32, 17),  # MXFP4
}
"""ggml type → numbers in a block, bytes of a block (`ggml_blck_size`, `ggml_type_size`)."""


class NotGgufError(Exception):
    """The file does not begin like a GGUF file."""


class DamagedError(Exception):
    """The header contradicts itself or what a file of this size can hold; the text says where."""


class TruncatedError(Exception):
    """The file ends before what its header promises; `missing` are the bytes that lack at least."""

    def __init__(self, missing: int) -> None:
        super().__init__(f"{missing} bytes are missing")
        self.missing = missing


class WantedError(Exception):
    """Only the beginning of the file is there yet, and the header goes on: `least` bytes from the file's beginning are
    needed to read on at all, `likely` to reach the header's end, as far as can be told by now.
    """

    def __init__(self, least: int, likely: int) -> None:
        super().__init__(f"{least} bytes are needed, likely {likely}")
        self.least, self.likely = least, max(least, likely)


@dataclass(frozen=True)
class Array:
    """An array in the metadata: its element type's number, its length, and its elements where there are few."""

    kind: int
    count: int
    values: tuple[Scalar, ...] | None


Value: TypeAlias = Scalar | Array


@dataclass(frozen=True)
class Tensor:
    """One row of the tensor table: ggml's order of dimensions (fastest first), type number, offset in the data."""

    name: str
    shape: tuple[int, ...]
    kind: int
    offset: int

    @property
    def elements(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)

    @property
    def bytes(self) -> int | None:
        """Its size in the file; None for a type that this reader does not know."""
        block = BLOCKS.get(self.kind)
        return None if block is None else self.elements // block[0] * block[1]


@dataclass(frozen=True)
class Header:
    """A header that was read whole. `data` is where tensor data begins, `end` where the last known tensor ends."""

    version: int
    metadata: Mapping[str, Value]
    tensors: tuple[Tensor, ...]
    data: int
    end: int

    def number(self, key: str) -> int | None:
        """A whole number, None where it is missing or something else. Of an array the largest element."""
        value = self.metadata.get(key)
        if isinstance(value, Array):
            numbers = [v for v in value.values or () if isinstance(v, int)]
            return max(numbers, default=None)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def text(self, key: str) -> str:
        """A text, empty where it is missing or something else."""
        value = self.metadata.get(key)
        return value if isinstance(value, str) else ""

    @property
    def name(self) -> str:
        """What it calls itself, as it can be shown; empty where it does not."""
        return strangers.title(self.text("general.name"))

    @property
    def architecture(self) -> str:
        """The value of `general.architecture`."""
        return self.text("general.architecture")

    def own(self, key: str) -> int | None:
        """A whole number under the architecture's prefix: `own("block_count")`."""
        return self.number(f"{self.architecture}.{key}")


def read_start(start: bytes, size: int) -> Header:
    """Read the header of a file of `size` bytes of which only the beginning is there.

    Raises as `read_header`, and `WantedError` where that beginning is too short.
    """
    return _header(_Cursor(lambda offset, count: start[offset : offset + count], size, min(len(start), size)))


def read_header(source: Source, size: int) -> Header:
    """Read the header of a file of `size` bytes. Raises `NotGgufError`, `TruncatedError`, `DamagedError`."""
    return _header(_Cursor(source, size, size))


def _header(cursor: _Cursor) -> Header:
    size = cursor.size
    begin = cursor.begin()
    if begin != MAGIC[: len(begin)] or (len(begin) < 4 <= size):
        raise NotGgufError
    cursor.skip(4)
    version = cursor.integer("I")
    if version not in (2, 3):
        swapped = int.from_bytes(version.to_bytes(4, "little"), "big")
        raise DamagedError("another byte order" if swapped in (2, 3) else f"format version {version}")
    tensor_count, key_count = cursor.integer("Q"), cursor.integer("Q")
    if tensor_count > min(_MOST_TENSORS, size // _SMALLEST_TENSOR):
        raise DamagedError(f"{tensor_count} tensors")
    if key_count > min(_MOST_KEYS, size // _SMALLEST_KEY):
        raise DamagedError(f"{key_count} metadata keys")
    cursor.tensors = tensor_count
    metadata: dict[str, Value] = {}
    for _ in range(key_count):
        key = cursor.string()
        metadata[key] = _value(cursor, cursor.integer("I"))
    tensors = tuple(_tensor(cursor) for _ in range(tensor_count))
    alignment = metadata.get("general.alignment", 32)
    if not isinstance(alignment, int) or alignment < 1 or alignment & (alignment - 1):
        raise DamagedError(f"alignment {alignment}")
    data = -(-cursor.at // alignment) * alignment if tensors else cursor.at
    end = data + max((t.offset + (t.bytes or 0) for t in tensors), default=0)
    if end - size >= _LARGEST_FILE:
        raise _short(end - size)
    return Header(version, metadata, tensors, data, end)


def _short(missing: int) -> TruncatedError | DamagedError:
    if missing < _LARGEST_FILE:
        return TruncatedError(missing)
    return DamagedError(f"it would have to be {missing} bytes larger")


def _value(cursor: _Cursor, kind: int) -> Value:
    if kind in _SCALARS:
        return cursor.scalar(_SCALARS[kind])
    if kind == _STRING:
        return cursor.string()
    if kind != _ARRAY:
        raise DamagedError(f"metadata of type {kind}")
    element, count = cursor.integer("I"), cursor.integer("Q")
    if element in _SCALARS:
        code = _SCALARS[element]
        width = struct.calcsize(code)
        cursor.room(count * width)
        if count > KEPT:
            cursor.skip(count * width)
            return Array(element, count, None)
        return Array(element, count, tuple(cursor.scalar(code) for _ in range(count)))
    if element != _STRING:
        raise DamagedError(f"an array of type {element}")
    cursor.room(count * 8)
    cursor.count_strings(count)
    if count > KEPT:
        cursor.skip_strings(count)
        return Array(element, count, None)
    return Array(element, count, tuple(cursor.string() for _ in range(count)))


def _tensor(cursor: _Cursor) -> Tensor:
    name = cursor.string()
    dimensions = cursor.integer("I")
    if not 1 <= dimensions <= _MOST_DIMENSIONS:
        raise DamagedError(f"tensor {name[:64]} has {dimensions} dimensions")
    shape = tuple(cursor.integer("Q") for _ in range(dimensions))
    kind, offset = cursor.integer("I"), cursor.integer("Q")
    block = BLOCKS.get(kind)
    if min(shape) < 1 or math.prod(shape) >= 1 << 62 or offset >= 1 << 62 or (block and shape[0] % block[0]):
        raise DamagedError(f"tensor {name[:64]} has the shape {'x'.join(map(str, shape))}")
    return Tensor(name, shape, kind, offset)


class _Cursor:
    """Reads forward through a source, a window at a time. `there` bytes of the file can be had, of `size`.

    `tensors` is how many rows the tensor table has, once that is known.
    """

    def __init__(self, source: Source, size: int, there: int) -> None:
        self._source, self.size, self._there = source, size, there
        self.tensors = 0
        self._window, self._start = b"", 0
        self._strings = 0
        self.at = 0

    def begin(self) -> bytes:
        """The first four bytes, or fewer of a shorter file."""
        if self._there < min(4, self.size):
            raise WantedError(4, _SMALLEST_READ)
        return self._source(0, 4)

    def room(self, count: int) -> None:
        """Check that `count` more bytes can be there."""
        if self.at + count > self.size:
            raise _short(self.at + count - self.size)
        if self.at + count > _LARGEST_HEADER:
            raise DamagedError("a header of more than 512 MiB")

    def skip(self, count: int) -> None:
        self.room(count)
        self.at += count

    def take(self, count: int) -> bytes:
        self.room(count)
        begin = self.at - self._start
        if begin + count > len(self._window):
            if self.at + count > self._there:
                raise self.wanted(self.at + count)
            self._window, self._start, begin = self._source(self.at, max(count, _WINDOW)), self.at, 0
            if len(self._window) < count:
                raise TruncatedError(count - len(self._window))
        self.at += count
        return self._window[begin : begin + count]

    def wanted(self, least: int, array_ends: int = 0) -> WantedError:
        """More is needed: what is known to come is counted, the table of tensors as such tables are."""
        rest = _SMALLEST_READ + self.tensors * _USUAL_TENSOR
        return WantedError(least, min(max(least, array_ends) + rest, self.size))

    def scalar(self, code: str) -> int | float | bool:
        (value,) = struct.unpack("<" + code, self.take(struct.calcsize(code)))
        found: int | float | bool = value
        return found

    def integer(self, code: str) -> int:
        return int(self.scalar(code))

    def length(self) -> int:
        count = self.integer("Q")
        if count > _LONGEST_STRING:
            if self.at + count > self.size:
                raise _short(self.at + count - self.size)
            raise DamagedError(f"a text of {count} bytes")
        return count

    def string(self) -> str:
        return self.take(self.length()).decode("utf-8", "replace")

    def skip_strings(self, count: int) -> None:
        """Pass over `count` strings. A vocabulary has hundreds of thousands, so this looks only at the window."""
        began, total = self.at, count
        while count:
            if self.at + 8 > self._there and self.at + 8 <= self.size and count < total:
                ends = began + (self.at - began) * total // (total - count)
                raise self.wanted(self.at + 8, ends)
            self.take(8)
            self.at -= 8  # the window now begins here or before, and holds a length at least
            window, at, end = self._window, self.at - self._start, len(self._window) - 8
            while count and at <= end:
                at += 8 + int.from_bytes(window[at : at + 8], "little")
                count -= 1
            self.skip(self._start + at - self.at)

    def count_strings(self, count: int) -> None:
        self._strings += count
        if self._strings > _MOST_STRINGS:
            raise DamagedError(f"{self._strings} texts")
