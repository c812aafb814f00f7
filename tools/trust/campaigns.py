"""The campaigns that there are: what each one attacks, what it promises, and how it is started."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tests.campaigns import disk

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.campaigns.outcome import Outcome


@dataclass(frozen=True)
class Campaign:
    """`run` takes a folder of its own, a seed and how many cases; `usual` are the cases of a long run (0: all)."""

    title: str
    promise: str
    run: Callable[[Path, int, int], Outcome]
    usual: int
    test: str
    """The short version, in the tests."""
    needs: Callable[[], bool] = lambda: True


CAMPAIGNS: Final = {
    "disk": Campaign(
        "Power and disk",
        "Settings, conversations, backups, pictures, downloads, the library and drafts, each on a disk that fails one "
        "write, sync or rename after the other (an error once, half a write, or full from there on), and after a power "
        "cut behind each of them (all is there, only what was synced, names without bytes, some sectors of it). Then "
        "the same parts open again: none of them says that it is damaged, and everything is as it was promised last.",
        disk.attack,
        0,
        "tests/campaigns/test_disk.py",
        disk.possible,
    ),
}
