"""A model's needs from its header: every byte counts once, each layer keeps what its kind keeps, lies are refused."""

from __future__ import annotations

import contextlib
import time
import tracemalloc
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as some

from mistral_desk.catalog import facts
from mistral_desk.catalog.gguf import Array, DamagedError, Header, Tensor, TruncatedError, read_header
from mistral_desk.core.errors import DeskError
from mistral_desk.fit.guess import guess
from mistral_desk.fit.read import shape_of
from mistral_desk.fit.shape import Shape, cache, cells, compute
from mistral_desk.inference import model_file
from tests.fixtures.gguf_broken import CASES
from tests.fixtures.gguf_kinds import hybrid, recurrent, sliding
from tests.fixtures.gguf_models import Mistral4Shape, mistral4

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mistral_desk.catalog.gguf import Value
    from tests.fixtures.gguf_broken import Broken


def read(path: Path) -> Shape:
    found = model_file.inspect(path)
    return shape_of(found.header, found.tensors)


def header(architecture: str, numbers: Mapping[str, Value], *tensors: Tensor) -> Header:
    metadata: dict[str, Value] = {f"{architecture}.{key}": value for key, value in numbers.items()}
    return Header(3, metadata | {"general.architecture": architecture}, tensors, 0, 0)


def attends(layers: int) -> list[Tensor]:
    return [Tensor(f"blk.{layer}.attn_k.weight", (64, 32), 1, 0) for layer in range(layers)]


def test_every_byte_has_one_place(tmp_path: Path) -> None:
    found = model_file.inspect(mistral4(tmp_path / "model.gguf"))
    shape = shape_of(found.header, found.tensors)
    assert shape.weights == sum(tensor.bytes or 0 for tensor in found.tensors)
    names = {"routed": "_exps.", "shared": "_shexp.", "attention": ".attn_"}
    for kind, part in names.items():
        expected = sum(tensor.bytes or 0 for tensor in found.tensors if part in tensor.name)
        assert sum(getattr(layer, kind) for layer in shape.layers) == expected
    assert (shape.experts, shape.used, shape.latent) == (4, 2, True)
    assert shape.parameters == sum(tensor.elements for tensor in found.tensors)


def test_a_token_reads_its_share_of_the_experts(tmp_path: Path) -> None:
    shape = read(mistral4(tmp_path / "model.gguf", Mistral4Shape(experts=8, used=2)))
    assert shape.touched() == pytest.approx(shape.weights - shape.embedding - 0.75 * shape.routed)
    assert shape.active < shape.parameters


def test_windows_forget_and_states_do_not_grow(tmp_path: Path) -> None:
    narrow = read(sliding(tmp_path / "narrow.gguf", window=32))
    assert [layer.window for layer in narrow.layers] == [32, 0]
    assert cache(narrow, 8192, 32) < cache(narrow, 8192, 32) * 2 == 2 * cache(narrow, 8192, 32)
    one, two = (cache(narrow, context, 32) for context in (4096, 8192))
    assert two - one == 4096 * (narrow.layers[1].keys + narrow.layers[1].values) * 2
    state = read(recurrent(tmp_path / "state.gguf"))
    assert cache(state, 256, 32) == cache(state, 8192, 32) > 0
    both = read(hybrid(tmp_path / "both.gguf"))
    assert [(layer.state > 0, layer.keys > 0) for layer in both.layers] == [(True, False), (False, True)]


@pytest.mark.parametrize(
    ("architecture", "numbers", "tensor", "state"),
    [
        ("rwkv6", {"wkv.head_size": 16}, "time_mix_key.weight", 64 * 16 + 2 * 64),
        ("lfm2", {"shortconv.l_cache": 3}, "shortconv.conv.weight", 64 * 2),
        (
            "mamba",
            {"ssm.conv_kernel": 4, "ssm.inner_size": 128, "ssm.state_size": 16},
            "ssm_in.weight",
            3 * 128 + 16 * 128,
        ),
    ],
)
def test_a_layer_that_remembers_keeps_a_state_of_its_architecture_s_size(
    architecture: str, numbers: dict[str, Value], tensor: str, state: int
) -> None:
    """In numbers of 32 bits, as llama.cpp counts them (`n_embd_r` and `n_embd_s`)."""
    base: dict[str, Value] = {"block_count": 1, "embedding_length": 64}
    (layer,) = shape_of(header(architecture, base | numbers, Tensor(f"blk.0.{tensor}", (64, 64), 1, 0))).layers
    assert (layer.state, layer.keys) == (4 * state, 0)


@pytest.mark.parametrize(
    ("architecture", "numbers", "windows"),
    [
        ("gemma2", {}, [4096, 0, 4096, 0]),
        ("gpt-oss", {"attention.sliding_window": 128}, [128, 0, 128, 0]),
        ("cohere2", {"attention.sliding_window": 4096}, [4096, 4096, 4096, 0]),
        ("smallthinker", {"attention.sliding_window": 4096}, [0, 4096, 4096, 4096]),
        ("llama", {"attention.sliding_window": 4096}, [0, 0, 0, 0]),
        ("gemma3", {"attention.sliding_window": 512, "attention.sliding_window_pattern": 2}, [512, 0, 512, 0]),
        (
            "gemma4",
            {
                "attention.sliding_window": 512,
                "attention.sliding_window_pattern": Array(7, 4, (True, True, False, True)),
            },
            [512, 512, 0, 512],
        ),
    ],
)
def test_which_layers_look_through_a_window(architecture: str, numbers: dict[str, Value], windows: list[int]) -> None:
    base = {"block_count": 4, "embedding_length": 64, "attention.head_count": 4, "attention.head_count_kv": 2}
    shape = shape_of(header(architecture, base | numbers, *attends(4)))
    assert [layer.window for layer in shape.layers] == windows


