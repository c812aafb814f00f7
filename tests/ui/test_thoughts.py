"""Thoughts under control in the window, with a real worker: what buttons, keys and the switch do in each state."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from mistral_desk.chat.attachments.kinds import Pixels
from mistral_desk.chat.message import ConversationSettings
from mistral_desk.chat.parts import picture_part
from mistral_desk.core import settings as declared
from mistral_desk.core.paths import resource
from mistral_desk.inference.protocol import Figures, Finished
from mistral_desk.inference.steering import CUE, CUES
from mistral_desk.inference.thought_messages import Steered
from mistral_desk.ui.chat.turn_view import AnswerView
from tests.fixtures import fake_worker, templates
from tests.fixtures.gguf_models import Mistral4Shape, mistral4
from tests.fixtures.gguf_projector import ProjectorShape, projector
from tests.fixtures.gguf_writing import Recipe
from tests.fixtures.talking import ANSWER, MANNERS, MORE, THOUGHT, talker
from tests.ui.turning import button, chat_of, over, press, send, stored, view_of
from tests.ui.window import ask, click, drawn, heard, opened, phase, run, touched

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QApplication

    from mistral_desk.ui.chat.thinking import ThinkingView
    from mistral_desk.ui.chat.turns import Turn
    from mistral_desk.ui.desk import Desk
    from tests.fixtures.small_models import SmallModels

AGAIN: Final = f"\n\n{CUE}{MORE}"
THINKS: Final = templates.official() + (
    "{%- if add_generation_prompt and reasoning_effort|default('none') == 'high' -%}[THINK]{%- endif -%}"
)
"""Mistral's template with the thought opened: a model without training thinks for ever, or writes for ever."""
CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
LONG: Final = "sea sun rain boat " * 60
SLOW: Final = Mistral4Shape(width=256, layers=8, heads=8, query_rank=128, kv_rank=64, expert_width=512)
"""Slow enough that a frame is drawn while it reads, also on a fast computer."""


