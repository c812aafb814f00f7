"""What lies on the disk already and is not as it seems: equal in size only, changed, deep below, gone, or a folder."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import send2trash
from msgspec.structs import replace

from mistral_desk.core.errors import DeskError
from mistral_desk.library import deleting, disk, journal, scan
from mistral_desk.library.adopted_file import FORMAT
from mistral_desk.library.adopted_file import load as load_adopted
from mistral_desk.library.orders import Order
from mistral_desk.library.orders import load as load_orders
from mistral_desk.library.part import Part, StoppedError
from mistral_desk.library.shelf_file import Installed, LibraryFile
from mistral_desk.library.there import DEEPEST, drop, lists, present, prove, take_over, twin
from mistral_desk.library.verify import verify
from mistral_desk.library.wanted import Wanted, place
from tests.fixtures.hub_files import content
from tests.fixtures.other_programs import put, sha256

if TYPE_CHECKING:
    from collections.abc import Callable

DATA = content(3 << 20)
LABEL = ("acme/tiny-GGUF:m", "m")


def wanted(data: bytes = DATA, path: str = "m.gguf", *, known: bool = True, revision: str = "a" * 40) -> Wanted:
    """A file of the hub; `known`: with its hash."""
    return Wanted("acme/tiny-GGUF", revision, path, len(data), sha256(data) if known else None)


def proven(models: Path, file: Wanted, data: bytes = DATA) -> Path:
    """A file that came whole. Its path."""
    final = put(place(models, file), data)
    prove(final, file, sha256(data), LABEL)
    return final


# --- whether it is there ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lies", "asked", "found"),
    [
        (wanted(), wanted(), True),
        (wanted(), wanted(DATA + b"1"), False),
        (wanted(), wanted(content(3 << 20, 9)), False),
        (wanted(known=False), wanted(known=False), True),
        (wanted(known=False), wanted(), True),
    ],
    ids=["the same", "of another size", "of another hash", "by its place", "by what came"],
)
def test_a_file_is_there_when_its_list_says_so_of_this_file(
    tmp_path: Path, lies: Wanted, asked: Wanted, found: bool
) -> None:
    final = proven(tmp_path, lies)
    assert present(final, asked, LABEL, threading.Event()) is found


def test_a_file_that_nobody_has_proven_and_nobody_can_is_not_there(tmp_path: Path) -> None:
    final = put(place(tmp_path, wanted()), DATA)
    assert not present(final, wanted(known=False), LABEL, threading.Event())
    assert present(final, wanted(), LABEL, threading.Event())


def test_who_stops_while_a_file_is_read_gets_out(tmp_path: Path) -> None:
    final, stop = put(place(tmp_path, wanted()), DATA), threading.Event()
    stop.set()
    with pytest.raises(StoppedError):
        present(final, wanted(), LABEL, stop)
    assert not journal.path_for(final).exists(), "nothing is said of what was not read to its end"


# --- the same content elsewhere -----------------------------------------------------------------------------


def no_links(source: object, target: object) -> None:
    """As a disk of a camera answers."""
    raise OSError(errno.EPERM, os.strerror(errno.EPERM))


@pytest.mark.parametrize("links", [True, False], ids=["linked", "copied"])
def test_the_same_content_is_taken_over_also_where_the_disk_knows_no_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    source, other = proven(tmp_path, wanted()), wanted(path="again/m.gguf")
    if not links:
        monkeypatch.setattr(os, "link", no_links)
    final = place(tmp_path, other)
    assert twin(tmp_path, other) == source
    assert take_over(source, final, other, LABEL, threading.Event())
    assert final.read_bytes() == DATA
    assert final.samefile(source) is links
    assert present(final, other, LABEL, threading.Event())


@pytest.mark.parametrize("links", [True, False], ids=["linked", "copied"])
@pytest.mark.parametrize("end", ["changed", "stopped"])
def test_what_is_not_that_content_any_more_or_was_stopped_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool, end: str
) -> None:
    source, other, stop = proven(tmp_path, wanted()), wanted(path="again/m.gguf"), threading.Event()
    if not links:
        monkeypatch.setattr(os, "link", no_links)
    final = place(tmp_path, other)
    if end == "stopped":
        stop.set()
        with pytest.raises(StoppedError):
            take_over(source, final, other, LABEL, stop)
    else:
        source.write_bytes(content(3 << 20, 4))
        assert not take_over(source, final, other, LABEL, stop)
    assert not [path for path in final.parent.rglob("*") if path.is_file()]
    assert source.exists()


def test_without_a_hash_nothing_is_taken_for_the_same(tmp_path: Path) -> None:
    proven(tmp_path, wanted())
    assert twin(tmp_path, wanted(path="again/m.gguf", known=False)) is None


def test_what_lies_deeper_than_anything_of_ours_is_not_looked_for(tmp_path: Path) -> None:
    """A link back to a folder above would never end, and a whole disk is nobody's models folder."""
    deep = tmp_path.joinpath(*"abcdefg"[:DEEPEST])
    here, below = put(deep / "Here.gguf", b"x"), put(deep / "more" / "Below.gguf", b"x")
    for file in (here, below):
        put(journal.path_for(file), b"")
    assert here.parent.relative_to(tmp_path).parts == tuple("abcdefg"[:DEEPEST])
    assert [Path(one.path) for one in scan.scan(tmp_path) or ()] == [here]
    assert journal.path_for(below) not in set(lists(tmp_path))


