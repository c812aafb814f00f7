"""The context: decoding tokens, and knowing exactly which tokens its memory holds, for every kind of memory.

A follow-up costs only its new tokens when the memory really still has what came before. llama.cpp does not always
say when it has not, so each removal is checked and each kind of memory gets its own care.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mistral_desk.core.errors import DeskError
from mistral_desk.inference.engine.candidates import Numbers
from mistral_desk.inference.engine.checkpoints import Checkpoints
from mistral_desk.inference.engine.context_plan import parameters
from mistral_desk.inference.engine.native import AbortFlag, lib
from mistral_desk.inference.engine.pace import LARGEST
from mistral_desk.inference.engine.prefix import common_prefix
from mistral_desk.inference.engine.shelf import WORTH_IT, Shelf
from mistral_desk.inference.engine.threads import Threads
from mistral_desk.inference.engine.vision import StoppedError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from mistral_desk.inference.engine.context_plan import Plan
    from mistral_desk.inference.engine.shelf import Kept
    from mistral_desk.inference.engine.vision import Chunk, Eyes
    from mistral_desk.inference.protocol import PutImage

    Fetch = Callable[[str], PutImage]
    """Gives a picture's pixels by its SHA-256; may wait for them."""
    Progress = Callable[[int, bool], None]
    """Told how many tokens are read so far, and whether a picture is looked at."""

CUTS: Final = ("attention", "sliding")
"""Kinds of memory that tokens can be removed from; a sliding window only as far as it still has what is needed."""
_ABORTED: Final = 2
_LOST: Final = 256
"""Tokens that are not cut off for good: what takes longer to read again than to put aside."""


class AbortedError(Exception):
    """The abort flag stopped a decode; the memory holds what `Context.held` says."""


class _Told:
    """Progress from inside llama.cpp, through which no exception passes: what was raised means "stop" there."""

    def __init__(self, progress: Progress | None, before: int) -> None:
        self._progress, self._before = progress, before

    def __call__(self, done: int, *, looking: bool) -> bool:
        """Tell of tokens behind those `before`; false to stop."""
        try:
            if self._progress:
                self._progress(self._before + done, looking)
        except AbortedError:
            return False
        return True


