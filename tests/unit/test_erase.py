"""Delete all my data, on real folders: afterwards no byte of what was written is left in any file, and models stay."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import TYPE_CHECKING

import pytest

from mistral_desk.chat import backups, erase
from mistral_desk.chat.message import Draft
from mistral_desk.chat.session import Writing
from mistral_desk.core.paths import Folders, folders
from mistral_desk.core.settings import THEME
from mistral_desk.inference.client import ModelSpec
from mistral_desk.library import orders
from mistral_desk.library.orders import Entry, Order
from mistral_desk.library.wanted import Wanted
from mistral_desk.services import Services
from tests.fixtures import fake_worker
from tests.fixtures.engines import run

if TYPE_CHECKING:
    from pathlib import Path

SPEC = ModelSpec("/models/one.gguf")
SECRET = "Parkettschleifmaschine"


def _everything(top: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in top.rglob("*") if path.is_file()}


def _holding(top: Path, words: str) -> list[str]:
    found = []
    for path, content in _everything(top).items():
        if words.encode() in content or words.encode("utf-16-le") in content or words in path.name:
            found.append(path.name)
    return found


def _fill(places: Folders) -> None:
    """What time leaves behind: set-aside files, copies, drafts, pictures, saved states, odd files."""
    places.ensure()
    history = places.history
    for name in (
        "history-damaged-20260101-120000.sqlite3",
        "history-damaged-20260101-120000.sqlite3-wal",
        "history.sqlite3.check",
        "drafts.json",
        f"pictures/{SECRET}.png",
        "index/deep/er/words.bin",
    ):
        path = places.data / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(SECRET, encoding="utf-8")
    backups.folder_of(history).mkdir(exist_ok=True)
    (backups.folder_of(history) / "before-migration-from-0.sqlite3").write_text(SECRET, encoding="utf-8")
    (places.cache / "states").mkdir()
    (places.cache / "states" / "1.state").write_text(SECRET, encoding="utf-8")
    (places.logs / "desk.log.1").write_text(SECRET, encoding="utf-8")
    (places.config / "settings-damaged-20260101-120000-7.json").write_text(SECRET, encoding="utf-8")
    (places.models / "mine.gguf").write_bytes(b"GGUF model")


@pytest.mark.allow_log("is of no use")  # one of the copies is made up
def test_nothing_of_the_text_is_left_anywhere(home: Path, tmp_path: Path) -> None:
    command = fake_worker.command(tmp_path, fake_worker.answering("It is here."))

    async def test() -> None:
        places = folders()
        _fill(places)
        services = await Services.open(engine=command)
        services.settings.set(THEME, "dark")
        async for _ in services.session.reply(None, Draft(f"Where is the {SECRET}?"), model_spec=SPEC):
            pass
        assert places.history.with_name(places.history.name + "-wal").exists()
        assert _holding(home, SECRET), "else the test would prove nothing"
        shares = {share.kind: share for share in services.inventory()}
        assert set(shares) >= {"chats", "pictures", "copies", "aside", "drafts", "cache", "logs", "other"}
        assert shares["chats"].bytes > 0
        pid = services.engine.pid

        done = await services.erase()
        assert done.failed == ()
        assert {share.kind for share in done.shares} >= set(shares) - {"logs"}
        assert _holding(home, SECRET) == []
        assert services.engine.pid != pid, "the worker that had read it is gone too"
        assert services.settings.get(THEME) == "dark"
        assert (places.models / "mine.gguf").read_bytes() == b"GGUF model"
        assert await services.history.conversations() == ()
        assert await services.history.deleted() == ()

        async for _ in services.session.reply(None, Draft("And now?"), model_spec=SPEC):
            pass
        assert len(await services.history.conversations()) == 1, "all works as before"
        await services.close()
        assert _holding(home, SECRET) == [], "no copy was made while closing"
        again = await Services.open(engine=command)
        assert again.notices == ()
        assert len(await again.history.conversations()) == 1
        await again.close()

    run(test())


def test_what_was_downloaded_is_forgotten_and_what_is_not_done_goes_on(home: Path) -> None:
    places = folders().ensure()
    wanted = Wanted("acme/Tiny-GGUF", "a" * 40, "Tiny.gguf", 1000, "0" * 64)
    kept = tuple(
        Entry(Order(title, title, (wanted,)), str(places.models), paused=not done, done=done)
        for title, done in ((SECRET, True), ("Half", False))
    )
    orders.save(places.data / orders.FILE, orders.Kept(orders.FORMAT, kept))

    async def test() -> None:
        services = await Services.open()
        assert [one.state for one in services.downloads.downloads()] == ["done", "paused"]
        assert (await services.erase()).failed == ()
        assert [one.order.title for one in services.downloads.downloads()] == ["Half"]
        await services.close()
        assert _holding(home, SECRET) == []
        again = await Services.open()
        assert [(one.order.title, one.state) for one in again.downloads.downloads()] == [("Half", "paused")]
        await again.close()

    run(test())


def test_in_mid_answer(home: Path, tmp_path: Path) -> None:
    command = fake_worker.command(tmp_path, fake_worker.endless())

    async def test() -> None:
        services = await Services.open(engine=command)
        async with contextlib.aclosing(
            services.session.reply(None, Draft(f"go on about {SECRET}"), model_spec=SPEC)
        ) as events:
            while not isinstance(await anext(events), Writing):
                pass
            done = await services.erase()
        assert done.failed == ()
        assert _holding(home, SECRET) == []
        assert await services.history.conversations() == ()
        await services.close()

    run(test())


def test_a_temporary_chat_never_reaches_the_disk(home: Path, tmp_path: Path) -> None:
    command = fake_worker.command(tmp_path, fake_worker.answering(f"The {SECRET} is here."))

    async def test() -> None:
        services = await Services.open(engine=command)
        room = await services.temporary()
        assert room.history.is_temporary
        async for _ in room.session.reply(None, Draft(f"Where is the {SECRET}?"), model_spec=SPEC):
            pass
        assert len(await room.history.conversations()) == 1
        assert await services.history.conversations() == ()
        assert _holding(home, SECRET) == []
        await services.leave(room)
        await services.close()
        assert _holding(home, SECRET) == []

    run(test())


def test_two_rooms_share_the_engine_one_after_the_other(tmp_path: Path) -> None:
    command = fake_worker.command(tmp_path, fake_worker.answering("One."))

    async def test() -> None:
        services = await Services.open(engine=command)
        room = await services.temporary()

        async def text(answers: object) -> str:
            return "".join([event.text async for event in answers if isinstance(event, Writing)])  # type: ignore[attr-defined]

        both = await asyncio.gather(
            text(services.session.reply(None, Draft("a"), model_spec=SPEC)),
            text(room.session.reply(None, Draft("b"), model_spec=SPEC)),
        )
        assert sorted(both) == ["One.", "One."]
        await services.close()

    run(test())


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_is_removed_and_what_it_points_to_stays(home: Path, tmp_path: Path) -> None:
    places = folders().ensure()
    treasure = tmp_path / "photos"
    treasure.mkdir()
    (treasure / "me.jpg").write_bytes(b"picture")
    (places.data / "pictures").symlink_to(treasure)
    (places.cache / "one").symlink_to(treasure / "me.jpg")
    assert erase.erase(places, places.models).failed == ()
    assert (treasure / "me.jpg").read_bytes() == b"picture"
    assert not (places.data / "pictures").is_symlink()
    assert not (places.cache / "one").is_symlink()


def test_models_stay_wherever_they_are(home: Path) -> None:
    """The standard folder lies inside the data; a person may have chosen another one in there."""
    data = home / "data"
    places = Folders(data, home / "config", home / "cache", data / "models", home / "logs").ensure()
    mine = data / "Meine Modelle"
    mine.mkdir()
    for path in (places.models / "a.gguf", places.models / "notes.txt", mine / "readme.md", data / "loose.GGUF"):
        path.write_bytes(b"stays")
    (data / "history.sqlite3").write_bytes(b"goes")
    assert erase.erase(places, mine).failed == ()
    assert sorted(path.name for path in _everything(data)) == ["a.gguf", "loose.GGUF", "notes.txt", "readme.md"]


@pytest.mark.allow_log("could not be deleted")
def test_what_cannot_be_deleted_is_told_and_the_rest_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    places = folders().ensure()
    for name in ("a", "stuck", "z"):
        (places.data / name).write_bytes(b"x")
    remove = erase._remove

    def refuse(path: Path) -> None:
        if path.name == "stuck":
            raise PermissionError(13, "in use", str(path))
        remove(path)

    monkeypatch.setattr(erase, "_remove", refuse)
    done = erase.erase(places, places.models)
    assert done.failed == ((str(places.data / "stuck"), "in use"),)
    assert [path.name for path in places.data.iterdir()] == ["stuck"]


def test_an_inventory_changes_nothing(home: Path) -> None:
    places = folders()
    _fill(places)
    before = _everything(home)
    shares = erase.inventory(places, places.models)
    assert _everything(home) == before
    assert sum(share.files for share in shares) == sum(
        1 for path in before if path.suffix != ".gguf" and path != places.settings
    )


def test_what_a_move_of_the_models_needs_to_go_on_stays(home: Path) -> None:
    places = folders().ensure()
    (places.data / "moving.json").write_bytes(b"{}")
    (places.data / "adopted.json").write_bytes(b"{}")
    done = erase.erase(places, places.models)
    assert [share.files for share in done.shares] == [1]
    assert [path.name for path in places.data.iterdir() if path.is_file()] == ["moving.json"]


@pytest.mark.parametrize("way", ["inventory", "erase"])
def test_what_goes_away_by_itself_meanwhile_is_no_failure(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program of the person's deletes the second file while the first is looked at."""
    places = folders().ensure()
    for name in ("a", "b", "c"):
        (places.data / name).write_bytes(b"x")
    seen: list[Path] = []
    look = type(places.data).lstat

    def lstat(path: Path) -> object:
        if path.parent == places.data and path.is_relative_to(places.data) and path.name in "abc":
            seen.append(path)
            for other in "abc":
                if (places.data / other) not in seen:
                    (places.data / other).unlink(missing_ok=True)
        return look(path)

    monkeypatch.setattr(type(places.data), "lstat", lstat)
    if way == "inventory":
        (share,) = erase.inventory(places, places.models)
        assert share.bytes == 1
        return
    done = erase.erase(places, places.models)
    assert (done.failed, [share.files for share in done.shares]) == ((), [1])


