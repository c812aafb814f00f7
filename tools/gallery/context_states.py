"""The states of a chat's settings, and of a context that fills."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import msgspec

from mistral_desk.chat.context import Budget
from mistral_desk.chat.events import Full, Summarising
from mistral_desk.chat.message import ConversationSettings
from mistral_desk.chat.presets import Preset
from mistral_desk.core.errors import Problem
from mistral_desk.core.words import tr
from mistral_desk.inference.protocol import Counted, Sampling
from mistral_desk.ui.context.choice import FullSheet
from mistral_desk.ui.context.details import DetailsSheet
from mistral_desk.ui.presets.sheet import ChatSettingsSheet
from tools.gallery import texts
from tools.gallery.declare import STATES, State, listed, ready, state, whole
from tools.gallery.engine import MODEL
from tools.gallery.stage import idle

if TYPE_CHECKING:
    from tools.gallery.stage import Stage

SIZE: Final = MODEL.context
PROMPT: Final = "You are a patient teacher. Answer in short sentences, with an example from everyday life."
SUMMARY: Final = (
    "Anna plans a trip to Bergen in May with two children (4 and 7). She wants museums for rainy days and no more than "
    "two hours of driving a day. Decided: train from Oslo on 12 May, hotel near the harbour. Open: which day for the "
    "fjord, and whether the aquarium has to be booked."
)
TEACHER: Final = "Patient teacher"
EVENING: Final = "Teacher for the evening"
THEIRS: Final = (PROMPT, SUMMARY, TEACHER, EVENING, "Proofreader")


def _budget(share: float) -> Budget:
    used = round(SIZE * share)
    return Budget(SIZE, used, used // 20, used // 6, used // 12, wanted=512)


def _meter(name: str, share: float) -> None:
    async def set_up(stage: Stage) -> None:
        await whole(stage, texts.SHORT_QUESTION, texts.SHORT)
        await listed(stage)
        await stage.desk.tasks.settled()
        stage.desk.context.measuring.close()
        stage.desk.context.meter.show_budget(_budget(share))
        stage.desk.page.composer.set_text("And in winter?")
        await idle(2)

    STATES.append(State(name, f"The meter at {round(share * 100)} %.", set_up))


_meter("meter-60", 0.62)
_meter("meter-85", 0.87)
_meter("meter-100", 1.0)


async def _said(stage: Stage, turns: int = 3) -> None:
    """A chat of a few turns."""
    for _ in range(turns):
        await whole(stage, texts.SHORT_QUESTION, texts.SHORT)
    await listed(stage)
    await stage.desk.tasks.settled()
    stage.desk.context.measuring.close()


async def _drop(stage: Stage, summary: str) -> None:
    conversation = stage.chat.conversation
    assert conversation is not None
    dropped = stage.chat.turns[3].message

    def change(now: ConversationSettings) -> ConversationSettings:
        return msgspec.structs.replace(now, dropped=dropped, summary=summary)

    await stage.services.history.change_settings(conversation.id, change)
    stage.desk.context.changed()
    await stage.desk.tasks.settled()


@state()
async def context_line(stage: Stage) -> None:
    """The quiet line behind what is not sent any more."""
    await _said(stage)
    await _drop(stage, SUMMARY)
    stage.desk.page.transcript.verticalScrollBar().setValue(0)
    await idle(2)


async def _details(stage: Stage) -> DetailsSheet:
    stage.desk.context.show()
    await stage.desk.tasks.settled()
    sheet = stage.desk.window.overlay
    assert isinstance(sheet, DetailsSheet)
    return sheet


@state()
async def context_details(stage: Stage) -> None:
    """Where the tokens go, with messages that are not sent any more."""
    await _said(stage, 4)
    await _drop(stage, SUMMARY)
    used = round(SIZE * 0.87)
    stage.engine.counted = Counted(0, used, used // 20, used // 12, used // 6)
    stage.desk.page.composer.set_text("And in winter?")
    await _details(stage)
    await idle(2)


@state()
async def context_counting(stage: Stage) -> None:
    """The tokens of a long chat are being counted."""
    await _said(stage, 1)
    sheet = DetailsSheet(stage.desk.theme, stage.desk.model.title, stage.desk.window)
    sheet.show_counting()
    stage.desk.window.show_overlay(sheet)
    await idle(2)


@state()
async def context_working(stage: Stage) -> None:
    """The oldest messages are being summed up because the person wants it."""
    await context_details(stage)
    sheet = stage.desk.window.overlay
    assert isinstance(sheet, DetailsSheet)
    sheet.show_working(0.4, tr("Summing up the oldest messages"))
    await idle(2)


@state()
async def context_unknown(stage: Stage) -> None:
    """Nothing is known, because no model is loaded."""
    await ready(stage)
    await listed(stage)
    stage.desk.model.info = None
    await _details(stage)


@state()
async def context_full(stage: Stage) -> None:
    """The question in a full context: what gives way."""
    await _said(stage, 4)
    stage.engine.script = []
    stage.engine.breaks = Problem("prompt.too_long", {"tokens": SIZE - 90, "name": MODEL.name, "context": SIZE})
    stage.desk.page.ask("And in winter?")
    async with asyncio.timeout(60):
        while stage.desk.window.overlay is None:
            await idle(1)
    await idle(2)


@state()
async def context_no_summary(stage: Stage) -> None:
    """The question again: the summary was of no use."""
    await ready(stage)
    await listed(stage)
    failed = Problem("context.summary_off", {"name": MODEL.name})
    full = Full(SIZE - 90, SIZE, 8, helps=("drop",), failed=failed)
    stage.desk.window.show_overlay(FullSheet(stage.desk.theme, full, MODEL.name, stage.desk.window))
    await idle(2)


@state()
async def context_only_drop(stage: Stage) -> None:
    """The question where a summary would find no room."""
    await ready(stage)
    await listed(stage)
    full = Full(SIZE - 90, SIZE, 8, helps=("drop",))
    stage.desk.window.show_overlay(FullSheet(stage.desk.theme, full, MODEL.name, stage.desk.window))
    await idle(2)


@state()
async def context_summing(stage: Stage) -> None:
    """An answer waits while the oldest messages are summed up."""
    await context_full(stage)
    chat = stage.chat
    sheet = stage.desk.window.overlay
    assert isinstance(sheet, FullSheet)
    sheet._said = True  # noqa: SLF001 - the turn goes on waiting
    sheet.accept()
    chat._take(Summarising(0.4), None, chat.turns[-1])  # noqa: SLF001 - as the session would tell it
    async with asyncio.timeout(60):
        while chat._dirty:  # noqa: SLF001
            await idle(1)
    await idle(2)


@state()
async def context_gone(stage: Stage) -> None:
    """What is not sent any more, and the summary in its place."""
    await context_line(stage)
    stage.desk.context.show_gone()
    await stage.desk.tasks.settled()


async def _settings(stage: Stage) -> ChatSettingsSheet:
    stage.desk.context.measuring.close()
    stage.desk.chat_settings.show()
    await stage.desk.tasks.settled()
    sheet = stage.desk.window.overlay
    assert isinstance(sheet, ChatSettingsSheet)
    return sheet


@state()
async def chat_settings(stage: Stage) -> None:
    """This chat's settings: nothing is changed, so the model's own values hold."""
    await ready(stage)
    await listed(stage)
    await _settings(stage)


@state()
async def chat_settings_changed(stage: Stage) -> None:
    """A chat with a preset and more of its own."""
    history = stage.services.history
    held = ConversationSettings(system=PROMPT, sampling=Sampling(temperature=0.3))
    await history.save_preset(Preset(0, TEACHER, held, default=True))
    await history.save_preset(Preset(0, "Proofreader", ConversationSettings(system="Mend mistakes only.")))
    await ready(stage)
    stage.desk.new_chat()
    await stage.desk.tasks.settled()
    stage.engine.counted = Counted(0, 2340, 60, 30)
    await _said(stage, 1)
    sheet = await _settings(stage)
    sheet.own.say("longest", 600)
    sheet.own.say("top_k", 20)
    await stage.desk.tasks.settled()
    await idle(2)


@state()
async def chat_settings_below(stage: Stage) -> None:
    """The lower part: sampling, thinking, a full context."""
    await chat_settings_changed(stage)
    sheet = stage.desk.window.overlay
    assert isinstance(sheet, ChatSettingsSheet)
    await idle(4)
    sheet.area.verticalScrollBar().setValue(sheet.area.verticalScrollBar().maximum())
    await idle(2)


@state()
async def chat_settings_naming(stage: Stage) -> None:
    """A preset gets its name."""
    await chat_settings_changed(stage)
    sheet = stage.desk.window.overlay
    assert isinstance(sheet, ChatSettingsSheet)
    sheet.presets.menu().actions()[0].trigger()
    sheet.presets.name.setText(EVENING)
    await idle(2)
