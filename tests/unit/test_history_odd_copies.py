"""Copies that are none, that go away meanwhile or contradict themselves; and what stands where a copy should go."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sqlite3
import sys
from typing import TYPE_CHECKING, Final

import pytest

from mistral_desk.chat import backups, database
from mistral_desk.chat.copies import Backup, Backups
from mistral_desk.chat.history import History
from tests.fixtures.engines import problem_of, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mistral_desk.core.errors import Problem

NAME: Final = "history.sqlite3"
DAMAGE: Final = pytest.mark.allow_log(".", "mistral_desk.chat")
posix_only: Final = pytest.mark.skipif(sys.platform == "win32", reason="what is open stays where it is there")


async def nobody() -> None:
    """Nothing is being answered."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A history of one chat that was closed in order, with the copy of its close."""
    place = tmp_path / "für mich" / NAME

    async def write() -> None:
        history, _ = await History.open(place)
        await history.begin_turn(None, "hello")
        await history.close()

    asyncio.run(write())
    for daily in backups.dailies(place):  # on a busy machine the daily copy is ready before the close
        daily.unlink()
    return place


def opened(path: Path) -> tuple[Problem | None, list[str]]:
    async def look() -> tuple[Problem | None, list[str]]:
        history, notice = await History.open(path)
        try:
            return notice, [chat.title for chat in await history.conversations()]
        finally:
            await history.close()

    return asyncio.run(look())


async def copied(history: History) -> None:
    """Wait until the daily copy is made that is due as a history is opened."""
    await history._store._in(history._store._copier, lambda: None)


async def spoil(history: History) -> int:
    """Add a chat and spoil its words on the disk, below the open history."""
    chat, *_ = await history.begin_turn(None, "x" * 400_000)
    await copied(history)
    await history._store.shed()
    assert history.path is not None
    with history.path.open("rb+") as file:
        for page in range(30, 60):
            file.seek(page * 4096)
            file.write(b"\xa5" * 4096)
    return chat.id


def database_of(*statements: str) -> Callable[[Path], None]:
    def made(path: Path) -> None:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            for statement in statements:
                connection.execute(statement)
            connection.commit()

    return made


def malformed(path: Path) -> None:
    shutil.copy(backups.closing(path.parent.parent / NAME), path)
    with path.open("rb+") as file:
        file.seek(100)
        file.write(b"\xff" * 3000)


ODD: Final[dict[str, Callable[[Path], object]]] = {
    "empty": lambda path: path.write_bytes(b""),
    "recipes": database_of("CREATE TABLE recipes (name TEXT)"),
    "recipes with numbers": database_of("CREATE TABLE recipes (id INTEGER PRIMARY KEY AUTOINCREMENT)"),
    "malformed": malformed,
    "a folder": lambda path: path.mkdir(),
    "a link to nothing": lambda path: path.symlink_to(path.with_name("gone")),
}


@DAMAGE
@pytest.mark.parametrize("odd", [name for name in ODD if sys.platform != "win32" or "link" not in name])
def test_what_is_no_copy_of_ours_is_passed_over_for_one_that_is(odd: str, path: Path) -> None:
    good = backups.closing(path)
    os.utime(good, (1_700_000_000, 1_700_000_000))
    ODD[odd](backups.folder_of(path) / "own-newest.sqlite3")
    path.write_bytes(b"dear diary")
    notice, titles = opened(path)
    assert titles == ["hello"]
    assert notice is not None
    assert (notice.id, str(notice.params["when"])[:7]) == ("history.damaged", "2023-11")
    assert opened(path)[0] is None, "said once"


@DAMAGE
def test_two_damages_within_a_second_are_both_kept(path: Path) -> None:
    for number in range(3):
        path.write_bytes(b"damage %d" % number)
        assert backups.restore(path, 1_700_000_000.0) is not None
    kept = {file.read_bytes() for file in path.parent.glob("history-damaged-*")}
    assert kept == {b"damage 0", b"damage 1", b"damage 2"}


