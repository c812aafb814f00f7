"""Shows the steps of a set-up, and runs the programs behind them.

A person sees one line a step; what the programs said stands in a log file, and its end on the screen when one fails.
"""

from __future__ import annotations

import os
import sys
import time
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from tools.dev import child

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

# A screen that cannot be rewritten (a CI log) gets a progress line this often, in seconds.
PLAIN_EVERY = 15.0
TAIL = 25


class Failed(Exception):  # noqa: N818 - it is read as "the step failed"
    """A step that did not work, in words for the person who typed the command."""

    def __init__(self, what: str, todo: str = "", tail: Sequence[str] = ()) -> None:
        self.what, self.todo, self.tail = what, todo, tuple(tail)
        super().__init__(what)


def duration(seconds: float) -> str:
    """Seconds as people say them: `0.4 s`, `12 s`, `3 min 05 s`."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02d} s"


class Steps:
    """One line a step on `out`, everything else into the log file."""

    def __init__(self, log: Path, out: TextIO | None = None) -> None:
        self.log = log
        self._out = out or sys.stdout
        self._live = self._out.isatty()
        self._file: TextIO | None = None
        self._title = ""
        self._began = 0.0
        self._shown = 0.0
        self._width = 0

    def close(self) -> None:
        """Close the log file, where one was opened."""
        if self._file:
            self._file.close()
            self._file = None

    def say(self, text: str) -> None:
        """A line of its own."""
        self._clear()
        self._write(text + "\n")
        self.note(text)

    def note(self, text: str) -> None:
        """A line for the log only."""
        if self._file is None:
            self.log.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.log.open("w", encoding="utf-8", errors="replace")
        self._file.write(text.rstrip("\n") + "\n")
        self._file.flush()

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Announce `title`, and its time when it is done."""
        self._title, self._began = title, time.monotonic()
        self._shown = self._began
        self.note(f"== {title}")
        if self._live:
            self._rewrite(f"{title} …")
        else:
            self._write(f"{title} …\n")
        yield
        took = duration(time.monotonic() - self._began)
        self.note(f"== {title}: done in {took}")
        self._clear()
        self._write(f"{title}: done in {took}\n" if self._live else f"  done in {took}\n")

    def progress(self, text: str) -> None:
        """How far the current step is; rewritten on a terminal, now and then elsewhere."""
        now = time.monotonic()
        if self._live:
            self._rewrite(f"{self._title}: {text}")
        elif now - self._shown >= PLAIN_EVERY:
            self._shown = now
            self._write(f"  {text}\n")

    def run(
        self,
        command: Sequence[str],
        *,
        todo: str = "",
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        on_line: Callable[[str], None] | None = None,
    ) -> None:
        """Run a program to its end, its words going to the log. Raises `Failed` with the last of them."""
        self.note("$ " + " ".join(command))
        tail: deque[str] = deque(maxlen=TAIL)
        try:
            running = child.start(command, env=env, cwd=cwd)
        except OSError as error:
            raise Failed(f"{command[0]} could not be started: {error.strerror or error}", todo) from error
        assert running.stdout is not None
        try:
            for line in running.stdout:
                text = line.rstrip()
                self.note(text)
                if text:
                    tail.append(text)
                if on_line:
                    on_line(text)
            status = running.wait()
        except BaseException:
            child.end(running)
            raise
        finally:
            running.stdout.close()
        if status:
            raise Failed(f"{self._title or command[0]}: ended with status {status}", todo, tail)

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()

    def _rewrite(self, text: str) -> None:
        columns = _columns()
        text = text if len(text) < columns else text[: columns - 1]
        self._out.write("\r" + text.ljust(self._width))
        self._out.flush()
        self._width = len(text)

    def _clear(self) -> None:
        if self._live and self._width:
            self._out.write("\r" + " " * self._width + "\r")
            self._width = 0


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or 80
    except (OSError, ValueError):
        return 80
