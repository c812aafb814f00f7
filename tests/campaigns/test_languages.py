"""What a person reads is in their language, runs in its direction and is not cut off; in a few states, quickly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from mistral_desk.core import words
from tests.campaigns import languages
from tools.gallery.states import STATES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SHORT: Final = {"de": ("library", "settings"), words.PSEUDO_RTL: ("library", "about", "sidebar-many")}
"""All in all languages: `python3 dev.py trust languages`."""


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    yield
    words.use("en")


@pytest.mark.slow
@pytest.mark.usefixtures("qapp")
@pytest.mark.parametrize(("language", "name"), [(tag, name) for tag, names in SHORT.items() for name in names])
def test_a_state_is_whole_in_a_language(language: str, name: str, allow_log: Callable[..., None]) -> None:
    allow_log("shown: ")
    (state,) = (one for one in STATES if one.name == name)
    found = languages.look(state, language)
    assert found.lost == []
    assert found.texts > 5


@pytest.mark.parametrize(
    ("text", "language", "fault"),
    [
        ("⟦Šéţ⟧ and more", words.PSEUDO, "not translated"),
        ("⟦Šéţţîñĝš öñ⟧", words.PSEUDO, ""),
        ("a.gguf יס הערע", words.PSEUDO_RTL, ""),  # as LTR as it stands: the next is what a window has
        ("יס הערע a.gguf", words.PSEUDO_RTL, "nothing keeps it apart"),
        ("\u2068My model\u2069 יס הערע", words.PSEUDO_RTL, ""),
        ("1.5\u00a0GB frei", "de", "1.5 is written as elsewhere"),
        ("1,5\u00a0GB von 1.234 Token", "de", ""),
        ("benutzt am 2026-11-29", "de", "2026-11-29 is written as elsewhere"),
        ("1.5\u00a0Go libres", "fr", "1.5 is written as elsewhere"),
        ("123456 tokens", "es", "123456 is written as elsewhere"),
        ("192.168.1.5:8080", "de", ""),
        ("Adresse, zum Beispiel 192.168.1.5", "de", ""),
        ("172.16.x.x bis 172.31.x.x oder 169.254.x.x.", "de", ""),
        ("llama.cpp 0123456789", "de", ""),
        ("Python 3.11.4, Qt 6.9.1", "de", ""),
    ],
)
def test_a_fault_is_seen(text: str, language: str, fault: str) -> None:
    assert list(languages.faults(text, language)) == ([fault] if fault else [])
