"""The engine's own parts on small models, without a process around them: stopped at any moment, full, or too large."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pytest

from mistral_desk.catalog.gguf import Tensor
from mistral_desk.core.errors import DeskError
from mistral_desk.inference import model_file
from mistral_desk.inference.engine.checkpoints import MOST, Checkpoints, State
from mistral_desk.inference.engine.context import AbortedError
from mistral_desk.inference.engine.generate import Control
from mistral_desk.inference.engine.load import load
from mistral_desk.inference.engine.shelf import Shelf
from mistral_desk.inference.engine.state_layout import layout
from mistral_desk.inference.engine.vocabulary import Vocabulary
from mistral_desk.inference.picture_store import PictureStore
from mistral_desk.inference.placement import Placement
from mistral_desk.inference.protocol import Load
from tests.fixtures import gguf_kinds, templates
from tests.fixtures.gguf_models import Mistral4Shape, mistral4
from tests.fixtures.gguf_writing import Recipe
from tests.fixtures.llama_reference import Reference
from tests.fixtures.seeing import seeing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mistral_desk.inference.engine import native
    from mistral_desk.inference.engine.generate import Generator
    from tests.fixtures.small_models import SmallModels

FIRST: Final = list(range(100, 180))
SECOND: Final = list(range(300, 380))


def _told(_share: float, _looks: bool) -> None:
    """Nobody listens."""


def problem(path: Path, log: native.Log, **more: Any) -> tuple[str, dict[str, object]]:
    """What loading a model raises."""
    with pytest.raises(DeskError) as caught:
        load(Load(1, str(path), 512, 1, **more), log, _told, lambda: False, PictureStore())
    return caught.value.problem.id, dict(caught.value.problem.params)


def test_a_load_can_be_stopped_whenever_it_asks(tmp_path: Path, log: native.Log) -> None:
    """While it looks at the weights, loads them, makes its eyes, and when all is there."""
    command = Load(1, str(seeing(tmp_path)), 512, 1, check_tensors=True)

    def ended(moment: int) -> tuple[str, int]:
        """How it ends when it is stopped from the question number `moment` on, and how many it asked."""
        asked = itertools.count()
        try:
            load(command, log, _told, lambda: next(asked) >= moment, PictureStore()).close()
        except DeskError as error:
            return error.problem.id, next(asked)
        return "loaded", next(asked)

    how, questions = ended(1 << 30)
    moments = {*range(0, questions, questions // 12 + 1), *range(questions - 4, questions)}

    assert (how, ended(questions)[0]) == ("loaded", "loaded")
    assert {ended(moment)[0] for moment in moments} == {"load.cancelled"}


def test_a_stop_while_a_model_is_warmed_ends_its_load(
    small_models: SmallModels, opened: Callable[..., Generator]
) -> None:
    generator = opened(small_models["dense"])
    control = Control()
    generator.stop(control)
    with pytest.raises(DeskError) as caught:
        generator.warm(control)

    assert caught.value.problem.id == "load.cancelled"
    assert generator.context.held == []
    generator.warm(Control())


@pytest.mark.parametrize("name", ["dense", "sliding", "recurrent", "hybrid"])
@pytest.mark.parametrize("saved", [False, True], ids=["fresh", "saved"])
def test_a_batch_that_is_broken_off_leaves_what_can_be_gone_on_from(
    small_models: SmallModels, opened: Callable[..., Generator], name: str, *, saved: bool
) -> None:
    """A memory that was overwritten goes back to the state that was saved last, or to nothing."""
    context = opened(small_models[name]).context
    context.read(FIRST)
    if saved:
        context.checkpoints.save(len(FIRST))
    context.abort.set()
    with pytest.raises(AbortedError):
        context.read(SECOND)
    context.abort.clear()
    assert context.held == ([] if name in {"recurrent", "hybrid"} and not saved else FIRST)

    context.read((FIRST + SECOND)[len(context.held) :])
    found = context.logits().copy()
    context.clear()
    context.read([*FIRST, *SECOND])
    np.testing.assert_allclose(found, context.logits(), atol=1e-2)


@pytest.mark.parametrize("name", ["dense", "mistral4"])
def test_more_than_the_memory_holds_is_an_error_that_leaves_it_whole(
    small_models: SmallModels, opened: Callable[..., Generator], name: str
) -> None:
    context = opened(small_models[name], 256).context
    context.read(FIRST)
    with pytest.raises(DeskError) as caught:
        context.read([7] * 200)

    assert caught.value.problem.id == "engine.failed"
    assert "no room in its memory" in str(caught.value.problem.params["reason"])
    assert context.held[: len(FIRST)] == FIRST
    context.read(SECOND[: context.reuse([*FIRST, *SECOND])])


def test_checkpoints_keep_to_their_number_and_their_room(
    small_models: SmallModels, opened: Callable[..., Generator]
) -> None:
    context = opened(small_models["recurrent"]).context
    many = Checkpoints(context.pointer, "recurrent", 1 << 30)
    for at in range(MOST + 3):
        context.read([100 + at])
        many.save(at + 1)
        many.save(at + 1)
    lengths = [one.length for one in many.states]
    size = len(many.states[0].data)
    few = Checkpoints(context.pointer, "recurrent", 2 * size)
    none = Checkpoints(context.pointer, "recurrent", 2 * size - 1)
    for length in (1, 2, 3):
        few.save(length)
        none.save(length)
    many.save(0)

    assert lengths == list(range(4, MOST + 4)), "the oldest go first, and none is there twice"
    assert [one.length for one in few.states] == [2, 3]
    assert none.states == ()
    assert many.states[0].length == 4


def test_a_shelf_takes_nothing_that_is_too_large_and_lets_checkpoints_go_first(
    small_models: SmallModels, opened: Callable[..., Generator]
) -> None:
    context = opened(small_models["dense"]).context
    context.read(FIRST)
    roomy = Shelf(context.pointer, 1 << 30)
    roomy.put(FIRST[:10], ())
    assert roomy.bytes == 0, "what is short is read again as fast"
    roomy.put(FIRST, ())
    size = roomy.bytes
    tight = Shelf(context.pointer, size + 100)
    tight.put(FIRST, (State(20, bytes(200)),))
    shut = Shelf(context.pointer, 1000)
    shut.put(FIRST, ())

    assert tight.bytes == size
    assert list(tight.tokens) == [tuple(FIRST)]
    assert list(shut.tokens) == []


def test_a_cache_of_eight_bits_where_its_rows_can_be_cut_into_blocks(
    tmp_path: Path, small_models: SmallModels, opened: Callable[..., Generator]
) -> None:
    wanted = Placement(context=512, threads=1, layers=2, kv="q8_0")
    fits = opened(
        mistral4(tmp_path / "fits.gguf", Mistral4Shape(kv_rank=64, nope=32, rope=32, value=32)), placement=wanted
    )
    does_not = opened(small_models["dense"], placement=wanted)

    assert [one.info.placement and one.info.placement.kv for one in (fits, does_not)] == ["q8_0", "f16"]
    does_not.context.read(FIRST)
    assert does_not.context.finite()


@pytest.mark.parametrize(
    ("recipe", "kind"),
    [
        (Recipe(override={"tokenizer.ggml.model": "none"}), "a model without a vocabulary"),
        (Recipe(more={"llama.attention.causal": False}), "a model that compares texts"),
        (Recipe(architecture="llada"), "a model that writes by diffusion"),
    ],
    ids=["words", "causal", "diffusion"],
)
def test_what_loads_and_cannot_talk_is_named(tmp_path: Path, log: native.Log, recipe: Recipe, kind: str) -> None:
    found, params = problem(gguf_kinds.dense(tmp_path / "model.gguf", recipe), log)

    assert (found, params["kind"]) == ("model.not_chat", kind)


def test_a_broken_template_gives_the_eyes_back_too(tmp_path: Path, log: native.Log) -> None:
    seeing(tmp_path)
    mistral4(tmp_path / "seeing-mistral4.gguf", None, Recipe(chat_template=templates.UNCLOSED))

    assert problem(tmp_path / "seeing-mistral4.gguf", log)[0] == "model.template"


def test_a_token_longer_than_any_buffer_and_none_at_all_are_words(tmp_path: Path) -> None:
    long = f"<{'x' * 1000}>"
    recipe = Recipe(specials=("<s>", "</s>", "[INST]", "[/INST]", long))
    with Reference(gguf_kinds.dense(tmp_path / "model.gguf", recipe), 512) as reference:
        words = Vocabulary(reference.vocabulary)

        assert words.written(words.special[long]) == long.encode()
        assert words.shown(words.special[long]) == b""
        assert words.text(None) == ""


def test_a_state_read_in_short_context_is_none_of_a_long_one(
    small_models: SmallModels, opened: Callable[..., Generator]
) -> None:
    """Models with two tables of positions turn them by the length of their context."""
    file = model_file.inspect(small_models["dense"])
    context = opened(file.path).context
    turned = (*file.tensors, Tensor("rope_factors_long.weight", (8,), 0, 0))
    found = {context.size: "", context.size - 1: ""}
    for trained in found:
        known = {**file.header.metadata, "llama.rope.scaling.original_context_length": trained}
        header = dataclasses.replace(file.header, metadata=known)
        found[trained] = layout(context, dataclasses.replace(file, header=header, tensors=turned), ())

    assert len({layout(context, file, ()), *found.values()}) == 3
