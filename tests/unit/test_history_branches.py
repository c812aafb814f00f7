"""A long branch is made in steps: others write in between, it can be called off, and no half of it is ever seen."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from mistral_desk.chat import branching
from mistral_desk.chat import listed as listed_module
from mistral_desk.chat.branching import STEP
from mistral_desk.chat.history import History
from mistral_desk.chat.imported import Imported, ImportedMessage
from mistral_desk.chat.message import Part
from tests.fixtures.engines import problem_of, run
from tests.fixtures.index import index_differs

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "Daten von Jürgen" / "history.sqlite3"


def long_chat(count: int) -> Imported:
    """A chat of so many messages, one below the other."""
    said = [
        ImportedMessage(
            str(n), str(n - 1) if n else None, "assistant" if n % 2 else "user", 1.0, (Part("text", str(n)),)
        )
        for n in range(count)
    ]
    return Imported("long", 1.0, 1.0, tuple(said))


def test_a_long_branch_is_made_in_steps_and_others_write_in_between(path: Path) -> None:
    count = 8 * STEP + 7

    async def promise() -> None:
        history, _ = await History.open(path)
        chat = await history.put(long_chat(count))
        assert chat is not None
        assert chat.leaf is not None
        told: list[tuple[int, int]] = []
        written: list[int] = []

        async def others() -> None:
            while not making.done():
                written.append(len(told))
                await history.rename(chat.id, f"renamed {len(told)}")

        making = asyncio.ensure_future(history.branch_off(chat.leaf, told=lambda done, all_: told.append((done, all_))))
        await others()
        copy = await making
        assert told == [(min(count, STEP * step), count) for step in range(1, 10)]
        assert len(set(written)) > 4, "others wrote between the steps"
        assert [one.text for one in await history.messages(copy.id)] == [str(n) for n in range(count)]
        await history.indexed()
        assert await history._store.read(index_differs) == ""
        await history.close()

    run(promise())


@pytest.mark.parametrize("steps", [1, 2])
def test_a_branch_that_is_called_off_leaves_nothing(path: Path, steps: int) -> None:
    async def promise() -> None:
        history, _ = await History.open(path)
        chat = await history.put(long_chat(3 * STEP))
        assert chat is not None
        assert chat.leaf is not None
        making: asyncio.Future[object]

        def told(done: int, _all: int) -> None:
            if done == steps * STEP:
                making.cancel()

        making = asyncio.ensure_future(history.branch_off(chat.leaf, told=told))
        with pytest.raises(asyncio.CancelledError):
            await making
        assert [one.id for one in await history.conversations()] == [chat.id]
        assert await history._store.read(counted) == (1, 3 * STEP)
        await history.close()

    run(promise())


def counted(connection: sqlite3.Connection) -> tuple[int, int]:
    """Conversations and messages of the file, hidden ones too."""
    conversations = connection.execute("SELECT count(*) FROM conversation").fetchone()[0]
    return conversations, connection.execute("SELECT count(*) FROM message").fetchone()[0]


def test_half_a_branch_stands_in_no_list_and_goes_when_nobody_can_be_making_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a kill: what was copied until then is there, and the end never comes."""

    async def promise() -> None:
        history, _ = await History.open(path)
        chat = await history.put(long_chat(3 * STEP))
        assert chat is not None
        assert chat.leaf is not None

        def told(done: int, _all: int) -> None:
            if done == STEP:
                raise RuntimeError("as if killed")

        async def nothing(*_: object) -> None:
            """Who is killed takes nothing back."""

        monkeypatch.setattr(branching, "_discard", nothing)
        with pytest.raises(RuntimeError, match="as if killed"):
            await history.branch_off(chat.leaf, told=told)
        assert await history._store.read(counted) == (2, 4 * STEP)
        assert await history.conversations() == (chat,)
        assert await history.conversations(archived=True) == await history.deleted() == ()
        await history.indexed()
        assert {hit.conversation.id for hit in (await history.search(str(STEP - 1))).hits} == {chat.id}
        assert await history.purge_deleted(0.0) == 0, "another program may be making it"
        monkeypatch.setattr(listed_module, "_SURELY_OVER_S", -1.0)
        assert await history.purge_deleted(0.0) == 1
        assert await history._store.read(counted) == (1, 3 * STEP)
        await history.close()

    run(promise())


def test_a_chat_that_is_deleted_for_good_meanwhile_has_no_branch(path: Path) -> None:
    async def promise() -> None:
        history, _ = await History.open(path)
        chat = await history.put(long_chat(4 * STEP))
        assert chat is not None
        assert chat.leaf is not None
        purges: list[asyncio.Future[None]] = []

        def told(done: int, _all: int) -> None:
            if done == STEP:
                purges.append(asyncio.ensure_future(history.purge(chat.id)))

        async def both() -> None:
            assert (await problem_of(history.branch_off(chat.leaf or 0, told=told)))[0] == "history.missing"
            await asyncio.gather(*purges)

        await both()
        assert await history._store.read(counted) == (0, 0)
        await history.close()

    run(promise())
