"""The library is what lies on the disk: found anew at any time, verified, repaired block by block, deleted."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mistral_desk.core.errors import DeskError
from mistral_desk.library import journal, shelf_file
from mistral_desk.library.deleting import delete
from mistral_desk.library.installed import Library
from mistral_desk.library.part import StoppedError
from mistral_desk.library.scan import scan
from mistral_desk.library.there import present, prove, twin
from mistral_desk.library.verify import unseat, verify, verify_all
from mistral_desk.library.wanted import PART, Wanted, place
from tests.fixtures.engines import problem_of, run
from tests.fixtures.hub_files import FileHub, content
from tests.fixtures.in_the_way import downloaded
from tests.fixtures.queues import SIZES, comes_to, model, queue
from tests.fixtures.transfers import BLOCK, is_whole, until

if TYPE_CHECKING:
    from mistral_desk.library.orders import Order
    from mistral_desk.library.shelf_file import Installed


@pytest.fixture
def order(tmp_path: Path) -> Order:
    """A model in two parts with its projector, in the library."""
    with FileHub() as hub:
        made = model(hub)
    for number, file in enumerate(made.files):
        downloaded(file, tmp_path, content(SIZES[number], number), (made.id, made.title))
    return made


def found(models: Path) -> tuple[Installed, ...]:
    models_there = scan(models)
    assert models_there is not None
    return models_there


def test_a_model_is_all_its_files(tmp_path: Path, order: Order) -> None:
    (one,) = found(tmp_path)
    assert Path(one.path) == place(tmp_path, order.files[0])
    assert (one.id, one.title, one.origin, one.deletes) == (order.id, order.title, "download", "bin_or_good")
    assert (one.name, one.bytes, one.missing) == ("Tiny-Q4", sum(SIZES), ())
    assert [file.sha256 for file in one.all] == [file.sha256 for file in order.files]
    assert {file.title for file in one.all} == {"Tiny-Q4"}
    assert one.projector is not None
    assert one.projector.repository == order.files[0].repository


def test_what_a_person_put_there_is_a_model_too(tmp_path: Path, order: Order) -> None:
    own = tmp_path / "Eigene Modelle"
    own.mkdir()
    (own / "Mein Modell.gguf").write_bytes(b"x" * 10)
    (own / "unfinished.gguf.part").write_bytes(b"x")
    (own / ".hidden.gguf.tmp").write_bytes(b"x")
    names = {model.name: model for model in found(tmp_path)}
    assert set(names) == {"Tiny-Q4", "Mein Modell"}
    assert names["Mein Modell"].files[0].sha256 == ""


def test_a_part_that_is_missing_is_named(tmp_path: Path, order: Order) -> None:
    place(tmp_path, order.files[1]).unlink()
    (one,) = found(tmp_path)
    assert one.missing == (order.files[1].name,)
    place(tmp_path, order.files[0]).unlink()
    assert found(tmp_path) == ()


def test_a_folder_that_is_away_is_not_forgotten(tmp_path: Path, order: Order, home: Path) -> None:
    library = Library(home / shelf_file.FILE, lambda: [tmp_path])
    seen: list[Installed] = []

    async def look() -> None:
        seen[:] = [model for model in await library.look() if model.origin != "guide"]

    async def use() -> None:
        await library.used(seen[0].id)

    run(look())
    run(use())
    before = seen[0]
    away = tmp_path.with_name("unplugged")
    tmp_path.rename(away)
    run(look())
    assert (seen[0].state, seen[0].id, seen[0].files) == ("absent", before.id, before.files)
    assert seen[0].used is not None
    away.rename(tmp_path)
    run(look())
    assert seen[0].state == "here"


def test_several_folders_are_one_library_and_the_first_keeps_the_name(tmp_path: Path, order: Order, home: Path) -> None:
    second = tmp_path.with_name("zweite Platte")
    for number, file in enumerate(order.files):
        downloaded(file, second, content(SIZES[number], number), (order.id, order.title))
    library = Library(home / shelf_file.FILE, lambda: [tmp_path, second, tmp_path / "acme"])

    async def test() -> None:
        told: list[tuple[Installed, ...]] = []
        library.listen(told.append)
        _, first, other = await library.look()
        assert (first.id, other.id) == (order.id, other.path)
        assert Path(other.path).is_relative_to(second)
        assert library.find(order.id) == first
        await until(lambda: len(told) == 1)
        await library.look()
        second.rename(second.with_name("weg"))
        _, first, other = await library.look()
        assert (first.state, other.state, other.problem.id if other.problem else "") == (
            "here", "absent", "library.absent",
        )  # fmt: skip
        assert (await problem_of(library.delete(other)))[0] == "library.absent"
        await until(lambda: len(told) == 2)
        gone = await library.delete(first, for_good=True)
        assert (gone.freed, gone.in_bin) == (first.bytes, False)
        guide = library.find("builtin")
        assert guide is not None
        assert (await problem_of(library.delete(guide)))[0] == "library.guide_stays"

    run(test())


def test_what_was_remembered_may_be_rubbish(tmp_path: Path, order: Order) -> None:
    (tmp_path / shelf_file.FILE).write_bytes(b"{{{")

    async def test() -> None:
        guide, one = await Library(tmp_path / shelf_file.FILE, lambda: [tmp_path]).look()
        assert (guide.id, guide.deletes) == ("builtin", "never")
        assert one.id == order.id

    run(test())


def test_verify_compares_with_what_came(tmp_path: Path, order: Order) -> None:
    told: list[int] = []

    async def test() -> None:
        (one,) = found(tmp_path)
        assert [result.good for result in await verify_all(one, told.append)] == [True, True, True]
        assert told == sorted(told)
        assert told[-1] == one.bytes
        large = place(tmp_path, order.files[1])
        _damage(large, 4 * BLOCK + 3)
        assert [result.good for result in await verify_all(one)] == [True, False, True]
        (one,) = found(tmp_path)
        assert one.files[1].verified is not None
        assert one.files[1].verified[0] is False
        assert not present(large, order.files[1], ("", ""), threading.Event())

    run(test())


def test_a_damaged_file_is_repaired_by_its_block_alone(tmp_path: Path) -> None:
    with FileHub() as hub:
        made = model(hub)

        async def test() -> None:
            async with queue(tmp_path, hub) as downloads:
                await downloads.add(made)
                await comes_to(downloads, made.id, "done")
                large = place(tmp_path / "models", made.files[1])
                _damage(large, 4 * BLOCK + 3)
                result = verify(large)
                assert (result.good, result.bad) == (False, (4,))
                served = hub.served
                repair = unseat(result)
                assert not large.exists()
                await downloads.add(repair)
                await comes_to(downloads, repair.id, "done")
                assert hub.served - served == BLOCK

        run(test())
    assert is_whole(made.files[1], tmp_path / "models")


def test_a_file_without_blocks_is_compared_with_the_hub_s(tmp_path: Path) -> None:
    """It came without a download, so which of its blocks is bad only the hub can tell."""
    with FileHub() as hub:
        wanted = hub.add("a.gguf", content(5 * BLOCK))
        final = place(tmp_path / "models", wanted)
        final.parent.mkdir(parents=True)
        final.write_bytes(content(5 * BLOCK))
        prove(final, wanted, str(wanted.sha256), ("a", "A"))
        _damage(final, 2 * BLOCK)
        result = verify(final)
        assert (result.good, result.bad) == (False, ())

        async def test() -> None:
            async with queue(tmp_path, hub) as downloads:
                repair = unseat(result)
                await downloads.add(repair)
                await comes_to(downloads, repair.id, "done")

        run(test())
        assert is_whole(wanted, tmp_path / "models")


def test_of_a_file_that_nobody_knows_no_verdict_is_made_up(tmp_path: Path) -> None:
    own = tmp_path / "own.gguf"
    own.write_bytes(b"abc")
    result = verify(own)
    assert (result.good, len(result.sha256)) == (None, 64)
    with pytest.raises(DeskError, match=r"library\.damaged"):
        unseat(result)
    with pytest.raises(DeskError, match=r"model\.missing"):
        verify(tmp_path / "not-there.gguf")
    stop = threading.Event()
    stop.set()
    with pytest.raises(StoppedError):
        verify(own, stop=stop)


def test_deleting_for_good_frees_all_of_it(tmp_path: Path, order: Order) -> None:
    (one,) = found(tmp_path)
    assert delete(one, for_good=True) == sum(SIZES)
    assert list(tmp_path.iterdir()) == []
    assert delete(one, for_good=True) == 0


def test_a_projector_stays_while_another_model_needs_it(tmp_path: Path, order: Order) -> None:
    other = Wanted(order.files[0].repository, order.files[0].revision, "Tiny-Q8.gguf", 100)
    downloaded(other, tmp_path, content(100), ("other", "Tiny-Q8"))
    first = next(model for model in found(tmp_path) if model.name == "Tiny-Q4")
    assert delete(first, for_good=True) == SIZES[0] + SIZES[1]
    (left,) = found(tmp_path)
    assert left.projector is not None
    assert delete(left, for_good=True) == 100 + SIZES[2]
    assert not list(tmp_path.rglob("*.gguf"))


@pytest.mark.skipif(sys.platform != "linux", reason="the bin of this system is the person's own")
def test_the_bin_of_the_system_takes_it_and_frees_nothing(tmp_path: Path, order: Order, home: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from mistral_desk.library.deleting import delete\n"
        "from mistral_desk.library.scan import scan\n"
        "print([delete(model, for_good=False) for model in scan(Path(sys.argv[1]))])"
    )
    own = {"HOME": str(home), "XDG_DATA_HOME": str(home / "data"), "PYTHONPATH": os.pathsep.join(sys.path)}
    home.mkdir(parents=True)
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        env={**os.environ, **own},
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == "[0]"
    assert found(tmp_path) == ()
    kept = {path.name for path in (home / "data" / "Trash" / "files").iterdir()}
    assert kept == {file.name for file in order.files}


def test_a_twin_is_found_by_its_hash(tmp_path: Path, order: Order) -> None:
    same = Wanted("other/repo-GGUF", "main", "x.gguf", SIZES[2], order.files[2].sha256)
    assert twin(tmp_path, same) == place(tmp_path, order.files[2])
    assert twin(tmp_path, Wanted("other/repo-GGUF", "main", "x.gguf", SIZES[2], "0" * 64)) is None
    assert twin(tmp_path, order.files[2]) is None


def test_lists_hold_no_address(tmp_path: Path, order: Order) -> None:
    lists = list(tmp_path.rglob(f"*{journal.ENDING}"))
    assert len(lists) == len(order.files)
    assert not any(b"://" in path.read_bytes() or b"127.0.0" in path.read_bytes() for path in lists)
    assert not list(tmp_path.rglob(f"*{PART}"))


def _damage(path: Path, at: int) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)
        file.seek(at)
        file.write(bytes([byte[0] ^ 1]))
