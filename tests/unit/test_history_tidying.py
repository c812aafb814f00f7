"""What is deleted for good is gone with its pictures; what a draft, a chat or a copy still needs is not."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from mistral_desk.chat import backups
from mistral_desk.chat.attachments import Pictures, Pixels
from mistral_desk.chat.erase import DRAFTS
from mistral_desk.chat.history import BIN_DAYS, History
from mistral_desk.chat.message import Part
from mistral_desk.chat.parts import picture_part
from mistral_desk.chat.tidying import tidy
from tests.fixtures.engines import run

if TYPE_CHECKING:
    from pathlib import Path

DAY_S = 24 * 3600.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "Daten von Jürgen" / "history.sqlite3"


async def shown(pictures: Pictures, name: bytes) -> tuple[str, Part]:
    picture = await pictures.put(Pixels(1, 1, name))
    return picture.sha256, picture_part(picture, "x.png")


async def deleted_days_ago(history: History, chat: int, days: float) -> None:
    await history.delete(chat)
    when = backups.now() - days * DAY_S
    await history._store.write(lambda c: c.execute("UPDATE conversation SET deleted_at = ? WHERE id = ?", (when, chat)))


def test_the_bin_keeps_a_chat_for_thirty_days(path: Path) -> None:
    async def promise() -> None:
        history, _ = await History.open(path)
        pictures = Pictures(path.parent / "pictures")
        sha, part = await shown(pictures, b"cat")
        young, *_ = await history.begin_turn(None, "young", attached=[part])
        old, *_ = await history.begin_turn(None, "old")
        await deleted_days_ago(history, young.id, BIN_DAYS - 0.1)
        await deleted_days_ago(history, old.id, BIN_DAYS + 0.1)
        assert await tidy(history, pictures, (), closing=True) == 1
        assert [chat.id for chat in await history.deleted()] == [young.id]
        assert pictures.all() == {sha}
        await history.restore(young.id)
        assert (await history.messages(young.id))[0].text == "young"
        await history.close()

    run(promise())


@pytest.mark.allow_log("cannot be read", "mistral_desk.chat.parts")
@pytest.mark.parametrize("closing", [False, True])
@pytest.mark.parametrize("purged", [False, True])
def test_a_picture_that_no_one_can_read_keeps_no_other_one_for_ever(path: Path, *, closing: bool, purged: bool) -> None:
    """An import may say anything of a picture, and a later version another thing than this one."""

    async def promise() -> None:
        history, _ = await History.open(path)
        pictures = Pictures(path.parent / "pictures")
        (cat, part), (dog, _) = await shown(pictures, b"cat"), await shown(pictures, b"dog")
        odd = ("nonsense", '{"sha256":"../../x","width":1,"height":1}', f'{{"of a later version":"{dog}"}}')
        other, *_ = await history.begin_turn(None, "odd", attached=[Part("image", body) for body in odd])
        chat, *_ = await history.begin_turn(None, "a cat", attached=[part])
        await history.purge_many([chat.id, other.id] if purged else [chat.id])
        await tidy(history, pictures, (), closing=closing)
        assert pictures.all() == (frozenset() if purged else {dog})
        assert cat not in pictures.all()
        assert await history.loose_pictures() == ()
        await history.close()

    run(promise())


def test_pictures_go_with_what_was_purged_also_after_a_kill_in_between(path: Path) -> None:
    async def promise() -> None:
        history, _ = await History.open(path)
        pictures = Pictures(path.parent / "pictures")
        (cat, cat_part), (dog, dog_part) = await shown(pictures, b"cat"), await shown(pictures, b"dog")
        one, *_ = await history.begin_turn(None, "both", attached=[cat_part, dog_part])
        await history.begin_turn(None, "the dog", attached=[dog_part])
        await history.purge_many([one.id])
        await history.close()  # killed before it was tidied
        history, _ = await History.open(path)
        assert pictures.all() == {cat, dog}
        assert await tidy(history, pictures, ()) == 0
        assert pictures.all() == {dog}
        assert await history.loose_pictures() == ()
        await history.close()

    run(promise())


def test_drafts_and_copies_keep_their_pictures(path: Path) -> None:
    async def promise() -> None:
        history, _ = await History.open(path)
        pictures = Pictures(path.parent / "pictures")
        parts = {name: await shown(pictures, name) for name in (b"min", b"dra", b"fil", b"cop", b"str")}
        sha = {name: one for name, (one, _) in parts.items()}
        chat, *_ = await history.begin_turn(None, "x", attached=[parts[b"min"][1], parts[b"dra"][1]])
        await history.keep_copy(backups.next_own(path, 0.0))
        only_in_copy, *_ = await history.begin_turn(None, "x", attached=[parts[b"cop"][1]])
        await history.keep_copy(backups.next_own(path, 1.0))
        await history._store.write(lambda c: c.execute("DELETE FROM part WHERE body = ?", (parts[b"cop"][1].body,)))
        path.with_name(DRAFTS).write_text('{"7": {"files": "' + sha[b"fil"] + '"}}', encoding="utf-8")
        await history.purge_many([chat.id])
        await tidy(history, pictures, {sha[b"dra"]})
        assert pictures.all() == set(sha.values()) - {sha[b"min"]}, "at once goes only what was purged"
        await history.purge_many([only_in_copy.id])
        await history._store.write(lambda c: c.execute("INSERT INTO loose VALUES (?)", (parts[b"min"][1].body,)))
        await tidy(history, pictures, {sha[b"dra"]}, closing=True)
        assert pictures.all() == {sha[b"dra"], sha[b"fil"], sha[b"cop"]}, "at closing goes what nothing uses"
        await history.close()

    run(promise())


def test_what_was_attached_and_never_sent_goes_a_day_later(path: Path) -> None:
    """Nobody deletes a chat, and the app was killed while a picture stood in the composer."""

    async def promise() -> None:
        history, _ = await History.open(path)
        pictures = Pictures(path.parent / "pictures")
        names = (b"nev", b"snt", b"drf", b"tod", b"agn", b"cpy")
        parts = {name: await shown(pictures, name) for name in names}
        sha = {name: one for name, (one, _) in parts.items()}
        await history.begin_turn(None, "x", attached=[parts[b"snt"][1]])
        await history.begin_turn(None, "x", attached=[parts[b"cpy"][1]])
        await history.keep_copy(backups.next_own(path, 0.0))
        gone = parts[b"cpy"][1].body
        await history._store.write(lambda c: c.execute("DELETE FROM part WHERE body = ?", (gone,)))
        await tidy(history, pictures, {sha[b"drf"]}, closing=True)
        assert pictures.all() == set(sha.values()), "the window may be open beside this program"
        for name in set(names) - {b"tod"}:
            os.utime(pictures.path(sha[name]), (backups.now() - 1.1 * DAY_S,) * 2)
        assert (await shown(pictures, b"agn"))[0] == sha[b"agn"]
        await tidy(history, pictures, {sha[b"drf"]})
        assert pictures.all() == set(sha.values()), "while the window is open nothing is swept"
        await tidy(history, pictures, {sha[b"drf"]}, closing=True)
        assert pictures.all() == set(sha.values()) - {sha[b"nev"]}
        await history.close()

    run(promise())


@pytest.mark.allow_log("could not be tidied", "mistral_desk.chat.tidying")
def test_a_copy_that_cannot_be_read_keeps_everything(path: Path) -> None:
    async def promise() -> None:
        history, _ = await History.open(path)
        pictures = Pictures(path.parent / "pictures")
        (cat, cat_part), (stray, _) = await shown(pictures, b"cat"), await shown(pictures, b"str")
        chat, *_ = await history.begin_turn(None, "x", attached=[cat_part])
        target = backups.next_own(path, 0.0)
        await history.keep_copy(target)
        target.write_bytes(b"broken" * 1000)
        await history.purge_many([chat.id])
        assert await tidy(history, pictures, (), closing=True) == 0
        assert pictures.all() == {stray}, "what was purged goes all the same"
        assert cat != stray
        target.unlink()
        await tidy(history, pictures, (), closing=True)
        assert pictures.all() == frozenset()
        await history.close()

    run(promise())
