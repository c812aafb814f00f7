"""Downloads run on a thread of their own: what the window's loop gets of them, how they end, and what is left."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from mistral_desk.core.errors import DeskError
from mistral_desk.library.lines import Lines
from mistral_desk.library.pace import Meter
from mistral_desk.library.threads import BACK, WRITERS, begin, begin_portion
from tests.fixtures.engines import run
from tests.fixtures.hub_files import FileHub, content
from tests.fixtures.online import online
from tests.fixtures.queues import comes_to, model, one, queue
from tests.fixtures.transfers import transfer, until

if TYPE_CHECKING:
    from pathlib import Path

    from mistral_desk.library.orders import Order


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "downloads"]


def test_a_file_comes_on_another_thread_and_the_result_in_the_loop_that_asked(tmp_path: Path) -> None:
    async def test() -> None:
        data = content(40_000)
        with FileHub() as hub:
            wanted = hub.add("m.gguf", data)
            async with online(tmp_path) as net:
                lines, seen = Lines(net), []
                run = transfer(net, hub, wanted, tmp_path / "models")

                async def there() -> str:
                    seen.append(threading.current_thread())
                    return await run.run()

                assert await lines.run(there) == wanted.sha256
                assert seen == threads()
                assert seen[0] is not threading.current_thread()
                assert run.final.read_bytes() == data
                await lines.close()
        assert threads() == []

    run(test())


def test_what_goes_wrong_there_is_raised_here(tmp_path: Path) -> None:
    async def test() -> None:
        async with online(tmp_path) as net:
            lines = Lines(net)

            async def breaks() -> None:
                raise DeskError("net.offline", host="a")

            with pytest.raises(DeskError, match="offline"):
                await lines.run(breaks)
            await lines.close()

    run(test())


def test_who_is_cancelled_gets_out_only_when_it_has_ended(tmp_path: Path) -> None:
    async def test() -> None:
        async with online(tmp_path) as net:
            lines, began, order = Lines(net), threading.Event(), []

            async def lasts() -> None:
                began.set()
                try:
                    await asyncio.Event().wait()
                finally:
                    await asyncio.sleep(0)
                    order.append("ended there")

            task = asyncio.create_task(lines.run(lasts))
            await until(began.is_set)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            order.append("got out here")
            assert order == ["ended there", "got out here"]
            await lines.close()

    run(test())


def test_one_that_is_cancelled_before_it_began_does_not_begin_later(tmp_path: Path) -> None:
    async def test() -> None:
        async with online(tmp_path) as net:
            lines, begun = Lines(net), []

            async def begins() -> None:
                begun.append(1)
                await asyncio.Event().wait()

            task = asyncio.create_task(lines.run(begins))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await lines.close()
        assert threads() == []

    run(test())


def test_a_speed_of_nothing_is_told_as_unknown() -> None:
    """After *Resume* a line that stands still has no speed, not 0 bytes a second."""
    now = [0.0]
    meter = Meter(lambda: now[0])
    meter.add(1)
    speeds = []
    for _ in range(100):
        now[0] += 0.1
        speeds.append(meter.speed())
    assert set(speeds) == {None}


def test_what_was_there_already_is_not_looked_for_at_the_end(tmp_path: Path) -> None:
    """All files lie there: while the library takes them in, the row does not say that it looks what is there."""
    told: list[str] = []
    with FileHub() as hub:
        order = model(hub)

        async def test() -> None:
            async with queue(tmp_path, hub) as made:

                async def came(_order: Order) -> None:
                    told.append(one(made, order.id).state)

                made._came = came
                await made.add(order)
                await comes_to(made, order.id, "done")
                await made.cancel(order.id, keep=True)
                await made.add(order)
                await comes_to(made, order.id, "done")

        run(test())
    assert told == ["finishing", "finishing"]


def test_closed_without_a_download_it_has_no_thread(tmp_path: Path) -> None:
    async def test() -> None:
        async with online(tmp_path) as net:
            await Lines(net).close()
        assert threads() == []

    run(test())


def test_a_processor_is_left_to_the_window_while_portions_are_written() -> None:
    """However many connections bring some, as many are hashed and written at once as there are processors but one."""

    async def test() -> None:
        at_work, most, lock, gate = 0, 0, threading.Lock(), threading.Event()
        begun = threading.Semaphore(0)

        def portion() -> None:
            nonlocal at_work, most
            with lock:
                at_work += 1
                most = max(most, at_work)
            begun.release()
            gate.wait()
            with lock:
                at_work -= 1

        works = [begin_portion(portion) for _ in range(4 * WRITERS)]
        for _ in range(WRITERS):
            await asyncio.to_thread(begun.acquire)
        gate.set()
        await asyncio.gather(*works)
        assert most == WRITERS
        assert max(1, (os.cpu_count() or 2) - 1) >= WRITERS

    run(test())


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a thread that stands back may get nothing for seconds")
def test_threads_of_downloads_stand_back_behind_the_window_by_the_same_steps_each(tmp_path: Path) -> None:
    """Also those that one of them began: a new thread inherits, and twice the steps would be too many."""

    def mine() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    async def there() -> set[int]:
        return {mine(), *await asyncio.gather(*(way(mine) for way in (begin, begin_portion) for _ in range(20)))}

    async def test() -> None:
        async with online(tmp_path) as net:
            lines = Lines(net)
            assert await lines.run(there) == {min(19, mine() + BACK)}
            await lines.close()

    run(test())
