"""The states of a conversation that shows everything markdown has, and of what can be done with it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mistral_desk.ui.chat.formulas import formulas
from tools.gallery import rich_texts, texts
from tools.gallery.declare import listed, state, whole
from tools.gallery.stage import idle

if TYPE_CHECKING:
    from tools.gallery.stage import Stage


async def _settled(stage: Stage) -> None:
    """All formulas are set."""
    async with asyncio.timeout(120):
        while formulas().busy:
            await idle(1)
    await idle(4)
    stage.desk.page.transcript.arrange()
    await idle(4)


@state()
async def mixed(stage: Stage) -> None:
    """Everything: tasks, nested lists, quotes, formulas, notes, a wide table; from its start."""
    await whole(stage, texts.SHORT_QUESTION, rich_texts.MIXED)
    await listed(stage)
    stage.desk.page.transcript.verticalScrollBar().setValue(0)
    await _settled(stage)
    stage.desk.page.transcript.verticalScrollBar().setValue(0)


@state()
async def mixed_end(stage: Stage) -> None:
    """The same, its end."""
    await whole(stage, texts.SHORT_QUESTION, rich_texts.MIXED)
    await listed(stage)
    await _settled(stage)
    stage.desk.page.transcript.to_end()


@state()
async def right_to_left(stage: Stage) -> None:
    """Paragraphs in both directions, lists, a table, emoji."""
    await whole(stage, texts.ARABIC, rich_texts.RIGHT_TO_LEFT)
    await listed(stage)
    stage.desk.page.transcript.verticalScrollBar().setValue(0)


@state()
async def code_folded(stage: Stage) -> None:
    """A long code block, folded, as it is when a chat is opened again."""
    await whole(stage, texts.SHORT_QUESTION, rich_texts.CODE)
    turn = stage.chat.turns[-1]
    turn.unfolded_code = set()
    stage.desk.page.transcript.set_turns(stage.chat.turns)
    await listed(stage)


@state()
async def find_in_chat(stage: Stage) -> None:
    """Find in chat: the bar, places in text, code and a table, one of them meant."""
    await whole(stage, texts.QUESTION, texts.ANSWER)
    await listed(stage)
    stage.desk.window.commands.run("find")
    stage.desk.page.finder.field.setText("SORTÉD")
    await idle(6)


@state()
async def find_nothing(stage: Stage) -> None:
    """Find in chat, and nothing is found."""
    await whole(stage, texts.SHORT_QUESTION, texts.SHORT)
    await listed(stage)
    stage.desk.window.commands.run("find")
    stage.desk.page.finder.field.setText("zebra")
    await idle(6)


@state()
async def selected(stage: Stage) -> None:
    """Everything selected, over text, code and a table."""
    await whole(stage, texts.QUESTION, texts.ANSWER)
    await listed(stage)
    stage.desk.page.transcript.selection.select_all()
