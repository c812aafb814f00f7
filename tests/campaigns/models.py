"""Mutated model files and projectors through the real worker: whoever started it lives on, and has a worker again soon.

This process stands where the window's does: it has the same client, and no other door to the engine. Most workers are
forked (`models_forked`); what ends one is repeated with one that is started as the program starts it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import shutil
import statistics
import sys
import time
from collections import Counter
from string import Formatter
from typing import TYPE_CHECKING, Final

import psutil

from mistral_desk.core.errors import DeskError
from mistral_desk.core.messages import MESSAGES
from mistral_desk.core.paths import resource
from mistral_desk.inference.client import Engine, ModelSpec
from mistral_desk.inference.crashes import DEATHS
from mistral_desk.inference.protocol import Piece, PutImage, Turn
from tests.campaigns.models_forked import forked, possible
from tests.campaigns.models_spoiler import Spoiler
from tests.campaigns.outcome import Outcome
from tests.fixtures.below import below
from tests.fixtures.conversations import GREEDY, ask
from tests.fixtures.seeing import Album, picture

if TYPE_CHECKING:
    from pathlib import Path

    from tests.campaigns.models_spoiler import Case

SEEN: Final[PutImage] = picture(width=56, height=28)
HELLO: Final = (Turn("user", "Hello"),)
LOOK: Final = (Turn("user", "What is this?", images=(SEEN.sha256,)),)
LANES: Final = 4
"""So many workers are tried side by side: most of a small file's time is waiting for one process or another."""
STARTED_EVERY: Final = 50
"""Every so-manieth file goes to a worker that is started, not forked."""
REPEATED: Final = 100
"""So many deaths, the first ones, are repeated with workers that are started."""
HANGS_S: Final = 900.0
"""The program itself gives a silent worker up after five minutes."""
BACK_S: Final = 2.0
"""A worker that died is replaced within so many seconds, on a computer that does nothing else."""
_MORE_FILES: Final = 8
"""Open files that the asking process may have more at the end than after its first tenth."""


def attack(folder: Path, seed: int, cases: int, minutes: float = 1e9) -> Outcome:
    """So many files, as far as the minutes reach."""
    return asyncio.run(_Run(folder, seed, cases, time.monotonic() + 60 * minutes).run())


