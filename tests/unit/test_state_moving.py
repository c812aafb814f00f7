"""States on their way between app and worker: whole, in order, and never in anybody's way."""

from __future__ import annotations

import asyncio
import ctypes
import errno
import os
import queue
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any, Final

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from mistral_desk.core.errors import DeskError
from mistral_desk.inference.model_spec import ModelSpec
from mistral_desk.inference.protocol import Loaded, PromptProgress
from mistral_desk.inference.remote import Worker
from mistral_desk.inference.state_file import Identity
from mistral_desk.inference.state_keeper import StateKeeper, _File
from mistral_desk.inference.state_messages import (
    PART_BYTES,
    Extent,
    NeedState,
    StateEnd,
    StateHead,
    StatePart,
    StateTaken,
    packed,
)
from mistral_desk.inference.state_pipe import StatePipe
from mistral_desk.inference.state_store import StateStore
from tests.fixtures import fake_worker
from tests.fixtures.engines import run

if TYPE_CHECKING:
    from pathlib import Path

    from mistral_desk.inference.protocol import Command, Event
    from mistral_desk.inference.state_pipe import Incoming

ME: Final = Identity("weights", "build", "layout")
IDS: Final = packed(range(300))
WITH_STATES: Final = msgspec.structs.replace(fake_worker.MODEL, state="a layout")
END_S: Final = 60


def head(*sizes: int) -> StateHead:
    return StateHead(7, "1", IDS, tuple(Extent(300 - number, size) for number, size in enumerate(sizes)))


def given_by_the_app(sent: list[Any], *, most: int = 1 << 30, sound: bool = True) -> Incoming | None:
    """What a worker has that asks, and gets just this."""
    events: queue.SimpleQueue[Event] = queue.SimpleQueue()
    pipe = StatePipe(events.put)
    found: list[Incoming | None] = []
    asking = threading.Thread(target=lambda: found.append(pipe.ask(NeedState(7, IDS, 0, most, True), lambda: False)))
    asking.start()
    assert isinstance(events.get(timeout=END_S), NeedState)
    for command in sent:
        assert pipe.takes(command)
        assert isinstance(events.get(timeout=END_S), StateTaken)
    pipe.takes(StateEnd(7, sound))
    asking.join(END_S)
    return found[0]


