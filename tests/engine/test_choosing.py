"""How the next token is chosen: the short way gives just the tokens that llama.cpp's own way gives."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mistral_desk.inference.engine.candidates import TOKEN, Candidates, token_array
from mistral_desk.inference.engine.native import lib
from mistral_desk.inference.engine.sample import Sampler
from mistral_desk.inference.protocol import Sampling

if TYPE_CHECKING:
    import numpy.typing as npt

SIZES = (300, 4096, 32_768, 33_333, 131_072)


def numbers(size: int, seed: int, spread: float = 3.0) -> npt.NDArray[np.float32]:
    return (np.random.default_rng(seed).standard_normal(size) * spread).astype(np.float32)


def by_llama(sampler: Sampler, logits: npt.NDArray[np.float32]) -> int:
    """As `llama_sampler_sample` chooses: from an array of all tokens."""
    rows = np.zeros(len(logits), TOKEN)
    rows["id"], rows["logit"] = np.arange(len(logits)), logits
    given_ = token_array(rows)
    lib.llama_sampler_apply(sampler.pointer, ctypes.byref(given_))
    return int(given_.data[given_.selected].id)


@settings(max_examples=60, deadline=None)
@given(
    size=st.sampled_from(SIZES),
    seed=st.integers(0, 2**31 - 1),
    sampling=st.builds(
        Sampling,
        temperature=st.sampled_from([0.0, 0.1, 0.7, 1.0, 2.0]),
        top_k=st.sampled_from([0, 1, 2, 20, 40, 100, 256, 257]),
        top_p=st.sampled_from([0.0, 0.01, 0.5, 0.95, 1.0]),
        min_p=st.sampled_from([0.0, 0.05, 1.0]),
        repeat_penalty=st.sampled_from([1.0, 1.1, 1.5]),
        seed=st.integers(0, 2**31 - 1),
    ),
)
def test_a_seed_gives_the_tokens_that_llama_would_choose(size: int, seed: int, sampling: Sampling) -> None:
    short, whole = Sampler(sampling, size), Sampler(sampling, size)
    try:
        base = numbers(size, seed)
        for step in range(12):
            logits = base + numbers(size, seed + step + 1, 0.5)  # most of the best stay so: penalties have work
            expected = by_llama(whole, logits)
            found = short.choose(logits)
            assert found == expected or (found is None and by_llama(short, logits) == expected)
            whole.accept(expected)
            short.accept(expected)
    finally:
        short.close()
        whole.close()


@settings(max_examples=100, deadline=None)
@given(
    size=st.sampled_from(SIZES[1:]), count=st.integers(1, 256), seed=st.integers(0, 2**31 - 1), steps=st.integers(1, 9)
)
def test_the_most_likely_are_all_among_the_candidates(size: int, count: int, seed: int, steps: int) -> None:
    """Also where many are equal: `steps` different numbers are all that there are to a logit's digits."""
    logits = np.round(numbers(size, seed) * steps) / np.float32(steps)
    candidates = Candidates(size, count)
    found = candidates.find(logits)
    if found is None:
        return  # too many are equal to the last one, so llama.cpp looks at all of them
    rows = found._obj  # what `ctypes.byref` refers to
    chosen = {rows.data[at].id: rows.data[at].logit for at in range(rows.size)}
    least = np.sort(logits)[-count]
    assert set(np.flatnonzero(logits > least)) <= set(chosen)
    assert set(np.flatnonzero(logits == least)) <= set(chosen)
    assert all(logits[token] == value for token, value in chosen.items())


@pytest.mark.parametrize("bad", [np.nan, -np.inf])
def test_numbers_that_are_none_are_left_to_llama(bad: float) -> None:
    logits = np.full(131_072, bad, np.float32)
    assert Candidates(len(logits), 40).find(logits) is None
    greedy = Sampler(Sampling(0.0, repeat_penalty=1.0), len(logits))
    try:
        assert greedy.choose(logits) == (None if np.isnan(bad) else 0)
    finally:
        greedy.close()


def test_the_common_case_takes_the_short_way() -> None:
    """Else all of the above would hold without it."""
    for size in (32_768, 131_072):
        sampler = Sampler(Sampling(seed=1), size)
        try:
            assert all(sampler.choose(numbers(size, seed)) is not None for seed in range(20))
        finally:
            sampler.close()


@pytest.mark.parametrize("top_k", [0, 40, 10_000])
@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(temperature=5.0, top_p=0.0, min_p=0.0),
        Sampling(temperature=5.0, top_p=1.0, min_p=1.0),
        Sampling(temperature=1e-45, top_p=1.0, min_p=0.0),
        Sampling(temperature=1e-38, top_p=1.0, min_p=0.0),
        Sampling(temperature=1e-6, top_p=1.0, min_p=0.0),
    ],
)
def test_the_narrowest_numbers_leave_only_the_most_likely(sampling: Sampling, top_k: int) -> None:
    logits = numbers(33_333, 5)
    sampler = Sampler(msgspec.structs.replace(sampling, top_k=top_k, seed=1), len(logits))
    try:
        for _ in range(8):
            found = sampler.choose(logits)
            assert (by_llama(sampler, logits) if found is None else found) == logits.argmax()
    finally:
        sampler.close()