def test_a_cancelled_order_takes_only_its_own_parts_along(tmp_path: Path) -> None:
    """A part that came with another order, and a model in one file, stay."""
    names = ("Own-00001-of-00002.gguf", "Theirs-00001-of-00002.gguf", "Single.gguf")
    files = tuple(wanted(content(100, seed), name) for seed, name in enumerate(names))
    order = Order("mine", "Mine", files)
    for seed, (file, of) in enumerate(zip(files, ("mine", "theirs", "mine"), strict=True)):
        final = put(place(tmp_path, file), content(100, seed))
        prove(final, file, sha256(content(100, seed)), (of, "t"))
    drop(order, tmp_path, frozenset())
    assert [place(tmp_path, file).exists() for file in files] == [False, True, True]


def test_a_file_that_grows_while_it_is_verified_is_believed_in_no_block(tmp_path: Path) -> None:
    """What was read is no one file: all of it comes again when it is repaired."""
    final = place(tmp_path, wanted())
    part = Part(wanted(), final, 1 << 20)
    part.open()
    part.write(0, DATA)
    part.finish(part.sha256())
    part.close()
    assert verify(final).good
    left = [b"more"]

    def grows(_read: int) -> None:
        with final.open("ab") as file:
            file.write(left.pop() if left else b"")

    result = verify(final, grows)
    assert (result.good, result.bad) == (False, (0, 1, 2))


# --- deleting -----------------------------------------------------------------------------------------------


def model_at(*paths: Path, eyes: Path | None = None) -> Installed:
    """A model of these files."""
    files = tuple(LibraryFile(str(path), 1) for path in paths)
    seeing = LibraryFile(str(eyes), 1) if eyes else None
    return Installed(str(paths[0]), str(paths[0]), "M", "M", str(paths[0].parent), files, seeing)


def test_what_cannot_be_deleted_is_named_and_stays(tmp_path: Path) -> None:
    folder = tmp_path / "m.gguf"
    put(folder / "inside", b"a folder that is called like a model")
    for path in (folder, put(tmp_path / "file", b"") / "m.gguf"):
        with pytest.raises(DeskError) as caught:
            deleting.delete(model_at(path), for_good=True)
        assert (caught.value.problem.id, caught.value.problem.params["path"]) == ("library.not_deleted", str(path))
    assert (folder / "inside").exists()


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (OSError(errno.EPERM, "no bin on this drive"), "library.no_bin"),
        (FileNotFoundError(errno.ENOENT, "gone"), "library.not_deleted"),
    ],
)
def test_a_bin_that_takes_nothing_is_said_and_the_model_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: OSError, told: str
) -> None:
    def takes_nothing(_path: str) -> None:
        raise fault

    monkeypatch.setattr(send2trash, "send2trash", takes_nothing)
    file = put(tmp_path / "m.gguf", b"weights")
    with pytest.raises(DeskError) as caught:
        deleting.delete(model_at(file), for_good=False)
    assert caught.value.problem.id == told
    assert file.exists()


def test_a_bin_that_complains_after_it_took_the_file_is_no_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def complains(path: str) -> None:
        Path(path).unlink()
        raise OSError(errno.EIO, "and then its list was full")

    monkeypatch.setattr(send2trash, "send2trash", complains)
    file = put(tmp_path / "m.gguf", b"weights")
    assert deleting.delete(model_at(file), for_good=False) == 0
    assert not file.exists()


# --- what the library says of it ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, None),
        ({"missing": ("a", "b", "c", "d")}, "library.incomplete"),
        ({"away": True}, "library.absent"),
        ({"files": (LibraryFile("/m", 1, verified=(False, 1.0)),)}, "library.damaged"),
    ],
    ids=["good", "parts are missing", "away", "damaged"],
)
def test_why_a_model_cannot_be_used_is_said(tmp_path: Path, change: dict[str, object], told: str | None) -> None:
    one = replace(model_at(put(tmp_path / "m.gguf", b"x")), **change)
    assert (one.problem.id if one.problem else None) == told
    if one.problem and told == "library.incomplete":
        assert one.problem.params["missing"] == "a, b, c", "three of them say enough"


@pytest.mark.parametrize("load", [load_adopted, load_orders], ids=["taken in", "downloads"])
@pytest.mark.parametrize("number", [0, -1, FORMAT - 1])
def test_a_list_of_no_format_that_ever_was_is_set_aside(
    tmp_path: Path, load: Callable[[Path], tuple[object, object]], number: int
) -> None:
    path = put(tmp_path / "list.json", b'{"format":%d,"models":[],"entries":[]}' % number)
    problem = load(path)[1]
    assert getattr(problem, "id", "").endswith("_damaged")
    assert not path.exists()
    assert len(list(tmp_path.glob("list-damaged-*"))) == 1


# --- the disk -----------------------------------------------------------------------------------------------


def test_a_folder_that_cannot_be_is_on_no_disk_and_is_no_error_of_the_program(tmp_path: Path) -> None:
    """Newer Pythons look at the folder above it."""
    long = tmp_path / ("x" * 300) / "models"
    assert disk.device(long) in {-1, tmp_path.stat().st_dev}
    assert disk.device(tmp_path / "not yet" / "there") == tmp_path.stat().st_dev


def test_a_full_disk_that_is_away_by_now_is_still_said_to_be_full(tmp_path: Path) -> None:
    gone = tmp_path / ("x" * 300) / "m.gguf"
    told = disk.problem(OSError(errno.ENOSPC, "No space left on device"), gone, 3_000_000_000)
    assert (told.problem.id, told.problem.params["needed"]) == ("library.disk_full", 3.0)
