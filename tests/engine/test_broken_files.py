"""A broken model file is told apart and named, through the real worker process; and the next good model loads.

Never a hang, never a message without words. A file that ends the worker must still be reported as that.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import pytest

from mistral_desk.core.errors import DeskError, in_words
from mistral_desk.core.messages import MESSAGES
from mistral_desk.inference.client import Engine, ModelSpec
from mistral_desk.inference.protocol import Turn
from tests.fixtures.conversations import ask
from tests.fixtures.gguf_broken import CASES, Broken
from tests.fixtures.gguf_fuzz import MUTATIONS, Mutation

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fixtures.small_models import SmallModels

END_OF_THE_WORLD_S: Final = 120
HELLO: Final = (Turn("user", "Hello, who are you?"),)


async def first_problem(engine: Engine, path: Path) -> tuple[str, DeskError | None]:
    """What goes wrong with a file, and at which stage: `load`, `answer`, or `never`."""
    stage = "load"
    try:
        await engine.ensure(ModelSpec(str(path), 512, 1))
        stage = "answer"
        await ask(engine, HELLO, max_tokens=4)
    except DeskError as error:
        return stage, error
    return "never", None


async def bad_then_good(bad: Path, good: Path) -> tuple[str, DeskError | None]:
    engine = Engine()
    try:
        async with asyncio.timeout(END_OF_THE_WORLD_S):
            found = await first_problem(engine, bad)
            await engine.ensure(ModelSpec(str(good), 512, 1))
            assert (await ask(engine, HELLO, max_tokens=4)).tokens
    finally:
        await engine.close()
    return found


def check_words(error: DeskError) -> None:
    """The problem is one that was declared, and all its placeholders were filled."""
    assert error.problem.id in MESSAGES
    words = in_words(error.problem)
    assert words.title
    assert "?" not in words.message.replace("?”", "")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_broken_file_is_named_and_the_next_good_one_loads(
    case: Broken, tmp_path: Path, small_models: SmallModels
) -> None:
    path = case.make(tmp_path / "Modell für alle.gguf")

    stage, error = asyncio.run(bad_then_good(path, small_models["mistral4"]))

    assert error is not None, "it loaded and answered"
    assert error.problem.id in case.problems, error
    assert case.stage in (stage, "either")
    check_words(error)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_absurd_metadata_is_refused_or_survived(mutation: Mutation, tmp_path: Path, small_models: SmallModels) -> None:
    """No number in the metadata may hang the app or take it down, whether llama.cpp copes with it or aborts."""
    path = mutation.write(tmp_path / "model.gguf")

    _, error = asyncio.run(bad_then_good(path, small_models["mistral4"]))

    if error is not None:
        assert error.problem.id.startswith(("model.", "engine."))
        assert error.problem.id not in ("unexpected", "engine.start_failed", "engine.protocol")
        check_words(error)
