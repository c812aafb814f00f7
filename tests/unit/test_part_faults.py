"""A beginning of a file that is not as it was left: longer, shorter, of another file, in use, read on Windows."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec
import pytest

from mistral_desk.core.errors import DeskError
from mistral_desk.library import disk, journal
from mistral_desk.library.part import Part, StoppedError, discard, left_over
from mistral_desk.library.there import prove
from mistral_desk.library.transfer import Manner, Transfer
from mistral_desk.library.wanted import PART, Wanted, checked, place
from tests.fixtures.engines import run
from tests.fixtures.hub_files import FileHub, content, flipped, stall
from tests.fixtures.online import online
from tests.fixtures.other_programs import put, sha256
from tests.fixtures.transfers import ALONE, BLOCK, QUICK, fetched, is_kept, is_whole

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fixtures.web_site import Answer, Asked

SIZE = 6 * BLOCK + 321
DATA = content(SIZE)


@pytest.fixture
def hub() -> Iterator[FileHub]:
    with FileHub() as one:
        yield one


def begun(wanted: Wanted, models: Path, *spans: tuple[int, int]) -> Path:
    """What an earlier run left: these spans of the file. Its path."""
    part = Part(wanted, place(models, wanted), BLOCK)
    part.open()
    for start, end in spans:
        part.write(start, DATA[start:end])
    part.close()
    return part.path


def test_without_reads_and_writes_at_a_place_as_on_windows_a_file_comes_whole(
    hub: FileHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several connections share one place in the file there: no byte goes to another's."""
    monkeypatch.delattr(os, "pread", raising=False)
    monkeypatch.delattr(os, "pwrite", raising=False)
    wanted = hub.add("m.gguf", DATA)
    begun(wanted, tmp_path, (BLOCK, 3 * BLOCK))
    run(_fetched(hub, wanted, tmp_path))
    assert is_whole(wanted, tmp_path)
    assert hub.served == SIZE - 2 * BLOCK


@pytest.mark.parametrize("change", [content(9 * BLOCK, 5), b""], ids=["longer", "empty"])
def test_a_beginning_that_somebody_made_longer_or_empty_costs_what_is_gone(
    hub: FileHub, tmp_path: Path, change: bytes
) -> None:
    wanted = hub.add("m.gguf", DATA)
    path = begun(wanted, tmp_path, (0, 2 * BLOCK))
    path.write_bytes(DATA[: 2 * BLOCK] + change if change else b"")
    run(_fetched(hub, wanted, tmp_path))
    assert is_whole(wanted, tmp_path)
    assert hub.served == SIZE - (2 * BLOCK if change else 0)


@pytest.mark.parametrize(
    ("now", "same"),
    [({}, True), ({"size": SIZE - 1}, False), ({"revision": "b" * 40}, False), ({"sha256": sha256(DATA)}, False)],
    ids=["as it was", "another size", "another commit", "a hash is known by now"],
)
def test_a_beginning_without_a_hash_is_gone_on_with_only_at_its_commit(
    tmp_path: Path, now: dict[str, str], same: bool
) -> None:
    """Nothing but its commit and its place says there which file it is."""
    first = Wanted("acme/tiny-GGUF", "a" * 40, "m.gguf", SIZE)
    begun(first, tmp_path, (0, BLOCK))
    wanted = msgspec.structs.replace(first, **now)
    part = Part(wanted, place(tmp_path, wanted), BLOCK)
    part.open()
    assert part.done == (BLOCK if same else 0)
    part.close()


def test_who_stops_while_what_is_there_is_looked_at_has_lost_nothing_and_knows_nothing(tmp_path: Path) -> None:
    wanted = Wanted("acme/tiny-GGUF", "a" * 40, "m.gguf", SIZE, sha256(DATA))
    begun(wanted, tmp_path, (0, 2 * BLOCK))
    part = Part(wanted, place(tmp_path, wanted), BLOCK)
    part.stop.set()
    with pytest.raises(StoppedError):
        part.open()
    assert part.remembered is None, "what was not read again is not to be believed by the next run"
    assert left_over(part.final) == 2 * BLOCK


def test_a_file_that_gets_shorter_under_a_download_is_said_to_be_the_disk(tmp_path: Path) -> None:
    wanted = Wanted("acme/tiny-GGUF", "a" * 40, "m.gguf", SIZE, sha256(DATA))
    part = Part(wanted, place(tmp_path, wanted), BLOCK)
    part.open()
    part.write(BLOCK, DATA[BLOCK:])
    os.truncate(part.path, 0)
    with pytest.raises(DeskError) as caught:
        part.write(0, DATA[:BLOCK])
    assert caught.value.problem.id == "library.disk"
    part.close()


@pytest.mark.parametrize("late", ["write", "finish"])
def test_what_comes_after_the_end_of_a_run_is_never_taken_for_done(tmp_path: Path, late: str) -> None:
    wanted = Wanted("acme/tiny-GGUF", "a" * 40, "m.gguf", SIZE, sha256(DATA))
    part = Part(wanted, place(tmp_path, wanted), BLOCK)
    part.open()
    part.write(0, DATA[: SIZE if late == "finish" else BLOCK])
    part.close()
    comes = {"write": lambda: part.write(BLOCK, DATA[BLOCK:]), "finish": lambda: part.finish(sha256(DATA))}
    with pytest.raises(DeskError) as caught:
        comes[late]()
    assert caught.value.problem.id == "library.disk"
    assert is_kept(wanted, tmp_path)


