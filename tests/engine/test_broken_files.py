"""A broken model file is told apart and named, through the real worker process; and the next good model loads.

Never a hang, never a message without words. A file that ends the worker must still be reported as that.
"""

from __future__ import annotations

import asyncio
import sys
from string import Formatter
from typing import TYPE_CHECKING, Final, TypeVar

import pytest

from mistral_desk.core.errors import DeskError
from mistral_desk.core.messages import MESSAGES
from mistral_desk.inference.client import Engine, ModelSpec
from mistral_desk.inference.protocol import Turn
from tests.fixtures.conversations import ask
from tests.fixtures.gguf_broken import CASES, Broken
from tests.fixtures.gguf_fuzz import MUTATIONS, Mutation

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from tests.fixtures.small_models import SmallModels

T = TypeVar("T")

END_OF_THE_WORLD_S: Final = 120
BEFORE_GOOD: Final = ("web-page", "experts-used-too-many", "weights-nan", "template-endless")
ABORTING: Final = Mutation("jamba", "ssm.inner_size", 17)
"""llama.cpp asserts on it: 2 * n_embd == d_inner."""
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


def with_engine(story: Callable[[Engine], Awaitable[T]], command: list[str] | None = None) -> T:
    """Tell a story to an engine of its own, in bounded time."""

    async def tell() -> T:
        engine = Engine(command)
        try:
            async with asyncio.timeout(END_OF_THE_WORLD_S):
                return await story(engine)
        finally:
            await engine.close()

    return asyncio.run(tell())


def check_words(error: DeskError) -> None:
    """The problem is one that was declared, and every placeholder of its words has its parameter."""
    text = MESSAGES[error.problem.id]
    names = {name for part in text for _, name, _, _ in Formatter().parse(part) if name}
    assert names <= error.problem.params.keys()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_broken_file_is_told_apart_and_named(case: Broken, tmp_path: Path) -> None:
    path = case.make(tmp_path / "Modell für alle.gguf")

    stage, error = with_engine(lambda engine: first_problem(engine, path))

    assert error is not None, "it loaded and answered"
    assert error.problem.id in case.problems, error
    assert case.stage in (stage, "either")
    check_words(error)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_absurd_metadata_is_refused_or_survived(mutation: Mutation, tmp_path: Path) -> None:
    """No number in the metadata may hang the app or take it down, whether llama.cpp copes with it or aborts."""
    path = mutation.write(tmp_path / "model.gguf")

    _, error = with_engine(lambda engine: first_problem(engine, path))

    if error is not None:
        assert error.problem.id.startswith(("model.", "engine."))
        assert error.problem.id not in ("engine.start_failed", "engine.protocol", "engine.missing")
        check_words(error)


def test_between_broken_files_good_ones_load_and_answer(tmp_path: Path, small_models: SmallModels) -> None:
    """One engine: a file that is refused, one that fails while it answers, one that ends the worker."""
    bad = [case.make(tmp_path / f"{case.name}.gguf") for case in CASES if case.name in BEFORE_GOOD]
    bad.append(ABORTING.write(tmp_path / "aborting.gguf"))

    async def in_turn(engine: Engine) -> list[DeskError | None]:
        errors = []
        for path in bad:
            _, error = await first_problem(engine, path)
            errors.append(error)
            stage, trouble = await first_problem(engine, small_models["mistral4"])
            assert (stage, trouble) == ("never", None)
        return errors

    *named, died = with_engine(in_turn)

    assert len(named) == len(BEFORE_GOOD)
    assert None not in named
    assert died is not None
    assert died.problem.id == "engine.died"


def test_a_worker_that_cannot_tell_what_is_wrong_ends(tmp_path: Path) -> None:
    """A thread that ended in silence would leave everybody waiting: here its words do not fit into a message."""
    code = (
        "from mistral_desk.core.errors import Problem; from mistral_desk.inference import worker; "
        "worker.as_problem = lambda error: Problem('model.truncated', {'missing': 1 << 70}); worker.main()"
    )

    command = [sys.executable, "-c", code, "--worker"]

    _, error = with_engine(lambda engine: first_problem(engine, tmp_path / "none.gguf"), command)

    assert error is not None
    assert error.problem.id == "engine.died"
