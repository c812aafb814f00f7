"""The makers of small models keep their own promises: the vocabulary is sound, the files small, each damage real."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import gguf
import pytest
from mistral_common.tokens.tokenizers.tekken import Tekkenizer

from tests.fixtures.gguf_broken import CASES, Broken
from tests.fixtures.gguf_models import BENCH_SHAPE, Mistral4Shape, mistral4, mistral4_plan
from tests.fixtures.gguf_writing import Quantization, Recipe
from tests.fixtures.small_models import MAKERS, SmallModels
from tests.fixtures.vocabulary import SPECIALS, vocabulary

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("size", [512, 1024, 5000])
def test_a_vocabulary_has_exactly_its_size_and_no_token_twice(size: int) -> None:
    words = vocabulary(size)

    assert len(words) == len(words.texts()) == size
    assert len(set(words.texts())) == size
    assert words.words[:256] == tuple(bytes([byte]) for byte in range(256))


def test_merges_reach_every_token_from_shorter_ones() -> None:
    words = vocabulary(2048)
    made = {"".join(merge.split(" ")) for merge in words.merges()}

    assert made == set(words.texts()[len(SPECIALS) + 256 :])


def test_mistrals_own_tokenizer_reads_the_tekken_file(small_models: SmallModels) -> None:
    tokenizer = Tekkenizer.from_file(small_models.tekken)

    assert tokenizer.n_words == len(vocabulary())
    assert [tokenizer.get_special_token(text) for text in SPECIALS] == list(range(len(SPECIALS)))
    text = "The quick brown fox; schöne Grüße! 你好，世界"
    assert tokenizer.decode(tokenizer.encode(text, bos=False, eos=False)) == text


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_every_small_model_is_a_small_gguf(name: str, small_models: SmallModels) -> None:
    path = small_models[name]
    reader = gguf.GGUFReader(path)

    assert path.stat().st_size < 2_000_000
    assert reader.tensors


def test_shards_together_hold_what_the_whole_file_holds(tmp_path: Path) -> None:
    whole = gguf.GGUFReader(mistral4(tmp_path / "whole.gguf"))
    first = mistral4(tmp_path / "split.gguf", None, Recipe(split_tensors=10))
    shards = [gguf.GGUFReader(path) for path in sorted(tmp_path.glob("split-*.gguf"))]

    assert first.name == f"split-00001-of-{len(shards):05}.gguf"
    split = {tensor.name: tensor.data.tobytes() for shard in shards for tensor in shard.tensors}
    assert split == {tensor.name: tensor.data.tobytes() for tensor in whole.tensors}


@pytest.mark.parametrize("quantization", get_args(Quantization))
def test_a_quantization_is_what_the_tensors_have(quantization: Quantization, tmp_path: Path) -> None:
    path = mistral4(tmp_path / "model.gguf", Mistral4Shape(tokens=512), Recipe(quantization=quantization))
    kinds = {t.name: t.tensor_type.name for t in gguf.GGUFReader(path).tensors}

    assert kinds["blk.0.ffn_up_exps.weight"] == quantization
    assert kinds["blk.0.attn_norm.weight"] == "F32"


def test_big_tensors_repeat_their_blocks_but_not_row_by_row(tmp_path: Path) -> None:
    shape = Mistral4Shape(tokens=4096, width=512, layers=1)
    path = mistral4(tmp_path / "model.gguf", shape, Recipe(quantization="Q8_0"))
    embedding = next(t for t in gguf.GGUFReader(path).tensors if t.name == "token_embd.weight")

    assert len({row.tobytes() for row in embedding.data}) == 4096


def test_the_bench_model_is_between_half_a_billion_and_a_billion() -> None:
    assert 0.5e9 < mistral4_plan(BENCH_SHAPE).parameters < 1e9


def test_the_same_seed_writes_the_same_file(tmp_path: Path) -> None:
    paths = [mistral4(tmp_path / f"{i}.gguf", None, Recipe(seed=seed)) for i, seed in enumerate((3, 3, 4))]
    contents = [path.read_bytes() for path in paths]

    assert contents[0] == contents[1] != contents[2]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_broken_file_differs_from_the_good_one(case: Broken, tmp_path: Path) -> None:
    path = case.make(tmp_path / "model.gguf")
    good = mistral4(tmp_path / "good.gguf").read_bytes()

    assert case.problems
    assert not path.is_file() or path.read_bytes() != good
