"""Files and folders that are for one person, whatever new files are like on this system."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from mistral_desk.core import private

if TYPE_CHECKING:
    from pathlib import Path

posix_only = pytest.mark.skipif(os.name != "posix", reason="Windows' folders inherit who may read them")


@posix_only
def test_nobody_else_may_look(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        private.folder(tmp_path / "a" / "b")
        private.write(tmp_path / "a" / "b" / "c", b"x")
        private.append(tmp_path / "a" / "b" / "d", b"x")
    finally:
        os.umask(before)
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("a", "a/b", "a/b/c", "a/b/d")]
    assert modes == [0o700, 0o700, 0o600, 0o600]


def test_what_is_there_already_is_written_anew_and_a_folder_may_exist(tmp_path: Path) -> None:
    for content in (b"a longer one\r\n", b"short\n"):
        private.folder(tmp_path)
        private.write(tmp_path / "c", content)
        assert (tmp_path / "c").read_bytes() == content
    private.append(tmp_path / "c", b"more\n")
    assert (tmp_path / "c").read_bytes() == b"short\nmore\n"


def test_a_file_in_the_place_of_a_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(OSError, match=r"file"):
            private.folder(place)
