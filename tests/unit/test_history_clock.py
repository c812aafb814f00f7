"""A clock that is set back moves no chat, turns no messages around, and deletes nothing early."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from mistral_desk.chat.history import BIN_DAYS, History
from tests.fixtures.engines import run

if TYPE_CHECKING:
    from pathlib import Path

HOUR: Final = 3600.0
DAY: Final = 24 * HOUR


class Clock:
    """What the history takes for the time, in seconds since 1970."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_700_000_000.0
        for room in ("history", "listed"):
            monkeypatch.setattr(f"mistral_desk.chat.{room}.the_time", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


async def titles(history: History) -> list[str]:
    return [chat.title for chat in await history.conversations()]


@pytest.mark.parametrize("back", [0.0, HOUR, 20 * HOUR])
def test_what_was_said_last_stands_first(tmp_path: Path, clock: Clock, back: float) -> None:
    async def promise() -> None:
        history, _ = await History.open(tmp_path / "history.sqlite3")
        chats = {}
        for title in ("one", "two", "three"):
            clock.now += 60
            chats[title], *_ = await history.begin_turn(None, title)
        clock.now -= back
        for title in ("one", "two", "one"):
            clock.now += 1
            await history.begin_turn(chats[title].id, f"{title} again")
            assert (await titles(history))[0] == title
        assert await titles(history) == ["one", "two", "three"]
        said = [message.text for message in await history.messages(chats["one"].id) if message.role == "user"]
        assert said == ["one", "one again", "one again"]
        assert [hit.message for hit in (await history.search("two again")).hits if hit.message]
        await history.close()

    run(promise())


def test_a_date_far_ahead_draws_nothing_after_it(tmp_path: Path, clock: Clock) -> None:
    """A computer whose battery is empty may be years ahead for a day."""

    async def promise() -> None:
        history, _ = await History.open(tmp_path / "history.sqlite3")
        clock.now += 365 * DAY
        ahead, *_ = await history.begin_turn(None, "ahead")
        clock.now -= 365 * DAY
        chat, *_ = await history.begin_turn(None, "today")
        assert chat.updated == clock.now
        await history.begin_turn(ahead.id, "today as well")
        assert (await history.conversation(ahead.id)).updated == clock.now
        await history.close()

    run(promise())


def test_the_bin_is_not_emptied_early(tmp_path: Path, clock: Clock) -> None:
    async def promise() -> None:
        history, _ = await History.open(tmp_path / "history.sqlite3")
        chat, *_ = await history.begin_turn(None, "deleted")
        await history.delete(chat.id)
        for moved, gone in ((-HOUR, 0), (BIN_DAYS * DAY, 0), (HOUR + 1, 1)):
            clock.now += moved
            assert await history.purge_deleted(BIN_DAYS * DAY) == gone
        await history.close()

    run(promise())
