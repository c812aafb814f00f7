"""An answer bound to a grammar: of the tokens that the model would choose, only those that the grammar allows.

A thought before the answer is free. Where a token that was chosen freely is allowed, which is nearly always so, the
grammar is asked about this one alone; only else about the whole vocabulary.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mistral_desk.core.errors import DeskError
from mistral_desk.inference.engine.native import lib

if TYPE_CHECKING:
    from collections.abc import Callable

    from mistral_desk.inference.engine.generate import Generator
    from mistral_desk.inference.thinking import Splitter

_TOKEN: Final = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])
"""llama_token_data"""


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
        self._all = np.zeros(len(self._usable), _TOKEN)
        self._one = np.zeros(1, _TOKEN)

    def close(self) -> None:
        """Free it."""
        if self._grammar:
            lib.llama_sampler_free(self._grammar)
            self._grammar = None

    def sampling(self, splitter: Splitter) -> Callable[[Any, Any, int], int]:
        """As `llama_sampler_sample`, but bound wherever the splitter is in the answer."""

        def sample(chain: Any, context: Any, row: int) -> int:
            if splitter.thinking or splitter.between:
                return int(lib.llama_sampler_sample(chain, context, row))
            token = self._choose(chain, context)
            lib.llama_sampler_accept(chain, token)
            if not self._ends[token]:
                lib.llama_sampler_accept(self._grammar, token)
            return token

        return sample

    def _choose(self, chain: Any, context: Any) -> int:
        pointer = lib.llama_get_logits_ith(context, -1)
        logits = np.ctypeslib.as_array(ctypes.cast(pointer, ctypes.POINTER(ctypes.c_float)), (self._size,))
        token = self._picked(chain, self._fill(logits))
        if self._is_allowed(token):
            return token
        allowed = self._fill(logits)
        lib.llama_sampler_apply(self._grammar, ctypes.byref(allowed))
        if not np.isfinite(self._all["logit"]).any():
            raise DeskError("schema.not_taken", name=self._name, reason="its vocabulary has nothing that could follow")
        return self._picked(chain, allowed)

    def _fill(self, logits: Any) -> Any:
        """All tokens that an answer may have, as llama.cpp's samplers take them."""
        self._all["id"] = self._usable
        self._all["logit"] = logits[self._usable]
        self._all["p"] = 0
        return _array(self._all)

    @staticmethod
    def _picked(chain: Any, tokens: Any) -> int:
        lib.llama_sampler_apply(chain, ctypes.byref(tokens))
        return int(tokens.data[tokens.selected].id)

    def _is_allowed(self, token: int) -> bool:
        self._one["id"], self._one["logit"] = token, 0
        single = _array(self._one)
        lib.llama_sampler_apply(self._grammar, ctypes.byref(single))
        return bool(np.isfinite(self._one["logit"][0]))


def _array(tokens: Any) -> Any:
    pointer = tokens.ctypes.data_as(lib.llama_token_data_p)
    return lib.llama_token_data_array(pointer, len(tokens), -1, False)
