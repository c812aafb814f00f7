"""A file comes over several connections, is kept through every end of a run, and lies in its place when it is whole."""

from __future__ import annotations

import asyncio
import errno
import itertools
import os
import sys
import time
from typing import TYPE_CHECKING

import pytest

from mistral_desk.core.errors import DeskError
from mistral_desk.core.settings import OFFLINE, Settings
from mistral_desk.library import journal
from mistral_desk.library.pace import Pace
from mistral_desk.library.part import Part, discard, left_over
from mistral_desk.library.transfer import Transfer
from mistral_desk.library.wanted import PART, Wanted, place
from tests.fixtures.engines import problem_of, run
from tests.fixtures.hub_files import FileHub, content, slow, stall
from tests.fixtures.online import online
from tests.fixtures.transfers import ALONE, BLOCK, QUICK, fetched, is_kept, is_whole, transfer, until
from tests.fixtures.web_site import Endless

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SIZE = 20 * BLOCK + 1234


@pytest.fixture
def hub() -> Iterator[FileHub]:
    with FileHub() as one:
        yield one


@pytest.fixture
def wanted(hub: FileHub) -> Wanted:
    return hub.add("Tiny-Q4.gguf", content(SIZE))


@pytest.mark.parametrize("connections", [1, 2, 4, 9])
def test_a_file_comes_whole_and_no_byte_twice(hub: FileHub, wanted: Wanted, tmp_path: Path, connections: int) -> None:
    manner = type(QUICK)(connections=connections, block=BLOCK, reserve=0)
    done: list[Transfer] = []

    async def test() -> None:
        done.append(await fetched(hub, wanted, tmp_path, manner))

    run(test())
    assert is_whole(wanted, tmp_path)
    assert (done[0].received, done[0].done, done[0].phase) == (SIZE, SIZE, "done")
    assert hub.served == SIZE
    assert len(hub.hub.asked) == 1, "the hub is asked once, and what it leads to serves all ranges"
    at_once = {asked.headers["range"].partition("-")[0] for asked in hub.cdn.asked}
    assert len(at_once) == len(hub.cdn.asked)
    assert (len(hub.cdn.asked) == 1) == (connections == 1)


@pytest.mark.parametrize("size", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1])
def test_a_small_file_comes_too(hub: FileHub, tmp_path: Path, size: int) -> None:
    wanted = hub.add("small.gguf", content(size))
    run(_fetched(hub, wanted, tmp_path))
    assert is_whole(wanted, tmp_path)


def test_a_hub_that_serves_files_itself_will_do(tmp_path: Path) -> None:
    with FileHub(direct=True) as hub:
        wanted = hub.add("a.gguf", content(SIZE))
        run(_fetched(hub, wanted, tmp_path))
        assert is_whole(wanted, tmp_path)
        assert hub.cdn.asked == []


def test_what_came_before_a_pause_comes_no_second_time(hub: FileHub, wanted: Wanted, tmp_path: Path) -> None:
    """Paused in the middle of a block: not even that block's beginning is lost."""

    async def test() -> None:
        hub.fail(stall(5 * BLOCK + 777))
        async with online(tmp_path) as net:
            first = transfer(net, hub, wanted, tmp_path, ALONE)
            task = asyncio.create_task(first.run())
            await asyncio.to_thread(hub.cdn.stalled.wait)
            await until(lambda: first.received == 5 * BLOCK + 777)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert is_kept(wanted, tmp_path)
            assert left_over(place(tmp_path, wanted)) == 5 * BLOCK + 777
            second = transfer(net, hub, wanted, tmp_path, ALONE)
            await second.run()
            assert (second.received, second.spoiled) == (SIZE - 5 * BLOCK - 777, 0)

    run(test())
    assert is_whole(wanted, tmp_path)