class Context:
    """A `llama_context` with one sequence; `held` are the tokens whose state is in its memory, in order.

    The ids of pictures among them are the eyes'. Where pictures take fewer positions than tokens, a token's position
    is less than its index.
    """

    def __init__(self, model: int, plan: Plan, eyes: Eyes | None = None) -> None:
        self.kind = plan.kind
        self.kv = plan.kv
        self.eyes = eyes
        self.abort = AbortFlag()
        self.held: list[int] = []
        self._owner = ""
        self.window, self._pace = plan.window, plan.pace
        self.pointer: Any = lib.llama_init_from_model(model, parameters(plan, self.abort))
        if not self.pointer:
            raise DeskError("engine.failed", reason="no context")
        self._memory = lib.llama_get_memory(self.pointer)
        self.threads = Threads(self.pointer, plan.threads, max(plan.threads, plan.most_threads))
        self.size = int(lib.llama_n_ctx(self.pointer))
        self._at_once = int(lib.llama_n_batch(self.pointer))  # it may be clamped to the context
        self.batch_size = min(max(LARGEST, plan.batch), self._at_once)
        self.vocabulary_size = int(lib.llama_vocab_n_tokens(lib.llama_model_get_vocab(model)))
        self.logits = Numbers(self.pointer, self.vocabulary_size)
        self._batch = lib.llama_batch_init(self.batch_size, 0, 1)
        for row in range(self.batch_size):
            self._batch.n_seq_id[row] = 1
            self._batch.seq_id[row][0] = 0
        # An equal share for each: what is put aside, what is on its way in or out, and checkpoints where there are any.
        self.checkpoints = Checkpoints(self.pointer, plan.kind, plan.spare_bytes // 3)
        self.share_bytes = plan.spare_bytes // (3 if self.checkpoints.needed else 2)
        self._shelf = Shelf(self.pointer, self.share_bytes)
        self._lingering: set[str] = set()
        """Whose words were read into the memory since it was last wiped: what is cut off stays in its cells."""
        self._spare: list[tuple[int, int]] = []
        self._ready = False
        """Whether there are numbers for the successor of what is held."""

    def close(self) -> None:
        """Free the context and its memory."""
        self.checkpoints.clear()
        self._shelf.clear()
        lib.llama_batch_free(self._batch)
        lib.llama_free(self.pointer)

    def reuse(self, tokens: Sequence[int]) -> int:
        """Make the memory hold a prefix of `tokens`, as long as it can, and return its length.

        One token is left to decode at least, for the numbers of the next one; unless it was read last, and they are
        still there.
        """
        size = len(tokens)
        if self._ready and len(self.held) == size == common_prefix(self.held, tokens, size):
            return size
        self._ready = False
        limit = size - 1
        common = self.whole(tokens, common_prefix(self.held, tokens, limit))
        if max(len(self.held), size) - common >= WORTH_IT:
            common = self.whole(tokens, self._exchanged(tokens, common, limit))
        if common == len(self.held) and self._complete(common):
            return common
        if common and self.kind in CUTS and self._cut(common) and self._complete(common):
            return common
        return self._back_to(common)

    def _exchanged(self, tokens: Sequence[int], common: int, limit: int) -> int:
        """Much of what is held does not fit: keep it aside where most would be lost, and see what fits better.

        Returns the common prefix with what is held then.
        """
        better = self._shelf.best(tokens, limit, cuts=self.kind == "attention")
        if _much_is_lost(self.held, common):
            self._shelf.put(self.held, self.checkpoints.states, self.owner)
        if better is None or better[0] - common < WORTH_IT:
            return common
        self.clear()
        saved, kept = better
        stays = _much_is_lost(kept.tokens, saved)
        return common_prefix(self.held, tokens, limit) if self._bring_back(kept, stays=stays) else 0

    def foreseen(self, tokens: Sequence[int]) -> int:
        """How many tokens of a prompt `reuse` would find here, about; nothing is changed."""
        limit, cuts = len(tokens) - 1, self.kind == "attention"
        common = common_prefix(self.held, tokens, limit)
        if not cuts and common < len(self.held):
            lengths = (state.length for state in self.checkpoints.states)
            common = max((length for length in lengths if length <= common), default=0)
        better = self._shelf.best(tokens, limit, cuts=cuts)
        return max(common, better[0] if better else 0)

    def shelve(self, kept: Kept) -> None:
        """Have a sequence that came from elsewhere among those that `reuse` chooses from."""
        self._shelf.add(kept)

    def kept(self, least: int, most_bytes: int) -> Iterator[Kept]:
        """What belongs to somebody, of at least so many tokens and at most so many bytes: what is held now first."""
        if self.owner and len(self.held) >= least:
            now = self._shelf.copy(self.held, self.checkpoints.states, self.owner, most_bytes)
            if now:
                yield now
        yield from self._shelf.owned(least, most_bytes)

    @property
    def owner(self) -> str:
        """Whose it is what is held, and what is read from now on; empty where it is nobody's, and must not leave this
        process.
        """
        return self._owner

    @owner.setter
    def owner(self, owner: str) -> None:
        self._owner = owner
        self._lingering.add(owner)

    def forget(self, owners: Collection[str]) -> None:
        """Drop what belongs to these owners, and leave nothing of it in the memory: not in cells that are free, not
        among the pictures. What is held of others stays, unless it is too large to be put aside meanwhile.
        """
        self._shelf.forget(owners)
        if not self._lingering.isdisjoint(owners):
            kept = None
            if self.held and self.owner not in owners:
                kept = self._shelf.copy(self.held, self.checkpoints.states, self.owner, self.share_bytes)
            self.clear(wipe=True)
            self._lingering.clear()
            if kept:
                self._bring_back(kept)
        if self.eyes:
            self.eyes.forget_but(self.held, *self._shelf.tokens)

    def _bring_back(self, kept: Kept, *, stays: bool = False) -> bool:
        """Hold a sequence again that was put aside; the memory must be empty, and is where this fails."""
        if not self._shelf.take(kept, stays=stays):
            self.clear()
            return False
        self.owner = kept.owner
        self._hold(kept.tokens)
        self.checkpoints.adopt(kept.checkpoints)
        return True

    def clear(self, *, wipe: bool = False) -> None:
        """Forget everything that was read, and the checkpoints on the way: they need the attention's part too. To
        `wipe` writes over it, too.
        """
        lib.llama_memory_clear(self._memory, wipe)
        self._ready = False
        self.held.clear()
        self._spare.clear()
        self.checkpoints.clear()

    def _back_to(self, limit: int) -> int:
        """Go back to the latest saved state with at most `limit` tokens, else to nothing; returns the length."""
        kept = self.checkpoints.restore(limit)
        if kept and self._cut(kept) and self._complete(kept):
            return kept
        self.clear()
        return 0

    def _cut(self, length: int) -> bool:
        """Remove all after the first `length` tokens; false where the memory cannot."""
        if not lib.llama_memory_seq_rm(self._memory, 0, self._position(length), -1):
            return False
        del self.held[length:]
        while self._spare and self._spare[-1][0] > length:
            self._spare.pop()
        self.checkpoints.forget_after(length)
        return True

    def _complete(self, length: int) -> bool:
        """Whether the memory really has what decoding at position `length` looks back on.

        A sliding-window cache says yes to every removal, though cells of the window may be gone already.
        """
        if length == 0:
            return True
        last = int(lib.llama_memory_seq_pos_max(self._memory, 0))
        position = self._position(length)
        behind_a_picture = bool(self._spare) and self._spare[-1][0] == length  # all of it may stand at one position
        if last != position - 1 and not (behind_a_picture and last < position):
            return False
        if self.kind == "sliding":
            first = int(lib.llama_memory_seq_pos_min(self._memory, 0))
            return first <= max(0, position - self.window)
        return True

    def whole(self, tokens: Sequence[int], length: int) -> int:
        """The longest prefix of at most `length` tokens that does not end inside a picture."""
        return self.eyes.whole(tokens, length) if self.eyes else length

    def _position(self, length: int) -> int:
        """The position of the token behind the first `length` ones that are held."""
        return length - next((more for end, more in reversed(self._spare) if end <= length), 0)

    def _hold(self, tokens: Sequence[int]) -> None:
        """Note that these are in the memory now."""
        if self.eyes and self.eyes.counts_twice:
            before = self._spare[-1][1] if self._spare else 0
            begin = len(self.held)
            self._spare += [(begin + end, before + more) for end, more in self.eyes.spare(tokens)]
        self.held.extend(tokens)

    def read(
        self,
        tokens: Sequence[int],
        progress: Progress | None = None,
        *,
        last: bool = True,
        fetch: Fetch | None = None,
    ) -> None:
        """Decode `tokens` behind what is held, in batches; with `last`, the last one gets numbers for its successor.

        `fetch` gives the pixels of pictures among them. Raises `AbortedError` and `engine.failed`; the memory then
        holds what `held` says.
        """
        total = len(tokens)
        start = 0
        while start < total:
            if tokens[start] < 0 and self.eyes and fetch:
                chunk, _ = self.eyes.chunk(tokens[start])
                self._look(self.eyes, chunk, fetch, _Told(progress, start))
                start += chunk.tokens
                continue
            most = min(start + self.batch_size + 1, total)  # one more tells that it is not all
            words = next((at for at in range(start, most) if tokens[at] < 0), most) - start
            end = start + self._pace.batch(len(self.held), words)
            self._decode(tokens[start:end], last=last and end == total)
            start = end
            if progress:
                progress(start, False)

    def _look(self, eyes: Eyes, chunk: Chunk, fetch: Fetch, told: _Told) -> None:
        """Encode a picture, unless that was done before, and decode it. Half of its tokens stand for each."""
        half, at = chunk.tokens / 2, len(self.held)

        def go_on(done: float, *, looking: bool) -> bool:
            return told(int(done), looking=looking) and not self.abort.is_set

        try:
            rows = eyes.rows(chunk, lambda: fetch(chunk.sha256), lambda share: go_on(share * half, looking=True))
        except StoppedError as error:
            raise AbortedError from error
        batch = self._at_once if eyes.looks_both_ways(chunk) else self._pace.batch(at, chunk.tokens)
        result = eyes.decode(
            self.pointer,
            chunk,
            rows,
            (self._position(at), batch),
            lambda read: 0 if go_on(half + read / 2, looking=False) else _ABORTED,
        )
        if result:
            self._failed(result, chunk.tokens)
        self._hold(chunk.ids)

    def stepper(self) -> Callable[[int], None]:
        """A function that decodes one token behind what is held: the generation loop's, with nothing looked up."""
        self._ready = True  # each step makes them anew, or fails
        batch, held, context = self._batch, self.held, self.pointer
        spare = len(held) - self._position(len(held))
        ids, positions = batch.token, batch.pos
        decode = lib.llama_decode
        batch.n_tokens = 1
        batch.logits[0] = 1

        def step(token: int) -> None:
            ids[0] = token
            positions[0] = len(held) - spare
            result = decode(context, batch)
            if result:
                self._failed(result, 1)
            held.append(token)

        return self.threads.stepping(step)

    def _decode(self, part: Sequence[int], *, last: bool) -> None:
        batch, begin = self._batch, self._position(len(self.held))
        for row, token in enumerate(part):
            batch.token[row] = token
            batch.pos[row] = begin + row
            batch.logits[row] = 0
        batch.logits[len(part) - 1] = last
        batch.n_tokens = len(part)
        result = self.threads.batch(len(part), lambda: int(lib.llama_decode(self.pointer, batch)))
        self._ready = False
        if result:
            self._failed(result, len(part))
        self.held.extend(part)
        self._ready = last

    def _failed(self, result: int, count: int) -> None:
        """Bring the memory back to what `held` says, then raise what happened."""
        self._ready = False
        length = len(self.held)
        if self.kind in CUTS:
            if not lib.llama_memory_seq_rm(self._memory, 0, self._position(length), -1):
                self.clear()
        else:  # the state was overwritten while the batch ran
            self._back_to(length)
        if result == _ABORTED:
            raise AbortedError
        reason = "no room in its memory" if result == 1 else f"llama_decode gave {result}"
        raise DeskError("engine.failed", f"{count} tokens at {length} of {self.size}", reason=reason)

    def finite(self) -> bool:
        """Whether the numbers for the next token are numbers: one not-a-number or infinity spoils the sum."""
        logits = self.logits()
        return bool(len(logits) and np.isfinite(np.dot(logits, logits)))


def _much_is_lost(tokens: Sequence[int], used: int) -> bool:
    """Whether what stands behind the first `used` of these tokens is too much to be cut off for good."""
    return len(tokens) - used >= min(_LOST, len(tokens) // 2 + 1)
