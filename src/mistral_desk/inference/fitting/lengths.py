"""How fast a model reads and writes behind little and behind much: a conversation that grows, measured on its way."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import msgspec

from mistral_desk.core.errors import DeskError
from mistral_desk.inference.protocol import Figures, Finished, Piece, Sampling, Turn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from mistral_desk.inference.client import Engine
    from mistral_desk.inference.protocol import ModelInfo

LENGTHS: Final = (512, 2048, 8192, 32_768)
"""Tokens that the conversation has when something is written."""
READ: Final = 512
"""Tokens that are read, up to the length."""
WRITE: Final = 48
_ENOUGH: Final = 32
"""Tokens whose speed means something; a model that ends earlier is asked again."""
_ROUNDS: Final = 4
_FRAME: Final = 96
"""Tokens that a template may put around a turn."""
_SLOWER: Final = 1.5
"""How much slower a token is read than the one before, where attention makes up all: never less time than is needed."""
SAMPLING: Final = Sampling(temperature=0.7, top_k=40, top_p=0.95, min_p=0.0, repeat_penalty=1.0, seed=1)
SENTENCES: Final = (
    "A boat lies at the quay and waits for the tide, while two people carry boxes up the narrow stairs. ",
    "In the morning the baker opens the door, and the smell of bread goes through the whole street. ",
    "The train is late again, so the passengers read, talk, or look at the rain on the windows. ",
    "Behind the house there is a garden with apple trees, a bench, and a well that has long been dry. ",
)


class AtLength(msgspec.Struct, frozen=True):
    """Tokens a second with `context` tokens in front of what was written, of which the last ones were read behind
    `before`; None where nothing could be measured. `written` are tokens.
    """

    context: int
    before: int
    prompt_per_s: float | None
    tokens_per_s: float | None
    written: int


@dataclass
class Clock:
    """Seconds that a measurement may take in all, and whether there is enough of them for the next length."""

    seconds: float
    sides: float
    """How many programs are to do the same one after the other; one that reads everything twice counts twice."""
    _began: float = field(default_factory=time.perf_counter)

    @property
    def left(self) -> float:
        """Seconds that are left, at least none."""
        return max(0.0, self.seconds - (time.perf_counter() - self._began))

    def allows(self, tokens: int, per_s: float | None) -> bool:
        """Whether every side can still read so many tokens at about this speed, here and in what comes behind us."""
        return bool(per_s) and tokens / (per_s or 1.0) * _SLOWER * self.sides <= self.left


def lengths_in(context: int) -> tuple[int, ...]:
    """Those of the lengths for which a context of so many tokens has room."""
    return tuple(length for length in LENGTHS if length + WRITE + _FRAME <= context)


async def at_lengths(
    engine: Engine,
    info: ModelInfo,
    clock: Clock,
    tell: Callable[[float], None],
    keep: Callable[[AtLength], None] = lambda _one: None,
) -> list[AtLength] | None:
    """Measure the model that is loaded, as far as its context and the time allow; what the time ends is left out.

    `tell` hears how much is done, 0 to 1; `keep` hears each length when it is measured. None where it was stopped
    (`engine.stop`). Raises as `Engine.generate`.
    """
    found = list[AtLength]()
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(clock.left):
                async for one in _longer_and_longer(engine, info, clock, tell):
                    found.append(one)
                    keep(one)
    except _StoppedError:
        return None
    return found


async def _longer_and_longer(
    engine: Engine, info: ModelInfo, clock: Clock, tell: Callable[[float], None]
) -> AsyncIterator[AtLength]:
    """One length after the other."""
    lengths = lengths_in(info.context)
    talk, rate = _Talk(engine, info), None
    per_sentence = max(1.0, (await _size(engine, 8) - await _size(engine, 0)) / 8)
    for number, length in enumerate(lengths):
        tell(number / len(lengths))
        if number and not clock.allows(length, rate):
            return
        fill = int((length - READ - talk.tokens - _FRAME) / per_sentence)
        if fill > 0:
            await talk.goes_on(fill)
        one = await _measured(talk, int((length - talk.tokens - _FRAME / 2) / per_sentence))
        yield one
        rate = one.prompt_per_s


async def _measured(talk: _Talk, sentences: int) -> AtLength:
    """Read and write at this place, as often as it takes to have enough."""
    written, writing_s, reading_s = 0, 0.0, 0.0
    rounds = list[Figures]()
    for number in range(_ROUNDS):
        end = await talk.answer(f"{number + 1}. {text(max(1, sentences))}\nTell this as a long story.", WRITE)
        took = end.figures
        rounds.append(took)
        if took.tokens_per_s and took.generated_tokens > 1:
            written += took.generated_tokens - 1
            writing_s += (took.generated_tokens - 1) / took.tokens_per_s
        reading_s += took.prompt_s
        if written >= _ENOUGH:
            break
    first, read = rounds[0], sum(one.prompt_tokens - one.cached_tokens for one in rounds)
    reads, writes = _per_s(read, reading_s), _per_s(written, writing_s)
    return AtLength(first.prompt_tokens, first.cached_tokens, reads, writes, written)


class _StoppedError(Exception):
    """Somebody stopped it (`engine.stop`)."""


class _Talk:
    """A conversation that grows by what is asked and answered. Raises `_StoppedError`."""

    def __init__(self, engine: Engine, info: ModelInfo) -> None:
        self._engine, self._info = engine, info
        self._turns: list[Turn] = []
        self.tokens = 0

    async def goes_on(self, sentences: int) -> None:
        """Make it longer, not measured."""
        asked = Turn("user", text(sentences))
        answer: list[Piece] = []
        end = await self._asked(asked, 1, answer)
        ids = tuple(token for piece in answer for token in piece.tokens)
        said = "".join(piece.text for piece in answer if piece.kind == "text")
        self._turns += [asked, Turn("assistant", said, tokens=ids, vocabulary=self._info.vocabulary)]
        self.tokens = end.figures.prompt_tokens + len(ids)

    async def answer(self, words: str, most: int) -> Finished:
        """Ask, and forget that it was asked: the next question stands in the same place."""
        return await self._asked(Turn("user", words), most, [])

    async def _asked(self, turn: Turn, most: int, pieces: list[Piece]) -> Finished:
        end = await ended(self._engine, [*self._turns, turn], most, pieces)
        if end.reason == "stopped":
            raise _StoppedError
        return end


async def ended(engine: Engine, turns: Sequence[Turn], most: int, pieces: list[Piece]) -> Finished:
    """How an answer of so many tokens at most ended; its `pieces` go there. Raises as `Engine.generate`."""
    async with contextlib.aclosing(engine.generate(turns, "none", SAMPLING, most)) as events:
        async for event in events:
            if isinstance(event, Finished):
                return event
            if isinstance(event, Piece):
                pieces.append(event)
    raise DeskError("engine.protocol", reason="an answer without an end")


async def _size(engine: Engine, sentences: int) -> int:
    return (await engine.count([Turn("user", "1. " + text(sentences))])).tokens


def text(sentences: int) -> str:
    """So many sentences, the same ones again and again."""
    return "".join(SENTENCES[number % len(SENTENCES)] for number in range(sentences))


def _per_s(tokens: int, seconds: float) -> float | None:
    """None where nothing was done."""
    return rounded(tokens / seconds) if seconds else None


def rounded(value: float) -> float:
    """Four digits that mean something."""
    return float(f"{value:.4g}")
