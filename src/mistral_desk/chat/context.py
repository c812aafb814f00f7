"""What of a conversation is sent, and what gives way when the model's context is full: arithmetic only.

A turn is what a person said with the answers to it; it is sent whole or not at all. The last one is always sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from mistral_desk.chat.message import ConversationSettings, Message

ROOM: Final = 512
"""Tokens that an answer should have room for; less than that is a full context."""
ROOM_SHARE: Final = 8
"""In a small context an answer's room is one part of so many."""
SUMMARY: Final = 600
"""Tokens of a summary at most, in a small context one part of six."""
SUMMARY_SHARE: Final = 6
FAR: Final = 16
"""No conversation has so many letters for each of its tokens: one with more is too long, and need not be counted."""
SHOWN_FROM: Final = 0.6
"""The share of the context from which on the meter is shown."""
NEARLY_FULL: Final = 0.85

_SUMMED_UP: Final = (
    "Earlier messages of this conversation are not available any more. They are summed up here:\n{summary}"
)
"""For the model, behind the chat's own system prompt."""


@dataclass(frozen=True)
class Budget:
    """Where the tokens of a context go. `room` is what is left for the answer, `wanted` what it should have."""

    context: int
    used: int
    system: int = 0
    pictures: int = 0
    message: int = 0
    wanted: int = ROOM
    far: bool = False
    """It is so much longer than the context that nobody counted it; `used` is the context then."""

    @property
    def earlier(self) -> int:
        """Words of the conversation before the message that is being written."""
        return max(0, self.used - self.system - self.pictures - self.message)

    @property
    def room(self) -> int:
        """What is left."""
        return max(0, self.context - self.used)

    @property
    def share(self) -> float:
        """Used of the whole, 0 to 1."""
        return min(1.0, self.used / self.context) if self.context > 0 else 1.0

    @property
    def full(self) -> bool:
        """Whether an answer would not have the room that it should have."""
        return self.far or self.used + self.wanted > self.context


def room_for(context: int, longest: int | None = None) -> int:
    """Tokens of a context that an answer should find free; `longest` is the longest answer that is wanted."""
    usual = max(1, min(ROOM, context // ROOM_SHARE))
    return usual if longest is None else max(1, min(usual, longest))


def summary_size(context: int) -> int:
    """Tokens of a summary at most."""
    return max(16, min(SUMMARY, context // SUMMARY_SHARE))


def turns(branch: Sequence[Message]) -> tuple[tuple[Message, ...], ...]:
    """A branch cut into its turns: each begins with what a person says and has all that follows until they speak again.

    System messages belong to no turn: they are sent always. Before the first message of a person stands nothing.
    """
    made: list[list[Message]] = []
    for message in branch:
        if message.role == "system":
            continue
        if not made or (message.role == "user" and any(one.role == "assistant" for one in made[-1])):
            made.append([])
        made[-1].append(message)
    return tuple(map(tuple, made))


@dataclass(frozen=True)
class Sent:
    """What of a branch is sent. `gone` are the messages that are not, `turns` those turns that could go next."""

    system: str
    messages: tuple[Message, ...]
    gone: tuple[Message, ...]
    turns: tuple[tuple[Message, ...], ...]

    @property
    def droppable(self) -> int:
        """How many turns could go: all but the last."""
        return max(0, len(self.turns) - 1)


def sent(branch: Sequence[Message], settings: ConversationSettings) -> Sent:
    """What is sent of a branch (root → the person's message that is to be answered).

    What was dropped counts only where the branch has that message, and never for the last turn.
    """
    cut = next((place for place, one in enumerate(branch) if one.id == settings.dropped), -1) + 1
    whole = turns(branch)
    last = whole[-1] if whole else ()
    before = {one.id for one in branch[:cut]} - {one.id for one in last}
    gone = tuple(one for one in branch if one.id in before and one.role != "system")
    left = {one.id for one in gone}
    kept = tuple(one for one in branch if one.id not in left)
    return Sent(with_summary(settings.system, settings.summary if gone else ""), kept, gone, turns(kept))


def with_summary(system: str, summary: str) -> str:
    """A system prompt with what was said before behind it."""
    said = summary.strip()
    return "\n\n".join(part for part in (system, said and _SUMMED_UP.replace("{summary}", said)) if part.strip())


def letters(messages: Iterable[Message]) -> int:
    """Letters of messages as they would be sent, files included, thoughts and pictures not."""
    return sum(len(part.body) for one in messages for part in one.parts if part.kind in ("text", "file"))


def without(chosen: Sent, count: int) -> tuple[Message, ...]:
    """The messages that are sent when the oldest `count` turns go, too; of the last turn nothing goes."""
    left = {one.id for turn in chosen.turns[: min(count, chosen.droppable)] for one in turn}
    return tuple(one for one in chosen.messages if one.id not in left)


def last_of(chosen: Sent, count: int) -> int:
    """The id of the last message of the oldest `count` turns, at least one."""
    return max(one.id for one in chosen.turns[min(count, len(chosen.turns)) - 1])


async def fewest(most: int, size: Callable[[int], Awaitable[int]], *limits: int) -> int | None:
    """The fewest turns, 1 to `most`, that have to go so that the rest has at most a limit's tokens; None: never.

    Of several limits the first that can be kept counts. `size(n)` is the rest without `n` turns, which is smaller the
    more go; it is asked some log₂(most) times for each limit.
    """
    known: dict[int, int] = {}

    async def fits(count: int, limit: int) -> bool:
        if count not in known:
            known[count] = await size(count)
        return known[count] <= limit

    for limit in limits:
        if most < 1 or not await fits(most, limit):
            continue
        low, high = 1, most
        while low < high:
            middle = (low + high) // 2
            if await fits(middle, limit):
                high = middle
            else:
                low = middle + 1
        return high
    return None


async def most_of(first: int, end: int, size: Callable[[int, int], Awaitable[int]], limit: int) -> int | None:
    """The last turn (exclusive, at most `end`) up to which the turns from `first` on fit into `limit` tokens together;
    None where not even one does.
    """
    if first >= end or await size(first, first + 1) > limit:
        return None
    low, high = first + 1, end
    while low < high:
        middle = (low + high + 1) // 2
        if await size(first, middle) <= limit:
            low = middle
        else:
            high = middle - 1
    return low
