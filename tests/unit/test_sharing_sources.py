"""Where conversations are found: a folder of an export, one conversation alone, several files; and what is no chat."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import struct
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from mistral_desk.chat.attachments import Pixels
from mistral_desk.chat.history import History
from mistral_desk.chat.parts import picture_part, read_picture
from mistral_desk.chat.pictures_in_memory import PicturesInMemory
from mistral_desk.chat.sharing import chatgpt, own, sources, splitting
from mistral_desk.chat.sharing.coming import take
from mistral_desk.chat.sharing.shared import png_of
from mistral_desk.core.errors import DeskError
from tests.fixtures.chatgpt_exports import conversation, message, plain, save

if TYPE_CHECKING:
    from pathlib import Path

    from mistral_desk.chat.message import Message
    from mistral_desk.chat.sharing.coming import Come


def taken(
    *paths: Path, pictures: PicturesInMemory | None = None
) -> tuple[Come, list[tuple[Message, ...]], PicturesInMemory]:
    gallery = pictures or PicturesInMemory()

    async def work() -> tuple[Come, list[tuple[Message, ...]], PicturesInMemory]:
        history = await History.temporary()
        try:
            come = await take(history, gallery, paths)
            return come, [await history.messages(key) for key in come.ids], gallery
        finally:
            await history.close()

    return asyncio.run(work())


def drawn() -> bytes:
    kept = io.BytesIO()
    Image.new("RGB", (5, 4), (200, 10, 30)).save(kept, "PNG")
    return kept.getvalue()


def with_picture(name: str, *ids: str) -> dict[str, Any]:
    parts = [{"content_type": "image_asset_pointer", "asset_pointer": f"file-service://{one}"} for one in ids]
    return conversation(
        {"q": (None, message("user", *parts, "What is it?"))}, title=name, id=name, conversation_id=name
    )


def own_chat(**changes: Any) -> dict[str, Any]:
    said = {"id": "1", "parent": None, "role": "user", "created": 1.0, "parts": [{"kind": "text", "text": "x"}]}
    return {
        "format": "mistral-desk-chat", "version": 1, "title": "ours", "created": 1.0, "updated": 1.0, "leaf": "1",
        "messages": [said], **changes,
    }  # fmt: skip


def told(come: Come) -> list[tuple[str, str]]:
    return [(one.name, one.problem.id) for one in come.told]


# --- a folder -----------------------------------------------------------------------------------------------


def test_a_folder_that_an_export_was_unpacked_into_comes_with_its_pictures(tmp_path: Path) -> None:
    save(tmp_path / "conversations-000.json", with_picture("a", "file-AbC1", "file-Gone"))
    save(tmp_path / "Conversations-001.JSON", plain("b"))
    (tmp_path / "user.json").write_text('{"email": "anna@example.org"}', encoding="utf-8")
    (tmp_path / "file-AbC1-drawing.png").write_bytes(drawn())
    (tmp_path / "file-Other.png").write_bytes(drawn())
    (tmp_path / "file-Gone").mkdir()
    come, (first, second), gallery = taken(tmp_path)
    assert (come.new, come.aside, come.pictures_missing) == (2, 0, 1)
    chats = {len(first): first, len(second): second}
    body = read_picture(chats[1][0].parts[0])
    assert body is not None
    assert body.name == "file-AbC1-drawing.png"
    assert gallery.all() == {body.sha256}


def test_a_folder_of_single_chats_of_either_kind_comes_whole_and_other_files_do_not_matter(tmp_path: Path) -> None:
    (tmp_path / "1.json").write_text(json.dumps(own_chat()), encoding="utf-8")
    (tmp_path / "2.json").write_text(json.dumps(plain("theirs")), encoding="utf-8")
    (tmp_path / "3.json").write_bytes(b"\xef\xbb\xbf " + json.dumps(own_chat(title="marked")).encode())
    for name, content in (("words.json", "words"), ("other.json", '{"a": 1}'), ("none.json", "[]"), ("a.txt", "[")):
        (tmp_path / name).write_text(content, encoding="utf-8")
    (tmp_path / "folder.json").mkdir()
    come, chats, _ = taken(tmp_path)
    assert (come.new, come.aside, [len(one) for one in chats]) == (3, 0, [1, 2, 1])


def test_a_folder_or_an_archive_with_nothing_of_the_kind_says_so(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"x")
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as made:
        made.writestr("photo.jpg", b"x")
    for place in (tmp_path, tmp_path / "photos.zip"):
        with pytest.raises(DeskError, match=r"sharing\.unknown"):
            taken(place)


def test_a_picture_that_is_too_large_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "LARGEST_PICTURE", 10)
    (tmp_path / "file-AbC1.png").write_bytes(drawn())
    save(tmp_path / "conversations.json", with_picture("a", "file-AbC1"))
    unpacked, _, _ = taken(tmp_path)
    packed, _, _ = taken(save(tmp_path / "export.zip", with_picture("a", "file-AbC1"), **{"file-AbC1.png": drawn()}))
    assert (unpacked.new, unpacked.pictures_missing) == (packed.new, packed.pictures_missing) == (1, 1)


def test_a_picture_that_is_none_costs_only_itself(tmp_path: Path) -> None:
    (tmp_path / "file-AbC1.png").write_bytes(drawn()[:40])
    save(tmp_path / "conversations.json", with_picture("a", "file-AbC1"))
    come, (messages,), _ = taken(tmp_path)
    assert (come.new, come.pictures_missing) == (1, 1)
    assert [part.kind for part in messages[0].parts] == ["text", "text"]


def test_a_picture_that_is_damaged_in_its_archive_costs_only_itself(tmp_path: Path) -> None:
    path = save(tmp_path / "export.zip", with_picture("a", "file-AbC1"))
    with zipfile.ZipFile(path, "a", zipfile.ZIP_STORED) as made:
        made.writestr("file-AbC1.png", drawn())
    path.write_bytes(path.read_bytes().replace(drawn()[-20:], bytes(20)))
    come, _, _ = taken(path)
    assert (come.new, come.pictures_missing) == (1, 1)


# --- one alone, several -------------------------------------------------------------------------------------


@pytest.mark.parametrize("chat", [own_chat(), plain("theirs")], ids=["ours", "theirs"])
def test_one_conversation_alone_in_its_file_comes_in(chat: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "chat.json").write_text(json.dumps(chat), encoding="utf-8")
    come, chats, _ = taken(tmp_path / "chat.json")
    assert (come.new, come.aside, len(chats)) == (1, 0, 1)


def test_of_several_files_one_that_is_no_export_is_named_and_the_others_come(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("dear diary", encoding="utf-8")
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04" + bytes(50))
    first, last = save(tmp_path / "a.json", plain("a")), save(tmp_path / "z.json", plain("z"))
    come, _, _ = taken(first, tmp_path / "notes.txt", tmp_path / "broken.zip", tmp_path / "gone.json", last)
    assert (come.new, come.share) == (2, 1.0)
    assert told(come) == [
        ("notes.txt", "sharing.unknown"), ("broken.zip", "sharing.archive"), ("gone.json", "sharing.unreadable"),
    ]  # fmt: skip


def test_what_went_away_meanwhile_says_so_in_words(tmp_path: Path) -> None:
    with pytest.raises(DeskError) as refused:
        taken(tmp_path / "export.zip")
    assert refused.value.problem.id == "sharing.unreadable"
    assert refused.value.problem.params["name"] == "export.zip"
    assert refused.value.problem.params["reason"]


def test_files_of_an_archive_that_are_no_chats_do_not_matter(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as made:
        for name, content in (("a/chat.json", json.dumps(own_chat())), ("b.json", "7"), ("c.json", '{"a": 1}')):
            made.writestr(name, content)
    come, _, _ = taken(tmp_path / "all.zip")
    assert (come.new, come.aside) == (1, 0)


# --- bounds -------------------------------------------------------------------------------------------------


def test_what_is_too_long_is_set_aside_wherever_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splitting.Split.__init__, "__kwdefaults__", {"largest": 3000, "most": None})
    path = save(tmp_path / "conversations.json", plain("a"), plain("long", text="x" * 5000), plain("b"))
    come, _, _ = taken(path)
    assert (come.new, [problem for _, problem in told(come)]) == (2, ["sharing.too_long"])
    monkeypatch.setattr(sources, "LARGEST_OWN", 1000)
    (tmp_path / "chat.json").write_text(json.dumps(own_chat(title="x" * 1000)), encoding="utf-8")
    come, _, _ = taken(tmp_path / "chat.json")
    assert (come.new, told(come)) == (0, [("chat.json", "sharing.too_long")])


def test_a_chat_of_too_many_messages_or_letters_is_set_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chatgpt, "MOST_MESSAGES", 5)
    monkeypatch.setattr(own, "MOST_MESSAGES", 1)
    monkeypatch.setattr(chatgpt, "LONGEST", 100)
    many = {**own_chat(), "messages": [{**own_chat()["messages"][0], "id": str(number)} for number in (1, 2)]}
    path = save(tmp_path / "conversations.json", plain("many", 3), plain("long", text="x" * 200), plain("b"), many)
    come, _, _ = taken(path)
    assert come.new == 1
    assert [problem for _, problem in told(come)] == ["sharing.too_long", "sharing.too_long", "sharing.broken"]


@pytest.mark.parametrize("where", [0, 10**9])
def test_an_archive_whose_record_of_64_bits_is_not_where_it_says_is_refused(where: int, tmp_path: Path) -> None:
    path = save(tmp_path / "export.zip", plain("x"))
    raw = path.read_bytes()
    at = raw.rfind(b"PK\x05\x06")
    path.write_bytes(raw[:at] + struct.pack("<4sLQL", b"PK\x06\x07", 0, where, 1) + raw[at:])
    with pytest.raises(DeskError, match=r"sharing\.archive"):
        taken(path)


# --- what a conversation holds ------------------------------------------------------------------------------


def said(*nodes: dict[str, Any]) -> list[str]:
    """What an answer becomes that is made of these messages."""
    made: dict[str, tuple[str | None, dict[str, Any] | None]] = {"q": (None, message("user", "Go"))}
    for number, node in enumerate(nodes):
        made[f"n{number}"] = (list(made)[-1], node)
    chat = chatgpt.read(json.dumps(conversation(made)).encode())
    return [part.body for one in chat.messages[1:] for part in one.parts]


POINTER = {"content_type": "image_asset_pointer", "asset_pointer": "sediment://file_1"}


def canvas(text: str, to: str = "canmore.create_textdoc") -> dict[str, Any]:
    return message("assistant", to=to, content={"content_type": "code", "text": text})


@pytest.mark.parametrize(
    ("node", "words"),
    [
        (canvas(json.dumps({"type": "document", "content": "# A letter"})), ["# A letter"]),
        (canvas(json.dumps({"type": "code/python", "content": "x = 1"})), ["```python\nx = 1\n```\n"]),
        (canvas(json.dumps({"type": "code/c++ <b>", "content": "x"})), ["```\nx\n```\n"]),
        (canvas(json.dumps({"type": "document", "content": ""})), []),
        (canvas("no document"), []),
        (canvas("7"), []),
        (canvas('{"content": "x"}', to="web.run"), []),
        (message("assistant", '{"content": "A note"}', to="canmore.create_textdoc"), ["A note"]),
        (message("assistant", {"content_type": "audio_transcription", "text": "Spoken."}), ["Spoken."]),
        (message("assistant", {"content_type": "audio_transcription", "text": " "}, {"content_type": "video"}), []),
        (message("assistant", " ", 7, "Words."), ["Words."]),
        (message("assistant", "Thrown away", weight=0.0), []),
        (message("assistant", "Of \ue200entity\ue202[broken\ue201."), ["Of ."]),
        (message("assistant", "Of \ue200entity\ue202[7, 8]\ue201."), ["Of ."]),
        (message("tool", POINTER, "kept to itself"), ["asset:file_1"]),
    ],
)
def test_each_kind_of_content_is_words_or_nothing(node: dict[str, Any], words: list[str]) -> None:
    assert said(node) == words


def test_a_node_that_is_none_is_passed_over() -> None:
    chat = plain("x")
    chat["mapping"] |= {"odd": 7, "odder": [1]}
    assert len(chatgpt.read(json.dumps(chat).encode()).messages) == 2


@pytest.mark.parametrize("title", [b'"\\x"', b'"\xff"'])
def test_a_title_that_cannot_be_read_gives_the_files_name(title: bytes, tmp_path: Path) -> None:
    (tmp_path / "conversations.json").write_bytes(b'[{"title": ' + title + b', "mapping": 7}]')
    come, _, _ = taken(tmp_path / "conversations.json")
    assert told(come)[0] == ("conversations.json", "sharing.broken")


# --- pictures of our own form -------------------------------------------------------------------------------


def with_own_pictures(*pictures: Any) -> tuple[dict[str, Any], Pixels]:
    pixels = Pixels(1, 1, b"abc")
    part = {"kind": "image", "sha256": pixels.sha256, "width": 1, "height": 1, "name": "a.png"}
    said_ = {"id": "1", "parent": None, "role": "user", "created": 1.0, "parts": [part]}
    return own_chat(messages=[said_], pictures=list(pictures)), pixels


@pytest.mark.parametrize(
    "picture",
    [7, {"sha256": 1}, {"sha256": "0" * 64, "png": "x"}, {"width": 1, "height": 1, "png": "no base64!"}, {"width": 1}],
)
def test_a_picture_of_ours_that_cannot_be_read_is_missing_and_the_message_stays(picture: Any, tmp_path: Path) -> None:
    chat, pixels = with_own_pictures(
        {"sha256": Pixels(1, 1, b"abc").sha256, **picture} if isinstance(picture, dict) else picture
    )
    (tmp_path / "chat.json").write_text(json.dumps(chat), encoding="utf-8")
    come, (messages,), gallery = taken(tmp_path / "chat.json")
    assert (come.new, come.pictures_missing, gallery.all()) == (1, 1, frozenset())
    body = read_picture(messages[0].parts[0])
    assert body is not None
    assert body.sha256 == pixels.sha256, "its place is kept: the picture may come back"


def test_a_picture_that_is_here_already_is_not_asked_for_again(tmp_path: Path) -> None:
    chat, pixels = with_own_pictures()
    gallery = PicturesInMemory()
    picture = asyncio.run(gallery.put(pixels))
    (tmp_path / "chat.json").write_text(json.dumps(chat), encoding="utf-8")
    come, (messages,), _ = taken(tmp_path / "chat.json", pictures=gallery)
    assert (come.new, come.pictures_missing) == (1, 0)
    assert messages[0].parts == (picture_part(picture, "a.png"),)


def test_a_picture_that_no_message_shows_is_not_taken_in(tmp_path: Path) -> None:
    shown, hidden = Pixels(1, 1, b"abc"), Pixels(1, 1, b"xyz")
    both = [
        {"sha256": one.sha256, "width": 1, "height": 1, "png": base64.b64encode(png_of(one)).decode()}
        for one in (hidden, shown)
    ]
    chat, _ = with_own_pictures(*both)
    (tmp_path / "chat.json").write_text(json.dumps(chat), encoding="utf-8")
    come, _, gallery = taken(tmp_path / "chat.json")
    assert (come.new, come.pictures_missing) == (1, 0)
    assert gallery.all() == {shown.sha256}
