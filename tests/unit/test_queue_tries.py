"""The list of downloads between two tries of one: what the first leaves behind does not get in the second's way."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from mistral_desk.core.settings import OFFLINE, Settings
from mistral_desk.library.wanted import PART
from tests.fixtures.engines import run
from tests.fixtures.hub_files import FileHub, stall, status
from tests.fixtures.queues import comes_to, model, queue
from tests.fixtures.transfers import ALONE, BLOCK, is_whole, until

if TYPE_CHECKING:
    from pathlib import Path


def test_a_try_that_ends_late_leaves_the_next_one_in_the_list(tmp_path: Path) -> None:
    """The list is saved slowly when *Work offline* is switched on, and off again meanwhile."""
    settings = Settings(tmp_path / "settings.json")

    async def test() -> None:
        with FileHub() as hub:
            order = model(hub)
            hub.fail(None, stall(2 * BLOCK), stall(2 * BLOCK))
            async with queue(tmp_path, hub, settings, ALONE) as made:
                await made.add(order)
                await asyncio.to_thread(hub.cdn.stalled.wait)
                first = made._tasks[order.id]
                async with made._saving:
                    settings.set(OFFLINE, True)
                    await comes_to(made, order.id, "waiting")
                    hub.cdn.stalled.clear()
                    settings.set(OFFLINE, False)
                    await asyncio.to_thread(hub.cdn.stalled.wait)
                    second = made._tasks[order.id]
                    assert not first.done()
                await asyncio.wait((first,))
                assert made._tasks == {order.id: second}
                assert made.busy
                await made.pause(order.id)
                assert second.done(), "who pauses stops it"

    run(test())


def test_a_new_order_does_not_wait_for_what_the_old_one_waited_for(tmp_path: Path) -> None:
    async def test() -> None:
        with FileHub() as hub:
            order = model(hub)
            hub.fail(status(500), times=20)
            async with queue(tmp_path, hub, manner=ALONE) as made:
                await made.add(order)
                await comes_to(made, order.id, "waiting")
                hub.faults.clear()
                fresh = await made.add(replace(order, title="The same, as the hub has it now"))
                assert fresh.state != "queued"
                await until(lambda: made.downloads()[0].state == "done")
            assert all(is_whole(file, tmp_path / "models") for file in order.files)

    run(test())


@pytest.mark.parametrize("keep", [True, False])
def test_one_that_is_cancelled_in_the_moment_in_which_all_of_it_is_there(tmp_path: Path, *, keep: bool) -> None:
    """The wish comes first: it is off the list, what was to go has gone, and the same order comes whole again."""

    async def test() -> None:
        with FileHub() as hub:
            order = model(hub)
            async with queue(tmp_path, hub, manner=ALONE) as made:
                reached, came = asyncio.Event(), asyncio.Event()

                async def looks(_order: object) -> None:
                    reached.set()
                    await came.wait()

                made._came = looks
                await made.add(order)
                await reached.wait()
                cancelling = asyncio.create_task(made.cancel(order.id, keep=keep))
                await asyncio.sleep(0)
                came.set()  # in the very moment
                await cancelling
                assert (made.downloads(), made.busy) == ((), False)
                shards = sorted(path.name for path in (tmp_path / "models").rglob("Tiny-*.gguf"))
                assert len(shards) == (2 if keep else 0)
                assert not list((tmp_path / "models").rglob(f"*{PART}"))
                await made.add(order)
                await comes_to(made, order.id, "done")
            assert all(is_whole(file, tmp_path / "models") for file in order.files)

    run(test())
