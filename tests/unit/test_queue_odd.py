"""The list of downloads at its edges: what is not in it, what had not begun, an error of the program, an odd server."""

from __future__ import annotations

import asyncio
import dataclasses
import socket
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from mistral_desk.core.errors import DeskError
from mistral_desk.core.settings import DOWNLOAD_CONNECTIONS, OFFLINE, Settings
from mistral_desk.library import journal
from mistral_desk.library.awake import Awake
from mistral_desk.library.orders import Order
from mistral_desk.library.pace import Meter
from mistral_desk.library.part import Part
from mistral_desk.library.wanted import Wanted, place
from tests.fixtures.engines import run
from tests.fixtures.hub_files import FileHub, content, slow, status
from tests.fixtures.online import online
from tests.fixtures.other_programs import put
from tests.fixtures.queues import comes_to, model, one, queue, set_queue
from tests.fixtures.transfers import ALONE, BLOCK, QUICK, fetched, is_whole, transfer, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fixtures.web_site import Answer, Asked

SIZE: Final = 6 * BLOCK + 9


@pytest.fixture
def hub() -> Iterator[FileHub]:
    with FileHub() as single:
        yield single


# --- the list -----------------------------------------------------------------------------------------------


def test_what_is_not_in_the_list_or_is_done_is_no_error_to_a_person_who_asks_for_it(
    hub: FileHub, tmp_path: Path
) -> None:
    """Two windows may show one list: the other one was faster."""
    order = model(hub)

    async def test() -> None:
        async with queue(tmp_path, hub) as made:
            await made.add(order)
            await comes_to(made, order.id, "done")
            for name in ("nobody", order.id):
                await made.resume(name)
                await made.pause(name)
            await made.move("nobody", 0)
            await made.cancel("nobody", keep=False)
            assert [(known.order.id, known.state) for known in made.downloads()] == [(order.id, "done")]

    run(test())


def test_one_that_is_paused_before_it_began_has_not_begun(hub: FileHub, tmp_path: Path) -> None:
    order = model(hub)

    async def test() -> None:
        async with queue(tmp_path, hub) as made:
            await made.add(order)
            await made.pause(order.id)
            assert (one(made, order.id).state, made.busy, hub.hub.asked) == ("paused", False, [])
            await made.resume(order.id)
            await comes_to(made, order.id, "done")

    run(test())


@pytest.mark.allow_log("a download ended by an error of the program", "mistral_desk.library.queue")
def test_an_error_of_the_program_pauses_one_download_and_the_others_come(hub: FileHub, tmp_path: Path) -> None:
    bad, good = (Order(name, name, (hub.add(f"{name}.gguf", content(SIZE, len(name))),)) for name in ("bad", "good"))

    async def came(order: Order) -> None:
        if order.id == bad.id:
            raise ZeroDivisionError

    async def test() -> None:
        async with queue(tmp_path, hub, at_once=1) as made:
            made._came = came
            await made.add(bad)
            await made.add(good)
            stopped = await comes_to(made, bad.id, "paused")
            assert stopped.problem is not None
            await comes_to(made, good.id, "done")
            made._came = None
            await made.resume(bad.id)
            await comes_to(made, bad.id, "done")

    run(test())


def test_a_folder_that_moves_takes_only_its_own_orders_along(hub: FileHub, tmp_path: Path) -> None:
    first, second = model(hub, "A"), model(hub, "B", 10)

    async def test() -> None:
        async with queue(tmp_path, hub) as made:
            await made.hold()
            await made.add(first)
            made._models = lambda: tmp_path / "other"
            await made.add(second)
            await made.release(tmp_path / "models", tmp_path / "new")
            folders = {download.order.id: Path(download.folder).name for download in made.downloads()}
            assert folders == {first.id: "new", second.id: "other"}

    run(test())


def test_what_is_checked_goes_on_where_the_connections_are_set_anew(hub: FileHub, tmp_path: Path) -> None:
    """It would begin from the start."""
    settings, order = Settings(tmp_path / "settings.json"), model(hub)
    held, asked = threading.Event(), threading.Event()

    async def came(_order: Order) -> None:
        asked.set()
        await asyncio.to_thread(held.wait)

    async def test() -> None:
        async with set_queue(tmp_path, hub, settings) as made:
            made._came = came
            await made.add(order)
            await asyncio.to_thread(asked.wait)
            task = made._tasks[order.id]
            settings.set(DOWNLOAD_CONNECTIONS, 2)
            for _ in range(3):
                await asyncio.sleep(0)
            assert made._tasks[order.id] is task
            assert not task.cancelling()
            held.set()
            await comes_to(made, order.id, "done")

    run(test())


def test_being_online_again_hurries_only_what_waits_for_that(hub: FileHub, tmp_path: Path) -> None:
    order, settings = model(hub), Settings(tmp_path / "settings.json")
    hub.fail(status(500), times=90)

    async def test() -> None:
        async with queue(tmp_path, hub, settings, ALONE) as made:
            await made.add(order)
            await comes_to(made, order.id, "waiting")
            due = made._due[order.id]
            made._online()
            assert made._due[order.id] == due
            settings.set(OFFLINE, True)

    run(test())


