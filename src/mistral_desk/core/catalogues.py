"""Catalogues of sentences: .po files as translators write them, and two pseudo-languages made by rule.

A .po file is turned into gettext's binary form in memory, so that nothing has to be compiled and shipped, and
Python's own gettext evaluates the plural forms. Formats: GNU gettext's manual, *The Format of PO Files* and
*The Format of GNU MO Files*.
"""

from __future__ import annotations

import ast
import io
import math
import re
import struct
from functools import cache
from gettext import GNUTranslations, NullTranslations
from typing import TYPE_CHECKING, Final

from mistral_desk.core.errors import DeskError
from mistral_desk.core.paths import resource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

DOMAIN: Final = "mistral_desk"
_KEYWORD: Final = re.compile(r'(msgctxt|msgid_plural|msgid|msgstr(?:\[\d+\])?)?\s*(".*")$')
_PLAIN: Final = re.compile(r'"([^"\\\x00]*)"')
"""A text in which nothing is escaped, as nearly all are: taken as it is, a catalogue is read in half the time."""
_MAX_FILE: Final = 8 * 1024 * 1024


@cache
def english() -> NullTranslations:
    """The sentences as they stand in the code."""
    return NullTranslations()


def available() -> tuple[str, ...]:
    """Tags of the languages that have a catalogue."""
    try:
        folder = resource("i18n")
    except DeskError:
        return ()
    return tuple(sorted(path.parent.parent.name for path in folder.glob(f"*/LC_MESSAGES/{DOMAIN}.po")))


def read(language: str) -> GNUTranslations:
    """The catalogue of a language. Raises OSError when there is none, ValueError when it cannot be understood."""
    try:
        path = resource("i18n", language, "LC_MESSAGES", f"{DOMAIN}.po")
    except DeskError as error:
        raise FileNotFoundError(f"no catalogue for {language!r}") from error
    return read_file(path)


def read_file(path: Path) -> GNUTranslations:
    """The catalogue in one .po file; raises as `read`."""
    if path.stat().st_size > _MAX_FILE:
        raise ValueError(f"more than {_MAX_FILE} bytes")
    return GNUTranslations(io.BytesIO(_binary(dict(entries(path.read_text(encoding="utf-8"))))))


def entries(text: str) -> Iterator[tuple[str, str]]:
    """What a .po file holds, as keys and translations of the binary form; fuzzy and empty ones are left out.

    A key is the sentence, before it its context and EOT, after it NUL and the plural; NUL parts plural translations.
    """
    for block in re.split(r"\n\s*\n", text.replace("\r\n", "\n").removeprefix("\ufeff")):
        lines = block.split("\n")
        fields = _fields(lines)
        if "msgid" not in fields:
            continue
        fuzzy = any(line.startswith("#,") and "fuzzy" in line for line in lines)
        forms = [fields[name] for name in sorted(fields) if name.startswith("msgstr")]
        if (fuzzy and fields["msgid"]) or not all(forms) or not forms:
            continue
        key = fields["msgid"]
        if "msgctxt" in fields:
            key = f"{fields['msgctxt']}\x04{key}"
        if "msgid_plural" in fields:
            key = f"{key}\0{fields['msgid_plural']}"
        yield key, "\0".join(forms)


def _fields(lines: list[str]) -> dict[str, str]:
    fields: dict[str, str] = {}
    name = ""
    for line in lines:
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        match = _KEYWORD.match(stripped)
        if not match or not (match[1] or name):
            raise ValueError(f"not a line of a catalogue: {stripped[:80]!r}")
        if match[1]:
            name = match[1]
            if name in fields:
                raise ValueError(f"a sentence without a blank line before it: {stripped[:80]!r}")
        plain = _PLAIN.fullmatch(match[2])
        try:
            fields[name] = fields.get(name, "") + (plain[1] if plain else str(ast.literal_eval(match[2])))
        except SyntaxError as error:
            raise ValueError(f"not a quoted text: {match[2][:80]!r}") from error
    return fields


def _binary(translations: dict[str, str]) -> bytes:
    """The .mo form: a header of seven numbers, two tables of lengths and offsets, then the texts."""
    pairs = sorted((key.encode(), value.encode()) for key, value in translations.items())
    tables = 28 + 16 * len(pairs)
    texts = bytearray()
    places: list[list[int]] = [[], []]
    for column in (0, 1):
        for pair in pairs:
            places[column] += [len(pair[column]), tables + len(texts)]
            texts += pair[column] + b"\0"
    header = struct.pack("<7I", 0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, tables)
    return header + b"".join(struct.pack(f"<{len(column)}I", *column) for column in places) + bytes(texts)


# --- pseudo-languages -----------------------------------------------------------------------------------

_PLACES: Final = re.compile(r"(\{[^{}]*\}|%(?:\(\w+\))?[rs])")
_LETTERS: Final = str.maketrans("AaCcDdEeGgHhIiJjKkLlNnOoRrSsTtUuWwYyZz", "ÅåÇçÐðÉéĜĝĤĥÎîĴĵĶķĻļÑñÖöŔŕŠšŢţÛûŴŵÝýŽž")
_FILLING: Final = "öñé ţŵö ţĥŕéé ƒöûŕ ƒîvé šîx "
_LONGER: Final = 0.4
_HEBREW: Final = str.maketrans("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", 2 * "אבכדעפגהיזקלמנופקרסתובשצטז")
"""Letters from right to left that a reader of both can guess the English from."""


class _Made(NullTranslations):
    """A language that is made from English by a rule."""

    def __init__(self, rule: Callable[[str], str]) -> None:
        super().__init__()
        self._rule = rule

    def gettext(self, message: str) -> str:
        """The sentence by the rule; one without letters stays."""
        return self._rule(message) if any(map(str.isalpha, _PLACES.sub("", message))) else message

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """English plural forms, by the rule."""
        return self.gettext(msgid1 if n == 1 else msgid2)

    def pgettext(self, _context: str, message: str) -> str:
        """As without context."""
        return self.gettext(message)


class Accented(_Made):
    """Accents on the letters, 40 % longer, in brackets: shows what was not translated, cut off or glued together."""

    def __init__(self) -> None:
        super().__init__(accented)


class Mirrored(_Made):
    """English in letters that run from right to left: shows what was not mirrored, and values that run into them."""

    def __init__(self) -> None:
        super().__init__(turned)


def accented(text: str) -> str:
    """⟦Šéñð öñ⟧ for Send."""
    parts = _PLACES.split(text)
    parts[::2] = [part.translate(_LETTERS) for part in parts[::2]]
    more = math.ceil(_LONGER * sum(map(len, parts[::2])))
    filling = (_FILLING * (more // len(_FILLING) + 1))[: max(1, more - 1)].rstrip()
    return f"⟦{''.join(parts)} {filling}⟧"


def turned(text: str) -> str:
    """*סענד* for Send."""
    parts = _PLACES.split(text)
    parts[::2] = [part.translate(_HEBREW) for part in parts[::2]]
    return "".join(parts)
