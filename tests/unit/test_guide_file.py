"""A guide on the disk that is no text: said in words, and not an error that nobody foresaw."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mistral_desk.core.errors import DeskError
from mistral_desk.ui.guide import reading

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("content", [b"# a\n\xff\xfe", b"# a\n\xc3", b"\xed\xa0\x80", None])
def test_a_guide_that_cannot_be_read_is_a_part_that_is_missing(
    content: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "README.md"
    if content is not None:
        page.write_bytes(content)
    monkeypatch.setattr(reading, "resource", lambda *_: page)
    with pytest.raises(DeskError, match=r"resource\.missing"):
        reading.read()
