"""The history in bad times: damage, foreign and newer files, no rights, no room. Nothing is ever thrown away."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mistral_desk.chat import backups, database, schema, store
from mistral_desk.chat.history import History
from mistral_desk.chat.message import Part
from tests.fixtures.engines import problem_of, run
from tools.coverage.measured import unmeasured

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mistral_desk.core.errors import Problem

DAMAGE: Final = pytest.mark.allow_log(".", "mistral_desk.chat")
"""For tests in which the log has to speak of damage."""
LONG: Final = "All of this has to come back. " * 400
NAME: Final = "history.sqlite3"


async def _write_chats(path: Path, count: int) -> None:
    history, _ = await History.open(path)
    for number in range(count):
        _, _, answer = await history.begin_turn(None, f"question {number}")
        await history.update_answer(answer.id, [Part("text", LONG)], tokens=range(500), vocabulary="v", ending="stop")
    await history.close()


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a history of 20 chats that was closed in order, with the copy of its close and no other."""
    folder = tmp_path_factory.mktemp("good") / "ü b"
    asyncio.run(_write_chats(folder / NAME, 20))
    for daily in backups.dailies(folder / NAME):  # on a busy machine the daily copy is ready before the close
        daily.unlink()
    return folder


@pytest.fixture
def folder(good: Path, tmp_path: Path) -> Path:
    """A copy of it to be broken."""
    return Path(shutil.copytree(good, tmp_path / "ü b"))


@contextlib.contextmanager
def copied(good: Path) -> Iterator[Path]:
    """As `folder`, as often as a property wants one."""
    with tempfile.TemporaryDirectory(prefix="history ") as top:
        yield Path(shutil.copytree(good, Path(top) / "ü b"))


def opened(path: Path) -> tuple[Problem | None, list[str], bool]:
    """What opening says, the titles that are there, and whether every answer can be read and another chat saved."""

    async def look() -> tuple[Problem | None, list[str], bool]:
        history, notice = await History.open(path)
        try:
            chats = await history.conversations()
            whole = True
            for chat in chats:
                messages = await history.messages(chat.id)
                whole &= len(messages) == 2 and messages[1].text == LONG
            await history.begin_turn(None, "one more")
            return notice, sorted(chat.title for chat in chats), whole
        finally:
            await history.close()

    return asyncio.run(look())


ALL: Final = sorted(f"question {number}" for number in range(20))


def set_aside(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if "-damaged-" in file.name}


def overwrite(path: Path, start: int, data: bytes) -> None:
    with path.open("rb+") as file:
        file.seek(start)
        file.write(data)


def punch(path: Path, pages: Iterable[int]) -> None:
    for page in pages:
        overwrite(path, page * 4096, b"\xa5" * 4096)


BREAKERS: Final[dict[str, Callable[[Path], object]]] = {
    "cut in the middle": lambda path: os.truncate(path, path.stat().st_size // 2),
    "cut inside a page": lambda path: os.truncate(path, 5000),
    "cut inside its header": lambda path: os.truncate(path, 50),
    "emptied": lambda path: os.truncate(path, 0),
    "no database": lambda path: path.write_text("dear diary\n" * 1000, encoding="utf-8"),
    "zeroes": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "no header": lambda path: overwrite(path, 0, b"\xff" * 100),
    "no tables": lambda path: overwrite(path, 100, b"\xff" * 3000),
    "holes": lambda path: punch(path, range(5, 30, 5)),
    "gone": lambda path: path.unlink(),
}


@DAMAGE
@pytest.mark.parametrize("breaker", BREAKERS)
def test_a_damaged_file_is_set_aside_and_its_copy_takes_its_place(folder: Path, breaker: str) -> None:
    path = folder / NAME
    BREAKERS[breaker](path)
    damaged = path.read_bytes() if path.exists() else None

    notice, titles, whole = opened(path)

    assert (titles, whole) == (ALL, True)
    assert notice is not None
    if damaged is None:
        assert (notice.id, notice.params["path"]) == ("history.vanished", str(path))
        assert set_aside(folder) == {}
    else:
        assert notice.id == "history.damaged"
        assert set_aside(folder) == {Path(str(notice.params["aside"])).name: damaged}
    assert str(notice.params["when"]).startswith("20")

    again, titles, _ = opened(path)
    assert again is None, "said once"
    assert titles == sorted([*ALL, "one more"])


@DAMAGE
@pytest.mark.parametrize("breaker", [name for name in BREAKERS if name not in {"gone", "emptied"}])
def test_without_a_copy_it_starts_empty_and_keeps_the_file(folder: Path, breaker: str) -> None:
    path = folder / NAME
    shutil.rmtree(folder / "history-backups")
    BREAKERS[breaker](path)
    damaged = path.read_bytes()
    notice, titles, _ = opened(path)
    assert titles == []
    assert notice is not None
    assert notice.id == "history.damaged_empty"
    assert list(set_aside(folder).values()) == [damaged]


@DAMAGE
@given(place=st.floats(0, 1), data=st.binary(min_size=1, max_size=6000), length=st.none() | st.floats(0, 1))
@settings(max_examples=30, suppress_health_check=list(HealthCheck))
def test_random_damage_never_stops_the_app_and_loses_no_file(
    good: Path, place: float, data: bytes, length: float | None
) -> None:
    """Bytes anywhere are overwritten, and the file may be cut as well."""
    with copied(good) as folder:
        path = folder / NAME
        size = path.stat().st_size
        overwrite(path, int(place * (size - 1)), data)
        if length is not None:
            os.truncate(path, int(length * size))
        damaged = path.read_bytes()
        notice, titles, whole = opened(path)
        if notice is None:
            # Not seen by the check: then all chats are there, except for letters inside a text.
            assert len(titles) == 20
        else:
            assert (notice.id, titles, whole) == ("history.damaged", ALL, True)
            assert list(set_aside(folder).values()) == [damaged]


@DAMAGE
def test_log_and_shared_memory_go_aside_with_their_file(folder: Path) -> None:
    path = folder / NAME
    overwrite(path, 0, b"\xff" * 4096)
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).write_bytes(suffix.encode())
    notice, titles, _ = opened(path)
    assert titles == ALL
    assert notice is not None
    name = Path(str(notice.params["aside"])).name
    assert set(set_aside(folder)) == {name, name + "-wal", name + "-shm"}
    assert set_aside(folder)[name + "-wal"] == b"-wal"


