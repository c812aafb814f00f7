"""The list of downloads: a model comes as one thing, in order, and what a person does to it counts at once."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING

import msgspec
import pytest

from mistral_desk.catalog.hub_files import Listing, RemoteFile, Variant
from mistral_desk.core.errors import DeskError
from mistral_desk.core.settings import DOWNLOAD_CONNECTIONS, DOWNLOAD_LIMIT, DOWNLOADS_AT_ONCE, OFFLINE, Settings
from mistral_desk.library import journal, orders
from mistral_desk.library.orders import FILE, Download, Order
from mistral_desk.library.pace import Meter, time_left
from mistral_desk.library.wanted import PART, place
from tests.fixtures.engines import problem_of, run
from tests.fixtures.hub_files import FileHub, content, slow, stall, status
from tests.fixtures.queues import SIZES, comes_to, model, one, queue, set_queue
from tests.fixtures.transfers import ALONE, BLOCK, is_whole, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def hub() -> Iterator[FileHub]:
    with FileHub() as single:
        yield single


def all_whole(order: Order, folder: Path) -> bool:
    return all(is_whole(file, folder / "models") for file in order.files)


def test_a_model_comes_with_all_its_files_and_is_told_about(hub: FileHub, tmp_path: Path) -> None:
    order = model(hub)
    told: list[tuple[Download, ...]] = []

    async def test() -> None:
        async with queue(tmp_path, hub) as made:
            made.listen(told.append)
            room = await made.room(order)
            assert (room.needed, room.enough) == (sum(SIZES), True)
            first = await made.add(order)
            assert (first.total, first.done) == (sum(SIZES), 0)
            done = await comes_to(made, order.id, "done")
            assert (done.done, done.problem) == (done.total, None)
            assert (await made.room(order)).needed == 0
            await until(lambda: told[-1][0].state == "done")
            assert not made.busy

    run(test())
    assert all_whole(order, tmp_path)
    assert hub.served == sum(SIZES)
    steps = [download.done for downloads in told for download in downloads]
    assert steps == sorted(steps), "progress never goes back"
    kept = journal.read(journal.path_for(place(tmp_path / "models", order.files[1])))
    assert kept is not None
    assert (kept.head.set, kept.head.title) == (order.id, order.title)


def test_a_restart_goes_on_where_it_was(hub: FileHub, tmp_path: Path) -> None:
    order = model(hub)

    async def first() -> None:
        hub.fail(None, stall(5 * BLOCK))
        async with queue(tmp_path, hub, manner=ALONE) as made:
            await made.add(order)
            await asyncio.to_thread(hub.cdn.stalled.wait)
            await until(lambda: made._jobs[order.id].received == SIZES[0] + 5 * BLOCK)

    async def second() -> None:
        async with queue(tmp_path, hub, manner=ALONE) as made:
            assert one(made, order.id).done == SIZES[0] + 5 * BLOCK, "known before anything was read"
            await comes_to(made, order.id, "done")

    run(first())
    run(second())
    assert all_whole(order, tmp_path)
    assert hub.served == sum(SIZES)


def test_pause_resume_and_order(hub: FileHub, tmp_path: Path) -> None:
    """One at a time: what is paused makes room for the next, what is moved up comes first."""
    orders_ = [model(hub, f"M{n}", 10 * n) for n in range(3)]
    for number, order in enumerate(orders_):
        mine = hub.add(f"mmproj-{number}.gguf", content(1000, 90 + number))
        orders_[number] = Order(order.id, order.title, (*order.files[:2], mine))
    a, b, c = orders_

    async def test() -> None:
        hub.fail(None, stall(BLOCK))
        async with queue(tmp_path, hub, manner=ALONE, at_once=1) as made:
            await made.add(a)
            await asyncio.to_thread(hub.cdn.stalled.wait)
            await made.add(b)
            await made.add(c)
            assert [entry.state for entry in made.downloads()[1:]] == ["queued", "queued"]
            await made.pause(b.id)
            await made.move(c.id, 0)
            assert [entry.order.id for entry in made.downloads()] == [c.id, a.id, b.id]
            await made.pause(a.id)
            await comes_to(made, c.id, "done")
            assert (one(made, a.id).state, one(made, b.id).state) == ("paused", "paused")
            assert one(made, a.id).done > 0
            await made.resume(a.id)
            await comes_to(made, a.id, "done")
            assert one(made, b.id).state == "paused"
            await made.pause("nobody")
            await made.cancel(a.id, keep=True)
            assert [entry.order.id for entry in made.downloads()] == [c.id, b.id]

    run(test())
    assert all_whole(a, tmp_path)
    assert all_whole(c, tmp_path)


@pytest.mark.parametrize("keep", [True, False])
def test_cancel_keeps_or_deletes_what_came(hub: FileHub, tmp_path: Path, keep: bool) -> None:
    order = model(hub)

    async def test() -> None:
        hub.fail(None, stall(5 * BLOCK))
        async with queue(tmp_path, hub, manner=ALONE) as made:
            await made.add(order)
            await asyncio.to_thread(hub.cdn.stalled.wait)
            await until(lambda: made._jobs[order.id].received >= SIZES[0] + 5 * BLOCK)
            await made.cancel(order.id, keep=keep)
            assert made.downloads() == ()
            left = [path for path in (tmp_path / "models").rglob("*") if path.is_file()]
            assert bool(left) == keep
            served = hub.served
            await made.add(order)
            await comes_to(made, order.id, "done")
            assert hub.served - served == sum(SIZES) - (SIZES[0] + 5 * BLOCK if keep else 0)

    run(test())
    assert all_whole(order, tmp_path)


def test_a_finished_part_of_another_model_survives_a_cancel(hub: FileHub, tmp_path: Path) -> None:
    """Two quantizations share the projector: cancelling one leaves the other whole."""
    first, second = model(hub, "Q4"), model(hub, "Q8")

    async def test() -> None:
        async with queue(tmp_path, hub) as made:
            await made.add(first)
            await comes_to(made, first.id, "done")
            hub.fail(stall(2 * BLOCK))
            shared = Order(
                second.id, second.title, (first.files[2], hub.add("Q8-00002-of-00002.gguf", content(9 * BLOCK, 77)))
            )
            await made.add(shared)
            await asyncio.to_thread(hub.cdn.stalled.wait)
            await made.cancel(second.id, keep=False)

    run(test())
    assert all_whole(first, tmp_path)
    assert not list((tmp_path / "models").rglob(f"*{PART}"))


def test_equal_files_come_once(hub: FileHub, tmp_path: Path) -> None:
    """Inside a set, in another model that comes at the same time, and in one that is there."""
    same = content(6 * BLOCK)
    sets = [Order(f"s{n}", f"s{n}", (hub.add(f"{n}/a.gguf", same), hub.add(f"{n}/b.gguf", same))) for n in range(3)]
    assert sets[0].bytes == 6 * BLOCK

    async def test() -> None:
        async with queue(tmp_path, hub, at_once=2) as made:
            await made.add(sets[0])
            await made.add(sets[1])
            for order in sets[:2]:
                await comes_to(made, order.id, "done")
            await made.add(sets[2])
            await comes_to(made, sets[2].id, "done")

    run(test())
    assert all(all_whole(order, tmp_path) for order in sets)
    assert hub.served == 6 * BLOCK


def test_a_file_that_a_person_put_there_is_read_and_taken(hub: FileHub, tmp_path: Path) -> None:
    order = model(hub)
    good, bad = (place(tmp_path / "models", order.files[i]) for i in (1, 2))
    good.parent.mkdir(parents=True)
    good.write_bytes(content(SIZES[1], 1))
    bad.write_bytes(bytes(SIZES[2]))

    async def test() -> None:
        async with queue(tmp_path, hub) as made:
            await made.add(order)
            await comes_to(made, order.id, "done")

    run(test())
    assert all_whole(order, tmp_path)
    assert hub.served == SIZES[0] + SIZES[2]


def test_what_needs_a_person_pauses_and_says_why(hub: FileHub, tmp_path: Path) -> None:
    order = model(hub)
    hub.files[order.files[1].path].gated = True

    async def test() -> None:
        async with queue(tmp_path, hub) as made:
            await made.add(order)
            stopped = await comes_to(made, order.id, "paused")
            assert stopped.problem is not None
            assert stopped.problem.id == "hub.gated"
        hub.token = "hf_secret"
        async with queue(tmp_path, hub) as made:
            assert one(made, order.id).problem == stopped.problem, "it is remembered"
            await made.resume(order.id)
            await comes_to(made, order.id, "done")

    run(test())
    assert all_whole(order, tmp_path)
    assert "hf_secret" not in "".join(
        path.read_text("utf-8", "replace") for path in tmp_path.rglob("*") if path.is_file()
    )


def test_what_passes_is_waited_for(hub: FileHub, tmp_path: Path) -> None:
    order = model(hub)
    hub.fail(status(500), times=20)

    async def test() -> None:
        async with queue(tmp_path, hub, manner=ALONE) as made:
            await made.add(order)
            waiting = await comes_to(made, order.id, "waiting")
            assert waiting.problem is not None
            assert waiting.problem.id == "net.status"
            assert waiting.retry_s is not None
            hub.faults.clear()
            await made.resume(order.id)
            await comes_to(made, order.id, "done")

    run(test())
    assert all_whole(order, tmp_path)


def test_work_offline_is_waited_out(hub: FileHub, tmp_path: Path) -> None:
    order, settings = model(hub), Settings(tmp_path / "settings.json")

    async def test() -> None:
        hub.fail(None, stall(2 * BLOCK))
        async with queue(tmp_path, hub, settings, ALONE) as made:
            await made.add(order)
            await asyncio.to_thread(hub.cdn.stalled.wait)
            settings.set(OFFLINE, True)
            waiting = await comes_to(made, order.id, "waiting")
            assert (waiting.problem and waiting.problem.id, waiting.retry_s) == ("net.offline", None)
            settings.set(OFFLINE, False)
            await comes_to(made, order.id, "done")

    run(test())
    assert all_whole(order, tmp_path)


def test_an_order_out_of_the_hub_s_list() -> None:
    parts = (RemoteFile("Q4/a-00001-of-00002.gguf", 5, "0" * 64), RemoteFile("Q4/a-00002-of-00002.gguf", 6))
    eyes = (RemoteFile("mmproj-Q8_0.gguf", 7), RemoteFile("mmproj-F16.gguf", 8))
    q4 = Variant("a", "Q4_K_M", parts, 11)
    made = orders.order_of(Listing("acme/Tiny-GGUF", "c" * 40, (q4,), eyes, ()), q4)
    assert (made.id, made.title) == ("acme/Tiny-GGUF:Q4_K_M", "Tiny-GGUF Q4_K_M")
    assert [file.path for file in made.files] == [parts[0].path, parts[1].path, eyes[1].path]
    assert (made.bytes, made.files[0].revision) == (19, "c" * 40)
    blind = orders.order_of(Listing("acme/Tiny-GGUF", "c" * 40, (q4,), (), ()), q4)
    assert len(blind.files) == 2


def test_what_is_set_takes_effect_while_it_runs(hub: FileHub, tmp_path: Path) -> None:
    settings = Settings(tmp_path / "settings.json")
    settings.set(DOWNLOADS_AT_ONCE, 2)
    settings.set(DOWNLOAD_CONNECTIONS, 1)
    hub.always = slow(200_000)
    first, second = model(hub), Order("other", "Other", (hub.add("other.gguf", content(9 * BLOCK, 9)),))

    async def test() -> None:
        async with set_queue(tmp_path, hub, settings) as made:
            await made.add(first)
            await made.add(second)
            await until(lambda: [one.state for one in made.downloads()] == ["fetching", "fetching"])
            asked = len(hub.cdn.asked)
            settings.set(DOWNLOAD_LIMIT, 300)
            assert made._means.pace._limit() == 300_000
            settings.set(DOWNLOADS_AT_ONCE, 1)
            await until(lambda: [one.state for one in made.downloads()] == ["fetching", "queued"])
            await until(lambda: one(made, first.id).number == 2 and one(made, first.id).state == "fetching")
            settings.set(DOWNLOAD_CONNECTIONS, 4)
            await until(lambda: len(hub.cdn.asked) >= asked + 4)
            hub.always = None
            settings.set(DOWNLOADS_AT_ONCE, 2)
            await comes_to(made, first.id, "done")
            await comes_to(made, second.id, "done")

    run(test())
    assert all_whole(first, tmp_path)
    assert all_whole(second, tmp_path)


def test_what_is_held_begins_nothing_and_goes_on_in_the_new_folder(hub: FileHub, tmp_path: Path) -> None:
    order = model(hub)
    hub.always = slow(500_000)

    async def test() -> None:
        async with queue(tmp_path, hub) as made:
            await made.add(order)
            await until(lambda: one(made, order.id).done > 0)
            await made.hold()
            assert not made.busy
            served = hub.served
            await made.resume(order.id)
            assert not made.busy
            old, new = tmp_path / "models", tmp_path / "elsewhere"
            old.rename(new)
            hub.always = None
            await made.release(old, new)
            assert (await comes_to(made, order.id, "done")).folder == str(new)
            assert hub.served - served <= order.bytes + 8 * BLOCK

    run(test())
    assert not (tmp_path / "models").exists()
    assert all(is_whole(file, tmp_path / "elsewhere") for file in order.files)


def test_a_list_that_makes_no_sense_is_set_aside(hub: FileHub, tmp_path: Path) -> None:
    for rubbish in (b"", b"{}", b'{"format":1,"entries":[3]}', b"[" * 9999):
        (tmp_path / FILE).write_bytes(rubbish)
        kept, problem = orders.load(tmp_path / FILE)
        assert kept.entries == ()
        assert problem is not None
        assert (tmp_path / str(problem.params["name"])).read_bytes() == rubbish
    assert orders.load(tmp_path / FILE) == (orders.Kept(orders.FORMAT, ()), None)


def test_a_list_of_a_newer_version_is_neither_read_nor_written_over(hub: FileHub, tmp_path: Path) -> None:
    newer = b'{"format":2,"entries":{"by name":{}}}'
    (tmp_path / FILE).write_bytes(newer)
    kept, told = orders.load(tmp_path / FILE)
    assert kept.entries == ()
    assert told is not None
    assert told.id == "library.list_newer"
    with pytest.raises(DeskError) as refused:
        orders.save(tmp_path / FILE, kept)
    assert refused.value.problem.id == "library.list_newer"
    assert [path.name for path in tmp_path.glob("*.json")] == [FILE]
    assert (tmp_path / FILE).read_bytes() == newer


def test_a_list_that_cannot_be_saved_takes_no_order(hub: FileHub, tmp_path: Path) -> None:
    order = model(hub)

    async def test() -> None:
        async with queue(tmp_path, hub) as made:
            (tmp_path / FILE).mkdir()
            problem, _, _ = await problem_of(made.add(order))
            assert problem == "library.list_not_saved"
            assert made.downloads() == ()

    run(test())
    assert hub.hub.asked == []


@pytest.mark.parametrize(
    "path",
    ["../a.gguf", "a/../b.gguf", "/a.gguf", "a\\b.gguf", "C:a.gguf", "nul.gguf", "COM1", "a.gguf.", " a.gguf",
     "a\n.gguf", "", "x" * 300, "1/2/3/4.gguf", "a.gguf.part", "a\u202egguf.exe", ".desk/a.gguf"],
)  # fmt: skip
def test_names_from_outside_are_looked_at(hub: FileHub, tmp_path: Path, path: str) -> None:
    order = model(hub)
    bad = msgspec.structs.replace(order.files[0], path=path)
    with pytest.raises(DeskError, match=r"library\.name"):
        place(tmp_path, bad)
    if not path.endswith(PART):
        with pytest.raises(DeskError, match=r"library\.name"):
            place(tmp_path, msgspec.structs.replace(order.files[0], repository=f"acme/{path}"))


def test_speed_is_smooth_and_time_left_honest() -> None:
    now = [0.0]
    meter = Meter(lambda: now[0])
    speeds = []
    for step in range(600):
        now[0] += 0.1
        meter.add(1_000_000 if step < 300 else 500_000)
        speeds.append(meter.speed())
    assert speeds[0] is None
    assert speeds[299] == pytest.approx(10_000_000, rel=0.01)
    assert speeds[599] == pytest.approx(5_000_000, rel=0.01)
    drops = [a - b for a, b in itertools.pairwise(speeds) if a is not None and b is not None]
    assert max(drops) < 150_000
    assert time_left(1_000_000, None) is None
    assert time_left(1_000_000, 0.0) is None
    assert time_left(10_000_000, 5_000_000) == 2
