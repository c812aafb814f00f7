"""The states of a conversation that shows everything markdown has, and of what can be done with it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from mistral_desk.core.words import trn
from mistral_desk.ui.chat.formulas import formulas
from mistral_desk.ui.chat.turns import Turn
from tools.gallery import rich_texts, texts
from tools.gallery.declare import listed, state, whole
from tools.gallery.stage import idle

if TYPE_CHECKING:
    from tools.gallery.stage import Stage

HEBREW: Final = "מה קורה כאן? What is `going on` 42?"
IN_HEBREW: Final = "And in Hebrew?"
SIGNS: Final = "😀 👩‍👩‍👧‍👦 🇩🇪 漢字?"
GUIDE: Final = "Guide"
WORDS: Final = "word " * 700
THEIRS: Final = (HEBREW, IN_HEBREW, SIGNS, GUIDE, WORDS.strip())
"""What people wrote in these pictures, and who answered."""


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


@state()
async def directions(stage: Stage) -> None:
    """Right-to-left with numbers, code and links; both directions in one list, one table, one quote."""
    await whole(stage, HEBREW, rich_texts.DIRECTIONS)
    await listed(stage)
    await _settled(stage)
    stage.desk.page.transcript.verticalScrollBar().setValue(0)


@state()
async def emoji(stage: Stage) -> None:
    """Emoji, signs and letters of many scripts, in text, lists, a table and code."""
    await whole(stage, SIGNS, rich_texts.EMOJI)
    await listed(stage)
    stage.desk.page.transcript.verticalScrollBar().setValue(0)


def _conversation() -> list[Turn]:
    """Many turns of all kinds, as they stand in a chat that is opened again."""
    made: list[Turn] = []
    for number, (question, answer, thought) in enumerate(
        (
            (texts.QUESTION, texts.ANSWER, texts.THOUGHT),
            (texts.ARABIC, rich_texts.RIGHT_TO_LEFT, ""),
            (texts.SHORT_QUESTION, rich_texts.MIXED, "Sorting again? **Sorted** input is the worst case."),
            (WORDS, rich_texts.EMOJI, ""),
            (texts.SHORT_QUESTION, rich_texts.CODE, ""),
            (IN_HEBREW, rich_texts.DIRECTIONS, ""),
        )
    ):
        asked = Turn("user", text=question, message=2 * number)
        said = Turn("assistant", model=GUIDE, message=2 * number + 1)
        if thought:
            said.think(thought, now=0.0)
        said.write(answer, now=9.0)
        said.end(None)
        said.unfolded_code = set()
        made += [asked, said]
    return made


@state()
async def long_mixed(stage: Stage) -> None:
    """A long conversation of everything, in its midst: a folded message, an open thought, a line between two turns."""
    await whole(stage, texts.SHORT_QUESTION, texts.SHORT)
    turns = _conversation()
    turns[5].thought_open = True
    transcript = stage.desk.page.transcript
    transcript.set_turns(turns)
    await listed(stage)
    transcript.go_to(4, 0)
    await _settled(stage)
    transcript.set_line(3, trn("Not sent any more: {n} message", "Not sent any more: {n} messages", 4))


@state()
async def find_thoughts(stage: Stage) -> None:
    """Find in chat: some places stand in thoughts that are closed."""
    await whole(stage, texts.SHORT_QUESTION, texts.SHORT)
    stage.desk.page.transcript.set_turns(_conversation())
    await listed(stage)
    stage.desk.window.commands.run("find")
    stage.desk.page.finder.field.setText("sorted")
    await idle(12)
