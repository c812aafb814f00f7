"""Saved states of the memory kinds that cannot be cut back: recurrent, hybrid, and sliding windows that moved on.

Editing a message, answering again or a template that drops old thoughts goes back to an earlier point of the
conversation. Without a saved state there, such a model would read everything again.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mistral_desk.inference.engine.native import lib

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mistral_desk.inference.protocol import MemoryKind

MOST: Final = 32
"""States kept at most; the oldest goes first."""
EVERY: Final = 2048
"""Tokens of a long prompt between two states."""
_PARTIAL: Final = 1
"""LLAMA_STATE_SEQ_FLAGS_PARTIAL_ONLY: only what cannot be cut back, not the attention's cache."""


@dataclass(frozen=True)
class State:
    """What cannot be cut back, as it was after the first `length` tokens."""

    length: int
    data: Any  # a ctypes byte array


class Checkpoints:
    """States of sequence 0 after its first n tokens, for prefixes of what the memory holds now."""

    def __init__(self, context: int, kind: MemoryKind, most_bytes: int) -> None:
        self._context, self._most_bytes = context, most_bytes
        self.needed = kind != "attention"
        self._spoils = kind in ("recurrent", "hybrid")
        self._states: list[State] = []

    def stops(self, begin: int, anchor: int) -> list[int]:
        """Where to save a state while a prompt is read from `begin`: at `anchor`, the end of the person's words, and,
        where an interrupted batch spoils the state, at every few thousand tokens on the way.
        """
        if not self.needed or anchor <= begin:
            return []
        return [*(range(begin + EVERY, anchor, EVERY) if self._spoils else ()), anchor]

    def save(self, length: int) -> None:
        """Keep the state of now, after `length` tokens. Silently does nothing where it does not pay or fit."""
        if not self.needed or not length or any(state.length == length for state in self._states):
            return
        size = int(lib.llama_state_seq_get_size_ext(self._context, 0, _PARTIAL))
        if not 0 < size <= self._most_bytes // 2:
            return
        data = (ctypes.c_uint8 * size)()
        written = int(lib.llama_state_seq_get_data_ext(self._context, data, size, 0, _PARTIAL))
        if written == size:
            self._states.append(State(length, data))
            self._states.sort(key=lambda state: state.length)
        while len(self._states) > MOST or sum(len(state.data) for state in self._states) > self._most_bytes:
            self._states.pop(0)

    def restore(self, limit: int) -> int:
        """Put the latest state with at most `limit` tokens back; returns its length, 0 where there is none."""
        for state in reversed(self._states):
            if state.length <= limit:
                size = len(state.data)
                done = lib.llama_state_seq_set_data_ext(self._context, state.data, size, 0, _PARTIAL)
                return state.length if done == size else 0
        return 0

    @property
    def states(self) -> tuple[State, ...]:
        """All of them, to go with a sequence that is put aside."""
        return tuple(self._states)

    def adopt(self, states: Sequence[State]) -> None:
        """Take the states that came with a sequence."""
        self._states = list(states)

    def forget_after(self, length: int) -> None:
        """The memory was cut to `length` tokens: what was saved behind that no longer describes it."""
        self._states = [state for state in self._states if state.length <= length]

    def clear(self) -> None:
        """The memory was emptied."""
        self._states.clear()
