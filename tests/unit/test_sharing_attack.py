"""Files made to do harm come in: archives that unpack to more than there is room, endless numbers, odd bytes."""

from __future__ import annotations

import asyncio
import json
import os
import struct
import sys
import zipfile
from typing import TYPE_CHECKING, Any, Final

import pytest
from markdown_it import MarkdownIt

from mistral_desk.chat.attachments.kinds import LONGEST_NAME, TextFile
from mistral_desk.chat.history import History
from mistral_desk.chat.message import Part
from mistral_desk.chat.parts import file_part, read_file, read_picture
from mistral_desk.chat.pictures_in_memory import PicturesInMemory
from mistral_desk.chat.sharing import archive, chatgpt, chatgpt_content, coming
from mistral_desk.chat.sharing import own as own_form
from mistral_desk.chat.sharing.archive import Archive
from mistral_desk.chat.sharing.coming import take
from mistral_desk.chat.sharing.reading import contained
from mistral_desk.core import strangers
from mistral_desk.core.errors import DeskError
from mistral_desk.inference.protocol import Figures
from tests.fixtures.chatgpt_exports import conversation, message, plain

if TYPE_CHECKING:
    from pathlib import Path

    from mistral_desk.chat.message import ConversationSettings, PartKind
    from mistral_desk.chat.sharing.coming import Come


def taken(path: Path) -> tuple[Come, list[ConversationSettings]]:
    async def work() -> tuple[Come, list[ConversationSettings]]:
        history = await History.temporary()
        try:
            come = await take(history, PicturesInMemory(), [path])
            return come, [await history.settings(key) for key in come.ids]
        finally:
            await history.close()

    return asyncio.run(work())


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_python_unpacks_without_a_bound_is_not_unpacked(method: int, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "export.zip", "w", method) as made:
        made.writestr("conversations.json", json.dumps([plain("x")]))
    come, _ = taken(tmp_path / "export.zip")
    assert (come.new, come.aside) == (0, 1)
    assert come.told[0].problem.id == "sharing.damaged"


def test_the_name_of_a_file_in_an_archive_is_one_line_and_bounded(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "export.zip", "w", zipfile.ZIP_BZIP2) as made:
        made.writestr(f"folder/\u202e\x1b[2Jread\u3164me\n{'x' * 60_000}.json", "[]")
    come, _ = taken(tmp_path / "export.zip")
    (aside,) = come.told
    assert aside.problem.id == "sharing.damaged"
    for name in (aside.name, str(aside.problem.params["name"])):
        assert name.startswith("[2Jread me xxx")
        assert name.isprintable()
        assert len(name) <= strangers.LONGEST


def test_a_record_of_64_bits_that_is_hidden_before_its_locator_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The locator leads to a record that says one member; the one that Python's reader takes says what there is."""
    monkeypatch.setattr(archive, "MOST_MEMBERS", 3)
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w") as made:
        for number in range(5):
            made.writestr(f"{number}.json", "{}")
    raw = path.read_bytes()
    at = raw.rfind(b"PK\x05\x06")
    _, _, _, _, count, size, begin, _ = struct.unpack_from("<4s4H2LH", raw, at)
    shape = struct.Struct("<4sQ2H2L4Q")
    before = raw[:at]
    lie = shape.pack(b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, 46, begin)
    true = shape.pack(b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, begin)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 1)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    path.write_bytes(lie + before + true + locator + end)
    with zipfile.ZipFile(path) as made:
        assert len(made.namelist()) == 5
    with pytest.raises(DeskError) as refused, Archive(path):
        pass
    assert refused.value.problem.id == "sharing.archive"
    monkeypatch.setattr(archive, "MOST_MEMBERS", 5)
    with Archive(path) as opened:
        assert len(opened.names) == 5


def test_a_byte_that_is_no_letter_costs_one_letter() -> None:
    raw = json.dumps(plain("x", text="before BYTE behind")).encode().replace(b"BYTE", b"\xff")
    first = chatgpt.read(raw).messages[0]
    assert "before \ufffd behind" in first.parts[0].body


def of_pieces(*parts: int, number: int) -> bytes:
    """One side that speaks in so many messages, each of so many pieces of three letters."""
    nodes: dict[str, tuple[str | None, dict[str, Any] | None]] = {
        str(key): (str(key - 1) if key else None, message("assistant", *["abc"] * pieces))
        for key, pieces in enumerate(parts * number)
    }
    return json.dumps(conversation(nodes)).encode()


