"""A chat is left for another one while something is on its way for it: files that are read, looks into its history."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest

from tests.fixtures import fake_worker
from tests.ui import window
from tests.ui.test_attachments import draw, drop, files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from PySide6.QtWidgets import QApplication

    from mistral_desk.ui.desk import Desk

SCRIPT = fake_worker.looking(text="I see.")


async def _temporary(desk: Desk) -> None:
    desk.temporary_chat()
    while desk.page.chat is None or not desk.page.chat.temporary:
        await window.drawn()


@pytest.mark.parametrize("temporary", [False, True])
def test_files_are_read_for_a_chat_that_is_not_open_any_more(
    temporary: bool, qapp: QApplication, tmp_path: Path, allow_log: Callable[..., None]
) -> None:
    """Its signals have lost their place when Python has freed it; each error would be shown and logged."""
    allow_log("shown: ")
    text, broken = tmp_path / "words.txt", tmp_path / "broken.png"
    text.write_text("Words, and more of them. " * 50, encoding="utf-8")
    broken.write_bytes(b"\x89PNG\r\n\x1a\nno more")

    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            if temporary:
                await _temporary(desk)
            drop(desk, files(draw(tmp_path / "seen.png"), text, broken))
            left = desk.page.chat
            assert left is not None
            assert left.attachments.reading
            desk.chats._begin_anew()  # what the person would be asked before, has been asked
            assert desk.page.chat is not left
            del left
            await window.drawn()
            gc.collect()
            await desk.tasks.settled()

    window.run(qapp, scenario)


def test_what_is_on_its_way_for_a_temporary_chat_ends_before_its_history(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            await _temporary(desk)
            turn = await window.ask(desk, "Is anybody there?")
            chat = desk.page.chat
            assert chat is not None
            history, looked = chat.room.history, []

            async def look() -> None:
                """As the versions of a message are looked for, again and again."""
                while turn.message is not None:
                    looked.append(await history.versions(turn.message))

            chat.tasks.spawn(look(), "look")
            while not looked:
                await window.drawn()
            desk.chats._begin_anew()
            await desk.tasks.settled()
            assert desk.page.chat is not chat
            assert looked

    window.run(qapp, scenario)
