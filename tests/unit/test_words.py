"""Languages: catalogues as translators write them, plural forms, pseudo-languages, and which language is chosen."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as some

from mistral_desk.core import amounts, bidi, catalogues, words
from mistral_desk.core.errors import Problem, in_words
from mistral_desk.core.settings import LANGUAGE, glance
from mistral_desk.core.words import tr, trc, trn
from tools.words import __main__ as collector
from tools.words.template import _quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

RUSSIAN = r"""
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\n"
"Plural-Forms: nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);\n"

# said at the door
msgid "Hello, {name}!"
msgstr "Привет, {name}!"

msgid "{n} token"
msgid_plural "{n} tokens"
msgstr[0] "{n} токен"
msgstr[1] "{n} токена"
msgstr[2] "{n} токенов"

msgctxt "a button"
msgid "Open"
msgstr "Открыть"

msgid "Open"
msgstr "Открыто"

msgid ""
"A sentence on "
"two lines\n"
"with \"quotes\""
msgstr "Два\nряда \"тут\""

#, fuzzy
msgid "Doubtful"
msgstr "Сомнительно"

msgid "Not yet"
msgstr ""

#~ msgid "Gone"
#~ msgstr "Ушло"

msgid "Broken {name}"
msgstr "Сломано {nom}"

msgctxt "between groups of three digits"
msgid " "
msgstr "."

msgctxt "decimal sign"
msgid "."
msgstr ","
"""


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    yield
    words.use("en")


@pytest.fixture
def speak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put a catalogue where the program finds it, and speak it."""

    def put(text: str, tag: str = "ru") -> None:
        file = tmp_path / tag / "LC_MESSAGES" / "mistral_desk.po"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        monkeypatch.setattr(catalogues, "resource", lambda *parts: tmp_path.joinpath(*parts[1:]))
        words.use(tag)

    return put


def test_english_is_what_stands_in_the_code() -> None:
    assert tr("Hello, {name}!", name="Ada") == "Hello, Ada!"
    assert tr("Hello, {name}!") == "Hello, {name}!"
    assert tr("") == ""
    assert [trn("{n} token", "{n} tokens", n) for n in (0, 1, 2)] == ["0 tokens", "1 token", "2 tokens"]
    assert trc("a button", "Open") == "Open"


def test_a_catalogue_translates_with_contexts_and_plural_forms(speak: Callable[..., None]) -> None:
    speak(RUSSIAN)
    assert tr("Hello, {name}!", name="Ада") == "Привет, Ада!"
    forms = [trn("{n} token", "{n} tokens", n) for n in (1, 3, 5, 11, 21, 112, 1002)]
    assert forms == ["1 токен", "3 токена", "5 токенов", "11 токенов", "21 токен", "112 токенов", "1.002 токена"]
    assert (trc("a button", "Open"), tr("Open")) == ("Открыть", "Открыто")
    assert tr('A sentence on two lines\nwith "quotes"') == 'Два\nряда "тут"'


def test_what_is_not_translated_stays_english(speak: Callable[..., None]) -> None:
    speak(RUSSIAN)
    assert [tr(text) for text in ("Doubtful", "Not yet", "Gone", "Never heard")] == [
        "Doubtful",
        "Not yet",
        "Gone",
        "Never heard",
    ]
    assert trn("{n} chat", "{n} chats", 1) == "1 chat"


def test_a_translation_with_another_placeholder_gives_way_to_english(
    speak: Callable[..., None], allow_log: Callable[..., None]
) -> None:
    speak(RUSSIAN)
    allow_log("does not fit its sentence")
    assert tr("Broken {name}", name="x") == "Broken x"


def test_numbers_follow_the_language(speak: Callable[..., None]) -> None:
    assert amounts.number(1234567.891, 2) == "1\u202f234\u202f567.89"
    assert (amounts.number(-1234), amounts.number(999)) == ("-1\u202f234", "999")
    speak(RUSSIAN)
    assert amounts.number(1234567.891, 2) == "1.234.567,89"


