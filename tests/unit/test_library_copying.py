"""A copy into the models folder is whole or not there: cancelled, without room, of a file that changes, or killed."""

from __future__ import annotations

import asyncio
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from mistral_desk.library import copying, disk, journal
from mistral_desk.library.installed import Library
from tests.fixtures.engines import problem_of, run
from tests.fixtures.other_programs import Someone, adopting, eyes, put, weights

if TYPE_CHECKING:
    from tests.fixtures.small_models import SmallModels

HUB: Final = "acme/Tiny-GGUF"


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "Modelle für mich"


@pytest.fixture
def someone(tmp_path: Path) -> Someone:
    return Someone(tmp_path / "home")


@pytest.fixture
def library(tmp_path: Path, models: Path) -> Library:
    return Library(tmp_path / "data" / "library.json", lambda: [models])


def left_in(models: Path) -> list[str]:
    return sorted(path.relative_to(models).as_posix() for path in models.rglob("*") if path.is_file())


def test_a_copy_is_whole_and_knows_where_it_came_from(
    library: Library, models: Path, someone: Someone, small_models: SmallModels
) -> None:
    someone.links = sys.platform != "win32"
    content = weights(small_models)
    someone.hf(HUB, {"Tiny-Q4_K_M.gguf": content, "mmproj-F16.gguf": eyes(small_models)})
    told: list[tuple[int, int]] = []

    async def test() -> None:
        room = adopting(library, models, someone)
        (one,) = (await room.scan())[0].candidates
        copied = await room.copy(one, lambda done, total: told.append((done, total)))
        assert copied.path == str(models / "acme" / "Tiny-GGUF" / "Tiny-Q4_K_M.gguf")
        assert await asyncio.to_thread(Path(copied.path).read_bytes) == content
        assert told[-1] == (one.bytes, one.bytes)
        assert told == sorted(told)
        if someone.links:  # the cache says the hash, so it is a download like any other
            assert (copied.id, copied.origin) == (f"{HUB}:Q4_K_M", "download")
            assert [result.good for result in await library.verify(copied)] == [True, True]
        assert (await room.copy(one)).path == copied.path  # once more is no second copy
        put(Path(copied.path), b"something else")
        problem, _, _ = await problem_of(room.copy(one))
        assert problem == "library.exists"

    run(test())
    assert not (models / copying.FOLDER).exists()


def test_a_blob_of_ollama_gets_a_name(
    library: Library, models: Path, someone: Someone, small_models: SmallModels
) -> None:
    someone.ollama(
        "registry.ollama.ai/library/tiny/1b", {"model": weights(small_models), "projector": eyes(small_models)}
    )

    async def test() -> None:
        room = adopting(library, models, someone)
        (one,) = (await room.scan())[0].candidates
        copied = await room.copy(one)
        assert left_in(models) == ["tiny-1b/mmproj-tiny-1b.gguf", "tiny-1b/tiny-1b.gguf"]
        assert copied.state == "here"

    run(test())


def test_who_cancels_a_copy_has_nothing(
    library: Library, models: Path, someone: Someone, small_models: SmallModels
) -> None:
    someone.lmstudio(HUB, {"Tiny-Q4_K_M.gguf": weights(small_models)})

    async def test() -> None:
        room = adopting(library, models, someone)
        (one,) = (await room.scan())[0].candidates
        begun, go = threading.Event(), threading.Event()

        def told(_done: int, _total: int) -> None:
            begun.set()
            go.wait()

        task = asyncio.create_task(room.copy(one, told))
        await asyncio.to_thread(begun.wait)
        assert left_in(models) != []
        task.cancel()
        await asyncio.sleep(0)
        go.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert left_in(models) == []

    run(test())


def test_a_copy_without_room_or_of_what_changes_is_refused(
    library: Library, models: Path, someone: Someone, small_models: SmallModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = someone.lmstudio(HUB, {"Tiny-Q4_K_M.gguf": weights(small_models)})

    async def test() -> None:
        room = adopting(library, models, someone)
        (one,) = (await room.scan())[0].candidates
        with (folder / "Tiny-Q4_K_M.gguf").open("ab") as file:
            file.write(b"more")
        assert (await problem_of(room.copy(one)))[0] == "library.copy_differs"
        monkeypatch.setattr(copying, "_RESERVE", 1 << 60)
        assert (await problem_of(room.copy(one)))[0] == "library.no_room"

    run(test())
    assert left_in(models) == []


def test_what_somebody_puts_there_while_it_is_copied_is_left_alone(
    library: Library, models: Path, someone: Someone, small_models: SmallModels
) -> None:
    """A models folder may be shared, and a copy takes long."""
    someone.lmstudio(HUB, {"Tiny-Q4_K_M.gguf": weights(small_models), "mmproj-F16.gguf": eyes(small_models)})
    theirs = models / "acme" / "Tiny-GGUF" / "mmproj-F16.gguf"

    def come(_done: int, _total: int) -> None:
        put(theirs, b"theirs")

    async def test() -> None:
        room = adopting(library, models, someone)
        (one,) = (await room.scan())[0].candidates
        problem, params, _ = await problem_of(room.copy(one, come))
        assert (problem, params["path"]) == ("library.exists", str(theirs))

    run(test())
    assert left_in(models) == ["acme/Tiny-GGUF/mmproj-F16.gguf"]
    assert theirs.read_bytes() == b"theirs"


def test_what_the_system_refuses_is_said_of_the_copy(
    tmp_path: Path, library: Library, models: Path, someone: Someone, small_models: SmallModels
) -> None:
    someone.lmstudio(HUB, {"Tiny-Q4_K_M.gguf": weights(small_models)})
    put(models, b"a file where the folder should be")

    async def test() -> None:
        room = adopting(library, models, someone)
        (one,) = (await room.scan())[0].candidates
        problem, params, _ = await problem_of(room.copy(one))
        assert (problem, params["path"]) == ("library.copy_failed", str(models))

    run(test())
    assert models.read_bytes() == b"a file where the folder should be"


def test_what_a_killed_copy_left_is_cleared_and_a_living_one_is_not(models: Path) -> None:
    dead = put(models / copying.FOLDER / "dead" / "0", b"half")
    put(dead.with_name("lock"), b"")
    living = put(models / copying.FOLDER / "living" / "0", b"half")
    put(living.with_name("lock"), b"")
    with living.with_name("lock").open("r+b") as held:
        assert disk.lock(held.fileno())
        copying.clear(models)
        assert not dead.exists()
        assert living.exists()


def test_a_copy_leaves_no_list_behind_where_nothing_is_known(
    library: Library, models: Path, someone: Someone, small_models: SmallModels
) -> None:
    someone.lmstudio(HUB, {"Tiny-Q4_K_M.gguf": weights(small_models)})

    async def test() -> None:
        room = adopting(library, models, someone)
        await room.copy((await room.scan())[0].candidates[0])

    run(test())
    assert not list(models.rglob(f"*{journal.ENDING}"))
