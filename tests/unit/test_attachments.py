"""Every odd and hostile file, through the app's own way in: what a person hears, and what it cost in memory."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import psutil
import pytest

from mistral_desk.chat.attachments import Limits, Pixels, TextFile, take_in
from mistral_desk.chat.attachments import intake as intake_module
from mistral_desk.chat.attachments.intake import Intake
from mistral_desk.core.errors import DeskError, in_words
from tests.fixtures import odd_pictures
from tests.fixtures.decode_driver import PATIENT
from tests.fixtures.engines import problem_of, run
from tests.fixtures.odd_pictures import BLUE, GPS, RED, TABLE, Odd

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LONG_SIDE: Final = 64
CASES: Final = TABLE if sys.platform == "win32" else (*TABLE, *odd_pictures.POSIX)
HALF_A_GIGABYTE: Final = 500_000_000
_FOLDER: Final = "Bilder für Jürgen"


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, dict[str, object]]:
    """What came of each file of the table; all were dropped at once."""
    folder = tmp_path_factory.mktemp("odd") / _FOLDER
    folder.mkdir()
    for case in CASES:
        case.make(folder / case.name)
    paths = [str(folder / case.name) for case in CASES]
    command = [sys.executable, "-m", "tests.fixtures.decode_driver", str(LONG_SIDE), *paths]
    ran = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    return dict(zip([case.name for case in CASES], map(json.loads, ran.stdout.splitlines()), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_odd_file_has_its_word_and_its_bound(case: Odd, outcomes: Mapping[str, dict[str, object]]) -> None:
    found = outcomes[case.name]
    peak = found["peak"]
    assert isinstance(peak, int)
    assert peak < HALF_A_GIGABYTE
    if case.problem:
        assert found.get("problem") == case.problem, found
        params = found["params"]
        assert isinstance(params, dict)
        assert params["name"] == case.name
        assert case.params.items() <= params.items()
        return
    if case.text:
        assert found.get("text") == case.text, found
        return
    assert found.get("size") == list(case.size), found
    colour = found["colour"]
    assert isinstance(colour, list)
    assert all(abs(is_ - should) <= case.off for is_, should in zip(colour, case.colour, strict=True)), found


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system does not let everything be taken away")
def test_every_child_was_locked_in_before_it_read(outcomes: Mapping[str, dict[str, object]]) -> None:
    started = [found for found in outcomes.values() if found["peak"]]
    assert len(started) > 40
    assert all(found["tight"] for found in started)


@pytest.mark.slow
def test_a_photograph_stands_upright_and_its_notes_are_gone(tmp_path: Path, outcomes: Mapping[str, object]) -> None:
    for orientation in range(1, 9):
        found = outcomes[f"turned-{orientation}.jpg"]
        assert isinstance(found, dict)
        assert all(abs(is_ - should) < 12 for is_, should in zip(found["top"], RED, strict=True))
        assert found["original"] == [60, 40]
    case = odd_pictures.turned(6)
    case.make(tmp_path / case.name)
    assert GPS in (tmp_path / case.name).read_bytes()

    async def test() -> None:
        pixels = await take_in(tmp_path / case.name, case.name, 1000, limits=PATIENT)
        assert isinstance(pixels, Pixels)
        assert len(pixels.rgb) == 60 * 40 * 3
        assert all(abs(is_ - should) < 12 for is_, should in zip(pixels.rgb[-3:], BLUE, strict=True))

    run(test())


def test_what_is_pasted_is_taken_in_like_a_file() -> None:
    async def test() -> None:
        picture = await take_in(odd_pictures.saved(odd_pictures.plain(), "PNG"), "Pasted", 1000, limits=PATIENT)
        assert isinstance(picture, Pixels)
        assert (picture.width, picture.height, picture.rgb) == (60, 40, bytes(RED) * 2400)
        text = await take_in(b"one\r\ntwo", "notes.txt", 1000, limits=PATIENT)
        assert text == TextFile("notes.txt", "one\ntwo", "utf-8")

    run(test())


def test_a_child_that_computes_too_long_is_ended() -> None:
    """A second of computing is allowed; the picture takes more, and nobody waits for it."""
    big = odd_pictures.png(9_990, 9_990, 16, 0)

    async def test() -> None:
        limits = Limits(seconds=0.01)
        message, params, _ = await problem_of(take_in(big, "slow.png", 64, limits=limits))
        assert message == "attachment.timeout"
        assert params["name"] == "slow.png"

    run(test())


@pytest.mark.skipif(sys.platform != "linux", reason="only there is the address space bounded from inside")
def test_a_picture_that_needs_more_memory_than_there_is_says_so() -> None:
    async def test() -> None:
        limits = Limits(seconds=100.0, memory=150 * 2**20)
        message, params, _ = await problem_of(take_in(odd_pictures.png(6_000, 6_000, 8, 6), "a.png", 64, limits=limits))
        assert (message, params["limit"]) == ("attachment.no_memory", 157)

    run(test())


def test_who_cancels_leaves_no_child_behind() -> None:
    async def test() -> None:
        before = set(psutil.Process().children())
        task = asyncio.create_task(take_in(odd_pictures.png(9_990, 9_990, 16, 0), "a.png", 64, limits=PATIENT))
        while not set(psutil.Process().children()) - before:  # noqa: ASYNC110 - a process tells nobody that it is there
            await asyncio.sleep(0)
        (child,) = set(psutil.Process().children()) - before
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.to_thread(child.wait, 60)

    run(test())


@pytest.mark.parametrize(
    ("answers", "problem"),
    [
        ("import sys; sys.stdin.buffer.read()", "attachment.failed"),
        ("import sys; sys.stdout.write('hello, this is no answer at all')", "attachment.failed"),
        ("import os; os.write(1, b'\\xff\\xff\\xff\\x7f')", "attachment.failed"),
        ("import os; os.write(1, (2).to_bytes(4, 'little') + b'[]')", "attachment.failed"),
        ("import os; os.abort()", "attachment.no_memory"),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="abort has another status there")
def test_nothing_that_a_child_says_is_believed_for_nothing(
    answers: str, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake_module, "decode_command", lambda: [sys.executable, "-c", answers])

    async def test() -> None:
        assert (await problem_of(take_in(b"x", "a.png", 64, limits=PATIENT)))[0] == problem

    run(test())


@pytest.mark.parametrize(
    "head",
    [
        {"kind": "pixels", "width": 65, "height": 1, "bytes": 195},
        {"kind": "pixels", "width": 2, "height": 2, "bytes": 11},
        {"kind": "pixels", "width": 0, "height": 0, "bytes": 0},
        {"kind": "text", "bytes": 2**40},
        {"kind": "text", "bytes": -1},
        {"kind": "pixels", "width": 2, "height": 2, "bytes": 12, "cage": "none"},
        {"kind": "path", "bytes": 0},
        {"problem": "unexpected", "bytes": 0},
    ],
)
def test_sizes_that_do_not_add_up_are_refused(head: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    said = json.dumps({"cage": {}, **head})
    program = f"import os; os.write(1, len({said!r}).to_bytes(4, 'little') + {said!r}.encode() + bytes(1000))"
    monkeypatch.setattr(intake_module, "decode_command", lambda: [sys.executable, "-c", program])

    async def test() -> None:
        assert (await problem_of(take_in(b"x", "a.png", 64, limits=PATIENT)))[0] == "attachment.failed"

    run(test())


def test_a_name_is_only_ever_the_last_component_and_one_line() -> None:
    async def test() -> None:
        with pytest.raises(DeskError) as caught:
            await take_in(b"", "/home/anna/secret\nfolder/a\u202eb\n.png", 64)
        words = in_words(caught.value.problem)
        assert "anna" not in words.message
        assert "\n" not in words.message

    run(test())


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("holi\u034fday\u3164.txt", "holiday .txt"),
        ("\u2800\u3164\u200b", "?"),
        ("a" + "\u0336" * 99, "a" + "\u0336" * 5),
    ],
    ids=["in a word", "alone", "a pile"],
)
def test_a_name_can_be_seen_and_stays_in_its_line(name: str, shown: str) -> None:
    async def test() -> None:
        assert await take_in(b"words", name, 64, limits=PATIENT) == TextFile(shown, "words", "utf-8")

    run(test())


def test_the_child_is_not_started_for_what_cannot_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake_module, "decode_command", lambda: ["/does/not/exist"])

    async def test() -> None:
        for path, problem in ((tmp_path, "is_folder"), (tmp_path / "no", "vanished")):
            intake = Intake(path, path.name, 64)
            assert (await problem_of(intake.run()))[0] == f"attachment.{problem}"
        (tmp_path / "a").write_bytes(b"a")
        assert (await problem_of(take_in(tmp_path / "a", "a", 64)))[0] == "attachment.failed"

    run(test())
