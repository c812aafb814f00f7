"""States on their way out of the worker and into it: what is worth it, and what a state that came in is good for."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from mistral_desk.inference.engine.checkpoints import State
from mistral_desk.inference.engine.shelf import Kept
from mistral_desk.inference.engine.state_ids import named, own
from mistral_desk.inference.state_messages import Extent, NeedState, StateHead, agreeing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mistral_desk.inference.engine.context import Context
    from mistral_desk.inference.state_messages import KeepStates
    from mistral_desk.inference.state_pipe import StatePipe

LEAST: Final = 256
"""Tokens from which on a sequence is worth a file."""
ASK_FROM: Final = 128
"""Tokens that have to be read before the app is asked for a state, and no less than an eighth of the prompt."""
_MOST_CHECKPOINTS: Final = 16


class StateMoves:
    """The inference thread's side. What was given or came in once is not given again."""

    def __init__(self, pipe: StatePipe) -> None:
        self._pipe = pipe
        self._known: set[bytes] = set()

    def look_for(self, context: Context, tokens: Sequence[int], request: int, given_up: Callable[[], bool]) -> None:
        """Where much of a prompt would have to be read, put what the app has saved of it on the context's shelf."""
        have = context.foreseen(tokens)
        if len(tokens) - have < max(ASK_FROM, len(tokens) // 8):
            return
        ids = named(tokens, context.eyes)
        need = NeedState(request, ids, have, context.share_bytes, context.kind == "attention")
        found = self._pipe.ask(need, given_up)
        if found is None:
            return
        head = found.head
        shared = context.whole(tokens, min(agreeing(head.ids, ids), len(tokens) - 1))
        sequence = own(head.ids, tokens, shared, context.vocabulary_size)
        states = tuple(State(extent.tokens, data) for extent, data in zip(head.extents, found.buffers, strict=True))
        context.shelve(Kept(sequence, states[0].data, states[1:], head.owner))
        self._known.add(_sum(head.owner, head.ids))

    def keep(self, context: Context, order: KeepStates, given_up: Callable[[], bool]) -> None:
        """Give what belongs to somebody, is worth it and was not given yet."""
        for kept in context.kept(LEAST, min(order.most, context.share_bytes)):
            ids = named(kept.tokens, context.eyes)
            digest = _sum(kept.owner, ids)
            if digest in self._known or context.vocabulary_size in kept.tokens:
                continue
            states = (State(len(kept.tokens), kept.data), *_checkpoints(kept))
            extents = tuple(Extent(state.length, len(state.data)) for state in states)
            head = StateHead(order.request, kept.owner, ids, extents)
            if not self._pipe.give(head, [state.data for state in states], given_up):
                break
            self._known.add(digest)


def _checkpoints(kept: Kept) -> Iterator[State]:
    """The newest ones, as long as they take no more than the sequence itself: each can be as large as that."""
    room = len(kept.data)
    chosen: list[State] = []
    for state in reversed(kept.checkpoints[-_MOST_CHECKPOINTS:]):
        room -= len(state.data)
        if room < 0 and chosen:
            break
        chosen.append(state)
    return reversed(chosen)


def _sum(owner: str, ids: bytes) -> bytes:
    return hashlib.blake2b(owner.encode("utf-8", "replace") + b"\0" + ids, digest_size=16).digest()
