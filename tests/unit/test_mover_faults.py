"""A move of models, file by file, on disks that are bad, are two under one name, know no links, or change meanwhile."""

from __future__ import annotations

import errno
import os
import sys
import threading
from pathlib import Path

import pytest

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

    def other_disk(self: Path, new: Path) -> Path:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(Path, "rename", other_disk)
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
