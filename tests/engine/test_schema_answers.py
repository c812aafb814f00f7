"""Answers by a JSON schema: whatever llama.cpp lets through the grammar is valid, and so is what the model answers."""

from __future__ import annotations

import contextlib
import ctypes
import json
import random
from typing import TYPE_CHECKING, Any, Final

import llama_cpp.llama_cpp as lib
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from mistral_desk.core.errors import DeskError
from mistral_desk.core.paths import resource
from mistral_desk.inference.client import Engine, ModelSpec
from mistral_desk.inference.protocol import Finished, Piece, Sampling, Turn
from mistral_desk.inference.schema_check import met
from mistral_desk.inference.schema_grammar import grammar
from mistral_desk.inference.schema_read import read
from tests.fixtures.engines import problem_of, run
from tests.fixtures.llama_reference import Reference
from tests.fixtures.prompts import Prompts
from tests.fixtures.schemas import BOUNDED, is_valid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mistral_desk.inference.engine.vocabulary import Vocabulary
    from mistral_desk.inference.protocol import Effort
    from tests.fixtures.small_models import SmallModels

ENOUGH: Final = 3000
"""Tokens; the longest answer to a drawn schema is far shorter."""
ASKED: Final = (Turn("user", "What is 7 plus 8?"),)
_TOKEN: Final = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])


@pytest.fixture(scope="module")
def guide() -> Iterator[Reference]:
    with Reference(resource("model", "guide.gguf"), 64) as reference:
        yield reference


def walked(reference: Reference, words: Vocabulary, rules: str, draw: random.Random) -> str:
    """A text made of any tokens that llama.cpp's grammar allows, drawn one after the other."""
    sampler: Any = lib.llama_sampler_init_grammar(reference.vocabulary, rules.encode(), b"root")
    assert sampler, rules
    tokens = np.zeros(words.size, _TOKEN)
    text = b""
    try:
        for _ in range(ENOUGH):
            tokens["id"], tokens["logit"] = np.arange(words.size), 0
            pointer = tokens.ctypes.data_as(lib.llama_token_data_p)
            array = lib.llama_token_data_array(pointer, words.size, -1, False)
            lib.llama_sampler_apply(sampler, ctypes.byref(array))
            allowed = [int(token) for token in np.flatnonzero(np.isfinite(tokens["logit"]))]
            allowed = [token for token in allowed if words.ends[token] or not words.control[token]]
            allowed = [token for token in allowed if words.ends[token] or _is_text(words, token)] or allowed
            ends = [token for token in allowed if words.ends[token]]
            if not allowed or (ends and (len(ends) == len(allowed) or draw.random() < 0.5)):
                return text.decode()
            token = draw.choice([token for token in allowed if not words.ends[token]])
            lib.llama_sampler_accept(sampler, token)
            text += words.shown(token)
    finally:
        lib.llama_sampler_free(sampler)
    raise AssertionError(f"no end: {text[:200]!r}")


def _is_text(words: Vocabulary, token: int) -> bool:
    """Whole characters: halves of them, which no model writes on purpose, become marks that count as more than one."""
    shown = words.shown(token)
    return shown.decode("utf-8", "replace").encode() == shown


