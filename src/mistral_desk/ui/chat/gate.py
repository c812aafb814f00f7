"""What stands between a question and its being asked: the person's word, and what holds all of them up for a while."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from mistral_desk.core.errors import Problem
    from mistral_desk.ui.chat.chat import Chat
    from mistral_desk.ui.chat.turns import Turn
    from mistral_desk.ui.notify import Notices

    class Gate(Protocol):
        """Does `act` at once where the chat stays here, else when the person has agreed."""

        def __call__(  # noqa: D102
            self, chat: Chat, act: Callable[[], None], turn: Turn | None, *, edit: bool
        ) -> None: ...


RESTORING: Final = "backup.restoring"
"""The problem with which everything is refused that is asked while a backup takes the place of the chats."""


def open_gate(chat: Chat, act: Callable[[], None], turn: Turn | None, *, edit: bool) -> None:  # noqa: ARG001 - a `Gate`
    """Nothing is asked."""
    act()


def tell(notices: Notices, problem: Problem) -> None:
    """Why nothing was asked. What only holds it up is no failure, and is said once."""
    held = problem.id == RESTORING
    notices.problem(problem, "info" if held else "error", about=RESTORING if held else "")