def test_shares_and_times() -> None:
    assert [amounts.percent(share) for share in (-1, 0, 0.996, 1, 7)] == ["0 %", "0 %", "99 %", "100 %", "100 %"]
    said = [amounts.about(seconds) for seconds in (None, 1.0, 3.2, 21.0, 88.0, 200.0)]
    assert said == ["", "", "about 3 s", "about 20 s", "about 90 s", "about 3 min"]
    assert (amounts.speed(12.34), amounts.speed(130.4), amounts.speed(1)) == (
        "12.3 tokens/s",
        "130 tokens/s",
        "1.0 token/s",
    )
    assert [amounts.memory(size) for size in (0, 2**20, 2**29, 2**34)] == ["0.0 GB", "1.0 MB", "0.5 GB", "16 GB"]
    assert amounts.month(2026, 11) == "November 2026"


@pytest.mark.parametrize(
    "text",
    [
        'msgid "a"\nmsgstr "b',
        'msgid "a"\nmsgstr b',
        '"no keyword"',
        'msgid "a"\nmsgid "a"\nmsgstr "b"',
        'msgid ""\nmsgstr "Plural-Forms: nplurals=2; plural=__import__(1);\\n"',
        'msgid "a\\"',
        "\0",
    ],
)
def test_a_broken_catalogue_gives_english_and_a_line_in_the_log(
    text: str, speak: Callable[..., None], allow_log: Callable[..., None]
) -> None:
    allow_log("cannot be read")
    speak(text)
    assert words.language() == "en"
    assert tr("a") == "a"


@pytest.mark.slow
@given(some.dictionaries(some.text(min_size=1), some.text(min_size=1), max_size=6))
def test_every_text_survives_the_file(texts: dict[str, str]) -> None:
    texts = {key.replace("\0", ""): value.replace("\0", "") for key, value in texts.items()}
    lines = "".join(f"msgid {_quoted(key)}\nmsgstr {_quoted(value)}\n\n" for key, value in texts.items())
    if all(line.isprintable() for line in lines.split("\n")):
        assert dict(catalogues.entries(lines)) == {key: value for key, value in texts.items() if value}