def test_layers_that_share_a_cache_or_only_guess_ahead_keep_nothing() -> None:
    base = {"block_count": 5, "embedding_length": 64, "attention.head_count": 4, "attention.head_count_kv": 2}
    sharing = shape_of(header("gemma3n", base | {"attention.shared_kv_layers": 2}, *attends(5)))
    assert [layer.keys > 0 for layer in sharing.layers] == [True, True, True, False, False]
    guessing = shape_of(header("glm4moe", base | {"nextn_predict_layers": 1}, *attends(5)))
    assert len(guessing.layers) == 4
    assert guessing.weights == 4 * 64 * 32 * 2


def test_a_tied_model_reads_its_words_for_every_token() -> None:
    table = Tensor("token_embd.weight", (64, 1000), 1, 0)
    tied = shape_of(header("gemma3", {"block_count": 0, "embedding_length": 64}, table))
    assert tied.tied
    assert tied.touched() == tied.embedding == 128_000
    assert tied.table == 0


@pytest.mark.parametrize("broken", CASES, ids=lambda broken: broken.name)
def test_a_broken_file_is_refused_cheaply_or_has_a_shape_that_adds_up(broken: Broken, tmp_path: Path) -> None:
    path = broken.make(tmp_path / "model.gguf")
    tracemalloc.start()
    judged(path)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 20e6
    # Processor time of this thread alone, the best of three: a busy computer does not decide.
    assert min(judged(path) for _ in range(3)) < 0.1


def judged(path: Path) -> float:
    """Read a file that may be broken; the seconds of this thread's own that it took."""
    began = time.thread_time()
    try:
        shape = read(path)
    except (DeskError, DamagedError):
        pass
    else:
        assert min(shape.weights, cache(shape, 4096, 512), compute(shape, 4096, 512)) >= 0
    return time.thread_time() - began


@given(some.binary(max_size=400), some.integers(0, 2**62))
def test_any_bytes_are_refused_or_have_a_shape(content: bytes, size: int) -> None:
    raw = b"GGUF" + (3).to_bytes(4, "little") + content
    with contextlib.suppress(DamagedError, TruncatedError):
        shape_of(read_header(lambda offset, count: raw[offset : offset + count], max(size, len(raw))))


KEYS = (
    *("block_count", "embedding_length", "feed_forward_length", "expert_count", "expert_used_count"),
    *("attention.head_count", "attention.head_count_kv", "attention.key_length", "attention.sliding_window"),
    *("attention.shared_kv_layers", "nextn_predict_layers", "ssm.inner_size", "wkv.head_size"),
)
NUMBER = some.integers(0, 1000) | some.integers(-(2**63), 2**63 - 1)


@given(some.dictionaries(some.sampled_from(KEYS), NUMBER))
def test_any_numbers_in_a_header_are_refused_or_come_to_nothing_negative(numbers: dict[str, Value]) -> None:
    """What has no shape is refused in words before anybody asks for one."""
    found = header("gemma3", numbers, *attends(4))
    try:
        shape = shape_of(found)
    except DamagedError:
        with pytest.raises(DeskError, match=r"model\.damaged"):
            model_file.check(found, "odd.gguf")
        return
    assert min(shape.weights, cache(shape, 4096, 512), compute(shape, 4096, 512)) >= 0


def test_a_tensor_may_call_itself_a_layer_that_no_number_holds() -> None:
    """Python reads no number of more than 4,300 digits, and its own error is none that a person is told."""
    numbers = {"block_count": 1, "embedding_length": 64, "attention.head_count": 4}
    name = f"blk.{'9' * 5000}.ffn_up.weight"
    assert len(shape_of(header("llama", numbers, Tensor(name, (8,), 0, 0), *attends(1))).layers) == 1


def test_a_download_has_a_shape_before_its_header_was_read() -> None:
    for model in facts.models():
        for repository in model.repositories:
            for quantization in repository.quantizations:
                shape = guess(model, quantization)
                assert (shape is None) == (not quantization.bytes or not model.parameters)
                if shape:
                    assert shape.rough
                    assert shape.weights == quantization.bytes
                    assert 0 < shape.touched() <= shape.weights
                    assert min(layer.bytes for layer in shape.layers) > 0
                    assert shape.other >= 0


def test_mistral_small_4_is_mostly_routed_experts() -> None:
    (model,) = facts.find("mistral-small-4")
    quantization = next(q for r in model.repositories for q in r.quantizations if q.name == "UD-Q4_K_XL")
    shape = guess(model, quantization)
    assert shape
    assert shape.routed / 2**30 == pytest.approx(64, abs=1)
    assert shape.routed * shape.share / 2**30 == pytest.approx(2, abs=0.1)
    assert cache(shape, 256, 512) == 256 * 23_040


def test_a_context_is_rounded_as_llama_cpp_rounds_it() -> None:
    assert [cells(context) for context in (1, 256, 257, 4000)] == [256, 256, 512, 4096]
