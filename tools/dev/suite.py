"""How `dev.py test` shares the suite out: several processes, one file at a time, and one closing line.

A file's tests stay together and in their order: they share fixtures, and what measures in one does not meet itself.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# The slow ones first: at the end of a shared run small files are left, so that no process waits long for another.
FOLDERS = ("e2e", "campaigns", "engine", "ui", "unit")

# More processes than this gain nothing: the longest file decides then.
MOST = 8

# A run that somebody watches or takes apart stays in one process; with `-n` or `--dist` the words say it themselves.
_ALONE = ("-k", "-n", "-s", "--numprocesses", "--dist", "--pdb", "--trace", "--co", "--collect-only", "--capture")
# Where the time went, for whoever makes the suite quicker: CI's computer is the one that nothing else keeps busy.
_TOLD = ("--durations=25", "--durations-min=3")


def words_for(words: Sequence[str], root: Path, cores: int) -> list[str]:
    """What pytest gets for `dev.py test WORDS…` in the tree at `root` on a computer with so many `cores`.

    The whole suite or whole folders are shared out among the cores, two processes at the least: many tests wait for a
    process or a clock. Named files and `-k` run in one process, which begins sooner.
    """
    named = [path for word in words if (path := _named(word, root))]
    found = [f"tests/{name}" for name in FOLDERS if any((root / "tests" / name).glob("**/test_*.py"))]
    folders = [] if named else found
    if any(map(_is_alone, words)) or any(path.is_file() for path in named):
        return [*words, *reversed(folders)]  # one process: what is quick to know comes first
    shared = ("-n", str(min(max(cores, 2), MOST)), "--dist", "loadfile", "--no-loadscope-reorder")
    return [*shared, *_TOLD, *words, *folders]


def _named(word: str, root: Path) -> Path | None:
    """The file or folder of tests that a word names."""
    path = Path(root, word.split("::", maxsplit=1)[0])
    tests = root / "tests"
    return path if not word.startswith("-") and path.exists() and path.resolve().is_relative_to(tests) else None


def _is_alone(word: str) -> bool:
    name = word.partition("=")[0]
    return name in _ALONE or word[:2] in {"-k", "-n"}


def cores() -> int:
    """The cores that this process may use, where the system tells; else all that there are."""
    allowed: Callable[[int], set[int]] | None = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1
