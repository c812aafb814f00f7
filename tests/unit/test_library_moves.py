"""The models folder moves while the program runs: downloads pause and go on, a cancel goes back, a restart goes on."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mistral_desk.core.settings import MODELS_FOLDER, Settings
from mistral_desk.library import disk, relocating
from mistral_desk.library.installed import Library
from mistral_desk.library.moving import Moving
from mistral_desk.library.wanted import PART
from tests.fixtures.engines import problem_of, run
from tests.fixtures.hub_files import FileHub, slow
from tests.fixtures.moving import contents, filled, note_of, whole_somewhere
from tests.fixtures.other_programs import put
from tests.fixtures.queues import model, one, queue
from tests.fixtures.transfers import is_whole, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mistral_desk.library.queue import Queue


class Program:
    """What the services have of it."""

    def __init__(self, folder: Path, settings: Settings, downloads: Queue) -> None:
        self.settings, self.downloads = settings, downloads
        self.library = Library(folder / "library.json", lambda: [self.models])
        self._standard = folder / "models"
        self.moving = Moving(folder, settings, lambda: self.models, downloads, self.library)

    @property
    def models(self) -> Path:
        """The folder in force."""
        return Path(self.settings.get(MODELS_FOLDER) or self._standard)


class Gate:
    """Holds a copy after its first piece."""

    def __init__(self, moving: Moving) -> None:
        self.begun, self.go = threading.Event(), threading.Event()
        moving.reached = self._reached

    def _reached(self, _what: str) -> None:
        self.begun.set()
        self.go.wait()


@contextlib.asynccontextmanager
async def program(folder: Path, hub: FileHub, *, copies: bool) -> AsyncIterator[Program]:
    settings, _ = Settings.open(folder / "settings.json")
    async with queue(folder, hub, settings) as downloads:
        made = Program(folder, settings, downloads)
        downloads._models = lambda: made.models
        made.moving.copies = copies
        await made.moving.open()
        yield made
        await made.moving.close()


@pytest.mark.parametrize("copies", [False, True], ids=["renamed", "copied"])
def test_downloads_pause_and_go_on_in_the_new_folder(tmp_path: Path, *, copies: bool) -> None:
    with FileHub() as hub:
        order = model(hub)
        hub.always = slow(300_000)

        async def test() -> None:
            async with program(tmp_path, hub, copies=copies) as made:
                await made.downloads.add(order)
                await until(lambda: one(made.downloads, order.id).done > 200_000)
                seen: list[str | None] = []
                made.moving.listen(lambda now: seen.append(now.phase if now else None))
                await made.moving.move(tmp_path / "Große Platte")
                assert made.models == tmp_path / "Große Platte"
                assert made.moving.now is None
                hub.always = None
                await until(lambda: one(made.downloads, order.id).state == "done")
                assert one(made.downloads, order.id).folder == str(made.models)
                await until(lambda: seen[-1:] == [None])

        run(test())
    assert all(is_whole(file, tmp_path / "Große Platte") for file in order.files)
    assert not list((tmp_path / "models").rglob(f"*{PART}"))
    assert not (tmp_path / relocating.FILE).exists()
    assert hub.served <= order.bytes + 600_000


def test_who_cancels_has_all_as_it_was(tmp_path: Path) -> None:
    expected = filled(tmp_path / "models")

    async def test() -> None:
        with FileHub() as hub:
            async with program(tmp_path, hub, copies=True) as made:
                gate = Gate(made.moving)
                task = asyncio.create_task(made.moving.move(tmp_path / "new"))
                await asyncio.to_thread(gate.begun.wait)
                task.cancel()
                for _ in range(3):  # until the cancelled task has said so
                    await asyncio.sleep(0)
                gate.go.set()
                with pytest.raises(asyncio.CancelledError):
                    await task
                assert made.moving.now is None
                assert made.models == tmp_path / "models"

    run(test())
    assert contents(tmp_path / "models") == expected
    assert contents(tmp_path / "new") == {}
    assert not (tmp_path / relocating.FILE).exists()


def test_what_the_end_of_the_program_interrupts_goes_on_at_the_next_start(tmp_path: Path) -> None:
    expected = filled(tmp_path / "models")

    async def test() -> None:
        with FileHub() as hub:
            async with program(tmp_path, hub, copies=True) as made:
                gate = Gate(made.moving)
                task = asyncio.create_task(made.moving.move(tmp_path / "new"))
                await asyncio.to_thread(gate.begun.wait)
                closing = asyncio.create_task(made.moving.close())
                await asyncio.sleep(0)
                gate.go.set()
                await closing
                await task
            assert (tmp_path / relocating.FILE).exists()
            whole_somewhere(expected, tmp_path / "models", tmp_path / "new")
            async with program(tmp_path, hub, copies=True) as again:
                assert again.moving.now is not None
                assert (await problem_of(again.moving.move(tmp_path / "third")))[0] == "library.moving"
                await until(lambda: again.moving.now is None)
                assert again.models == tmp_path / "new"
                assert {found.title for found in await again.library.look()} >= {"Tiny", "Mein Modell"}

    run(test())
    assert (contents(tmp_path / "new"), contents(tmp_path / "models")) == (expected, {})


def test_a_disk_that_is_not_there_is_waited_for(tmp_path: Path) -> None:
    expected = filled(tmp_path / "models")
    relocating.begin(tmp_path / "disk" / "new")
    relocating.write(tmp_path / relocating.FILE, note_of(tmp_path / "models", tmp_path / "disk" / "new"))
    (tmp_path / "disk").rename(tmp_path / "unplugged")
    (tmp_path / "disk" / "new").mkdir(parents=True)  # as a system leaves the place of a disk that is away

    async def test() -> None:
        with FileHub() as hub:
            async with program(tmp_path, hub, copies=True) as made:
                await until(lambda: made.moving.now is not None and made.moving.now.problem is not None)
                assert made.moving.now is not None
                assert made.moving.now.problem is not None
                assert made.moving.now.problem.id == "library.move_away"
                assert contents(tmp_path / "models") == expected
                assert (await problem_of(made.moving.go_on()))[0] == "library.move_away"
                (tmp_path / "disk" / "new").rmdir()
                (tmp_path / "disk").rmdir()
                (tmp_path / "unplugged").rename(tmp_path / "disk")
                await made.moving.go_on()
                assert made.models == tmp_path / "disk" / "new"

    run(test())
    assert contents(tmp_path / "disk" / "new") == expected


def test_what_goes_wrong_goes_back_and_is_told(tmp_path: Path) -> None:
    expected = filled(tmp_path / "models")

    async def test() -> None:
        with FileHub() as hub:
            async with program(tmp_path, hub, copies=True) as made:
                (tmp_path / "settings.json").mkdir()
                assert (await problem_of(made.moving.move(tmp_path / "new")))[0] == "settings.not_saved"
                assert made.moving.now is None

    run(test())
    assert contents(tmp_path / "models") == expected
    assert contents(tmp_path / "new") == {}


def test_a_disk_that_takes_no_more_has_all_go_back(tmp_path: Path) -> None:
    expected = filled(tmp_path / "models")

    async def test() -> None:
        with FileHub() as hub:
            async with program(tmp_path, hub, copies=True) as made:

                def full(what: str) -> None:
                    if what == "compared":
                        raise OSError(errno.ENOSPC, "No space left on device")

                made.moving.reached = full
                problem, params, _ = await problem_of(made.moving.move(tmp_path / "new"))
                assert (problem, params["reason"]) == ("library.move_failed", disk.NO_ROOM)
                assert made.moving.now is None
                assert made.models == tmp_path / "models"

    run(test())
    assert contents(tmp_path / "models") == expected
    assert contents(tmp_path / "new") == {}
    assert not (tmp_path / relocating.FILE).exists()


def test_what_cannot_be_deleted_afterwards_is_told_as_it_is_and_tried_again(tmp_path: Path) -> None:
    expected = filled(tmp_path / "models")

    async def test() -> None:
        with FileHub() as hub:
            async with program(tmp_path, hub, copies=True) as made:

                def broken(what: str) -> None:
                    if what == "deleted":
                        raise OSError(errno.EIO, "Input/output error")

                made.moving.reached = broken
                problem, params, _ = await problem_of(made.moving.move(tmp_path / "new"))
                assert (problem, params["path"]) == ("library.move_unfinished", str(tmp_path / "models"))
                assert made.moving.now is not None
                assert made.moving.now.problem is not None
                assert made.moving.now.problem.id == problem
                assert made.models == tmp_path / "new"
                assert contents(tmp_path / "new") == expected
                made.moving.reached = lambda _what: None
                await made.moving.go_on()
                assert made.moving.now is None

    run(test())
    assert (contents(tmp_path / "new"), contents(tmp_path / "models")) == (expected, {})


def test_what_goes_wrong_with_a_move_of_an_earlier_run_is_told(tmp_path: Path) -> None:
    source, target = tmp_path / "models", tmp_path / "new"
    filled(source)
    relocating.begin(target)
    relocating.write(tmp_path / relocating.FILE, note_of(source, target))
    put(source / "Taken.gguf", b"mine")
    put(target / "Taken.gguf", b"another")
    expected = contents(source)

    async def test() -> None:
        with FileHub() as hub:
            async with program(tmp_path, hub, copies=True) as made:
                assert (await problem_of(made.moving.taken_up()))[0] == "library.move_exists"
                assert made.moving.now is None
            async with program(tmp_path, hub, copies=True) as again:
                await again.moving.taken_up()

    run(test())
    assert contents(source) == expected
    assert contents(target) == {"Taken.gguf": b"another"}
