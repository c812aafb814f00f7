"""What somebody else has put where a copy, a repair or a move belongs, or beside a download: it is never lost."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from mistral_desk.core.errors import DeskError
from mistral_desk.library import disk, journal, relocating, standing
from mistral_desk.library.move_plan import plan
from mistral_desk.library.orders import Order
from mistral_desk.library.part import Part, discard
from mistral_desk.library.there import drop, present, put_proven, take_over
from mistral_desk.library.verify import unseat, verify
from mistral_desk.library.wanted import place
from tests.fixtures.in_the_way import (
    DATA,
    LABEL,
    OLDER,
    THEIRS,
    away,
    downloaded,
    linked,
    refused,
    theirs,
    wanted,
)
from tests.fixtures.moving import begun, contents, mover, note_of
from tests.fixtures.other_programs import put
from tests.fixtures.transfers import BLOCK, is_whole

if TYPE_CHECKING:
    from pathlib import Path


# --- what lies beside it ------------------------------------------------------------------------------------


@pytest.mark.parametrize("finished", [False, True], ids=["nothing of ours is there", "beside a file of ours"])
def test_a_beginning_of_theirs_is_not_written_to(tmp_path: Path, finished: bool) -> None:
    """Browsers call what they fetch so, too."""
    final = place(tmp_path, wanted())
    if finished:
        downloaded(wanted(OLDER), tmp_path, OLDER)
    part = put(standing.beginning(final), b"theirs")
    refused(Part(wanted(), final, BLOCK).open, part)
    if not finished:
        discard(final)
    assert part.read_bytes() == b"theirs"
    away(part)
    downloaded(wanted(), tmp_path, DATA)
    assert is_whole(wanted(), tmp_path)


def test_who_cancels_an_order_deletes_no_beginning_of_theirs_beside_what_was_there_already(tmp_path: Path) -> None:
    final = downloaded(wanted(), tmp_path, DATA)
    part = put(standing.beginning(final), b"theirs")
    drop(Order("one", "One", (wanted(), wanted(path="other.gguf"))), tmp_path, frozenset())
    assert (part.read_bytes(), final.read_bytes()) == (b"theirs", DATA)


def test_what_is_repaired_takes_the_place_of_no_beginning(tmp_path: Path) -> None:
    final = downloaded(wanted(), tmp_path, DATA)
    with final.open("r+b") as file:
        file.write(b"????")
    result = verify(final)
    part = put(standing.beginning(final), b"theirs")
    damaged = final.read_bytes()
    refused(lambda: unseat(result), part)
    assert (part.read_bytes(), final.read_bytes()) == (b"theirs", damaged)
    assert verify(final).bad == (0,), "its list is as it was"


def test_what_cannot_be_taken_out_is_known_and_damaged_still(tmp_path: Path) -> None:
    """Where somebody uses it, or has taken it away: here the latter, and it comes back."""
    final = downloaded(wanted(), tmp_path, DATA)
    with final.open("r+b") as file:
        file.write(b"????")
    result = verify(final)
    elsewhere = final.rename(tmp_path / "elsewhere")
    with pytest.raises(DeskError, match=r"library\.disk"):
        unseat(result)
    elsewhere.rename(final)
    kept = journal.read(journal.path_for(final))
    assert kept is not None
    assert kept.verified is not None
    assert (kept.sha256, kept.verified[0]) == (wanted().sha256, False)
    assert not present(final, wanted(), LABEL, threading.Event())
    unseat(verify(final))
    part = Part(wanted(), final, BLOCK)
    part.open()
    assert part.done == len(DATA) - BLOCK, "only what is damaged comes again"
    part.close()


@pytest.mark.parametrize("what", THEIRS)
def test_a_twin_takes_no_name_that_is_taken(tmp_path: Path, what: str) -> None:
    source, other = downloaded(wanted(path="other.gguf"), tmp_path, DATA), wanted(path="sub/m.gguf")
    final = place(tmp_path, other)
    look = theirs(final, what)
    beside = [put(final.with_name(final.name + end), b"theirs") for end in (".twin", ".part")]
    before = look()
    refused(lambda: take_over(source, final, other, LABEL, threading.Event()), final)
    assert look() == before
    away(final)
    assert take_over(source, final, other, LABEL, threading.Event())
    assert present(final, other, LABEL, threading.Event())
    assert [path.read_bytes() for path in beside] == [b"theirs", b"theirs"]


def test_a_copy_takes_no_name_that_is_taken_and_its_list_says_nothing(tmp_path: Path) -> None:
    final, staged = put(place(tmp_path, wanted()), b"theirs"), put(tmp_path / "staged", DATA)
    refused(lambda: put_proven(staged, final, wanted(), LABEL), final)
    assert (final.read_bytes(), staged.read_bytes()) == (b"theirs", DATA)
    assert not journal.path_for(final).exists()


def test_a_copy_that_is_refused_costs_nothing_of_what_a_download_had_begun(tmp_path: Path) -> None:
    part = Part(wanted(), place(tmp_path, wanted()), BLOCK)
    part.open()
    part.write(0, DATA[:BLOCK])
    part.close()
    put(part.final, b"theirs")
    refused(lambda: put_proven(put(tmp_path / "staged", DATA), part.final, wanted(), LABEL), part.final)
    away(part.final)
    again = Part(wanted(), part.final, BLOCK)
    again.open()
    assert again.done == BLOCK
    again.close()


def test_a_copy_takes_the_place_of_what_a_download_had_begun_of_it(tmp_path: Path) -> None:
    part = Part(wanted(), place(tmp_path, wanted()), BLOCK)
    part.open()
    part.write(0, DATA[:BLOCK])
    part.close()
    put_proven(put(tmp_path / "staged", DATA), part.final, wanted(), LABEL)
    assert is_whole(wanted(), tmp_path)


def test_a_damaged_list_is_set_aside_beside_another_one(tmp_path: Path) -> None:
    path = tmp_path / "downloads.json"
    for content_ in (b"[1", b"[2"):
        put(path, content_)
        assert disk.set_aside(path) != path.name
    assert sorted(one.read_bytes() for one in tmp_path.iterdir()) == [b"[1", b"[2"]


# --- a move -------------------------------------------------------------------------------------------------


def test_what_comes_to_the_target_in_the_last_moment_of_a_copy_stays(tmp_path: Path) -> None:
    source, target, expected = begun(tmp_path)
    name = "Mein Modell.gguf"

    def comes(what: str) -> None:
        if what == "noted" and (target / f"{name}{relocating.STAGED}").exists():
            put(target / name, b"theirs")

    one = mover(note_of(source, target), copies=True, reached=comes)
    with pytest.raises(DeskError) as caught:
        one.forward()
    assert (caught.value.problem.id, caught.value.problem.params["name"]) == ("library.move_exists", name)
    one.back()
    assert contents(source) == expected
    assert contents(target) == {name: b"theirs"}


def test_where_copies_would_grow_in_somebody_s_file_no_move_begins(tmp_path: Path) -> None:
    source, target, expected = begun(tmp_path)
    taken = put(target / f"Mein Modell.gguf{relocating.STAGED}", b"theirs")
    with pytest.raises(DeskError) as caught:
        plan(source, target)
    assert (caught.value.problem.id, caught.value.problem.params["name"]) == ("library.move_exists", taken.name)
    assert (taken.read_bytes(), contents(source)) == (b"theirs", expected)


@linked
def test_a_link_of_theirs_in_the_place_of_a_link_stays(tmp_path: Path) -> None:
    source, target, _ = begun(tmp_path)
    elsewhere, other = put(tmp_path / "elsewhere.gguf", b"1"), put(tmp_path / "other.gguf", b"2")
    (source / "Link.gguf").symlink_to(elsewhere)
    note = replace(note_of(source, target), files=("Link.gguf",))
    (target / "Link.gguf").symlink_to(other)
    with pytest.raises(DeskError, match=r"library\.move_exists"):
        mover(note).forward()
    assert [path.readlink() for path in (source / "Link.gguf", target / "Link.gguf")] == [elsewhere, other]
