"""Mutated model files and projectors through the real worker: whoever started it lives on, and has a worker again soon.

This process stands where the window's does: it has the same client, and no other door to the engine.
"""

from __future__ import annotations

import asyncio
import random
import shutil
import struct
import time
from collections import Counter
from string import Formatter
from typing import TYPE_CHECKING, Final, NamedTuple

import psutil

from mistral_desk.core.errors import DeskError
from mistral_desk.core.messages import MESSAGES
from mistral_desk.inference.client import Engine, ModelSpec
from mistral_desk.inference.protocol import Turn
from tests.campaigns.outcome import Outcome
from tests.fixtures import gguf_kinds
from tests.fixtures.conversations import ask
from tests.fixtures.gguf_fuzz import ALL
from tests.fixtures.gguf_models import mistral4
from tests.fixtures.gguf_projector import projector

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HELLO: Final = (Turn("user", "Hello"),)
HANGS_S: Final = 300.0
BACK_S: Final = 2.0
"""A worker that died is replaced within so many seconds, on a computer that does nothing else."""
_KINDS: Final[dict[str, Callable[[Path], Path]]] = {
    "dense": gguf_kinds.dense,
    "sliding": gguf_kinds.sliding,
    "recurrent": gguf_kinds.recurrent,
    "hybrid": gguf_kinds.hybrid,
    "mistral4": mistral4,
}
_NUMBERS: Final = (0, 1, 2, 3, 5, 7, 8, 255, 256, 1 << 16, (1 << 31) - 1, 1 << 31, (1 << 32) - 1)


class Good(NamedTuple):
    """Whole files to be spoilt: the head, in which a change matters, ends at `head`."""

    path: Path
    head: int


class Case(NamedTuple):
    """A spoilt file, and what it was made into."""

    what: str
    path: Path
    projector: Path | None


def attack(folder: Path, seed: int, cases: int, minutes: float = 1e9) -> Outcome:
    """So many files, as far as the minutes reach."""
    return asyncio.run(_attack(folder, seed, cases, time.monotonic() + 60 * minutes))


