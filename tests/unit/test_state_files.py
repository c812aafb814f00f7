"""Saved states on the disk: what is not exactly what was written, for exactly this model, is never served."""

from __future__ import annotations

import os
import stat
import sys
import time
from typing import TYPE_CHECKING, Final

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mistral_desk.inference.state_file import Head, Identity, Reading, StateFileError, Writing
from mistral_desk.inference.state_messages import (
    Extent,
    NeedState,
    StateHead,
    agreeing,
    packed,
    picture_id,
    saves,
    unpacked,
)
from mistral_desk.inference.state_store import StateStore

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

ME: Final = Identity("weights", "build", "layout")
PLENTY: Final = 1 << 30
IDS: Final = st.lists(st.integers(-(2**63), 2**63 - 1), max_size=40)


def state(ids: Sequence[int], sizes: Sequence[int] = (64,), owner: str = "1") -> StateHead:
    """Of a sequence, with checkpoints at its halves."""
    lengths = [len(ids), *(len(ids) // 2**number for number in range(1, len(sizes)))]
    extents = tuple(Extent(length, size) for length, size in zip(lengths, sizes, strict=True))
    return StateHead(0, owner, packed(ids), extents)


def put(store: StateStore, head: StateHead, body: bytes | None = None, identity: Identity = ME) -> bool:
    """Write a state; false where the store did not want it."""
    writing = store.begin(identity, head)
    if writing is None:
        return False
    writing.write(os.urandom(head.bytes) if body is None else body)
    store.finish(writing)
    return True


def got(store: StateStore, ids: Sequence[int], have: int = 0, *, cuts: bool = True, identity: Identity = ME) -> bytes:
    """What the store serves for a prompt; nothing where it has nothing that is sound."""
    reading = store.best(identity, NeedState(1, packed(ids), have, PLENTY, cuts))
    if reading is None:
        return b""
    body = b"".join(reading.parts())
    store.served(reading)
    return body if reading.sound else b""


def roomy(folder: Path) -> StateStore:
    return StateStore(folder, lambda: PLENTY)


@settings(max_examples=150)
@given(IDS, IDS)
def test_ids_come_back_and_agree_as_far_as_they_do(one: list[int], other: list[int]) -> None:
    shared = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))

    assert unpacked(packed(one)) == one
    assert agreeing(packed(one), packed(other)) == shared
    assert agreeing(packed([*one, *other]), packed(one)) == len(one)


def test_a_memory_that_cannot_be_cut_is_helped_only_by_a_whole_state_or_a_checkpoint() -> None:
    head = state(range(40), (64, 8, 8))

    assert saves(head, packed(range(60)), cuts=True) == 40
    assert saves(head, packed(range(40)), cuts=True) == 39, "one token is left to read"
    assert saves(head, packed([*range(30), 99, *range(31, 60)]), cuts=True) == 30
    assert saves(head, packed(range(60)), cuts=False) == 40
    assert saves(head, packed([*range(30), 99, *range(31, 60)]), cuts=False) == 20
    assert saves(head, packed([*range(9), 99]), cuts=False) == 0


def test_pictures_are_told_apart_by_what_they_show_and_by_tile() -> None:
    names = {picture_id(sha, index, count) for sha in ("a", "b") for index in (0, 1) for count in (29, 30)}

    assert len(names) == 8
    assert all(-(2**63) < name - 4096 < name < 0 for name in names)


def test_what_was_written_is_served_by_a_later_start(tmp_path: Path) -> None:
    body = os.urandom(9_000_000)
    put(roomy(tmp_path), state(range(300), (8_999_000, 1000)), body)

    assert got(roomy(tmp_path), range(400)) == body
    assert got(roomy(tmp_path), range(400), have=300) == b"", "it would save nothing"
    assert got(roomy(tmp_path), range(1000, 1400)) == b""


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    store = roomy(tmp_path / "states")
    put(store, state(range(300)))

    if sys.platform != "win32":
        assert stat.S_IMODE((tmp_path / "states").stat().st_mode) == 0o700
        assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "states").iterdir()} == {0o600}
    assert len(list((tmp_path / "states").iterdir())) == 1


