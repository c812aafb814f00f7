"""What fit predicts of memory is what llama.cpp itself reports: weights and cache exactly, buffers closely."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from mistral_desk.fit.read import shape_of
from mistral_desk.fit.shape import KvType, Shape, cache, compute
from mistral_desk.inference import model_file
from tests.fixtures import gguf_outlines as outlines
from tests.fixtures.gguf_models import Mistral4Shape, mistral4
from tests.fixtures.gguf_outlines import Outline, Size, write_outline
from tests.fixtures.gguf_projector import ProjectorShape, projector
from tests.fixtures.gguf_writing import Recipe
from tests.fixtures.llama_report import report

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.engine

SMALL: Final = Size(tokens=8192, width=512, heads=8, kv_heads=2, head=64, feed_forward=1408)
KINDS: Final[dict[str, Outline]] = {
    "dense, grouped queries": outlines.dense(SMALL),
    "dense, all heads": outlines.dense(Size(tokens=8192, width=512, heads=8, kv_heads=8, feed_forward=1408)),
    "routed experts": outlines.mixtral(SMALL),
    "sliding window": outlines.sliding(Size(tokens=8192, width=512, layers=6, heads=8, kv_heads=2, feed_forward=1408)),
    "hybrid": outlines.hybrid(SMALL),
}
LATENT: Final = Mistral4Shape(
    tokens=1024, width=512, layers=2, heads=16, query_rank=256, kv_rank=256, nope=64, rope=64, value=128,
    expert_width=256, experts=16, used=4,
)  # fmt: skip
EXACT: Final = 0.01
CLOSE: Final = 0.25
_ROUNDED: Final = 6000
"""Bytes by which the log's hundredths of a MiB round."""


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the models are kept that several tests look at."""
    return tmp_path_factory.mktemp("models")


def made(kind: str, folder: Path, split: bool = False) -> Path:
    """A model of a kind, made once a folder."""
    place = folder / f"{kind}{' split' if split else ''}"
    if kept := sorted(place.glob("*.gguf")):
        return kept[0]
    place.mkdir()
    path = place / "model.gguf"
    if kind == "latent attention":
        return mistral4(path, LATENT, Recipe(quantization="Q8_0", split_tensors=20 if split else 0))
    return write_outline(path, KINDS[kind], split_tensors=15 if split else 0)


def shape(path: Path) -> Shape:
    found = model_file.inspect(path)
    return shape_of(found.header, found.tensors)


def near(predicted: float, reported: float, share: float) -> bool:
    return abs(predicted - reported) <= share * reported + _ROUNDED


ALL_KINDS: Final = [*KINDS, "latent attention"]


@pytest.mark.parametrize("split", [False, True], ids=["whole", "split"])
@pytest.mark.parametrize("kind", ALL_KINDS)
def test_weights_and_cache_are_what_llama_cpp_takes(kind: str, split: bool, shelf: Path) -> None:
    path = made(kind, shelf, split)
    predicted = shape(path)
    found = report(path, 4000, 512, real=True)
    assert near(predicted.weights, found.model, EXACT)
    assert near(cache(predicted, 4000, 512), found.kv + found.state, EXACT)


@pytest.mark.parametrize("kind", ALL_KINDS)
@pytest.mark.parametrize(("context", "batch"), [(1024, 256), (4096, 512), (20_000, 128)])
def test_buffers_are_close_to_what_llama_cpp_takes(kind: str, context: int, batch: int, shelf: Path) -> None:
    path = made(kind, shelf)
    predicted, found = shape(path), report(path, context, batch)
    assert near(compute(predicted, context, batch), found.compute, CLOSE)
    assert near(cache(predicted, context, batch), found.kv + found.state, EXACT)


@pytest.mark.parametrize("kv", ["q8_0", "q4_0"])
@pytest.mark.parametrize("kind", ["dense, grouped queries", "sliding window", "latent attention"])
def test_a_smaller_cache_is_as_small_as_predicted(kind: str, kv: KvType, shelf: Path) -> None:
    path = made(kind, shelf)
    found = report(path, 8192, 512, kv_type={"q8_0": 8, "q4_0": 2}[kv])
    assert near(cache(shape(path), 8192, 512, kv), found.kv, EXACT)


@pytest.mark.parametrize(
    "size",
    [
        Size(tokens=2048, width=2048, layers=2, heads=32, kv_heads=8, head=64, feed_forward=8192),
        Size(tokens=2048, width=1024, layers=2, heads=16, kv_heads=16, head=64, feed_forward=512),
        Size(tokens=2048, width=2048, layers=2, heads=16, kv_heads=4, head=128, feed_forward=768, experts=64, used=8),
        Size(tokens=2048, width=4096, layers=2, heads=32, kv_heads=8, head=128, feed_forward=1408, experts=8, used=2),
    ],
    ids=["wide inside", "narrow inside", "many small experts", "few experts"],
)
def test_buffers_are_close_for_other_proportions(size: Size, tmp_path: Path) -> None:
    path = write_outline(tmp_path / "model.gguf", outlines.dense(size))
    predicted, found = shape(path), report(path, 8192, 512)
    assert near(compute(predicted, 8192, 512), found.compute, CLOSE)


def test_mistral_small_4_keeps_what_its_dimensions_say(tmp_path: Path) -> None:
    """23,040 bytes a token at 16 bits, 12,240 at 8: (256 + 64) numbers in each of 36 layers."""
    real = Mistral4Shape(tokens=1024, layers=36, heads=32, kv_rank=256, rope=64)
    path = mistral4(tmp_path / "model.gguf", real)
    predicted = shape(path)
    assert cache(predicted, 256, 512) == 256 * 23_040
    assert cache(predicted, 256, 512, "q8_0") == 256 * 12_240
    assert near(cache(predicted, 4096, 512), report(path, 4096).kv, EXACT)


def test_a_projector_counts_with_all_its_bytes(shelf: Path, tmp_path: Path) -> None:
    path = made("latent attention", shelf)
    eyes = projector(tmp_path / "mmproj.gguf", ProjectorShape(text_width=LATENT.width))
    header = model_file.read(eyes)
    found = model_file.inspect(path)
    seeing = shape_of(found.header, found.tensors, sum(tensor.bytes or 0 for tensor in header.tensors))
    assert near(seeing.projector, eyes.stat().st_size, EXACT)
    assert seeing.weights == shape(path).weights
