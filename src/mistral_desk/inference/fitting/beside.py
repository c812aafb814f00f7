"""What others take in the same places: the bare loop of llama.cpp, and its llama-bench or llama-server where given.

The same file, threads, division and depth. Each runs as a child, one after the other, and is ended when time is up or
nobody wants it any more.
"""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from mistral_desk.core.errors import DeskError
from mistral_desk.core.threads import over
from mistral_desk.core.words import mark
from mistral_desk.inference.fitting.lengths import rounded, text
from mistral_desk.inference.fitting.llama_programs import LlamaBench, LlamaServer
from mistral_desk.inference.yardstick import Order, Start, Yardstick

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mistral_desk.inference.fitting.lengths import AtLength, Clock
    from mistral_desk.inference.protocol import ModelInfo

BARE: Final = "llama.cpp"
NO_TIME: Final = mark("there was no more time")
_SENTENCES: Final = 400
"""So many of them are some thousand tokens; where more are needed, they come again."""


class Compared(msgspec.Struct, frozen=True):
    """Another program's tokens a second in the place of an `AtLength`, and ours as a share of them."""

    context: int
    prompt_per_s: float | None
    tokens_per_s: float | None
    prompt_ratio: float | None
    tokens_ratio: float | None


class Beside(msgspec.Struct, frozen=True):
    """What a program did; `problem` says in words why it is not all."""

    name: str
    lengths: tuple[Compared, ...]
    problem: str = ""


class Program(Protocol):
    """A program that measures. It blocks; `kill` comes from another thread and ends it."""

    name: str
    reads: float
    """How often it reads the tokens of a length, so that its time can be told beforehand."""

    def measure(self, at: AtLength) -> tuple[float | None, float | None]:
        """Tokens a second in reading and in writing. Raises `bench.beside`."""

    def kill(self) -> None:
        """End it at once; a `measure` that waits for it raises."""

    def close(self) -> None:
        """Leave nothing of it, when no `measure` waits any more."""


class Bare:
    """The bare loop, as a program like the others."""

    name = BARE
    reads = 1.0

    def __init__(self, info: ModelInfo) -> None:
        self._start = Start(info.path, info.context, info.threads, info.placement)
        self._running: Yardstick | None = None
        self._over = False

    def measure(self, at: AtLength) -> tuple[float | None, float | None]:
        """As `Program.measure`."""
        if self._running is None:
            self._running = Yardstick(self._start)
            if self._over:  # it was not wanted any more, just now
                self._running.kill()
            self._running.__enter__()
        read = at.context - at.before
        took = self._running.measure(Order(text(_SENTENCES), at.before, read, write=max(at.written, 1)))
        return read / took.read_s if took.read_s else None, at.written / took.write_s if took.write_s else None

    def kill(self) -> None:
        """As `Program.kill`."""
        self._over = True
        if self._running:
            self._running.kill()

    def close(self) -> None:
        """As `Program.close`."""
        if self._running:
            self._running.__exit__()


def known(path: str) -> type[LlamaBench | LlamaServer]:
    """Which of the programs that we know a file is, by its name. Raises `bench.unknown_program`."""
    name = Path(path).name.lower()
    if Path(path).is_file() and "llama-server" in name:
        return LlamaServer
    if Path(path).is_file() and "llama-bench" in name:
        return LlamaBench
    raise DeskError("bench.unknown_program", path=path)


def program(path: str, info: ModelInfo) -> Program:
    """The program at `path` for the model that was loaded. Raises `bench.unknown_program`."""
    return known(path)(path, info)


async def beside(
    what: Program,
    places: Sequence[AtLength],
    clock: Clock,
    tell: Callable[[float], None],
    keep: Callable[[Beside], None] = lambda _found: None,
) -> Beside:
    """Have a program do the same at all lengths, until time is up; a task that is cancelled ends it at once.

    `tell` hears how much is done, 0 to 1, `keep` what it has done after each length.
    """
    found, problem = list[Compared](), ""
    try:
        for number, at in enumerate(places):
            tell(number / len(places))
            if not clock.left or (found and not clock.allows(at.context, found[-1].prompt_per_s)):
                problem = NO_TIME
                break
            found.append(_compared(at, *await _within(what, at, clock.left)))
            keep(Beside(what.name, tuple(found)))
    except DeskError as error:
        problem = str(error.problem.params.get("reason", error.problem.id)) if clock.left else NO_TIME
    finally:
        await asyncio.to_thread(what.close)
    return Beside(what.name, tuple(found), problem)


async def _within(what: Program, at: AtLength, most_s: float) -> tuple[float | None, float | None]:
    """One measurement in a thread; what takes too long, or is not wanted any more, is ended."""
    end = threading.Timer(most_s, what.kill)
    end.daemon = True
    end.start()
    try:
        return await over(asyncio.ensure_future(asyncio.to_thread(what.measure, at)), what.kill)
    finally:
        end.cancel()


def _compared(at: AtLength, prompt_per_s: float | None, tokens_per_s: float | None) -> Compared:
    return Compared(
        at.context,
        None if prompt_per_s is None else rounded(prompt_per_s),
        None if tokens_per_s is None else rounded(tokens_per_s),
        _share(at.prompt_per_s, prompt_per_s),
        _share(at.tokens_per_s, tokens_per_s),
    )


def _share(ours: float | None, theirs: float | None) -> float | None:
    return round(ours / theirs, 3) if ours and theirs else None
