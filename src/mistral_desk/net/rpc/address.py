"""Which addresses another computer may have: only those of this computer and of the network around it.

The protocol is neither encrypted nor authenticated, so nothing of it may ever cross the internet, in either direction.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from typing import Final

import msgspec

from mistral_desk.core.errors import DeskError

PORT: Final = 50052
"""Where a helper listens unless it is told otherwise; llama.cpp's own choice."""
_NAME: Final = re.compile(r"(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9-]{1,63})*")
_PORTS: Final = range(1, 65_536)


class Address(msgspec.Struct, frozen=True):
    """A computer by name or number (IPv4: llama.cpp's RPC knows no other), and a port."""

    host: str
    port: int = PORT

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def parsed(text: str, *, port: int = PORT) -> Address:
    """What a person typed: `192.168.1.5`, `cellar.local:50052`. Nothing is looked up.

    Raises `helper.address` for what is no address, and `helper.public` for a number outside the network around.
    """
    host, colon, after = text.strip().rpartition(":")
    if not colon:
        host, after = after, str(port)
    if not (_NAME.fullmatch(host) and after.isascii() and after.isdigit() and int(after) in _PORTS):
        raise DeskError("helper.address", address=text.strip()[:80])
    number = _number(host)
    if number is None and re.fullmatch(r"[\d.]+|0[xX].*", host):  # `1.2.3`, `0x7f000001`: systems disagree on these
        raise DeskError("helper.address", address=text.strip()[:80])
    if number is not None and not near(number):
        raise DeskError("helper.public", address=host)
    return Address(host, int(after))


def numeric(address: Address) -> Address:
    """The address as a number: looks a name up, so it blocks. Raises `helper.unknown` and `helper.public`.

    Whoever connects afterwards takes this number, and not the name again, which might mean another computer by then.
    """
    if _number(address.host) is not None:
        return address
    try:
        found = socket.getaddrinfo(address.host, address.port, socket.AF_INET, socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise DeskError("helper.unknown", address=address.host) from error
    host = str(found[0][4][0])
    number = _number(host)
    if number is None or not near(number):
        raise DeskError("helper.public", address=f"{address.host} ({host})")
    return Address(host, address.port)


def near(number: ipaddress.IPv4Address) -> bool:
    """Whether this is one computer on a network that is not the internet: loopback, private or link-local."""
    if number.is_unspecified or number.is_multicast or number == ipaddress.IPv4Address("255.255.255.255"):
        return False
    return any(number in network for network in _NEAR)


_NEAR: Final = tuple(
    map(ipaddress.IPv4Network, ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"))
)


def _number(host: str) -> ipaddress.IPv4Address | None:
    try:
        return ipaddress.IPv4Address(host)
    except ValueError:
        return None
