"""File names made of titles, that Windows, macOS and Linux all take, and that differ where a system ignores case."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

LONGEST: Final = 80
"""Characters of a name without its ending; a path on Windows may have 260 in all."""
_LONGEST_BYTES: Final = 180
"""Of UTF-8, of which a name on Linux may have 255."""
_FORBIDDEN: Final = re.compile(r'[<>:"/\\|?*]+')
_RESERVED: Final = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])(?=\.|\Z)", re.IGNORECASE)
"""Names that are devices on Windows, with any ending (Microsoft, *Naming Files, Paths, and Namespaces*)."""
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_LAST: Final = "chat"
_JOINER: Final = "\N{ZERO WIDTH JOINER}"


def safe(title: str, fallback: str) -> str:
    """A title as a file's name without an ending; `fallback`, made safe as well, where nothing of it is left."""
    text = unicodedata.normalize("NFC", title[: LONGEST * 4])
    text = "".join(letter if _shown(letter) else " " for letter in text)
    text = " ".join(_FORBIDDEN.sub(" ", text).split())
    text = _cut(text).strip(" .")
    if not any(letter.isalnum() or unicodedata.category(letter) == "So" for letter in text):
        text = safe(fallback, _LAST) if fallback != _LAST else _LAST
    return f"_{text}" if _RESERVED.match(text) else text


class Names:
    """Gives each file a name of its own, also where `Über` and `über` would be one."""

    def __init__(self, taken: tuple[str, ...] = ()) -> None:
        self._taken = {_folded(name) for name in taken}

    def give(self, stem: str, ending: str) -> str:
        """`stem` + `ending` (with its dot), or with the next free number between them."""
        name, number = f"{stem}{ending}", 1
        while _folded(name) in self._taken:
            number += 1
            name = f"{stem} ({number}){ending}"
        self._taken.add(_folded(name))
        return name


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _shown(letter: str) -> bool:
    return letter == _JOINER or unicodedata.category(letter) not in _HIDDEN


def _cut(text: str) -> str:
    text = text[:LONGEST]
    while len(text.encode("utf-8", "replace")) > _LONGEST_BYTES:
        text = text[:-1]
    while text and (text[-1] == _JOINER or unicodedata.combining(text[-1])) and len(text) >= LONGEST:
        text = text[:-1]
    return text
