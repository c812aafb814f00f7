"""Two other computers in namespaces of their own: a model too large for any, predicted and measured, and 50 deaths.

    python3 dev.py rpc-check [--kills 50] [--rates 1gbit,100mbit]

As root on Linux. The table is printed as Markdown; the exit status is 1 where a promise was broken.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from mistral_desk.core.errors import DeskError, in_words
from mistral_desk.core.paths import folders
from mistral_desk.fit import network
from mistral_desk.inference.client import Engine, ModelSpec
from mistral_desk.inference.fitting import Fitting, PlannedEngine
from mistral_desk.inference.placement import Placement
from mistral_desk.inference.protocol import Piece, Turn
from tests.campaigns import computers_ground as ground
from tests.fixtures.conversations import GREEDY, ask
from tests.fixtures.gguf_models import Mistral4Shape, mistral4
from tests.fixtures.gguf_writing import Recipe

if TYPE_CHECKING:
    from tests.fixtures.conversations import Reply

SHAPE: Final = Mistral4Shape(
    tokens=8192,
    width=1024,
    layers=12,
    heads=16,
    query_rank=512,
    kv_rank=256,
    nope=64,
    rope=64,
    value=128,
    expert_width=512,
    experts=24,
    used=4,
    context=4096,
)
"""About 0.56 billion parameters, nearly all of them in the layers: 0.6 GB at 8 bits."""
MAIN: Final = 1_090_000_000
LENT_GB: Final = 0.33
"""What the main computer has (0.3 GB of it for a model), and what each helper lends: none has room for the model."""
MAIN_TO_LOSE: Final = 850_000_000
LENT_TO_LOSE_GB: Final = 0.5
"""The same where one of them may die, with half of the layers: the main computer has no room, each helper has."""
QUESTION: Final = "Tell me everything that you know of it. " * 12
TOKENS: Final = 64
SHORT: Final = "Tell me all of it."
SHORT_TOKENS: Final = 24
CONTEXT: Final = 2048
_MBIT: Final = {"mbit": 1e6, "gbit": 1e9}


class Row(msgspec.Struct):
    """One rate: what was predicted and measured, in tokens a second and seconds. `undisturbed` are the tokens for each
    second of processor time and of the line: what it would be if nobody else computed.
    """

    rate: str
    turn_ms: float
    way: float
    low: float
    predicted: float
    high: float
    measured: float
    predicted_read: float
    read: float
    load_predicted: float
    load: float
    bytes_predicted: int
    bytes_sent: float
    undisturbed: float
    same: bool
    on: str


def main() -> int:
    """Run all of it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--rates", default="1gbit,100mbit")
    parser.add_argument("--inside", default="")
    given = parser.parse_args()
    if given.inside:
        return asyncio.run(_inside(Path(given.inside), given))
    with tempfile.TemporaryDirectory(prefix="mistral-desk-computers-") as name:
        folder = Path(name)
        mistral4(folder / "model.gguf", SHAPE, Recipe("Q8_0"))
        half = dataclasses.replace(SHAPE, layers=SHAPE.layers // 2)
        mistral4(folder / "half.gguf", half, Recipe("Q8_0"))
        expected = {
            "model": asyncio.run(_alone(folder / "model.gguf", QUESTION, TOKENS)),
            "half": asyncio.run(_alone(folder / "half.gguf", SHORT, SHORT_TOKENS)),
        }
        (folder / "expected.json").write_bytes(msgspec.json.encode(expected))
        command = [sys.executable, "-m", __name__ if __name__ != "__main__" else "tests.campaigns.computers"]
        command += ["--inside", name, "--kills", str(given.kills), "--rates", given.rates]
        try:
            with ground.networks():
                return subprocess.run(ground.limited(MAIN, command), check=False).returncode
        finally:
            ground.unlimited()


async def _alone(model: Path, question: str, tokens: int) -> list[int]:
    """The tokens of an answer on one computer with all the memory that it wants."""
    engine = Engine()
    try:
        await engine.ensure(ModelSpec(str(model), projector="", placement=Placement(context=CONTEXT, threads=1)))
        return list((await _answer(engine, question, tokens)).tokens)
    finally:
        await engine.close()


async def _inside(folder: Path, given: argparse.Namespace) -> int:
    helpers = [ground.Helper(number, LENT_GB, folder) for number in range(1, ground.COUNT + 1)]
    expected = msgspec.json.decode((folder / "expected.json").read_bytes(), type=dict[str, list[int]])
    broken = 0
    try:
        for helper in helpers:
            helper.start()
        rows = []
        for rate in filter(None, given.rates.split(",")):
            ground.shape(rate)
            rows.append(await _measured(folder, rate, expected["model"], helpers))
            sys.stdout.write(f"{rows[-1]}\n")
        ground.shape("")
        _table(rows)
        broken += sum(not row.same for row in rows)
        if given.kills:
            for helper in helpers:
                helper.kill()
                helper.lend(LENT_TO_LOSE_GB)
            ground.bound(MAIN_TO_LOSE)
            broken += await _killed(folder, helpers, given.kills, expected["half"])
    finally:
        for helper in helpers:
            helper.kill()
    sys.stdout.write("All promises kept.\n" if not broken else f"{broken} promises broken.\n")
    return 1 if broken else 0


async def _measured(folder: Path, rate: str, expected: list[int], helpers: list[ground.Helper]) -> Row:
    fitting, engine = await _ready(folder, rate)
    try:
        began = time.perf_counter()
        info = await engine.ensure(_spec(folder))
        load = time.perf_counter() - began
        prepared = engine.prepared
        if prepared is None or prepared.made is None or prepared.made[2].speed is None:
            raise RuntimeError("there is no plan")
        speed = prepared.made[2].speed
        answer = await _answer(engine)
        first = answer.figures
        before, spent = _sent(), _seconds(engine, helpers)
        more = [(await _answer(engine)).figures for _ in range(2)]
        crossed = sum(ground.address(number) in engine.helpers for number in range(1, ground.COUNT + 1))
        tokens = sum(one.generated_tokens for one in more)
        spent, gone = _seconds(engine, helpers) - spent, _sent() - before
        line = gone / (_MBIT[rate[-4:]] * float(rate[:-4]) / 8)
        found = [one.found for one in fitting.computers.all() if one.found]
        lies = ", ".join(f"{one.device} {one.bytes / 1e6:.0f} MB" for one in info.placed if one.kind == "model")
        return Row(
            rate=rate,
            turn_ms=max(one.turn_s for one in found) * 1e3,
            way=min(min(one.there_gbps, one.back_gbps) for one in found) * 1e3,
            low=speed.tokens_per_s.low,
            predicted=speed.tokens_per_s.mid,
            high=speed.tokens_per_s.high,
            measured=max(one.tokens_per_s or 0.0 for one in (first, *more)),
            predicted_read=speed.prompt_per_s.mid,
            read=first.prompt_tokens / first.prompt_s,
            load_predicted=speed.load_s.mid,
            load=load,
            bytes_predicted=network.bytes_there(SHAPE.width, first.prompt_tokens + TOKENS // 2),
            bytes_sent=gone / tokens / max(crossed, 1),
            undisturbed=tokens / (spent + line),
            same=list(answer.tokens) == expected,
            on=lies,
        )
    finally:
        await engine.close()
        await fitting.close()


async def _killed(folder: Path, helpers: list[ground.Helper], times: int, expected: list[int]) -> int:
    """A helper dies in the middle of an answer, each time: a calm word, and the next answer comes without it."""
    fitting, engine = await _ready(folder, "kills")
    chance, broken = random.Random(1), 0
    words: dict[str, int] = {}
    try:
        for number in range(times):
            victim = helpers[0]
            try:
                await engine.ensure(_spec(folder, "half"))
                victim = chance.choice([one for one in helpers if ground.address(one.number) in engine.helpers])
                after = chance.randrange(1, SHORT_TOKENS)
                said = await _until_death(engine, victim, after)
                words[said] = words.get(said, 0) + 1
                ids = list((await _answer(engine, SHORT, SHORT_TOKENS)).tokens)  # loaded again, without it
                without = ground.address(victim.number) not in engine.helpers
                good = said == "helper.gone" and without and ids == expected
            except DeskError as error:
                sys.stdout.write(f"death {number + 1}: {error.problem.id}: {in_words(error.problem).message}\n")
                good = False
            broken += not good
            sys.stdout.write(f"death {number + 1} of {times}: {'well' if good else 'NOT well'}\n")
            sys.stdout.flush()
            victim.start()
        sys.stdout.write(f"deaths: {times}, not well: {broken}, what was said: {words}\n")
    finally:
        await engine.close()
        await fitting.close()
    return broken


async def _until_death(engine: PlannedEngine, victim: ground.Helper, after: int) -> str:
    """What is said when the helper dies after so many tokens."""
    seen = 0
    try:
        async with contextlib.aclosing(engine.generate([Turn("user", SHORT)], "none", GREEDY, 400)) as events:
            async for event in events:
                seen += isinstance(event, Piece)
                if seen == after:
                    seen += 1
                    await asyncio.to_thread(victim.kill)
    except DeskError as error:
        return error.problem.id
    return "nothing"


async def _ready(folder: Path, name: str) -> tuple[Fitting, PlannedEngine]:
    """An engine in a home of its own that knows both helpers, tested and measured on these links."""
    fitting = Fitting(folders(str(folder / f"home-{name}")).ensure())
    for number in range(1, ground.COUNT + 1):
        await fitting.computers.add(ground.address(number))
    await fitting.machine()
    return fitting, PlannedEngine(fitting, learns=False, steady=True)


def _spec(folder: Path, name: str = "model") -> ModelSpec:
    return ModelSpec(str(folder / f"{name}.gguf"), projector="", context=CONTEXT, threads=1)


async def _answer(engine: Engine, question: str = QUESTION, tokens: int = TOKENS) -> Reply:
    return await ask(engine, [Turn("user", question)], "none", tokens)


def _seconds(engine: PlannedEngine, helpers: list[ground.Helper]) -> float:
    """Processor time of the worker and the helpers, which compute one after the other: nobody else's is in it."""
    return ground.computed(engine.pid) + sum(helper.seconds() for helper in helpers)


def _sent() -> int:
    return sum(map(ground.sent, range(1, ground.COUNT + 1)))


def _table(rows: list[Row]) -> None:
    write = sys.stdout.write
    write("| link | turn | measured way | bytes a token and helper | tokens/s | reading | load | same tokens |\n")
    write("|---|---|---|---|---|---|---|---|\n")
    for row in rows:
        write(
            f"| {row.rate} | {row.turn_ms:.2f} ms | {row.way:.0f} MB/s | {row.bytes_predicted} → {row.bytes_sent:.0f} "
            f"| {row.predicted:.1f} ({row.low:.1f}–{row.high:.1f}) → {row.measured:.1f}, alone {row.undisturbed:.1f} "
            f"| {row.predicted_read:.0f} → {row.read:.0f} | {row.load_predicted:.0f} → {row.load:.0f} s "
            f"| {'yes' if row.same else 'NO'} |\n"
        )


if __name__ == "__main__":
    sys.exit(main())
