"""Engines on the disk: what an earlier try left is cleared away, nothing is overwritten, and what cannot be is said."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

import msgspec
import pytest

from mistral_desk.core import lasting
from mistral_desk.core.errors import DeskError
from mistral_desk.core.paths import folders
from mistral_desk.inference.death import Ended
from mistral_desk.inference.packs import manifest, shelf, standing
from mistral_desk.inference.packs.standing import Choice, Left
from mistral_desk.inference.packs.watched import Watched
from mistral_desk.inference.protocol import Figures, Finished, Hello
from tests.fixtures.engine_stand_ins import described, installed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mistral_desk.core.errors import Problem

HELLO = Hello(5, "0", 1, "0", "", ())


def full(*_: object) -> None:
    raise OSError(28, "No space left on device")


def problem_of(work: Callable[[], object]) -> Problem:
    with pytest.raises(DeskError) as caught:
        work()
    return caught.value.problem


def unfinished(name: str) -> Path:
    folder = standing.place() / name
    folder.mkdir(parents=True)
    (folder / "half").write_bytes(b"of a library")
    return folder


# --- the shelf ------------------------------------------------------------------------------------------------


def test_what_an_earlier_try_left_is_cleared_away_and_what_runs_is_not() -> None:
    kept = [
        unfinished(f".adding-{os.getpid()}-abc"),  # another one of this very process
        unfinished(".somebody-else-s"),
        unfinished("newer"),
    ]
    for name in (".adding-999999999-abc", ".removing-999999999-abc", ".adding-x-abc"):
        unfinished(name)
    place = shelf.beside()
    assert sorted(standing.place().iterdir()) == sorted(kept)
    assert not place.exists()
    assert (place.parent, place.name.startswith(".adding-")) == (standing.place(), True)


def test_where_no_folder_can_be_made_it_is_said() -> None:
    folders().ensure()
    standing.place().write_bytes(b"a file in its place")
    problem = problem_of(shelf.beside)
    assert problem.id == "pack.not_kept"
    assert problem.params["path"] == str(standing.place())
    assert shelf.listed() == ()


@pytest.mark.parametrize("name", ["newer", standing.BUILTIN])
def test_an_engine_never_takes_another_one_s_name(name: str) -> None:
    installed("newer")
    folder = shelf.beside()
    folder.mkdir()
    made = msgspec.convert(described(name=name), manifest.Manifest)
    assert problem_of(lambda: shelf.keep(folder, made)).id == "pack.there"
    assert folder.is_dir()


def test_an_engine_that_is_gone_before_it_gets_its_name_is_said_to_be_not_kept() -> None:
    folder = shelf.beside()
    made = msgspec.convert(described(), manifest.Manifest)
    assert problem_of(lambda: shelf.keep(folder, made)).id == "pack.not_kept"
    assert shelf.listed() == ()


@pytest.mark.parametrize("harm", ["another name", "no description", "no signature", "damaged"])
def test_a_folder_that_is_no_engine_is_not_listed(harm: str) -> None:
    installed("first")
    installed("newer")
    folder = standing.place() / "newer"
    if harm == "another name":
        folder = folder.rename(standing.place() / "renamed")
    elif harm == "damaged":
        (folder / manifest.FILE).write_bytes(b"{")
    else:
        (folder / {"no description": manifest.FILE, "no signature": manifest.SIGNATURE}[harm]).unlink()
    assert [one.name for one in shelf.listed()] == ["first"]
    assert problem_of(lambda: shelf.get(folder.name)).id == "pack.unknown"
    assert problem_of(lambda: shelf.remove(folder.name)).id == "pack.unknown"
    assert folder.is_dir()


def test_the_engine_that_comes_along_is_not_removed() -> None:
    assert problem_of(lambda: shelf.remove(standing.BUILTIN)).id == "pack.builtin"


def test_one_that_the_system_does_not_let_go_of_stays_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows, while a process has its libraries open."""
    installed("newer")

    def held(path: Path, _target: Path) -> None:
        raise PermissionError(13, "in use", str(path))

    monkeypatch.setattr("pathlib.Path.rename", held)
    problem = problem_of(lambda: shelf.remove("newer"))
    assert (problem.id, problem.params["reason"]) == ("pack.not_kept", "in use")
    assert [one.name for one in shelf.listed()] == ["newer"]


# --- which is in use ------------------------------------------------------------------------------------------


@pytest.mark.allow_log("which engine is in use cannot be written down")
@pytest.mark.allow_log("the engine first cannot be used")
def test_where_nothing_can_be_written_an_engine_without_its_files_is_left_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    installed("first")
    standing.use("first")
    shutil.rmtree(standing.place() / "first")
    monkeypatch.setattr(lasting, "put_in_place", full)
    assert standing.begin() == ("", None, 0)
    assert problem_of(lambda: standing.use("other")).id == "pack.not_kept"


@pytest.mark.allow_log("the engine first was left")
def test_what_is_said_of_an_engine_that_is_not_in_use_changes_nothing() -> None:
    installed("first")
    standing.use("first")
    standing.answered("first")
    standing.answered("other")
    assert not standing.died("other", "SIGSEGV")
    assert standing.read() == Choice("first")
    left = Left("first", "", "SIGSEGV")
    standing.told(left)
    assert standing.read() == Choice("first")
    assert standing.back("first", "SIGSEGV")
    standing.told(left)
    assert standing.read().left == msgspec.structs.replace(left, told=True)
    assert left.problem.id == "pack.rolled_back_builtin"
    assert Left("second", "first", "SIGSEGV").problem.params["before"] == "first"


def test_whoever_listens_no_more_may_say_so_twice() -> None:
    end = standing.listen(lambda _left: None)
    end()
    end()


def test_an_answer_makes_good_for_deaths_before_it() -> None:
    installed("first")
    standing.use("first")
    standing.died("first", "SIGSEGV")
    watched = Watched({})
    watched.begin()
    assert watched.lets_through(HELLO)
    assert watched.lets_through(Finished(1, "stop", Figures(), ""))
    assert standing.read().deaths == 1, "an answer without a word is none"
    assert watched.lets_through(Finished(1, "stop", Figures(generated_tokens=1), ""))
    assert standing.read().deaths == 0


@pytest.mark.skipif(sys.platform == "win32", reason="a negative status is a signal, which only POSIX has")
@pytest.mark.parametrize(
    "ended",
    [
        Ended(None, "it could not be started"),
        Ended(-15),
        Ended(-9),
        Ended(-6, stderr=("terminate called after throwing an instance of 'std::bad_alloc'",)),
    ],
)
def test_an_engine_that_is_not_to_blame_for_a_start_that_failed_stays_in_use(ended: Ended) -> None:
    installed("first")
    standing.use("first")
    watched = Watched({})
    watched.begin()
    assert not watched.ended(ended, meant=False)
    assert standing.read() == Choice("first")