def test_a_block_that_the_disk_changed_is_fetched_again_and_nothing_else(
    hub: FileHub, wanted: Wanted, tmp_path: Path
) -> None:
    """A power cut leaves zeros where a block was noted: it is read before it is believed."""
    _stopped_after(hub, wanted, tmp_path, 10 * BLOCK)
    part = place(tmp_path, wanted).with_name(wanted.name + PART)
    with part.open("r+b") as file:
        file.seek(3 * BLOCK + 5)
        file.write(bytes(100))

    async def test() -> None:
        again = await fetched(hub, wanted, tmp_path, ALONE)
        assert (again.spoiled, again.received) == (BLOCK, SIZE - 9 * BLOCK)

    run(test())
    assert is_whole(wanted, tmp_path)


@pytest.mark.parametrize("touched", [False, True])
def test_the_same_program_reads_nothing_again_unless_somebody_touched_it(
    hub: FileHub, wanted: Wanted, tmp_path: Path, touched: bool
) -> None:
    final, data = place(tmp_path, wanted), content(SIZE)
    first = Part(wanted, final, BLOCK)
    first.open()
    first.write(0, data[: 5 * BLOCK + 9])
    first.close()
    if touched:
        with first.path.open("r+b") as file:
            file.seek(2 * BLOCK)
            file.write(bytes(8))
        later = first.path.stat().st_mtime_ns + 10**9  # its own may be the same moment: clocks of files tick slowly
        os.utime(first.path, ns=(later, later))
    second = Part(wanted, final, BLOCK, before=first.remembered)
    second.open()
    assert (second.checked, second.spoiled) == ((5 * BLOCK + 9, BLOCK) if touched else (0, 0))
    second.write(0, data)
    assert second.sha256() == wanted.sha256
    second.close()


@pytest.mark.parametrize("cut", [1, 2, 30])
def test_a_torn_list_costs_its_last_block(hub: FileHub, wanted: Wanted, tmp_path: Path, cut: int) -> None:
    _stopped_after(hub, wanted, tmp_path, 10 * BLOCK)
    listed = journal.path_for(place(tmp_path, wanted))
    listed.write_bytes(listed.read_bytes()[:-cut])

    async def test() -> None:
        again = await fetched(hub, wanted, tmp_path, ALONE)
        assert SIZE - 10 * BLOCK <= again.received <= SIZE - 9 * BLOCK

    run(test())
    assert is_whole(wanted, tmp_path)


@pytest.mark.parametrize(
    "rubbish",
    [b"", b"\0" * 500, b"{}\n", b'{"format":1}', b"[" * 5000, b'{"format":99,"file":{}}\n', "ü".encode() * 99],
)
def test_a_list_of_no_use_begins_anew(hub: FileHub, wanted: Wanted, tmp_path: Path, rubbish: bytes) -> None:
    _stopped_after(hub, wanted, tmp_path, 10 * BLOCK)
    journal.path_for(place(tmp_path, wanted)).write_bytes(rubbish)
    run(_fetched(hub, wanted, tmp_path))
    assert is_whole(wanted, tmp_path)


def test_lines_of_no_sense_change_nothing(hub: FileHub, wanted: Wanted, tmp_path: Path) -> None:
    _stopped_after(hub, wanted, tmp_path, 10 * BLOCK)
    listed = journal.path_for(place(tmp_path, wanted))
    odd = [
        b'["block",-1,5,5]',
        b'["block",99999999,5,5]',
        b'["block",11,65536,-4]',
        b'["block",12,65536,1]',
        b"[[[",
        b"7",
    ]
    listed.write_bytes(listed.read_bytes() + b"\n".join((*odd, b"")))

    async def test() -> None:
        again = await fetched(hub, wanted, tmp_path, ALONE)
        assert again.received == SIZE - 10 * BLOCK

    run(test())
    assert is_whole(wanted, tmp_path)


def test_another_file_of_the_same_name_begins_anew(hub: FileHub, wanted: Wanted, tmp_path: Path) -> None:
    _stopped_after(hub, wanted, tmp_path, 10 * BLOCK)
    other = hub.add("Tiny-Q4.gguf", content(SIZE, seed=2))

    async def test() -> None:
        again = await fetched(hub, other, tmp_path, ALONE)
        assert again.received == SIZE

    run(test())
    assert is_whole(other, tmp_path)