@pytest.mark.skipif(shutil.which("msgfmt") is None, reason="gettext's own tools are not on this computer")
def test_gettext_s_own_tools_read_our_template(tmp_path: Path) -> None:
    template = tmp_path / "mistral_desk.pot"
    assert collector.main(["--out", str(template)]) == 0
    done = subprocess.run(
        ["msgfmt", "--check-format", "-o", str(tmp_path / "out.mo"), str(template)],
        check=False, capture_output=True, encoding="utf-8",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_the_pseudo_language_accents_lengthens_and_keeps_values() -> None:
    words.use("qps")
    said = tr("Open a page of {host} in your browser?", host="example.org")
    assert said.startswith("⟦Ö")
    assert said.endswith("⟧")
    assert "example.org" in said
    assert "Open" not in said
    assert len(said) >= 1.4 * len("Open a page of example.org in your browser?") - 4
    assert tr("{number} %", number=4) == "4 %"
    assert trn("{n} token", "{n} tokens", 2).startswith("⟦2 ")


def test_the_mirrored_pseudo_language_turns_everything_but_values() -> None:
    words.use("qps-rtl")
    assert words.mirrored()
    assert tr("Send") == "סענד"
    assert tr("Reset {label}", label="Theme") == "רעסעת \u2068Theme\u2069"


def test_a_path_in_a_sentence_from_right_to_left_stays_whole() -> None:
    words.use("qps-rtl")
    said = in_words(Problem("model.missing", {"path": "/models/one.gguf"}), tr)
    assert "\u2068/models/one.gguf\u2069" in said.message
    words.use("en")
    assert "\u2068" not in in_words(Problem("model.missing", {"path": "/models/one.gguf"}), tr).message


def test_which_languages_are_written_from_right_to_left() -> None:
    assert [tag for tag in ("en", "ar", "ar-EG", "he", "fa", "qps", "de", "ur-PK") if words.mirrored(tag)] == [
        "ar",
        "ar-EG",
        "he",
        "fa",
        "ur-PK",
    ]


@pytest.mark.parametrize(
    ("wish", "tag"),
    [
        ("de_AT.UTF-8@euro", "de-AT"),
        ("pt-br", "pt-BR"),
        ("zh_Hant_TW", "zh-Hant-TW"),
        ("C", ""),
        ("C.UTF-8", ""),
        ("POSIX", ""),
        ("", ""),
        ("qps-RTL", "qps-rtl"),
        ("../../etc", ""),
        ("en\n", "en"),
    ],
)
def test_a_tag_is_read_from_any_spelling(wish: str, tag: str) -> None:
    assert words.tag_of(wish) == tag


def test_the_language_is_the_environment_s_then_the_setting_s_then_the_system_s(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(words.VARIABLE, raising=False)
    monkeypatch.setattr(catalogues, "available", lambda: ("de", "pt-BR"))
    assert words.preferred("system", ["fr-FR", "de-AT", "en-US"]) == "de"
    assert words.preferred("system", ["fr-FR"]) == "en"
    assert words.preferred("pt-BR", ["de"]) == "pt-BR"
    assert words.preferred("en", ["de"]) == "en"
    monkeypatch.setenv(words.VARIABLE, "de_DE.UTF-8")
    assert words.preferred("pt-BR", ["en"]) == "de"
    monkeypatch.setenv(words.VARIABLE, "qps")
    assert words.preferred("pt-BR", ["en"]) == "qps"
    monkeypatch.setenv(words.VARIABLE, "tlh")
    assert words.preferred("system", ["pt-BR"]) == "pt-BR"
    monkeypatch.delenv(words.VARIABLE)
    assert words.preferred("qps", []) == "en"  # the pseudo-languages are no setting


def test_the_environment_of_a_terminal_names_the_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    assert words.system_wishes() == []
    monkeypatch.setenv("LANG", "fr_FR.UTF-8")
    assert words.system_wishes() == ["fr_FR.UTF-8"]
    monkeypatch.setenv("LC_ALL", "C")
    assert words.system_wishes() == ["C"]
    monkeypatch.setenv("LANGUAGE", "de:en")
    assert words.system_wishes() == ["de", "en"]


def test_every_catalogue_can_be_chosen_and_read() -> None:
    for tag in catalogues.available():
        assert tag in LANGUAGE.choices, f"{tag} has a catalogue, but appearance.language does not offer it"
        catalogues.read(tag)
    assert set(LANGUAGE.choices) - {"system", "en"} <= set(catalogues.available())


@pytest.mark.parametrize(
    "content", [None, b"", b"{", b'{"appearance.language": 7}', b'{"appearance.language": "xx"}', b"[]", b"\xff"]
)
def test_the_setting_is_glanced_at_without_touching_the_file(content: bytes | None, tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    if content is not None:
        file.write_bytes(content)
    assert glance(file, LANGUAGE) == "system"
    assert [path.name for path in tmp_path.iterdir()] == (["settings.json"] if content is not None else [])


def test_the_setting_is_read(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_bytes(b'{"appearance.language": "en", "other": 1}')
    assert glance(file, LANGUAGE) == "en"


def test_problems_are_translated_at_the_edge() -> None:
    words.use("qps")
    said = in_words(Problem("model.missing", {"path": "/models/one.gguf"}), tr)
    assert all(part.startswith("⟦") and part.endswith("⟧") for part in (said.title, said.message, said.hint))
    assert "/models/one.gguf" in said.message


def test_the_names_of_places_have_no_direction() -> None:
    """A sentence that begins with a value still runs where its own letters run."""
    assert bidi.runs_right_to_left("{name}: \u05e4\u05e0\u05d5\u05d9")
    assert not bidi.runs_right_to_left("{name}: free")