@pytest.mark.slow
def test_whatever_the_grammar_lets_through_is_valid(guide: Reference) -> None:
    words = Prompts(guide).words
    draw = random.Random(1)
    tried = []

    @settings(max_examples=150, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(BOUNDED)
    def check(schema: Any) -> None:
        try:
            tree = read(schema)
            rules = grammar(tree)
        except DeskError as error:
            tried.append(error.problem.id)
            return
        for _ in range(2):
            answer = walked(guide, words, rules, draw)
            assert is_valid(schema, json.loads(answer)), (schema, answer)
            assert met(tree, answer), (schema, answer)
            tried.append("")

    check()
    assert tried.count("") > 150, "most of what is drawn is understood"


@pytest.mark.parametrize(
    ("low", "high"),
    [(0, 0), (-3, 12), (-12, -3), (7, 9), (95, 105), (-1000, 999), (0, 10**6), (123, 45678), (95, 45678)],
)
def test_numbers_keep_to_their_bounds(guide: Reference, low: int, high: int) -> None:
    words = Prompts(guide).words
    draw = random.Random(2)
    for kind in ("integer", "number"):
        schema: Any = {"type": kind, "minimum": low, "maximum": high}
        rules = grammar(read(schema))
        seen = {json.loads(walked(guide, words, rules, draw)) for _ in range(40)}
        assert all(low <= value <= high for value in seen)
        assert len(seen) > min(high - low, 8) // 2


async def bound(engine: Engine, schema: Any, effort: Effort, seed: int, most: int = 600) -> tuple[str, str, str]:
    """Thought, answer, and why it ended."""
    texts = {"thinking": "", "text": ""}
    sampling = Sampling(temperature=1.0, seed=seed)
    answer = engine.generate(ASKED, effort, sampling, most, grammar=grammar(read(schema)))
    async with contextlib.aclosing(answer) as events:
        async for event in events:
            if isinstance(event, Piece):
                texts[event.kind] += event.text
            elif isinstance(event, Finished):
                return texts["thinking"], texts["text"], event.reason
    raise AssertionError("an answer without an end")


def schemas(count: int) -> list[Any]:
    """Drawn schemas that are understood."""
    found: list[Any] = []

    @settings(max_examples=3 * count, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(BOUNDED)
    def collect(schema: Any) -> None:
        with contextlib.suppress(DeskError):
            grammar(read(schema))
            found.append(schema)

    collect()
    return found[-count:]


@pytest.mark.slow
def test_the_guide_answers_as_its_schema_demands_whether_it_thinks_or_not() -> None:
    async def promise() -> None:
        engine = Engine()
        try:
            await engine.ensure(ModelSpec(str(resource("model", "guide.gguf")), 2048, 1))
            ended = 0
            for number, schema in enumerate(schemas(40)):
                effort: Effort = "high" if number % 2 else "none"
                thought, answer, reason = await bound(engine, schema, effort, number)
                assert bool(thought.strip()) == (effort == "high"), "thinking is free, and only there where asked for"
                if reason == "stop":
                    ended += 1
                    assert is_valid(schema, json.loads(answer)), (schema, answer)
            assert ended > 30
        finally:
            await engine.close()

    run(promise())


@pytest.mark.parametrize("name", ["tags", "channels", "plain", "sliding", "hybrid"])
def test_models_of_every_manner_can_be_bound(name: str, small_models: SmallModels) -> None:
    """Random weights: what they say means nothing, but it is valid, or it was cut."""
    schema = {"type": "object", "properties": {"a": {"enum": [1, 22, "three"]}}, "required": ["a"]}

    async def promise() -> None:
        engine = Engine()
        try:
            await engine.ensure(ModelSpec(str(small_models[name]), 512, 1))
            for seed in range(3):
                _, answer, reason = await bound(engine, schema, "none", seed, 100)
                assert reason in {"stop", "length"}
                if reason == "stop" and answer:
                    assert is_valid(schema, json.loads(answer))
        finally:
            await engine.close()

    run(promise())


@pytest.mark.slow
def test_a_grammar_that_is_none_is_told_and_the_worker_lives_on(small_models: SmallModels) -> None:
    async def promise() -> None:
        engine = Engine()
        try:
            await engine.ensure(ModelSpec(str(small_models["mistral4"]), 512, 1))
            pid = engine.pid
            for rules in ("root ::= (", "root ::= root", "start ::= [a]", "\0"):

                async def ask(rules: str = rules) -> None:
                    async for _ in engine.generate(ASKED, "none", Sampling(), 8, grammar=rules):
                        pass

                problem, _, _ = await problem_of(ask())
                assert problem == "schema.not_taken"
            async for _ in engine.generate(ASKED, "none", Sampling(), 8):
                pass
            assert engine.pid == pid
        finally:
            await engine.close()

    run(promise())
