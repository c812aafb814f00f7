"""The models folder moves: a kill at any step leaves each model whole in one place; the next start goes on or back."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Final

import pytest

from mistral_desk.core.errors import DeskError
from mistral_desk.library import journal, move_plan, relocating
from mistral_desk.library.move_plan import plan
from mistral_desk.library.relocating import STAGED, Mover, Note
from tests.fixtures.hub_files import content
from tests.fixtures.moving import SIZES, contents, filled, note_of, whole_somewhere
from tests.fixtures.other_programs import put

if TYPE_CHECKING:
    from pathlib import Path


class Killed(BaseException):
    """As if the program ended here."""


class Run:
    """A move without the program around it, which may be killed at its `at`th step."""

    def __init__(self, file: Path, *, copies: bool, at: int = -1) -> None:
        self.file, self.copies, self.at, self.steps = file, copies, at, 0

    def _reached(self, _what: str) -> None:
        self.steps += 1
        if self.steps == self.at:
            raise Killed

    def go(self, note: Note, *, back: bool = False) -> None:
        """As `Moving` does it."""
        mover = Mover(
            note,
            lambda new: relocating.write(self.file, new),
            lambda _step: None,
            threading.Event(),
            copies=self.copies,
            reached=self._reached,
        )
        if note.phase == "forward" and not back:
            mover.forward()
            mover.switched()
        if mover.note.phase == "clearing":
            mover.clear()
        else:
            mover.back()
        self.file.unlink()


@pytest.mark.parametrize("copies", [False, True], ids=["renamed", "copied"])
@pytest.mark.parametrize("back", [False, True], ids=["on", "back"])
def test_a_kill_at_any_step_loses_nothing_and_leaves_no_half(tmp_path: Path, *, copies: bool, back: bool) -> None:
    """Each step is the last one of a run once; then another run goes on to the end, or back to the beginning."""
    at, ended = 0, False
    while not ended:
        at += 1
        source, target, file = (tmp_path / f"{name} {at}" for name in ("Modelle", "Große Platte", "moving.json"))
        expected = filled(source)
        relocating.begin(target)
        note = note_of(source, target)
        relocating.write(file, note)
        try:
            Run(file, copies=copies, at=at).go(note)
            ended = True
        except Killed:
            whole_somewhere(expected, source, target)
            kept = relocating.read(file)
            assert kept is not None
            if back and kept.phase == "forward":
                # Killed once more on the way back, and taken up again.
                with contextlib.suppress(Killed):
                    Run(file, copies=copies, at=at % 5 + 1).go(kept, back=True)
                whole_somewhere(expected, source, target)
                kept = relocating.read(file)
                if kept is not None:
                    Run(file, copies=copies).go(kept, back=True)
                assert contents(source) == expected
                assert contents(target) == {}
                continue
            Run(file, copies=copies).go(kept)
        assert contents(target) == expected
        assert contents(source) == {}
        assert [path.name for path in source.iterdir()] == ["Urlaub.jpg"]
        assert not file.exists()
        assert not list(target.rglob(f"*{STAGED}*"))
        assert (target / "acme/Tiny-GGUF/Twin.gguf").samefile(target / "acme/Tiny-GGUF/Tiny-Q4_K_M.gguf")
    assert at > 8


KILLED: Final = """
import os, sys, threading
from pathlib import Path
from mistral_desk.library import relocating
from mistral_desk.library.relocating import Mover
file, left = Path(sys.argv[1]), [int(sys.argv[2])]
def reached(what):
    left[0] -= 1
    if left[0] == 0:
        os.kill(os.getpid(), 9)
note = relocating.read(file)
noted, stop = lambda new: relocating.write(file, new), threading.Event()
mover = Mover(note, noted, lambda step: None, stop, copies=True, reached=reached)
mover.forward(); mover.switched(); mover.clear(); file.unlink()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9")
def test_a_program_that_is_killed_goes_on(tmp_path: Path) -> None:
    source, target, file = tmp_path / "Modelle", tmp_path / "Platte", tmp_path / "moving.json"
    expected = filled(source)
    relocating.begin(target)
    relocating.write(file, note_of(source, target))
    for number in (2, 4):
        done = subprocess.run([sys.executable, "-c", KILLED, str(file), str(number)], check=False)
        assert done.returncode == -9
        whole_somewhere(expected, source, target)
    kept = relocating.read(file)
    assert kept is not None
    Run(file, copies=True).go(kept)
    assert (contents(target), contents(source)) == (expected, {})


def test_what_changes_meanwhile_is_moved_as_it_is(tmp_path: Path) -> None:
    source, target, file = tmp_path / "a", tmp_path / "b", tmp_path / "moving.json"
    filled(source)
    relocating.begin(target)
    note = note_of(source, target)
    relocating.write(file, note)
    with pytest.raises(Killed):
        Run(file, copies=True, at=6).go(note)
    assert contents(target)
    part = source / "acme/Other-GGUF/Other-Q8_0.gguf.part"
    part.write_bytes(b"more")
    own = source / "Mein Modell.gguf"
    own.write_bytes(content(own.stat().st_size, 99))
    os.utime(own, (1, 1))
    put(source / "new" / "New.gguf", b"new")
    expected = contents(source)
    kept = relocating.read(file)
    assert kept is not None
    Run(file, copies=True).go(kept)
    assert (contents(target), contents(source)) == (expected, {})


def test_what_cannot_be_is_refused_before_anything_moves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "models"
    expected = filled(source)

    def refused(target: Path, start: Path = source) -> str:
        with pytest.raises(DeskError) as caught:
            plan(start, target)
        return caught.value.problem.id

    assert refused(source) == "library.move_same"
    assert refused(source / ".." / "models") == "library.move_same"
    assert refused(source / "inside") == "library.move_inside"
    assert refused(tmp_path) == "library.move_inside"
    assert refused(tmp_path / "x", tmp_path / "gone") == "library.move_away"
    assert refused(put(tmp_path / "file", b"") / "below") == "library.move_not_writable"
    put(tmp_path / "taken" / "Mein Modell.gguf", b"another")
    assert refused(tmp_path / "taken") == "library.move_exists"
    held = journal.Journal(journal.path_for(source / "acme/Other-GGUF/Other-Q8_0.gguf"), "Other")
    with pytest.raises(DeskError, match=r"library\.move_busy"):
        move_plan.at_rest(source)
    held.close()
    move_plan.at_rest(source)
    monkeypatch.setattr("mistral_desk.library.disk.device", lambda folder: hash(str(folder)))
    monkeypatch.setattr(move_plan, "RESERVE", 1 << 60)
    assert refused(tmp_path / "full") == "library.no_room"
    assert {path: data for path, data in contents(source).items() if path in expected} == expected
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "models", "taken"]


def test_a_plan_says_what_it_takes(tmp_path: Path) -> None:
    source = tmp_path / "models"
    found = plan(source.parent / "models", tmp_path / "new") if filled(source) else None
    assert found is not None
    assert (found.how, found.files) == ("rename", len(contents(source)))
    listed = journal.path_for(source / "acme/Tiny-GGUF/Tiny-Q4_K_M.gguf").stat().st_size
    assert found.bytes == sum(SIZES.values()) + listed
    (tmp_path / "empty").mkdir()
    assert plan(tmp_path / "empty", tmp_path / "new").how == "nothing"
