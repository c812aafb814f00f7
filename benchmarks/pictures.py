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
import statistics
import subprocess
import sys
import time
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import psutil
from PIL import Image

from benchmarks.engine_speed import bench_model
from mistral_desk.core.pixels import fingerprint
from mistral_desk.inference.child import environment
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
    """Seconds to the first token of each turn of one conversation, through our worker and through the handler."""

    ours: list[float]
    theirs: list[float]


def second_turn() -> tuple[float, str]:
    """The second turn's time to the first token, as a share of the first turn's."""
    return _share(1)


def third_turn() -> tuple[float, str]:
    """The third turn's."""
    return _share(2)


def beside_the_handler() -> tuple[float, str]:
    """Our time to the first token of the turns after the picture's, as a share of the handler's."""
    rounds, threads = _conversations()
    shares = [ours / theirs for one in rounds for ours, theirs in list(zip(*one, strict=True))[1:]]
    first = statistics.median(one.ours[0] / one.theirs[0] for one in rounds)
    handler = [_median([one.theirs[turn] for one in rounds]) for turn in range(len(QUESTIONS))]
    how = "median of turns 2 and 3; the handler's turns take " + ", ".join(f"{seconds:.2f}" for seconds in handler)
    return statistics.median(shares), f"{how} s, our turn 1 {first:.2f} of its; {threads} thread(s) each"


def _share(turn: int) -> tuple[float, str]:
    rounds, threads = _conversations()
    seconds = [_median([one.ours[number] for one in rounds]) for number in range(len(QUESTIONS))]
    width, height = SIZE
    how = (
        f"{seconds[turn]:.3f} s of {seconds[0]:.2f} s, as the app sees them; median of {len(rounds)} pictures of "
        f"{width} x {height}, {threads} thread(s)"
    )
    return _median([one.ours[turn] / one.ours[0] for one in rounds]), how


def _median(values: list[float]) -> float:
    return float(statistics.median(values))


@cache
def _conversations() -> tuple[list[Firsts], int]:
    threads = max(1, (psutil.cpu_count(logical=False) or 2) - 1)
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
    """The handler's process, ready; it ends when its stdin does. It prints each chunk of a picture on stderr."""
    command = [sys.executable, "-m", "benchmarks.handler", str(model), str(eyes), str(threads)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment()
    ) as handler:
        _line(handler)
        yield handler
        if handler.stdin:
            handler.stdin.close()


def _picture(seed: int) -> PutImage:
    width, height = SIZE
    rgb = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8).tobytes()
    return PutImage(fingerprint(width, height, rgb), width, height, rgb)


async def _ours(worker: Worker, seed: int) -> list[float]:
    """One conversation about a picture that is new to the worker; seconds to each turn's first token."""
    picture = _picture(seed)

    async def look(_: str) -> PutImage:
        return picture

    turns: list[Turn] = []
    firsts: list[float] = []
    for number, question in enumerate(QUESTIONS):
        turns.append(Turn("user", question, images=() if number else (picture.sha256,)))
        began, pieces = time.perf_counter(), list[Piece]()
        async with contextlib.aclosing(worker.generate(turns, "none", GREEDY, ANSWER, look)) as events:
            async for event in events:
                if isinstance(event, Piece):
                    if not pieces:
                        firsts.append(time.perf_counter() - began)
                    pieces.append(event)
                elif isinstance(event, Finished):
                    tokens = tuple(token for piece in pieces for token in piece.tokens)
                    text = "".join(piece.text for piece in pieces)
                    turns.append(Turn("assistant", text, tokens=tokens, vocabulary=event.vocabulary))
    return firsts


def _theirs(handler: subprocess.Popen[str], seed: int) -> list[float]:
    picture, packed = _picture(seed), io.BytesIO()
    Image.frombytes("RGB", SIZE, picture.rgb).save(packed, "PNG")
    png = base64.b64encode(packed.getvalue()).decode()
    if handler.stdin:
        handler.stdin.write(json.dumps({"png": png, "questions": QUESTIONS, "tokens": ANSWER}) + "\n")
        handler.stdin.flush()
    found: list[float] = json.loads(_line(handler))
    return found


def _line(handler: subprocess.Popen[str]) -> str:
    line = handler.stdout.readline() if handler.stdout else ""
    if not line:
        raise RuntimeError(f"the handler ended with {handler.wait()}")
    return line
