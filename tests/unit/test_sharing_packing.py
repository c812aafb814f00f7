"""Exports with pictures, long ones, and such in which something goes away: whole beside their pictures, or nothing."""

from __future__ import annotations

import asyncio
import re
import time
import zipfile
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest

from mistral_desk.chat.attachments import Pixels
from mistral_desk.chat.history import History
from mistral_desk.chat.imported import Imported, ImportedMessage
from mistral_desk.chat.message import Conversation, ConversationSettings, Part
from mistral_desk.chat.parts import picture_part
from mistral_desk.chat.pictures_in_memory import PicturesInMemory
from mistral_desk.chat.sharing.names import LONGEST, safe
from mistral_desk.chat.sharing.out import Export, every_id
from mistral_desk.chat.sharing.packing import ZipFile, name_of
from mistral_desk.chat.sharing.shared import Shared, Wish
from mistral_desk.core.errors import DeskError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mistral_desk.chat.sharing.out import Going
    from mistral_desk.chat.sharing.shared import Job


async def with_pictures(chats: int = 2) -> tuple[History, PicturesInMemory]:
    """Chats with two pictures of the same name each, of which one is shown twice and another is gone."""
    history, gallery = await History.temporary(), PicturesInMemory()
    for number in range(chats):
        here = [await gallery.put(Pixels(1, 1, bytes((number, shade, 0)))) for shade in (1, 2)]
        gone = picture_part(await PicturesInMemory().put(Pixels(1, 1, b"xyz")), "gone.png")
        parts = (*(picture_part(one, "Bild.jpg") for one in (*here, here[0])), gone, Part("text", "Look"))
        await history.put(Imported(f"Chat {number}", 1.7e9, 0, (ImportedMessage("q", None, "user", 1.0, parts),)))
    return history, gallery


def links(document: str) -> list[str]:
    return re.findall(r"!\[[^]]*\]\(([^)]+)\)", document)


def exported(target: Path, pack: Any, *, chats: int = 2) -> tuple[int, int]:
    async def work() -> tuple[int, int]:
        history, gallery = await with_pictures(chats)
        gone = await Export(history, gallery, await every_id(history), target, Wish("md"), pack).run()
        await history.close()
        return gone.chats, gone.missing

    return asyncio.run(work())


@pytest.mark.parametrize("pack", ["file", "folder", "zip"])
def test_each_picture_lies_once_beside_its_document_under_the_address_in_it(pack: Any, tmp_path: Path) -> None:
    target = tmp_path / {"file": "My chat.md", "folder": "all", "zip": "all.zip"}[pack]
    chats = 1 if pack == "file" else 2
    assert exported(target, pack, chats=chats) == (chats, chats), "of each the one that is gone is counted"
    if pack == "zip":
        with zipfile.ZipFile(target) as archive:
            assert archive.testzip() is None
            archive.extractall(tmp_path / "out")
    top = {"file": tmp_path, "folder": target, "zip": tmp_path / "out"}[pack]
    documents = sorted(top.glob("*.md"))
    assert len(documents) == chats
    found: set[Path] = set()
    for document in documents:
        addresses = links(document.read_text(encoding="utf-8"))
        assert (len(addresses), len(set(addresses))) == (3, 2)
        found |= {top / unquote(address) for address in addresses}
    assert found == set(top.rglob("*.png"))
    assert len({path.read_bytes() for path in found}) == len(found) == 2 * chats
    assert not list(tmp_path.rglob("*.part"))


def test_pictures_of_another_export_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "Bild.png").write_bytes(b"mine")
    (tmp_path / "one pictures").mkdir()
    exported(tmp_path, "folder")
    exported(tmp_path / "one.md", "file", chats=1)
    assert (tmp_path / "pictures" / "Bild.png").read_bytes() == b"mine"
    assert list((tmp_path / "one pictures").iterdir()) == []
    assert len(list((tmp_path / "one pictures (2)").iterdir())) == 2


def test_what_comes_into_the_folder_while_a_chat_is_written_stays(tmp_path: Path) -> None:
    def comes(chat: Shared, job: Job) -> None:
        job.write("ours")
        (tmp_path / f"{name_of(chat)}.md").write_bytes(b"theirs")

    async def work() -> None:
        history, _ = await with_pictures(1)
        try:
            ids = await every_id(history)
            await Export(history, None, ids, tmp_path, Wish("md"), "folder", writer=comes).run()
        finally:
            await history.close()

    with pytest.raises(DeskError) as told:
        asyncio.run(work())
    assert told.value.problem.id == "sharing.not_written"
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"theirs"]


