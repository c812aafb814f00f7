"""Which of two versions of this program is the newer one: `0.2.0rc1` comes before `0.2.0`."""

from __future__ import annotations

import re
from typing import Final

_FORM: Final = re.compile(r"v?([0-9]{1,6})\.([0-9]{1,6})(?:\.([0-9]{1,6}))?\.?(?:(dev|a|b|rc)([0-9]{1,6}))?")
_BEFORE: Final = {"dev": 0, "a": 1, "b": 2, "rc": 3}
_RELEASED: Final = 4


def order(text: str) -> tuple[int, ...] | None:
    """What versions are compared by; None for what is none. The form is that of PEP 440, as far as we use it."""
    found = _FORM.fullmatch(text)
    if found is None:
        return None
    first, second, third, kind, count = found.groups()
    return int(first), int(second), int(third or 0), _BEFORE[kind] if kind else _RELEASED, int(count or 0)