def test_what_windows_does_not_delete_because_it_is_read_only_goes_too(monkeypatch: pytest.MonkeyPatch) -> None:
    places = folders().ensure()
    stuck = places.data / "read-only"
    stuck.write_bytes(b"x")
    stuck.chmod(0o400)
    unlink = type(stuck).unlink

    def as_there(path: Path, *, missing_ok: bool = False) -> None:
        if path == stuck and not path.stat().st_mode & 0o200:
            raise PermissionError(13, "Access is denied", str(path))
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(type(stuck), "unlink", as_there)
    assert erase.erase(places, places.models).failed == ()
    assert not stuck.exists()


@pytest.mark.allow_log("cannot look", "mistral_desk.chat.erase")
def test_folders_inside_each_other_are_gone_through_once_and_those_that_hold_models_stay(home: Path) -> None:
    data = home / "data"
    places = Folders(data, home / "config", data / "cache", home / "models", data / "logs").ensure()
    for path in (data / "cache" / "a", data / "logs" / "b", data / "old" / "c.gguf", data / "old" / "words.txt"):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    done = erase.erase(places, places.models)
    assert (done.failed, sum(share.files for share in done.shares)) == ((), 3)
    assert [path.name for path in data.rglob("*") if path.is_file()] == ["c.gguf"]
    assert not (data / "cache").exists()
    again = erase.erase(places, places.models)
    assert again == erase.Erased((), ())
