"""Which addresses may be connected to: https, and plain http on this very computer.

Kept apart from the client, so that the rules can be read and tested by themselves.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin, urlsplit

from mistral_desk.core.errors import DeskError
from mistral_desk.core.words import mark

_LONGEST: Final = 16_384
_PORTS: Final = {"https": 443, "http": 80}

NOT_HTTPS: Final = mark("it does not begin with https")
WITH_PASSWORD: Final = mark("it holds a name or a password")
NO_HOST: Final = mark("it names no computer")
TOO_LONG: Final = mark("it is too long")
INWARD: Final = mark("it leads back into this computer")
TOO_OFTEN: Final = mark("it leads on again and again")


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


def address(url: str) -> Address:
    """The address, if it may be used; raises `net.address`."""
    try:
        return _parsed(url)
    except _RefusedError as error:
        raise DeskError("net.address", address=url[:200], reason=str(error)) from error


def redirected(start: Address, at: Address, location: str) -> Address:
    """Where a redirect leads, if it may be followed; raises `net.redirect`.

    Who began outside is not led into this computer. `start` is where the request began, `at` who redirects.
    """
    try:
        try:
            target = _parsed(urljoin(at.url, location))
        except ValueError as error:
            raise _RefusedError(NO_HOST) from error
        if target.loopback and not start.loopback:
            raise _RefusedError(INWARD)
    except _RefusedError as error:
        raise DeskError("net.redirect", host=at.name, target=location[:200], reason=str(error)) from error
    return target


def _parsed(url: str) -> Address:
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
    if not host:
        raise _RefusedError(NO_HOST)
    if scheme == "http" and not _loopback(host):
        raise _RefusedError(NOT_HTTPS)
    return Address(parts._replace(fragment="").geturl(), scheme, host, port or _PORTS[scheme])


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False
