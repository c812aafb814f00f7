"""A move of models, file by file, on disks that are bad, are two under one name, know no links, or change meanwhile."""

from __future__ import annotations

import errno
import os
import sys
import threading
from pathlib import Path

import msgspec
import pytest

from mistral_desk.core import putting
from mistral_desk.core.errors import DeskError
from mistral_desk.library import journal, relocating
from mistral_desk.library.part import StoppedError
from mistral_desk.library.relocating import Mover, Note, Step
from tests.fixtures.hub_files import content
from tests.fixtures.moving import begun, contents, mover, note_of
from tests.fixtures.other_programs import put

links = pytest.mark.skipif(sys.platform == "win32", reason="links are not for everybody there")


def on(one: Mover) -> None:
    """To the end."""
    one.forward()
    one.switched()
    one.clear()


def test_two_disks_under_one_name_are_noticed_and_the_models_are_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two folders of one computer may look like one disk until something is renamed."""
    source, target, expected = begun(tmp_path)
    steps: list[str] = []
    renames = Path.rename

    def other_disk(self: Path, new: Path) -> Path:
        if source in self.parents:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        return renames(self, new)

    monkeypatch.setattr(Path, "rename", other_disk)
    monkeypatch.setattr(putting, "_WAYS", (other_disk,))
    one = mover(note_of(source, target), reached=steps.append)
    on(one)
    assert (contents(target), contents(source)) == (expected, {})
    assert "renamed" not in steps
    assert steps.count("compared") >= 4


def test_what_the_disk_says_of_a_rename_is_told_and_nothing_is_copied_instead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target, expected = begun(tmp_path)

    def broken(self: Path, new: Path) -> Path:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(Path, "rename", broken)
    monkeypatch.setattr(putting, "_WAYS", (broken,))
    with pytest.raises(DeskError) as caught:
        mover(note_of(source, target)).forward()
    assert caught.value.problem.id == "library.disk"
    assert contents(source) == expected


def test_on_a_disk_without_links_files_that_share_their_bytes_come_as_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target, expected = begun(tmp_path)

    def no_links(_source: object, _target: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", no_links)
    one = mover(note_of(source, target), copies=True)
    one.forward()
    assert contents(target) == expected
    assert not (target / "acme/Tiny-GGUF/Twin.gguf").samefile(target / "acme/Tiny-GGUF/Tiny-Q4_K_M.gguf")


@links
@pytest.mark.parametrize("copies", [False, True], ids=["renamed", "copied"])
def test_a_model_that_is_a_link_stays_one_to_the_same_file_which_may_move_with_it(tmp_path: Path, copies: bool) -> None:
    """Its bytes lie elsewhere, perhaps because there is no room for them here; or beside it, under another name."""
    source, target, _ = begun(tmp_path)
    elsewhere = put(tmp_path / "archive" / "Large.gguf", b"weights")
    (source / "Large.gguf").symlink_to(Path("..") / "archive" / "Large.gguf")
    for name in ("A name for it.gguf", "Zweitname.gguf"):
        (source / name).symlink_to("Mein Modell.gguf")
    (source / "To nothing.gguf").symlink_to("nowhere.gguf")
    expected = contents(source, skip=("To nothing.gguf",))
    on(mover(note_of(source, target), copies=copies))
    assert contents(target, skip=("To nothing.gguf",)) == expected
    assert os.path.realpath(target / "Large.gguf") == str(elsewhere)
    assert [(target / name).is_symlink() for name in ("Zweitname.gguf", "To nothing.gguf")] == [True, True]
    assert [path.name for path in source.iterdir()] == ["Urlaub.jpg"]


def test_a_copy_that_is_not_what_was_read_is_no_copy(tmp_path: Path) -> None:
    """A disk that takes what it is given and keeps something else is found out before the old file is deleted."""
    source, target, expected = begun(tmp_path)

    def spoils(step: Step) -> None:
        staged = target / f"Mein Modell.gguf{relocating.STAGED}"
        if (step.phase == "checking" and step.file == "Mein Modell.gguf") or not staged.exists():
            return
        if step.phase == "copying" and staged.stat().st_size >= len(expected["Mein Modell.gguf"]):
            with staged.open("r+b") as file:
                file.write(b"????")

    one = mover(note_of(source, target), copies=True, told=spoils)
    with pytest.raises(DeskError) as caught:
        one.forward()
    assert (caught.value.problem.id, caught.value.problem.params["name"]) == (
        "library.copy_differs",
        "Mein Modell.gguf",
    )
    assert not list(target.rglob(f"*{relocating.STAGED}"))
    assert contents(source) == expected


def test_a_file_that_is_written_to_while_it_is_copied_is_busy(tmp_path: Path) -> None:
    source, target, _ = begun(tmp_path)
    own = source / "Mein Modell.gguf"

    def writes(what: str) -> None:
        if what == "copied":
            os.utime(own, (1, 1))

    note = Note(relocating.FORMAT, str(source), str(target), "forward", ("Mein Modell.gguf",))
    one = mover(note, copies=True, reached=writes)
    with pytest.raises(DeskError) as caught:
        one.forward()
    assert (caught.value.problem.id, caught.value.problem.params["name"]) == ("library.move_busy", own.name)
    assert contents(target) == {}


@pytest.mark.allow_log("was damaged before it was moved", "mistral_desk.library.relocating")
def test_a_model_that_was_damaged_before_is_moved_as_it_is(tmp_path: Path) -> None:
    """It may be all that a person has; its list still says what it should be."""
    source, target, _ = begun(tmp_path)
    old = source / "acme/Tiny-GGUF/Tiny-Q4_K_M.gguf"
    damaged = content(old.stat().st_size, 77)
    old.write_bytes(damaged)
    one = mover(note_of(source, target), copies=True)
    one.forward()
    moved = target / "acme/Tiny-GGUF/Tiny-Q4_K_M.gguf"
    assert moved.read_bytes() == damaged
    kept = journal.read(journal.path_for(moved))
    assert kept is not None
    assert kept.sha256 != ""


def test_a_list_that_goes_with_its_download_is_not_missed(tmp_path: Path) -> None:
    """A download ends while its files are on their way: what is gone is left out."""
    source, target, expected = begun(tmp_path)
    part = source / "acme/Other-GGUF/Other-Q8_0.gguf.part"

    def goes(step: Step) -> None:
        part.unlink(missing_ok=True)

    one = mover(note_of(source, target), told=goes)
    one.forward()
    del expected["acme/Other-GGUF/Other-Q8_0.gguf.part"]
    assert contents(target) == expected


def test_what_changed_in_the_old_folder_after_the_move_is_not_deleted(tmp_path: Path) -> None:
    source, target, _ = begun(tmp_path)
    note = note_of(source, target)
    mover(note, copies=True).forward()
    put(source / "Mein Modell.gguf", b"a person put another one there")
    mover(note).clear()
    assert contents(source) == {"Mein Modell.gguf": b"a person put another one there"}
    assert "Mein Modell.gguf" in contents(target)


def stranger(source: Path, target: Path, name: str) -> bytes:
    """Another file of that name in the new folder, which many write into: as large and as old as the one that moves."""
    known = (source / name).stat()
    data = content(known.st_size, 99)
    put(target / name, data)
    os.utime(target / name, ns=(known.st_atime_ns, known.st_mtime_ns))
    assert data != (source / name).read_bytes()
    return data


@pytest.mark.parametrize(("when", "copies"), [("before", False), ("before", True), ("meanwhile", True)])
def test_another_file_of_the_same_size_and_time_is_no_copy_and_neither_of_them_is_lost(
    tmp_path: Path, when: str, *, copies: bool
) -> None:
    source, target, expected = begun(tmp_path)
    name, theirs = "Mein Modell.gguf", b""

    def comes(_what: object) -> None:
        nonlocal theirs
        if not theirs and (when == "before" or (target / f"{name}{relocating.STAGED}").exists()):
            theirs = stranger(source, target, name)

    one = mover(note_of(source, target), copies=copies, reached=comes)
    if when == "before":
        comes("")
    with pytest.raises(DeskError) as caught:
        one.forward()
    assert (caught.value.problem.id, caught.value.problem.params["name"]) == ("library.move_exists", name)
    one.back()
    assert contents(source) == expected
    assert contents(target) == {name: theirs}
    assert relocating.is_back(one.note)


def test_what_took_the_place_of_a_copy_is_read_before_an_original_is_deleted(tmp_path: Path) -> None:
    source, target, expected = begun(tmp_path)
    note = note_of(source, target)
    mover(note, copies=True).forward()
    name = "Mein Modell.gguf"
    (target / name).unlink()
    theirs = stranger(source, target, name)
    mover(msgspec.structs.replace(note, phase="clearing")).clear()
    assert contents(source) == {name: expected[name]}
    assert contents(target) == {**expected, name: theirs}


def test_what_is_the_same_to_the_last_byte_already_need_not_come_and_its_owner_keeps_it(tmp_path: Path) -> None:
    source, target, expected = begun(tmp_path)
    name = "Mein Modell.gguf"
    put(target / name, expected[name])
    os.utime(target / name, (1, 1))
    one = mover(note_of(source, target), copies=True)
    one.forward()
    one.back()
    assert (contents(source), contents(target)) == (expected, {name: expected[name]})
    one = mover(note_of(source, target), copies=True)
    on(one)
    assert (contents(source), contents(target)) == ({}, expected)
    assert (target / name).stat().st_mtime == 1


@links
def test_a_folder_that_leads_back_into_the_old_one_has_no_copies(tmp_path: Path) -> None:
    """What seems to be there already is the very same file, and the only one."""
    source, target, expected = begun(tmp_path)
    note = note_of(source, target)
    (target / "acme").symlink_to(source / "acme")
    for one in (mover(note), mover(note, copies=True)):
        with pytest.raises(DeskError, match=r"library\.move_exists"):
            one.forward()
        one.back()
        assert contents(source) == expected
    mover(msgspec.structs.replace(note, phase="clearing")).clear()
    assert contents(source) == expected


def test_who_stops_in_the_midst_of_a_file_gets_out(tmp_path: Path) -> None:
    source, target, expected = begun(tmp_path)
    for phase in ("copying", "checking", "clearing"):
        stop = threading.Event()

        def stops(step: Step, at: str = phase, stop: threading.Event = stop) -> None:
            if step.phase == at:
                stop.set()

        one = mover(note_of(source, target), copies=True, told=stops, stop=stop)
        with pytest.raises(StoppedError):
            on(one)
    assert set(contents(source)) | set(contents(target)) == set(expected)
