"""The engine's arithmetic that needs no engine: common prefixes, batch sizes, and what a context will take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mistral_desk.catalog.gguf import Array, Header, Scalar, Tensor
from mistral_desk.inference.engine import footprint
from mistral_desk.inference.engine.pace import LARGEST, ON_CORES, TILE, Pace, pace
from mistral_desk.inference.engine.prefix import common_prefix

if TYPE_CHECKING:
    from pathlib import Path

GIB: Final = 1 << 30
MUCH: Final = 10_000
"""Tokens that are left to read: more than any batch has."""

tokens = st.lists(st.integers(0, 2), max_size=40)


def header(architecture: str = "llama", **keys: Scalar | Array) -> Header:
    values: dict[str, Scalar | Array] = {f"{architecture}.{key.replace('__', '.')}": v for key, v in keys.items()}
    return Header(3, {"general.architecture": architecture, **values}, (), 0, 0)


@given(tokens, tokens, st.integers(0, 50))
def test_a_common_prefix_is_equal_and_ends_where_the_sequences_differ(
    one: list[int], other: list[int], limit: int
) -> None:
    length = common_prefix(one, tuple(other), limit)

    assert one[:length] == other[:length]
    assert length == min(limit, len(one), len(other)) or one[length] != other[length]


def test_the_cache_of_mistral_small_4_is_what_its_card_says() -> None:
    """36 layers that keep 256 + 64 numbers of two bytes: 23,040 bytes a token."""
    mistral = header(
        "mistral4",
        block_count=36,
        attention__head_count=32,
        attention__head_count_kv=1,
        attention__key_length=320,
        attention__value_length=256,
        attention__key_length_mla=128,
        embedding_length=4096,
    )

    assert footprint.kv_bytes(mistral, 1, 512) == 23_040
    assert footprint.kv_bytes(mistral, 8192, 512) == 8192 * 23_040


@pytest.mark.parametrize(
    ("pattern", "rows"),
    [
        (Array(7, 4, (True, False, True, False)), 2 * 1024 + 2 * 8192),
        (2, 2 * 1024 + 2 * 8192),
        (4, 3 * 1024 + 8192),
    ],
)
def test_windows_keep_little(pattern: int | Array, rows: int) -> None:
    gemma = header(
        "gemma3",
        block_count=4,
        embedding_length=64,
        attention__head_count=4,
        attention__head_count_kv=1,
        attention__key_length=16,
        attention__value_length=16,
        attention__sliding_window=512,
        attention__sliding_window_pattern=pattern,
    )

    assert footprint.kv_bytes(gemma, 8192, 512) == rows * 32 * 2


def test_layers_without_attention_keep_no_keys() -> None:
    jamba = header(
        "jamba",
        block_count=4,
        embedding_length=64,
        attention__head_count=4,
        attention__head_count_kv=Array(4, 4, (0, 2, 0, 2)),
    )

    assert footprint.kv_bytes(jamba, 100, 512) == 100 * 4 * 32 * 2
    assert footprint.kv_bytes(header("mamba", block_count=4, attention__head_count=0), 100, 512) == 0
    assert footprint.kv_bytes(header("mamba", block_count=4), 100, 512) == 0


def test_a_context_shrinks_until_it_fits_or_is_refused() -> None:
    wide = header(block_count=64, embedding_length=8192, attention__head_count=64, attention__head_count_kv=8)

    assert footprint.fitting(wide, 8192, 512, 64 * GIB) == 8192
    found = footprint.fitting(wide, 8192, 512, 2 * GIB)
    assert found is not None
    assert 256 <= found < 8192
    assert footprint.context_bytes(wide, found, 512) < 2 * GIB
    assert footprint.fitting(wide, 8192, 512, 1 << 20) is None


def test_this_computer_has_memory_to_spare() -> None:
    assert 0 < footprint.spare_bytes() < footprint.free_memory()


@pytest.mark.parametrize(
    ("limit", "used", "stat", "free"),
    [
        ("1073741824\n", "804257792\n", "anon 1\ninactive_file 1000\nactive_file 24\n", (256 << 20) + 1024 + (1 << 20)),
        ("4096", "8192", "anon 8192\n", 0),
        ("max\n", "8192", "", None),
        ("4096", "many", "", None),
        ("4096", None, "", None),
        (None, None, None, None),
    ],
)
def test_no_more_is_free_than_a_container_may_have(
    tmp_path: Path, limit: str | None, used: str | None, stat: str | None, free: int | None
) -> None:
    """What is kept of files counts as free; where nothing is limited, or nobody can say, the system's number holds."""
    for name, content in (("memory.max", limit), ("memory.current", used), ("memory.stat", stat)):
        if content is not None:
            (tmp_path / name).write_text(content, encoding="ascii")
    found = footprint.free_memory(tmp_path)

    assert found == free if free is not None else found > 1 << 24


def test_batches_shrink_with_the_work_of_a_token() -> None:
    small = header(block_count=1, attention__head_count=1, embedding_length=64)
    mixture = header("mistral4", expert_used_count=4, attention__head_count=32, attention__key_length=320)
    matrix = Tensor("blk.0.attn_q.weight", (64, 64), 0, 0)
    experts = Tensor("blk.0.ffn_up_exps.weight", (4096, 2048, 128), 8, 0)
    words = Tensor("output.weight", (4096, 131_072), 8, 0)

    assert pace(small, [matrix], 1, offloaded=False).batch(0, MUCH) == ON_CORES
    assert pace(small, [matrix, words], 1, offloaded=False).batch(0, MUCH) == ON_CORES, "only the last token"
    assert pace(mixture, [experts], 1, offloaded=False).batch(0, MUCH) == TILE
    assert TILE < pace(mixture, [experts], 4, offloaded=False).batch(0, MUCH) < ON_CORES
    assert pace(mixture, [experts], 1, offloaded=True).batch(100_000, MUCH) == LARGEST


def test_a_rest_that_fits_is_not_cut() -> None:
    step = pace(header(block_count=1, attention__head_count=1, embedding_length=64), [], 1, offloaded=False)

    assert step.batch(0, 10) == 10
    assert step.batch(0, ON_CORES + 1) == ON_CORES + 1
    assert step.batch(0, LARGEST) == LARGEST
    assert step.batch(0, LARGEST + 1) == ON_CORES
    assert Pace(1.0, 0.0, 300.0).batch(0, 320) == ON_CORES, "what may be done between two looks at the flag counts"
    assert Pace(1.0, 0.0, 300.0).batch(0, 300) == 300
    assert Pace(1.0, 0.0, 30.0).batch(0, 65) == TILE


@given(st.integers(0, 1_000_000), st.integers(0, 1_000_000), st.integers(1, 64))
def test_batches_never_grow_on_the_way(one: int, other: int, threads: int) -> None:
    step = pace(header(attention__head_count=32, embedding_length=4096), [], threads, offloaded=False)
    near, far = sorted((one, other))

    assert TILE <= step.batch(far, MUCH) <= step.batch(near, MUCH) <= ON_CORES
    assert (step.batch(near, MUCH) % TILE, step.batch(far, MUCH) % TILE) == (0, 0), "the rest of a tile is slow"
