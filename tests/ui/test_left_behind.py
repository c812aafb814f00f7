"""What a window leaves behind when it is gone, and a chat when another one is opened: nothing.

A signal keeps the function that it calls, which Python's collector does not see; only counting shows such a ring.
"""

from __future__ import annotations

import gc
import logging
import threading
import time
import weakref
from typing import TYPE_CHECKING, Final

import pytest

from mistral_desk.ui import loop
from tests.fixtures import fake_worker
from tests.ui import window

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from PySide6.QtWidgets import QApplication

    from mistral_desk.ui.chat.chat import Chat
    from mistral_desk.ui.desk import Desk

TRIES: Final = 500
_PAGES: Final = ("models", "library", "settings", "archive", "bin", "chat")


def _script() -> list[fake_worker.Step]:
    return [fake_worker.HELLO, {"serve": {"load": fake_worker.loading(), "generate": fake_worker.answer("Yes.")}}]


def _writers_of_drafts() -> set[threading.Thread]:
    return {one for one in threading.enumerate() if one.name.startswith("drafts")}


@pytest.fixture
def nothing_told() -> Iterator[None]:
    """Pytest keeps what is logged, and an error in it holds all that stood where it was raised."""
    logging.disable(logging.INFO)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.usefixtures("nothing_told")
def test_a_window_that_is_closed_leaves_no_thread_and_no_object(qapp: QApplication, tmp_path: Path) -> None:
    before = _writers_of_drafts()
    left: list[weakref.ref[Desk]] = []

    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, _script()) as desk:
            left.append(weakref.ref(desk))
            await window.ask(desk, "Is anybody there?")
            window.type_in(desk, "not sent")
            for page in _PAGES:
                desk.window.show_page(page)
                await window.drawn()
            desk.keep()
            assert _writers_of_drafts() - before
        assert not _writers_of_drafts() - before
        desk.keep()  # the system may ask once more; nobody is there to write it, and nobody is needed
        assert not _writers_of_drafts() - before
        await loop.idle()

    window.run(qapp, scenario)
    for _ in range(TRIES):  # a thread may have yet to let go of what it did last
        gc.collect()
        if left[0]() is None:
            break
        time.sleep(0.01)
    assert [one() for one in left] == [None]


@pytest.mark.usefixtures("nothing_told")
def test_a_chat_that_is_not_open_any_more_is_not_kept(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, _script()) as desk:
            seen: weakref.WeakSet[Chat] = weakref.WeakSet()
            desk.page.chat_shown.connect(seen.add)
            for number in range(3):
                await window.ask(desk, f"Question {number}")
                desk.new_chat()
                await desk.tasks.settled()
            keys = [one.id for one in desk.listed]
            assert len(keys) == 3
            for key in keys * 2:
                desk.open_chat(key)
                await desk.tasks.settled()
            kept = {desk.page.chat, *desk.chats._open.values()}
            for _ in range(TRIES):
                await loop.idle()
                gc.collect()
                if set(seen) <= kept:
                    break
            assert set(seen) <= kept, "six were opened, and each but the last one was left"

    window.run(qapp, scenario)
