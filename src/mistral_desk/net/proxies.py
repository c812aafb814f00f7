"""Which computers the system reaches without its proxy: the exceptions that Windows and macOS keep beside it.

The library takes the proxies themselves from the environment or the system, but of the exceptions only `no_proxy`. The
standard library's own look at them asks the network for each name, which a list of names does not need.
"""

from __future__ import annotations

import contextlib
import fnmatch
import importlib
import ipaddress
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.request import getproxies_environment

if TYPE_CHECKING:
    from collections.abc import Mapping

LOCAL: Final = "<local>"
"""What Windows writes for names without a dot."""
_SETTINGS: Final = r"Software\Microsoft\Windows\CurrentVersion\Internet Settings"
_NETWORK: Final = re.compile(r"(\d{1,3}(?:\.\d{1,3}){0,3})(?:/(\d{1,2}))?")
_OCTETS: Final = 4


@dataclass(frozen=True)
class Exceptions:
    """Patterns of hosts (`*.example.org`, `10.0/16`), and whether names without a dot are excepted too."""

    patterns: tuple[str, ...] = ()
    simple: bool = False

    def hold(self, host: str) -> bool:
        """Whether this host is one of them; `host` is in small letters."""
        try:
            number: ipaddress.IPv4Address | ipaddress.IPv6Address | None = ipaddress.ip_address(host)
        except ValueError:
            number = None
        if self.simple and number is None and "." not in host:
            return True
        return any(_is(host, number, pattern.strip().lower()) for pattern in self.patterns)


def direct(host: str) -> bool:
    """Whether the system wants this host reached without its proxy. Reads its settings: it may block for a moment."""
    if getproxies_environment():  # where the environment names proxies, it names the exceptions, and the library knows
        return False
    return _of_system().hold(host.lower())


def _of_system() -> Exceptions:
    if sys.platform == "win32":
        import winreg  # noqa: PLC0415 - Windows has it only

        with contextlib.suppress(OSError), winreg.OpenKey(winreg.HKEY_CURRENT_USER, _SETTINGS) as key:
            return of_override(str(winreg.QueryValueEx(key, "ProxyOverride")[0]))
    if sys.platform == "darwin":
        with contextlib.suppress(ImportError):  # macOS has it only; urllib.request stands on it, too
            return of_settings(importlib.import_module("_scproxy")._get_proxy_settings())  # noqa: SLF001
    return Exceptions()


def of_override(text: str) -> Exceptions:
    """What Windows keeps in `ProxyOverride`: patterns between semicolons."""
    parts = [part.strip().lower() for part in re.split(r"[;\s]+", text) if part.strip()]
    return Exceptions(tuple(part for part in parts if part != LOCAL), LOCAL in parts)


def of_settings(settings: Mapping[str, Any]) -> Exceptions:
    """What macOS says: `exceptions` and `exclude_simple`."""
    patterns = tuple(one for one in settings.get("exceptions") or () if isinstance(one, str))
    return Exceptions(patterns, bool(settings.get("exclude_simple")))


def _is(host: str, number: ipaddress.IPv4Address | ipaddress.IPv6Address | None, pattern: str) -> bool:
    pattern = re.sub(r"^[a-z]+://", "", pattern)
    if network := _NETWORK.fullmatch(pattern):
        return isinstance(number, ipaddress.IPv4Address) and number in _network(network[1], network[2])
    if pattern.count(":") == 1:
        pattern = pattern.partition(":")[0]  # a port says nothing of where the way leads
    return bool(pattern) and fnmatch.fnmatchcase(host, pattern)


def _network(begin: str, bits: str | None) -> ipaddress.IPv4Network:
    """`10.0/16` and `10.0` are the same network; one that is none has nobody in it."""
    octets = begin.split(".")
    length = int(bits) if bits else 8 * len(octets)
    whole = ".".join(octets + ["0"] * (_OCTETS - len(octets)))
    try:
        return ipaddress.IPv4Network(f"{whole}/{length}", strict=False)
    except ValueError:
        return ipaddress.IPv4Network("255.255.255.255/32")
