"""What a request is made of, and what a whole answer is: plain data for everyone who asks the client for something."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_SILENCE_S: Final = 30.0


@dataclass(frozen=True)
class Purpose:
    """Which room asks, and an English sentence (marked for translation) that says what for.

    Requests with the same `job` are one entry in the ledger for each host.
    """

    who: str
    why: str
    job: str = ""


@dataclass(frozen=True)
class Reply:
    """A whole answer. Header names are lower case; `url` is where it came from in the end."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    hops: tuple[Mapping[str, str], ...] = ()
    """The headers of the redirects on the way: the hub's tell a file's size and hash."""


@dataclass(frozen=True)
class Wants:
    """How a request is made. `token` goes to the first address's host alone; `silence_s` is the longest pause.

    `allow` are the statuses that the asker can use; any other becomes an error. Without `elsewhere` no redirect to
    another website is followed, without `follows` none at all. `near` allows plain http to numbers of the network
    around this computer. `body` is what is sent along.
    """

    headers: Mapping[str, str] = field(default_factory=dict)
    token: str | None = field(default=None, repr=False)
    allow: frozenset[int] = frozenset({200})
    method: str = "GET"
    silence_s: float = _SILENCE_S
    elsewhere: bool = True
    follows: bool = True
    near: bool = False
    body: bytes | None = field(default=None, repr=False)
