"""The models folder moves, and something is in the way: a busy file, a bad disk, a person who cancels late, the end."""

from __future__ import annotations

import asyncio
import contextlib
import errno
from typing import TYPE_CHECKING

import pytest

from mistral_desk.core.settings import MODELS_FOLDER
from mistral_desk.library import journal, relocating
from mistral_desk.library.relocating import Note
from tests.fixtures.engines import problem_of, run
from tests.fixtures.hub_files import FileHub
from tests.fixtures.moving import begun, contents, filled, mover, note_of
from tests.fixtures.transfers import until
from tests.unit.test_library_moves import Gate, Program, program

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path


@contextlib.asynccontextmanager
async def moving(folder: Path, *, copies: bool = True) -> AsyncIterator[Program]:
    """The program with what moves its models."""
    with FileHub() as hub:
        async with program(folder, hub, copies=copies) as made:
            yield made


def failing(at: str, error: BaseException) -> Callable[[str], None]:
    """The disk, or the program, does this when a move comes to that step."""

    def reached(what: str) -> None:
        if what == at:
            raise error

    return reached


@pytest.mark.parametrize("why", ["busy", "note"])
def test_what_stands_in_the_way_before_the_beginning_leaves_all_as_it_was(tmp_path: Path, why: str) -> None:
    """Another program downloads into the folder; or what is under way cannot be written down."""
    expected = filled(tmp_path / "models")
    held = None
    if why == "busy":
        part = tmp_path / "models/acme/Other-GGUF/Other-Q8_0.gguf"
        held = journal.Journal(journal.path_for(part), part.name)
        expected = contents(tmp_path / "models")
    else:
        (tmp_path / relocating.FILE).mkdir()

    async def test() -> None:
        async with moving(tmp_path) as made:
            problem, _, _ = await problem_of(made.moving.move(tmp_path / "new"))
            assert problem == ("library.move_busy" if held else "library.list_not_saved")
            assert made.moving.now is None
            assert not made.downloads._held, "downloads go on"
            assert made.models == tmp_path / "models"

    run(test())
    if held is not None:
        held.close()
    assert contents(tmp_path / "models") == expected
    assert contents(tmp_path / "new") == {}


def test_who_cancels_when_the_old_files_are_being_deleted_comes_too_late(tmp_path: Path) -> None:
    """All is at the new place by then; going back would take longer than going on."""
    expected = filled(tmp_path / "models")

    async def test() -> None:
        async with moving(tmp_path) as made:
            gate = Gate(made.moving)
            passed = made.moving.reached

            def reached(what: str) -> None:
                if what == "deleted":
                    passed(what)

            made.moving.reached = reached
            task = asyncio.create_task(made.moving.move(tmp_path / "new"))
            await asyncio.to_thread(gate.begun.wait)
            await until(lambda: made.moving.now is not None and made.moving.now.phase == "clearing")
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            gate.go.set()
            await until(lambda: made.moving.now is None)
            assert made.models == tmp_path / "new"

    run(test())
    assert (contents(tmp_path / "new"), contents(tmp_path / "models")) == (expected, {})


@pytest.mark.allow_log("a move ended by an error of the program", "mistral_desk.library.moving")
def test_an_error_of_the_program_is_shown_logged_and_the_next_start_goes_on(tmp_path: Path) -> None:
    expected = filled(tmp_path / "models")

    async def test() -> None:
        async with moving(tmp_path) as made:
            made.moving.reached = failing("compared", ZeroDivisionError("a bug"))
            with pytest.raises(ZeroDivisionError):
                await made.moving.move(tmp_path / "new")
            assert made.moving.now is not None
            assert made.moving.now.problem is not None
            assert not made.downloads._held
        async with moving(tmp_path) as again:
            await again.moving.taken_up()
            assert again.models == tmp_path / "new"

    run(test())
    assert contents(tmp_path / "new") == expected


