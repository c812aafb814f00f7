"""Files and folders that are for one person, whatever new files are like on this system."""

from __future__ import annotations

import errno
import os
import re
import stat
from pathlib import Path
from typing import Final

import pytest

import mistral_desk
from mistral_desk.core import private

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


@pytest.mark.skipif(os.name != "posix", reason="only administrators make links there")
@pytest.mark.parametrize("refuses_links", [getattr(os, "O_NOFOLLOW", 0), 0], ids=["by a flag", "asked before"])
@pytest.mark.parametrize("there", [True, False])
def test_a_link_is_not_followed_and_nothing_is_made_where_it_leads(
    refuses_links: int, tmp_path: Path, *, there: bool
) -> None:
    theirs, link = tmp_path / "theirs", tmp_path / "link"
    if there:
        theirs.write_bytes(b"mine")
    link.symlink_to(theirs)
    for flags in (os.O_WRONLY | os.O_CREAT | os.O_TRUNC, os.O_WRONLY | os.O_CREAT | os.O_APPEND, os.O_RDONLY):
        with pytest.raises(OSError, match=r"link") as caught:
            private.opened(link, flags, refuses_links=refuses_links)
        assert caught.value.errno == errno.ELOOP
    assert (theirs.read_bytes() if there else theirs.exists()) == (b"mine" if there else False)


@posix_only
def test_what_is_written_goes_through_no_link(tmp_path: Path) -> None:
    (tmp_path / "theirs").write_bytes(b"mine")
    (tmp_path / "link").symlink_to(tmp_path / "theirs")
    for way in (private.write, private.append):
        with pytest.raises(OSError, match=r"link"):
            way(tmp_path / "link", b"x")
    assert (tmp_path / "theirs").read_bytes() == b"mine"


OPENS: Final = {
    "chat/attachments/source.py": "reads",
    "chat/store.py": "the history, which a person may keep elsewhere by a link of their own",
    "cli/main.py": "the null device",
    "core/lasting.py": "a folder, to make its names last",
    "core/private.py": "the way for all others",
    "core/putting.py": "only what is new",
    "inference/packs/archive.py": "only what is new",
    "inference/rpc/lending.py": "reads",
    "inference/sandbox/landlock.py": "a place, to name it to the system",
    "inference/sandbox/trial.py": "tries whether that is refused",
    "inference/state_file.py": "only what is new",
    "inference/worker.py": "the null device",
    "library/copying.py": "a lock in a folder that nobody can foresee",
    "library/disk.py": "to read only",
    "library/move_plan.py": "a lock on what is there",
}
"""Files that use `os.open` themselves, and why nothing is written where a stranger's link leads."""
WRITES: Final = {
    "chat/sharing/packing.py": "a member of an archive",
    "cli/self_test.py": "in a folder of its own, which is deleted",
}
"""The same for files that are opened by name; what has to be new (`x`) follows no link."""
_OPENS: Final = re.compile(r"\bos\.open\(")
_WRITES: Final = re.compile(
    r"""\.(?:write_bytes|write_text)\((?!.*sys\.std)|\.open\(["'][wa]|\bopen\([^()]*, ["'][wa]b?["'](?!.*opener=)"""
)


def test_no_other_file_is_written_to_where_a_link_may_lead() -> None:
    """Each way to write to a file by its name is `core.private`, or is named here with its reason."""
    source = Path(mistral_desk.__file__).parent
    code = {file.relative_to(source).as_posix(): file.read_text(encoding="utf-8") for file in source.rglob("*.py")}
    assert {name for name, text in code.items() if _OPENS.search(text)} == set(OPENS)
    assert {name for name, text in code.items() if _WRITES.search(text)} == set(WRITES)


@pytest.mark.parametrize(
    "line",
    ['path.open("wb")', "path.write_bytes(b'')", 'open(path, "w")', 'open(path, "ab", buffering=0)', "os.open(p, f)"],
)
def test_a_way_to_write_would_be_found(line: str) -> None:
    assert _OPENS.search(line) or _WRITES.search(line)
