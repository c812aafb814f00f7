"""What each kind of turn costs beside a fresh prefill: tokens that are read, and the time to the first token.

`python -m benchmarks.turn_costs --tokens 1024,8192,32768` prints tables in Markdown: a conversation of so many tokens,
without and with pictures, goes on, is thought about harder, left and come back to, edited, and met after a restart.
Through the app's own engine and keeper of saved states, as the window uses them.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from benchmarks import material
from mistral_desk.core.pixels import fingerprint
from mistral_desk.inference.client import Engine, ModelSpec
from mistral_desk.inference.protocol import Finished, Piece, PutImage, Sampling, Turn
from mistral_desk.inference.state_keeper import StateKeeper
from mistral_desk.inference.state_store import StateStore
from tests.fixtures.gguf_models import BENCH_SHAPE, Mistral4Shape, mistral4, mistral4_plan
from tests.fixtures.gguf_projector import ProjectorShape, projector
from tests.fixtures.gguf_writing import Recipe

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from mistral_desk.inference.protocol import Effort

GREEDY: Final = Sampling(temperature=0.0, seed=1)
ANSWER: Final = 8
TURNS: Final = 4
"""Turns of the conversation that is gone on with; each with a picture, where there are some."""
MORE: Final = 2048
"""Tokens of the context beside the conversation."""
LONGEST: Final = 65_536
SIZE: Final = (640, 480)
QUESTION: Final = "And then?"
BENCH_TOKENS: Final = 1024
"""Of the conversation that `dev.py bench` looks at."""
LARGE: Final = replace(BENCH_SHAPE, context=LONGEST)
SMALL: Final = replace(
    BENCH_SHAPE, width=512, layers=4, heads=8, query_rank=256, kv_rank=128, rope=32, experts=8, context=LONGEST
)
"""A quarter of the width and half the layers, for conversations that would take the large one half an hour to read."""
SMALL_FROM: Final = 16_384
"""Tokens from which on the small one is taken, unless another is asked for."""


class Cost(NamedTuple):
    """One turn: its name, the tokens of its prompt, those that were read, seconds to the first token as the app sees
    it, and the tokens of the answer.
    """

    turn: str
    prompt: int
    read: int
    first_s: float
    answer: tuple[int, ...]


@dataclass(frozen=True)
class Table:
    """What all turns of one conversation cost; the first is the fresh prefill."""

    tokens: int
    pictures: int
    costs: tuple[Cost, ...]

    def markdown(self) -> str:
        """As a table."""
        what = f"{self.tokens:,} tokens" + (f", {self.pictures} pictures among them" if self.pictures else "")
        fresh = self.costs[0].first_s
        lines = [
            f"**{what}**\n",
            "| turn | prompt | read | first token | of a fresh prefill |",
            "|---|---:|---:|---:|---:|",
        ]
        for cost in self.costs:
            share = cost.first_s / fresh
            lines.append(
                f"| {cost.turn} | {cost.prompt:,} | {cost.read:,} | {cost.first_s:.2f} s | {100 * share:.1f} % |"
            )
        return "\n".join(lines)

    def cost(self, turn: str) -> Cost:
        """The turn of this name."""
        return next(cost for cost in self.costs if cost.turn == turn)


def files(shape: Mistral4Shape) -> tuple[Path, Path]:
    """A model of this shape and a projector for it, each written once into the system's temporary folder."""
    million = mistral4_plan(shape).parameters // 1_000_000
    model = Path(tempfile.gettempdir()) / f"mistral-desk-turns-{million}M-Q8_0.gguf"
    eyes = model.with_name(f"mmproj-{model.stem}.gguf")
    if not model.exists():
        part = model.with_suffix(".part")
        mistral4(part, shape, Recipe(quantization="Q8_0", name="A random model to measure with"))
        part.replace(model)
    if not eyes.exists():
        part = eyes.with_suffix(".part")
        projector(part, ProjectorShape(text_width=shape.width, width=256, layers=4, heads=8, feed_forward=768))
        part.replace(eyes)
    return model, eyes


