"""The states: each sets the window up by what a person would do, or by what the engine says."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from mistral_desk.core.errors import Problem, Words
from mistral_desk.core.words import tr
from mistral_desk.ui.chat.ask_link import LinkDialog
from mistral_desk.ui.failure import FailureWindow
from mistral_desk.ui.notify import Notice
from tools.gallery import texts
from tools.gallery.engine import answered, reading, said
from tools.gallery.stage import idle

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from PySide6.QtWidgets import QWidget

    from mistral_desk.chat.message import Conversation
    from tools.gallery.stage import Stage

    SetUp: TypeAlias = Callable[[Stage], Awaitable[None]]

DIED: Final = Problem("engine.died", {"reason": "exit status 3"})
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


async def ask(stage: Stage, text: str, until: Callable[[], bool], *, think: bool = False) -> None:
    """Send a message and wait until the answer is where the picture wants it."""
    if stage.desk.page.composer.think.isChecked() != think:
        stage.desk.page.composer.toggle_think()
    stage.desk.page.ask(text)
    async with asyncio.timeout(60):
        while not until():
            await idle(1)
    await idle(2)


async def whole(stage: Stage, question: str, answer: str, thinking: str = "") -> None:
    """A question and its whole answer."""
    stage.engine.script = answered(answer, thinking)
    await ask(stage, question, lambda: not stage.chat.busy and bool(stage.chat.turns), think=bool(thinking))


async def listed(stage: Stage, count: int = 14) -> None:
    """Conversations in the sidebar, beside the one that is open."""
    await _list(stage, texts.conversations(count))


async def _list(stage: Stage, conversations: Sequence[Conversation]) -> None:
    """Have the history list these too: it knows nothing of last month by itself."""
    history = stage.services.history
    stored = history.conversations

    async def together(limit: int = 200, offset: int = 0, **more: bool) -> tuple[Conversation, ...]:
        return (*await stored(limit, offset, **more), *conversations)

    history.conversations = together  # type: ignore[method-assign]
    await stage.desk.refresh()
    await idle(2)


async def _ready(stage: Stage) -> None:
    await stage.desk.model.warm()


@state()
async def empty(stage: Stage) -> None:
    """A new chat: greeting, promise, three questions."""
    await _ready(stage)
    await listed(stage)


@state()
async def first_start(stage: Stage) -> None:
    """The first start: what this computer has, the promise, the Guide ready."""
    await _ready(stage)
    stage.desk.welcome()


@state()
async def short_answer(stage: Stage) -> None:
    """A question and a short answer."""
    await whole(stage, texts.SHORT_QUESTION, texts.SHORT)
    await listed(stage)


@state()
async def full_answer(stage: Stage) -> None:
    """Markdown, code, a table, lists; the thinking closed."""
    await whole(stage, texts.QUESTION, texts.ANSWER, texts.THOUGHT)
    await listed(stage)


@state()
async def thought_open(stage: Stage) -> None:
    """The thinking open, seen from the top."""
    stage.chat.open_thoughts = True
    await whole(stage, texts.QUESTION, texts.ANSWER, texts.THOUGHT)
    await listed(stage)
    stage.desk.page.transcript.verticalScrollBar().setValue(0)


@state()
async def long_chat(stage: Stage) -> None:
    """A long message, folded, and *Jump to latest*."""
    await whole(stage, texts.SHORT_QUESTION, texts.SHORT)
    await whole(stage, texts.LONG_MESSAGE, texts.ANSWER)
    await whole(stage, texts.QUESTION, texts.ANSWER)
    stage.desk.page.transcript.verticalScrollBar().setValue(0)
    await listed(stage)


@state()
async def loading(stage: Stage) -> None:
    """Loading the model."""
    stage.engine.loads = 0.42
    await ask(stage, texts.QUESTION, lambda: stage.chat.answer is not None and stage.chat.answer.phase == "loading")
    await listed(stage)


@state()
async def reading_message(stage: Stage) -> None:
    """Reading the message."""
    stage.engine.script = reading(1300, 3000, 20.4)
    await ask(stage, texts.QUESTION, lambda: stage.chat.answer is not None and stage.chat.answer.phase == "reading")
    await listed(stage)


async def _think(stage: Stage) -> None:
    stage.engine.script = said("", texts.THOUGHT)
    await ask(stage, texts.QUESTION, lambda: bool(stage.chat.turns[-1].thinking), think=True)
    stage.chat.turns[-1]._since = time.monotonic() - 12.3  # noqa: SLF001 - a clock for the picture
    stage.desk.page.transcript.changed(stage.chat.turns[-1])
    await listed(stage)


@state()
async def thinking(stage: Stage) -> None:
    """Thinking, closed, with *Answer now*."""
    await _think(stage)


@state()
async def thinking_open(stage: Stage) -> None:
    """Thinking, open."""
    stage.chat.open_thoughts = True
    await _think(stage)


@state()
async def writing(stage: Stage) -> None:
    """Writing."""
    stage.engine.script = said(texts.ANSWER[:420])
    await ask(stage, texts.QUESTION, lambda: len(stage.chat.turns[-1].text) >= 420)
    await listed(stage)


@state()
async def stopped(stage: Stage) -> None:
    """Stopped by the person."""
    await writing(stage)
    stage.chat.stop()
    async with asyncio.timeout(60):
        while stage.chat.busy:
            await idle(1)
    await listed(stage)


@state()
async def failed(stage: Stage) -> None:
    """The engine died in mid-answer: what happened, what to do."""
    stage.engine.script = said(texts.ANSWER[:300])
    stage.engine.breaks = DIED
    await ask(stage, texts.QUESTION, lambda: not stage.chat.busy and bool(stage.chat.turns))
    await listed(stage)


@state()
async def model_missing(stage: Stage) -> None:
    """The model's file is gone."""
    stage.engine.fails = MISSING
    await ask(stage, texts.QUESTION, lambda: not stage.chat.busy and bool(stage.chat.turns))
    await listed(stage)


