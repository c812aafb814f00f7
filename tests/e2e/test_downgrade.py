"""Going back to an older version: what a newer one wrote is refused in plain words, and not a byte of it is changed."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import subprocess
from typing import TYPE_CHECKING, Final

import pytest

from mistral_desk.chat.schema import APPLICATION_ID
from mistral_desk.core.paths import folders, resource
from tests.fixtures.program import PROGRAM

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.e2e

SETTINGS: Final = {"theme": "dark", "sidebar_of_2030": {"left": True}}


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """The program with these words, to its end."""
    return subprocess.run([*PROGRAM, *words], check=False, capture_output=True, encoding="utf-8", timeout=240)


def contents(*files: Path) -> list[bytes]:
    return [file.read_bytes() for file in files]


def test_chats_of_a_newer_version_are_refused_by_every_door_and_left_as_they_are(home: Path, tmp_path: Path) -> None:
    places = folders().ensure()
    with contextlib.closing(sqlite3.connect(places.history)) as newer:
        newer.execute("CREATE TABLE thread (body TEXT)")
        newer.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        newer.execute("PRAGMA user_version = 99")
    before = {path: path.read_bytes() for path in places.data.rglob("*") if path.is_file()}
    picture = tmp_path / "window.png"
    for words in (("chats",), ("--screenshot", str(picture))):
        ended = run(*words)
        assert ended.returncode == 1, words
        assert "Your chats were written by a newer version" in ended.stderr
        assert "Update Mistral Desk" in ended.stderr
        assert "Traceback" not in ended.stderr
    assert not picture.exists()
    assert {path: path.read_bytes() for path in places.data.rglob("*") if path in before} == before
    assert not list(places.data.glob("history-damaged*"))


def test_lists_and_settings_of_a_newer_version_are_kept_for_it(home: Path) -> None:
    places = folders().ensure()
    names = ("adopted.json", "downloads.json", "library.json", "moving.json")
    lists = [places.data / name for name in names]
    for file in lists:
        file.write_text(json.dumps({"format": 99, "shelves": [{"by": "colour"}]}), encoding="utf-8")
    places.settings.parent.mkdir(parents=True, exist_ok=True)
    places.settings.write_text(json.dumps(SETTINGS), encoding="utf-8")
    before = contents(*lists, places.settings)
    assert run("list").returncode == 0
    refused = run("import", str(resource("model", "guide.gguf")))
    assert refused.returncode == 1
    assert "A newer version of Mistral Desk has written a list of your models" in refused.stderr
    assert str(lists[0]) in refused.stderr
    assert contents(*lists, places.settings) == before
    assert not list(places.data.glob("*-damaged-*"))
