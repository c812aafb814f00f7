"""Who switches *Think harder* finds the chat read when the message is sent: the built-in model in the real window."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mistral_desk.inference import ahead
from tests.ui.test_context import guide
from tests.ui.window import END_OF_WORLD_S, ask, click, heard, run

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from PySide6.QtWidgets import QApplication

    from mistral_desk.chat.message import Message
    from mistral_desk.ui.desk import Desk


async def last(desk: Desk) -> Message:
    await desk.tasks.settled()
    assert desk.page.chat is not None
    assert desk.page.chat.conversation is not None
    return (await desk.services.history.messages(desk.page.chat.conversation.id))[-1]


def test_the_chat_is_read_while_the_message_is_written(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ahead, "_FREE_S", END_OF_WORLD_S)  # however long it takes to keep what was read before

    async def scenario() -> None:
        async with guide(qapp, tmp_path) as desk:
            await ask(desk, "What can you do with a picture?")
            before = await last(desk)
            assert before.figures is not None
            whole = before.figures.prompt_tokens + len(before.tokens)
            begun = asyncio.ensure_future(heard(desk.context.foresight.begun))
            await asyncio.sleep(0)
            click(desk.page.composer.think)
            (reading,) = await begun
            await reading
            await ask(desk, "What is 7 plus 8?")
            answer = await last(desk)
            assert answer.effort == "high"
            assert answer.figures is not None
            assert answer.figures.cached_tokens >= whole, "only the new question was read"

    run(qapp, scenario)
