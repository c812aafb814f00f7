"""The same questions through the app's own path: a PNG through the decode child, its pixels to one caged worker.

What a person gets when they drop the drawing on the window, less the window.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
from typing import TYPE_CHECKING

from PIL import Image

from mistral_desk.chat.attachments.intake import take_in
from mistral_desk.chat.attachments.kinds import Pixels
from mistral_desk.core.pixels import fingerprint
from mistral_desk.inference.client import ModelSpec, Worker
from mistral_desk.inference.projector_file import LONG_SIDE
from mistral_desk.inference.protocol import Piece, PutImage, Sampling, Turn

if TYPE_CHECKING:
    from pathlib import Path

    from .corpus.dialogue import Effort
    from .ink import Array

GREEDY = Sampling(temperature=0.0, seed=1)


class AppSeer:
    """One worker of the app with the text model and its eye. Use it in a `with`."""

    only_promised = True

    def __init__(self, text: Path, eye: Path) -> None:
        self._loop = asyncio.new_event_loop()
        self._worker = Worker()
        self._text, self._eye = text, eye
        self.mended = 0

    def __enter__(self) -> AppSeer:
        self._loop.run_until_complete(self._worker.start())
        spec = ModelSpec(str(self._text), 2048, 1, projector=str(self._eye))
        info = self._loop.run_until_complete(self._worker.load(spec))
        if not info.sees:
            raise OSError(f"the app finds no eye in {self._eye.name}: {info.blind}")
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.run_until_complete(self._worker.close())
        self._loop.close()

    def reply(self, pixels: Array, question: str, effort: Effort) -> str:
        """The greedy reply, its thought between the marks that the app itself never shows."""
        return self._loop.run_until_complete(self._reply(pixels, question, effort))

    async def _reply(self, pixels: Array, question: str, effort: Effort) -> str:
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "PNG")
        taken = await take_in(file.getvalue(), "drawing.png", LONG_SIDE)
        if not isinstance(taken, Pixels):
            raise TypeError("the app takes the drawing for a text")
        picture = PutImage(fingerprint(taken.width, taken.height, taken.rgb), taken.width, taken.height, taken.rgb)

        async def look(_sha256: str) -> PutImage:
            return picture

        texts = {"text": "", "thinking": ""}
        asked = (Turn("user", question, images=(picture.sha256,)),)
        async with contextlib.aclosing(self._worker.generate(asked, effort, GREEDY, 120, look)) as events:
            async for event in events:
                if isinstance(event, Piece):
                    texts[event.kind] += event.text
        return (f"[THINK]{texts['thinking']}[/THINK]" if texts["thinking"] else "") + texts["text"]
