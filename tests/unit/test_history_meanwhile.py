"""What is asked of a history in the moment in which it is replaced or closed is answered, or told that it came late."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from mistral_desk.chat import backups
from mistral_desk.chat.copies import Backups
from mistral_desk.chat.history import History
from tests.fixtures.engines import problem_of, run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from mistral_desk.chat.copies import Restored


@contextlib.asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[History]:
    history, notice = await History.open(folder / "history.sqlite3")
    assert notice is None
    try:
        yield history
    finally:
        await history.close()


async def nobody() -> None:
    """Nothing is being answered."""


class Held:
    """A restore that waits right before the file is overwritten, in the thread that does it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._reached, self.go_on = threading.Event(), threading.Event()
        self._overwrite: Callable[..., None] = backups.overwrite
        monkeypatch.setattr(backups, "overwrite", self._held)

    def _held(self, *where: object) -> None:
        self._reached.set()
        self.go_on.wait()
        self._overwrite(*where)

    async def begun(self, history: History, kept: str, gone: str) -> asyncio.Task[Restored]:
        """The restore, as far as it waits: of a history that has a chat which the copy has, and one which is newer."""
        copies = Backups(lambda: history, nobody)
        await history.begin_turn(None, kept)
        made = await copies.make()
        await history.begin_turn(None, gone)
        restoring = asyncio.create_task(copies.restore(made))
        await asyncio.to_thread(self._reached.wait)
        return restoring


def test_a_first_search_while_a_copy_takes_its_place_finds_what_is_still_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def promise() -> None:
        async with opened(tmp_path) as history:
            held = Held(monkeypatch)
            restoring = await held.begun(history, "a rainbow", "a thunderstorm")
            try:
                assert len((await history.search("thunderstorm")).hits) > 0
            finally:
                held.go_on.set()
            await restoring
            assert (await history.search("thunderstorm")).hits == (), "what was known of the one before is forgotten"
            assert len((await history.search("rainbow")).hits) > 0

    run(promise())


def test_who_closes_while_a_copy_takes_its_place_leaves_no_work_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def promise() -> None:
        async with opened(tmp_path) as history:
            held = Held(monkeypatch)
            restoring = await held.begun(history, "kept", "gone")
            before = history._indexing
            closing = asyncio.create_task(history.close())
            await asyncio.sleep(0)  # it waits now
            held.go_on.set()
            await restoring
            assert history._indexing is before, "no index is looked after in a history that closes"
            await closing
        async with opened(tmp_path) as history:
            assert [chat.title for chat in await history.conversations()] == ["kept"]

    run(promise())


def test_two_copies_that_shall_come_at_once_come_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both are made ready in one file."""
    done: list[str] = []
    for name in ("ready", "overwrite"):
        work: Callable[..., None] = getattr(backups, name)

        def noted(*where: object, name: str = name, work: Callable[..., None] = work) -> None:
            done.append(name)
            work(*where)

        monkeypatch.setattr(backups, name, noted)

    async def promise() -> None:
        async with opened(tmp_path) as history:
            copies = Backups(lambda: history, nobody)
            made = []
            for title in ("one", "two"):
                await history.begin_turn(None, title)
                made.append(await copies.make())
            await asyncio.gather(*map(copies.restore, made))
            assert done == ["ready", "overwrite"] * 2
            assert len(await history.conversations()) == 2

    run(promise())


@pytest.mark.allow_log("SQLITE_CANTOPEN|OSError", "mistral_desk.chat")
@pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be moved there")
def test_a_history_whose_disk_was_gone_in_the_middle_goes_on_when_it_is_back(tmp_path: Path) -> None:
    away = tmp_path / "away"

    async def promise() -> None:
        async with opened(tmp_path) as history:
            path = history.path
            assert path is not None
            chat, *_ = await history.begin_turn(None, "before")

            def vanishes(there: Path) -> None:
                there.rename(away)
                raise OSError(5, "Input/output error")

            assert (await problem_of(history.replace_by(vanishes)))[0] == "history.failed"
            assert (await problem_of(history.rename(chat.id, "lost")))[0] == "history.read_only"
            away.rename(path)
            assert (await history.rename(chat.id, "again")).title == "again"

    run(promise())


def test_who_comes_when_all_is_closed_is_told_so(tmp_path: Path) -> None:
    """In words, as whatever else goes wrong: nobody has to know of the threads."""

    async def promise() -> None:
        async with opened(tmp_path) as history:
            chat, *_ = await history.begin_turn(None, "hello")
            await history.close()
            for late in (
                history.messages(chat.id),
                history.rename(chat.id, "late"),
                history.search("hello"),
                history.keep_copy(tmp_path / "copy"),
            ):
                name, params, _ = await problem_of(late)
                assert (name, params["reason"]) == ("history.failed", "Mistral Desk is closing")

    run(promise())


def test_what_waits_behind_the_end_of_a_history_is_told_so_too(tmp_path: Path) -> None:
    """Its threads still run then, and have nothing to work on any more."""

    async def promise() -> None:
        async with opened(tmp_path) as history:
            chat, *_ = await history.begin_turn(None, "hello")
            store = history._store
            store._ended = True
            for executor, close in (
                (store._searcher, store._close_searcher),
                (store._reader, store._close_reader),
                (store._writer, store._close_writer),
            ):
                await store._in(executor, close)
            for late in (history.messages(chat.id), history.rename(chat.id, "late"), history.search("hello")):
                assert (await problem_of(late))[0] == "history.failed"

    run(promise())
