"""The states of a model that had to be held back, or whose process says nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mistral_desk.core.errors import Problem
from mistral_desk.inference.protocol import PromptProgress
from mistral_desk.inference.silence import Quiet
from tools.gallery import texts
from tools.gallery.declare import ask, broken, listed, state

if TYPE_CHECKING:
    from tools.gallery.stage import Stage

FILE: Final = "Mistral-Small-4-119B-2603-Q4_K_M-00001-of-00003.gguf"
KEEPS: Final = Problem("engine.keeps_stopping", {"name": FILE, "times": 3, "reason": "memory fault, SIGSEGV"})


@state()
async def keeps_stopping(stage: Stage) -> None:
    """The engine kept stopping with this model: the cause, *Try once more* and *Verify the file*."""
    stage.engine.fails = KEEPS
    await ask(stage, texts.QUESTION)
    await listed(stage)


@state()
async def keeps_stopping_at_start(stage: Stage) -> None:
    """The same before anything was asked, as a notice with two buttons."""
    await listed(stage)
    stage.engine.fails = KEEPS
    stage.desk.warm()
    await stage.desk.tasks.settled()


@state()
async def weights_damaged(stage: Stage) -> None:
    """Weights that are no numbers, as a notice."""
    await listed(stage)
    stage.engine.fails = Problem("model.weights_damaged", {"name": FILE, "tensor": "blk.17.ffn_down_exps.weight"})
    stage.desk.warm()
    await stage.desk.tasks.settled()


@state()
async def repeats(stage: Stage) -> None:
    """An answer that repeated itself without end."""
    await broken(stage, Problem("model.repeats", {"name": "Mistral Small 4", "tokens": 4096}), "Well, well, " * 60)


@state()
async def no_text(stage: Stage) -> None:
    """An answer of tokens that show nothing."""
    await broken(stage, Problem("model.no_text", {"name": "Mistral Small 4", "tokens": 64}))


@state()
async def stuck(stage: Stage) -> None:
    """The engine was ended because it did nothing for minutes."""
    await broken(stage, Problem("engine.stuck", {"minutes": 5}), texts.ANSWER[:300])


@state()
async def checking_weights(stage: Stage) -> None:
    """A model's weights are looked at, once."""
    stage.engine.loads, stage.engine.looks = 0.42, True
    await ask(stage, texts.QUESTION, lambda: stage.chat.answer is not None and stage.chat.answer.phase == "loading")
    await listed(stage)


async def _silent(stage: Stage, quiet: Quiet) -> None:
    stage.engine.script = [PromptProgress(0, 1300, 3000, 0, None)]
    stage.engine.quiet = quiet
    await ask(stage, texts.QUESTION, lambda: stage.chat.answer is not None and stage.chat.answer.quiet is not None)
    await listed(stage)


@state()
async def silent(stage: Stage) -> None:
    """Nothing was heard of the engine for longer than usual."""
    await _silent(stage, Quiet(83))


@state()
async def paused(stage: Stage) -> None:
    """Another program holds the engine's process."""
    await _silent(stage, Quiet(83, paused=True))
