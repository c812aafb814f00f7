"""Numbers within bounds as grammar: which digits may stand where. Every text that it allows is within the bounds.

Between two whole numbers only tenths and so on strictly between them are written, so bounds like 0.25 to 0.75, with no
whole number and no whole step in between, cannot be kept to.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mistral_desk.inference.schema_tree import Number

LARGEST: Final = 10**15 - 1
_PART: Final = ' "." [0-9]{0,5} [1-9]'
"""A part of one that is not nothing."""


def number(node: Number) -> str:
    """The rule for a number; empty where there is none that could be written."""
    low, high = _whole_bounds(node)
    options = [*_signed(low, high)]
    if not node.whole:
        # the parts behind m lie between m and m + 1, so both of these must be within the bounds, or be bounds
        begin = -LARGEST if node.low is None else math.ceil(node.low)
        end = LARGEST if node.high is None else math.floor(node.high)
        if end - 1 >= max(begin, 0):
            options.append(f"({_range(max(begin, 0), end - 1)}){_PART}")
        if min(end, 0) - 1 >= begin:
            options.append(f'"-" ({_range(max(0, -end), -begin - 1)}){_PART}')
    return " | ".join(options)


def _whole_bounds(node: Number) -> tuple[int, int]:
    """The least and the largest whole number."""
    low, high = -LARGEST, LARGEST
    if node.low is not None:
        low = math.floor(node.low) + 1 if node.low_open else math.ceil(node.low)
    if node.high is not None:
        high = math.ceil(node.high) - 1 if node.high_open else math.floor(node.high)
    return low, high


def _signed(low: int, high: int) -> list[str]:
    options = []
    if high >= max(low, 0):
        options.append(_range(max(low, 0), high))
    if low <= min(high, -1):
        options.append(f'"-" ({_range(max(1, -high), -low)})')
    return options


def _range(low: int, high: int) -> str:
    """Whole numbers from `low` to `high`, neither negative, without zeros in front."""
    options = []
    for digits in range(len(str(low)), len(str(high)) + 1):
        least = 10 ** (digits - 1) if digits > 1 else 0
        first, last = max(low, least), min(high, 10**digits - 1)
        options.append(_same_length(str(first), str(last)))
    return " | ".join(options)


def _same_length(low: str, high: str) -> str:
    """Digits from `low` to `high`, both of the same length."""
    shared = next((at for at, (a, b) in enumerate(zip(low, high, strict=True)) if a != b), len(low))
    begin = f'"{low[:shared]}" ' if shared else ""
    low, high = low[shared:], high[shared:]
    if not low:
        return begin.strip()
    if set(low) == {"0"} and set(high) == {"9"}:
        return f"{begin}{_any(len(low))}"
    if len(low) == 1:
        return f"{begin}[{low}-{high}]"
    if set(low[1:]) == {"0"} and set(high[1:]) == {"9"}:
        return f"{begin}[{low[0]}-{high[0]}] {_any(len(low) - 1)}"
    options = [f'"{low[0]}" ({_at_least(low[1:])})']
    if int(high[0]) - int(low[0]) > 1:
        options.append(f"[{int(low[0]) + 1}-{int(high[0]) - 1}] {_any(len(low) - 1)}")
    options.append(f'"{high[0]}" ({_at_most(high[1:])})')
    return f"{begin}({' | '.join(options)})" if begin else " | ".join(options)


def _at_least(digits: str) -> str:
    if set(digits) == {"0"}:
        return _any(len(digits))
    if len(digits) == 1:
        return f"[{digits}-9]"
    options = [f'"{digits[0]}" ({_at_least(digits[1:])})']
    if digits[0] != "9":
        options.append(f"[{int(digits[0]) + 1}-9] {_any(len(digits) - 1)}")
    return " | ".join(options)


def _at_most(digits: str) -> str:
    if set(digits) == {"9"}:
        return _any(len(digits))
    if len(digits) == 1:
        return f"[0-{digits}]"
    options = [f'"{digits[0]}" ({_at_most(digits[1:])})']
    if digits[0] != "0":
        options.append(f"[0-{int(digits[0]) - 1}] {_any(len(digits) - 1)}")
    return " | ".join(options)


def _any(count: int) -> str:
    return "[0-9]" if count == 1 else f"[0-9]{{{count}}}"
