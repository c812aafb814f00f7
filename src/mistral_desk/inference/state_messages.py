"""How the state of a sequence travels between the app, which may write files, and the worker, which may not.

In parts, each of them acknowledged, so that neither side ever holds more of it than it must. All of these are members
of the protocol's two unions.
"""

from __future__ import annotations

import hashlib
from array import array
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

PART_BYTES: Final = 4 * 1024 * 1024
"""Bytes of a state in one message at most."""
MOST_BYTES: Final = 64 << 30
"""Bytes of one state at most: a bound against nonsense."""
ID_BYTES: Final = 8
MOST_IDS: Final = 4 << 20
"""Tokens of a sequence at most: four times what any model reads today."""

Ids: TypeAlias = Annotated[bytes, msgspec.Meta(max_length=MOST_IDS * ID_BYTES)]
"""The tokens of a sequence, eight bytes each, signed, in this computer's order. Those of a picture are negative and
made from what it shows, so that they are the same in every worker.
"""
Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=MOST_BYTES)]


class Extent(msgspec.Struct, frozen=True, array_like=True):
    """A saved state: of how many tokens from the start, and how many bytes it takes."""

    tokens: Count
    bytes: Count


class StateHead(msgspec.Struct, frozen=True, tag="state_head"):
    """What comes in the parts behind it: first the state of the whole sequence, then those that it can be cut back to.

    `owner` is whose it is, a name that the app gave; `ids` is the whole sequence.
    """

    request: int
    owner: str
    ids: Ids
    extents: Annotated[tuple[Extent, ...], msgspec.Meta(min_length=1, max_length=64)]

    @property
    def bytes(self) -> int:
        """Of all states together."""
        return sum(extent.bytes for extent in self.extents)


class StatePart(msgspec.Struct, frozen=True, tag="state_part"):
    """The next bytes; the other side answers with `StateTaken`."""

    request: int
    data: bytes


class StateTaken(msgspec.Struct, frozen=True, tag="state_taken"):
    """Send the next part."""

    request: int


class StateEnd(msgspec.Struct, frozen=True, tag="state_end"):
    """To the worker: nothing more comes. Only where it is `sound` may what came be used."""

    request: int
    sound: bool


class NeedState(msgspec.Struct, frozen=True, tag="need_state"):
    """The worker asks for a state that saves more than the first `have` of these tokens, of at most `most` bytes.

    Where its memory cannot be cut (`cuts` false), only a whole state or one that it can be cut back to helps. Answered
    by `StateHead` and parts, and in any case by `StateEnd`.
    """

    request: int
    ids: Ids
    have: int
    most: int
    cuts: bool


class KeepStates(msgspec.Struct, frozen=True, tag="keep_states"):
    """Give the states that belong to somebody and were not given yet, of at most `most` bytes each.

    Answered by `StateHead` and parts for each, then `StatesKept`. Whatever else is asked for ends it early.
    """

    request: int
    most: int


class ForgetStates(msgspec.Struct, frozen=True, tag="forget_states"):
    """Drop what was read for these owners, the empty name for those who have none. Answered by `StatesKept`."""

    request: int
    owners: tuple[str, ...]


class StatesKept(msgspec.Struct, frozen=True, tag="states_kept"):
    """It is over."""

    request: int


def packed(ids: Iterable[int]) -> bytes:
    """Tokens as they travel."""
    return array("q", ids).tobytes()


def unpacked(ids: bytes) -> list[int]:
    """The reverse of `packed`."""
    numbers = array("q")
    numbers.frombytes(ids)
    return numbers.tolist()


def agreeing(one: bytes, other: bytes) -> int:
    """How many tokens two sequences share from the start. Compares large slices, so that long ones cost little."""
    here, there = memoryview(one), memoryview(other)
    low, high = 0, min(len(one), len(other)) // ID_BYTES
    if here[: high * ID_BYTES] == there[: high * ID_BYTES]:
        return high
    while low + 1 < high:  # the first `low` are equal, the first `high` are not
        middle = (low + high) // 2
        if here[low * ID_BYTES : middle * ID_BYTES] == there[low * ID_BYTES : middle * ID_BYTES]:
            low = middle
        else:
            high = middle
    return low


def saves(head: StateHead, ids: bytes, *, cuts: bool) -> int:
    """How many tokens of a prompt a saved state spares, at most all but one: the last is read for what comes next."""
    here = len(head.ids) // ID_BYTES
    shared = min(agreeing(head.ids, ids), len(ids) // ID_BYTES - 1)
    if cuts or shared == here:
        return max(shared, 0)
    return max((extent.tokens for extent in head.extents[1:] if extent.tokens <= shared), default=0)


def picture_id(sha256: str, index: int, count: int) -> int:
    """The name of a picture's first token, the following ones count down from it. `index` and `count` tell which of
    its tiles, and of how many tokens.
    """
    digest = hashlib.blake2b(f"{sha256} {index} {count}".encode(), digest_size=8).digest()
    return -1 - (int.from_bytes(digest, "little") >> 2)
