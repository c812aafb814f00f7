"""How far two token sequences agree: the one question behind every reuse of what was read before."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def common_prefix(one: Sequence[int], other: Sequence[int], limit: int) -> int:
    """Length of the common prefix, at most `limit`. Compares slices, so that long equal parts cost little."""
    limit = min(limit, len(one), len(other))
    if _equal(one, other, limit):
        return limit
    low, high = 0, limit
    while low + 1 < high:  # the first `low` are equal, the first `high` are not
        middle = (low + high) // 2
        if _equal(one[low:middle], other[low:middle], middle - low):
            low = middle
        else:
            high = middle
    return low


def _equal(one: Sequence[int], other: Sequence[int], length: int) -> bool:
    return list(one[:length]) == list(other[:length])
