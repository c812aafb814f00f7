"""The catalogues that ship, whatever their language: nothing a translator can lose by accident is lost.

Whether a language is complete says `python -m tools.words --complete`: a new sentence should not break these tests.
"""

from __future__ import annotations

import re
from string import Formatter
from typing import TYPE_CHECKING

import pytest

from mistral_desk.core import catalogues, paths
from mistral_desk.core.paths import resource

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEPT = re.compile(
    r"--[a-z][a-z-]+|\bmistral-desk [a-z]+|\bdocs/[\w-]+\.md|[\w.-]+\.json\b|https?://[\w./:-]*\w"
    r"|\b[A-Z]{2,}_[A-Z_]+\b|&\w"
)
"""What stays as it is in every language: options, files, addresses, variables, commands, accelerators."""
PERCENT = re.compile(r"%(?:\(\w+\))?[rs]")
HEAD = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\nPlural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n'


def text_of(language: str) -> str:
    path = resource("i18n", language, "LC_MESSAGES", f"{catalogues.DOMAIN}.po")
    return path.read_text(encoding="utf-8")


def faults(text: str) -> Iterator[str]:
    """What is wrong with a catalogue, in words."""
    found = dict(catalogues.entries(text))
    head = found.pop("", "")
    lines = text.split("\n")
    if any(line.startswith("#,") and "fuzzy" in line for line in lines):
        yield "fuzzy entries"
    if any(line.startswith("#~") for line in lines):
        yield "entries that are out of use"
    written = sum(line.startswith("msgid ") for line in lines) - 1
    if written != len(found):
        yield f"{written - len(found)} entries are empty, fuzzy or doubled"
    match = re.search(r"nplurals=(\d+)", head)
    forms = int(match[1]) if match else 0
    for key, translation in found.items():
        for fault in _faults_of(key.rpartition("\x04")[2].split("\0"), translation.split("\0"), forms):
            yield f"{key!r}: {fault}"


def _faults_of(sources: list[str], said: list[str], forms: int) -> Iterator[str]:
    if len(said) != (forms if len(sources) == 2 else 1):
        yield "not as many plural forms as the language has"
    known = set().union(*map(places, sources), {"n"} if len(sources) == 2 else ())
    for form in said:
        if not places(form) <= known:
            yield f"{places(form) - known} is filled with nothing"
    if not places(sources[-1]) <= places(said[-1]):
        yield f"{places(sources[-1]) - places(said[-1])} is left out"
    for form in said:
        source = sources[-1]
        if not source.isspace() and (_edge(form), _edge(form[::-1])) != (_edge(source), _edge(source[::-1])):
            yield "other spaces at an end"
        if form.count("\n") != source.count("\n"):
            yield "other lines"
        if form.endswith("…") != source.endswith("…"):
            yield "an ellipsis at the end of one alone"
        if lost := {word for word in KEPT.findall(source) if word not in form}:
            yield f"{lost} is lost"


def places(text: str) -> set[str]:
    """What is filled in: ours by name, argparse's by a percent sign."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None} | set(PERCENT.findall(text))


def _edge(text: str) -> str:
    return text[: len(text) - len(text.lstrip())]


@pytest.mark.parametrize("language", catalogues.available())
def test_a_catalogue_keeps_what_it_must(language: str) -> None:
    assert list(faults(text_of(language))) == []
    assert f'"Language: {language}\\n"' in text_of(language)


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ('msgid "Hello, {name}!"\nmsgstr "Hallo, {nom}!"', "filled with nothing"),
        ('msgid "Hello, {name}!"\nmsgstr "Hallo!"', "is left out"),
        ('msgid "usage: %(prog)s"\nmsgstr "Aufruf: %(Programm)s"', "filled with nothing"),
        ('msgid "Hello"\nmsgstr ""', "empty"),
        ('#, fuzzy\nmsgid "Hello"\nmsgstr "Hallo"', "fuzzy"),
        ('#~ msgid "Hello"\n#~ msgstr "Hallo"', "out of use"),
        ('msgid "{n} day"\nmsgid_plural "{n} days"\nmsgstr[0] "{n} Tag"', "plural forms"),
        ('msgid "{n} day"\nmsgid_plural "{n} days"\nmsgstr[0] "{n} Tag"\nmsgstr[1] ""', "empty"),
        ('msgid "{n} day"\nmsgid_plural "{n} days"\nmsgstr[0] "{n} Tag"\nmsgstr[1] "Tage"', "is left out"),
        ('msgid "Key: "\nmsgstr "Schlüssel:"', "spaces"),
        ('msgid "one\\ntwo"\nmsgstr "eins zwei"', "lines"),
        ('msgid "Open…"\nmsgstr "Öffnen"', "ellipsis"),
        ('msgid "Add --yes."\nmsgstr "Geben Sie --ja an."', "is lost"),
        ('msgid "&Open"\nmsgstr "Öffnen"', "is lost"),
    ],
)
def test_what_a_translator_can_lose_is_noticed(entry: str, fault: str) -> None:
    assert fault in " ".join(faults(f"{HEAD}{entry}\n"))


def test_what_a_translator_may_do_is_no_fault() -> None:
    fine = (
        'msgid "One chat"\nmsgid_plural "{n} chats"\nmsgstr[0] "Ein Chat"\nmsgstr[1] "{n} Chats"',
        'msgctxt "between groups of three digits"\nmsgid "\u202f"\nmsgstr "."',
        'msgid "Nothing in {folder} is called {name}."\nmsgstr "{name} gibt es in {folder} nicht."',
    )
    assert list(faults(HEAD + "\n\n".join(fine) + "\n")) == []


def test_a_language_that_has_no_catalogue_or_one_without_end_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(FileNotFoundError, match="tlh"):
        catalogues.read("tlh")
    (tmp_path / "long.po").write_text(HEAD, encoding="utf-8")
    catalogues.read_file(tmp_path / "long.po")
    monkeypatch.setattr(catalogues, "_MAX_FILE", 10)
    with pytest.raises(ValueError, match="more than 10 bytes"):
        catalogues.read_file(tmp_path / "long.po")


def test_a_program_without_any_catalogue_speaks_english(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "_roots", lambda _frozen: (tmp_path,))
    assert catalogues.available() == ()
    assert catalogues.english().gettext("Stop") == "Stop"
