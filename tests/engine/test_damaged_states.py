"""Saved states that are not what they say: a real worker ignores them, lives on, and answers as from an empty memory.

Damaged at any place, of another model, build or layout, of other people's chats, with each thing that a head says
changed and all sums made right again, as nobody but an attacker writes them; and with another inside under right sums.
`MISTRAL_DESK_DAMAGED=3000` tries so many of each memory's.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
import pytest

from mistral_desk.core.errors import DeskError
from mistral_desk.inference.client import Engine, ModelSpec
from mistral_desk.inference.protocol import Turn
from mistral_desk.inference.state_file import SUFFIX, Head, Reading, StateFileError, Writing
from mistral_desk.inference.state_keeper import StateKeeper
from mistral_desk.inference.state_messages import Extent, ForgetStates, StateHead, packed, unpacked
from mistral_desk.inference.state_store import StateStore, _name
from tests.fixtures.conversations import Reply, ask
from tests.fixtures.wandering import WORDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.fixtures.small_models import SmallModels

TRIES: Final = int(os.environ.get("MISTRAL_DESK_DAMAGED", "60"))
CONTEXT: Final = 1024
END_OF_THE_WORLD_S: Final = 3600
PLENTY: Final = 1 << 30


class State(NamedTuple):
    """What is in a file: its head, and its body."""

    head: Head
    body: bytes

    def about(self, **more: str) -> State:
        """Saying another thing of the model that it is for."""
        identity = msgspec.structs.replace(self.head.identity, **more)
        return self._replace(head=msgspec.structs.replace(self.head, identity=identity))

    def saying(self, ids: list[int] | None = None, extents: tuple[Extent, ...] | None = None, owner: str = "") -> State:
        """Saying another thing of itself. The body is made to fit what it says of its size."""
        state = self.head.state
        said = StateHead(
            0,
            owner or state.owner,
            state.ids if ids is None else packed(ids),
            state.extents if extents is None else extents,
        )
        body = (self.body + bytes(max(0, said.bytes - len(self.body))))[: said.bytes]
        return State(msgspec.structs.replace(self.head, state=said), body)

    @property
    def ids(self) -> list[int]:
        return unpacked(self.head.state.ids)

    def put(self, folder: Path) -> Path:
        """Write it, all sums right, under the name that it has to have."""
        writing = Writing(folder, self.head)
        writing.write(self.body)
        path = folder / f"{_name(self.head)}{SUFFIX}"
        writing.finish(path)
        return path

    @staticmethod
    def read(path: Path) -> State:
        with Reading(path) as reading:
            return State(reading.head, b"".join(reading.parts()))


def of_another(state: State, draw: random.Random) -> State:
    """Another model's, build's or layout's: the same but for one letter or more."""
    field = draw.choice(("model", "build", "layout"))
    said = getattr(state.head.identity, field)
    at = draw.randrange(len(said))
    other = draw.choice((said[:at], said + "x", said[:at] + chr(ord(said[at]) ^ 1) + said[at + 1 :], ""))
    return state.about(**{field: other})


def with_other_tokens(state: State, draw: random.Random) -> State:
    """Fewer, more or other ones, a picture's among them."""
    ids, (first, *others) = state.ids, state.head.state.extents
    at = draw.randrange(len(ids))
    match draw.randrange(4):
        case 0:
            ids = ids[:at]
        case 1:
            ids += [draw.randrange(1024) for _ in range(draw.randrange(1, 400))]
        case 2:
            ids[at] = draw.choice((draw.randrange(1024), 1 << 40, -1, -(1 << 62), 1024))
        case _:
            ids = ids[::-1]
    fitting = tuple(one for one in others if one.tokens <= len(ids))
    return state.saying(ids, (Extent(len(ids), first.bytes), *fitting))


def of_another_size(state: State, draw: random.Random) -> State:
    """Fewer or more bytes than there are, cut elsewhere, other checkpoints."""
    extents = list(state.head.state.extents)
    at = draw.randrange(len(extents))
    tokens, size = extents[at].tokens, extents[at].bytes
    match draw.randrange(5):
        case 0:
            extents[at] = Extent(tokens, draw.randrange(size + 1))
        case 1:
            extents[at] = Extent(tokens, size + draw.choice((1, 7, 4096)))
        case 2 if at:
            extents[at] = Extent(draw.randrange(len(state.ids)), size)
        case 3:
            extents.append(Extent(draw.randrange(len(state.ids)), draw.choice((0, 1, 100, 5000))))
        case _:
            extents[0] = Extent(tokens, 0)
    return state.saying(extents=tuple(extents))


def with_another_inside(state: State, draw: random.Random) -> State:
    """Bits flipped, a stretch of anything, or numbers where llama.cpp has its own counts: at the beginning."""
    body = bytearray(state.body)
    match draw.randrange(4):
        case 0:
            for _ in range(draw.choice((1, 1, 1, 20))):
                body[draw.randrange(len(body))] ^= 1 << draw.randrange(8)
        case 1:
            at = draw.randrange(0, min(len(body), 4096), 4)
            body[at : at + 4] = draw.choice((b"\xff\xff\xff\xff", bytes(4), b"\xff\xff\xff\x7f", b"\x01\0\0\0"))
        case 2:
            at, length = draw.randrange(len(body)), draw.randrange(1, 2000)
            body[at : at + length] = draw.randbytes(len(body[at : at + length]))
        case _:
            body[:] = draw.randbytes(len(body))
    return state._replace(body=bytes(body))