@pytest.mark.parametrize("pack", ["file", "zip"])
def test_where_the_document_fails_its_pictures_go_too(pack: Any, tmp_path: Path) -> None:
    def fails(chat: Shared, job: Job) -> None:
        assert job.aside is not None
        job.aside("a.png", b"x")
        job.write("half")
        raise OSError(28, "No space left on device")

    async def work() -> None:
        history, gallery = await with_pictures(1)
        try:
            ids = await every_id(history)
            await Export(history, gallery, ids, tmp_path / "a", Wish("md"), pack, writer=fails).run()
        finally:
            await history.close()

    with pytest.raises(DeskError) as told:
        asyncio.run(work())
    assert told.value.problem.id == "sharing.not_written"
    assert told.value.problem.params["reason"] == "No space left on device"
    assert list(tmp_path.iterdir()) == []


def test_what_writes_nothing_is_no_member_of_the_archive(tmp_path: Path) -> None:
    async def work() -> None:
        history, _ = await with_pictures(1)
        ids = await every_id(history)
        await Export(history, None, ids, tmp_path / "a.zip", Wish("md"), "zip", writer=lambda _chat, _job: None).run()
        await history.close()

    asyncio.run(work())
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.namelist() == []


def test_an_archive_has_to_be_begun(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        ZipFile(tmp_path / "a.zip").finish()
    assert list(tmp_path.iterdir()) == []


# --- what goes away, what takes long ------------------------------------------------------------------------


def test_a_chat_that_was_deleted_meanwhile_is_passed_over_and_alone_it_is_told(tmp_path: Path) -> None:
    async def work(*ids: int) -> int:
        history, _ = await with_pictures(1)
        try:
            (here,) = await every_id(history)
            gone = await Export(
                history, None, [*ids, here] if len(ids) > 1 else ids, tmp_path / "all", Wish(), "folder"
            ).run()
        finally:
            await history.close()
        return gone.chats

    assert asyncio.run(work(98, 99)) == 1
    with pytest.raises(DeskError, match=r"history\.missing"):
        asyncio.run(work(99))


def test_a_long_chat_tells_whole_per_cents_only(tmp_path: Path) -> None:
    said = tuple(
        ImportedMessage(str(n), str(n - 1) if n else None, "user", n, (Part("text", "x"),)) for n in range(900)
    )
    heard: list[Going] = []

    async def work() -> None:
        history = await History.temporary()
        await history.put(Imported("long", 1.0, 2.0, said))
        ids = await every_id(history)
        await Export(history, None, ids, tmp_path / "a.json", Wish("json"), "file", heard.append).run()
        await history.close()

    asyncio.run(work())
    shares = [now.share for now in heard]
    assert shares == sorted(shares)
    assert 90 < len(shares) < 120


# --- names --------------------------------------------------------------------------------------------------


def chat(title: str = "T", created: float = 1.7e9, updated: float = 1.7e9) -> Shared:
    return Shared(Conversation(1, title, created, updated, None), ConversationSettings(), ())


@pytest.mark.parametrize("created", [1e300, -1e300, float("nan"), float("inf")])
def test_a_time_that_no_calendar_has_is_left_out_of_the_name(created: float) -> None:
    assert name_of(chat(created=created)) == "T"


@pytest.mark.parametrize(
    ("updated", "year"), [(0.0, 1981), (-5.0, 1981), (1e300, 1981), (1e11, 2107), (1_700_000_000.0, 2023)]
)
def test_a_member_of_an_archive_has_a_time_that_archives_know(updated: float, year: int, tmp_path: Path) -> None:
    packing = ZipFile(tmp_path / "a.zip")
    packing.begin()
    with packing.document(chat(updated=updated), ".md") as sink:
        sink.write(b"x")
    packing.finish()
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        (member,) = archive.infolist()
    assert (member.date_time[0], member.filename) == (year, time.strftime("%Y-%m-%d T.md", time.localtime(1.7e9)))


@pytest.mark.parametrize(
    ("title", "holds"),
    [
        ("漢" * 300, lambda name: set(name) == {"漢"}),
        ("e\u0301x" * 100, lambda name: not name.endswith("e")),
        ("a" * (LONGEST - 1) + "q\u0323\u0323\u0323", lambda name: name == "a" * (LONGEST - 1) + "q"),
        ("a" * (LONGEST - 2) + "x\u0323\u0323", lambda name: name == "a" * (LONGEST - 2) + "x"),
    ],
)
def test_a_long_title_is_cut_between_letters_and_fits_into_every_file_system(
    title: str, holds: Callable[[str], bool]
) -> None:
    name = safe(title, "Chat")
    assert len(name.encode()) <= 180
    assert holds(name), name