def test_the_same_file_at_another_commit_goes_on(hub: FileHub, wanted: Wanted, tmp_path: Path) -> None:
    _stopped_after(hub, wanted, tmp_path, 10 * BLOCK)
    hub.revision = "b" * 40
    moved = hub.add("Tiny-Q4.gguf", content(SIZE))

    async def test() -> None:
        again = await fetched(hub, moved, tmp_path, ALONE)
        assert again.received == SIZE - 10 * BLOCK

    run(test())
    assert is_whole(moved, tmp_path)


def test_two_runs_of_one_file_do_not_meet(hub: FileHub, wanted: Wanted, tmp_path: Path) -> None:
    async def test() -> None:
        hub.fail(stall(BLOCK))
        async with online(tmp_path) as net:
            first = asyncio.create_task(transfer(net, hub, wanted, tmp_path, ALONE).run())
            await asyncio.to_thread(hub.cdn.stalled.wait)
            problem, params, _ = await problem_of(transfer(net, hub, wanted, tmp_path).run())
            assert (problem, params["name"]) == ("library.in_use", wanted.name)
            with pytest.raises(DeskError, match=r"library\.in_use"):
                await asyncio.to_thread(discard, place(tmp_path, wanted))
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first
            await transfer(net, hub, wanted, tmp_path).run()

    run(test())
    assert is_whole(wanted, tmp_path)


def test_nothing_is_left_of_what_was_discarded(hub: FileHub, wanted: Wanted, tmp_path: Path) -> None:
    _stopped_after(hub, wanted, tmp_path, 10 * BLOCK)
    final = place(tmp_path, wanted)
    discard(final)
    assert list(final.parent.iterdir()) == []
    discard(final)


def test_work_offline_ends_it_and_it_goes_on_later(hub: FileHub, wanted: Wanted, tmp_path: Path) -> None:
    settings = Settings(tmp_path / "settings.json")

    async def test() -> None:
        hub.fail(stall(4 * BLOCK))
        async with online(tmp_path, settings) as net:
            task = asyncio.create_task(problem_of(transfer(net, hub, wanted, tmp_path, ALONE).run()))
            await asyncio.to_thread(hub.cdn.stalled.wait)
            settings.set(OFFLINE, True)
            assert (await task)[0] == "net.offline"
            assert is_kept(wanted, tmp_path)
            settings.set(OFFLINE, False)
            await transfer(net, hub, wanted, tmp_path, ALONE).run()

    run(test())
    assert is_whole(wanted, tmp_path)


def test_a_limit_of_speed_counts_each_byte(hub: FileHub, wanted: Wanted, tmp_path: Path) -> None:
    async def test() -> None:
        asked: list[int] = []

        class Noted(Pace):
            async def take(self, size: int) -> None:
                asked.append(size)
                await super().take(size)

        async with online(tmp_path) as net:
            pace = Noted(lambda: 100 * SIZE)
            await Transfer(net, wanted, place(tmp_path, wanted), base=hub.url, manner=QUICK, pace=pace).run()
        assert sum(asked) == SIZE

    run(test())
    assert is_whole(wanted, tmp_path)


def test_a_limit_holds_for_all_that_share_it() -> None:
    """The moment from which on the next byte may come is what a limit is: bytes taken, divided by the limit."""

    async def test() -> None:
        pace = Pace(lambda: 1000)
        start = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for _ in range(4):
                group.create_task(pace.take(100))
        assert pace._free_at - start >= 0.4 - 0.25
        assert time.monotonic() >= pace._free_at - 0.01

    run(test())


