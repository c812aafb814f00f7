"""What holds in every language: a count has its plural form, a number its own signs, a catalogue its own typography."""

from __future__ import annotations

import ast
import errno
import os
import re
import sys
from functools import cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

import pytest

from mistral_desk.core import amounts, bidi, catalogues, reasons, words
from mistral_desk.core.errors import DeskError, Problem, in_words
from mistral_desk.core.message_text import Counted
from mistral_desk.core.messages import MESSAGES
from mistral_desk.core.words import tr, trn
from tools.words.__main__ import ROOT
from tools.words.sentences import Sentence, collect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    yield
    words.use("en")


@pytest.fixture
def speak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Speak a language whose catalogue is this text."""

    def put(tag: str, text: str) -> None:
        file = tmp_path / tag / "LC_MESSAGES" / "mistral_desk.po"
        file.parent.mkdir(parents=True)
        file.write_text(text, encoding="utf-8")
        monkeypatch.setattr(catalogues, "resource", lambda *parts: tmp_path.joinpath(*parts[1:]))
        words.use(tag)

    return put


# --- plural forms ---------------------------------------------------------------------------------------

TEXTS: Final = frozenset({
    "account", "active_billions", "address", "architecture", "before", "card", "computer", "computers", "cores",
    "days", "effort", "event", "file", "file_bytes", "files", "first", "folder", "gpu", "host", "keyword", "kind",
    "label", "memory", "model", "moment", "name", "names", "now", "other", "parts", "path", "place", "places",
    "program", "publisher", "quant", "quantization", "reason", "reference", "repository", "rest_bytes", "revision",
    "runs", "said", "size", "source", "state", "target", "tensor", "text", "theirs", "threads", "title", "tokens",
    "value", "version", "what", "who", "words",
})  # fmt: skip
"""Parameters that are names, or amounts with their unit already: nothing beside them has another form."""
COUNTS: Final = re.compile(r"\{(\w+)\}(?: (?:more|other|earlier|older|billion))? ([a-z]+s)\b|\{(n|count)\}")
PLAIN: Final = {
    "{name} has {width} × {height} pixels, more than can be opened safely.": "a size of pixels is never one",
    "Both can be true: a word uses {active_billions} of {total_billions} billion parameters. The GPU may hold those "
    "that every word uses, if memory holds the experts.": "a figure in billions, mostly with a decimal",
    "{model} has {total_billions} billion parameters.": "the same",
    "The tensors in this file hold {total_billions} billion parameters.": "the same",
    "{low} to {high} tokens/s": "a range, with a unit",
    "{low} to {high} tokens/s, most likely {middle}": "the same",
    "{number} tokens/s": "the bare end of a range, with a unit",
    "{number} tokens": "as the catalog publishes it, often no number",
    "Repaired with {count}. All of it is there.": "filled with a sentence of its own that has the form",
    "{program}: {count}, {size}": "the same",
    "Try anyway: about {minutes} minutes per answer, {thinking} with thinking.": "programs read it; people get a time",
    "The context is limited to {context} tokens.": "programs read it; people get the form",
    "{place} of {count}": "a place in a row",
    "{name}, now {place} of {count}": "the same",
    "Version {place} of {count}": "the same",
    "File {number} of {count}: {name}": "the same",
    "{first} + {n}": "a sum",
    "A rule of thumb by the file's {bits} bits a number and its name, {quant}: nobody has measured it.": "a decimal",
    "Lends {size} of memory, of which it reads {speed} GB/s. The network carries {way} MB/s, and there and back takes "
    "{turn} ms.": "units",
}
"""Sentences with a number and without plural forms, and why that is right."""


@cache
def every_sentence() -> tuple[Sentence, ...]:
    return tuple(collect(ROOT)[0])


def without_form(sentence: Sentence) -> bool:
    """Whether the sentence has a number beside a plural, and nothing that gives it another form."""
    if sentence.plural or sentence.places == ["src/mistral_desk/core/reasons.py"]:  # put together by developers
        return False
    return any((found[1] or found[3]) not in TEXTS for found in COUNTS.finditer(sentence.text))


def test_every_sentence_with_a_count_has_its_plural_form() -> None:
    sentences = every_sentence()
    assert [one.text for one in sentences if without_form(one) and one.text not in PLAIN] == []
    assert set(PLAIN) <= {one.text for one in sentences}, "what is allowed is still there"
    assert [one.text for one in sentences if re.search(r"\((?:s|es|n|en|e)\)", one.text + one.plural)] == []


def test_the_watch_sees_a_count_without_a_form() -> None:
    assert without_form(Sentence("{n} files"))
    assert without_form(Sentence("There are {number} chats."))
    assert without_form(Sentence("and {count} more"))
    assert not without_form(Sentence("{n} file", plural="{n} files"))
    assert not without_form(Sentence("{host} asks for it."))


@pytest.mark.parametrize(
    ("language", "none", "one", "many"),
    [
        ("en", "0 files", "1 file", "2 files"),
        ("de", "0 Dateien", "1 Datei", "2 Dateien"),
        ("fr", "0 fichier", "1 fichier", "2 fichiers"),
        ("es", "0 archivos", "1 archivo", "2 archivos"),
    ],
)
def test_no_counted_sentence_says_one_of_many(language: str, none: str, one: str, many: str) -> None:
    """*1 files* is wrong in all of them; French says *0 fichier*, too."""
    words.use(language)
    assert [trn("{n} file", "{n} files", n) for n in (0, 1, 2)] == [none, one, many]
    counted = Problem("model.truncated", {"name": "a.gguf", "missing": 1})
    assert "1 " in in_words(counted, tr).message
    assert in_words(counted, tr).message != in_words(Problem(counted.id, {"name": "a.gguf", "missing": 2}), tr).message


POLISH: Final = r"""
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\n"
"Plural-Forms: nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);\n"

