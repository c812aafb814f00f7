"""A computer is tested before anything depends on it, and whatever it does, the test ends with words."""

from __future__ import annotations

import random
import struct
from typing import TYPE_CHECKING

import pytest

from mistral_desk.core.errors import DeskError
from mistral_desk.net.rpc import probe, wire
from mistral_desk.net.rpc.address import Address
from mistral_desk.net.rpc.wire import Tensor
from tests.fixtures import lending
from tests.fixtures.engines import END_OF_WORLD_S

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

SHORT_S = 0.3


def refused(serve: Callable[[socket.socket], None], limit_s: float = END_OF_WORLD_S) -> str:
    with lending.scripted(serve) as there, pytest.raises(DeskError) as error:
        probe.look(there.address, limit_s)
    return error.value.problem.id


def test_one_that_is_there_says_what_it_lends() -> None:
    with lending.scripted(lending.honest(devices=2, memory=(7, 9))) as there:
        found = probe.look(there.address)
    assert [(one.free, one.total) for one in found.devices] == [(7, 9), (7, 9)]
    assert (found.host, found.port, found.measured) == (there.address.host, there.address.port, False)


def test_more_free_than_there_is_is_not_believed() -> None:
    with lending.scripted(lending.honest(memory=(50, 9))) as there:
        assert probe.look(there.address).devices[0].free == 9


@pytest.mark.parametrize("version", [(6, 0, 0), (8, 0, 0), (7, 1, 0), (7, 0, 1)])
def test_another_version_is_refused(version: tuple[int, int, int]) -> None:
    """The last number too: operations are numbered, and another list of them computes something else."""
    assert refused(lending.honest(version)) == "helper.version"


def test_nobody_there() -> None:
    with lending.nobody() as port, pytest.raises(DeskError, match=r"helper\.absent"):
        probe.look(Address(lending.HOST, port))


def test_one_that_takes_the_connection_and_says_nothing() -> None:
    def listen(one: socket.socket) -> None:
        while one.recv(1 << 16):
            pass

    assert refused(listen, SHORT_S) == "helper.silent"


def test_one_that_says_a_byte_now_and_then_has_no_more_time() -> None:
    def drip(one: socket.socket) -> None:
        one.recv(1 << 16)
        one.settimeout(SHORT_S / 20)
        while True:
            one.sendall(b"\0")
            try:
                if not one.recv(1):
                    return
            except TimeoutError:
                continue

    assert refused(drip, SHORT_S) in {"helper.silent", "helper.strange"}


@pytest.mark.parametrize(
    "answer",
    [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-OpenSSH_9.2p1\r\n", struct.pack("<Q", 2**63), b"\xff" * 64, b""],
)
def test_another_program_listens_there(answer: bytes) -> None:
    def serve(one: socket.socket) -> None:
        one.recv(1 << 16)
        one.sendall(answer)

    assert refused(serve) == "helper.strange"


@pytest.mark.parametrize(("devices", "memory"), [(0, (1, 1)), (10**6, (1, 1)), (1, (0, 0)), (1, (2**63, 2**63))])
def test_what_cannot_be_is_not_believed(devices: int, memory: tuple[int, int]) -> None:
    assert refused(lending.honest(devices=devices, memory=memory)) == "helper.strange"


def test_random_bytes_always_end_in_words() -> None:
    for size in (1, 7, 8, 9, 36, 100, 5000):

        def serve(one: socket.socket, size: int = size) -> None:
            one.recv(1 << 16)
            one.sendall(random.Random(size).randbytes(size))

        assert refused(serve).startswith("helper.")


def test_a_tensor_is_told_as_the_protocol_has_it() -> None:
    matrix = Tensor(1, wire.Q8_0, 64, 3, 77, 1000)
    packed = matrix.packed()
    assert len(packed) == 296
    assert struct.unpack_from("<QIQ4I4I", packed) == (1, 8, 77, 64, 3, 1, 1, 34, 68, 204, 204)
    product = Tensor(3, wire.F32, 3, 1, 77, 5000, (1, 2)).packed()
    assert struct.unpack_from("<I", product, 52)[0] == 29, "GGML_OP_MUL_MAT"
    assert struct.unpack_from("<QQ", product, 124) == (1, 2), "what it is made of"
