"""What headers on the hub said is a cache: damaged it is forgotten; what cannot be written leaves nothing behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mistral_desk.catalog import header_file
from mistral_desk.catalog.claims import HeaderFacts

if TYPE_CHECKING:
    from pathlib import Path


def facts(number: int) -> HeaderFacts:
    return HeaderFacts(f"owner/model-{number}/a.gguf", 4096, 10**9, number, None)


def test_it_is_read_as_it_was_written_and_only_the_newest_stay(tmp_path: Path) -> None:
    said = {f"owner/model-{number}": facts(number) for number in range(header_file.MOST + 3)}

    header_file.write(tmp_path, said)

    assert header_file.read(tmp_path) == dict(list(said.items())[3:])


@pytest.mark.parametrize("content", [b"", b"{", b'{"a": 1}', b"[" * 100_000, b"\xff\xfe", b'{"a": {"file": 1}}'])
def test_what_is_damaged_is_forgotten_and_can_be_written_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / header_file.FILE).write_bytes(content)

    assert header_file.read(tmp_path) == {}
    header_file.write(tmp_path, {"owner/model-1": facts(1)})
    assert header_file.read(tmp_path) == {"owner/model-1": facts(1)}


def test_what_cannot_be_put_in_its_place_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / header_file.FILE).mkdir()  # in the way

    header_file.write(tmp_path, {"owner/model-1": facts(1)})

    assert [path.name for path in tmp_path.iterdir()] == [header_file.FILE]
    assert header_file.read(tmp_path) == {}
