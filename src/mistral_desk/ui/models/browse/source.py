"""Where the list comes from and what is happening with it, in words: fetched when, from whom, or why not."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mistral_desk.core.amounts import number
from mistral_desk.core.words import mark, tr, trn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mistral_desk.catalog.store import SetAside
    from mistral_desk.core.errors import Problem

READING: Final = mark("Reading the catalog…")
OFFLINE: Final = mark("“Work offline” is switched on, so nothing is fetched. What is here stays readable.")
_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86_400


@dataclass(frozen=True)
class Progress:
    """How far a refresh is; `total` is 0 while it is not known."""

    done: int = 0
    total: int = 0
    what: str = ""


@dataclass(frozen=True)
class Source:
    """The state of the list. `host` is what a refresh connects to, `publisher` whose list it is.

    `fetched` is the Unix time of the last whole refresh, None before the first.
    """

    host: str = ""
    publisher: str = ""
    fetched: float | None = None
    reading: bool = False
    offline: bool = False
    progress: Progress | None = None
    problem: Problem | None = None
    aside: Sequence[SetAside] = ()


def state_words(source: Source, now: float | None = None) -> str:
    """In one line: *From ai-future-ready.com, updated 3 days ago*."""
    if source.reading:
        return tr(READING)
    if source.progress is not None:
        return progress_words(source)
    if source.fetched is None:
        told = tr("The catalog of {publisher} was not fetched yet.", publisher=source.publisher)
    else:
        age = max(0.0, (time.time() if now is None else now) - source.fetched)
        told = tr("From the catalog of {publisher}, updated {when}.", publisher=source.publisher, when=ago(age))
    return f"{told} {tr(OFFLINE)}" if source.offline else told


def progress_words(source: Source) -> str:
    """*Fetching from ai-future-ready.com: 120 of 2 000*."""
    found = source.progress
    if found is None or not found.total:
        return tr("Asking {host}…", host=source.host)
    return tr(
        "Fetching from {host}: {done} of {total}", host=source.host, done=number(found.done), total=number(found.total)
    )


def ago(seconds: float) -> str:
    """*just now*, *5 minutes ago*, *3 days ago*."""
    if seconds < _MINUTE:
        return tr("just now")
    if seconds < _HOUR:
        return trn("{n} minute ago", "{n} minutes ago", int(seconds // _MINUTE))
    if seconds < _DAY:
        return trn("{n} hour ago", "{n} hours ago", int(seconds // _HOUR))
    return trn("{n} day ago", "{n} days ago", int(seconds // _DAY))


def count_words(found: int, of: int) -> str:
    """*12 of 60 models*, *60 models*."""
    if found == of:
        return trn("{n} model", "{n} models", of)
    return trn("{found} of {n} model", "{found} of {n} models", of, found=number(found))


def aside_words(count: int) -> str:
    """*3 records could not be read*."""
    return trn("{n} record could not be read", "{n} records could not be read", count)