@pytest.mark.parametrize("chat", [of_pieces(5000, number=1), of_pieces(1, number=5000)], ids=["parts", "messages"])
def test_the_work_for_many_small_pieces_grows_with_their_number_only(
    chat: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of ten megabytes would have taken minutes, of a hundred hours, and nobody could have broken it off."""
    written = 0

    def counted(kind: PartKind, body: str) -> Part:
        nonlocal written
        written += len(body)
        return Part(kind, body)

    monkeypatch.setattr(chatgpt_content, "Part", counted)
    (only,) = chatgpt.read(chat).messages
    assert [part.body for part in only.parts] == ["\n\n".join(["abc"] * 5000)]
    assert written < 10 * len(only.parts[0].body)


def test_an_answer_that_was_cut_into_many_is_bounded_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chatgpt, "LONGEST", 3 * 100)
    assert len(chatgpt.read(of_pieces(1, number=100)).messages) == 1
    with pytest.raises(DeskError) as caught:
        chatgpt.read(of_pieces(1, number=101))
    assert caught.value.problem.id == "sharing.too_long"


def test_of_a_message_with_files_without_end_some_are_named() -> None:
    files = [{"name": f"{number}.pdf"} for number in range(chatgpt_content._MOST_FILES + 1)]
    chat = conversation({"a": (None, message("user", "look", meta={"attachments": files}))})
    (only,) = chatgpt.read(json.dumps(chat).encode()).messages
    assert only.parts[0].body.count(".pdf") == chatgpt_content._MOST_FILES
    assert only.parts[0].body.endswith("look")


@pytest.mark.parametrize(("files", "new"), [(own_form.MOST_FILES, 1), (own_form.MOST_FILES + 1, 0)])
def test_a_message_with_files_without_end_is_not_taken_in(tmp_path: Path, files: int, new: int) -> None:
    """Of five thousand each heard of each one's figure: the window had no time for anything else for minutes."""
    parts = [{"kind": "file", "name": f"{number}.txt", "text": "x"} for number in range(files)]
    said = {"id": "1", "parent": None, "role": "user", "created": 1.0, "parts": parts}
    head = {"format": own_form.FORMAT, "version": 1, "title": "files", "created": 1.0, "updated": 1.0, "leaf": "1"}
    path = tmp_path / "chat.json"
    path.write_text(json.dumps({**head, "messages": [said]}), encoding="utf-8")
    come, _ = taken(path)
    assert (come.new, [one.problem.id for one in come.told]) == (new, ["sharing.too_long"] * (1 - new))


def test_what_is_set_aside_without_end_does_not_fill_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(coming, "MOST_TOLD", 3)
    path = tmp_path / "conversations.json"
    path.write_bytes(b"[" + b"{}," * 20 + b"{}]")
    with caplog.at_level("INFO", "mistral_desk.chat.sharing.coming"):
        come, _ = taken(path)
    assert (come.aside, len(come.told)) == (21, 3)
    assert len([one for one in caplog.messages if "set aside" in one]) == 3


def test_a_pipe_holds_no_import(tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("there are no such files")
    else:
        os.mkfifo(tmp_path / "conversations.json")
        with pytest.raises(DeskError) as refused:
            taken(tmp_path / "conversations.json")
        assert refused.value.problem.id == "sharing.unknown"


def test_the_name_of_a_file_in_a_message_is_one_line_and_bounded_however_it_came_in(tmp_path: Path) -> None:
    name, sha256 = "\u202e\u3164\x1b[2Jread\nme" + "x" * 1_000_000, "0" * 64
    picture = {"sha256": sha256, "width": 1, "height": 1, "name": name}
    said = [
        {"kind": "file", "name": name, "text": "words"},
        {"kind": "image", **picture},
        {"kind": "other", "of": "file", "body": json.dumps({"name": name, "text": "words"})},
        {"kind": "other", "of": "image", "body": json.dumps(picture)},
    ]
    document = json.loads(own())
    document["messages"][0]["parts"] = said
    (message,) = own_form.read(json.dumps(document).encode())[0].messages
    readers = (read_file, read_picture) * 2
    names = [read.name for reader, part in zip(readers, message.parts, strict=True) if (read := reader(part))]
    assert names == ["[2Jread mexxx" + "x" * (LONGEST_NAME - 13)] * 4
    unseen = read_file(file_part(TextFile("\u200b\u3164", "words")))
    assert unseen is not None
    assert unseen.name == "?"


_AFTER: Final = " <script>x</script>`"
_SWALLOWED: Final = (
    "[a](b`c)", '[a](b "`")', "[a](<b`c>)", "![a](b`c)", "<http://a.b/`>", "[r]: b`\nx", "- [r]:\n  b`\n  x",
    "[a](data:text/html,<script>) `", "[a](javascript:`)", "> [^1]: b`\n> x",
)  # fmt: skip


@pytest.mark.parametrize("start", _SWALLOWED)
@pytest.mark.parametrize("links", [True, False])
def test_no_opinion_on_where_code_begins_lets_html_out_of_a_message(start: str, *, links: bool) -> None:
    """The backtick before it belongs to an address, a title or a definition, so what follows is no code."""
    reader = MarkdownIt("commonmark", {"html": True})
    reader.validateLink = lambda _: links  # type: ignore[assignment, method-assign]
    tokens = reader.parse(contained(start + _AFTER) + "\n## Next\n")
    assert not [token for token in tokens if token.type == "html_block"]
    kinds = {one.type for token in tokens for one in token.children or ()}
    assert not kinds & {"html_inline", "image"}
    assert contained("Use `<div>` and [this](https://a.b/)") == "Use `<div>` and [this](https://a.b/)\n"


def own(figures: dict[str, Any] | None = None, **settings: Any) -> str:
    said = [{"kind": "text", "text": "x"}]
    message: dict[str, Any] = {"id": "1", "parent": None, "role": "assistant", "created": 1.0, "parts": said}
    if figures is not None:
        message["figures"] = figures
    return json.dumps({
        "format": "mistral-desk-chat", "version": 1, "title": "x", "created": 1.0, "updated": 1.0, "leaf": "1",
        "messages": [message], "settings": settings,
    })  # fmt: skip


def test_numbers_without_an_end_and_bottomless_lists_in_settings_count_as_not_said(tmp_path: Path) -> None:
    deep: list[Any] = []
    for _ in range(400):
        deep = [deep]
    said: dict[str, Any] = {
        "system": "s",
        "sampling": {"temperature": 10**400, "min_p": 0.1, "mirostat": deep},
        "deep": deep,
        "new": [1],
    }
    (tmp_path / "chat.json").write_text(own(**said))
    come, (settings,) = taken(tmp_path / "chat.json")
    assert come.new == 1
    assert (settings.system, settings.sampling.temperature, settings.sampling.min_p) == ("s", None, 0.1)
    assert settings.unknown == {"new": [1]}


@pytest.mark.parametrize("name", ["prompt_tokens", "cached_tokens", "generated_tokens", "again_tokens", "thinking_s"])
def test_figures_that_nothing_could_have_measured_are_left_out(name: str) -> None:
    """A chat with them could not be shown."""
    sound: dict[str, Any] = {"generated_tokens": 5, "prompt_tokens": 7, "seed": 2**32 - 2}
    chat, _ = own_form.read(own(sound).encode())
    assert chat.messages[0].figures == Figures(**sound)
    for value in (10**400, -1, -(10**400)) if name != "thinking_s" else (1e308, -0.5):
        chat, _ = own_form.read(own({**sound, name: value}).encode())
        assert chat.messages[0].figures is None


def test_more_that_was_remembered_than_there_was_is_left_out() -> None:
    """“-4 tokens read anew” would stand under the answer."""
    for cached, kept in ((7, True), (8, False)):
        chat, _ = own_form.read(own({"generated_tokens": 5, "prompt_tokens": 7, "cached_tokens": cached}).encode())
        assert (chat.messages[0].figures is not None) is kept


@pytest.mark.parametrize(
    ("title", "kept"),
    [
        ("t" * 1_000_000, "t" * 999 + "…"),
        ("My bank\u202e\u2066 gnp.exe\u200f", "My bank gnp.exe"),
        ("\x1b[2Jred\nand more", "[2Jred"),
        ("\u200b\u3164\u2800\u034f", ""),
    ],
)
def test_a_title_is_one_line_that_can_be_seen_turns_nothing_round_and_has_an_end(
    title: str, kept: str, tmp_path: Path
) -> None:
    (tmp_path / "chat.json").write_text(json.dumps({**json.loads(own()), "title": title}), encoding="utf-8")

    async def work() -> str:
        history = await History.temporary()
        try:
            (key,) = (await take(history, PicturesInMemory(), [tmp_path / "chat.json"])).ids
            return (await history.conversation(key)).title
        finally:
            await history.close()

    assert asyncio.run(work()) == kept


@pytest.mark.parametrize(("letters", "kept"), [(4096, True), (1_000_000, False)])
def test_a_writer_of_a_megabyte_is_nobody(letters: int, *, kept: bool) -> None:
    document = json.loads(own())
    document["messages"][0]["model"] = model = "/" + "m" * letters
    chat, _ = own_form.read(json.dumps(document).encode())
    assert chat.messages[0].model == (model if kept else "")
