"""The shelf of sequences keeps to its room, whatever is put on it, checkpoints included."""

from __future__ import annotations

import ctypes
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from mistral_desk.inference.engine.checkpoints import State
from mistral_desk.inference.engine.shelf import Kept, Shelf

ROOM: Final = 20_000


def data(size: int) -> ctypes.Array[ctypes.c_uint8]:
    return (ctypes.c_uint8 * size).from_buffer_copy(b"\x07" * size)


SHARED: Final = tuple(State(length, data(900)) for length in (10, 20, 30))
SEQUENCES: Final = st.builds(
    lambda first, length, size, own, shared, owner: Kept(
        tuple(range(first * 1000, first * 1000 + length)),
        data(size),
        (*(State(at, data(each)) for at, each in enumerate(own)), *SHARED[:shared]),
        owner,
    ),
    st.integers(0, 5),
    st.integers(1, 60),
    st.integers(1, ROOM // 2 - 60 * 40),
    st.lists(st.integers(1, 6000), max_size=4),
    st.integers(0, 3),
    st.sampled_from(["", "1", "2"]),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(SEQUENCES, max_size=12))
def test_it_never_takes_more_room_than_it_has_and_keeps_the_newest(added: list[Kept]) -> None:
    shelf = Shelf(0, ROOM)
    for one in added:
        shelf.add(one)
        assert shelf.bytes <= ROOM
        assert list(shelf.tokens)[-1] == one.tokens


@settings(max_examples=100, deadline=None)
@given(st.lists(SEQUENCES, max_size=6, unique_by=lambda kept: kept.tokens[0]))
def test_what_is_forgotten_is_overwritten_and_nothing_else_is(added: list[Kept]) -> None:
    """Each begins otherwise, so none takes the place of another."""
    shelf = Shelf(0, 1 << 30)
    own = [Kept(one.tokens, data(len(one.data)), (*one.checkpoints, *SHARED), one.owner) for one in added]
    for one in own:
        shelf.add(one)

    shelf.forget([""])

    assert list(shelf.tokens) == [one.tokens for one in own if one.owner]
    for one in own:
        assert set(bytes(one.data)) == {7 if one.owner else 0}
    if any(one.owner for one in own):
        assert all(set(bytes(state.data)) == {7} for state in SHARED), "others have these too"
    for state in SHARED:
        ctypes.memset(state.data, 7, len(state.data))
