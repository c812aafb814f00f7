"""Which engine is in use: chosen, left where it dies, gone back from; and what belongs to one engine alone."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from mistral_desk.core import lasting
from mistral_desk.core.errors import DeskError, Problem
from mistral_desk.core.paths import folders
from mistral_desk.inference.death import Ended
from mistral_desk.inference.device import Device
from mistral_desk.inference.fitting.device_file import DeviceFile
from mistral_desk.inference.packs import manifest, shelf, standing
from mistral_desk.inference.packs.told import VARIABLE
from mistral_desk.inference.packs.watched import Watched
from mistral_desk.inference.protocol import Failed, Hello
from tests.fixtures.engine_stand_ins import FILES, installed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CRASHED = Ended(-11)
HELLO = Hello(5, "0", 1, "0", "", ())


@pytest.mark.allow_log("the engine .* was left")
def test_engines_are_used_one_after_the_other_and_left_for_the_one_before() -> None:
    installed("first")
    installed("second")
    assert standing.begin() == ("", None, 0)
    standing.use("first")
    standing.use("second")
    assert standing.begin()[0] == "second"
    heard: list[standing.Left] = []
    end = standing.listen(heard.append)
    assert standing.back("second", "it crashed")
    assert not standing.back("second", "it crashed again")
    assert standing.back("first", "it too")
    end()
    assert standing.begin() == ("", None, 0)
    assert [(one.name, one.before, one.reason) for one in heard] == [
        ("second", "first", "it crashed"),
        ("first", "", "it too"),
    ]
    assert standing.read().left == heard[-1]


@pytest.mark.allow_log("the engine .* (was left|cannot be used)")
@pytest.mark.parametrize("harm", ["gone", "shorter", "folder"])
def test_an_engine_whose_files_are_not_there_any_more_is_left_before_anything_starts(harm: str) -> None:
    installed("first")
    standing.use("first")
    file = standing.place() / "first" / "lib" / next(iter(FILES))
    if harm == "gone":
        file.unlink()
    elif harm == "shorter":
        file.write_bytes(FILES[file.name][:-1])
    else:
        shelf.clear(standing.place() / "first")
    assert standing.begin() == ("", None, 0)
    left = standing.read().left
    assert left is not None
    assert (left.name, left.reason) == ("first", standing.GONE)


@pytest.mark.allow_log("the engine first (was left|cannot be used)")
def test_an_engine_of_another_version_of_the_program_is_left_and_it_is_said_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    installed("first")
    standing.use("first")
    monkeypatch.setattr(manifest, "binding", lambda: "9.9.9")
    assert standing.begin() == ("", None, 0)
    left = standing.read().left
    assert left is not None
    assert left.reason == standing.ELSEWHERE


@pytest.mark.allow_log("the engine first was left")
def test_three_deaths_in_a_row_are_too_many_and_an_answer_in_between_begins_anew() -> None:
    installed("first")
    standing.use("first")
    for _ in range(2):
        assert not standing.died("first", "SIGSEGV")
    standing.answered("first")
    assert [standing.died("first", "SIGSEGV") for _ in range(3)] == [False, False, True]
    assert standing.read().current == ""


@pytest.mark.allow_log("the engine first was left")
@pytest.mark.parametrize(
    ("ended", "deaths"),
    [
        (CRASHED, 1),
        (Ended(0, "no bytes", misunderstood=True), 1),
        (Ended(0), 0),
        (Ended(-9), 0),
        (Ended(-15), 0),
        (Ended(-9, "it did not stop within 10 seconds"), 0),
        (Ended(-6, stderr=("terminate called after throwing an instance of 'std::bad_alloc'",)), 0),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="a negative status is a signal, which only POSIX has")
def test_only_what_an_engine_did_itself_counts(ended: Ended, deaths: int) -> None:
    installed("first")
    standing.use("first")
    watched = Watched({})
    watched.begin()
    assert watched.lets_through(HELLO)
    assert not watched.ended(ended, meant=False)
    assert standing.read().deaths == deaths


@pytest.mark.allow_log("the engine first was left")
def test_one_that_fails_before_it_says_hello_is_left_at_once_and_nobody_hears_of_it() -> None:
    installed("first")
    standing.use("first")
    watched = Watched({})
    assert watched.begin()[VARIABLE].endswith("lib")
    assert not watched.lets_through(Failed(0, Problem("engine.missing", {"reason": "no symbol"})))
    assert watched.ended(Ended(1), meant=False)
    assert watched.begin() == {VARIABLE: ""}
    left = standing.read().left
    assert left is not None
    assert left.reason == "no symbol"


@pytest.mark.allow_log("which engine is in use cannot be written down")
def test_where_nothing_can_be_written_an_engine_that_dies_at_its_start_is_tried_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    installed("first")
    standing.use("first")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(lasting, "put_in_place", full)
    watched = Watched({})
    assert watched.begin()[VARIABLE]
    assert watched.ended(Ended(1), meant=False)
    assert watched.begin() == {VARIABLE: ""}
    assert not watched.ended(Ended(1), meant=False)


def test_a_process_that_is_ended_on_purpose_says_nothing_of_its_engine() -> None:
    installed("first")
    standing.use("first")
    watched = Watched({})
    watched.begin()
    assert not watched.ended(Ended(-9), meant=True)
    assert not Watched({VARIABLE: "/elsewhere"}).ended(CRASHED, meant=False)
    assert standing.read() == standing.Choice("first")


def test_an_engine_in_use_is_not_removed_and_a_removed_one_is_not_gone_back_to() -> None:
    installed("first")
    installed("second")
    standing.use("first")
    standing.use("second")
    with pytest.raises(DeskError) as caught:
        shelf.remove("second")
    assert caught.value.problem.id == "pack.in_use"
    shelf.remove("first")
    assert [one.name for one in shelf.listed()] == ["second"]
    assert standing.read().before == ""
    assert [one.name for one in standing.place().iterdir() if one.is_dir()] == ["second"]


def test_what_one_engine_computes_on_is_not_believed_of_another(tmp_path: Path) -> None:
    installed("first")
    devices = DeviceFile(tmp_path)
    card = Device("Vulkan0", "a card", "gpu", 2**30, 2**30)
    devices.learn([card])
    standing.use("first")
    assert devices.known() is None
    standing.use("")
    assert DeviceFile(tmp_path).known() == (card,)


def test_a_choice_that_cannot_be_read_is_the_engine_that_comes_along(allow_log: Callable[..., None]) -> None:
    allow_log("which engine was chosen cannot be read")
    folders().ensure()
    standing.place().mkdir()
    (standing.place() / standing.FILE).write_bytes(b"{")
    assert standing.begin() == ("", None, 0)