msgid "{n} file"
msgid_plural "{n} files"
msgstr[0] "{n} plik"
msgstr[1] "{n} pliki"
msgstr[2] "{n} plików"

msgid "{limit} endpoint is the most."
msgid_plural "{limit} endpoints are the most."
msgstr[0] "Najwyżej {limit} punkt."
msgstr[1] "Najwyżej {limit} punkty."
msgstr[2] "Najwyżej {limit} punktów."
"""
ARABIC: Final = r"""
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\n"
"Plural-Forms: nplurals=6; plural=(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5);\n"

msgid "{n} file"
msgid_plural "{n} files"
msgstr[0] "لا ملفات"
msgstr[1] "ملف واحد"
msgstr[2] "ملفان"
msgstr[3] "{n} ملفات"
msgstr[4] "{n} ملفًا"
msgstr[5] "{n} ملف"
"""


def test_a_language_with_three_forms_has_all_of_them_in_problems_too(speak: Callable[[str, str], None]) -> None:
    speak("pl", POLISH)
    said = [trn("{n} file", "{n} files", n) for n in (0, 1, 2, 5, 12, 22, 112)]
    assert said == ["0 plików", "1 plik", "2 pliki", "5 plików", "12 plików", "22 pliki", "112 plików"]
    most = [in_words(Problem("endpoint.too_many", {"limit": n}), tr).message for n in (1, 3, 32, 50)]
    assert most == ["Najwyżej 1 punkt.", "Najwyżej 3 punkty.", "Najwyżej 32 punkty.", "Najwyżej 50 punktów."]


def test_a_language_with_six_forms_and_the_other_direction(speak: Callable[[str, str], None]) -> None:
    speak("ar", ARABIC)
    said = [
        trn("{n} file", "{n} files", n).translate({0x2066: "", 0x2068: "", 0x2069: ""})
        for n in (0, 1, 2, 7, 25, 100, 1001)
    ]
    assert said[:3] == ["لا ملفات", "ملف واحد", "ملفان"]
    assert [text.rpartition(" ")[2] for text in said[3:]] == ["ملفات", "ملفًا", "ملف", "ملف"]
    assert words.mirrored()


def test_a_message_that_counts_names_a_parameter_that_it_has() -> None:
    counted = [part for text in MESSAGES.values() for part in text if isinstance(part, Counted)]
    assert len(counted) > 25
    for part in counted:
        assert f"{{{part.by}}}" in part, part
        assert f"{{{part.by}}}" in part.one, part.one


# --- numbers, days, units -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "number", "size", "share", "day"),
    [
        ("en", "1\u202f234\u202f567.5", "1.5 MB", "42 %", "2026-11-29"),
        ("de", "1.234.567,5", "1,5\u00a0MB", "42\u00a0%", "29.11.2026"),
        ("fr", "1\u202f234\u202f567,5", "1,5\u00a0Mo", "42\u202f%", "29/11/2026"),
        ("es", "1\u202f234\u202f567,5", "1,5\u00a0MB", "42\u00a0%", "29/11/2026"),
    ],
)
def test_numbers_are_those_of_the_language_in_every_sentence(
    language: str, number: str, size: str, share: str, day: str
) -> None:
    words.use(language)
    assert amounts.number(1234567.5, 1) == number
    assert (amounts.file_size(1_500_000), amounts.percent(0.42)) == (size, share)
    assert amounts.written("2026-11-29 14:05") == f"{day} 14:05"
    assert amounts.written("yesterday") == "yesterday"
    room = in_words(Problem("library.no_room", {"folder": "/x", "needed": 12.5, "free": 3.0}), tr).message
    assert "12.5" in room if language == "en" else "12,5" in room
    assert "{" not in room
    tokens = in_words(Problem("prompt.too_long", {"tokens": 1234567, "name": "x", "context": 4096}), tr).message
    assert amounts.number(1234567) in tokens


def test_programs_and_the_log_read_plain_numbers() -> None:
    words.use("de")
    problem = Problem("prompt.too_long", {"tokens": 32768, "name": "x", "context": 4096})
    assert "32768 tokens" in in_words(problem).message
    assert "32768" in str(DeskError.of(problem))
    assert "status 404" in in_words(Problem("net.not_found", {"host": "x", "status": 404})).message


def test_a_status_is_no_amount() -> None:
    words.use("de")
    assert "(Status 1404)" in in_words(Problem("net.not_found", {"host": "x", "status": 1404}), tr).message


def test_no_sentence_counts_by_two_to_the_tenth() -> None:
    """*GiB* beside *GB* makes two sizes of one file."""
    sentences = every_sentence()
    assert [one.text for one in sentences if re.search(r"\b[KMGT]iB\b", one.text)] == []


# --- reasons --------------------------------------------------------------------------------------------

SYSTEM: Final = (
    "EACCES EPERM ENOENT ENOSPC EROFS EIO EISDIR ENOTDIR EEXIST ENAMETOOLONG EBUSY EMFILE ECONNREFUSED EADDRINUSE"
)


def reasons_in(source: str) -> Iterator[str]:
    """Reasons that code puts together, with `{}` for what it fills in."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        function = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        given = [one.value for one in node.keywords if one.arg in {"reason", "kind", "rule"}]
        if function in {"kill", "_wrong"}:
            given += node.args[-1:]
        elif function not in {"DeskError", "Problem"}:
            continue
        for value in given:
            if isinstance(value, ast.JoinedStr):
                yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in value.values)
            elif isinstance(value, ast.Constant) and isinstance(value.value, str) and function != "DeskError":
                yield value.value


