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


# The longest first: the others fit beside it.
CHECKS = (
    Check("types (mypy --strict)", ("-m", "mypy")),
    Check("unit tests", ("-m", "pytest", "-q", "tests/unit")),
    Check(
        "layers (import-linter)", ("-c", "from importlinter.cli import lint_imports_command; lint_imports_command()")
    ),
    Check("lint (ruff)", ("-m", "ruff", "check", "."), "python -m ruff check --fix ."),
    Check("format (ruff)", ("-m", "ruff", "format", "--check", "."), "python -m ruff format ."),
)


def run_all(root: Path, python: Path, checks: Sequence[Check] = CHECKS) -> int:
    """Run all checks at once, show what each says where it fails; 0 if all are content."""
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
