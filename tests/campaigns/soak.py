"""Chats while workers are killed, stopped, starved and held: no message is lost, nothing is left behind.

The whole program without its window, with the real worker and the Guide. What was shown is compared with what is kept.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import random
import statistics
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import psutil

from mistral_desk.chat import database
from mistral_desk.chat.events import Full
from mistral_desk.chat.history import History
from mistral_desk.chat.message import Draft
from mistral_desk.chat.session import Broken, Ended, Started, Thinking, Writing
from mistral_desk.core.paths import resource
from mistral_desk.inference.client import ModelSpec
from mistral_desk.services import Services
from tests.campaigns.outcome import Outcome
from tests.fixtures.below import below
from tests.fixtures.gguf_fuzz import Mutation
from tests.fixtures.history_state import promises_of_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from mistral_desk.chat.session import TurnEvent

TOKENS: Final = 16
FLAT: Final = 0.05
"""How much more memory the last third may take than the one before."""
HANGS_S: Final = 900.0
"""The program itself gives a silent worker up after five minutes."""
SAMPLES: Final = 30
"""Fewer looks at the memory than this say nothing about a trend."""
_QUESTIONS: Final = ("What can you do?", "Who made you?", "Straße 世界 🙂?", "What is 7 plus 8?", "x " * 300)
_ABORTING: Final = Mutation("jamba", "ssm.inner_size", 17)
"""llama.cpp asserts on it, and the worker ends in the middle of its load."""


def attack(folder: Path, seed: int, cases: int, minutes: float = 1e9) -> Outcome:
    """So many troubles, as far as the minutes reach."""
    return asyncio.run(_attack(folder, seed, cases, time.monotonic() + 60 * minutes))


@dataclass
class _Shown:
    """What a person saw of a turn."""

    chat: int = 0
    question: int = 0
    answer: int = 0
    asked: str = ""
    text: str = ""
    ending: str = ""
    problem: str = ""
    detail: str = ""


@dataclass
class Soak:
    """One run. `shown` is every turn that began."""

    services: Services
    dice: random.Random
    aborting: Path
    found: Outcome = field(default_factory=Outcome)
    shown: list[_Shown] = field(default_factory=list)
    others: set[psutil.Process] = field(default_factory=below)
    """Processes that were there before."""
    done: Counter[str] = field(default_factory=Counter)
    said: Counter[str] = field(default_factory=Counter)
    memory: list[int] = field(default_factory=list)

    async def turn(self) -> None:
        """One question, and one trouble while it is answered."""
        name, trouble = self.dice.choice(self._troubles())
        good = ModelSpec(str(resource("model", "guide.gguf")), 1024, 1)
        spec = ModelSpec(str(self.aborting), 512, 1) if name == "aborting file" else good
        shown = _Shown(asked=self.dice.choice(_QUESTIONS))
        known = [one.chat for one in self.shown[-8:]]
        chat = self.dice.choice([None, None, *known]) if known else None
        self.shown.append(shown)
        acting = asyncio.create_task(trouble())
        events = self.services.session.reply(chat, Draft(shown.asked), model_spec=spec, max_tokens=TOKENS)
        leaves_after = self.dice.randrange(1, 6) if name == "left" else 1000
        async with asyncio.timeout(HANGS_S), contextlib.aclosing(events):
            number = 0
            async for event in events:
                _see(shown, event)
                if isinstance(event, Full):
                    self.services.session.decide(self.dice.choice((*event.helps, "stop")))
                number += 1
                if number > leaves_after and shown.answer:
                    break
        acting.cancel()
        await asyncio.gather(acting, return_exceptions=True)
        self.found.cases += 1
        self.found.faults += name != "nothing"
        self.done[name] += 1
        await self._check(shown, name)
        for path in {good.path, spec.path} if shown.problem == "engine.keeps_stopping" else ():
            await self.services.engine.allow(path)

    def _troubles(self) -> list[tuple[str, Callable[[], Coroutine[object, object, None]]]]:
        usual = [
            ("nothing", self._nothing),
            ("killed", self._kill),
            ("killed", self._kill),
            ("stopped", self._stop),
            ("left", self._nothing),
            ("aborting file", self._nothing),
        ]
        held = [("held for a while", self._hold), ("no more memory", self._starve)]
        return [*usual, *(held if sys.platform == "linux" else [])]

    async def _nothing(self) -> None:
        return

    async def _worker(self) -> psutil.Process:
        while (pid := self.services.engine.pid) is None:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.005)
        await asyncio.sleep(self.dice.choice((0, 0.02, 0.1, 0.3)))
        return psutil.Process(pid)

    async def _kill(self) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            (await self._worker()).kill()

    async def _stop(self) -> None:
        await self._worker()
        self.services.session.stop()

    async def _hold(self) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            worker = await self._worker()
            worker.suspend()
            try:
                await asyncio.sleep(self.dice.choice((0.1, 0.5, 1.5)))
            finally:
                worker.resume()

    async def _starve(self) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            worker = await self._worker()
            room = worker.memory_info().vms + self.dice.choice((0, 1 << 20, 64 << 20))
            worker.rlimit(psutil.RLIMIT_AS, (room, room))

    async def _check(self, shown: _Shown, trouble: str) -> None:
        """What is kept is what was shown, and the answer is over."""
        if shown.problem:
            self.said[shown.problem] += 1
        if shown.problem == "unexpected":
            self.found.lost.append(f"{trouble}: nobody foresaw {shown.detail}")
        history = self.services.history
        question, answer = await history.message(shown.question), await history.message(shown.answer)
        shown.ending = shown.ending or answer.ending
        if question.text != shown.asked:
            self.found.lost.append(f"{trouble}: a question is not as it was asked")
        if answer.ending == "unfinished":
            self.found.lost.append(f"{trouble}: an answer has no end ({shown.problem})")
        if not answer.text.startswith(shown.text):
            self.found.lost.append(f"{trouble}: {shown.text!r} was shown, {answer.text!r} is kept ({shown.problem})")
        shown.text = answer.text
        children = below() - self.others
        if len(children) > 2:
            self.found.lost.append(f"{trouble}: {len(children)} children")
        if len(self.shown) % 5 == 0:
            gc.collect()
            self.memory.append(psutil.Process().memory_info().rss)


def _see(shown: _Shown, event: TurnEvent) -> None:
    match event:
        case Started(conversation=chat, user_message=user, answer_message=answer):
            shown.chat, shown.question, shown.answer = chat.id, user.id, answer.id
        case Writing(text=text):
            shown.text += text
        case Ended(message=message):
            shown.ending, shown.text = message.ending, message.text
        case Broken(problem=problem, message=message):
            shown.problem, shown.ending, shown.text = problem.id, message.ending, message.text
            shown.detail = problem.detail
        case Thinking() | _:
            pass


async def _attack(folder: Path, seed: int, cases: int, end: float) -> Outcome:
    aborting = _ABORTING.write(folder / "aborting.gguf")
    services = await Services.open(str(folder / "home"))
    soak = Soak(services, random.Random(seed), aborting)
    try:
        while soak.found.faults < cases and time.monotonic() < end:
            await soak.turn()
    finally:
        await services.close()
    found = soak.found
    found.lost += [f"left behind: {one}" for one in below() - soak.others]
    found.lost += await _lost(services.folders.history, soak.shown)
    growth = _growth(soak.memory)
    if growth is not None:
        found.seen["memory of the last third beside the one before"] = f"{growth:+.1%}"
        if abs(growth) > FLAT:
            found.lost.append(f"memory is not flat: {growth:+.1%}")
    found.seen["turns"] = ", ".join(f"{name} {count}" for name, count in soak.done.most_common())
    found.seen["what was said"] = ", ".join(f"{name} {count}" for name, count in soak.said.most_common()) or "nothing"
    return found


async def _lost(path: Path, shown: list[_Shown]) -> list[str]:
    """After all is closed and opened again."""
    history, notice = await History.open(path)
    try:
        lost = [f"at the next start: {notice.id}"] if notice else []
        await history.indexed()
        for one in shown:
            question, answer = await history.message(one.question), await history.message(one.answer)
            if (question.text, answer.text, answer.ending) != (one.asked, one.text, one.ending):
                lost.append(f"message {one.answer} is not as it was")
    finally:
        await history.close()
    with contextlib.closing(database.connect(path, query_only=True)) as connection:
        return [*lost, *promises_of_tables(connection)]


def _growth(memory: list[int]) -> float | None:
    third = len(memory) // 3
    if len(memory) < SAMPLES:
        return None
    return statistics.median(memory[-third:]) / statistics.median(memory[third : 2 * third]) - 1