def known(reason: str) -> bool:
    filled = reason.replace("{}", "7")
    return bool(filled) and (
        filled in {*reasons.SYSTEM, *reasons.PHRASES}
        or any(re.fullmatch(reasons._pattern(form), filled) for form in reasons.FORMS)
    )


ELSEWHERE: Final = {
    "{} {}": "a key of a file's header and its value",
    "{}: {}": "another program's own last words",
}
"""Reasons without a word of English."""


def test_every_reason_that_code_puts_together_can_be_said_in_another_language() -> None:
    found = {
        one: path.name
        for path in sorted((ROOT / "src").rglob("*.py"))
        if "server" not in path.parts  # programs ask it, and read English
        for one in reasons_in(path.read_text(encoding="utf-8"))
    }
    assert len(found) > 20
    sentences = {one.text for one in every_sentence()}
    assert {one: where for one, where in found.items() if not known(one) and one not in {*ELSEWHERE, *sentences}} == {}


def test_the_watch_sees_a_reason() -> None:
    assert list(reasons_in('raise DeskError("x", reason=f"{a} is odd")')) == ["{} is odd"]
    assert list(reasons_in('self.kill("it sleeps")')) == ["it sleeps"]
    assert not known("{} is odd")
    assert known("exit status {}")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows speaks the person's language itself")
