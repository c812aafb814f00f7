"""What somebody else has put where a download belongs: it is never lost, whenever it came, and whatever it is."""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from mistral_desk.core.errors import DeskError
from mistral_desk.library import journal, standing
from mistral_desk.library.orders import Order
from mistral_desk.library.part import Part, left_over
from mistral_desk.library.standing import KEPT
from mistral_desk.library.there import drop, present, prove, put_proven, take_over
from mistral_desk.library.wanted import place
from tests.fixtures.engines import run
from tests.fixtures.hub_files import FileHub, content
from tests.fixtures.in_the_way import (
    DATA,
    IN_THE_WAY,
    LABEL,
    OLDER,
    SIZE,
    THEIRS,
    away,
    downloaded,
    names,
    refused,
    theirs,
    wanted,
)
from tests.fixtures.other_programs import put, sha256
from tests.fixtures.queues import comes_to, queue
from tests.fixtures.transfers import ALONE, BLOCK, is_whole

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fixtures.web_site import Answer, Asked


def goes_on(final: Path, models: Path) -> None:
    """Everything is there already, and gets its name this time."""
    part = Part(wanted(), final, BLOCK)
    part.open()
    assert part.done == SIZE
    part.finish(part.sha256())
    part.close()
    assert is_whole(wanted(), models)


@pytest.fixture
def hub() -> Iterator[FileHub]:
    with FileHub() as one:
        yield one


# --- before it begins ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", THEIRS)
def test_what_stands_there_before_is_refused_and_nothing_is_begun(tmp_path: Path, what: str) -> None:
    final = place(tmp_path, wanted())
    look = theirs(final, what)
    before, files = look(), names(tmp_path)
    part = Part(wanted(), final, BLOCK)
    refused(part.open, final)
    assert (look(), names(tmp_path)) == (before, files)


def test_a_download_pauses_for_it_and_goes_on_when_it_is_gone(hub: FileHub, tmp_path: Path) -> None:
    file = hub.add("m.gguf", DATA)
    final, order = place(tmp_path / "models", file), Order("one", "One", (file,))
    put(final, b"theirs")

    async def test() -> None:
        async with queue(tmp_path, hub) as made:
            await made.add(order)
            stopped = await comes_to(made, order.id, "paused")
            assert stopped.problem is not None
            assert (stopped.problem.id, stopped.problem.params["path"]) == (IN_THE_WAY, str(final))
            assert hub.served == 0
            away(final)
            await made.resume(order.id)
            await comes_to(made, order.id, "done")

    run(test())
    assert is_whole(file, tmp_path / "models")
    assert final.with_name("moved away").read_bytes() == b"theirs"


def test_who_cancels_then_deletes_nothing_of_theirs(hub: FileHub, tmp_path: Path) -> None:
    file = hub.add("m-00001-of-00002.gguf", DATA)
    final, order = place(tmp_path / "models", file), Order("one", "One", (file,))
    put(final, b"theirs")
    put(standing.beginning(final), b"theirs, too")

    async def test() -> None:
        async with queue(tmp_path, hub) as made:
            await made.add(order)
            await comes_to(made, order.id, "paused")
            await made.cancel(order.id, keep=False)

    run(test())
    assert (final.read_bytes(), standing.beginning(final).read_bytes()) == (b"theirs", b"theirs, too")


def test_one_of_the_size_that_is_wanted_may_be_a_bad_copy_and_is_kept(tmp_path: Path) -> None:
    """Also where one is kept already."""
    final = place(tmp_path, wanted())
    for number in range(3):
        put(final, content(SIZE, 50 + number))
        if number:
            journal.forget(journal.path_for(final))
        downloaded(wanted(), tmp_path, DATA)
        assert is_whole(wanted(), tmp_path)
    kept = {path.name: path.read_bytes() for path in final.parent.iterdir() if KEPT in path.name}
    assert kept == {f"m.gguf{KEPT}{end}": content(SIZE, 50 + n) for n, end in enumerate(("", "-2", "-3"))}