@settings(max_examples=60)
@given(some.lists(some.binary(max_size=40), min_size=1, max_size=4), some.data())
def test_it_arrives_whole_however_it_is_cut(states: list[bytes], data: some.DataObject) -> None:
    body = b"".join(states)
    cuts = sorted(data.draw(some.lists(some.integers(0, len(body)), max_size=6)))
    pieces = [body[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    incoming = given_by_the_app([head(*map(len, states)), *(StatePart(7, piece) for piece in pieces)])

    assert incoming
    assert [bytes(buffer) for buffer in incoming.buffers] == states


@pytest.mark.parametrize(
    "sent",
    [
        [],
        [head(8, 4)],
        [head(8, 4), StatePart(7, bytes(11))],
        [head(8, 4), StatePart(7, bytes(13))],
        [head(8, 4), StatePart(7, bytes(12)), StatePart(7, b"x")],
        [StatePart(7, bytes(12))],
        [StateHead(8, "1", IDS, (Extent(300, 12),)), StatePart(8, bytes(12))],
        [head(1 << 40)],
        [head(8, 4), StatePart(9, bytes(12))],
    ],
)
def test_what_is_not_exactly_what_was_announced_is_not_taken(sent: list[Any]) -> None:
    assert given_by_the_app(sent) is None


def test_what_is_not_sound_or_too_large_is_not_taken() -> None:
    whole = [head(8, 4), StatePart(7, bytes(12))]

    assert given_by_the_app(whole)
    assert given_by_the_app(whole, sound=False) is None
    assert given_by_the_app(whole, most=11) is None


def test_an_end_that_nobody_asked_for_answers_nobody() -> None:
    pipe = StatePipe(lambda _: None)
    assert pipe.takes(StateEnd(7, True))
    assert pipe.takes(StatePart(7, b"x"))

    assert pipe.ask(NeedState(8, IDS, 0, 1, True), lambda: True) is None


def test_who_gives_waits_until_each_part_was_taken_and_makes_way() -> None:
    events: queue.SimpleQueue[Event] = queue.SimpleQueue()
    pipe = StatePipe(events.put)
    state = (ctypes.c_uint8 * (2 * PART_BYTES + 5)).from_buffer_copy(os.urandom(2 * PART_BYTES + 5))
    done: list[bool] = []
    pipe.make_way(False)
    giving = threading.Thread(target=lambda: done.append(pipe.give(head(len(state)), [state], lambda: False)))
    giving.start()
    got = b""
    assert isinstance(events.get(timeout=END_S), StateHead)
    for _ in range(3):
        assert events.empty()
        pipe.takes(StateTaken(7))
        part = events.get(timeout=END_S)
        assert isinstance(part, StatePart)
        got += part.data
    pipe.takes(StateTaken(7))
    giving.join(END_S)

    assert done == [True]
    assert got == bytes(state)

    pipe.make_way()  # an answer was asked for before giving began
    assert not pipe.give(head(len(state)), [state], lambda: False)
    assert isinstance(events.get(timeout=END_S), StateHead)
    assert events.empty()


def kept(folder: Path) -> StateStore:
    """A store with one state of three parts."""
    store = StateStore(folder, lambda: 1 << 30)
    writing = store.begin(ME, StateHead(0, "1", IDS, (Extent(300, 3 * PART_BYTES),)))
    assert writing
    for _ in range(3):
        writing.write(os.urandom(PART_BYTES))
    store.finish(writing)
    return store


def still_there(store: StateStore) -> bool:
    """Whether it is as good as it was."""
    still = store.best(ME, NeedState(7, IDS, 0, 1 << 30, True))
    if still:
        still.close()
    return still is not None


def test_a_worker_that_goes_while_it_is_given_a_state_costs_no_file(tmp_path: Path) -> None:
    keeper = StateKeeper(kept(tmp_path))
    keeper._identity = ME
    sent: list[Command] = []

    async def gone() -> Event:
        if len(sent) == 2:
            raise DeskError("engine.died", reason="a test")
        return StateTaken(7)

    async def promise() -> None:
        with pytest.raises(DeskError):
            await keeper.give(NeedState(7, IDS, 0, 1 << 30, True), sent.append, gone)

    asyncio.run(promise())
    assert [type(one) for one in sent] == [StateHead, StatePart]
    assert still_there(keeper.store)


def test_who_is_stopped_while_a_state_comes_hears_its_end(tmp_path: Path) -> None:
    """The worker's last words come in the place of its thanks; they are handed on, and nothing more is sent."""
    keeper = StateKeeper(kept(tmp_path))
    keeper._identity = ME
    sent: list[Command] = []
    said: list[Event] = [StateTaken(7), PromptProgress(7, 0, 300, 0), StateTaken(7)]

    async def heard() -> Event:
        return said.pop(0)

    async def promise() -> None:
        assert await keeper.give(NeedState(7, IDS, 0, 1 << 30, True), sent.append, heard) == PromptProgress(
            7, 0, 300, 0
        )

    asyncio.run(promise())
    assert [type(one) for one in sent] == [StateHead, StatePart]
    assert still_there(keeper.store)


def test_a_state_that_is_kept_already_or_breaks_off_leaves_no_second_file(tmp_path: Path) -> None:
    store = kept(tmp_path)
    (there,) = tmp_path.iterdir()
    file = _File(store, ME)
    file.take(StateHead(7, "1", IDS, (Extent(300, 3 * PART_BYTES),)))  # what it has
    file.take(StatePart(7, bytes(PART_BYTES)))
    assert list(tmp_path.iterdir()) == [there]
    file.take(StateHead(7, "2", IDS, (Extent(300, 8),)))
    file.take(StatePart(7, bytes(5)))
    assert len(list(tmp_path.iterdir())) == 2
    file.abandon()

    assert list(tmp_path.iterdir()) == [there]
    assert still_there(store)


def test_a_model_that_is_gone_by_now_only_costs_what_it_read(tmp_path: Path) -> None:
    """Its file was deleted right after it was loaded: its answers go on, nothing of them is kept."""
    script = [fake_worker.HELLO, {"serve": {"load": [fake_worker.event(Loaded(0, WITH_STATES))]}}]

    async def promise() -> None:
        worker = Worker(fake_worker.command(tmp_path, script))
        try:
            await worker.start()
            info = await worker.load(ModelSpec(str(tmp_path / "gone.gguf")))
            keeper = StateKeeper(kept(tmp_path / "states"))
            await keeper.loaded(worker, info)
            assert not await keeper.begin()
        finally:
            await worker.close()

    run(promise())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no limit for the size of a file")
def test_a_disk_that_takes_nothing_more_keeps_no_beginning_of_a_file(tmp_path: Path) -> None:
    code = (
        "import os, resource, sys\n"
        "from pathlib import Path\n"
        "from mistral_desk.inference.state_file import Head, Identity, Writing\n"
        "from mistral_desk.inference.state_messages import Extent, StateHead, packed\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (64, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))\n"
        "head = Head(Identity('w', 'b', 'l'), StateHead(0, '1', packed(range(300)), (Extent(300, 8),)))\n"
        "try:\n    Writing(Path(sys.argv[1]), head)\n"
        "except OSError as error:\n    print(error.errno, os.listdir(sys.argv[1]))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (resource.getrlimit(resource.RLIMIT_FSIZE)[1],) * 2)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == f"{errno.EFBIG} []"
