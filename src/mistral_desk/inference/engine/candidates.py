"""The few tokens among which the next one is chosen: found in a tenth of the time that a look at each one takes.

llama.cpp copies a whole vocabulary into triples before it takes the best of them; with 131,072 tokens that is a visible
part of a fast model's time. Numpy finds the same tokens in the bare numbers.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mistral_desk.inference.engine.native import lib

if TYPE_CHECKING:
    import numpy.typing as npt

TOKEN: Final = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])
"""llama_token_data"""
_GROUPS: Final = 2048
_MOST: Final = 256
"""Tokens to find at most: of more of them too many would share a group."""
_ROOM: Final = 2 * _MOST
_NONE: Final = np.zeros(0, np.float32)
_address: Final = lib._lib["llama_get_logits_ith"]  # noqa: SLF001 the binding's own makes an object of each address
_address.argtypes, _address.restype = [ctypes.c_void_p, ctypes.c_int32], ctypes.c_void_p


class Numbers:
    """The numbers (logits) for the next token of a `llama_context`, one for each of the `size` tokens."""

    def __init__(self, context: int, size: int) -> None:
        self._context, self._size = context, size
        self._at: int | None = None
        self._row = _NONE

    def __call__(self) -> npt.NDArray[np.float32]:
        """They themselves, where llama.cpp keeps them, until something is decoded; nothing where there are none."""
        at = _address(self._context, -1)
        if at != self._at:
            row = ctypes.cast(at, ctypes.POINTER(ctypes.c_float)) if at else None
            self._row = np.ctypeslib.as_array(row, (self._size,)) if row else _NONE
            self._at = at
        return self._row


def token_array(tokens: npt.NDArray[Any]) -> Any:
    """Rows of `TOKEN` as llama.cpp's samplers take them: a llama_token_data_array, valid as long as the rows are."""
    return lib.llama_token_data_array(tokens.ctypes.data_as(lib.llama_token_data_p), len(tokens), -1, False)


class Candidates:
    """Finds the `count` most likely of `size` tokens."""

    def __init__(self, size: int, count: int) -> None:
        self._rows, self._count = size // _GROUPS, count
        self._able = self._rows >= 2 and 0 < count <= _MOST
        self._best = np.zeros(_GROUPS, np.float32)
        self._room = np.zeros(_ROOM, TOKEN)
        self._ids, self._logits = self._room["id"], self._room["logit"]
        self._array = token_array(self._room)
        self._given = ctypes.byref(self._array)

    def find(self, logits: npt.NDArray[np.float32]) -> Any | None:
        """The array of the most likely tokens, in the order of their ids, for `llama_sampler_apply`; the next call
        overwrites it. Those that are equal to the last one are among them. None where this way does not pay or the
        numbers are none: then all tokens have to be looked at.

        No token that is less likely than the best ones of `count` groups of tokens can be among the best `count`.
        """
        if not self._able:
            return None
        split = self._rows * _GROUPS
        table = logits[:split].reshape(self._rows, _GROUPS)
        best = np.maximum.reduce(table, axis=0, out=self._best)
        ordered = best.copy()
        ordered.partition(_GROUPS - self._count)
        least = ordered[_GROUPS - self._count]
        groups = (best >= least).nonzero()[0]
        rows, places = (table.take(groups, axis=1) >= least).nonzero()
        ids = rows * _GROUPS + groups[places]
        if split < len(logits):
            ids = np.concatenate((ids, split + (logits[split:] >= least).nonzero()[0]))
        found = len(ids)
        if not self._count <= found <= _ROOM:
            return None
        self._ids[:found] = ids
        self._logits[:found] = logits[ids]
        array = self._array
        array.size, array.selected, array.sorted = found, -1, False
        return self._given

    @property
    def selected(self) -> int:
        """The token that the samplers took from what `find` gave them."""
        return int(self._array.data[self._array.selected].id)
