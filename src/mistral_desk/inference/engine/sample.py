"""How the next token is chosen: the sampler chain, and where its numbers come from.

Top-k comes first, so that everything behind it touches a few candidates instead of the whole vocabulary; the chain
is given just these (`candidates`), and still does its part, so that a seed gives the tokens that it always gave.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from mistral_desk.core.sampling_bounds import BOUNDS
from mistral_desk.inference.engine.candidates import Candidates
from mistral_desk.inference.engine.native import lib
from mistral_desk.inference.protocol import Effort, Sampling

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    import numpy.typing as npt

    from mistral_desk.inference.engine.context import Context

OURS: Final = Sampling(temperature=0.7, top_k=40, top_p=0.95, min_p=0.05, repeat_penalty=1.0)
_DRAW: Final = 0xFFFFFFFF
"""This seed means "draw one" to llama.cpp, so it is the first that no request can have."""
_COLDEST: Final = 1e-6
"""Below it a number divided by the temperature may be infinite, and all infinite ones are equal: it counts as 0."""
REPEAT_WINDOW: Final = 64
"""Tokens that the repetition penalty looks back on."""

_KNOWN: Final[dict[str, dict[Effort, Sampling]]] = {
    # Mistral Small 4's card: 0.7 with reasoning, 0.0 to 0.7 without; its examples without use 0.1
    "mistral4": {"high": Sampling(temperature=0.7), "none": Sampling(temperature=0.1)},
}

_KEYS: Final = {
    "temperature": "general.sampling.temp",
    "top_k": "general.sampling.top_k",
    "top_p": "general.sampling.top_p",
    "min_p": "general.sampling.min_p",
    "repeat_penalty": "general.sampling.penalty_repeat",
}
"""Where a GGUF keeps its author's advice."""
_MOST_TOP_K: Final = 2**31 - 1


def defaults(architecture: str, metadata: Mapping[str, object], effort: Effort) -> Sampling:
    """What holds where a request says nothing: the file's own numbers, what is known of the model, then ours."""
    known = _KNOWN.get(architecture, {}).get(effort, Sampling())
    return filled(filled(_from_file(metadata), known), OURS)


def filled(first: Sampling, then: Sampling) -> Sampling:
    """`first`, and `then` where `first` says nothing."""
    return Sampling(
        temperature=then.temperature if first.temperature is None else first.temperature,
        top_k=then.top_k if first.top_k is None else first.top_k,
        top_p=then.top_p if first.top_p is None else first.top_p,
        min_p=then.min_p if first.min_p is None else first.min_p,
        repeat_penalty=then.repeat_penalty if first.repeat_penalty is None else first.repeat_penalty,
        seed=then.seed if first.seed is None else first.seed,
    )


def _from_file(metadata: Mapping[str, object]) -> Sampling:
    found: dict[str, float] = {}
    for name, key in _KEYS.items():
        value = metadata.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool):
            found[name] = float(value)
    return Sampling(
        temperature=_within(found.get("temperature"), *BOUNDS["temperature"]),
        top_k=None if (most := _within(found.get("top_k"), -1, _MOST_TOP_K)) is None else int(most),
        top_p=_within(found.get("top_p"), *BOUNDS["top_p"]),
        min_p=_within(found.get("min_p"), *BOUNDS["min_p"]),
        repeat_penalty=_within(found.get("repeat_penalty"), *BOUNDS["repeat_penalty"]),
    )


def _within(value: float | None, low: float, high: float) -> float | None:
    return value if value is not None and low <= value <= high else None


class Sampler:
    """A sampler chain of llama.cpp for one answer; `close` it.

    `seed` is the one in use: the request's, or a drawn one. Temperature 0 takes the most likely token.
    """

    def __init__(self, sampling: Sampling, vocabulary_size: int) -> None:
        s = filled(sampling, OURS)
        self.seed = secrets.randbits(31) if s.seed is None else s.seed % _DRAW
        parameters = lib.llama_sampler_chain_default_params()
        parameters.no_perf = True
        self.pointer = lib.llama_sampler_chain_init(parameters)
        temperature = s.temperature if s.temperature and s.temperature >= _COLDEST else 0.0
        top_k, top_p, min_p = s.top_k or 0, s.top_p, s.min_p
        penalty = s.repeat_penalty if s.repeat_penalty and s.repeat_penalty > 0 else 1.0
        self._greedy = temperature <= 0 and penalty == 1.0
        self._candidates = Candidates(vocabulary_size, 0 if self._greedy else top_k)
        if self._greedy:
            self._add(lib.llama_sampler_init_greedy())
            return
        if top_k > 0:
            self._add(lib.llama_sampler_init_top_k(top_k))
        if penalty != 1.0:
            self._add(lib.llama_sampler_init_penalties(vocabulary_size, REPEAT_WINDOW, penalty, 0.0, 0.0))
        if temperature <= 0:
            self._add(lib.llama_sampler_init_greedy())
            return
        if top_p is not None and top_p < 1:
            self._add(lib.llama_sampler_init_top_p(top_p, 1))
        if min_p is not None and min_p > 0:
            self._add(lib.llama_sampler_init_min_p(min_p, 1))
        self._add(lib.llama_sampler_init_temp(temperature))
        self._add(lib.llama_sampler_init_dist(self.seed))

    def _add(self, sampler: int) -> None:
        lib.llama_sampler_chain_add(self.pointer, sampler)

    def sampling(self, context: Context) -> Callable[[], int]:
        """A function that chooses the token after the last one that was decoded: as `llama_sampler_sample`, sooner."""
        chain, pointer, choose, numbers = self.pointer, context.pointer, self.choose, context.logits
        accept = lib.llama_sampler_accept

        def sample() -> int:
            token = choose(numbers())
            if token is None:
                return int(lib.llama_sampler_sample(chain, pointer, -1))
            accept(chain, token)
            return token

        return sample

    def choose(self, logits: npt.NDArray[np.float32]) -> int | None:
        """The token that the chain chooses by these numbers; it is not told so yet (`accept`). None where it has to
        look at all of them itself.
        """
        if self._greedy:
            best = int(logits.argmax())
            return best if logits[best] == logits[best] else None  # it is not, where it is no number
        found = self._candidates.find(logits)
        if found is None:
            return None
        lib.llama_sampler_apply(self.pointer, found)
        return self._candidates.selected

    def accept(self, token: int) -> None:
        """Tell the chain of a token that it did not choose itself."""
        lib.llama_sampler_accept(self.pointer, token)

    def close(self) -> None:
        """Free the chain."""
        if self.pointer:
            lib.llama_sampler_free(self.pointer)
            self.pointer = None