def test_a_state_of_another_model_build_or_layout_is_not_served(tmp_path: Path) -> None:
    store = roomy(tmp_path)
    for field in ("model", "build", "layout"):
        put(store, state(range(300)), identity=msgspec.structs.replace(ME, **{field: "another"}))

    assert not store.has(ME)
    assert got(store, range(400)) == b""
    store.trim("build")
    assert len(list(tmp_path.iterdir())) == 2, "what another build wrote nobody reads any more"


@pytest.mark.slow
def test_no_flipped_bit_and_no_cut_is_overlooked(tmp_path: Path) -> None:
    put(roomy(tmp_path), state(range(300, 320), (40, 9)))
    (path,) = tmp_path.iterdir()
    sound = path.read_bytes()
    broken = [sound[:cut] for cut in range(len(sound))]
    broken += [sound + b"\0", sound + sound, b"", b"\0" * len(sound), sound[::-1]]
    for at in range(len(sound)):
        for bit in range(8):
            broken.append(sound[:at] + bytes([sound[at] ^ 1 << bit]) + sound[at + 1 :])
    assert len(broken) > 3000

    for content in broken:
        path.write_bytes(content)
        served = got(roomy(tmp_path), range(300, 340))
        assert served == b""
        assert not path.exists(), "what is of no use is deleted"
    path.write_bytes(sound)
    assert got(roomy(tmp_path), range(300, 340)) != b"", "the file itself was a good one"


@settings(max_examples=300)
@given(st.binary(max_size=400), st.booleans())
def test_a_file_of_anything_is_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes, begin: bool) -> None:
    path = tmp_path_factory.getbasetemp() / "anything.state"
    path.write_bytes((b"MDstate\x01" if begin else b"") + content)

    with pytest.raises(StateFileError):
        Reading(path)


@pytest.mark.parametrize("extents", [((5, 8),), ((20, 8), (21, 8)), ((20, 1 << 50),), ()])
def test_a_head_that_contradicts_itself_is_refused(tmp_path: Path, extents: tuple[tuple[int, int], ...]) -> None:
    """Its sums are right: somebody has made it so."""
    head = Head(ME, StateHead(0, "1", packed(range(20)), tuple(Extent(*one) for one in extents)))
    writing = Writing(tmp_path, head)
    size = min(head.state.bytes, 64)
    writing.write(bytes(size))
    path = tmp_path / "one.state"
    if writing.complete:
        writing.finish(path)
    else:
        path.write_bytes(next(tmp_path.iterdir()).read_bytes() + bytes(32))
        writing.abandon()

    with pytest.raises(StateFileError):
        Reading(path)


def test_a_file_that_takes_anothers_name_is_not_believed(tmp_path: Path) -> None:
    put(roomy(tmp_path), state(range(300)))
    (path,) = tmp_path.iterdir()
    path.rename(tmp_path / f"{'0' * 32}.state")
    (tmp_path / "folder.state").mkdir()

    assert got(roomy(tmp_path), range(400)) == b""
    assert not roomy(tmp_path).owners


def test_more_or_less_than_announced_is_never_a_file(tmp_path: Path) -> None:
    store = roomy(tmp_path)
    more, less = (store.begin(ME, state(range(300, 300 + count))) for count in (300, 301))
    assert more
    assert less
    with pytest.raises(StateFileError):
        more.write(bytes(65))
    more.abandon()
    less.write(bytes(63))
    with pytest.raises(StateFileError):
        store.finish(less)

    assert list(tmp_path.iterdir()) == []


def test_a_longer_state_takes_the_place_of_what_it_begins_with(tmp_path: Path) -> None:
    store = roomy(tmp_path)
    put(store, state(range(300)))
    put(store, state([*range(200), *range(900, 1000)]))  # another branch
    put(store, state(range(300), owner="2"))
    put(store, state(range(350)))

    assert len(list(tmp_path.iterdir())) == 3
    assert not put(store, state(range(350))), "it is there already"


