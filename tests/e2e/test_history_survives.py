"""A history that is killed at any moment, in the middle of edits, branches, deletes, imports, backups and restores."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import json
import os
import random
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, Final

import pytest

from mistral_desk.chat import backups, database
from mistral_desk.chat.history import History
from mistral_desk.chat.imported import Imported, ImportedMessage
from mistral_desk.chat.message import Part
from tests.fixtures.history_state import State, promises_of_tables, state_of
from tests.fixtures.index import index_differs

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator
    from pathlib import Path

KILLS: Final = int(os.environ.get("MISTRAL_DESK_KILLS", "10"))
"""How often it is killed; the long run of a release has 500."""
END_OF_WORLD_S: Final = 300.0
DRIVER: Final = [sys.executable, "-m", "tests.e2e.history_driver"]
SLOW: Final = frozenset({"backup", "restore", "import", "purge"})


def lines(process: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    """What it tells, until it ends; the last line may be cut by the kill."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.endswith("\n"):
            yield json.loads(line)


def one_life(path: Path, seed: int, chance: random.Random) -> list[dict[str, Any]]:
    """Start it, kill it somewhere in its so-and-so-manieth change, return all that it told."""
    order = json.dumps({"path": str(path), "seed": seed, "steps": 200})
    process = subprocess.Popen(
        [*DRIVER, order],
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONUTF8": "1"},
    )
    told: list[dict[str, Any]] = []
    wanted, seen = chance.randint(0, 14), 0
    slow = chance.random() < 0.4
    try:
        for line in lines(process):
            told.append(line)
            if line["step"] == "opening" and wanted == 0:
                time.sleep(chance.uniform(0, 0.05))
                break
            if line["step"] == "doing":
                seen += 1
                if seen >= wanted and (not slow or line["op"] in SLOW or seen > 60):
                    time.sleep(chance.uniform(0, 0.12 if line["op"] in SLOW else 0.012))
                    break
        process.kill()
        process.wait(END_OF_WORLD_S)
        told += lines(process)
    finally:
        process.kill()
        process.wait(END_OF_WORLD_S)
        if process.stdout:
            process.stdout.close()
    return told


def differing(before: dict[int, list[Any]], now: dict[int, list[Any]]) -> set[int]:
    """What is in both, and not as it was."""
    return {key for key in before.keys() & now.keys() if before[key] != now[key]}


class Ledger:
    """What has to be there, by all that was told."""

    def __init__(self) -> None:
        self.state = State()
        self.copies: dict[str, State] = {}
        self.during: collections.Counter[str] = collections.Counter()
        self.finished: collections.Counter[str] = collections.Counter()

    def hear(self, told: list[dict[str, Any]]) -> dict[str, Any] | None:
        """Take all over that was done; the change that was not, if one was begun."""
        begun: dict[str, Any] | None = None
        for line in told:
            if line["step"] == "opened":
                assert line["notice"] is None, "a kill is no damage"
            elif line["step"] == "doing":
                begun = line
            elif line["step"] == "done":
                assert begun is not None
                if "restored" in line:
                    self.copies[line["kept"]] = self.state
                    self.state = self.copies[line["restored"]].copy()
                self.state.take(line)
                if "backup" in line:
                    self.copies[line["backup"]] = self.state.copy()
                self.finished[begun["op"]] += 1
                begun = None
        if begun:
            self.during[begun["op"]] += 1
        return begun

    def settle(self, begun: dict[str, Any] | None, now: State) -> bool:
        """What was begun has happened, whole, or it has not; True if it has. Everything else is as it was."""
        if now == self.state:
            return False
        assert begun is not None, "something changed that nobody began"
        before = self.state
        self.state = now.copy()
        if begun.get("restores"):
            assert now == self.copies[begun["restores"]]
            return True
        touched, dropped = set(begun["touches"]), set(begun.get("drops", ()))
        new_chats = now.conversations.keys() - before.conversations.keys()
        new = now.messages.keys() - before.messages.keys()
        assert (len(new_chats), len(new)) == (begun["chats"], begun["adds"])
        assert {now.messages[key][0] for key in new} <= touched | new_chats
        assert before.conversations.keys() - now.conversations.keys() == dropped
        assert before.messages.keys() - now.messages.keys() == {
            key for key, message in before.messages.items() if message[0] in dropped
        }
        changed = differing(before.messages, now.messages)
        assert changed <= {begun.get("changes")}
        assert all(now.messages[key] == begun["becomes"] for key in changed)
        assert differing(before.conversations, now.conversations) <= touched
        for name, value in begun.get("wanted", {}).items():
            place = {"pinned": 2, "archived": 3, "deleted": 4}[name]
            assert {now.conversations[key][place] not in {None, False} for key in touched} == {value}, "all of them"
        return True


