"""A catalogue is set as a typesetter of its language sets it: quotes, spaces, the way a person is spoken to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pytest

from mistral_desk.core import catalogues
from tools.words.__main__ import FOLDER, ROOT
from tools.words.sentences import collect

if TYPE_CHECKING:
    from collections.abc import Iterator

QUOTED: Final = re.compile(
    r'https?://\S+|\{"[^{}]*\}|"[^"]*"|\{[^{}"]*\}|%\(\w+\)[rs]|%[rs]|data:\S+|Authorization: \S+'
)
STYLE: Final = {
    "de": {
        "other quotes": re.compile(r"[”«»]|“(?=\w)"),
        "a break before an ellipsis": re.compile(r"[^\W\d_] ?…|[^\W\d_] …(?! )"),
        "du": re.compile(r"\b[Dd](?:u|ein|eine|ir|ich)\b"),
    },
    "fr": {
        "other quotes": re.compile(r"[“”„]"),
        "no narrow space": re.compile(r"(?<![\u202f\s(.])[;!?»](?!\w)|(?<=\w):(?= |$)| [;:!?»%](?=\s|$)|«(?!\u202f)"),
        "tu": re.compile(r"(?<!s’est )\b[Tt](?:u|on|es|oi)\b"),
    },
    "es": {
        "other quotes": re.compile(r"[“”„]"),
        "tú": re.compile(r"\b[Tt](?:ú|u|us|e|i)\b"),
    },
}
SPACED: Final = re.compile(r"[\d}] (?:[kMGT]B|[kMGT]o|ms|min|s|h|%)(?![\w’{])")


def slips(text: str, language: str) -> Iterator[str]:
    """What a typesetter of the language would mark."""
    plain = QUOTED.sub("X", text)
    yield from (name for name, pattern in STYLE[language].items() if pattern.search(plain))
    if SPACED.search(text):
        yield "a unit that a line may break off"
    if "'" in plain or (language == "es" and (text.count("?"), text.count("!")) != (text.count("¿"), text.count("¡"))):
        yield "signs of another language"
    if re.search(r"  |\( | \)| ,", plain):
        yield "spaces"


@pytest.mark.parametrize("language", sorted(STYLE))
def test_a_catalogue_is_set_as_its_language_is(language: str) -> None:
    text = (FOLDER / language / "LC_MESSAGES" / "mistral_desk.po").read_text(encoding="utf-8")
    found = [
        (name, form)
        for key, said in catalogues.entries(text)
        if key and not key.startswith(("decimal sign", "between groups"))
        for form in said.split("\0")
        for name in slips(form, language)
    ]
    assert found == []
    assert "# Glossary:" in text.split("msgid", 1)[0]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", 'Das "Modell" ist da'), ("de", "Wird geladen…"), ("de", "Öffne deine Datei"), ("de", "1,5 GB frei"),
        ("fr", "Ouvrir ?"), ("fr", "Ouvrir?"), ("fr", "Ouvre ton fichier"), ("fr", "le « modèle »"), ("fr", "l'image"),
        ("es", "Abrir?"), ("es", "Abre tu archivo"), ("es", "el “modelo”"),
    ],
)  # fmt: skip
def test_a_slip_is_seen(language: str, text: str) -> None:
    assert list(slips(text, language)) or '"' in text


def test_no_text_has_a_key_of_its_own_so_that_none_can_be_taken_twice() -> None:
    """Menus are reached by arrows and first letters; an ampersand would give two entries the same key."""
    assert [one.text for one in collect(ROOT)[0] if re.search(r"&\w", one.text + one.plural)] == []
