"""A file gets a name that nothing has: whatever stands there is as it was afterwards, in each way that a system has."""

from __future__ import annotations

import errno
import os
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from mistral_desk.core import putting
from mistral_desk.core.putting import aside, put
from tests.fixtures.other_programs import put as lay

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Way = Callable[[Path, Path], None]

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has one way")
WAYS = [
    pytest.param(put, id="as the system does it"),
    pytest.param(putting._by_link, id="by a second name", marks=posix),
    pytest.param(putting._by_claim, id="by a claim", marks=posix),
]


def stand(target: Path, what: str) -> Callable[[], object]:
    """Let something stand there. What it looks like, to be asked again."""
    if what == "file":
        lay(target, b"theirs")
        return target.read_bytes
    if what == "folder":
        lay(target / "inside", b"theirs")
        return lambda: sorted((path.name, path.read_bytes()) for path in target.iterdir())
    elsewhere = target.with_name("elsewhere")
    if what == "link":
        lay(elsewhere, b"theirs")
    target.symlink_to(elsewhere)
    return lambda: (target.readlink(), elsewhere.exists() and elsewhere.read_bytes())


@pytest.mark.parametrize("way", WAYS)
def test_where_nothing_stands_it_gets_its_name(tmp_path: Path, way: Way) -> None:
    staged, target = lay(tmp_path / "staged", b"ours"), tmp_path / "ü target"
    way(staged, target)
    assert (target.read_bytes(), staged.exists()) == (b"ours", False)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "what", ["file", "folder", pytest.param("link", marks=posix), pytest.param("link to nothing", marks=posix)]
)
def test_what_stands_there_stays_and_so_does_what_was_to_come(tmp_path: Path, way: Way, what: str) -> None:
    staged, target = lay(tmp_path / "staged", b"ours"), tmp_path / "target"
    look = stand(target, what)
    before = look()
    with pytest.raises(FileExistsError):
        way(staged, target)
    assert (look(), staged.read_bytes()) == (before, b"ours")


@pytest.mark.parametrize("way", WAYS)
def test_a_name_in_other_letters_is_lost_on_no_disk(tmp_path: Path, way: Way) -> None:
    """Whether both are one name is the disk's business."""
    theirs, staged = lay(tmp_path / "Tiny-Q4.gguf", b"theirs"), lay(tmp_path / "staged", b"ours")
    one_name = (tmp_path / "TINY-q4.gguf").exists()
    if one_name:
        with pytest.raises(FileExistsError):
            way(staged, tmp_path / "TINY-q4.gguf")
    else:
        way(staged, tmp_path / "TINY-q4.gguf")
    assert theirs.read_bytes() == b"theirs"
    assert sorted(path.read_bytes() for path in tmp_path.iterdir()) == [b"ours", b"theirs"]


@pytest.mark.parametrize("way", WAYS)
def test_of_many_at_one_moment_one_gets_the_name_and_none_is_lost(tmp_path: Path, way: Way) -> None:
    many = [lay(tmp_path / str(number), b"%d" % number) for number in range(8)]
    target, ready = tmp_path / "target", threading.Barrier(len(many))
    refused: list[Path] = []

    def goes(staged: Path) -> None:
        ready.wait()
        try:
            way(staged, target)
        except FileExistsError:
            refused.append(staged)

    threads = [threading.Thread(target=goes, args=(staged,)) for staged in many]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == len(many) - 1
    assert sorted(path.read_bytes() for path in tmp_path.iterdir()) == [b"%d" % number for number in range(8)]


@posix
@pytest.mark.parametrize("number", sorted(putting._CANNOT))
@pytest.mark.parametrize("taken", [False, True])
def test_a_disk_that_knows_neither_way_is_asked_by_a_claim(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, taken: bool
) -> None:
    def unknown(*_: object, **_more: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(putting, "_WAYS", (unknown, putting._by_link))
    monkeypatch.setattr(os, "link", unknown)
    staged, target = lay(tmp_path / "staged", b"ours"), tmp_path / "target"
    if taken:
        lay(target, b"theirs")
        with pytest.raises(FileExistsError):
            put(staged, target)
        assert (target.read_bytes(), staged.read_bytes()) == (b"theirs", b"ours")
    else:
        put(staged, target)
        assert (target.read_bytes(), staged.exists()) == (b"ours", False)


@posix
@pytest.mark.parametrize("ways", [putting._WAYS, (putting._by_link,)], ids=["by the kernel", "by a claim"])
def test_a_link_gets_its_name_as_a_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ways: tuple[Callable[[Path, Path], None], ...]
) -> None:
    monkeypatch.setattr(putting, "_WAYS", ways)
    staged, target = tmp_path / "staged", tmp_path / "target"
    staged.symlink_to(lay(tmp_path / "elsewhere", b"theirs"))
    put(staged, target)
    assert (target.readlink(), staged.is_symlink()) == (tmp_path / "elsewhere", False)


@pytest.mark.parametrize("way", WAYS)
def test_what_is_not_there_takes_no_name(tmp_path: Path, way: Way) -> None:
    with pytest.raises(FileNotFoundError):
        way(tmp_path / "gone", tmp_path / "target")
    assert list(tmp_path.iterdir()) == []


@posix
def test_another_disk_is_told_and_nothing_else_is_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def elsewhere(*_: object) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(putting, "_WAYS", (elsewhere, putting._by_link))
    staged = lay(tmp_path / "staged", b"ours")
    with pytest.raises(OSError) as caught:  # noqa: PT011 - its number is looked at
        put(staged, tmp_path / "target")
    assert caught.value.errno == errno.EXDEV
    assert [path.name for path in tmp_path.iterdir()] == ["staged"]


class Held:
    """A file that a virus scanner holds for so many tries, as Windows says it; then its new name is taken, or free."""

    def __init__(self, tries: int, *, taken: bool) -> None:
        self.left, self.taken, self.placed = tries, taken, False

    def rename(self, _new: object) -> None:
        self.left -= 1
        if self.left >= 0:
            raise PermissionError(13, "The process cannot access the file")
        if self.taken:
            raise FileExistsError(17, "Cannot create a file when that file already exists")
        self.placed = True


@pytest.mark.parametrize(("held", "taken", "ends"), [(0, False, None), (2, False, None), (2, True, FileExistsError)])
def test_windows_waits_for_a_virus_scanner_and_for_nobody_else(
    held: int, taken: bool, ends: type[OSError] | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(putting, "_PAUSE_S", 0.0)
    file = Held(held, taken=taken)
    if ends is None:
        putting._patiently(file, tmp_path)  # type: ignore[arg-type]
    else:
        with pytest.raises(ends):
            putting._patiently(file, tmp_path)  # type: ignore[arg-type]
    assert (file.left, file.placed) == (-1, not taken)


def test_what_is_set_aside_twice_in_a_moment_is_there_twice(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    for content in (b"1", b"2", b"3"):
        lay(path, content)
        assert aside(path).suffix == ".json"
    assert sorted(one.read_bytes() for one in tmp_path.glob("list-damaged-*.json")) == [b"1", b"2", b"3"]
    assert not path.exists()