async def _attack(folder: Path, seed: int, cases: int, end: float) -> Outcome:
    found, told, kinds = Outcome(), Counter[str](), Counter[str]()
    spoiler = Spoiler(folder)
    backs: list[float] = []
    engine = Engine()
    try:
        for number in range(cases):
            if time.monotonic() > end:
                break
            case = spoiler.make(random.Random(f"{seed} {number}"), number)
            before = engine.pid
            try:
                async with asyncio.timeout(HANGS_S):
                    what = await _tried(engine, case)
            except Exception as error:  # noqa: BLE001 - that is what is looked for
                found.lost.append(f"{case.what}: {type(error).__name__}: {error}")
                await engine.close()
                engine = Engine()
                continue
            found.cases += 1
            kinds[case.what.split(":")[0]] += 1
            told[what] += 1
            if what.startswith(("engine.", "generate.")) or engine.pid != before:
                found.faults += what == "engine.died"
            if what == "engine.died":
                backs.append(await _back(engine, spoiler.good("dense").path, found))
            case.path.unlink(missing_ok=True)
            shutil.rmtree(case.path.parent, ignore_errors=True)
    finally:
        await engine.close()
    left = psutil.Process().children(recursive=True)
    found.lost += [f"left behind: {child.pid}" for child in left if child.status() != psutil.STATUS_ZOMBIE]
    found.seen["spoilt"] = ", ".join(f"{name} {count:,}" for name, count in kinds.most_common())
    found.seen["what was said"] = ", ".join(f"{name} {count:,}" for name, count in told.most_common())
    if backs:
        ordered = sorted(backs)
        median, worst = ordered[len(ordered) // 2], ordered[-1]
        found.seen["workers that died, and how soon the next one had a model"] = (
            f"{len(backs)}; median {median:.2f} s, longest {worst:.2f} s"
        )
    return found


async def _tried(engine: Engine, case: Case) -> str:
    """What a person would have read: an id, or `answers`."""
    try:
        spec = ModelSpec(str(case.path), 512, 1, projector=str(case.projector) if case.projector else None)
        await engine.ensure(spec)
        await ask(engine, HELLO, max_tokens=2)
    except DeskError as error:
        names = {name for part in MESSAGES[error.problem.id] for _, name, _, _ in Formatter().parse(part) if name}
        if not names <= error.problem.params.keys():
            raise RuntimeError(f"no words for {error.problem}") from error
        return error.problem.id
    return "answers"


async def _back(engine: Engine, good: Path, found: Outcome) -> float:
    began = time.monotonic()
    try:
        await engine.ensure(ModelSpec(str(good), 512, 1))
    except DeskError as error:
        found.lost.append(f"a good model does not load after a death: {error}")
    return time.monotonic() - began


class Spoiler:
    """Makes files of good ones: bytes turned, numbers made absurd, cut, put together, in the head more often."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._good: dict[str, Good] = {}
        self._ways: tuple[tuple[str, Callable[[bytearray, int, random.Random], None]], ...] = (
            ("bytes turned", _turn),
            ("a number made absurd", _absurd),
            ("cut", _cut),
            ("a piece moved", _move),
            ("a piece twice", _twice),
        )

    def good(self, kind: str) -> Good:
        """A whole file of this kind."""
        if kind not in self._good:
            path = self._folder / f"good {kind}.gguf"
            if kind == "projector":
                projector(path)
            else:
                _KINDS[kind](path)
            self._good[kind] = Good(path, _head(path.read_bytes()))
        return self._good[kind]

    def make(self, dice: random.Random, number: int) -> Case:
        """One spoilt file, in a folder of its own."""
        folder = self._folder / f"case {number}"
        folder.mkdir()
        path = folder / "Modell für alle.gguf"
        chosen = dice.random()
        if chosen < 0.25:
            mutation = dice.choice(ALL)
            return Case(f"one key of the metadata: {mutation}", mutation.write(path), None)
        if chosen < 0.45:
            shutil.copyfile(self.good("mistral4").path, path)
            what, eyes = self._spoilt("projector", dice, folder / "mmproj-model.gguf")
            return Case(f"projector, {what}", path, eyes)
        what, path = self._spoilt(dice.choice(list(_KINDS)), dice, path)
        return Case(what, path, None)

    def _spoilt(self, kind: str, dice: random.Random, path: Path) -> tuple[str, Path]:
        good = self.good(kind)
        content = bytearray(good.path.read_bytes())
        name, way = dice.choice(self._ways)
        way(content, good.head if dice.random() < 0.8 else len(content), dice)
        path.write_bytes(content)
        return f"{name}: {kind}", path


def _head(content: bytes) -> int:
    """About where the weights begin: behind the last name of a tensor."""
    return min(len(content), content.rfind(b".weight") + 64)


def _turn(content: bytearray, head: int, dice: random.Random) -> None:
    for _ in range(dice.choice((1, 1, 2, 5, 40))):
        content[dice.randrange(min(head, len(content)))] = dice.randrange(256)


def _absurd(content: bytearray, head: int, dice: random.Random) -> None:
    at = dice.randrange(max(1, min(head, len(content)) - 8))
    form = dice.choice(("<I", "<Q", "<H", "<B"))
    most = (1 << 8 * struct.calcsize(form)) - 1
    struct.pack_into(form, content, at, min(dice.choice(_NUMBERS), most))


def _cut(content: bytearray, head: int, dice: random.Random) -> None:
    del content[dice.randrange(min(head, len(content))) :]


def _move(content: bytearray, head: int, dice: random.Random) -> None:
    size = dice.choice((1, 4, 8, 32, 200))
    a, b = (dice.randrange(max(1, min(head, len(content)) - size)) for _ in range(2))
    content[a : a + size] = content[b : b + size]


def _twice(content: bytearray, head: int, dice: random.Random) -> None:
    at, size = dice.randrange(min(head, len(content))), dice.choice((1, 8, 64))
    content[at:at] = content[at : at + size]
