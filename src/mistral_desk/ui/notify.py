"""One channel for everything that the window tells a person outside the conversation; what is shown is logged.

Widgets emit into it, the window's banner shows it. Nothing else opens message boxes for errors.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QObject, Signal

from mistral_desk.core.errors import Problem, Words, as_problem, in_words
from mistral_desk.core.words import tr

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

Kind = Literal["info", "success", "warning", "error"]


@dataclass(frozen=True)
class Notice:
    """What to show: words, how grave it is, and what the person can do at once: one thing, rarely a second one.

    A notice with `seconds` leaves by itself after that time; 0 stays until it is closed. One that is `about` something
    takes the place of what was said of it before, and goes when that is over.
    The action of one that `undoes` takes back what was done: Ctrl+Z does it, too.
    """

    kind: Kind
    words: Words
    action: str = ""
    act: Callable[[], None] | None = None
    seconds: int = 0
    about: str = ""
    second: str = ""
    act_second: Callable[[], None] | None = None
    undoes: bool = False


class Notices(QObject):
    """Where notices go. `shown` carries a `Notice`, `over` what no notice is about any more."""

    shown = Signal(object)
    over = Signal(str)
    _closing = False

    def close_door(self) -> None:
        """The program closes: who still works finds the engine gone, which is no news for a person."""
        self._closing = True

    def show(self, notice: Notice) -> None:
        """Show a notice and log it at the level that fits its kind."""
        if self._closing:
            log.info("not shown any more: %s | %s", notice.words.title, notice.words.message)
            return
        level = {"error": logging.ERROR, "warning": logging.WARNING}.get(notice.kind, logging.INFO)
        log.log(level, "shown: %s | %s | %s", notice.words.title, notice.words.message, notice.words.hint)
        self.shown.emit(notice)

    def problem(self, problem: Problem, kind: Kind = "error", about: str = "") -> None:
        """Show a problem in words, `about` as a notice has it; its detail goes to the log only."""
        if problem.detail:
            log.info("detail of %s: %s", problem.id, problem.detail)
        self.show(Notice(kind, in_words(problem, tr), about=about))

    def error(self, error: BaseException) -> None:
        """Show any exception in words and log it with its traceback."""
        if self._closing:
            log.info("ended with the program: %s", error, exc_info=error)
            return
        log.error("reported: %s", error, exc_info=error)
        self.problem(as_problem(error))
