"""`mistral-desk chats` in this process: what its JSON promises, its words, and what it writes."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from mistral_desk.chat.attachments.kinds import Picture
from mistral_desk.chat.history import History
from mistral_desk.chat.imported import Imported, ImportedMessage
from mistral_desk.chat.message import Part
from mistral_desk.chat.parts import picture_part
from mistral_desk.cli.main import main
from mistral_desk.core.paths import folders
from tests.fixtures.terminal import terminal

if TYPE_CHECKING:
    from pathlib import Path

DAY = 1_700_000_000.0
WRITTEN = time.strftime("%Y-%m-%d", time.localtime(DAY))
"""What the calendar here says then."""


def desk(*arguments: str) -> int:
    return main(["chats", *arguments], window=lambda _picture, _file: 0)


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert desk(*arguments, "--json") == 0
    (line,) = capsys.readouterr().out.splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def chat(title: str, text: str, at: float, **more: Any) -> Imported:
    messages = (
        ImportedMessage("q", None, "user", at, (Part("text", text),)),
        ImportedMessage("a", "q", "assistant", at + 1, (Part("thinking", "SECRET"), Part("text", "Gern."))),
    )
    return Imported(title, at, at + 1, messages, None, "", **more)


@pytest.fixture
def three(home: Path) -> None:
    async def work() -> None:
        history, _ = await History.open(folders().ensure().history)
        await history.put(chat("Äpfel", "Wie viele Äpfel?", DAY, pinned=True))
        await history.put(chat("Birnen", "Und Birnen?", DAY + 10))
        await history.put(chat("Alt", "Aus dem Archiv", DAY - 10, archived=True))
        gone = await history.put(chat("Weg", "Im Eimer", DAY + 20))
        assert gone is not None
        await history.delete(gone.id)
        await history.close()

    asyncio.run(work())


def test_it_lists_them_pinned_first_and_the_archive_last(three: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(capsys) == {
        "chats": [
            {"id": 1, "title": "Äpfel", "created": DAY, "updated": DAY + 1, "pinned": True, "archived": False},
            {"id": 2, "title": "Birnen", "created": DAY + 10, "updated": DAY + 11, "pinned": False, "archived": False},
            {"id": 3, "title": "Alt", "created": DAY - 10, "updated": DAY - 9, "pinned": False, "archived": True},
        ]
    }
    assert desk() == 0
    assert capsys.readouterr().out.splitlines() == [
        "Id  Changed     Chat",
        f"1   {WRITTEN}  Äpfel   pinned", f"2   {WRITTEN}  Birnen", f"3   {WRITTEN}  Alt     archived",
    ]  # fmt: skip


def test_a_title_is_cut_where_the_terminal_ends_and_what_is_found_is_wrapped(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def work() -> None:
        history, _ = await History.open(folders().ensure().history)
        await history.put(chat("Über die Kunst, lange Titel zu schreiben", "Birnen " * 12, DAY, pinned=True))
        await history.close()

    asyncio.run(work())
    monkeypatch.setenv("COLUMNS", "45")
    assert desk() == 0
    assert capsys.readouterr().out.splitlines() == [
        "Id  Changed     Chat",
        f"1   {WRITTEN}  Über die Kunst, lang…  pinned",
    ]
    assert desk("--search", "Birnen") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 2
    assert all(len(line) <= 45 and line.startswith("    ") for line in lines[1:])


def test_it_finds_words_whatever_their_accents(three: None, capsys: pytest.CaptureFixture[str]) -> None:
    found = answer(capsys, "--search", "apfel viele")
    assert found["more"] is False
    (hit,) = [one for one in found["hits"] if one["message"] is not None]
    assert list(hit) == ["id", "title", "archived", "message", "role", "created", "snippet", "marks"]
    assert (hit["id"], hit["role"], hit["created"]) == (1, "user", DAY)
    assert {hit["snippet"][begin:end] for begin, end in hit["marks"]} == {"viele", "Äpfel"}
    assert answer(capsys, "--search", "secret") == {"hits": [], "more": False}
    assert desk("--search", "Eimer") == 0
    assert capsys.readouterr().out == "Nothing was found.\n"


def test_a_chat_stands_there_once_with_each_place_below_it(three: None, capsys: pytest.CaptureFixture[str]) -> None:
    places = {one["message"] is None for one in answer(capsys, "--search", "apfel")["hits"] if one["id"] == 1}
    assert places == {True, False}, "found in the title and in a message"
    assert desk("--search", "apfel") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if WRITTEN in line] == [f"1  {WRITTEN}  Äpfel  pinned"]
    assert lines[1:]
    assert all(line.startswith("    ") for line in lines[1:])


def test_it_writes_them_out(three: None, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = tmp_path / "new" / "chats"
    found = answer(capsys, "--export", str(folder), "--format", "json")
    names = [f"{WRITTEN} Äpfel.json", f"{WRITTEN} Birnen.json", f"{WRITTEN} Alt.json"]
    size = sum(path.stat().st_size for path in folder.iterdir())
    assert found == {"folder": str(folder), "format": "json", "files": names, "bytes": size, "missing_pictures": 0}
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)
    assert "SECRET" not in (folder / names[0]).read_text(encoding="utf-8")


def test_it_writes_only_what_was_searched(three: None, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    found = answer(capsys, "--search", "birnen", "--export", str(tmp_path / "x"), "--thinking")
    assert found["files"] == [f"{WRITTEN} Birnen.md"]
    assert "SECRET" in (tmp_path / "x" / f"{WRITTEN} Birnen.md").read_text(encoding="utf-8")


def test_a_folder_that_cannot_be_made_says_so(three: None, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert desk("--export", str(tmp_path / "file" / "below"), "--json") == 1
    assert json.loads(capsys.readouterr().out)["id"] == "sharing.not_written"


def test_asking_makes_no_history(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(capsys) == {"chats": []}
    assert not folders().history.exists()


def test_without_chats_that_is_said(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert desk() == 0
    assert capsys.readouterr() == ("There are no chats yet\n", "")


def test_what_was_written_out_is_counted_and_a_picture_that_is_gone_is_told(
    three: None, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert desk("--export", str(tmp_path / "all")) == 0
    first, folder = capsys.readouterr().out.splitlines()
    assert first.startswith("3 chats were exported, ")
    assert folder == str(tmp_path / "all")

    async def work() -> None:
        history, _ = await History.open(folders().history)
        shown = picture_part(Picture("0" * 64, 3, 2), "cat.png")
        await history.put(Imported("Bild", DAY, DAY, (ImportedMessage("q", None, "user", DAY, (shown,)),), None, ""))
        await history.close()

    asyncio.run(work())
    with terminal() as screen:
        assert desk("--search", "Bild", "--export", str(tmp_path / "one")) == 0
    assert screen.out.startswith("1 chat was exported, ")
    assert "Exporting: " in screen.err
    assert screen.err.endswith("1 picture is missing: it is no longer in Mistral Desk's folder.\n")


@pytest.mark.allow_log(".", "mistral_desk.chat")
def test_a_history_that_is_damaged_is_told_beside_what_is_left(three: None, capsys: pytest.CaptureFixture[str]) -> None:
    folders().history.write_bytes(b"no database" * 1000)
    assert desk("--json") == 0
    said = capsys.readouterr()
    assert (len(json.loads(said.out)["chats"]), said.err) == (3, ""), "its copy took its place"
    folders().history.write_bytes(b"no database" * 1000)
    assert desk() == 0
    assert "damaged" in capsys.readouterr().err


def test_a_format_that_needs_the_window_is_wrong_use(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert desk("--export", "x", "--format", "pdf") == 2
    capsys.readouterr()
