"""The RPC protocol of llama.cpp, as far as a test of another computer speaks it: packed structures over one socket.

Written down from `ggml-rpc.cpp` of the pinned version: a request is one byte, the length in eight, and the data; an
answer is the length in eight, and the data. Numbers have the low byte first. Every read has a bound.
"""

from __future__ import annotations

import enum
import socket
import struct
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from mistral_desk.core.errors import DeskError

if TYPE_CHECKING:
    from mistral_desk.net.rpc.address import Address

VERSION: Final = (7, 0, 0)
"""Of the protocol. The last number changes with the list of operations, so any other may compute something else."""
_CAPABILITIES: Final = bytes(24)
"""Of faster transports than TCP: none."""
F32: Final = 0
Q8_0: Final = 8
_MUL_MAT: Final = 29
"""`GGML_OP_MUL_MAT`."""
_COMPUTE: Final = 16
"""`GGML_TENSOR_FLAG_COMPUTE`: without it an operation is passed over."""
Q8_0_BLOCK: Final = (32, 34)
"""Numbers of a block, and its bytes."""
_TENSOR: Final = struct.Struct("<QIQ4I4II16ii10QQQQ64si")
_ABSENT: Final = 0


class Command(enum.IntEnum):
    """The requests that are made here; the numbers are the protocol's."""

    ALLOC_BUFFER = 0
    GET_ALIGNMENT = 1
    BUFFER_GET_BASE = 3
    FREE_BUFFER = 4
    BUFFER_CLEAR = 5
    SET_TENSOR = 6
    GET_TENSOR = 8
    GRAPH_COMPUTE = 10
    GET_DEVICE_MEMORY = 11
    HELLO = 14
    DEVICE_COUNT = 15
    GRAPH_RECOMPUTE = 16


class Tensor(NamedTuple):
    """A tensor as the other side is told of it: its place is a buffer's handle there and an address within it."""

    id: int
    type: int
    rows: int
    columns: int
    buffer: int
    data: int
    sources: tuple[int, ...] = ()

    @property
    def row_bytes(self) -> int:
        """Bytes of one row of `rows` numbers."""
        numbers, size = Q8_0_BLOCK if self.type == Q8_0 else (1, 4)
        return self.rows // numbers * size

    def packed(self) -> bytes:
        """The protocol's `rpc_tensor`."""
        unit = Q8_0_BLOCK[1] if self.type == Q8_0 else 4
        whole = self.row_bytes * self.columns
        sources = (*self.sources, *(_ABSENT for _ in range(10 - len(self.sources))))
        return _TENSOR.pack(
            *(self.id, self.type, self.buffer, self.rows, self.columns, 1, 1, unit, self.row_bytes, whole, whole),
            *(
                _MUL_MAT if self.sources else 0,
                *(0 for _ in range(16)),
                _COMPUTE,
                *sources,
                0,
                0,
                self.data,
                b"probe",
                0,
            ),
        )


class Wire:
    """One connection. Everything raises `OSError`: `TimeoutError` when `limit_s` is over, whatever was sent by then."""

    def __init__(self, at: Address, limit_s: float) -> None:
        """Connect within `limit_s`, which bounds all that follows too."""
        self._until = time.monotonic() + limit_s
        self._socket = socket.create_connection((at.host, at.port), timeout=limit_s)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def allow(self, seconds: float) -> None:
        """From now on so many seconds for all that follows."""
        self._until = time.monotonic() + seconds

    def hello(self) -> tuple[int, int, int]:
        """The other side's version."""
        major, minor, patch, *_ = struct.unpack("<BBBB24s", self.ask(Command.HELLO, _CAPABILITIES, 28))
        return int(major), int(minor), int(patch)

    def devices(self) -> int:
        """How many devices it lends."""
        return int(struct.unpack("<I", self.ask(Command.DEVICE_COUNT, b"", 4))[0])

    def memory(self, device: int) -> tuple[int, int]:
        """Bytes of a device that are free, and all."""
        free, total = struct.unpack("<QQ", self.ask(Command.GET_DEVICE_MEMORY, struct.pack("<I", device), 16))
        return int(free), int(total)

    def turn(self, device: int) -> None:
        """There and back: returns when all that was sent before is done."""
        self.ask(Command.GET_ALIGNMENT, struct.pack("<I", device), 8)

    def allocate(self, device: int, size: int) -> tuple[int, int]:
        """A buffer's handle and where it begins; raises `OSError` where there is no room for it."""
        handle, _ = struct.unpack("<QQ", self.ask(Command.ALLOC_BUFFER, struct.pack("<IQ", device, size), 16))
        if not handle:
            raise OSError(12, "it has no room for what it said that it has")
        (base,) = struct.unpack("<Q", self.ask(Command.BUFFER_GET_BASE, struct.pack("<Q", handle), 8))
        return int(handle), int(base)

    def clear(self, handle: int) -> None:
        """Fill a buffer with zeros."""
        self.send(Command.BUFFER_CLEAR, struct.pack("<QB", handle, 0))

    def free(self, handle: int) -> None:
        """Give a buffer back."""
        self.send(Command.FREE_BUFFER, struct.pack("<Q", handle))

    def put(self, tensor: Tensor, data: bytes) -> None:
        """Write into a tensor."""
        self.send(Command.SET_TENSOR, b"".join((tensor.packed(), b"\0", bytes(8), data)))

    def get(self, tensor: Tensor, size: int) -> None:
        """Read from a tensor; what it holds is of no interest."""
        self.ask(Command.GET_TENSOR, tensor.packed() + struct.pack("<QQ", 0, size), size)

    def compute(self, device: int, result: Tensor, sources: tuple[Tensor, ...]) -> None:
        """Have a product computed; `again` repeats it."""
        tensors = b"".join(one.packed() for one in (*sources, result))
        graph = struct.pack("<IIQI", device, 1, result.id, len(sources) + 1)
        self.send(Command.GRAPH_COMPUTE, graph + tensors)

    def again(self, device: int) -> None:
        """Compute once more what was computed last."""
        self.send(Command.GRAPH_RECOMPUTE, struct.pack("<I", device))

    def send(self, command: Command, data: bytes) -> None:
        """A request without an answer."""
        self._wait()
        self._socket.sendall(struct.pack("<BQ", command, len(data)) + data)

    def ask(self, command: Command, data: bytes, size: int) -> bytes:
        """A request and its answer, which has exactly `size` bytes."""
        self.send(command, data)
        (told,) = struct.unpack("<Q", self._read(8))
        if told != size:
            raise OSError(71, f"it answered {told} bytes where {size} belong")
        return self._read(size)

    def _read(self, size: int) -> bytes:
        parts = bytearray()
        while len(parts) < size:
            self._wait()
            piece = self._socket.recv(min(size - len(parts), 1 << 18))
            if not piece:
                raise ConnectionResetError("it hung up")
            parts += piece
        return bytes(parts)

    def _wait(self) -> None:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("it took too long")
        self._socket.settimeout(left)


def agreed(version: tuple[int, int, int], name: str) -> None:
    """Raises `helper.version` for another version than ours."""
    if version != VERSION:
        theirs, ours = (".".join(map(str, one)) for one in (version, VERSION))
        raise DeskError("helper.version", name=name, theirs=theirs, ours=ours)
