"""Tries an engine out before it is used: a caged process of its own answers about a text and a picture.

A wrong library may crash, hang, miss a function, or compute something else: only an answer shows that it does not.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

import msgspec

from mistral_desk.core.errors import DeskError
from mistral_desk.core.paths import resource
from mistral_desk.core.pixels import fingerprint
from mistral_desk.core.words import mark
from mistral_desk.inference.cage import Cage
from mistral_desk.inference.model_spec import ModelSpec
from mistral_desk.inference.packs import manifest
from mistral_desk.inference.protocol import Piece, PutImage, Sampling, Turn
from mistral_desk.inference.remote import Worker

if TYPE_CHECKING:
    from pathlib import Path

    from mistral_desk.inference.protocol import ModelInfo

ASKED: Final = (("What is 7 plus 8?", "15"), ("What is 9 plus 4?", "13"))
"""What the model that comes along is known to say, with any engine that computes as it should."""
SHOWN: Final = ("What is in this picture?", "circle")
LIMIT_S: Final = 600.0
"""A test that takes longer has failed. An ordinary one takes two seconds; the first one of a graphics driver that
compiles its programs on a busy computer took minutes.
"""
_WRONG: Final = mark("it answered a simple question wrongly")
_BLIND: Final = mark("it did not recognise a simple drawing")
_NO_EYES: Final = mark("it cannot read the part of a model that sees pictures")
_SLOW: Final = mark("it did not answer in time")
_CONTEXT: Final = 1024
_TOKENS: Final = 48
_SIDE: Final = 160
_EVERYTHING: Final = 999
"""Layers: as many as there are go to a graphics card, where the engine finds one."""


class Tried(msgspec.Struct, frozen=True):
    """What an engine that passed said of itself: `parts` in use, devices, and what its process may not do."""

    version: str
    parts: tuple[str, ...]
    devices: tuple[str, ...]
    cage: Cage | None


async def try_out(folder: Path, name: str) -> Tried:
    """Have the engine in this folder answer. Raises `pack.refused` with the reason."""
    worker = Worker(engine=str(folder / manifest.LIBRARIES))
    try:
        async with asyncio.timeout(LIMIT_S):
            hello = await worker.start()
            cards = [one for one in hello.devices if one.kind in ("gpu", "integrated")]
            spec = ModelSpec(
                str(resource("model", "guide.gguf")), context=_CONTEXT, gpu_layers=_EVERYTHING if cards else 0
            )
            model = await worker.load(spec)
            for question, answer in ASKED:
                _must(answer, await _said(worker, Turn("user", question)), name, _WRONG)
            _must_see(model, name)
            picture = _drawing(_SIDE)
            turn = Turn("user", SHOWN[0], images=(picture.sha256,))
            _must(SHOWN[1], await _said(worker, turn, picture), name, _BLIND)
    except TimeoutError as error:
        raise DeskError("pack.refused", name=name, reason=_SLOW) from error
    except DeskError as error:
        if error.problem.id in ("pack.refused", "resource.missing"):
            raise
        reason = str(error.problem.params.get("reason", "")) or error.problem.id
        raise DeskError("pack.refused", str(error), name=name, reason=reason) from error
    finally:
        await worker.close()
    devices = tuple(f"{one.name}: {one.description}" for one in hello.devices)
    return Tried(hello.llama_cpp, hello.backends, devices, worker.cage)


async def _said(worker: Worker, turn: Turn, picture: PutImage | None = None) -> str:
    async def look(_sha256: str) -> PutImage:
        if picture is None:
            raise DeskError("engine.protocol", reason="it asked for a picture that nobody spoke of")
        return picture

    said = ""
    answer = worker.generate((turn,), "none", Sampling(temperature=0.0), _TOKENS, look)
    async with contextlib.aclosing(answer) as events:
        async for event in events:
            if isinstance(event, Piece) and event.kind == "text":
                said += event.text
    return said


def _must_see(model: ModelInfo, name: str) -> None:
    if not model.sees:
        raise DeskError("pack.refused", str(model.blind), name=name, reason=_NO_EYES)


def _must(wanted: str, said: str, name: str, reason: str) -> None:
    if wanted not in said.casefold():
        raise DeskError("pack.refused", f"{said!r} has no {wanted!r}", name=name, reason=reason)


def _drawing(side: int) -> PutImage:
    """A red circle on white."""
    centre, radius = side / 2, side * 0.32
    rows = bytearray()
    for y in range(side):
        for x in range(side):
            inside = (x - centre) ** 2 + (y - centre) ** 2 <= radius**2
            rows += b"\xd0\x20\x20" if inside else b"\xff\xff\xff"
    return PutImage(fingerprint(side, side, bytes(rows)), side, side, bytes(rows))
