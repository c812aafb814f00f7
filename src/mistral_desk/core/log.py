"""The log file that a bug report needs: rotating, in the person's folder, and never with a word of their chats.

What people write and what models answer is not logged anywhere; whoever logs a message logs its size at most. What
comes from outside otherwise (paths, addresses, other programs' words) is marked in the file: `core.log_marks`.
"""

from __future__ import annotations

import logging
import sys
import threading
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING, Final, TextIO

from mistral_desk.core import private
from mistral_desk.core.log_marks import Marking

if TYPE_CHECKING:
    from io import TextIOWrapper
    from pathlib import Path
    from types import TracebackType

MAX_BYTES: Final = 1_000_000
KEPT: Final = 3
"""So many older files are kept beside the current one."""

_OURS: Final = "mistral_desk"
_FORMAT: Final = "%(asctime)s %(levelname)-7s %(process)d %(threadName)s %(name)s: %(message)s"
_log: Final = logging.getLogger(__name__)


class Log:
    """The log while it is open. Without a folder that can be written to, there is only the terminal's part."""

    def __init__(self, folder: Path | None, *, verbose: bool = False, terminal: TextIO | None = None) -> None:
        """Open `desk.log` in `folder`; with `verbose`, details go to the file, and everything to `terminal` too."""
        self._ours = logging.getLogger(_OURS)
        self._level = self._ours.level
        self._handlers: list[logging.Handler] = []
        self.file = folder / "desk.log" if folder else None
        if folder and self.file:
            try:
                private.folder(folder)
                self._add(_File(self.file, maxBytes=MAX_BYTES, backupCount=KEPT, encoding="utf-8"), Marking())
            except OSError as error:
                _log.debug("no log file: %s", error)
                self.file = None
        if verbose and terminal:
            self._add(logging.StreamHandler(terminal), logging.Formatter(_FORMAT))
        if not self._handlers:
            self._add(logging.NullHandler(), None)  # else Python prints warnings by itself
        self._ours.setLevel(logging.DEBUG if verbose else logging.INFO)
        self._hooks = (sys.excepthook, threading.excepthook, sys.unraisablehook)
        sys.excepthook = _uncaught
        threading.excepthook = _uncaught_in_thread
        sys.unraisablehook = _unraisable

    def close(self) -> None:
        """Take everything back that opening changed."""
        sys.excepthook, threading.excepthook, sys.unraisablehook = self._hooks
        self._ours.setLevel(self._level)
        for handler in self._handlers:
            logging.getLogger().removeHandler(handler)
            handler.close()
        self._handlers.clear()

    def _add(self, handler: logging.Handler, form: logging.Formatter | None) -> None:
        handler.setFormatter(form)
        # At the top, so that asyncio's and other libraries' warnings are kept too.
        logging.getLogger().addHandler(handler)
        self._handlers.append(handler)


class _File(RotatingFileHandler):
    """A log that never gets in the way: where it cannot rotate it grows, where it cannot write it is silent. It is for
    this person alone.
    """

    def _open(self) -> TextIOWrapper:
        """Behind what is in it. What a link in its place leads to is not ours to write into."""
        return open(self.baseFilename, "a", encoding=self.encoding, errors=self.errors, opener=private.opened)

    def doRollover(self) -> None:  # noqa: N802 - the library's name
        # Windows refuses to rename a file that a second process (the command line) has open.
        try:
            super().doRollover()
        except OSError:
            if self.stream is None:
                self.stream = self._open()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """A full disk must not print a traceback into someone's terminal for every line."""


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    _log.critical("an exception that nobody caught", exc_info=(kind, error, trace))


def _uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and not issubclass(args.exc_type, SystemExit):  # which ends that thread, as wished
        name = args.thread.name if args.thread else "a thread"
        _log.critical(
            "an exception that nobody caught in %s", name, exc_info=(args.exc_type, args.exc_value, args.exc_traceback)
        )


def _unraisable(args: sys.UnraisableHookArgs) -> None:
    if args.exc_value is not None:
        _log.error("%s", args.err_msg or "ignored", exc_info=(args.exc_type, args.exc_value, args.exc_traceback))