def test_a_models_folder_that_cannot_be_is_a_problem_of_the_disk_and_none_of_the_program(
    hub: FileHub, tmp_path: Path
) -> None:
    order = model(hub)

    async def test() -> None:
        async with queue(tmp_path, hub) as made:
            made._models = lambda: tmp_path / ("x" * 300) / "models"
            await made.add(order)
            await until(lambda: one(made, order.id).problem is not None)
            problem = one(made, order.id).problem
            assert problem is not None
            assert problem.id in {"library.disk", "library.not_writable"}

    run(test())


# --- an odd server ------------------------------------------------------------------------------------------


def fails(hub: FileHub, wanted: Wanted, models: Path) -> str:
    """The problem that it ends with."""
    found: list[str] = []

    async def test() -> None:
        try:
            await fetched(hub, wanted, models, ALONE)
        except DeskError as error:
            found.append(error.problem.id)

    run(test())
    return "".join(found)


def test_a_whole_file_of_another_size_is_another_file(hub: FileHub, tmp_path: Path) -> None:
    wanted = hub.add("m.gguf", content(SIZE))
    hub.ranges = False
    hub.files["m.gguf"].serves = content(SIZE + 1)
    assert fails(hub, wanted, tmp_path) == "library.changed"


def test_a_file_that_is_shorter_than_what_came_of_it_is_another_file(hub: FileHub, tmp_path: Path) -> None:
    wanted = hub.add("m.gguf", content(SIZE))
    part = Part(wanted, place(tmp_path, wanted), BLOCK)
    part.open()
    part.write(0, content(SIZE)[: 3 * BLOCK])
    part.close()
    hub.files["m.gguf"].serves = content(BLOCK)
    assert fails(hub, wanted, tmp_path) == "library.changed"


@pytest.mark.parametrize("known", [True, False], ids=["its hash is known", "nothing else says which file it is"])
def test_a_tag_that_changes_counts_only_where_nothing_better_is_known(tmp_path: Path, known: bool) -> None:
    tags = iter(range(1000))

    def silent(_asked: Asked, answer: Answer) -> Answer:
        return dataclasses.replace(
            answer,
            headers={"Content-Range": answer.headers["Content-Range"], "ETag": f'"{next(tags)}"'},
            cut=min(2 * BLOCK, len(answer.body)),
        )

    with FileHub(direct=True) as hub:
        stated = hub.add("m.gguf", content(SIZE))
        hub.always = silent
        if known:
            assert fails(hub, stated, tmp_path) == ""
            assert is_whole(stated, tmp_path)
        else:
            alone = Wanted(stated.repository, stated.revision, stated.path, stated.size)
            assert fails(hub, alone, tmp_path) == "library.changed"


@pytest.mark.parametrize("head", ['{"format":1,"file":%s,"block":7}', '{"format":1,"file":%s,"block":1048576}'])
def test_a_list_with_blocks_of_no_size_or_of_a_file_of_none_is_of_no_use(tmp_path: Path, head: str) -> None:
    size = -1 if "1048576" in head else 5
    file = f'{{"repository":"a/b","revision":"c","path":"m.gguf","size":{size}}}'
    listed = put(journal.path_for(tmp_path / "m.gguf"), (head % file).encode() + b"\n")
    assert journal.read(listed) is None


# --- what belongs to it -------------------------------------------------------------------------------------


def test_a_speed_that_is_asked_for_twice_in_one_moment_stays() -> None:
    now = [0.0]
    meter = Meter(lambda: now[0])
    for _ in range(30):
        meter.add(1000)
        now[0] += 0.1
        assert meter.speed() == meter.speed()
    assert meter.speed() == pytest.approx(10_000)


def test_a_run_that_is_cancelled_while_its_bytes_still_come_ends(hub: FileHub, tmp_path: Path) -> None:
    wanted = hub.add("m.gguf", content(SIZE))
    hub.always = slow(5_000)

    async def test() -> None:
        async with online(tmp_path) as net:
            task = asyncio.create_task(transfer(net, hub, wanted, tmp_path, QUICK).run())
            await until(lambda: hub.served > 0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    run(test())


SLOW_END: Final = """
import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as one:
    sys.stdin.read()
    one.sendall(b"e")
    one.recv(1)
"""


def test_what_is_wanted_again_while_the_last_wish_ends_is_held_again() -> None:
    """A pause of a moment between two downloads: the program that held the first is still on its way out."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        awake = Awake([sys.executable, "-c", SLOW_END, port])
        awake.want(True)
        first, _ = server.accept()
        awake.want(False)
        assert first.recv(1) == b"e", "it is on its way out"
        awake.want(True)
        first.close()
        again, _ = server.accept()
        assert not awake.ended(0.0)
        awake.want(False)
        assert again.recv(1) == b"e"
        again.close()
        assert awake.ended(60)
