"""The file of the fetched catalogue is bounded on both ways, and what is none is not waited for."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from mistral_desk.catalog import cache_file, store
from mistral_desk.catalog.cache_file import FILE, LARGEST, Entry, Fetched
from mistral_desk.core.errors import DeskError
from tests.fixtures.catalog_records import published

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.allow_log("is set aside", logger=cache_file.__name__)
def test_a_file_that_is_too_large_is_set_aside_unread(tmp_path: Path) -> None:
    store.replace(tmp_path, Fetched(1.0, "https://x.example", tuple(Entry(one.body) for one in published(2))))
    with (tmp_path / FILE).open("r+b") as file:
        file.truncate(LARGEST + 1)  # the disk has no bytes for what lies between
    assert store.stored(tmp_path) is None
    opened = store.open_catalogue(tmp_path)
    assert opened.fetched is None
    assert opened.get("mistral-small-4") is not None, "what ships with the program is there"
    assert [one.name for one in opened.set_aside] == [path.name for path in tmp_path.iterdir()]
    assert store.open_catalogue(tmp_path).set_aside == (), "it is met once"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pipes in folders")
@pytest.mark.allow_log("is set aside", logger=cache_file.__name__)
def test_a_pipe_in_its_place_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / FILE)
    assert store.stored(tmp_path) is None
    assert store.open_catalogue(tmp_path).fetched is None


def test_more_than_can_be_read_again_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = tuple(Entry(one.body) for one in published(3))
    store.replace(tmp_path, Fetched(1.0, "https://x.example", entries))
    kept = store.stored(tmp_path)
    monkeypatch.setattr(cache_file, "LARGEST", cache_file._HEAD_ROOM + 1000)
    with pytest.raises(DeskError) as caught:
        store.replace(tmp_path, Fetched(2.0, "https://x.example", entries))
    assert caught.value.problem.id == "catalog.not_saved"
    assert store.stored(tmp_path) == kept