@pytest.fixture(scope="module")
def ever(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thinks for ever where it is to think, else writes for ever; it sees."""
    folder = tmp_path_factory.mktemp("ever")
    projector(folder / "mmproj-ever-F16.gguf", ProjectorShape(text_width=SLOW.width))
    return mistral4(folder / "ever.gguf", SLOW, Recipe(chat_template=THINKS))


@pytest.fixture(scope="module")
def talks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return talker(tmp_path_factory.mktemp("talks") / "talks.gguf", MANNERS["mistral"])


def thinking_of(desk: Desk) -> ThinkingView:
    view = view_of(desk)
    assert isinstance(view, AnswerView)
    assert view.thinking is not None
    return view.thinking


async def think(desk: Desk, text: str = "Hello", wanted: str = "thinking") -> Turn:
    """Ask with *Think harder*, and wait until it is so far."""
    if not desk.page.composer.think.isChecked():
        desk.page.composer.toggle_think()
    send(desk, text)
    return await phase(desk, wanted)


def begin(desk: Desk) -> Turn:
    """Ask with *Think harder*; the answer is only just begun."""
    desk.page.composer.toggle_think()
    send(desk, LONG)
    return chat_of(desk).turns[-1]


async def attach(desk: Desk) -> None:
    """A picture to go with the next message."""
    pixels = Pixels(200, 160, np.full((160, 200, 3), (200, 30, 30), np.uint8).tobytes(), "red.png")
    part = picture_part(await desk.services.pictures.put(pixels), pixels.name)
    chat_of(desk).attachments.set_parts((part,))


async def writes(desk: Desk) -> Turn:
    """The answer that is written now."""
    return await phase(desk, "writing")


def accept(desk: Desk, title: str) -> None:
    """Take what a banner offers."""
    banner = next(one for one in desk.window.banners.banners if one.notice.words.title == title)
    assert banner.action is not None
    click(banner.action)


def bounded(desk: Desk, longest: int = 900) -> None:
    """An answer has an end at least there."""
    chat_of(desk).own = ConversationSettings(longest=longest)


async def halted(desk: Desk) -> None:
    """Stop what is written, where it has not ended by itself."""
    if chat_of(desk).busy:
        await over(desk, desk.page.stop)


# --- think more ---------------------------------------------------------------------------------------


def test_more_of_a_finished_thought_is_a_version_of_its_own(qapp: QApplication, tmp_path: Path, talks: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, talks) as desk:
            desk.page.composer.toggle_think()
            first = await ask(desk, "Hello")
            await desk.tasks.settled()
            assert (first.thinking, first.text) == (THOUGHT, ANSWER)
            more = button(desk, "Think more")
            assert more is not None
            row = view_of(desk)._row.buttons
            assert row.index(more) == row.index(button(desk, "Try again")) + 1  # type: ignore[arg-type]
            await over(desk, lambda: press(desk, "Think more", times=2))
            second = chat_of(desk).turns[-1]
            assert second is not first
            assert (second.thinking, second.text) == (THOUGHT + AGAIN * CUES, ANSWER)
            assert second.versions == (first.message, second.message)
            _, kept = await stored(desk)
            assert (kept.thinking, kept.text, kept.effort) == (second.thinking, ANSWER, "high")
            assert kept.figures is not None
            assert first.figures is not None
            assert kept.figures.generated_tokens == len(kept.tokens)
            assert kept.figures.thinking_tokens > first.figures.thinking_tokens
            read = kept.figures.prompt_tokens - kept.figures.cached_tokens + kept.figures.again_tokens
            assert read <= 1, "only what differs is read"
            while button(desk, "Previous version") is None:
                await drawn()
            press(desk, "Previous version")
            await desk.tasks.settled()
            assert chat_of(desk).turns[-1].thinking == THOUGHT, "the old one stays"

    run(qapp, scenario)


def test_an_answer_without_a_thought_gets_one(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, resource("model", "guide.gguf")) as desk:
            first = await ask(desk, "What is 7 plus 8?")
            await desk.tasks.settled()
            assert not first.thinking
            await over(desk, lambda: QTest.keyClick(desk.window, Qt.Key.Key_T, CONTROL | SHIFT))
            second = chat_of(desk).turns[-1]
            assert second.thinking
            assert "15" in second.text
            assert len(second.versions) == 2
            assert button(desk, "Think more") is None, "the Guide never learnt to go on with a thought"
            assert desk.page.turning.thinkable is None

    run(qapp, scenario)


def test_more_is_asked_for_while_the_thought_runs(qapp: QApplication, tmp_path: Path) -> None:
    thought = [*fake_worker.pieces("", "Let me see."), {"pause": 0.01}]
    served = [
        {"until": "think_more", "do": thought},
        fake_worker.event(Steered(0, "more")),
        {"until": "answer_now", "do": [*fake_worker.pieces("", "Wait."), {"pause": 0.01}]},
        fake_worker.event(Steered(0, "now")),
        *fake_worker.answer("Fifteen."),
    ]
    script = [fake_worker.HELLO, {"serve": {"load": fake_worker.loading(), "generate": served}}]

    async def scenario() -> None:
        async with opened(qapp, tmp_path, script) as desk:
            turn = await think(desk)
            await drawn()
            view = thinking_of(desk)
            assert (view._more.text(), view._more.accessibleName()) == ("Think more", "Think more")
            click(view._more)
            assert turn.more_asked
            await heard(chat_of(desk).changed)
            if turn.more_asked:
                assert view._more.text() == "Will think more"
                await heard(chat_of(desk).changed, lambda one: "Wait." in one.thinking)
            await heard(chat_of(desk).changed, lambda one: "Wait." in one.thinking)
            assert view._more.text() == "Think more", "it can be asked for again"
            assert view.stops().index(view._more) == view.stops().index(view._now) + 1
            await over(desk, lambda: QTest.keyClick(desk.window, Qt.Key.Key_Return, CONTROL))
            assert turn.text == "Fifteen."

    run(qapp, scenario)


# --- the switch ---------------------------------------------------------------------------------------


def test_the_switch_in_every_state_of_a_real_answer(qapp: QApplication, tmp_path: Path, ever: Path) -> None:
    """On in an answer: start over. Off in the thought: answer now. On again: go on with the thought."""

    async def scenario() -> None:
        async with opened(qapp, tmp_path, ever) as desk:
            bounded(desk)
            chat = chat_of(desk)
            send(desk, "Hello")
            first = await writes(desk)
            assert not first.thinking
            desk.page.composer.toggle_think()
            begun = asyncio.ensure_future(
                heard(chat.changed, lambda turn: turn is not first and turn.phase == "thinking" and turn.thinking)
            )
            accept(desk, "Start over with thinking?")
            await begun
            second = chat.turns[-1]
            assert (first.ending in ("stopped", "length"), first in chat.turns) == (True, False)

            desk.page.composer.toggle_think()
            await heard(chat.changed, lambda turn: turn is second and bool(turn.text))
            thought = second.thinking
            assert thought
            desk.page.composer.toggle_think()
            begun = asyncio.ensure_future(
                heard(chat.changed, lambda turn: turn is not second and len(turn.thinking) > len(thought) + 10)
            )
            accept(desk, "Go on with the thinking?")
            await begun
            third = chat.turns[-1]
            assert third.thinking.startswith(f"{thought.rstrip()}")
            assert "Wait" in third.thinking[len(thought) - 2 :]
            await halted(desk)
            assert third.message is not None
            versions = await desk.services.history.versions(third.message)
            assert versions == (first.message, second.message, third.message), "each version stays"
            kept = await desk.services.history.message(second.message or 0)
            assert (kept.thinking, kept.effort) == (thought, "high")
            assert kept.figures is None or kept.figures.thought_end in {"now", ""}

    run(qapp, scenario)


@pytest.mark.parametrize("pictured", [False, True])
@pytest.mark.parametrize("wanted", ["waiting", "reading"])
def test_switched_off_before_the_thought_it_answers_at_once(
    wanted: str, pictured: bool, qapp: QApplication, tmp_path: Path, ever: Path
) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, ever) as desk:
            chat = chat_of(desk)
            if pictured:
                await attach(desk)
            turn = await think(desk, LONG, wanted) if wanted == "reading" else begin(desk)
            desk.page.composer.toggle_think()
            assert turn.hurried
            if not turn.text:
                await heard(chat.changed, lambda one: one is turn and bool(one.text))
            await halted(desk)
            await desk.tasks.settled()
            (_, kept) = await stored(desk)
            assert (kept.text, kept.thinking) == (turn.text, turn.thinking)
            assert kept.effort == "high"
            assert kept.figures is not None
            assert kept.figures.thought_end == "now"

    run(qapp, scenario)


def test_switched_off_in_the_thought_about_a_picture(qapp: QApplication, tmp_path: Path, ever: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, ever) as desk:
            bounded(desk)
            chat = chat_of(desk)
            await attach(desk)
            turn = await think(desk, "What is this?")
            desk.page.composer.toggle_think()
            await heard(chat.changed, lambda one: one is turn and bool(one.text))
            await halted(desk)
            assert turn.thinking
            assert turn.text
            assert "THINK]" not in turn.thinking + turn.text

    run(qapp, scenario)


def test_a_model_that_always_thinks_has_nothing_to_switch(qapp: QApplication, tmp_path: Path) -> None:
    path = talker(tmp_path / "always.gguf", MANNERS["tags"], " the quick brown fox", loop=True)

    async def scenario() -> None:
        async with opened(qapp, tmp_path, path) as desk:
            bounded(desk)
            switch = desk.page.composer.think
            assert (switch.isEnabled(), switch.isChecked()) == (False, True)
            assert "always thinks" in switch.accessibleDescription()
            send(desk, "Hello")
            turn = await phase(desk, "thinking")
            click(thinking_of(desk)._now)
            await heard(chat_of(desk).changed, lambda one: one is turn and bool(one.text))
            desk.page.composer.toggle_think()
            assert not desk.window.banners.banners, "nothing is offered"
            await halted(desk)
            assert turn.text
            assert turn.thought_end == "now"

    run(qapp, scenario)


def test_a_model_that_never_thinks_is_not_asked_for_more(
    qapp: QApplication, tmp_path: Path, small_models: SmallModels
) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, small_models["plain"]) as desk:
            bounded(desk, 8)
            await ask(desk, "Hello")
            await desk.tasks.settled()
            switch = desk.page.composer.think
            assert (switch.isEnabled(), switch.isChecked()) == (False, False)
            assert button(desk, "Try again") is not None
            assert button(desk, "Think more") is None
            assert desk.page.turning.thinkable is None

    run(qapp, scenario)


# --- a limit ------------------------------------------------------------------------------------------


def test_a_limit_of_the_app_is_kept_and_said(qapp: QApplication, tmp_path: Path, ever: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, ever) as desk:
            desk.services.settings.set(declared.THINK_TOKENS, 20)
            bounded(desk, 300)
            desk.page.composer.toggle_think()
            titles: list[str] = []
            with touched(chat_of(desk), lambda one: titles.append(one.thought_title()) if one.live else None):
                turn = await ask(desk, "Hello")
            await desk.tasks.settled()
            assert turn.text
            assert titles[-1].endswith("your limit of tokens"), "at once, not only in the end"
            assert thinking_of(desk).title.endswith("your limit of tokens")
            (_, kept) = await stored(desk)
            assert kept.figures is not None
            assert kept.figures.thought_end == "tokens"
            assert 20 <= kept.figures.thinking_tokens <= 20 + 8 + 8, "a sentence, and a character, may become whole"

    run(qapp, scenario)


def test_a_chat_can_be_without_the_limit_of_the_app(qapp: QApplication, tmp_path: Path, ever: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, ever) as desk:
            desk.services.settings.set(declared.THINK_TOKENS, 20)
            chat_of(desk).own = ConversationSettings(think_tokens=0, longest=300)
            desk.page.composer.toggle_think()
            turn = await ask(desk, "Hello")
            assert (turn.text, turn.ending) == ("", "length"), "all of it was thought"

    run(qapp, scenario)


def test_what_was_limited_is_said_after_a_start(qapp: QApplication, tmp_path: Path) -> None:
    figures = Figures(generated_tokens=3, thinking_tokens=2, thinking_s=30.0, thought_end="seconds")
    steps = [*fake_worker.pieces("Yes.", "Hm."), fake_worker.event(Finished(0, "stop", figures, "v"))]
    script = [fake_worker.HELLO, {"serve": {"load": fake_worker.loading(), "generate": steps}}]

    async def scenario() -> None:
        async with opened(qapp, tmp_path, script) as desk:
            await ask(desk, "Hello")
            conversation = chat_of(desk).conversation
            assert conversation is not None
            desk.chats.new()
            desk.chats.open(conversation.id)
            await desk.tasks.settled()
            await drawn()
            assert thinking_of(desk).title == "Thought for 30 s, your limit"

    run(qapp, scenario)
