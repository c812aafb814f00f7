"""A JSON document read without trust: every value that has a place is taken, and what is left over can be listed.

Records of the catalogue vary: words where numbers were, one text where a list was, nulls, unknown fields. Nothing of
that is an error here; what could not be read is noted, and stays among the leftovers.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import msgspec

from mistral_desk.core.words import mark

if TYPE_CHECKING:
    from collections.abc import Iterator

Path: TypeAlias = tuple[str | int, ...]
Leaf: TypeAlias = str | int | float | bool | None

TWICE: Final = mark("“{field}” is said twice, and differently.")
NOT_WORDS: Final = mark("“{field}” has a form that cannot be read; it stands among the other fields.")
NOT_NUMBER: Final = mark("“{field}” is not a number.")
NOT_LIST: Final = mark("“{field}” is not a list.")
CUT: Final = mark("“{field}” was longer than can be shown; the rest is left out.")

SHORT: Final = 300
LINES: Final = 4000
PROSE: Final = 400_000
MOST: Final = 200
"""How many elements of a list are kept."""
MOST_LEFT: Final = 2000
_DEEPEST: Final = 24
_MOST_DEPTH: Final = 64
_MOST_VALUES: Final = 20_000
_PARTS: Final = 40
# Control characters, and the marks that turn the direction of letters beyond their own field (UAX #9, 2.1 to 2.3).
_CONTROLS: Final = dict.fromkeys((*range(32), *range(127, 160), 8232, 8233, 65279))
_TURNING: Final = dict.fromkeys((*range(8234, 8239), *range(8294, 8298)))
_LONE: Final = dict.fromkeys(range(55296, 57344), "�")
_ONE_LINE: Final = {**_CONTROLS, **_TURNING, **_LONE, 9: " ", 10: " ", 13: " ", 0x2028: " ", 0x2029: " "}
_MANY_LINES: Final = {**_CONTROLS, **_TURNING, **_LONE, 9: "\t", 10: "\n", 0x2028: "\n", 0x2029: "\n"}
_TO_CLEAN: Final = re.compile(r"[\0-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_SCORE: Final = re.compile(r"\s*([-+]?\d{1,15}(?:\.\d{1,15})?)\s*(?:%|/\s*100|points?|of\s+100)?\s*", re.IGNORECASE)


class Oddity(msgspec.Struct, frozen=True):
    """Something in a record that could not be read: a marked sentence in English with its place, `field`."""

    text: str
    field: str = ""


class Leaves:
    """A document with two storeys, itself and its `metadata`, of which what was taken is remembered."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        inner = document.get("metadata")
        self._storeys: tuple[tuple[Path, dict[str, Any]], ...] = (
            ((), document),
            (("metadata",), inner if isinstance(inner, dict) else {}),
        )
        self._taken: set[Path] = set()
        self.oddities: list[Oddity] = []

    def places(self, name: str) -> list[tuple[Path, Any]]:
        """Where a field stands and says something, the top first; a null is taken as read."""
        found = []
        for path, storey in self._storeys:
            if name in storey:
                value = storey[name]
                if value is None:
                    self.take((*path, name))
                else:
                    found.append(((*path, name), value))
        return found

    def one(self, name: str) -> tuple[Path, Any] | None:
        """A field that may be said twice: the first saying. One that says the same is taken too, another is odd."""
        found = self.places(name)
        for path, value in found[1:]:
            if value == found[0][1] and type(value) is type(found[0][1]):
                self._take_all(path, value)
            else:
                self.odd(TWICE, path)
        return found[0] if found else None

    def names(self) -> list[str]:
        """The names of all fields of both storeys."""
        return list(dict.fromkeys(name for _, storey in self._storeys for name in storey))

    def take(self, path: Path) -> None:
        """Say that this value has a place."""
        self._taken.add(path)

    def odd(self, text: str, path: Path) -> None:
        """Note what could not be read."""
        if len(self.oddities) < MOST:
            self.oddities.append(Oddity(text, dotted(path)))

    def text(self, name: str, most: int = SHORT, *, lines: bool = False) -> str | None:
        """A field as words."""
        found = self.one(name)
        return self.words(*found, most, lines=lines) if found else None

    def words(self, path: Path, value: object, most: int = SHORT, *, lines: bool = False) -> str | None:
        """A value as words: a text, a number, or a list of them joined; None, and odd, for anything else."""
        if isinstance(value, list) and value and all(_scalar(part) for part in value[:MOST]):
            for number in range(len(value)):
                self.take((*path, number))
            value = ", ".join(plain(part) for part in value[:MOST])
        if value is None:
            self.take(path)
            return None
        if not _scalar(value):
            self.odd(NOT_WORDS, path)
            return None
        self.take(path)
        said = clean(plain(value), lines=lines)
        if len(said) > most:
            self.odd(CUT, path)
            said = said[: most - 1].rstrip() + "…"
        return said or None

    def number(self, path: Path, value: object) -> float | None:
        """A number, or a text that is one (“78”, “78 %”, “78/100”)."""
        self.take(path)
        return number_of(value)

    def whole(self, name: str) -> int | None:
        """A field that counts something."""
        if (found := self.one(name)) is None:
            return None
        value = number_of(found[1])
        if value is None or value < 0:
            self.odd(NOT_NUMBER, found[0])
            return None
        self.take(found[0])
        return int(value)

    def flag(self, path: Path, value: object) -> bool | None:
        """Yes or no, also as words; None, and odd, for anything else."""
        said = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
        found = said.get(plain(value).strip().lower()) if _scalar(value) else None
        if found is None:
            self.odd(NOT_WORDS, path)
        else:
            self.take(path)
        return found

    def texts(self, name: str, most: int = SHORT) -> tuple[str, ...]:
        """A field that lists words."""
        found = self.one(name)
        return self.listed(*found, most) if found else ()

    def listed(self, path: Path, value: object, most: int = SHORT) -> tuple[str, ...]:
        """A list of words. One text is parted at its commas; of an object the names that are true are listed."""
        if isinstance(value, dict):
            parts = []
            for key, holds in value.items():
                if holds is True:
                    self.take((*path, key))
                    parts.append(key)
                elif holds is not False:
                    self.odd(NOT_LIST, (*path, key))
            return self._bounded(path, parts, most)
        if isinstance(value, list):
            said = []
            for number, part in enumerate(value):
                if number >= MOST:
                    self.odd(CUT, path)
                    break
                if (words := self.words((*path, number), part, most)) is not None:
                    said.append(words)
            return tuple(dict.fromkeys(said))
        if not _scalar(value):
            self.odd(NOT_LIST, path)
            return ()
        self.take(path)
        return self._bounded(path, re.split(r"[,;\n]", plain(value)), most)

    def left(self) -> dict[str, Leaf]:
        """Every leaf that nobody took, by its dotted path. What lies very deep stands there as JSON."""
        found: dict[str, Leaf] = {}
        for path, value in _leaves(self.document):
            if path in self._taken or any(path[:end] in self._taken for end in range(1, len(path))):
                continue
            if len(found) >= MOST_LEFT:
                break
            name = dotted(path)
            while name in found:
                name += "'"
            found[name] = value
        return found

    def _take_all(self, path: Path, value: object) -> None:
        if isinstance(value, dict | list):
            for inner, _ in _leaves(value):
                self.take((*path, *inner))
        else:
            self.take(path)

    def _bounded(self, path: Path, parts: list[str], most: int) -> tuple[str, ...]:
        if len(parts) > MOST:
            self.odd(CUT, path)
        said = (clean(part)[:most] for part in parts[:MOST])
        return tuple(dict.fromkeys(part for part in said if part))


