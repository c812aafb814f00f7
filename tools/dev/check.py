"""Lint, format, types, layers and the unit tests of what changed, side by side: what to run before every commit."""

from __future__ import annotations

import os
import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tools.dev import child, concerned
from tools.dev.steps import duration

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Check:
    """One program, what to say of it, and what repairs what it finds."""

    title: str
    command: tuple[str, ...]
    repair: str = ""
    counts: bool = False
    """Whether it is a part of the unit tests, whose last line tells how many ran."""


# How much of the unit tests a check takes in, in bytes of test files: half a minute on two cores, beside the types.
BUDGET = 100_000


def checks_for(tests: Sequence[Path], parts: int) -> list[Check]:
    """All checks, the longest first, and of the unit tests those in the files `tests`, in so many `parts`."""
    shares = split(tests, parts)
    return [
        Check("types (mypy --strict)", ("-m", "mypy")),
        *(
            Check(f"types on {name}", ("-m", "mypy", "--platform", key, "--cache-dir", f".mypy_cache/{key}", "src"))
            for key, name in (("win32", "Windows"), ("darwin", "macOS"))
        ),
        *(
            Check(
                f"unit tests {number} of {len(shares)}",
                ("-m", "pytest", "-q", "-m", "not slow", *(str(path) for path in share)),
                counts=True,
            )
            for number, share in enumerate(shares, 1)
        ),
        Check("layers (import-linter)", ("-c", _LAYERS)),
        Check("lint (ruff)", ("-m", "ruff", "check", "."), "python -m ruff check --fix ."),
        Check("format (ruff)", ("-m", "ruff", "format", "--check", "."), "python -m ruff format ."),
    ]


def check_all(root: Path, python: Path, parts: int) -> int:
    """Run every check, of the unit tests those that concern what changed; 0 if all are content."""
    changed = concerned.changed(root)
    if changed is None:
        every = tuple(sorted((root / "tests" / "unit").glob("test_*.py")))
        chosen, why = concerned.Chosen(every, len(every)), "all: git is not here to say what changed"
    else:
        chosen = concerned.choose(root, changed, BUDGET)
        why = "the house's and those nearest to what changed since the last commit but one"
    which = f"of {len(chosen.files)} of {chosen.of} files ({why}); every test: python3 dev.py test"
    return run_all(root, python, checks_for(chosen.files, parts), which)


# pytest's status where every test of a part is a slow one.
_NO_TESTS = 5
_LAYERS = "from importlinter.cli import lint_imports_command; lint_imports_command()"


def split(files: Sequence[Path], parts: int) -> list[list[Path]]:
    """Share files out so that each part has about as many bytes: what a test file says goes with what it takes."""
    shares: list[list[Path]] = [[] for _ in range(parts)]
    sizes = [0] * parts
    for file in sorted(files, key=lambda file: (-file.stat().st_size, file.name)):
        smallest = sizes.index(min(sizes))
        shares[smallest].append(file)
        sizes[smallest] += file.stat().st_size
    return [sorted(share) for share in shares if share]


def run_all(root: Path, python: Path, checks: Sequence[Check], which: str = "") -> int:
    """Run the checks at once, show what each says where it fails; 0 if all are content.

    `which` says which unit tests these are, for the closing line that counts them.
    """
    began = time.monotonic()
    environment = {**os.environ, "PYTHONUTF8": "1"}
    children = [
        (
            check,
            child.start([str(python), *check.command], cwd=root, env=environment),
        )
        for check in checks
    ]
    failed = []
    ran = slow = 0
    pool = ThreadPoolExecutor(len(children))
    try:
        waiting = {pool.submit(running.communicate): (check, running) for check, running in children}
        for done in as_completed(waiting):
            check, running = waiting[done]
            took = duration(time.monotonic() - began)
            if check.counts:
                ran += _number(done.result()[0], "passed") + _number(done.result()[0], "failed")
                slow += _number(done.result()[0], "deselected")
            nothing = check.counts and running.returncode == _NO_TESTS
            if running.returncode == 0 or nothing:
                print(f"ok      {check.title}, {took}", flush=True)
                continue
            failed.append(check)
            print(done.result()[0].rstrip() or "(it said nothing)")
            print(f"FAILED  {check.title}, {took}" + (f" - to repair: {check.repair}" if check.repair else ""))
            sys.stdout.flush()
    except BaseException:
        for _, running in children:
            if running.poll() is None:
                child.end(running)
        raise
    finally:
        pool.shutdown(wait=True)
    names = ", ".join(check.title for check in failed)
    tests = f"; {ran} unit tests ran and {slow} slow ones did not, {which}" if which else ""
    print(f"{f'Not well: {names}' if failed else 'All well'} ({duration(time.monotonic() - began)}){tests}")
    return 1 if failed else 0


def _number(said: str, what: str) -> int:
    """What pytest's closing line counts under a word."""
    found = re.findall(rf"(\d+) {what}\b", said.rstrip().rpartition("\n")[2])
    return int(found[0]) if found else 0
