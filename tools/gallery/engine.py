"""An engine that stands still where it is told to: the states of an answer, exact and at once, without a worker."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

import msgspec

from mistral_desk.core.errors import DeskError, Problem
from mistral_desk.inference.ahead import Ahead
from mistral_desk.inference.device import Device
from mistral_desk.inference.protocol import (
    Counted,
    Effort,
    Figures,
    Finished,
    Hello,
    ModelInfo,
    Piece,
    PromptProgress,
    Sampling,
)
from tools.gallery import builtin

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence
    from typing import Unpack

    from mistral_desk.inference.answer_options import AnswerOptions
    from mistral_desk.inference.cage import Cage
    from mistral_desk.inference.client import Answer, ModelSpec
    from mistral_desk.inference.protocol import Turn
    from mistral_desk.inference.silence import Quiet

VOCABULARY: Final = "0" * 64
MODEL: Final = ModelInfo(
    name="Guide",
    architecture="mistral4",
    path="/models/guide.gguf",
    file_bytes=builtin.BYTES,
    parameters=10_300_000,
    quantization="Q8_0",
    context=4096,
    trained_context=4096,
    layers=5,
    vocabulary=VOCABULARY,
    memory="attention",
    thinking=True,
    efforts=("none", "high"),
    sampling=Sampling(temperature=0.1, top_k=40, top_p=0.95, min_p=0.05, repeat_penalty=1.0),
    thinking_sampling=Sampling(temperature=0.7, top_k=40, top_p=0.95, min_p=0.05, repeat_penalty=1.0),
    takes_thoughts=True,
    threads=2,
    load_s=0.1,
    sees=True,
)
FIGURES: Final = Figures(
    prompt_tokens=212, cached_tokens=180, generated_tokens=1234, thinking_tokens=310,
    thinking_s=12.4, first_token_s=0.8, tokens_per_s=18.4,
)  # fmt: skip

HELLO: Final = Hello(
    protocol=1, app_version="0.1.0", pid=1, llama_cpp="b7142", system="x86-64, AVX2",
    devices=(Device("Vulkan0", "Radeon RX 7600", "gpu", 7_516_192_768, 8_589_934_592),),
    backends=("vulkan", "cpu-haswell"),
)  # fmt: skip


class StillEngine:
    """Gives each answer `script`'s events and then waits for Stop; `loads` and `fails` hold it up before that.

    Shaped like `inference.client.Engine`. `loads` is the share at which loading stands still; `fails` is what
    `ensure` raises; `breaks` is what ends an answer after its events instead of waiting.
    """

    def __init__(self) -> None:
        self.model: ModelInfo | None = None
        self.hello: Hello | None = HELLO
        self.pid: int | None = None
        self.cage: Cage | None = None
        self.script: list[Answer] = []
        self.loads: float | None = None
        self.fails: Problem | None = None
        self.breaks: Problem | None = None
        self.busy = False
        self.quiet: Quiet | None = None
        self.looks = False
        self.resting = self.in_use = False
        self.counted = Counted(0, 240, system=36, last=24)
        self.ahead = Ahead(lambda: None, lambda: self.model, lambda: None)  # without a worker nothing is read
        self._stopped = asyncio.Event()

    async def ensure(self, spec: ModelSpec, on_progress: Callable[[float], None] | None = None) -> ModelInfo:  # noqa: ARG002
        """Ready at once, or standing still at `loads`, or failing."""
        if self.fails is not None:
            raise DeskError.of(self.fails)
        if self.loads is not None:
            if on_progress is not None:
                on_progress(self.loads)
            await self._stopped.wait()
            raise DeskError("load.cancelled", name=MODEL.name)
        self.model = MODEL
        return MODEL

    async def blindness(self, spec: ModelSpec) -> Problem | None:  # noqa: ARG002 - as the real one's
        """It sees whatever it is shown."""
        return None

    async def generate(
        self,
        turns: Sequence[Turn],  # noqa: ARG002
        effort: Effort = "none",  # noqa: ARG002
        sampling: Sampling = MODEL.sampling,  # noqa: ARG002
        max_tokens: int | None = None,  # noqa: ARG002
        pictures: object = None,  # noqa: ARG002
        **options: Unpack[AnswerOptions],  # noqa: ARG002
    ) -> AsyncGenerator[Answer, None]:
        """The script's events; its end is the answer's end, else it waits until it is stopped."""
        self._stopped.clear()
        for event in self.script:
            yield event
            if isinstance(event, Finished):
                return
        if self.breaks is not None:
            raise DeskError.of(self.breaks)
        await self._stopped.wait()
        yield Finished(0, "stopped", Figures(), VOCABULARY)

    async def count(
        self,
        turns: Sequence[Turn],  # noqa: ARG002
        effort: Effort = "none",  # noqa: ARG002
        *,
        keep_thinking: bool = True,
        pictures: object = None,  # noqa: ARG002
    ) -> Counted:
        """What the picture is to show."""
        return (
            self.counted if keep_thinking else msgspec.structs.replace(self.counted, tokens=self.counted.tokens - 412)
        )

    @property
    def used(self) -> float:
        """Just now, so that nothing rests by itself."""
        return time.monotonic()

    def prepare(self) -> None:
        """No process is needed."""

    async def rest(self) -> bool:
        """As the real one."""
        self.model, self.resting = None, True
        return True

    async def allow(self, path: str) -> None:
        """Nothing was forbidden."""

    def stop(self) -> None:
        """End what stands still."""
        self._stopped.set()

    def think_more(self) -> None:
        """Nothing: it stands still."""

    def answer_now(self) -> None:
        """As stopping: the pictures need no more."""
        self._stopped.set()

    async def close(self) -> None:
        """Nothing is left running."""
        self._stopped.set()


def answered(text: str, thinking: str = "", figures: Figures = FIGURES) -> list[Answer]:
    """A whole answer."""
    return [*said(text, thinking), Finished(0, "stop", figures, VOCABULARY)]


def said(text: str, thinking: str = "") -> list[Answer]:
    """An answer so far."""
    made: list[Answer] = []
    if thinking:
        made.append(Piece(0, "thinking", thinking, (7,)))
    if text:
        made.append(Piece(0, "text", text, (8,)))
    return made


def reading(done: int, total: int, seconds: float) -> list[Answer]:
    """The message is being read."""
    return [PromptProgress(0, done, total, 0, seconds)]