def damaged(content: bytes, draw: random.Random) -> bytes:
    """Cut, with a flipped bit, with zeros, with something put in or doubled."""
    at = draw.randrange(len(content))
    end = min(len(content), at + draw.randrange(1, 100_000))
    match draw.randrange(6):
        case 0:
            return content[:at]
        case 1 | 2:
            return content[:at] + bytes([content[at] ^ (1 << draw.randrange(8))]) + content[at + 1 :]
        case 3:
            zeroed = content[:at] + bytes(end - at) + content[end:]
            return zeroed if zeroed != content else content[:-1]
        case 4:
            return content[:at] + draw.randbytes(draw.randrange(1, 100)) + content[at:]
        case _:
            return content[:at] + content[end:]


LIES: Final[dict[str, Callable[[State, random.Random], State]]] = {
    "of another": of_another,
    "of other tokens": with_other_tokens,
    "of another size": of_another_size,
    "with another inside": with_another_inside,
}
IGNORED: Final = ("damaged", "of another")
"""What never reaches llama.cpp. Of what has right sums as much is used as its tokens are those of the question."""


class Victim:
    """A worker that is given one state after another."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine, self._folder = engine, folder
        self.pid = engine.pid
        words = " ".join(random.Random(0).choices(WORDS, k=150))
        self.turns = (Turn("user", words),)

    async def answer(self) -> Reply:
        """Of a worker that has read nothing, from what is in the folder."""
        worker, model = self._engine._worker, self._engine.model
        assert worker
        assert model
        async for _ in worker.order(lambda number: ForgetStates(number, ("1", ""))):
            pass
        keeper = self._engine.states = StateKeeper(StateStore(self._folder, lambda: PLENTY))
        await keeper.loaded(worker, model)
        try:
            return await ask(self._engine, self.turns, "none", 4)
        finally:
            await keeper.stop()
            self._engine.states = None


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["mistral4", "sliding", "recurrent", "hybrid"])
def test_a_state_that_is_not_what_it_says_never_ends_a_worker(
    kind: str, small_models: SmallModels, tmp_path: Path
) -> None:
    spec = ModelSpec(str(small_models[kind]), CONTEXT, 1, projector="")
    draw = random.Random(f"damage {kind}")
    seen: Counter[str] = Counter()

    async def promise() -> None:
        engine = Engine()
        try:
            async with asyncio.timeout(END_OF_THE_WORLD_S):
                await engine.ensure(spec)
                victim = Victim(engine, tmp_path)
                whole = await keep(engine, victim, tmp_path)
                fresh = await empty(victim, tmp_path)
                path = whole.put(tmp_path)
                assert (await victim.answer()).figures.cached_tokens > 100, "what is right is used"
                sound = path.read_bytes()
                for number in range(TRIES):
                    emptied(tmp_path)
                    what = draw.choice(("damaged", "damaged", *LIES))
                    if what == "damaged":
                        path.write_bytes(damaged(sound, draw))
                    else:
                        try:
                            LIES[what](whole, draw).put(tmp_path)
                        except (StateFileError, OSError):
                            seen[f"{what}: cannot be written"] += 1
                            continue
                    await one(victim, what, fresh, f"{number}")
        finally:
            engine.states = None
            await engine.close()

    async def one(victim: Victim, what: str, fresh: Reply, where: str) -> None:
        try:
            now = await victim.answer()
        except DeskError as error:
            if error.problem.id != "model.nothing_sensible" or what in IGNORED:
                raise AssertionError(f"{where}: {what}") from error
            seen[f"{what}: nonsense, and said so"] += 1
            return
        assert victim._engine.pid == victim.pid, (where, what)
        used = now.figures.cached_tokens > 0
        seen[f"{what}: {'used' if used else 'ignored'}"] += 1
        if what in IGNORED:
            assert not used, (where, what)
        if not used:
            assert now.tokens == fresh.tokens, (where, what)

    asyncio.run(promise())
    print(f"\n{kind}: {dict(sorted(seen.items()))}")
    assert seen["damaged: ignored"]
    assert seen["of another: ignored"]


async def keep(engine: Engine, victim: Victim, folder: Path) -> State:
    """A sound state of the victim's question and its answer."""
    worker, model = engine._worker, engine.model
    assert worker
    assert model
    keeper = engine.states = StateKeeper(StateStore(folder, lambda: PLENTY))
    await keeper.loaded(worker, model)
    await ask(engine, victim.turns, "none", 4, owner="1")
    await keeper.keep(worker)
    await keeper.stop()
    engine.states = None
    return State.read(only(folder))


async def empty(victim: Victim, folder: Path) -> Reply:
    """The answer without anything."""
    emptied(folder)
    return await victim.answer()


def emptied(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


def only(folder: Path) -> Path:
    (path,) = folder.iterdir()
    return path
