"""Guards over several runs of the real program: a model that ends the engine each time, weights that are none."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from mistral_desk.core.paths import resource
from mistral_desk.inference.crashes import LIMIT
from tests.fixtures.gguf_broken import CASES
from tests.fixtures.gguf_fuzz import Mutation
from tests.fixtures.program import Ran, desk

if TYPE_CHECKING:
    from pathlib import Path


def asked(path: Path, *more: str) -> Ran:
    return desk("ask", "hi", "--max-tokens", "4", "--json", "--model", str(path), *more)


def problem(ran: Ran) -> dict[str, Any]:
    assert ran.status == 1, ran
    return dict(ran.lines[-1])


def test_a_model_that_ends_the_engine_at_each_start_is_left_alone_until_it_is_wanted_or_another_file(
    tmp_path: Path,
) -> None:
    path = Mutation("jamba", "ssm.inner_size", 17).write(tmp_path / "ends it.gguf")
    for _ in range(LIMIT):
        assert problem(asked(path))["id"] == "engine.died"
    for _ in range(2):
        told = problem(asked(path))
        assert told["id"] == "engine.keeps_stopping"
        assert "ended 3 times" in told["message"]
        assert "ends it.gguf" in told["message"]
    assert problem(asked(path, "--try-anyway"))["id"] == "engine.died"
    assert problem(asked(path))["id"] == "engine.keeps_stopping"
    shutil.copyfile(resource("model", "guide.gguf"), path)
    assert asked(path).status == 0


def test_weights_that_are_no_numbers_are_named_before_they_are_loaded(tmp_path: Path) -> None:
    path = next(case for case in CASES if case.name == "weights-nan").make(tmp_path / "nan.gguf")
    for _ in range(2):
        assert problem(asked(path))["id"] == "model.weights_damaged"
