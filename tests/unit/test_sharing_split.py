"""Conversations are cut out of a list while it is read: the same for any size of the pieces, and never all at once."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mistral_desk.chat.sharing import splitting
from mistral_desk.chat.sharing.splitting import Split

if TYPE_CHECKING:
    from collections.abc import Iterator

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.sampled_from(('"', "\\", '\\"', "{", "]}")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


class Pieces(io.RawIOBase):
    """A stream that gives so many bytes at a time."""

    def __init__(self, data: bytes, size: int) -> None:
        super().__init__()
        self._data, self._size, self._at = data, size, 0

    def read(self, _size: int = -1) -> bytes:
        piece = self._data[self._at : self._at + self._size]
        self._at += len(piece)
        return piece


@settings(max_examples=40)
@given(st.lists(st.dictionaries(st.text(max_size=5), VALUES, max_size=4), max_size=5), st.integers(1, 9), st.booleans())
def test_it_finds_what_json_finds(values: list[dict[str, Any]], size: int, ascii_only: bool) -> None:
    data = json.dumps(values, ensure_ascii=ascii_only, indent=size % 3 or None).encode()
    split = Split(Pieces(data, size))
    assert [json.loads(raw or b"") for raw in split] == values
    assert split.complete


def test_a_list_that_ends_too_early_gives_what_came_before() -> None:
    data = json.dumps([{"n": number} for number in range(5)]).encode()
    for end in range(1, len(data)):
        split = Split(io.BytesIO(data[:end]))
        found = [json.loads(raw or b"") for raw in split]
        assert found == [{"n": number} for number in range(len(found))]
        assert not split.complete


def test_what_is_too_large_is_passed_over() -> None:
    data = json.dumps([{"a": 1}, {"b": "x" * 1000}, {"c": 2}]).encode()
    assert list(Split(Pieces(data, 100), largest=200)) == [b'{"a": 1}', None, b'{"c": 2}']


def test_no_more_is_read_than_was_allowed() -> None:
    split = Split(Pieces(b"[" + b" " * 10_000, 100), most=1_000)
    assert list(split) == []
    assert not split.complete
    assert split.read <= 1_100


class Endless(io.RawIOBase):
    """Conversations that nobody ever holds as a whole."""

    def __init__(self, one: bytes, times: int) -> None:
        super().__init__()
        self._pieces = self._all(one, times)

    def _all(self, one: bytes, times: int) -> Iterator[bytes]:
        yield b"["
        for number in range(times):
            yield one if number == times - 1 else one + b","
        yield b"]"

    def read(self, _size: int = -1) -> bytes:
        return next(self._pieces, b"")


@pytest.mark.slow
def test_a_long_list_never_lies_in_memory() -> None:
    import tracemalloc

    one = json.dumps({"mapping": {str(n): {"text": 'words "and" more ' * 20} for n in range(2_500)}}).encode()
    times = 20_000_000 // len(one)
    tracemalloc.start()
    try:
        count = len([0 for _ in Split(Endless(one, times))])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == times
    assert peak < 4 * len(one) + 4 * splitting.CHUNK
