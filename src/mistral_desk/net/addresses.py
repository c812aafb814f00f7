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
_LONGEST_LABEL: Final = 63
_PORTS: Final = {"https": 443, "http": 80}

NOT_HTTPS: Final = mark("it does not begin with https")
ONWARD: Final = mark("what is sent goes to the address that was entered, and to no other")
WITH_PASSWORD: Final = mark("it holds a name or a password")
NO_HOST: Final = mark("it names no computer")
TOO_LONG: Final = mark("it is too long")
INWARD: Final = mark("it leads into this computer or the network around it")
TOO_OFTEN: Final = mark("it leads on again and again")
ELSEWHERE: Final = mark("it is another website")
_PLAIN: Final = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?")
"""Names that stand in a request as they are written."""
_BRACKETS: Final = re.compile(r"\[[0-9a-f:.]+(%[\w.-]+)?\](:[0-9]*)?", re.ASCII | re.IGNORECASE)
"""Where a number of IPv6 stands in an address; `%` names one of this computer's networks."""
_FOUR_IN_SIX: Final = tuple(
    (ipaddress.IPv6Network(net), shift)
    for net, shift in (("::/96", 0), ("64:ff9b::/96", 0), ("64:ff9b:1::/48", 0), ("2002::/16", 80))
)
"""IPv6 addresses that lead to the IPv4 address in them, and how many bits stand behind it."""
_NUMBERS: Final = re.compile(r"(.*\.)?(\d+|0x[0-9a-f]*)\.?", re.IGNORECASE)
"""Hosts that systems read as a number in one of many old ways; no name ends like this."""


class _RefusedError(Exception):
    """Why an address is not used, as a phrase."""


@dataclass(frozen=True)
class Address:
    """An address that may be used. `origin` is scheme, host and port: what a token belongs to.

    `host` is the computer that is really asked: a number in its normal form, a name without signs that would become
    other ones on the way.
    """

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
        if "[" in parts.netloc and not _BRACKETS.fullmatch(parts.netloc.rpartition("@")[2]):
            raise _RefusedError(NO_HOST)
        host, port, scheme = _normal(parts.hostname or ""), parts.port, parts.scheme.lower()
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


def sent(host: str) -> str:
    """The host as it stands in a request: a name with other letters in the form that DNS has. Raises `ValueError`."""
    if host.isascii():
        return host
    import idna  # noqa: PLC0415 - few hosts need it

    return idna.encode(host).decode("ascii")


def _normal(host: str) -> str:
    """The one form of a host. Raises `ValueError` where a request would go to what is written in another way."""
    host = host.lower()
    if ":" in host:
        return str(ipaddress.IPv6Address(host))
    if host and not _PLAIN.fullmatch(sent(host)):
        raise ValueError(host)
    if not host.isascii():
        import idna  # noqa: PLC0415 - as above

        if idna.decode(sent(host)) != host:
            raise ValueError(host)
    elif any(len(label) > _LONGEST_LABEL for label in host.split(".")):
        raise ValueError(host)
    return host


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
    return not number.is_global or any(not inside.is_global for inside in _inside(number))


def _inside(number: ipaddress.IPv4Address | ipaddress.IPv6Address) -> list[ipaddress.IPv4Address]:
    """The IPv4 address that an IPv6 address leads to; of one of IPv4, none."""
    return [ipaddress.IPv4Address(int(number) >> shift & 0xFFFF_FFFF) for net, shift in _FOUR_IN_SIX if number in net]


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