def test_what_the_system_refuses_is_said_in_the_language() -> None:
    words.use("de")
    for name in SYSTEM.split():
        reason = os.strerror(getattr(errno, name))
        said = in_words(Problem("folder.not_writable", {"path": "/x", "reason": reason}), tr).message
        assert reason not in said, f"{reason} stays English"


def test_how_a_process_ended_is_said_in_the_language() -> None:
    words.use("de")
    for reason, said in (
        ("killed, SIGKILL", "zwangsweise beendet, SIGKILL"),
        ("exit status 134", "Exit-Status 134"),
        ("stack overflow, 0xC00000FD", "Stapelüberlauf, 0xC00000FD"),
        ("it did not stop within 10 seconds", "hielt nicht innerhalb von 10\u00a0s an"),
        ("nobody has ever said this", "nobody has ever said this"),
    ):
        assert said in in_words(Problem("engine.died", {"reason": reason}), tr).message
        assert reason in in_words(Problem("engine.died", {"reason": reason})).message


@pytest.mark.parametrize(
    ("host", "hint"),
    [
        ("127.0.0.1:8080", "Start the program"),
        ("localhost:1234", "Start the program"),
        ("[::1]:80", "Start the program"),
        ("192.168.1.5", "in the same network"),
        ("10.0.0.7:8080", "in the same network"),
        ("huggingface.co", "internet connection"),
        ("8.8.8.8", "internet connection"),
    ],
)
def test_what_cannot_be_reached_is_looked_for_where_it_is(host: str, hint: str) -> None:
    assert hint in in_words(Problem("net.unreachable", {"host": host, "reason": "nothing answers there"})).hint


# --- direction ------------------------------------------------------------------------------------------


def test_a_name_of_the_other_direction_turns_no_sentence_around() -> None:
    name = "ملف.gguf"
    assert tr("{name} is here", name=name) == f"\u2068{name}\u2069 is here"
    assert tr("{name} is here", name="file.gguf") == "file.gguf is here"
    assert "\u2068ملف\u2069" in in_words(Problem("model.missing", {"path": "ملف"}), tr).message


def test_a_text_of_values_alone_runs_as_the_language_does() -> None:
    words.use("qps-rtl")
    said = tr("{name}: {state}", name="file.gguf", state=tr("Paused"))
    assert said.startswith("\u200f\u2068file.gguf\u2069: ")
    assert bidi.runs_right_to_left(said)
    assert tr("{number} %", number="42") == "42 %", "a number alone has no direction to lose"


def test_facts_in_a_row_keep_their_order() -> None:
    assert words.beside("Q4_K_M", "", "5.0 GB") == "Q4_K_M · 5.0 GB"
    assert words.beside("ملف", "5.0 GB") == "\u2068ملف\u2069 · 5.0 GB"
    words.use("qps-rtl")
    said = words.beside("Q4_K_M", "5.0 " + tr("left"))
    assert bidi.runs_right_to_left(said), "the first fact is Latin, and the row is not"
    assert said.count("\u2068") == 2


def test_a_number_with_its_signs_does_not_turn() -> None:
    assert bidi.isolated("8 + 32") == "\u20668 + 32\u2069"
    assert bidi.isolated("42 %") == "\u206642 %\u2069"
    assert bidi.isolated("8 GB") == "\u20688 GB\u2069"


def test_the_words_of_a_place_do_not_run_into_the_sentence() -> None:
    assert bidi.direction("\u2068file\u2069 שלום") == "right"
    assert bidi.direction("\u2068שלום\u2069: file") == "left"
    assert bidi.direction("\u2068file\u2069") == ""
    assert bidi.placed("שלום {name}", {"name": "a b"}, mirrored=True)[1] == {"name": "\u2068a b\u2069"}
    assert bidi.placed("Hello {name}", {"name": "a b"}, mirrored=False)[1] == {"name": "a b"}
    path = PurePosixPath("/a/b")  # else its first slash would stand at its end
    assert bidi.placed("שלום {path}", {"path": path}, mirrored=True)[1] == {"path": "\u2068/a/b\u2069"}
