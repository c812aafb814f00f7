"""Continue in the window: the answer grows in its own turn, a thought too, also after a start, once for two clicks."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import pytest

from mistral_desk.chat.message import Part
from mistral_desk.core.errors import DeskError
from mistral_desk.inference.protocol import Figures, Finished, Piece, Resumed
from mistral_desk.services import Services
from mistral_desk.ui.chat.turn_view import AnswerView
from tests.fixtures import fake_worker
from tests.ui.turning import button, chat_of, open_new, over, press, send, stop, stored, view_of
from tests.ui.window import ask, drawn, heard, opened, phase, run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from PySide6.QtWidgets import QApplication

Step = fake_worker.Step
V: Final = fake_worker.VOCABULARY
STOPPED: Final = fake_worker.event(Finished(0, "stopped", Figures(prompt_tokens=8, generated_tokens=2), V))
DONE: Final = fake_worker.event(Finished(0, "stop", Figures(prompt_tokens=10, generated_tokens=1), V))


def piece(text: str, *tokens: int, thinking: bool = False) -> Step:
    return fake_worker.event(Piece(0, "thinking" if thinking else "text", text, tokens))


def twice(first: Sequence[Step], then: Sequence[Step]) -> list[Step]:
    """A worker that is stopped in its first answer and goes on with it in its second."""
    return [
        *(fake_worker.HELLO, {"await": "load"}, *fake_worker.loading()),
        *({"await": "generate"}, *first, {"expect": "stop"}, STOPPED),
        *({"await": "generate"}, *then),
        {"serve": {"generate": fake_worker.answer("Yes.")}},
    ]


def test_a_stopped_answer_goes_on_in_its_place(qapp: QApplication, tmp_path: Path) -> None:
    resumed = fake_worker.event(Resumed(0, (Piece(0, "text", "It i", (1, 2)),)))
    script = twice([piece("It ", 1), piece("i", 2)], [resumed, piece("s fifteen.", 3), DONE])

    async def scenario() -> None:
        async with opened(qapp, tmp_path, script) as desk:
            send(desk, "7 + 8?")
            turn = await stop(desk)
            view = view_of(desk)
            assert isinstance(view, AnswerView)
            assert (turn.text, view.status) == ("It i", "Stopped")
            shown = button(desk, "Continue")
            assert shown is not None
            assert shown.text() == "Continue"
            assert button(desk, "Continue", 0) is None
            assert button(desk, "Try again") is not None

            await over(desk, lambda: press(desk, "Continue", times=2))  # a double click is one
            assert chat_of(desk).turns[-1] is turn
            assert (turn.text, turn.ending) == ("It is fifteen.", "stop")
            assert button(desk, "Continue") is None, "it is complete"
            question, answer = await stored(desk)
            assert (answer.id, answer.text, answer.tokens) == (turn.message, "It is fifteen.", (1, 2, 3))
            assert answer.figures is not None
            assert (answer.figures.prompt_tokens, answer.figures.generated_tokens) == (8, 3)
            assert turn.figures == answer.figures
            assert turn.versions == ()

            await ask(desk, "Sure?")
            assert [one.text for one in chat_of(desk).turns] == ["7 + 8?", "It is fifteen.", "Sure?", "Yes."]
            assert question.text == "7 + 8?"

    run(qapp, scenario)


def test_a_thought_that_was_stopped_goes_on_as_a_thought(qapp: QApplication, tmp_path: Path) -> None:
    resumed = fake_worker.event(Resumed(0, (Piece(0, "thinking", "hm ", (1,)),)))
    more = [resumed, piece("hm", 2, thinking=True), piece("Yes.", 3), DONE]
    script = twice([piece("hm ", 1, thinking=True)], more)

    async def scenario() -> None:
        async with opened(qapp, tmp_path, script) as desk:
            send(desk, "7 + 8?")
            turn = await phase(desk, "thinking")
            await over(desk, desk.page.stop)
            assert (turn.thinking, turn.text, turn.ending) == ("hm ", "", "stopped")
            phases: list[str] = []
            chat_of(desk).changed.connect(lambda one: phases.append(one.phase))
            await over(desk, lambda: press(desk, "Continue"))
            assert (turn.thinking, turn.text, turn.ending) == ("hm hm", "Yes.", "stop")

    run(qapp, scenario)


def test_only_the_last_answer_goes_on(qapp: QApplication, tmp_path: Path) -> None:
    script = twice([piece("It ", 1)], fake_worker.answer("No."))

    async def scenario() -> None:
        async with opened(qapp, tmp_path, script) as desk:
            send(desk, "7 + 8?")
            turn = await stop(desk)
            assert button(desk, "Continue") is not None
            await ask(desk, "Never mind. 2 + 2?")
            await drawn()
            assert turn.goes_on
            assert button(desk, "Continue", 1) is None, "what followed it was said to this much of it"
            before = await stored(desk)
            chat_of(desk).go_on(turn)
            await desk.tasks.settled()
            assert await stored(desk) == before

    run(qapp, scenario)


def test_an_answer_of_a_killed_app_goes_on_after_the_start(qapp: QApplication, tmp_path: Path) -> None:
    resumed = fake_worker.event(Resumed(0, (Piece(0, "text", "It i", (1, 2)),)))
    generate = [resumed, piece("s.", 3), DONE]
    script = [fake_worker.HELLO, {"serve": {"load": fake_worker.loading(), "generate": generate}}]

    async def scenario() -> None:
        services = await Services.open(str(tmp_path / "home"), engine=fake_worker.command(tmp_path, script))
        _, _, answer = await services.history.begin_turn(None, "7 + 8?", model="builtin")
        parts = [Part("text", "It i\ufffd")]
        await services.history.update_answer(answer.id, parts, tokens=(1, 2), vocabulary=V, ending="unfinished")
        await services.close()
        async with opened(qapp, tmp_path, script) as desk:
            chat = await open_new(desk, answer.conversation)
            view = view_of(desk)
            assert isinstance(view, AnswerView)
            assert view.status.startswith("Interrupted")
            await over(desk, lambda: press(desk, "Continue"))
            assert (chat.turns[-1].text, chat.turns[-1].ending) == ("It is.", "stop")
            (_, kept) = await stored(desk)
            assert (kept.id, kept.text) == (answer.id, "It is.")

    run(qapp, scenario)


@pytest.mark.allow_log("shown:")
def test_where_the_model_is_gone_the_answer_stays_and_can_go_on_later(qapp: QApplication, tmp_path: Path) -> None:
    script = twice([piece("It ", 1)], [])

    async def scenario() -> None:
        async with opened(qapp, tmp_path, script) as desk:
            send(desk, "7 + 8?")
            turn = await stop(desk)
            before = await stored(desk)

            def missing(_model: str = "builtin") -> object:
                raise DeskError("model.missing", path="/nowhere.gguf")

            desk.services.resolve_model = missing  # type: ignore[method-assign, assignment]
            refused = asyncio.ensure_future(heard(chat_of(desk).refused))
            await asyncio.sleep(0)
            press(desk, "Continue")
            await refused
            await drawn()
            (banner,) = desk.window.banners.banners
            assert banner.notice.words.title == "The model file is not there"
            assert (turn.text, turn.ending, turn.live) == ("It ", "stopped", False)
            assert chat_of(desk).turns[-1] is turn
            assert button(desk, "Continue") is not None
            assert await stored(desk) == before

    run(qapp, scenario)
