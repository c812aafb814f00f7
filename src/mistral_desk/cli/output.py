"""How commands speak: JSON or text on stdout, words about problems and progress on stderr.

One struct a JSON document; control characters that a model or a file name holds never reach a terminal.
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Final

import msgspec

from mistral_desk.cli.tables import for_terminal
from mistral_desk.core.errors import in_words
from mistral_desk.core.words import tr

if TYPE_CHECKING:
    from typing import TextIO

    from mistral_desk.core.errors import Problem

_encode: Final = msgspec.json.Encoder().encode
# Everything below space but tab and line feed, DEL, and the C1 block: what could drive a terminal.
_CONTROLS: Final = {code: "\ufffd" for code in (*range(32), *range(127, 160)) if chr(code) not in "\t\n"}


class Error(msgspec.Struct, frozen=True, tag="error"):
    """A problem as JSON."""

    id: str
    title: str
    message: str
    hint: str


def use_utf8() -> None:
    """Make stdout and stderr take every character, also where the system's code page would not."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(encoding="utf-8", errors="backslashreplace")


def write_json(message: msgspec.Struct) -> None:
    """One line of JSON on stdout, at once."""
    sys.stdout.write(_encode(message).decode("utf-8") + "\n")
    sys.stdout.flush()


def iso_day(moment: float) -> str:
    """The day of a Unix time as JSON has it, whatever the person's language: ISO 8601."""
    return time.strftime("%Y-%m-%d", time.localtime(moment))


def write_text(text: str, stream: TextIO) -> None:
    """Text at once; without control characters where it goes to a terminal."""
    stream.write(harmless(text) if stream.isatty() else text)
    stream.flush()


def write_problem(problem: Problem, *, as_json: bool) -> None:
    """Say what went wrong: a JSON line on stdout, or words on stderr."""
    words = in_words(problem, str if as_json else tr)  # programs read English
    if as_json:
        write_json(Error(problem.id, words.title, words.message, words.hint))
        return
    if sys.stderr is None:  # a program without a console, on Windows
        return
    lines = (words.title, words.message, words.hint)
    sys.stderr.write("".join(f"{for_terminal(harmless(line), sys.stderr)}\n" for line in lines if line))
    sys.stderr.flush()


def harmless(text: str) -> str:
    """The text with a replacement character for each control character but tab and line feed."""
    return text.translate(_CONTROLS)


class Status:
    """One line on the terminal that changes and goes away; nothing at all where stderr is no terminal."""

    def __init__(self) -> None:
        self._shown = 0
        self._on = sys.stderr.isatty()

    def show(self, text: str) -> None:
        """Replace the line."""
        if self._on:
            sys.stderr.write(f"\r{text:<{self._shown}}")
            sys.stderr.flush()
            self._shown = len(text)

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            sys.stderr.write("\r" + " " * self._shown + "\r")
            sys.stderr.flush()
            self._shown = 0


def dimmed() -> tuple[str, str]:
    """What switches dim letters on and off on stderr; empty where that is not known to work."""
    plain = not sys.stderr.isatty() or "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb"
    if plain or (sys.platform == "win32" and "WT_SESSION" not in os.environ):
        return "", ""
    return "\033[2m", "\033[0m"
