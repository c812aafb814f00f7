"""Which addresses may be connected to: https, and plain http on this very computer (or, where asked for, around it).

Kept apart from the client, so that the rules can be read and tested by themselves.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin, urlsplit

from mistral_desk.core.errors import DeskError
from mistral_desk.core.words import mark

_LONGEST: Final = 16_384
_PORTS: Final = {"https": 443, "http": 80}

NOT_HTTPS: Final = mark("it does not begin with https")
ONWARD: Final = mark("what is sent goes to the address that was entered, and to no other")
WITH_PASSWORD: Final = mark("it holds a name or a password")
NO_HOST: Final = mark("it names no computer")
TOO_LONG: Final = mark("it is too long")
INWARD: Final = mark("it leads into this computer or the network around it")
TOO_OFTEN: Final = mark("it leads on again and again")
ELSEWHERE: Final = mark("it is another website")
_NUMBERS: Final = re.compile(r"(.*\.)?(\d+|0x[0-9a-f]*)\.?", re.IGNORECASE)
"""Hosts that systems read as a number in one of many old ways; no name ends like this."""


class _RefusedError(Exception):
    """Why an address is not used, as a phrase."""


@dataclass(frozen=True)
class Address:
    """An address that may be used. `origin` is scheme, host and port: what a token belongs to."""

    url: str
    scheme: str
    host: str
    port: int

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port."""
        return self.scheme, self.host, self.port

    @property
    def name(self) -> str:
        """The host as people read it, with its port where that is unusual."""
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return shown if self.port == _PORTS[self.scheme] else f"{shown}:{self.port}"

    @property
    def loopback(self) -> bool:
        """Whether it is on this computer."""
        return _loopback(self.host)

    @property
    def site(self) -> tuple[str, int]:
        """Host and port; `www.` before a name makes no other website."""
        return self.host.removeprefix("www."), self.port


def address(url: str, *, near: bool = False) -> Address:
    """The address, if it may be used; raises `net.address`. `near` allows plain http to numbers of the network around.

    A name says nothing of where it leads, so it needs https then, too.
    """
    try:
        return _parsed(url, near=near)
    except _RefusedError as error:
        raise DeskError("net.address", address=shown(url), reason=str(error)) from error


def redirected(start: Address, at: Address, location: str, *, elsewhere: bool = True) -> Address:
    """Where a redirect leads, if it may be followed; raises `net.redirect`.

    Who began outside is not led into this computer, and without `elsewhere` to no other website. `start` is where the
    request began, `at` who redirects.
    """
    try:
        try:
            target = _parsed(urljoin(at.url, location))
        except ValueError as error:
            raise _RefusedError(NO_HOST) from error
        _check(start, target, elsewhere)
    except _RefusedError as error:
        raise DeskError("net.redirect", host=at.name, target=shown(location), reason=str(error)) from error
    return target


def _check(start: Address, target: Address, elsewhere: bool) -> None:
    if _inward(target.host) and not start.loopback:
        raise _RefusedError(INWARD)
    if not elsewhere and target.site != start.site:
        raise _RefusedError(ELSEWHERE)


def shown(url: str) -> str:
    """An address for people: short, and without its query, which may be a key to what it leads to."""
    plain = re.split(r"[?#]", url, maxsplit=1)[0]
    plain = re.sub(r"//[^/@]*@", "//", plain)
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in plain[:200])


def _parsed(url: str, *, near: bool = False) -> Address:
    if len(url) > _LONGEST:
        raise _RefusedError(TOO_LONG)
    if any(ord(sign) <= 32 or ord(sign) == 127 for sign in url):
        raise _RefusedError(NO_HOST)
    try:
        parts = urlsplit(url)
        host, port, scheme = (parts.hostname or "").lower(), parts.port, parts.scheme.lower()
        host.encode("idna")
    except (ValueError, UnicodeError) as error:
        raise _RefusedError(NO_HOST) from error
    if parts.username is not None or parts.password is not None:
        raise _RefusedError(WITH_PASSWORD)
    if scheme not in _PORTS:
        raise _RefusedError(NOT_HTTPS)
    if not host or not _plausible(host):
        raise _RefusedError(NO_HOST)
    if scheme == "http" and not (_loopback(host) or (near and around(host))):
        raise _RefusedError(NOT_HTTPS)
    return Address(parts._replace(fragment="").geturl(), scheme, host, port or _PORTS[scheme])


def _loopback(host: str) -> bool:
    number = _number(host)
    return number.is_loopback if number else host == "localhost"


def around(host: str) -> bool:
    """Whether it is written as a number of the network around this computer, which no one else can have."""
    number = _number(host)
    return number is not None and (number.is_private or number.is_link_local)


def _inward(host: str) -> bool:
    """Whether it is this computer or the network around it; a name says nothing of that, but for localhost."""
    number = _number(host)
    if number is None:
        return host.rstrip(".").rpartition(".")[2] == "localhost"
    return not number.is_global


def _plausible(host: str) -> bool:
    number = _number(host)
    if number is None:
        return not _NUMBERS.fullmatch(host)
    return not (number.is_unspecified or number.is_multicast)


def _number(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The IP address that a host is written as; IPv4 inside IPv6 is taken out."""
    try:
        number = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    inside = number.ipv4_mapped if isinstance(number, ipaddress.IPv6Address) else None
    return inside or number