@state()
async def composer_full(stage: Stage) -> None:
    """The composer grown to eight lines, with more in it."""
    await _ready(stage)
    stage.desk.page.composer.set_text(texts.LINES)
    stage.desk.page.composer.toggle_think()
    await listed(stage)


@state()
async def editing(stage: Stage) -> None:
    """An earlier message is being edited."""
    await whole(stage, texts.SHORT_QUESTION, texts.SHORT)
    stage.desk.page.composer.edit.edit_last.emit()
    await listed(stage)


@state()
async def sidebar_many(stage: Stage) -> None:
    """Thirty conversations, one of them open and one being answered."""
    await writing(stage)
    await listed(stage, 30)
    sidebar = stage.desk.window.sidebar
    sidebar.set_current(1003)
    sidebar.model.set_busy(frozenset({1005}))


@state()
async def sidebar_hidden(stage: Stage) -> None:
    """The sidebar hidden."""
    await whole(stage, texts.SHORT_QUESTION, texts.SHORT)
    stage.desk.window.set_sidebar_wanted(False)


@state()
async def search_found(stage: Stage) -> None:
    """A search with results."""
    await _ready(stage)
    await listed(stage, 30)
    stage.desk.window.sidebar.search.setText("the")


@state()
async def search_nothing(stage: Stage) -> None:
    """A search without results."""
    await _ready(stage)
    await listed(stage, 30)
    stage.desk.window.sidebar.search.setText("zebra crossing")


@state()
async def titles(stage: Stage) -> None:
    """A title of a thousand characters, and one of pictures only."""
    await whole(stage, texts.SHORT_QUESTION, texts.SHORT)
    await _list(stage, texts.titled(texts.LONG_TITLE, texts.EMOJI, "", texts.ARABIC, "a"))
    stage.desk.window.top.set_title(texts.LONG_TITLE)


@state()
async def settings(stage: Stage) -> None:
    """Settings, from the top."""
    await _ready(stage)
    await listed(stage)
    stage.desk.window.show_settings()


def _settings_page(page: str, brief: str) -> None:
    async def set_up(stage: Stage) -> None:
        await settings(stage)
        stage.desk.window.open_settings(page)

    STATES.append(State(f"settings-{page}", brief, set_up))


_settings_page("chat", "Settings of the chat.")
_settings_page("models", "The folder for models.")
_settings_page("hardware", "What the engine uses, and what this computer has.")
_settings_page("privacy", "What stays on this computer, and how to delete it.")
_settings_page("about", "Versions and licences.")


@state()
async def settings_search(stage: Stage) -> None:
    """A search in the settings, over all pages."""
    await settings(stage)
    stage.desk.settings.search.setText(tr("Size of all text, compared with the system's font.")[2:6])


@state()
async def temporary(stage: Stage) -> None:
    """A temporary chat with something in it."""
    await listed(stage)
    stage.desk.temporary_chat()
    async with asyncio.timeout(60):
        while not stage.chat.temporary:
            await idle(1)
    await whole(stage, texts.SHORT_QUESTION, texts.SHORT)


@state()
async def temporary_left(stage: Stage) -> None:
    """Leaving a temporary chat: asks first."""
    await temporary(stage)
    stage.desk.new_chat()


@state()
async def erase(stage: Stage) -> None:
    """What *Delete all my data* would delete."""
    await settings(stage)
    stage.desk.settings.erase_asked.emit()
    async with asyncio.timeout(60):
        while stage.desk.window.overlay is None:
            await idle(1)


@state()
async def versions(stage: Stage) -> None:
    """The second version of an answer, with the way to the first."""
    await whole(stage, texts.SHORT_QUESTION, texts.SHORT)
    stage.engine.script = answered("Madrid, since 1561.")
    stage.chat.again(stage.chat.turns[-1])
    async with asyncio.timeout(60):
        while stage.chat.busy:
            await idle(1)
    await listed(stage)


@state()
async def notices(stage: Stage) -> None:
    """Three notices, one of each weight, with something to do."""
    await whole(stage, texts.SHORT_QUESTION, texts.SHORT)
    await listed(stage)
    channel = stage.desk.notices
    channel.problem(
        Problem("settings.damaged", {"aside": "/home/anna/.config/mistral-desk/settings-damaged.json"}), "warning"
    )
    channel.problem(MISSING)
    words = Words(tr("Chat deleted"), "Cooking rice for six", "")
    channel.show(Notice("info", words, tr("Undo"), lambda: None))


@state()
async def palette(stage: Stage) -> None:
    """The command palette."""
    await empty(stage)
    stage.desk.window.commands.run("palette")


@state()
async def shortcuts(stage: Stage) -> None:
    """The sheet of keyboard shortcuts."""
    await empty(stage)
    stage.desk.window.commands.run("shortcuts")


@state(sized=False)
async def link(stage: Stage) -> None:
    """A link is shown before it is opened."""
    address = "https://docs.python.org/3/howto/sorting.html?highlight=a-long-address-that-goes-on-and-on#key-functions"
    _instead(stage, LinkDialog(stage.theme, address, stage.desk.window))


@state(sized=False)
async def failure(stage: Stage) -> None:
    """The window that is shown when the window cannot be opened."""
    path = "/home/anna/.local/share/mistral-desk/history.sqlite3"
    _instead(stage, FailureWindow(stage.theme, Problem("history.newer", {"path": path, "found": 9, "known": 1})))


def _instead(stage: Stage, widget: QWidget) -> None:
    stage.shown = widget
    stage.extra.append(widget)
    widget.show()