@DAMAGE
def test_a_disk_that_fails_while_a_copy_is_read_is_no_reason_to_take_an_older_one(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What SQLite cannot do just now says nothing of the copy; nothing is moved."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    before = path.read_bytes()
    real = sqlite3.connect

    def failing(*given: object, **more: object) -> sqlite3.Connection:
        found: sqlite3.Connection = real(*given, **more)  # type: ignore[call-overload]
        found.set_authorizer(lambda *_: sqlite3.SQLITE_DENY)
        return found

    monkeypatch.setattr(sqlite3, "connect", failing)
    with pytest.raises(sqlite3.DatabaseError):
        backups.restore(path, 1_700_000_000.0)
    assert path.read_bytes() == before
    assert sorted(file.name for file in path.parent.iterdir()) == ["history-backups", NAME]


def test_what_a_killed_program_left_half_made_goes_and_what_another_makes_now_stays(path: Path) -> None:
    folder = backups.folder_of(path)
    dead, mine = 2**22 + 1, os.getpid()  # Linux gives no such number
    for maker in (dead, mine):
        (folder / f"own.sqlite3.{maker}.part").write_bytes(b"half")
        path.with_name(f"{NAME}.{maker}.restored").write_bytes(b"half")
    (folder / "notes.part").write_bytes(b"somebody's")
    assert opened(path) == (None, ["hello"])
    left = {file.name for place in (folder, path.parent) for file in place.iterdir() if file.is_file()}
    left = {name for name in left if not name.startswith("daily")}  # made as it was opened, or not yet
    assert left == {
        NAME, "closed.sqlite3", "notes.part", f"own.sqlite3.{mine}.part", f"{NAME}.{mine}.restored",
    }  # fmt: skip


# --- restoring ----------------------------------------------------------------------------------------------


def test_a_copy_of_an_empty_history_gives_no_number_again(tmp_path: Path) -> None:
    """Drafts and exports mean a chat by its number."""

    async def promise() -> None:
        history, _ = await History.open(tmp_path / NAME)
        every = Backups(lambda: history, nobody)
        empty = await every.make()
        chat, *_ = await history.begin_turn(None, "first")
        await every.restore(empty)
        assert await history.conversations() == ()
        assert (await history.create("next")).id > chat.id
        await history.close()

    run(promise())


def test_a_backup_in_which_something_belongs_to_nothing_takes_no_historys_place(path: Path) -> None:
    async def promise() -> None:
        history, _ = await History.open(path)
        every = Backups(lambda: history, nobody)
        made = await every.make()
        with contextlib.closing(sqlite3.connect(made.path)) as copy:
            copy.execute("DELETE FROM conversation")
            copy.commit()
        assert (await problem_of(every.restore(made)))[0] == "backup.unusable"
        assert len(await history.conversations()) == 1
        await history.close()

    run(promise())


@pytest.mark.allow_log("SQLITE_FULL|full", "mistral_desk.chat")
def test_a_restore_for_which_there_is_no_room_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite's own way to a full disk, while what is there is copied first."""

    async def promise() -> None:
        history, _ = await History.open(path)
        every = Backups(lambda: history, nobody)
        made = await every.make()
        await history.begin_turn(None, "second")
        await copied(history)
        real = backups.keep

        def keep(source: sqlite3.Connection, target: Path) -> None:
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode, error.sqlite_errorname = sqlite3.SQLITE_FULL, "SQLITE_FULL"
            raise error

        monkeypatch.setattr(backups, "keep", keep)
        assert (await problem_of(every.restore(made)))[0] == "history.disk_full"
        monkeypatch.setattr(backups, "keep", real)
        assert len(await history.conversations()) == 2
        await history.close()

    run(promise())
    assert not list(path.parent.glob("*-damaged-*")), "it was not taken for damaged"


@DAMAGE
def test_a_copy_of_a_damaged_history_is_refused_in_words(path: Path) -> None:
    async def promise() -> None:
        history, _ = await History.open(path)
        await spoil(history)
        every = Backups(lambda: history, nobody)
        assert (await problem_of(every.make()))[0] == "history.unreadable"
        assert "own" not in {one.kind for one in await every.list()}
        await history.close()

    run(promise())


def test_a_temporary_history_has_no_copies() -> None:
    one = Backup("own.sqlite3", "own", 1.0, 1, None, None)

    async def promise() -> None:
        history = await History.temporary()
        every = Backups(lambda: history, nobody)
        assert await every.list() == ()
        for asked in (every.make(), every.restore(one), every.delete(one)):
            assert (await problem_of(asked))[0] == "history.missing"
        await history.close()

    run(promise())


def test_a_copy_that_cannot_be_deleted_says_so(path: Path) -> None:
    place = backups.folder_of(path) / "own-1.sqlite3"
    place.mkdir()

    async def promise() -> None:
        history, _ = await History.open(path)
        found, params, _ = await problem_of(
            Backups(lambda: history, nobody).delete(Backup(str(place), "own", 1.0, 1, None, None))
        )
        assert found in {"history.failed", "history.read_only"}
        assert params["path"] == str(place)
        await history.close()

    run(promise())


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (PermissionError(13, "Permission denied"), "history.read_only"),
        (OSError(30, "Read-only file system"), "history.read_only"),
        (NotADirectoryError(20, "Not a directory"), "history.read_only"),
        (OSError(28, "No space left on device"), "history.disk_full"),
        (OSError(5, "Input/output error"), "history.failed"),
        (OSError("odd"), "history.failed"),
        (sqlite3.OperationalError("odd"), "history.failed"),
    ],
)
def test_each_refusal_of_the_system_has_its_word(error: OSError | sqlite3.Error, problem: str) -> None:
    found = database.named(error, "/x").problem
    assert (found.id, found.params["path"]) == (problem, "/x")


# --- the last copy ------------------------------------------------------------------------------------------


@pytest.mark.allow_log("is gone|no copy", "mistral_desk.chat")
@posix_only
def test_a_history_that_is_gone_and_cannot_be_rescued_closes_all_the_same(path: Path) -> None:
    async def promise() -> None:
        history, _ = await History.open(path)
        await history.begin_turn(None, "lost")
        await copied(history)
        shutil.rmtree(path.parent)
        path.parent.mkdir()
        backups.folder_of(path).write_bytes(b"a file in its place")
        await history.close()

    run(promise())
    assert [file.name for file in path.parent.iterdir()] == ["history-backups"]


@pytest.mark.allow_log("no copy", "mistral_desk.chat")
@posix_only
def test_a_history_whose_folder_became_a_file_closes_all_the_same(path: Path) -> None:
    async def promise() -> None:
        history, _ = await History.open(path)
        await history.begin_turn(None, "lost")
        await copied(history)
        path.parent.rename(path.parent.with_name("away"))
        path.parent.write_bytes(b"a file in its place")
        await history.close()

    run(promise())
    assert path.parent.read_bytes() == b"a file in its place"


@DAMAGE
@posix_only
def test_damage_that_cannot_even_be_noted_is_told_all_the_same(path: Path) -> None:
    async def promise() -> None:
        history, _ = await History.open(path)
        key = await spoil(history)
        path.parent.rename(path.parent.with_name("away"))
        assert (await problem_of(history.messages(key)))[0] == "history.unreadable"
        await history.close()

    run(promise())
