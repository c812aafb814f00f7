"""Whole sequences put aside in memory: another chat, or the same chat with another reasoning effort.

The effort stands near the start of a prompt, so switching it changes everything behind. Instead of reading the
conversation again each time, the state is kept as llama.cpp writes it out (about 0.3 ms per 1,000 tokens).
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from mistral_desk.inference.engine.native import lib
from mistral_desk.inference.engine.prefix import common_prefix

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from mistral_desk.inference.engine.checkpoints import State

WORTH_IT: Final = 64
"""Tokens; what is shorter is read again as fast."""
_TOKEN_BYTES: Final = 40
"""What a token takes in the list of them, about."""
_WHOLE: Final = 0
"""LLAMA_STATE_SEQ_FLAGS_NONE: the sequence with everything that belongs to it."""


@dataclass(frozen=True)
class Kept:
    """A sequence that was put aside: its tokens, its state, and the checkpoints on the way to it."""

    tokens: tuple[int, ...]
    data: Any  # a ctypes byte array
    checkpoints: tuple[State, ...]
    owner: str = ""
    """Whose it is; empty: it must not leave this process."""

    def wipe(self) -> None:
        """Leave nothing of it in the memory that it took."""
        for data in (self.data, *(state.data for state in self.checkpoints)):
            ctypes.memset(data, 0, len(data))


class Shelf:
    """Sequences by their last use, up to `most_bytes` with their checkpoints; the oldest goes first."""

    def __init__(self, context: int, most_bytes: int) -> None:
        self._context, self._most_bytes = context, most_bytes
        self._kept: list[Kept] = []

    def put(self, tokens: Sequence[int], checkpoints: Sequence[State], owner: str = "") -> None:
        """Put the sequence aside that is in the context's memory now; silently not where it is too large."""
        if len(tokens) < WORTH_IT:
            return
        now = self.copy(tokens, checkpoints, owner, self._most_bytes)
        if now:
            self.add(now)

    @property
    def bytes(self) -> int:
        """What all of them take; a checkpoint that several have counts once."""
        return _bytes(self._kept)

    def add(self, now: Kept) -> None:
        """Keep a sequence, in the place of those that it begins with; the oldest go where there is no more room."""
        self._kept = [kept for kept in self._kept if kept.tokens != now.tokens[: len(kept.tokens)]]
        self._kept.append(now)
        while len(self._kept) > 1 and self.bytes > self._most_bytes:
            self._kept.pop(0)
        if self.bytes > self._most_bytes:  # its checkpoints are too much, not the sequence itself
            self._kept = [replace(self._kept[0], checkpoints=())]

    def copy(self, tokens: Sequence[int], checkpoints: Sequence[State], owner: str, most_bytes: int) -> Kept | None:
        """The sequence that is in the context's memory now, with its state; None where that is too large."""
        size = int(lib.llama_state_seq_get_size_ext(self._context, 0, _WHOLE))
        if not 0 < size <= min(most_bytes, self._most_bytes):
            return None
        data = (ctypes.c_uint8 * size)()
        if int(lib.llama_state_seq_get_data_ext(self._context, data, size, 0, _WHOLE)) != size:
            return None
        return Kept(tuple(tokens), data, tuple(checkpoints), owner)

    def owned(self, least: int, most_bytes: int) -> tuple[Kept, ...]:
        """Those that belong to somebody, of at least so many tokens and at most so many bytes; the newest first."""
        fitting = (kept for kept in self._kept if len(kept.tokens) >= least and len(kept.data) <= most_bytes)
        return tuple(kept for kept in fitting if kept.owner)[::-1]

    def forget(self, owners: Collection[str]) -> None:
        """Drop those of these owners, and leave nothing of them in the memory."""
        gone = [kept for kept in self._kept if kept.owner in owners]
        self._kept = [kept for kept in self._kept if kept.owner not in owners]
        shared = {id(state) for kept in self._kept for state in kept.checkpoints}
        for kept in gone:
            replace(kept, checkpoints=tuple(one for one in kept.checkpoints if id(one) not in shared)).wipe()

    def best(self, tokens: Sequence[int], limit: int, *, cuts: bool) -> tuple[int, Kept] | None:
        """The sequence that saves the most of `tokens`, and how many it saves, at most `limit`.

        Where the memory cannot be cut (`cuts` false), that is up to a checkpoint unless all of it is wanted.
        """
        found: tuple[int, Kept] | None = None
        for kept in self._kept:
            saved = common_prefix(kept.tokens, tokens, limit)
            if not cuts and saved < len(kept.tokens):
                saved = max((state.length for state in kept.checkpoints if state.length <= saved), default=0)
            if saved and (found is None or saved >= found[0]):
                found = saved, kept
        return found

    def take(self, kept: Kept, *, stays: bool = False) -> bool:
        """Put a sequence back into the context's memory, which must be empty. It is off the shelf then, unless it
        `stays` because most of it is going to be cut off.
        """
        self._kept = [other for other in self._kept if other is not kept]
        if stays:
            self._kept.append(kept)
        size = len(kept.data)
        return bool(lib.llama_state_seq_set_data_ext(self._context, kept.data, size, 0, _WHOLE) == size)

    @property
    def tokens(self) -> Iterable[Sequence[int]]:
        """The tokens of each."""
        return (kept.tokens for kept in self._kept)

    def clear(self) -> None:
        """Forget all."""
        self._kept.clear()


def _bytes(sequences: Iterable[Kept]) -> int:
    sizes: dict[int, int] = {}
    for kept in sequences:
        sizes[id(kept.data)] = len(kept.data) + _TOKEN_BYTES * len(kept.tokens)
        sizes |= {id(state.data): len(state.data) for state in kept.checkpoints}
    return sum(sizes.values())
