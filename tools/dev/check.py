"""Lint, format, types, layers and unit tests side by side: what to run before every commit."""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tools.dev import child
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


def checks_for(root: Path, cores: int | None = None) -> list[Check]:
    """All checks of the tree at `root`, the longest first. The unit tests are split so that they use `cores` cores."""
    unit = (root / "tests" / "unit").glob("test_*.py")
    parts = split(list(unit), cores or min(os.cpu_count() or 1, 4))
    return [
        Check("types (mypy --strict)", ("-m", "mypy")),
        Check("types on Windows", ("-m", "mypy", "--platform", "win32", "--cache-dir", ".mypy_cache/windows", "src")),
        *(
            Check(f"unit tests {number} of {len(parts)}", ("-m", "pytest", "-q", *(str(path) for path in part)))
            for number, part in enumerate(parts, 1)
        ),
        Check("layers (import-linter)", ("-c", _LAYERS)),
        Check("lint (ruff)", ("-m", "ruff", "check", "."), "python -m ruff check --fix ."),
        Check("format (ruff)", ("-m", "ruff", "format", "--check", "."), "python -m ruff format ."),
    ]


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


def run_all(root: Path, python: Path, checks: Sequence[Check]) -> int:
    """Run the checks at once, show what each says where it fails; 0 if all are content."""
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
    pool = ThreadPoolExecutor(len(children))
    try:
        waiting = {pool.submit(running.communicate): (check, running) for check, running in children}
        for done in as_completed(waiting):
            check, running = waiting[done]
            took = duration(time.monotonic() - began)
            if running.returncode == 0:
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
    print(f"{f'Not well: {names}' if failed else 'All well'} ({duration(time.monotonic() - began)})")
    return 1 if failed else 0