def parsed(data: bytes) -> object:
    """JSON of any Unicode encoding. Raises ValueError or RecursionError for what is none."""
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        # The slower reader knows byte order marks, UTF-16, and texts with halves of characters.
        found: object = json.loads(data.removeprefix(b"\xef\xbb\xbf"), parse_constant=lambda _: None)
        return _mended(found) if not bounds_broken(found) else found


def bounds_broken(document: object) -> Literal["deep", "many", ""]:
    """Whether a document is nested more deeply, or holds more values, than anything that is read here.

    Everything that walks through a record (in the window too) takes a moment because of this.
    """
    waiting, depth, count = [document], 0, 0
    while waiting:
        depth += 1
        if depth > _MOST_DEPTH:
            return "deep"
        inside: list[object] = []
        for value in waiting:
            if isinstance(value, dict | list):
                count += len(value)
                if count > _MOST_VALUES:
                    return "many"
                inside += value.values() if isinstance(value, dict) else value
        waiting = inside
    return ""


def _mended(value: object) -> object:
    """With a replacement character for every half of a character: such texts can be neither shown nor written."""
    if isinstance(value, str):
        return value.translate(_LONE)
    if isinstance(value, list):
        return [_mended(part) for part in value]
    if isinstance(value, dict):
        return {str(_mended(key)): _mended(part) for key, part in value.items()}
    return value


def clean(text: str, *, lines: bool = False) -> str:
    """A text without what drives a terminal or turns other letters round; one line unless `lines`."""
    if lines:
        return (text.translate(_MANY_LINES) if _TO_CLEAN.search(text) else text).strip()
    return " ".join((text if text.isprintable() else text.translate(_ONE_LINE)).split())


def plain(value: object) -> str:
    """A scalar as words; JSON's own for yes and no."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if abs(value) < 10**40 else "∞"
    if isinstance(value, float):
        return f"{value:g}" if abs(value) < 1e15 and value == float(f"{value:g}") else repr(value)
    return value if isinstance(value, str) else ""


def number_of(value: object) -> float | None:
    """A finite number, or a text that is one."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value) if abs(value) < 1e300 and math.isfinite(value) else None
    match = _SCORE.fullmatch(value) if isinstance(value, str) and len(value) < 60 else None
    return float(match[1]) if match else None


def dotted(path: Path) -> str:
    """A path as one text: `relationships.related.0.score`."""
    return ".".join(clean(str(part))[:80] for part in path[:_PARTS])


def _scalar(value: object) -> bool:
    return isinstance(value, str | int | float)


def _leaves(document: object) -> Iterator[tuple[Path, Leaf]]:
    """All leaves in their order, without recursion."""
    waiting: list[tuple[Path, object]] = [((), document)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict | list) and len(path) >= _DEEPEST:
            yield path, _as_json(value)
        elif isinstance(value, dict):
            waiting += [((*path, key), inner) for key, inner in reversed(value.items())]
        elif isinstance(value, list):
            waiting += [((*path, number), value[number]) for number in reversed(range(len(value)))]
        else:
            yield path, _leaf(value)


def _leaf(value: object) -> Leaf:
    if isinstance(value, str):
        said = clean(value, lines=True)
        return said if len(said) <= LINES else said[: LINES - 1] + "…"
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**63 else plain(value)
    return value if isinstance(value, float) and math.isfinite(value) else plain(value)


def _as_json(value: object) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (ValueError, RecursionError):
        return "…"
    return str(_leaf(text))