@pytest.mark.skipif(sys.platform == "win32", reason="a path has its own length there")
@pytest.mark.parametrize("copied", [False, True], ids=["a download", "a copy"])
def test_a_bad_copy_that_cannot_be_kept_is_not_taken_for_what_came(tmp_path: Path, copied: bool) -> None:
    """Somebody uses it, or the folder is another's: here every name that it could have is taken or too long."""
    longest = 255
    if sys.platform != "win32":
        longest = os.pathconf(tmp_path, "PC_NAME_MAX")
    final = put(tmp_path / f"{'m' * (longest - len('.gguf.blocks'))}.gguf", content(SIZE, 50))
    for number in range(1, 10):
        put(final.with_name(f"{final.name}{KEPT}{f'-{number}' if number > 1 else ''}"), b"theirs")

    def comes() -> None:
        if copied:
            over = standing.before(final, wanted(), lambda: None)
            put_proven(put(tmp_path / "staged", DATA), final, wanted(), LABEL, over)
            return
        part = Part(wanted(), final, BLOCK)
        part.open()
        try:
            part.write(0, DATA)
            part.finish(part.sha256())
        finally:
            part.close()

    with pytest.raises((DeskError, OSError)):
        comes()
    assert final.read_bytes() == content(SIZE, 50)
    assert not present(final, wanted(), LABEL, threading.Event())
    kept = final.with_name(f"{final.name}{KEPT}")
    kept.unlink()
    comes()
    assert (final.read_bytes(), kept.read_bytes()) == (DATA, content(SIZE, 50))
    assert present(final, wanted(), LABEL, threading.Event())


@pytest.mark.parametrize("pauses", [False, True])
def test_a_file_of_ours_that_somebody_changed_is_kept_through_pauses(tmp_path: Path, pauses: bool) -> None:
    """Its list says that it is whole, and speaks of another content: size and time prove nothing."""
    final = downloaded(wanted(), tmp_path, DATA)
    known = final.stat()
    put(final, content(SIZE, 8))
    os.utime(final, ns=(known.st_atime_ns, known.st_mtime_ns))
    if pauses:
        part = Part(wanted(), final, BLOCK)
        part.open()
        part.write(0, DATA[: 2 * BLOCK])
        part.close()
        part = Part(wanted(), final, BLOCK)
        part.open()
        assert part.done == 2 * BLOCK
        part.close()
    downloaded(wanted(), tmp_path, DATA)
    assert is_whole(wanted(), tmp_path)
    assert final.with_name(final.name + KEPT).read_bytes() == content(SIZE, 8)


# --- while it comes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", THEIRS)
def test_what_comes_there_meanwhile_stays_and_what_came_goes_on_later(tmp_path: Path, what: str) -> None:
    final = place(tmp_path, wanted())
    part = Part(wanted(), final, BLOCK)
    part.open()
    part.write(0, DATA)
    look = theirs(final, what)
    before = look()
    refused(lambda: part.finish(part.sha256()), final)
    part.close()
    assert look() == before
    kept = journal.read(journal.path_for(final))
    assert kept is not None
    assert kept.sha256 == "", "nothing is said of what is not ours"
    assert b"whole" not in journal.path_for(final).read_bytes(), "nor was for a moment, which a kill would make last"
    refused(Part(wanted(), final, BLOCK).open, final)
    away(final)
    goes_on(final, tmp_path)


def test_one_of_the_right_size_that_comes_meanwhile_is_no_exception(tmp_path: Path) -> None:
    final = place(tmp_path, wanted())
    part = Part(wanted(), final, BLOCK)
    part.open()
    part.write(0, DATA)
    put(final, content(SIZE, 9))
    refused(lambda: part.finish(part.sha256()), final)
    part.close()
    assert final.read_bytes() == content(SIZE, 9)
    assert not present(final, wanted(), LABEL, threading.Event())


def test_a_download_that_met_it_at_its_end_fetches_nothing_twice(hub: FileHub, tmp_path: Path) -> None:
    file = hub.add("m.gguf", DATA)
    final, order = place(tmp_path / "models", file), Order("one", "One", (file,))

    def comes(_asked: Asked, answer: Answer) -> Answer:
        put(final, b"theirs")
        return answer

    hub.fail(comes)

    async def test() -> None:
        async with queue(tmp_path, hub, manner=ALONE) as made:
            await made.add(order)
            stopped = await comes_to(made, order.id, "paused")
            assert stopped.problem is not None
            assert stopped.problem.id == IN_THE_WAY
            assert final.read_bytes() == b"theirs"
            away(final)
            await made.resume(order.id)
            await comes_to(made, order.id, "done")

    run(test())
    assert is_whole(file, tmp_path / "models")
    assert hub.served == SIZE
    assert final.with_name("moved away").read_bytes() == b"theirs"