class _Deaths(logging.Handler):
    """When the last worker was found dead that did not end well: a little before anybody is told of it."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.last = 0.0
        self._logger = logging.getLogger("mistral_desk.inference.child")
        self._level = self._logger.level

    def begin(self) -> None:
        self._logger.addHandler(self)
        self._logger.setLevel(logging.INFO)

    def end(self) -> None:
        self._logger.removeHandler(self)
        self._logger.setLevel(self._level)

    def emit(self, record: logging.LogRecord) -> None:
        if "ended with status" in record.msg and isinstance(record.args, tuple) and record.args[1] != 0:
            self.last = time.monotonic()


class _Engines:
    """Of one lane. `usual` has forked workers where that can be, `started` those that the program itself has."""

    def __init__(self, command: list[str] | None) -> None:
        self._command = command
        self.usual, self.started = Engine(command), Engine()

    async def renew(self) -> None:
        """After something that nobody understands."""
        await self.close()
        self.usual, self.started = Engine(self._command), Engine()

    async def close(self) -> None:
        await asyncio.gather(self.usual.close(), self.started.close())


class _Run:
    """All of one campaign; the lanes share the numbers of the cases."""

    def __init__(self, folder: Path, seed: int, cases: int, end: float) -> None:
        self._folder, self._seed, self._numbers, self._end = folder, seed, iter(range(cases)), end
        self._tenth = cases // 10
        self._spoiler = Spoiler(folder)
        self._good = ModelSpec(str(resource("model", "guide.gguf")), 512, 1)
        self._deaths = _Deaths()
        self._found = Outcome()
        self._told, self._kinds = Counter[str](), Counter[str]()
        self._backs: list[float] = []
        self._computed: list[float] = []
        self._started = self._files = 0
        self._others = below()

    async def run(self) -> Outcome:
        self._deaths.begin()
        try:
            with forked(self._folder) if possible() else contextlib.nullcontext() as command:
                await asyncio.gather(*(self._lane(command) for _ in range(LANES)))
        finally:
            self._deaths.end()
        found = self._found
        found.lost += [f"left behind: {child}" for child in below() - self._others]
        found.seen["spoilt"] = ", ".join(f"{name} {count:,}" for name, count in self._kinds.most_common())
        found.seen["what was said"] = ", ".join(f"{name} {count:,}" for name, count in self._told.most_common())
        found.seen["in workers started as the program starts them, the others forked"] = f"{self._started:,}"
        if self._files:
            found.seen["open files of the process that asks, early and late"] = f"{self._files}, {_open_files()}"
            if _open_files() > self._files + _MORE_FILES:
                found.lost.append(f"open files: {self._files} became {_open_files()}")
        if self._backs:
            found.seen["from a worker's death to a token of the Guide from the next one"] = _spread(self._backs)
            found.seen["of which the new worker computed"] = f"{statistics.median(self._computed):.2f} s in the median"
        return found

    async def _lane(self, command: list[str] | None) -> None:
        engines = _Engines(command)
        try:
            for number in self._numbers:
                if time.monotonic() > self._end:
                    return
                case = self._spoiler.make(random.Random(f"{self._seed} {number}"), number)
                try:
                    async with asyncio.timeout(HANGS_S):
                        await self._one(engines, case, number)
                except Exception as error:  # noqa: BLE001 - that is what is looked for
                    self._found.lost.append(f"{number}, {case.what}: {type(error).__name__}: {error}")
                    await engines.renew()
                shutil.rmtree(case.path.parent, ignore_errors=True)
                if number == self._tenth:
                    self._files = _open_files()
        finally:
            await engines.close()

    async def _one(self, engines: _Engines, case: Case, number: int) -> None:
        """One file; behind whatever ended a worker the Guide answers."""
        what, started = "", number % STARTED_EVERY == 0
        if not started:
            what = await _tried(engines.usual, case)
            if what in DEATHS:
                await self._answers(engines.usual)
        if started or (what in DEATHS and len(self._backs) < REPEATED):
            self._started += 1
            again = await _tried(engines.started, case)
            if again in DEATHS:
                died = self._deaths.last
                await self._answers(engines.started)
                self._backs.append(time.monotonic() - died)
                self._computed.append(sum(psutil.Process(engines.started.pid).cpu_times()[:2]))
            if what and what != again:
                self._found.seen[f"said of file {number} by a forked worker, and by a started one"] = f"{what}, {again}"
            what = again
        self._found.faults += 1  # each file was spoilt; how many ended a worker is told among what was said
        self._found.cases += 1
        self._kinds[case.what] += 1
        self._told[what] += 1

    async def _answers(self, engine: Engine) -> None:
        """The Guide says its first token."""
        await engine.ensure(self._good)
        async with contextlib.aclosing(engine.generate(HELLO, sampling=GREEDY, max_tokens=1)) as events:
            async for event in events:
                if isinstance(event, Piece):
                    return
        raise RuntimeError("the Guide said nothing")


async def _tried(engine: Engine, case: Case) -> str:
    """What a person would have read: an id, or `answers`."""
    try:
        model = await engine.ensure(ModelSpec(str(case.path), 512, 1, projector=str(case.projector or "")))
        await ask(engine, LOOK if model.sees else HELLO, max_tokens=2, pictures=Album(SEEN))
    except DeskError as error:
        if error.problem.id == "engine.start_failed":
            raise  # no file is known yet by then
        names = {name for part in MESSAGES[error.problem.id] for _, name, _, _ in Formatter().parse(part) if name}
        if not names <= error.problem.params.keys():
            raise RuntimeError(f"no words for {error.problem}") from error
        return error.problem.id
    return "answers"


def _open_files() -> int:
    if sys.platform == "win32":
        return psutil.Process().num_handles()
    else:
        return psutil.Process().num_fds()


def _spread(seconds: list[float]) -> str:
    ordered = sorted(seconds)
    soon = sum(one < BACK_S for one in ordered)
    return (
        f"{len(ordered)} measured, median {statistics.median(ordered):.2f} s, longest {ordered[-1]:.2f} s, "
        f"{soon} in less than {BACK_S:g} s"
    )
