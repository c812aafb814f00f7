"""The words that a person reads, in their language: one mechanism for window and command line, without Qt.

English stands in the code and is complete; the other languages are catalogues of the same sentences.
"""

from __future__ import annotations

import ctypes
import locale
import logging
import os
import re
import sys
from typing import TYPE_CHECKING, Final

from mistral_desk.core import bidi, catalogues

if TYPE_CHECKING:
    from collections.abc import Sequence
    from gettext import NullTranslations

_log: Final = logging.getLogger(__name__)
ENGLISH: Final = "en"
PSEUDO: Final = "qps"
PSEUDO_RTL: Final = "qps-rtl"
VARIABLE: Final = "MISTRAL_DESK_LANGUAGE"
"""The environment variable that goes before the setting; the only way to the pseudo-languages."""
_MIRRORED: Final = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi", PSEUDO_RTL})


class _Speech:
    """The language in force: set once at start, before anything is shown."""

    language: str = ENGLISH
    catalogue: NullTranslations = catalogues.english()


def mark(text: str) -> str:
    """The text as it is. Marks a sentence that stands as a constant and is handed to `tr` later."""
    return text


def tr(text: str, /, **params: object) -> str:
    """An English sentence in the person's language, its `{name}`s filled with `params`.

    Without `params` braces stay as they are, so that a text can be translated first and filled later.
    """
    return _filled(_Speech.catalogue.gettext(text), text, params) if text else ""


def trn(one: str, many: str, n: int, /, **params: object) -> str:
    """The form that fits the number `n`, with `{n}` written as the language writes numbers."""
    return _filled(form(one, many, n), one if n == 1 else many, {"n": number(n), **params})


def form(one: str, many: str, n: int) -> str:
    """The form that fits the number `n`, not filled yet."""
    return _Speech.catalogue.ngettext(one, many, n)


def trc(context: str, text: str, /, **params: object) -> str:
    """As `tr`, for a word that means something else elsewhere; `context` tells a translator which it is."""
    return _filled(_Speech.catalogue.pgettext(context, text), text, params)


def beside(*facts: str, between: str = " \N{MIDDLE DOT} ") -> str:
    """Facts in a row, the empty ones left out; each is kept apart where it would turn those beside it around."""
    text, values = bidi.placed("", {str(place): fact for place, fact in enumerate(facts) if fact}, mirrored=mirrored())
    return text + between.join(map(str, values.values()))


def number(value: float, digits: int = 0) -> str:
    """A number with `digits` after the decimal sign, in groups of three."""
    sign, groups = trc("decimal sign", "."), trc("between groups of three digits", "\N{NARROW NO-BREAK SPACE}")
    return f"{value:,.{digits}f}".translate({ord(","): groups, ord("."): sign})


def use(language: str) -> None:
    """Speak this language from now on; one that has no catalogue gives English."""
    try:
        _Speech.catalogue = _catalogue(language)
        _Speech.language = language
    except (OSError, ValueError) as error:
        _log.warning("the words of %s cannot be read: %s", language, error)
        _Speech.catalogue, _Speech.language = catalogues.english(), ENGLISH


def language() -> str:
    """The language in force, as its tag (`en`, `pt-BR`)."""
    return _Speech.language


def mirrored(tag: str | None = None) -> bool:
    """Whether a language (else the one in force) is written from right to left."""
    tag = tag or _Speech.language
    return tag in _MIRRORED or tag.partition("-")[0] in _MIRRORED


def preferred(setting: str = "system", wishes: Sequence[str] | None = None) -> str:
    """The language to use: the environment's, else the setting's, else the first of `wishes` that there is.

    `wishes` are the system's languages, best first; None asks the system in the ways that need no window.
    """
    asked = tag_of(os.environ.get(VARIABLE, ""))
    if asked in (PSEUDO, PSEUDO_RTL):
        return asked
    if wishes is None:
        wishes = system_wishes()
    offered = {ENGLISH, *catalogues.available()}
    for wish in (asked, *([setting] if setting != "system" else wishes)):
        tag = tag_of(wish)
        while tag:
            if tag in offered:
                return tag
            tag = tag.rpartition("-")[0]
    return ENGLISH


def system_wishes() -> list[str]:
    """The languages that the system names without a window: the environment's, on Windows the display's."""
    if sys.platform == "win32":
        name = locale.windows_locale.get(ctypes.windll.kernel32.GetUserDefaultUILanguage())
        return [name] if name else []
    else:
        if listed := os.environ.get("LANGUAGE"):
            return [wish for wish in listed.split(":") if wish]
        wishes = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
        return [wish for wish in wishes if wish][:1]


def tag_of(wish: str) -> str:
    """A language's tag from any of its spellings: `de_AT.UTF-8@euro` is `de-AT`; `C` is none."""
    match = re.fullmatch(r"([A-Za-z]{2,3})((?:[_-][A-Za-z0-9]{2,8})*)(?:\.[^@]*)?(?:@.*)?", wish.strip())
    if not match or match[1].lower() == "c":
        return ""
    if wish.strip().lower() in (PSEUDO, PSEUDO_RTL):
        return wish.strip().lower()
    parts = re.split("[_-]", match[2])[1:]
    return "-".join([match[1].lower(), *(part.upper() if len(part) == 2 else part.capitalize() for part in parts)])


def _catalogue(language: str) -> NullTranslations:
    if language == ENGLISH:
        return catalogues.english()
    if language == PSEUDO:
        return catalogues.Accented()
    if language == PSEUDO_RTL:
        return catalogues.Mirrored()
    return catalogues.read(language)


def _filled(text: str, source: str, params: dict[str, object]) -> str:
    if not params:
        return text
    try:
        marked, values = bidi.placed(text, params, mirrored=mirrored())
        return marked.format(**values)
    except (LookupError, ValueError, AttributeError) as error:
        _log.warning("a translation does not fit its sentence: %r (%s)", source, error)
        return source.format(**params)
