"""A model that is chosen while a question is on its way gets nothing that was meant for another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fixtures.openai_site import OpenAISite
from tests.ui import window
from tests.ui.test_endpoints_window import desk_at

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QApplication


@pytest.mark.allow_log("shown: Nothing was sent", "mistral_desk.ui.notify")
def test_a_question_to_a_model_here_does_not_leave_with_the_one_that_was_chosen_behind_it(
    qapp: QApplication, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with desk_at(qapp, tmp_path, site, chosen=False) as desk:
            (endpoint,) = desk.services.endpoints.all
            await window.ask(desk, "The capital of Spain?")
            chat = desk.page.chat
            assert chat is not None
            chat.send("And of France?")
            desk.model.choose(f"endpoint:{endpoint.id}/{endpoint.models[0].name}")
            await desk.tasks.settled()
            assert site.bodies() == []
            assert [turn.text for turn in chat.turns] == ["The capital of Spain?", "Madrid."]
            assert desk.page.composer.text == "And of France?"

    with OpenAISite() as site:
        window.run(qapp, scenario)
