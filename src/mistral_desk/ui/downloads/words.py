"""What is said of a download: state, sizes, speed and time left, and what a person can do about a problem.

Plain data without Qt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from mistral_desk.core import amounts
from mistral_desk.core.errors import in_words
from mistral_desk.core.words import beside, mark, tr, trc, trn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mistral_desk.library.orders import Download, State

Remedy = Literal["again", "free", "token", "anew", "privacy", "none"]
"""What a problem's button does: go on, make room, enter a token, choose the file anew, open the privacy settings."""

STATES: Final[dict[State, str]] = {
    "queued": mark("Waits for its turn"),
    "checking": mark("Looking at what is there already…"),
    "fetching": mark("Downloading"),
    "finishing": mark("Checking that every byte is right…"),
    "repairing": mark("Looking for the damaged part…"),
    "waiting": mark("Waiting"),
    "paused": mark("Paused"),
    "done": mark("Downloaded"),
}
REMEDIES: Final[dict[Remedy, str]] = {
    "again": mark("Try again"),
    "free": mark("Free space…"),
    "token": mark("Give a token…"),
    "anew": mark("Choose the file anew…"),
    "privacy": mark("Open the settings"),
}
_BY_PROBLEM: Final[dict[str, Remedy]] = {
    "library.disk_full": "free",
    "library.no_room": "free",
    "hub.gated": "token",
    "hub.token_refused": "token",
    "net.not_permitted": "token",
    "library.changed": "anew",
    "hub.not_found": "anew",
    "net.offline": "privacy",
}
ACTIVE: Final[frozenset[State]] = frozenset({"checking", "fetching", "finishing", "repairing"})


def state(download: Download) -> str:
    """The state in a word or two; of one that tries again, when."""
    if download.state == "waiting" and download.retry_s is not None:
        return tr("Tries again in {time}", time=amounts.seconds(max(1, round(download.retry_s))))
    return tr(STATES[download.state])


def share(download: Download) -> float:
    """How much of it is there, 0 to 1."""
    return min(1.0, download.done / download.total) if download.total else 0.0


def sizes(download: Download) -> str:
    """*1.2 GB of 17.0 GB*, in one unit as long as that says something."""
    return tr("{done} of {total}", done=amounts.file_size(download.done), total=amounts.file_size(download.total))


def speed(bytes_per_s: float | None) -> str:
    """*5.4 MB/s*; empty while that cannot be told."""
    return "" if bytes_per_s is None else tr("{size}/s", size=amounts.file_size(round(bytes_per_s)))


def left(seconds: float | None) -> str:
    """*about 12 min left*; empty while that cannot be told."""
    if seconds is None:
        return ""
    return tr("{time} left", time=duration(seconds))


def duration(seconds: float) -> str:
    """A rough time, also a long one: *a few seconds*, *about 12 min*, *about 2 h 10 min*."""
    if seconds < 10:
        return tr("a few seconds")
    if seconds < 5400:
        return amounts.about(seconds)
    minutes = 10 * round(seconds / 600)
    hours, rest = divmod(minutes, 60)
    told = trc("hours", "{number} h", number=amounts.number(hours))
    if rest and hours < 10:
        told = tr("{hours} {minutes}", hours=told, minutes=trc("minutes", "{number} min", number=amounts.number(rest)))
    return tr("about {time}", time=told)


def figures(download: Download) -> str:
    """The line of numbers: sizes, and while bytes come speed and time left."""
    parts = [sizes(download)]
    if download.state == "fetching":
        parts += [speed(download.speed), left(download.left_s)]
    return beside(*parts)


def file(download: Download) -> str:
    """Which file comes now; empty while none does."""
    if download.state not in ACTIVE or not download.file:
        return ""
    count = len(download.order.files)
    if count < 2:
        return download.file
    return tr("File {number} of {count}: {name}", number=download.number, count=count, name=download.file)


def spoken(download: Download) -> str:
    """The whole row in a sentence, for a screen reader."""
    parts = (state(download), amounts.percent(share(download)), figures(download))
    told = ", ".join(part for part in parts if part)
    return tr("{name}: {state}", name=download.order.title, state=told)


def remedy(download: Download) -> Remedy:
    """What the button of its problem does; `none` where there is no problem, or it passes by itself right now."""
    if download.problem is None or download.state in ACTIVE:
        return "none"
    return _BY_PROBLEM.get(download.problem.id, "again")


def trouble(download: Download) -> str:
    """Why it tries again while it runs, in a line; empty where nothing is wrong."""
    if download.problem is None or download.state not in ACTIVE:
        return ""
    return tr("{what}. Trying again…", what=in_words(download.problem, tr).title)


def overall(downloads: Sequence[Download]) -> tuple[float, float | None, int]:
    """Of everything that is not done: the share that is there, the speed of all together, and how many they are."""
    open_ = [one for one in downloads if one.state != "done"]
    total = sum(one.total for one in open_)
    speeds = [one.speed for one in open_ if one.speed is not None]
    done = sum(one.done for one in open_)
    return (min(1.0, done / total) if total else 0.0), (sum(speeds) if speeds else None), len(open_)


def summary(downloads: Sequence[Download]) -> tuple[str, str]:
    """The sidebar's row: how many and how far, and the speed or why nothing comes."""
    part, together, count = overall(downloads)
    head = tr("{what}: {share}", what=trn("{n} download", "{n} downloads", count), share=amounts.percent(part))
    open_ = [one for one in downloads if one.state != "done"]
    if together is not None:
        return head, speed(together)
    if any(one.state in ACTIVE for one in open_):
        return head, next(state(one) for one in open_ if one.state in ACTIVE)
    if any(one.problem for one in open_):
        return head, tr("Needs attention") if any(one.state == "paused" for one in open_) else tr("Waiting")
    return head, tr("Paused") if all(one.state == "paused" for one in open_) else tr("Waiting")