@DAMAGE
def test_a_log_without_its_file_does_not_meet_the_copy(folder: Path) -> None:
    """A log of another life would be replayed over the restored file."""
    path = folder / NAME
    path.rename(folder / "elsewhere")
    path.with_name(path.name + "-wal").write_bytes(b"a log")
    _, titles, whole = opened(path)
    assert (titles, whole) == (ALL, True)
    assert list(set_aside(folder).values()) == [b"a log"]


@DAMAGE
def test_a_damaged_copy_is_passed_over(folder: Path) -> None:
    shutil.copy(backups.closing(folder / NAME), backups.next_own(folder / NAME, 0.0))
    copies = backups.copies(folder / NAME)
    assert len(copies) == 2
    overwrite(copies[0], 0, b"\xff" * 4096)
    os.utime(copies[1], (1_700_000_000, 1_700_000_000))
    overwrite(folder / NAME, 0, b"\xff" * 4096)
    notice, _, _ = opened(folder / NAME)
    assert notice is not None
    assert str(notice.params["when"]).startswith("2023-11-1")


@DAMAGE
def test_damage_that_is_met_while_working_is_looked_into_at_the_next_start(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with a file too large for the check at start: the next start takes the time."""
    path = folder / NAME
    punch(path, range(3, path.stat().st_size // 4096))

    async def meet() -> None:
        history, notice = await History.open(path)
        assert notice is None
        assert (await problem_of(history.messages(7)))[0] == "history.unreadable"
        await history.close()

    with monkeypatch.context() as patch:
        patch.setattr(store, "CHECK_S", -1.0)
        patch.setattr(database, "check", lambda *_: False)
        run(meet())
    notice, titles, whole = opened(path)
    assert notice is not None
    assert (notice.id, titles, whole) == ("history.damaged", ALL, True)


def test_a_large_file_does_not_wait_for_its_check(tmp_path: Path) -> None:
    """The check is interrupted from outside, because SQLite asks nobody while it walks a tree."""
    path = tmp_path / "large.sqlite3"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (x BLOB)")
        connection.execute(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400000) "
            "INSERT INTO t SELECT randomblob(100) FROM n"
        )
        connection.commit()
        assert database.check(connection, None)
        assert not all(database.check(connection, 0.001) for _ in range(50))  # its thread may once come too late
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (400_000,), "and nothing else is interrupted"


def test_a_copy_of_damage_never_replaces_a_good_copy(folder: Path, allow_log: Callable[..., None]) -> None:
    allow_log(".", "mistral_desk.chat")
    path = folder / NAME
    before = backups.closing(path).read_bytes()
    punch(path, range(10, 20))
    with contextlib.closing(sqlite3.connect(path)) as source, pytest.raises((database.DamagedError, sqlite3.Error)):
        backups.keep(source, backups.closing(path))
    assert backups.closing(path).read_bytes() == before
    assert [file.name for file in (folder / "history-backups").iterdir() if "part" in file.name] == []


# --- files of others --------------------------------------------------------------------------------


def fingerprints(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.rglob("*")
        if file.is_file() and not file.name.endswith("-shm")
    }


@pytest.mark.parametrize("in_the_log", [False, True])
def test_a_newer_file_is_refused_and_not_touched(folder: Path, in_the_log: bool) -> None:
    path = folder / NAME
    connection = sqlite3.connect(path, isolation_level=None)
    if not in_the_log:
        connection.execute("PRAGMA journal_mode = DELETE")
    connection.execute("PRAGMA user_version = 99")
    if in_the_log:  # as a newer version leaves it that was killed: only the log knows
        crashed = folder.with_name("crashed")
        shutil.copytree(folder, crashed)
        connection.close()
        path = crashed / NAME
        assert path.with_name(path.name + "-wal").stat().st_size > 0
    else:
        connection.close()
    before = fingerprints(path.parent)

    async def promise() -> None:
        found = await problem_of(History.open(path))
        assert found[:2] == ("history.newer", {"path": str(path), "found": 99, "known": len(schema.MIGRATIONS)})

    run(promise())
    assert fingerprints(path.parent) == before


@DAMAGE
def test_another_programs_database_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / NAME
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
    notice, titles, _ = opened(path)
    assert notice is not None
    assert (notice.id, titles) == ("history.damaged_empty", [])
    with contextlib.closing(sqlite3.connect(str(notice.params["aside"]))) as connection:
        assert connection.execute("SELECT * FROM recipes").fetchall() == []


@pytest.mark.allow_log("SQLITE_BUSY", "mistral_desk.chat")
def test_a_file_that_another_program_holds_is_busy(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_S", 0.05)
    path = folder / NAME

    async def promise() -> None:
        history, _ = await History.open(path)
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert (await problem_of(history.create()))[0] == "history.busy"
            assert len(await history.conversations()) == 20, "reading goes on"
            assert (await problem_of(History.open(path)))[0] == "history.busy"
        assert (await history.create("free again")).title == "free again"
        await history.close()

    run(promise())


@pytest.mark.allow_log("SQLITE_FULL", "mistral_desk.chat")
def test_a_full_disk_says_so_and_loses_nothing(folder: Path) -> None:
    path = folder / NAME

    async def promise() -> None:
        history, _ = await History.open(path)
        _, _, answer = await history.begin_turn(None, "before")
        await history._store.write(
            lambda c: c.execute(f"PRAGMA max_page_count = {c.execute('PRAGMA page_count').fetchone()[0]}").fetchall()
        )
        long = [Part("text", "x" * 1_000_000)]
        assert (await problem_of(history.update_answer(answer.id, long, ending="stop")))[0] == "history.disk_full"
        assert (await problem_of(history.begin_turn(None, "y" * 1_000_000)))[0] == "history.disk_full"
        assert len(await history.conversations()) == 21
        assert (await history.message(answer.id)).ending == "unfinished"

        await history._store.write(lambda c: c.execute("PRAGMA max_page_count = 1000000").fetchall())
        assert (await history.update_answer(answer.id, long, ending="stop")).text == "x" * 1_000_000
        await history.close()

    run(promise())


OPEN: Final = """
import asyncio, os, pathlib, sys
from mistral_desk.chat.history import History
from mistral_desk.core.errors import DeskError
async def main():
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # to the superuser everything is writable
        os.setgroups([]), os.setuid(65534)
    try:
        history, notice = await History.open(pathlib.Path(sys.argv[1]))
    except DeskError as error:
        print(error.problem.id)
    else:
        print("opened", notice)
        await history.close()
asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="rights are set otherwise there")
@pytest.mark.parametrize("what", ["file", "folder", "new file", "new folder", "no way in"])
def test_without_rights_it_says_so(folder: Path, tmp_path: Path, what: str) -> None:
    """In a process of its own, which gives up the superuser's rights if it has them."""
    path = {"new file": folder / "new.sqlite3", "new folder": folder / "new" / NAME}.get(what, folder / NAME)
    before = fingerprints(folder)
    if os.geteuid() == 0:
        for above in tmp_path.parents:
            if above.is_relative_to(tempfile.gettempdir()) and above.stat().st_uid == 0:
                above.chmod(above.stat().st_mode | 0o055)
        for file in (tmp_path, folder, *folder.rglob("*")):
            os.chown(file, 65534, 65534)
    (folder / NAME).chmod(0o444)
    if what != "file":
        folder.chmod(0o000 if what == "no way in" else 0o555)
    done = subprocess.run(
        [sys.executable, "-c", OPEN, str(path)],
        check=False,
        capture_output=True,
        encoding="utf-8",
        env={**unmeasured(), "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    folder.chmod(0o755)
    assert (done.stdout.strip(), "Traceback" in done.stderr) == ("history.read_only", False), done
    assert fingerprints(folder) == before
