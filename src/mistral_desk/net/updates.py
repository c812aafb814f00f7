"""Whether there is a newer version: asked where this program was published, when a person asks or has switched it on.

Nothing is downloaded, and of the answer only the version and its notes are used: what is opened is our own address.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import msgspec

from mistral_desk import __version__
from mistral_desk.core import private
from mistral_desk.core.build import releases
from mistral_desk.core.errors import DeskError
from mistral_desk.core.settings import UPDATES
from mistral_desk.core.versions import order
from mistral_desk.core.words import mark
from mistral_desk.net.addresses import address
from mistral_desk.net.client import Purpose, Wants

if TYPE_CHECKING:
    from pathlib import Path

    from mistral_desk.core.settings import Settings
    from mistral_desk.net.client import Net

log = logging.getLogger(__name__)
DAY_S: Final = 24 * 3600.0
LONGEST_NOTES: Final = 4_000
"""Signs of a release's notes that are shown; its page has all of them."""
NO_VERSION: Final = mark("it names no version")
_LIMIT: Final = 1_000_000
_WHY: Final = mark("To look whether there is a newer version of Mistral Desk")
_FILE: Final = "updates.json"


@dataclass(frozen=True)
class Release:
    """What was published last: its version, what it says of itself as plain text, and the page where it is."""

    version: str
    notes: str
    page: str

    @property
    def newer(self) -> bool:
        """Whether it is newer than this program."""
        return (order(self.version) or ()) > (order(__version__) or ())


class _Told(msgspec.Struct):
    """As GitHub's `GET /repos/{owner}/{repo}/releases/latest` answers, https://docs.github.com/rest/releases."""

    tag_name: str
    body: str | None = None


class _Asked(msgspec.Struct):
    """When it was asked last by itself, in seconds since 1970."""

    at: float


class Updates:
    """Asks for the newest version. `folder` is where it is remembered when that was done by itself."""

    def __init__(self, net: Net, settings: Settings, folder: Path) -> None:
        self._net, self._settings, self._file = net, settings, folder / _FILE

    @cached_property
    def base(self) -> str:
        """Where this build was published; "" where that is not known. The first call reads a small file."""
        return _usable(releases())

    @property
    def possible(self) -> bool:
        """Whether this build has an address, and connections are allowed."""
        return bool(self.base) and not self._net.offline

    async def newest(self) -> Release | None:
        """What was published last; None where nothing was. Raises `net.…`."""
        asked = address(self.base)
        feed = feed_of(self.base)
        wants = Wants(headers={"accept": "application/json"}, allow=frozenset({200, 404}))
        reply = await self._net.fetch(feed, Purpose("updates", _WHY), limit=_LIMIT, seconds=30.0, wants=wants)
        if reply.status == 404:
            return None
        try:
            told = msgspec.json.decode(reply.body, type=_Told)
        except (ValueError, RecursionError) as error:
            raise DeskError("net.garbled", str(error), host=asked.name, reason=NO_VERSION) from error
        if order(told.tag_name) is None:
            raise DeskError("net.garbled", host=asked.name, reason=NO_VERSION)
        return Release(
            told.tag_name.removeprefix("v"), plain(told.body or ""), f"{self.base}/releases/tag/{told.tag_name}"
        )

    async def newest_if_due(self) -> Release | None:
        """As `newest`, by itself: only where that is switched on and possible, and the last look is a day ago."""
        if not self._settings.get(UPDATES) or not await asyncio.to_thread(self._due, time.time()):
            return None
        return await self.newest()

    def _due(self, now: float) -> bool:
        """Whether it is possible and a day has gone by; then this time is noted, so that a failure is not repeated all
        day.
        """
        if not self.possible:
            return False
        with contextlib.suppress(OSError, ValueError):
            if 0 <= now - msgspec.json.decode(self._file.read_bytes(), type=_Asked).at < DAY_S:
                return False
        with contextlib.suppress(OSError):
            private.write(self._file, msgspec.json.encode(_Asked(now)))
        return True


def _usable(base: str) -> str:
    try:
        return address(base).url if base else ""
    except DeskError as error:
        log.info("the address of this build cannot be used: %s", error)
        return ""


def feed_of(base: str) -> str:
    """Where a project's newest release is told: GitHub has another host for it; others are asked at the page itself."""
    where = address(base)
    if where.host == "github.com":
        path = where.url.partition("github.com/")[2]
        return f"https://api.github.com/repos/{path}/releases/latest"
    return f"{base}/releases/latest"


def plain(text: str) -> str:
    """Notes as they may be shown: without signs that are none, and not endless."""
    lines = "\n".join(text.splitlines())
    kept = "".join(sign for sign in lines if sign == "\n" or sign.isprintable()).strip()
    return kept if len(kept) <= LONGEST_NOTES else kept[:LONGEST_NOTES].rstrip() + " …"
