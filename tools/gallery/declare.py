"""How a state of the gallery is declared, and what most of them begin with."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from mistral_desk.core.errors import Problem
from tools.gallery import texts
from tools.gallery.engine import answered, said
from tools.gallery.stage import idle

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from mistral_desk.chat.message import Conversation
    from tools.gallery.stage import Stage

    SetUp: TypeAlias = Callable[[Stage], Awaitable[None]]

MISSING: Final = Problem("model.missing", {"path": "/media/anna/USB Stick/Models/Mistral-Small-Q4_K_M.gguf"})


@dataclass(frozen=True)
class State:
    """A state by its name; `brief` says what is to be seen, `sized` whether the window's width matters to it."""

    name: str
    brief: str
    set_up: SetUp
    sized: bool = True


STATES: Final[list[State]] = []


def state(*, sized: bool = True) -> Callable[[SetUp], SetUp]:
    """Declare a state: its name is the function's, what is to be seen is its docstring."""

    def declare(set_up: SetUp) -> SetUp:
        STATES.append(State(set_up.__name__.replace("_", "-"), str(set_up.__doc__), set_up, sized))
        return set_up

    return declare


async def ask(stage: Stage, text: str, until: Callable[[], bool] | None = None, *, think: bool = False) -> None:
    """Send a message and wait until the answer is where the picture wants it; None: until it is over."""
    there = until or (lambda: not stage.chat.busy and bool(stage.chat.turns))
    if stage.desk.page.composer.think.isChecked() != think:
        stage.desk.page.composer.toggle_think()
    stage.desk.page.ask(text)
    async with asyncio.timeout(60):
        while not there() or stage.chat._dirty:  # noqa: SLF001 - what is not drawn yet is not to be seen
            await idle(1)
    await idle(2)


async def whole(stage: Stage, question: str, answer: str, thinking: str = "") -> None:
    """A question and its whole answer."""
    stage.engine.script = answered(answer, thinking)
    await ask(stage, question, think=bool(thinking))


async def broken(stage: Stage, problem: Problem, text: str = "") -> None:
    """An answer that breaks off behind this text."""
    stage.engine.script = said(text)
    stage.engine.breaks = problem
    await ask(stage, texts.QUESTION)
    await listed(stage)


async def listed(stage: Stage, count: int = 14) -> None:
    """Conversations in the sidebar, beside the one that is open."""
    await listed_too(stage, texts.conversations(count))


async def listed_too(stage: Stage, conversations: Sequence[Conversation]) -> None:
    """Have the history list these too: it knows nothing of last month by itself."""
    history = stage.services.history
    stored = history.conversations

    async def together(limit: int = 200, offset: int = 0, *, archived: bool = False) -> tuple[Conversation, ...]:
        if archived:
            return await stored(limit, offset, archived=True)
        found = {one.id: one for one in (*await stored(1_000), *conversations)}.values()
        return tuple(sorted(found, key=lambda one: (not one.pinned, -one.updated))[offset : offset + limit])

    history.conversations = together  # type: ignore[method-assign]
    await stage.desk.refresh()
    await idle(2)


async def ready(stage: Stage) -> None:
    """The model is loaded."""
    await stage.desk.model.warm()
