"""A file that somebody reads just now is replaced when he lets go: for Windows, which refuses it until then."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mistral_desk.catalog import store
from mistral_desk.catalog.cache_file import FILE, Entry, Fetched
from mistral_desk.core import replacing
from mistral_desk.core.errors import DeskError
from mistral_desk.core.replacing import put_in_place
from tests.fixtures.catalog_records import published

if TYPE_CHECKING:
    from collections.abc import Callable


class Windows:
    """The edge of the system as Windows has it: nobody replaces what is open; waiting is what closes it."""

    def __init__(self, refusals: int) -> None:
        self.refusals, self.waited = refusals, 0
        self._replace: Callable[[Path, Path], Path] = Path.replace

    def replace(self, staged: Path, target: Path) -> Path:
        if self.refusals > 0 and target.exists():
            raise PermissionError(13, "Access is denied", str(staged), 5, str(target))
        return self._replace(staged, target)

    def sleep(self, _seconds: float) -> None:
        self.waited += 1
        self.refusals -= 1


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Windows]:
    def made(refusals: int) -> Windows:
        one = Windows(refusals)

        def replace(staged: Path, target: Path) -> Path:
            return one.replace(staged, target)

        monkeypatch.setattr(Path, "replace", replace)
        monkeypatch.setattr(time, "sleep", one.sleep)
        monkeypatch.setattr(put_in_place, "__kwdefaults__", {"patient": True})
        return one

    return made


def two(folder: Path) -> tuple[Path, Path]:
    staged, target = folder / "new.tmp", folder / "old"
    staged.write_bytes(b"new")
    target.write_bytes(b"old")
    return staged, target


@pytest.mark.parametrize("refusals", [0, 1, 5, len(replacing._PAUSES_S)])
def test_it_is_replaced_as_soon_as_the_reader_lets_go(
    tmp_path: Path, windows: Callable[[int], Windows], refusals: int
) -> None:
    staged, target = two(tmp_path)
    system = windows(refusals)
    put_in_place(staged, target)
    assert (target.read_bytes(), staged.exists(), system.waited) == (b"new", False, refusals)


def test_who_never_lets_go_is_told_of(tmp_path: Path, windows: Callable[[int], Windows]) -> None:
    staged, target = two(tmp_path)
    windows(1000)
    with pytest.raises(PermissionError):
        put_in_place(staged, target)
    assert (target.read_bytes(), staged.read_bytes()) == (b"old", b"new")


def test_a_folder_in_its_place_is_not_waited_for(tmp_path: Path, windows: Callable[[int], Windows]) -> None:
    staged, target = two(tmp_path)
    target.unlink()
    target.mkdir()
    system = windows(1000)
    with pytest.raises(PermissionError):
        put_in_place(staged, target)
    assert system.waited == 0


def test_elsewhere_a_refusal_is_one_at_once(tmp_path: Path, windows: Callable[[int], Windows]) -> None:
    staged, target = two(tmp_path)
    system = windows(1)
    with pytest.raises(PermissionError):
        put_in_place(staged, target, patient=False)
    assert system.waited == 0


def test_a_refresh_is_kept_while_the_command_line_reads_the_last_one(
    tmp_path: Path, windows: Callable[[int], Windows]
) -> None:
    first, second = (Entry(one.body) for one in published(2))
    store.replace(tmp_path, Fetched(1.0, "https://x.example", (first,)))
    windows(3)
    store.replace(tmp_path, Fetched(2.0, "https://x.example", (second,)))
    kept = store.stored(tmp_path)
    assert kept is not None
    assert (kept.when, kept.entries) == (2.0, (second,))
    windows(1000)
    with pytest.raises(DeskError) as caught:
        store.replace(tmp_path, Fetched(3.0, "https://x.example", (first,)))
    assert caught.value.problem.id == "catalog.not_saved"
    assert store.stored(tmp_path) == kept
    assert [path.name for path in tmp_path.iterdir()] == [FILE], "nothing is left beside it"


def test_a_small_file_is_there_whole_and_for_one_person_only(tmp_path: Path) -> None:
    place = tmp_path / "new" / "kept.json"
    for content in (b"a longer one", b"short"):
        replacing.write(place, content)
        assert place.read_bytes() == content
    assert [path.name for path in place.parent.iterdir()] == ["kept.json"]
    if os.name == "posix":
        assert [stat.S_IMODE(path.stat().st_mode) for path in (place.parent, place)] == [0o700, 0o600]


def test_what_could_not_be_put_in_place_leaves_nothing_beside_it(tmp_path: Path) -> None:
    (tmp_path / "kept.json").mkdir()
    with pytest.raises(OSError, match=r"kept"):
        replacing.write(tmp_path / "kept.json", b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["kept.json"]
