"""Names that strangers give, on one line: what cannot be seen makes no other name, and marks stay in their line."""

from __future__ import annotations

import unicodedata
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as some

from mistral_desk.core.strangers import plain, title

_UNSEEN: Final = (
    "\u034f\u17b4\u17b5\u180b\u180c\u180d\u180e\u180f\u00ad\u061c\u200b\u200c\u200d\u200e\u202e\u2060\u2064\u206f\ufeff"
    "\ufe00\ufe0d\ufe0e\ufe0f\ufff0\ufff9\U0001bca0\U0001d173\U00016fe4\U000e0001\U000e0020\U000e007f\U000e0100\U000e01ef"
)
_EMPTY: Final = "\u115f\u1160\u2000\u2007\u2028\u202f\u205f\u2800\u3000\u3164\uffa0\U0001d159"


@pytest.mark.parametrize("sign", _UNSEEN, ids=ascii)
def test_what_shows_nothing_makes_no_other_name(sign: str) -> None:
    for name in (f"Mistral{sign} 7B", f"{sign}Mistral 7B", f"Mistral 7B{sign}", f"Mistral 7{sign * 9}B"):
        assert plain(name, 80) == "Mistral 7B"
    assert plain(sign * 50, 80) == ""


@pytest.mark.parametrize("sign", _EMPTY, ids=ascii)
def test_what_is_empty_is_a_space_and_alone_no_name(sign: str) -> None:
    assert plain(f"{sign}Mistral{sign * 3}7B{sign}", 80) == "Mistral 7B"
    assert plain(f"{sign} {sign}", 80) == ""


def test_marks_stay_over_their_letter_and_in_their_line() -> None:
    pile = "".join(map(chr, range(0x300, 0x340)))
    for name in ("a" + pile, "a" + "\u0336" * 60, "a" + "\u20dd" * 60):
        found = plain(name, 480)
        assert found[0] == "a"
        assert len(found) <= 6
    assert plain(f"{pile}Mistral {pile}7B", 480) == "Mistral 7B", "and over nobody else's"


@pytest.mark.parametrize(
    "name",
    [
        "Mistral 7B",
        "Zoë",
        "Zoe\u0308",
        "Việt Nam",
        "ที่นี่",
        "हिन्दी",
        "རྒྱུད་",
        "שִׁיר",
        "مُحَمَّد",
        "日本語",
        "한국어",
        "M_2.1-x@y",
    ],
)
def test_names_in_every_script_stay_as_they_are(name: str) -> None:
    assert plain(name, 80) == name == title(name)


@pytest.mark.parametrize("emoji", ["❤️", "👩‍💻", "👨‍👩‍👧", "🏳️‍🌈", "👍🏽", "👩🏽‍⚕️", "1️⃣", "🇫🇷", "↔️", "©️"], ids=ascii)
def test_emoji_stay_whole(emoji: str) -> None:
    assert plain(f"Mistral {emoji} 7B", 80) == f"Mistral {emoji} 7B"
    assert plain(emoji, 80) == emoji


def test_what_joins_emoji_joins_nothing_else() -> None:
    assert plain("7\ufe0fB\u200d +\ufe0f 👍\u200d", 80) == "7B + 👍"
    assert plain("👩\u200d💻", 2) == "👩"


@given(some.text(some.characters(exclude_categories=()) | some.sampled_from(_UNSEEN + _EMPTY), max_size=60))
def test_of_any_name_only_what_can_be_seen_is_left_and_that_is_its_name(name: str) -> None:
    found = plain(name, 100)
    assert plain(found, 100) == found
    assert found == found.strip()
    assert not {unicodedata.category(letter) for letter in found if letter != "\u200d"} & {"Cc", "Cf", "Cs", "Co", "Cn"}