def test_who_was_not_needed_for_longest_goes_first(tmp_path: Path) -> None:
    store = StateStore(tmp_path, lambda: 8000)
    for number in range(5):
        put(store, state(range(number * 1000, number * 1000 + 100), (1000,)))  # near 2,000 bytes each
        assert store.bytes <= 8000
        assert got(store, range(500)), "this one is asked for again and again"

    assert got(store, range(500))
    assert not got(store, range(1000, 1500))
    assert got(store, range(4000, 4500))
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) == store.bytes


def test_less_room_at_the_next_start_is_kept_to(tmp_path: Path) -> None:
    store = roomy(tmp_path)
    for number in range(5):
        put(store, state(range(number * 1000, number * 1000 + 100), (1000,)))
    room = [0]
    later = StateStore(tmp_path, lambda: room[0])

    assert later.begin(ME, state(range(9000, 9100))) is None
    room[0] = 4200
    later.trim(ME.build)
    assert 0 < later.bytes <= 4200
    room[0] = 0
    later.trim(ME.build)
    assert list(tmp_path.iterdir()) == []


def test_what_belongs_to_nobody_is_not_kept(tmp_path: Path) -> None:
    store = roomy(tmp_path)

    assert not put(store, state(range(300), owner=""))
    assert not tmp_path.exists() or list(tmp_path.iterdir()) == []


def test_what_is_somebodys_goes_with_them(tmp_path: Path) -> None:
    store = roomy(tmp_path)
    for owner in ("1", "2", "3"):
        put(store, state(range(int(owner) * 1000, int(owner) * 1000 + 300), owner=owner))

    store.forget(["2"])
    assert store.owners == {"1", "3"}
    store.forget(["1", "4"])
    assert roomy(tmp_path).owners == {"3"}
    (tmp_path / "0123.part").write_bytes(b"half")
    store.clear()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("age_s", "stays"), [(60, True), (7200, False)])
def test_what_an_ended_program_left_unfinished_goes_when_nobody_can_be_writing_it(
    tmp_path: Path, age_s: int, stays: bool
) -> None:
    half = tmp_path / "0123.part"
    half.write_bytes(b"half")
    then = time.time() - age_s
    os.utime(half, (then, then))

    assert roomy(tmp_path).owners == frozenset()
    assert half.exists() == stays


def _emptied(path: Path, _other: bytes) -> None:
    path.write_bytes(b"")


def _deleted(path: Path, _other: bytes) -> None:
    path.unlink()


def _exchanged(path: Path, other: bytes) -> None:
    path.write_bytes(other)


@pytest.mark.parametrize("change", [_emptied, _deleted, _exchanged])
def test_a_file_that_changes_while_the_program_runs_is_not_served(
    tmp_path: Path, change: Callable[[Path, bytes], None]
) -> None:
    store = roomy(tmp_path / "one")
    put(store, state(range(300)))
    put(roomy(tmp_path / "other"), state(range(400)))
    (path,), (other,) = ((tmp_path / name).iterdir() for name in ("one", "other"))
    assert store.has(ME)
    change(path, other.read_bytes())

    assert got(store, range(500)) == b""
    assert not path.exists()
    assert not store.has(ME)


def test_a_file_that_is_cut_while_it_is_read_is_not_sound_and_goes(tmp_path: Path) -> None:
    store = roomy(tmp_path)
    put(store, state(range(300), (64,)))
    (path,) = tmp_path.iterdir()
    reading = store.best(ME, NeedState(1, packed(range(400)), 0, PLENTY, True))
    assert reading
    os.truncate(path, path.stat().st_size - 32 - 64)  # its sum, and its body

    assert list(reading.parts()) == []
    assert not reading.sound
    store.served(reading)
    assert not path.exists()


def test_what_is_forgotten_while_it_is_read_stays_forgotten(tmp_path: Path) -> None:
    store = roomy(tmp_path)
    put(store, state(range(300)))
    reading = store.best(ME, NeedState(1, packed(range(400)), 0, PLENTY, True))
    assert reading
    body = b"".join(reading.parts())
    reading.close()  # Windows deletes no file that is open
    store.forget(["1"])
    store.served(reading)

    assert body
    assert not store.owners
    assert list(tmp_path.iterdir()) == []
