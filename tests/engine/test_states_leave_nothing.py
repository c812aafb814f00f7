"""What is forgotten is gone from the worker's memory, byte for byte; and what is put aside keeps to the room it has."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil
import pytest

from mistral_desk.inference.client import Engine, ModelSpec
from mistral_desk.inference.protocol import Turn
from mistral_desk.inference.state_file import Reading
from mistral_desk.inference.state_keeper import StateKeeper
from mistral_desk.inference.state_store import StateStore
from tests.fixtures.conversations import ask
from tests.fixtures.gguf_models import Mistral4Shape, mistral4
from tests.fixtures.seeing import Album, picture, seeing
from tests.fixtures.wandering import WORDS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from mistral_desk.inference.remote import Look

CONTEXT: Final = 2048
END_OF_THE_WORLD_S: Final = 240
SAMPLE: Final = 32
"""Bytes of a piece that is looked for: what a few cells of the memory hold."""
PIECES: Final = 8
MB: Final = 1 << 20


@contextlib.asynccontextmanager
async def running(spec: ModelSpec, folder: Path, command: Sequence[str] | None = None) -> AsyncIterator[Engine]:
    engine = Engine(command)
    engine.states = StateKeeper(StateStore(folder, lambda: 1 << 30))
    try:
        async with asyncio.timeout(END_OF_THE_WORLD_S):
            await engine.ensure(spec)
            yield engine
    finally:
        await engine.close()


async def said(engine: Engine, text: str, owner: str, images: tuple[str, ...] = (), look: Look | None = None) -> int:
    """Ask; returns how many tokens need not be read."""
    turns = (Turn("user", text, images=images),)
    return (await ask(engine, turns, "none", 2, pictures=look, owner=owner)).figures.cached_tokens


def words(count: int, seed: int) -> str:
    return " ".join(random.Random(seed).choices(WORDS, k=count))


def samples(folder: Path) -> list[bytes]:
    """Pieces of the only state in a folder that look like nothing else; from its end, as chats may begin alike."""
    (path,) = folder.iterdir()
    with Reading(path) as reading:
        body = b"".join(reading.parts())
    pieces = (body[at : at + SAMPLE] for at in range(len(body) * 3 // 4, len(body) - SAMPLE, len(body) // 200))
    return [piece for piece in pieces if len(set(piece)) > SAMPLE // 2][:PIECES]


def found(pid: int, pieces: Sequence[bytes]) -> int:
    """How many of the pieces are anywhere in a process's memory."""
    there: set[bytes] = set()
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text(encoding="ascii").splitlines():
            where, rights, *_ = line.split()
            if not rights.startswith("rw"):
                continue
            begin, end = (int(number, 16) for number in where.split("-"))
            for at in range(begin, end, 16 * MB):
                with contextlib.suppress(OSError):  # a page that nobody ever touched
                    here = os.pread(memory.fileno(), min(16 * MB + SAMPLE, end - at), at)
                    there.update(piece for piece in pieces if piece in here)
    return len(there)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows one process's memory to another")
@pytest.mark.parametrize("kind", ["mistral4", "sliding", "recurrent", "hybrid"])
def test_no_byte_of_a_temporary_chat_is_left_in_the_worker(kind: str, tmp_path: Path) -> None:
    """Neither where it was read, nor where it was put aside; and the chat beside it goes on as before."""
    spec = ModelSpec(str(seeing(tmp_path / "models", kind)), CONTEXT, 1)
    album, one = Album(picture(1)), picture(1).sha256
    secret, open_one = words(300, 1), words(300, 2)

    async def promise() -> None:
        async with running(spec, tmp_path / "twin") as engine:
            await said(engine, secret, "1", (one,), album)
        pieces = await asyncio.to_thread(samples, tmp_path / "twin")
        assert len(pieces) == PIECES
        async with running(spec, tmp_path / "states") as engine:
            assert engine.pid
            assert await asyncio.to_thread(found, engine.pid, pieces) == 0, "not before it was read"
            await said(engine, secret, "", (one,), album)
            assert await asyncio.to_thread(found, engine.pid, pieces) == len(pieces)
            await said(engine, open_one, "1")
            assert await asyncio.to_thread(found, engine.pid, pieces) == len(pieces), "it was put aside"
            await engine.forget([""])
            assert await asyncio.to_thread(found, engine.pid, pieces) == 0
            assert await said(engine, open_one, "1") > 300, "the other chat is still there"
            album.asked.clear()
            assert await said(engine, secret, "", (one,), album) < 64
            assert album.asked == [one], "nor is its picture there"

    asyncio.run(promise())


BUDGET: Final = 32 * MB
CHATS: Final = 20
WIDE: Final = Mistral4Shape(layers=8, kv_rank=256, rope=64)
"""5 kB of memory for each token, as much as the model that is measured with."""
_WORKER: Final = (
    "from mistral_desk.inference.engine import footprint; footprint.spare_bytes = lambda: {budget}; "
    "from mistral_desk.inference.worker import main; main()"
)


@pytest.mark.slow
def test_twenty_chats_on_a_small_budget_keep_to_it(tmp_path: Path) -> None:
    """Their states take 80 MB together. What the process takes is measured, after each switch."""
    spec = ModelSpec(str(mistral4(tmp_path / "wide.gguf", WIDE)), CONTEXT, 1, projector="")

    async def grown(budget: int) -> tuple[int, int]:
        """By how much the worker is larger at most than after its first full context; and the chats of the last round
        that need not be read again.
        """
        command = [sys.executable, "-c", _WORKER.format(budget=budget)]
        async with running(spec, tmp_path / f"states {budget}", command) as engine:
            engine.states = None  # the disk would help out
            assert engine.pid
            worker = psutil.Process(engine.pid)
            await said(engine, words(300, 99), "99")
            before = most = worker.memory_info().rss
            spared = 0
            for chat in [*range(CHATS), *range(CHATS)[::-1]]:
                spared += await said(engine, words(300, chat), str(chat)) > 600
                most = max(most, worker.memory_info().rss)
            return most - before, spared

    async def promise() -> None:
        small, few = await grown(BUDGET)
        ample, many = await grown(40 * BUDGET)
        print(f"\n{CHATS} chats: {small / MB:.0f} MB of {BUDGET / MB:.0f}, {few} spared; {ample / MB:.0f} MB, {many}")
        assert small <= BUDGET
        assert 1 <= few < CHATS
        assert ample > 2 * BUDGET, "else this could not tell"
        assert many == CHATS

    asyncio.run(promise())