def test_what_went_back_half_way_goes_back_at_the_next_start(tmp_path: Path) -> None:
    source, target, expected = begun(tmp_path)
    note = note_of(source, target)
    mover(note).forward()
    back = Note(relocating.FORMAT, note.source, note.target, "back", note.files)
    relocating.write(tmp_path / relocating.FILE, back)
    assert contents(source) == {}

    async def test() -> None:
        async with moving(tmp_path) as made:
            await made.moving.taken_up()
            assert made.moving.now is None
            assert made.models == source

    run(test())
    assert (contents(source), contents(target)) == (expected, {})
    assert not (tmp_path / relocating.FILE).exists()


@pytest.mark.parametrize("away", ["source", "target"])
def test_which_disk_is_away_is_said(tmp_path: Path, away: str) -> None:
    source, target, _ = begun(tmp_path)
    note = note_of(source, target)
    assert relocating.away(note) is None
    gone = source if away == "source" else target
    gone.rename(tmp_path / "unplugged")
    assert relocating.away(note) == gone


def test_a_move_that_cannot_go_back_either_says_so_and_waits(tmp_path: Path) -> None:
    expected = filled(tmp_path / "models")

    async def test() -> None:
        async with moving(tmp_path) as made:

            def bad_disk(what: str) -> None:
                if what in {"named", "deleted back"}:
                    raise OSError(errno.EIO, "Input/output error")

            made.moving.reached = bad_disk
            problem, params, _ = await problem_of(made.moving.move(tmp_path / "new"))
            assert (problem, params["path"]) == ("library.move_unfinished", str(tmp_path / "models"))
            assert made.moving.now is not None
            assert made.moving.now.problem is not None
            assert made.models == tmp_path / "models"
            made.moving.reached = lambda _what: None
            await made.moving.go_on()
            assert made.moving.now is None

    run(test())
    assert contents(tmp_path / "models") == expected
    assert contents(tmp_path / "new") == {}


def test_where_nothing_is_left_to_do_going_on_does_nothing(tmp_path: Path) -> None:
    filled(tmp_path / "models")

    async def test() -> None:
        async with moving(tmp_path) as made:
            await made.moving.go_on()
            assert made.moving.now is None
            assert made.settings.get(MODELS_FOLDER) == ""

    run(test())


def test_the_program_ends_while_the_old_files_are_deleted_and_the_next_start_goes_on(tmp_path: Path) -> None:
    expected = filled(tmp_path / "models")

    async def test() -> None:
        async with moving(tmp_path) as made:
            gate = Gate(made.moving)
            passed = made.moving.reached
            made.moving.reached = lambda what: passed(what) if what == "deleted" else None
            task = asyncio.create_task(made.moving.move(tmp_path / "new"))
            await asyncio.to_thread(gate.begun.wait)
            closing = asyncio.create_task(made.moving.close())
            await asyncio.sleep(0)
            gate.go.set()
            await closing
            await task
            assert made.models == tmp_path / "new"
        assert (tmp_path / relocating.FILE).exists()
        async with moving(tmp_path) as again:
            await again.moving.taken_up()

    run(test())
    assert (contents(tmp_path / "new"), contents(tmp_path / "models")) == (expected, {})


def test_an_old_folder_that_is_away_by_then_is_no_trouble(tmp_path: Path) -> None:
    """All files are at the new place; what the old disk still has is deleted by nobody."""
    source, target, expected = begun(tmp_path)
    note = note_of(source, target)
    mover(note, copies=True).forward()
    relocating.write(
        tmp_path / relocating.FILE, Note(relocating.FORMAT, note.source, note.target, "clearing", note.files)
    )
    source.rename(tmp_path / "unplugged")

    async def test() -> None:
        async with moving(tmp_path) as made:
            await made.moving.taken_up()
            assert made.models == target

    run(test())
    assert contents(target) == expected
    assert contents(tmp_path / "unplugged") == expected
    assert not (tmp_path / relocating.FILE).exists()