class Story:
    """A conversation of so many tokens with a model, and what its turns cost."""

    def __init__(self, spec: ModelSpec, folder: Path, pictures: Sequence[PutImage]) -> None:
        self._spec, self._folder = spec, folder
        self._pictures = {one.sha256: one for one in pictures}
        self.costs: list[Cost] = []
        self.asked: list[tuple[tuple[Turn, ...], Effort]] = []
        """What was asked for each of the costs."""

    async def told(self, text: Sequence[str]) -> tuple[Cost, ...]:
        """All of it. `text` are the persons' words of its turns."""
        images = [*self._pictures]
        turns: list[Turn] = []
        for number, words in enumerate(text):
            turns += [Turn("user", words, images=tuple(images[number : number + 1])), Turn("assistant", "Yes.")]
        async with self._engine(self._folder) as engine:
            chat = await self._turn("fresh prefill", engine, (*turns, Turn("user", QUESTION)))
            chat = await self._turn("the next question", engine, (*chat, Turn("user", QUESTION)))
            edited = (*chat[:-2], Turn("user", "And what else, then?"))
            await self._turn("edit of the last question", engine, edited)
            harder = await self._turn("Think harder, first", engine, (*chat, Turn("user", QUESTION)), "high")
            chat = await self._turn("back from it", engine, (*harder, Turn("user", QUESTION)))
            chat = await self._turn("Think harder, later", engine, (*chat, Turn("user", QUESTION)), "high")
            other = (Turn("user", "Something else. " + text[0][:800]),)
            await self._turn("another chat, new", engine, other, owner="2")
            chat = await self._turn("back to this chat", engine, (*chat, Turn("user", QUESTION)), "high")
        async with self._engine(self._folder) as engine:
            chat = await self._turn("after a restart", engine, (*chat, Turn("user", QUESTION)), "high")
            await self._turn("and without thinking", engine, (*chat, Turn("user", QUESTION)))
        return tuple(self.costs)

    @contextlib.asynccontextmanager
    async def _engine(self, folder: Path) -> AsyncIterator[Engine]:
        engine = Engine()
        engine.states = StateKeeper(StateStore(folder, lambda: 1 << 40))
        try:
            await engine.ensure(self._spec)
            yield engine
        finally:
            await engine.close()

    async def _turn(
        self, name: str, engine: Engine, turns: tuple[Turn, ...], effort: Effort = "none", owner: str = "1"
    ) -> tuple[Turn, ...]:
        """Ask, note what it cost, and return the conversation with its answer."""
        self.asked.append((turns, effort))
        began, first, text = time.perf_counter(), 0.0, {"text": "", "thinking": ""}
        tokens: list[int] = []

        async def look(sha256: str) -> PutImage:
            return self._pictures[sha256]

        async with contextlib.aclosing(engine.generate(turns, effort, GREEDY, ANSWER, look, owner=owner)) as events:
            async for event in events:
                if isinstance(event, Piece):
                    first = first or time.perf_counter() - began
                    tokens += event.tokens
                    text[event.kind] += event.text
                elif isinstance(event, Finished):
                    figures = event.figures
                    read = figures.prompt_tokens - figures.cached_tokens
                    self.costs.append(Cost(name, figures.prompt_tokens, read, first, tuple(tokens)))
                    said = Turn("assistant", text["text"], text["thinking"], tuple(tokens), event.vocabulary)
                    return (*turns, said)
        raise RuntimeError("an answer without an end")


def edit() -> tuple[float, str]:
    """Time to the first token after the last question was edited, as a share of a fresh prefill."""
    return _share("edit of the last question")


def think_later() -> tuple[float, str]:
    """After *Think harder* was switched, not for the first time in this chat."""
    return _share("Think harder, later")


def switch_back() -> tuple[float, str]:
    """After another chat was used."""
    return _share("back to this chat")


def _share(turn: str) -> tuple[float, str]:
    found, threads = _bench()
    fresh, cost = found.costs[0], found.cost(turn)
    how = (
        f"{cost.prompt} tokens of prompt, {cost.read} read, first token after {cost.first_s * 1e3:.0f} ms; a fresh "
        f"prefill reads {fresh.read} in {fresh.first_s * 1e3:.0f} ms; {threads} thread(s)"
    )
    return cost.first_s / fresh.first_s, how


@cache
def _bench() -> tuple[Table, int]:
    threads = material.threads()
    return table(*files(LARGE), BENCH_TOKENS, 0, threads), threads


def picture(seed: int) -> PutImage:
    """A picture of noise."""
    width, height = SIZE
    rgb = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8).tobytes()
    return PutImage(fingerprint(width, height, rgb), width, height, rgb)


def table(model: Path, eyes: Path, tokens: int, pictures: int, threads: int) -> Table:
    """What the turns of a conversation of about so many tokens cost, with so many pictures among them."""
    seen = [picture(seed) for seed in range(pictures)]
    draw = random.Random(tokens)
    left = max(tokens - 410 * pictures, 64)
    text = [material.words(draw, left // (2 * TURNS)) for _ in range(TURNS)]
    spec = ModelSpec(str(model), tokens + MORE, threads, projector=str(eyes) if pictures else "")
    with tempfile.TemporaryDirectory() as folder:
        story = Story(spec, Path(folder) / "states", seen)
        return Table(tokens, pictures, asyncio.run(story.told(text)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="benchmarks.turn_costs", description=__doc__)
    parser.add_argument("--tokens", default="1024,8192,32768", help="lengths of the conversation")
    parser.add_argument("--model", choices=["auto", "large", "small"], default="auto")
    parser.add_argument("--threads", type=int, default=material.threads())
    parser.add_argument("--pictures", type=int, choices=[0, 1, 2], default=2, help="0: none, 1: only with, 2: both")
    options = parser.parse_args(arguments)
    for tokens in map(int, options.tokens.split(",")):
        small = options.model == "small" or (options.model == "auto" and tokens >= SMALL_FROM)
        shape = SMALL if small else LARGE
        model, eyes = files(shape)
        million = mistral4_plan(shape).parameters // 1_000_000
        for pictures in [[0], [TURNS], [0, TURNS]][options.pictures]:
            if pictures and 410 * pictures > tokens // 2:
                pictures = 1  # noqa: PLW2901 more would be longer than the conversation
            load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
            made = table(model, eyes, tokens, pictures, options.threads)
            print(
                f"{made.markdown()}\n\n{million}M parameters, {options.threads} thread(s), load {load:.1f}\n",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
