"""The states of a thought under control: more of it, a limit, and what the switch asks in the middle of an answer."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec

from mistral_desk.core.settings import THINK_SECONDS
from mistral_desk.inference.thought_messages import Steered
from tools.gallery import texts
from tools.gallery.declare import ask, listed, ready, state, whole
from tools.gallery.engine import FIGURES, answered, said
from tools.gallery.stage import idle

if TYPE_CHECKING:
    from mistral_desk.inference.thought_messages import ThoughtEnd
    from tools.gallery.stage import Stage


async def _thinking(stage: Stage) -> None:
    await ready(stage)
    stage.engine.script = said("", texts.THOUGHT)
    await ask(stage, texts.QUESTION, lambda: bool(stage.chat.turns[-1].thinking), think=True)
    stage.chat.turns[-1]._since = time.monotonic() - 12.3  # noqa: SLF001 - a clock for the picture
    await listed(stage)


@state()
async def think_more_asked(stage: Stage) -> None:
    """*Think more* was pressed: the thought goes on when the model would end it."""
    await _thinking(stage)
    stage.desk.page.turning.think_more()
    stage.desk.page.transcript.changed(stage.chat.turns[-1])
    await idle(2)


@state()
async def think_more_goes_on(stage: Stage) -> None:
    """The thought goes on with its cue, open."""
    stage.chat.open_thoughts = True
    await ready(stage)
    more = [*said("", texts.THOUGHT), Steered(0, "more"), *said("", "\n\nWait, is that so?")]
    stage.engine.script = more
    await ask(stage, texts.QUESTION, lambda: "Wait" in stage.chat.turns[-1].thinking, think=True)
    stage.chat.turns[-1]._since = time.monotonic() - 31.0  # noqa: SLF001 - a clock for the picture
    stage.desk.page.transcript.changed(stage.chat.turns[-1])
    await listed(stage)


@state()
async def thought_finished(stage: Stage) -> None:
    """A thought and its answer: *Think more* stands beside *Try again*."""
    await ready(stage)
    await whole(stage, texts.SHORT_QUESTION, texts.SHORT, texts.THOUGHT)
    await listed(stage)


async def _limited(stage: Stage, how: ThoughtEnd) -> None:
    await ready(stage)
    figures = msgspec.structs.replace(FIGURES, thinking_s=30.2, thought_end=how)
    stage.engine.script = answered(texts.SHORT, texts.THOUGHT, figures)
    await ask(stage, texts.SHORT_QUESTION, think=True)
    await listed(stage)


@state()
async def thought_limit_seconds(stage: Stage) -> None:
    """The thought took the time that it may take."""
    await _limited(stage, "seconds")


@state()
async def thought_limit_tokens(stage: Stage) -> None:
    """The thought took the tokens that it may take."""
    await _limited(stage, "tokens")


@state()
async def thought_settings(stage: Stage) -> None:
    """The app's settings of thoughts, with a limit."""
    stage.services.settings.set(THINK_SECONDS, 30)
    await ready(stage)
    stage.desk.window.open_settings("chat")
    await idle(3)


@state()
async def start_over(stage: Stage) -> None:
    """*Think harder* was switched on while an answer is written without."""
    await ready(stage)
    stage.engine.script = said(texts.ANSWER[:420])
    await ask(stage, texts.QUESTION, lambda: len(stage.chat.turns[-1].text) >= 420)
    stage.desk.page.composer.toggle_think()
    await listed(stage)


@state()
async def think_on(stage: Stage) -> None:
    """*Think harder* was switched off in the thought, and on again in the answer."""
    await ready(stage)
    stage.engine.script = said(texts.ANSWER[:420], texts.THOUGHT)
    await ask(stage, texts.QUESTION, lambda: len(stage.chat.turns[-1].text) >= 420, think=True)
    stage.chat.turns[-1].hurried = True
    for _ in range(2):
        stage.desk.page.composer.toggle_think()
    await listed(stage)


@state()
async def always_thinks(stage: Stage) -> None:
    """A model without a switch for its thoughts."""
    await ready(stage)
    model = stage.desk.model
    assert model.info is not None
    model.info = msgspec.structs.replace(model.info, efforts=("high",))
    model.changed.emit()
    await listed(stage)
