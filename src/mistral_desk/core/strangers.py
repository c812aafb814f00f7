"""What strangers call things (models, servers, files), as it can stand in a line of ours.

A name in a file can be megabytes long, turn the line around or take its end along; none of that reaches a person.
"""

from __future__ import annotations

import unicodedata
from typing import Final

LONGEST: Final = 120
"""Letters of a model's name where nothing else bounds it; a file's name has 255 at most."""
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


def plain(text: str, longest: int) -> str:
    """A name on one line: without control, direction and half characters, and cut where it is too long."""
    whole = " ".join(text[: 4 * longest].split())
    kept = "".join(letter for letter in whole if unicodedata.category(letter) not in _UNSEEN)
    return " ".join(kept.split())[:longest].strip()


def shortened(name: str, longest: int, behind: int) -> str:
    """A name of `longest` letters at most, of which `behind` stand after what is left out: both ends tell versions
    apart.
    """
    return name if len(name) <= longest else f"{name[: longest - behind - 1]}…{name[-behind:]}"


def title(text: str) -> str:
    """What a model is called, by its file or its server: `plain`, and `shortened` to `LONGEST`."""
    return shortened(plain(text, 4 * LONGEST), LONGEST, LONGEST // 3)