def sound(connection: sqlite3.Connection) -> None:
    """SQLite's checks, the index's own, and what our tables promise."""
    connection.execute("INSERT INTO words (words) VALUES ('integrity-check')")
    assert list(promises_of_tables(connection)) == []


def checked_copies(path: Path) -> int:
    """Every copy is whole at every moment; how many there are."""
    found = backups.copies(path)
    for copy in found:
        with contextlib.closing(backups.reading(copy)) as connection:
            assert database.check(connection, None), copy
    return len(found)


async def filled(path: Path) -> State:
    """Something to begin with, so that copying it takes a while."""
    history, _ = await History.open(path)
    text = Part("text", "What was said before all this, at some length. " * 20)
    for number in range(20):
        messages = [ImportedMessage(str(n), str(n - 1) if n else None, "user", 1.6e9 + n, (text,)) for n in range(100)]
        await history.put(Imported(f"chat {number}", 1.6e9, 1.6e9, tuple(messages)))
    state = await state_of(history)
    await history.close()
    return state


@pytest.mark.e2e
@pytest.mark.slow
def test_nothing_that_was_committed_is_lost_at_any_kill(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    path = tmp_path / "Zu Hause bei Jürgen" / "history.sqlite3"
    chance = random.Random(int(os.environ.get("MISTRAL_DESK_SEED", "5")))
    ledger = Ledger()
    happened = copies = 0
    begun_at = time.monotonic()

    async def look(number: int) -> State:
        history, notice = await History.open(path)
        try:
            assert notice is None, "a kill is no damage"
            await history.indexed()
            await history._store.write(sound)
            if number % 10 == 0:
                assert await history._store.read(index_differs) == ""
            return await state_of(history)
        finally:
            await history.close()

    ledger.state = asyncio.run(filled(path))
    for number in range(KILLS):
        begun = ledger.hear(one_life(path, chance.getrandbits(32), chance))
        known = set(ledger.copies)
        now = asyncio.run(look(number))
        if begun and begun["op"] in {"backup", "restore"}:  # the copy may be there although nobody could be told
            for copy in backups.copies(path):
                if copy.name.startswith(("own-", "before-restore-")) and str(copy) not in known:
                    ledger.copies[str(copy)] = ledger.state.copy()
        happened += ledger.settle(begun, now)
        copies = checked_copies(path)
        assert not list(path.parent.glob("*restored*")), "what a kill left is cleared away"
        assert not list(backups.folder_of(path).glob("*.part*"))
    during = ", ".join(f"{op} {count}" for op, count in sorted(ledger.during.items()))
    told = (
        f"{KILLS} kills in {time.monotonic() - begun_at:.0f} s; in the middle of: {during}; {happened} of these had "
        f"happened whole, the others not at all; {sum(ledger.finished.values())} changes were told as done and all "
        f"are there: {len(ledger.state.messages)} messages in {len(ledger.state.conversations)} chats, {copies} copies"
    )
    record_property("kills", told)
    print(f"\n{told}")
