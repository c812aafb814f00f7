"""What a picture costs: once, when it is looked at, and next to nothing in the turns after that.

A synthetic mixture of experts with an eight-layer vision tower holds conversations about pictures that it never met;
the same conversations go through llama-cpp-python's own handler, in turns with ours, on as many threads.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import io
import json
import os
import statistics
import subprocess
import sys
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from PIL import Image

from benchmarks import material
from benchmarks.engine_speed import Cost, bench_model, clock
from mistral_desk.core.pixels import fingerprint
from mistral_desk.inference.client import ModelSpec, Worker
from mistral_desk.inference.protocol import Finished, Piece, PutImage, Sampling, Turn
from tests.fixtures.gguf_models import BENCH_SHAPE
from tests.fixtures.gguf_projector import ProjectorShape, projector

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROUNDS: Final = 3
ANSWER: Final = 8
QUESTIONS: Final = ("What is in this picture?", "And what stands behind it?", "Which colour has it?")
SIZE: Final = (640, 480)
TOWER: Final = ProjectorShape(text_width=BENCH_SHAPE.width, width=512, layers=8, heads=8, feed_forward=1536)
GREEDY: Final = Sampling(temperature=0.0, seed=1)


class Firsts(NamedTuple):
    """What each turn of one conversation took until its first token, through our worker and through the handler."""

    ours: list[Cost]
    theirs: list[Cost]


def second_turn() -> tuple[float, str]:
    """The second turn's time to the first token, as a share of the first turn's."""
    return _share(1)


def third_turn() -> tuple[float, str]:
    """The third turn's."""
    return _share(2)


def beside_the_handler() -> tuple[float, str]:
    """Our time to the first token of the turns after the picture's, as a share of the handler's."""
    rounds, threads = _conversations()
    shares = [ours.cpu / theirs.cpu for one in rounds for ours, theirs in list(zip(*one, strict=True))[1:]]
    first = statistics.median(one.ours[0].cpu / one.theirs[0].cpu for one in rounds)
    handler = _turns([one.theirs for one in rounds])
    how = f"CPU time until the first token, median of turns 2 and 3; the handler's turns: {handler}"
    return statistics.median(shares), f"{how}; our turn 1 takes {first:.2f} of its; {threads} thread(s) each"


def _share(turn: int) -> tuple[float, str]:
    rounds, threads = _conversations()
    wall = statistics.median(one.ours[turn].wall / one.ours[0].wall for one in rounds)
    width, height = SIZE
    how = (
        f"CPU time until the first token, {_turns([one.ours for one in rounds])}; median of {len(rounds)} pictures "
        f"of {width} x {height}, {threads} thread(s); by the clock, as the app sees it, {wall:.3f}"
    )
    return statistics.median(one.ours[turn].cpu / one.ours[0].cpu for one in rounds), how


def _turns(rounds: list[list[Cost]]) -> str:
    """Each turn's median, in words."""
    medians = (Cost(*map(statistics.median, zip(*turn, strict=True))) for turn in zip(*rounds, strict=True))
    return ", ".join(f"{cost.cpu:.3f} s ({cost.wall:.3f} s by the clock)" for cost in medians)


@cache
def _conversations() -> tuple[list[Firsts], int]:
    threads = material.threads()
    model = bench_model()
    return asyncio.run(_alternate(model, _tower(model), threads)), threads


def _tower(model: Path) -> Path:
    path = model.with_name(f"mmproj-{model.stem}-{TOWER.layers}x{TOWER.width}.gguf")
    if not path.exists():
        part = path.with_suffix(".part")
        projector(part, TOWER)
        part.replace(path)
    return path


async def _alternate(model: Path, eyes: Path, threads: int) -> list[Firsts]:
    worker = Worker()
    await worker.start()
    try:
        await worker.load(ModelSpec(str(model), 4096, threads, projector=str(eyes)))
        with _handler(model, eyes, threads) as handler:
            rounds = [Firsts(await _ours(worker, seed), _theirs(handler, seed)) for seed in range(ROUNDS + 1)]
    finally:
        await worker.close()
    return rounds[1:]  # the first round warms both up


@contextlib.contextmanager
def _handler(model: Path, eyes: Path, threads: int) -> Iterator[subprocess.Popen[str]]:
    """The handler's process, ready; it ends when its stdin does. It prints each chunk of a picture on stderr, and has
    the same setting of OpenMP as our worker.
    """
    command = [sys.executable, "-m", "benchmarks.handler", str(model), str(eyes), str(threads)]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=dict(os.environ, GOMP_SPINCOUNT="300"),
    ) as handler:
        _line(handler)
        yield handler
        if handler.stdin:
            handler.stdin.close()


def _picture(seed: int) -> PutImage:
    width, height = SIZE
    rgb = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8).tobytes()
    return PutImage(fingerprint(width, height, rgb), width, height, rgb)


async def _ours(worker: Worker, seed: int) -> list[Cost]:
    """One conversation about a picture that is new to the worker."""
    picture, now = _picture(seed), clock(worker.pid or 0)

    async def look(_: str) -> PutImage:
        return picture

    turns: list[Turn] = []
    firsts: list[Cost] = []
    for number, question in enumerate(QUESTIONS):
        turns.append(Turn("user", question, images=() if number else (picture.sha256,)))
        began, pieces = now(), list[Piece]()
        async with contextlib.aclosing(worker.generate(turns, "none", GREEDY, ANSWER, look)) as events:
            async for event in events:
                if isinstance(event, Piece):
                    if not pieces:
                        first = now()
                        firsts.append(Cost(first.wall - began.wall, first.cpu - began.cpu))
                    pieces.append(event)
                elif isinstance(event, Finished):
                    tokens = tuple(token for piece in pieces for token in piece.tokens)
                    text = "".join(piece.text for piece in pieces)
                    turns.append(Turn("assistant", text, tokens=tokens, vocabulary=event.vocabulary))
    return firsts


def _theirs(handler: subprocess.Popen[str], seed: int) -> list[Cost]:
    picture, packed = _picture(seed), io.BytesIO()
    Image.frombytes("RGB", SIZE, picture.rgb).save(packed, "PNG")
    png = base64.b64encode(packed.getvalue()).decode()
    if handler.stdin:
        handler.stdin.write(json.dumps({"png": png, "questions": QUESTIONS, "tokens": ANSWER}) + "\n")
        handler.stdin.flush()
    return [Cost(*seconds) for seconds in json.loads(_line(handler))]


def _line(handler: subprocess.Popen[str]) -> str:
    line = handler.stdout.readline() if handler.stdout else ""
    if not line:
        raise RuntimeError(f"the handler ended with {handler.wait()}")
    return line
