"""A limit in seconds ends a thought in the window, with a real worker: the context has room for all that is thought."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mistral_desk.core import settings as declared
from mistral_desk.ui.chat.turn_view import AnswerView
from tests.fixtures.gguf_models import Mistral4Shape, mistral4
from tests.fixtures.gguf_writing import Recipe
from tests.ui.test_thoughts import THINKS
from tests.ui.turning import chat_of, over, send, stored, view_of
from tests.ui.window import heard, opened, phase, run

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QApplication

CONTEXT: Final = 65_536
"""Far above what a model of this size thinks in the two seconds that it takes at most."""


def test_a_limit_in_seconds_is_kept_and_said(qapp: QApplication, tmp_path: Path) -> None:
    path = mistral4(tmp_path / "ever.gguf", Mistral4Shape(context=CONTEXT), Recipe(chat_template=THINKS))

    async def scenario() -> None:
        async with opened(qapp, tmp_path, path, context=CONTEXT) as desk:
            desk.services.settings.set(declared.THINK_SECONDS, 1)
            chat = chat_of(desk)
            desk.page.composer.toggle_think()
            send(desk, "Hello")
            turn = await phase(desk, "thinking")
            await heard(chat.changed, lambda one: one is turn and one.phase == "writing")
            assert turn.thought_title().endswith("your limit")
            await over(desk, desk.page.stop)
            await desk.tasks.settled()
            view = view_of(desk)
            assert isinstance(view, AnswerView)
            assert view.thinking is not None
            assert view.thinking.title.endswith("your limit")
            (_, kept) = await stored(desk)
            assert kept.thinking
            assert kept.text
            assert kept.figures is not None
            assert kept.figures.thought_end == "seconds"
            assert kept.figures.thinking_s >= 1.0

    run(qapp, scenario)
