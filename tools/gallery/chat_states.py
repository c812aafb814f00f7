"""The states of a conversation, and of what stands around it."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from PySide6.QtWidgets import QApplication, QMenu

from mistral_desk.chat.message import Part
from mistral_desk.core.errors import Problem, Words
from mistral_desk.core.words import tr
from mistral_desk.services import BUILTIN
from mistral_desk.ui.chat.ask_link import LinkSheet
from mistral_desk.ui.failure import FailureWindow
from mistral_desk.ui.notify import Notice
from tools.gallery import texts
from tools.gallery.declare import MISSING, ask, broken, listed, listed_too, ready, state, whole
from tools.gallery.engine import answered, reading, said
from tools.gallery.stage import idle

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from tools.gallery.stage import Stage

DIED: Final = Problem("engine.died", {"reason": "exit status 3"})


@state()
async def empty(stage: Stage) -> None:
    """A new chat: greeting, promise, three questions."""
    await ready(stage)
    await listed(stage)


@state()
async def first_start(stage: Stage) -> None:
    """The first start: what this computer has, the promise, the Guide ready."""
    await ready(stage)
    await stage.desk.refresh()
    stage.desk.welcome()
    await stage.desk.tasks.settled()


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
async def resting(stage: Stage) -> None:
    """The model rests: said at its chip and below the composer."""
    await whole(stage, texts.SHORT_QUESTION, texts.SHORT)
    await listed(stage)
    await stage.engine.rest()
    stage.desk.warmth.resting.rested()


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
    await broken(stage, DIED, texts.ANSWER[:300])


@state()
async def model_missing(stage: Stage) -> None:
    """The model's file is gone."""
    stage.engine.fails = MISSING
    await ask(stage, texts.QUESTION)
    await listed(stage)


@state()
async def composer_full(stage: Stage) -> None:
    """The composer grown to eight lines, with more in it."""
    await ready(stage)
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
async def titles(stage: Stage) -> None:
    """A title of a thousand characters, and one of pictures only."""
    await whole(stage, texts.SHORT_QUESTION, texts.SHORT)
    await listed_too(stage, texts.titled(texts.LONG_TITLE, texts.EMOJI, "", texts.ARABIC, texts.JAPANESE, "a"))
    stage.desk.window.top.set_title(texts.LONG_TITLE)


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
async def menu(stage: Stage) -> None:
    """The program's menu, below its name."""
    await empty(stage)
    stage.desk.window.show_menu()
    popped_up(stage)


@state(sized=False)
async def chat_menu(stage: Stage) -> None:
    """What can be done with the chat that is open, below the dots over it."""
    await short_answer(stage)
    stage.desk.window.show_chat_menu()
    popped_up(stage)


@state(sized=False)
async def model_menu(stage: Stage) -> None:
    """The models that are there, to choose one."""
    await empty(stage)
    stage.desk.shelf.ids = lambda: (BUILTIN, texts.FOLDER + texts.FILE)  # type: ignore[method-assign]
    stage.desk.page.model_menu.emit()
    popped_up(stage)


def popped_up(stage: Stage) -> None:
    """The menu that is open is what is drawn."""
    popup = QApplication.activePopupWidget()
    assert isinstance(popup, QMenu)
    popup.setActiveAction(popup.actions()[1])
    stage.shown = popup
    stage.extra.append(popup)


@state()
async def link(stage: Stage) -> None:
    """A link is shown before it is opened."""
    address = "https://docs.python.org/3/howto/sorting.html?highlight=a-long-address-that-goes-on-and-on#key-functions"
    await full_answer(stage)
    stage.desk.page.sheet.emit(LinkSheet(stage.theme, address, stage.desk.window))


@state(sized=False)
async def failure(stage: Stage) -> None:
    """The window that is shown when the window cannot be opened."""
    path = "/home/anna/.local/share/mistral-desk/history.sqlite3"
    _instead(stage, FailureWindow(stage.theme, Problem("history.newer", {"path": path, "found": 9, "known": 1})))


def _instead(stage: Stage, widget: QWidget) -> None:
    stage.shown = widget
    stage.extra.append(widget)
    widget.show()


@state()
async def interrupted(stage: Stage) -> None:
    """An answer that was cut off when the program was killed, in its thought: *Continue*, and *Try again*."""
    await whole(stage, texts.SHORT_QUESTION, texts.SHORT)
    history = stage.services.history
    assert stage.chat.conversation is not None
    _, _, answer = await history.begin_turn(stage.chat.conversation.id, texts.QUESTION, model=BUILTIN, effort="high")
    await history.update_answer(answer.id, [Part("thinking", texts.THOUGHT), Part("text", texts.ANSWER[:300])])
    await stage.chat.load(stage.chat.conversation)
    stage.desk.page.show_chat(stage.chat)
    await listed(stage)


@state()
async def branch_long(stage: Stage) -> None:
    """A long chat is being branched: how far it is, and a way to call it off."""
    await short_answer(stage)
    stage.desk.chats.branching.show(stage.chat, 84_512, 200_000)
    await idle(2)


@state()
async def branch(stage: Stage) -> None:
    """A chat that was branched off at a question: its title says so, and the question can be answered."""
    await whole(stage, texts.SHORT_QUESTION, texts.SHORT)
    await whole(stage, texts.QUESTION, texts.ANSWER)
    stage.chat.versions.branch(stage.chat.turns[2])
    await stage.desk.tasks.settled()
    await listed(stage)