def test_a_part_of_theirs_in_the_place_of_ours_is_not_deleted_with_an_order(tmp_path: Path) -> None:
    """Its list speaks of what was to come there."""
    files = tuple(wanted(path=f"m-0000{number}-of-00002.gguf") for number in (1, 2))
    order = Order("one", "One", files)
    part = Part(files[0], place(tmp_path, files[0]), BLOCK, ("one", "One"))
    part.open()
    part.write(0, DATA[:BLOCK])
    part.close()
    final = put(part.final, b"theirs")
    mine = put(place(tmp_path, files[1]), DATA)
    prove(mine, files[1], sha256(DATA), ("one", "One"))
    drop(order, tmp_path, frozenset())
    assert (final.read_bytes(), mine.exists(), part.path.exists()) == (b"theirs", False, False)
    assert not journal.path_for(final).exists()


# --- what is ours -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pauses", [False, True])
def test_an_older_file_of_ours_is_replaced_by_a_newer_one(tmp_path: Path, pauses: bool) -> None:
    newer = wanted(revision="b" * 40)
    final = downloaded(wanted(OLDER), tmp_path, OLDER)
    if pauses:
        part = Part(newer, final, BLOCK)
        part.open()
        part.write(0, DATA[: 2 * BLOCK])
        part.close()
        assert final.read_bytes() == OLDER, "it is there until the new one is"
        assert left_over(final) == len(OLDER)
    part = Part(newer, final, BLOCK)
    part.open()
    assert part.done == (2 * BLOCK if pauses else 0)
    part.write(0, DATA)
    part.finish(part.sha256())
    part.close()
    assert is_whole(newer, tmp_path)
    assert names(final.parent) == {"m.gguf", ".desk/m.gguf.blocks"}


def test_it_is_replaced_also_where_its_time_is_another_and_by_a_twin(tmp_path: Path) -> None:
    """A person copied the folder; the content is what the list says."""
    final = downloaded(wanted(OLDER), tmp_path, OLDER)
    os.utime(final, (2e9, 2e9))
    source = downloaded(wanted(path="other.gguf"), tmp_path, DATA)
    assert take_over(source, final, wanted(), LABEL, threading.Event())
    assert final.read_bytes() == DATA
    assert not list(final.parent.glob(f"*{KEPT}*"))


def test_an_older_file_that_somebody_changed_while_the_newer_one_came_is_not_replaced(tmp_path: Path) -> None:
    final = downloaded(wanted(OLDER), tmp_path, OLDER)
    part = Part(wanted(), final, BLOCK)
    part.open()
    part.write(0, DATA)
    put(final, b"theirs")
    refused(lambda: part.finish(part.sha256()), final)
    part.close()
    refused(Part(wanted(), final, BLOCK).open, final)
    assert final.read_bytes() == b"theirs"


def test_a_kill_between_the_last_line_and_the_name_takes_the_older_one_for_no_newer_one(tmp_path: Path) -> None:
    """Both are of one size, and the list speaks of the newer one."""
    final = downloaded(wanted(content(SIZE, 3)), tmp_path, content(SIZE, 3))
    part = Part(wanted(), final, BLOCK)
    part.open()
    part.write(0, DATA)
    part._open_list().whole(part.sha256())
    part.close()
    assert not present(final, wanted(), LABEL, threading.Event())
    goes_on(final, tmp_path)


def test_another_file_of_the_repository_whose_name_has_other_letters_is_not_replaced(tmp_path: Path) -> None:
    """What a disk shows that takes both names for one: the other's file, and its list."""
    final = put(place(tmp_path, wanted()), OLDER)
    prove(final, wanted(OLDER, "M.gguf"), sha256(OLDER), LABEL)
    refused(Part(wanted(), final, BLOCK).open, final)
    assert final.read_bytes() == OLDER