@pytest.mark.skipif(sys.platform == "win32", reason="only administrators make links there")
@pytest.mark.parametrize("which", ["bytes", "list"])
def test_a_link_in_a_folder_of_many_leads_no_byte_elsewhere(which: str, hub: FileHub, tmp_path: Path) -> None:
    """A models folder may be shared: whoever writes there could name any file of this person."""
    wanted, precious = hub.add("linked.gguf", content(3 * BLOCK)), tmp_path / "precious"
    precious.write_bytes(b"mine")
    part = Part(wanted, place(tmp_path / "models", wanted), BLOCK)
    link = part.path if which == "bytes" else journal.path_for(part.final)
    link.parent.mkdir(parents=True)
    link.symlink_to(precious)
    with pytest.raises(DeskError) as caught:
        part.open()
    reason = os.strerror(errno.ELOOP)
    assert str(caught.value.problem.params["reason"]) == reason
    assert precious.read_bytes() == b"mine"


def test_slow_lines_are_noted_before_a_block_is_whole(hub: FileHub, tmp_path: Path) -> None:
    """What came within the last seconds is all that a crash can cost, however large a block is."""
    wanted = hub.add("one-block.gguf", content(3 * BLOCK))
    part = Part(wanted, place(tmp_path, wanted), block=1 << 22)
    part.open()
    data = content(3 * BLOCK)
    part.write(0, data[:BLOCK])
    part._noted[0] = (0, -1e9)  # as if the last note were long ago
    part.write(BLOCK, data[BLOCK : 2 * BLOCK])
    assert left_over(place(tmp_path, wanted)) == 2 * BLOCK
    part.close()


def test_a_file_larger_than_memory_should_be_leaves_the_memory_alone(hub: FileHub, tmp_path: Path) -> None:
    """A megabyte or two for each connection is all that is ever held."""
    held: list[int] = []
    wanted = hub.add("large.gguf", Endless(20 << 20))

    async def test() -> None:
        async with online(tmp_path) as net:
            whole = transfer(net, hub, wanted, tmp_path, type(QUICK)(reserve=0))
            part = whole._part
            write = part.write

            def watched(offset: int, data: bytes) -> None:
                held.append(len(data))
                write(offset, data)

            part.write = watched  # type: ignore[method-assign]
            await whole.run()

    run(test())
    assert is_whole(wanted, tmp_path)
    assert max(held) < 1 << 21
    assert sum(held) == 20 << 20


def test_the_hash_is_never_far_behind(hub: FileHub, wanted: Wanted, tmp_path: Path) -> None:
    """Blocks in any order: as soon as the last one is there, only what lay behind it is left to be hashed."""
    data = content(SIZE)
    for seed, order in enumerate(itertools.islice(itertools.permutations(range(6)), 0, 720, 97)):
        wanted = hub.add(f"{seed}.gguf", data[: 6 * BLOCK])
        part = Part(wanted, place(tmp_path, wanted), block=BLOCK)
        part.open()
        for index in order:
            part.write(index * BLOCK, data[index * BLOCK : (index + 1) * BLOCK])
        assert part.hashed == 6 * BLOCK
        assert part.sha256() == wanted.sha256
        part.close()


def test_it_tells_what_it_waits_for(hub: FileHub, wanted: Wanted, tmp_path: Path) -> None:
    async def test() -> None:
        hub.always = slow(1)
        async with online(tmp_path) as net:
            one = transfer(net, hub, wanted, tmp_path, ALONE)
            assert (one.phase, one.done, one.trouble) == ("waiting", 0, None)
            task = asyncio.create_task(one.run())
            await until(lambda: one.received > 0)
            assert one.phase == "fetching"
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    run(test())


async def _fetched(hub: FileHub, wanted: Wanted, models: Path) -> None:
    await fetched(hub, wanted, models)


def _stopped_after(hub: FileHub, wanted: Wanted, models: Path, size: int) -> None:
    """An earlier run that ended after so many bytes."""

    async def first() -> None:
        hub.fail(stall(size))
        async with online(models) as net:
            one = transfer(net, hub, wanted, models, ALONE)
            task = asyncio.create_task(one.run())
            await asyncio.to_thread(hub.cdn.stalled.wait)
            await until(lambda: one.received == size)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    run(first())
    hub.cdn.stalled.clear()
    assert left_over(place(models, wanted)) == size
