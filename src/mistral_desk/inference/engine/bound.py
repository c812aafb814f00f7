"""An answer bound to a grammar: of the tokens that the model would choose, only those that the grammar allows.

A thought before the answer is free. Where a token that was chosen freely is allowed, which is nearly always so, the
grammar is asked about this one alone; only else about the whole vocabulary.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mistral_desk.core.errors import DeskError
from mistral_desk.inference.engine.candidates import TOKEN, token_array
from mistral_desk.inference.engine.native import lib

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from mistral_desk.inference.engine.context import Context
    from mistral_desk.inference.engine.generate import Generator
    from mistral_desk.inference.engine.sample import Sampler
    from mistral_desk.inference.thinking import Splitter

HEADER: Final = 16
"""Tokens that a channel's header may have; the longest in use has about ten."""


class Bound:
    """What binds one answer; `close` it."""

    def __init__(self, grammar: str, engine: Generator) -> None:
        """Raises `schema.not_taken` where llama.cpp does not take the grammar."""
        vocabulary, manner, self._name = engine.vocabulary, engine.form.manner, engine.info.name
        vocab = lib.llama_model_get_vocab(engine.model)
        rules = grammar.partition("\0")[0].encode("utf-8", "replace")  # an empty grammar would bind nothing
        self._grammar: Any = lib.llama_sampler_init_grammar(vocab, rules, b"root") if rules.strip() else None
        if not self._grammar:
            raise DeskError("schema.not_taken", name=self._name, reason="llama.cpp refuses the grammar")
        self._ends, self._size = vocabulary.ends, vocabulary.size
        kept = zip(range(self._size), vocabulary.ends, vocabulary.control, strict=True)
        usable = [token for token, ends, control in kept if ends or not (control or token in manner.tokens)]
        self._usable = np.array(usable, np.int32)
        self._all = np.zeros(len(self._usable), TOKEN)
        self._refused = np.full(self._size, -np.inf, np.float32)
        self._refused[self._usable] = 0
        self._row = np.zeros(self._size, np.float32)
        self._one = np.zeros(1, TOKEN)
        self._header = 0

    def close(self) -> None:
        """Free it."""
        if self._grammar:
            lib.llama_sampler_free(self._grammar)
            self._grammar = None

    def sampling(self, splitter: Splitter, sampler: Sampler, context: Context) -> Callable[[], int]:
        """As `Sampler.sampling`, but bound wherever the splitter is in the answer."""
        free = sampler.sampling(context)

        def sample() -> int:
            if splitter.between:
                self._header += 1
                return free()
            self._header = 0
            if splitter.thinking:
                return free()
            token = self._choose(sampler, context.logits())
            sampler.accept(token)
            if not self._ends[token]:
                lib.llama_sampler_accept(self._grammar, token)
            return token

        return sample

    @property
    def is_lost(self) -> bool:
        """Whether the model writes on and on in a channel's header, where nothing binds it, and is to be led out."""
        return self._header >= HEADER

    def _choose(self, sampler: Sampler, logits: npt.NDArray[np.float32]) -> int:
        np.add(logits, self._refused, out=self._row)
        token = sampler.choose(self._row)
        if token is None:
            token = self._picked(sampler, self._fill(logits))
        if self._is_allowed(token):
            return token
        allowed = self._fill(logits)
        lib.llama_sampler_apply(self._grammar, ctypes.byref(allowed))
        if not np.isfinite(self._all["logit"]).any():
            raise DeskError("schema.not_taken", name=self._name, reason="its vocabulary has nothing that could follow")
        return self._picked(sampler, allowed)

    def _fill(self, logits: npt.NDArray[np.float32]) -> Any:
        """All tokens that an answer may have, as llama.cpp's samplers take them."""
        self._all["id"] = self._usable
        self._all["logit"] = logits[self._usable]
        self._all["p"] = 0
        return token_array(self._all)

    @staticmethod
    def _picked(sampler: Sampler, tokens: Any) -> int:
        lib.llama_sampler_apply(sampler.pointer, ctypes.byref(tokens))
        return int(tokens.data[tokens.selected].id)

    def _is_allowed(self, token: int) -> bool:
        self._one["id"], self._one["logit"] = token, 0
        single = token_array(self._one)
        lib.llama_sampler_apply(self._grammar, ctypes.byref(single))
        return bool(np.isfinite(self._one["logit"][0]))