def test_a_disk_that_changes_a_block_twice_is_found_out_twice(tmp_path: Path) -> None:
    wanted = Wanted("acme/tiny-GGUF", "a" * 40, "m.gguf", SIZE, sha256(DATA))
    part = Part(wanted, place(tmp_path, wanted), BLOCK)
    part.open()
    part.write(0, DATA)
    for _ in range(2):
        with part.path.open("r+b") as file:
            file.seek(3 * BLOCK + 9)
            file.write(b"????")
        assert part.reread() == (3,)
        assert part.reread() == (), "a block that is known to be lost is not looked for again"
        part.write(3 * BLOCK, DATA[3 * BLOCK : 4 * BLOCK])
    assert part.reread() == ()
    assert part.sha256() == wanted.sha256
    part.close()


def test_a_beginning_beside_the_whole_file_goes_and_the_file_keeps_its_list(tmp_path: Path) -> None:
    """The list says that the file is whole, and what it is."""
    wanted = Wanted("acme/tiny-GGUF", "a" * 40, "m.gguf", SIZE, sha256(DATA))
    final = put(place(tmp_path, wanted), DATA)
    prove(final, wanted, sha256(DATA), ("acme/tiny-GGUF:m", "m"))
    beginning = put(final.with_name(final.name + PART), b"half")
    discard(final)
    assert not beginning.exists()
    assert final.read_bytes() == DATA
    kept = journal.read(journal.path_for(final))
    assert kept is not None
    assert kept.sha256 == wanted.sha256


def test_what_the_disk_spoils_while_it_comes_is_fetched_again_and_nothing_else(hub: FileHub, tmp_path: Path) -> None:
    """A block changes on the disk after it was looked at, before the hash of the file has come to it."""
    wanted = hub.add("m.gguf", DATA)
    path = begun(wanted, tmp_path, (BLOCK, SIZE))

    def spoils(_asked: Asked, answer: Answer) -> Answer:
        with path.open("r+b") as file:
            file.seek(4 * BLOCK + 1)
            file.write(b"????")
        return answer

    hub.fail(spoils)
    run(_fetched(hub, wanted, tmp_path))
    assert is_whole(wanted, tmp_path)
    assert hub.served == 2 * BLOCK, "the one that was missing, and the one that was spoilt"


def test_a_changed_byte_is_found_at_a_hub_that_gives_whole_files_only(hub: FileHub, tmp_path: Path) -> None:
    wanted = hub.add("m.gguf", DATA)
    hub.ranges = False
    hub.fail(flipped(4 * BLOCK + 17))
    run(_fetched(hub, wanted, tmp_path))
    assert is_whole(wanted, tmp_path)


def test_a_stream_that_hardly_moves_is_a_stalled_one(
    hub: FileHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few bytes a minute are no silence, and would take a year. What they brought is kept."""
    wanted = hub.add("m.gguf", DATA)
    monkeypatch.setattr("mistral_desk.library.transfer._TRICKLE_S", -1.0)
    monkeypatch.setattr("mistral_desk.library.transfer._LEAST", 1 << 30)
    hub.always = stall(1000)
    with pytest.raises(DeskError) as caught:
        run(_fetched(hub, wanted, tmp_path, ALONE))
    assert caught.value.problem.id == "net.timeout"
    assert left_over(place(tmp_path, wanted)) == 1000 * (ALONE.patience + 1)
    monkeypatch.setattr("mistral_desk.library.transfer._LEAST", 1)
    hub.always = None
    run(_fetched(hub, wanted, tmp_path))
    assert is_whole(wanted, tmp_path)


@pytest.mark.parametrize(
    "wrong",
    [{"revision": "a/../b"}, {"revision": ""}, {"size": -1}, {"sha256": "abc"}, {"sha256": "x" * 64}],
    ids=str,
)
def test_an_order_of_what_no_hub_states_is_refused_before_anybody_is_asked(
    hub: FileHub, tmp_path: Path, wrong: dict[str, str | int]
) -> None:
    known: dict[str, str | int] = {"revision": "a" * 40, "size": SIZE, "sha256": sha256(DATA), **wrong}
    odd = Wanted(hub.repository, str(known["revision"]), "m.gguf", int(known["size"]), str(known["sha256"]))
    with pytest.raises(DeskError) as caught:
        checked(odd)
    assert caught.value.problem.id == "library.name"

    async def test() -> None:
        async with online(tmp_path) as net:
            with pytest.raises(DeskError, match=r"library\.name"):
                Transfer(net, odd, tmp_path / "m.gguf", base=hub.url, manner=QUICK)

    run(test())
    assert hub.hub.asked == []


# --- the disk itself --------------------------------------------------------------------------------------


class Held:
    """A file that a virus scanner holds for so many tries, as Windows says it."""

    def __init__(self, tries: int) -> None:
        self.left, self.placed = tries, False

    def replace(self, _new: object) -> None:
        self.left -= 1
        if self.left >= 0:
            raise PermissionError(13, "The process cannot access the file")
        self.placed = True


@pytest.mark.parametrize(("held", "most", "placed"), [(0, 20, True), (2, 20, True), (3, 2, False)])
def test_what_a_virus_scanner_holds_is_put_in_place_when_it_lets_go(
    held: int, most: int, placed: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(disk, "_TRIES", most)
    file = Held(held)
    if placed:
        disk._rename_patiently(file, tmp_path)  # type: ignore[arg-type]
    else:
        with pytest.raises(PermissionError):
            disk._rename_patiently(file, tmp_path)  # type: ignore[arg-type]
    assert file.placed is placed


async def _fetched(hub: FileHub, wanted: Wanted, models: Path, manner: Manner = QUICK) -> None:
    await fetched(hub, wanted, models, manner)
