"""The log's marks: what came from outside can be taken out of it, whatever it was, and what is the program's stays."""

from __future__ import annotations

import ast
import importlib.metadata
import io
import logging
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mistral_desk
from mistral_desk.core.errors import DeskError
from mistral_desk.core.log_marks import FILLED, KNOWN, Marking, told
from tools.origin import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET: Final = "Rumpelstilzchen"
_WAYS: Final = frozenset({"debug", "info", "warning", "error", "critical", "exception", "log"})
"""How a logger is called."""
_LOGS: Final = re.compile(r"\blog\.|\b_log\.|\blogging\.")
"""Where one may be called: all else need not be taken apart."""


class Kept:
    """A log in memory: `text` as the file has it, `plain` as a report has it."""

    def __init__(self, logger: logging.Logger) -> None:
        self.stream, self.logger = io.StringIO(), logger
        handler = logging.StreamHandler(self.stream)
        handler.setFormatter(Marking())
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(logging.DEBUG)

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def plain(self) -> str:
        return "\n".join(told(self.text)[0])


def kept_by(name: str) -> Kept:
    """A logger that nobody else has."""
    return Kept(logging.Logger(name))  # noqa: LOG001 - it is to stand for itself


@pytest.fixture
def ours() -> Kept:
    return kept_by("mistral_desk.room")


def failed(error: BaseException) -> BaseException:
    """It, as if it had been raised here."""
    try:
        raise error  # noqa: TRY301 - it is wanted here
    except BaseException as caught:  # noqa: BLE001 - whatever it is
        return caught


def test_sentences_numbers_ids_and_the_system_s_errors_stay(ours: Kept) -> None:
    ours.logger.info("worker %d took %.1f s: %s", 17, 2.5, "/home/anna/x")
    ours.logger.info("%s", DeskError("model.missing", path="/home/anna/x"))
    ours.logger.warning("it was not saved: %s", OSError(28, "No space left on device", "/home/anna/x"))
    ours.logger.info("it failed with %s", type(ValueError()).__name__)
    assert "worker 17 took 2.5 s: ⟨/home/anna/x⟩" in ours.text
    assert "worker 17 took 2.5 s: ⟨…⟩" in ours.plain
    assert "| model.missing" in ours.plain
    assert f"it was not saved: [Errno 28] {os.strerror(28)}" in ours.plain
    assert "it failed with ValueError" in ours.plain
    assert "anna" not in ours.plain


def test_a_traceback_says_where_and_not_what(ours: Kept) -> None:
    error = failed(ValueError(SECRET))
    error.__cause__ = failed(KeyError(f"{SECRET}\n    File x"))
    ours.logger.error("an error that nobody foresaw", exc_info=error)
    assert SECRET in ours.text
    assert SECRET not in ours.plain
    assert ours.plain.count("Traceback (most recent call last):") == 2
    assert "ValueError: ⟨…⟩" in ours.plain


def test_code_of_a_stranger_is_not_told(ours: Kept) -> None:
    try:
        exec(compile(f"def {SECRET}():\n    raise ValueError\n{SECRET}()", f"<{SECRET}>", "exec"), {})  # noqa: S102
    except ValueError:
        ours.logger.exception("a template failed")
    assert SECRET in ours.text
    assert SECRET not in ours.plain


def test_of_another_library_nothing_is_told_but_that_it_spoke() -> None:
    theirs = kept_by("asyncio")
    theirs.logger.error(f"Task exception was never retrieved {SECRET}")
    assert "asyncio | ⟨…⟩" in theirs.plain


@given(before=st.text(), after=st.text(), wide=st.booleans())
def test_nothing_of_what_is_filled_in_gets_through(before: str, after: str, wide: bool) -> None:
    """Lines that look like the log's own, marks, and all kinds of line ends are among it."""
    kept = kept_by("mistral_desk.room")
    head = "2026-11-30 00:00:00,000 INFO    1 MainThread mistral_desk.room | "
    value = f"{before}\n{head}{SECRET}⟩{SECRET}⟨\r{head}{SECRET}\u2028{after}"
    if wide:
        kept.logger.info("%s and %r", value, {value: value})
    else:
        kept.logger.error("%s", failed(ValueError(value)), exc_info=failed(ValueError(value)))
    assert SECRET in kept.text
    for text in (kept.text, kept.text.replace("\r", "\n")):
        assert SECRET not in "\n".join(told(text)[0])
    assert len(told(kept.text)[0]) == 1, "nothing that is logged looks like a line of its own"


@pytest.mark.parametrize(
    "number", ["99999999999", "9" * 5000, "99999", "-1", "\u0663\u0663", "1512345678", "", "0x2", " 2"]
)
@pytest.mark.parametrize("kind", ["Errno", "WinError"])
def test_a_number_that_no_system_has_is_told_by_nobody_and_stops_no_report(ours: Kept, kind: str, number: str) -> None:
    ours.logger.warning("it was moved: %s", f"[{kind} {number}] {SECRET}")
    said = ours.plain.partition("it was moved: ")[2]
    assert said == ("[WinError 99999]" if (kind, number) == ("WinError", "99999") else "⟨…⟩")


def test_a_line_that_cannot_be_read_does_not_take_the_others_with_it(
    ours: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours.logger.info("the first")
    ours.logger.info("it failed: %s", f"[Errno 2] {SECRET}")
    ours.logger.info("the last")

    def fails(number: int) -> str:
        raise OverflowError(number)

    monkeypatch.setattr(os, "strerror", fails)
    told_lines, unknown = told(ours.text)
    assert [line.partition(" | ")[2] for line in told_lines] == ["the first", "the last"]
    assert unknown == 1


@pytest.mark.parametrize("between", ["an older version's line:", "\n"])
def test_what_stands_behind_an_unknown_line_is_not_taken_for_one_of_ours(ours: Kept, between: str) -> None:
    ours.logger.info("worker %d", 3)
    text = f"{ours.text}{between}\n    loading {SECRET}\n{ours.text}"
    plain, unknown = told(text)
    assert SECRET not in "\n".join(plain)
    assert (len(plain), unknown) == (2, 1 + bool(between.strip()))


def test_lines_of_another_kind_are_left_out_and_counted() -> None:
    old = f"2026-11-30 00:00:00,000 INFO    1 MainThread mistral_desk.room: {SECRET}\n  {SECRET}\n"
    assert told(old) == ([], 2)


@pytest.mark.parametrize("kind", ["s", "r", "a"])
@pytest.mark.parametrize("form", ["", ".3", "-30", "30.8", "010"])
def test_no_way_to_fill_a_sentence_in_loses_the_marks(ours: Kept, form: str, kind: str) -> None:
    """`%a` writes every letter beyond English anew, and a bound of length cuts an end off."""
    for value in (SECRET, {SECRET}, [Path(SECRET)], failed(ValueError(SECRET))):
        ours.logger.info(f"100 %% of %{form}{kind} and %d", value, 3)
    ours.logger.info(f"it is %(what){form}{kind}", {"what": SECRET, "other": SECRET})
    ours.logger.info(f"it is %{form}{kind}", {"what": SECRET})
    assert SECRET[:2] in ours.text
    assert SECRET[:2] not in ours.plain
    assert ours.plain.count("100 % of ⟨…⟩ and 3") == 4
    assert ours.plain.count("it is ⟨…⟩") == 2


def test_a_number_is_told_and_what_only_counts_as_one_is_not(ours: Kept) -> None:
    class Named(int):
        def __str__(self) -> str:
            return SECRET

    ours.logger.info("%s, %d, %5.1f, %s and %s", True, Named(3), 2.25, Named(4), 5)
    assert ours.plain.endswith("True, 3,   2.2, ⟨…⟩ and 5")
    assert SECRET in ours.text


@pytest.mark.parametrize("given", [(), ("a", SECRET), ({"other": SECRET},)])
def test_what_does_not_fit_its_sentence_is_kept_and_marked(ours: Kept, given: tuple[object, ...]) -> None:
    ours.logger.info("it is %(what)d", *given or (SECRET,))
    assert SECRET in ours.text
    assert SECRET not in ours.plain
    assert len(told(ours.text)[0]) == 1


def test_names_in_code_that_is_somebody_s_own_are_not_told(ours: Kept, tmp_path: Path) -> None:
    """A keyring of a person's own company, say, is code that this program imports."""
    code = "class LockedError(Exception): pass\ndef find(): raise LockedError\n"
    names: dict[str, Any] = {"__name__": f"{SECRET}.vault"}
    exec(compile(code, tmp_path / "site-packages" / SECRET / "vault.py", "exec"), names)  # noqa: S102
    try:
        names["find"]()
    except names["LockedError"]:
        ours.logger.exception("the keyring did not answer")
    assert f"{SECRET}.vault.LockedError" in ours.text
    assert SECRET not in ours.plain
    assert "LockedError" not in ours.plain
    ours.logger.error("an error of what comes along", exc_info=failed(msgspec.ValidationError(SECRET)))
    assert "msgspec.ValidationError: ⟨…⟩" in ours.plain


def test_what_the_program_is_made_of_is_known_by_its_modules() -> None:
    lock = (ROOT / "requirements" / "app.lock").read_text(encoding="utf-8")
    locked = {_plain(name) for name in re.findall(r"^([\w.-]+)==", lock, re.MULTILINE)}
    made = importlib.metadata.packages_distributions().items()
    modules = {module for module, names in made if locked & set(map(_plain, names))}
    assert len(modules) > 30
    assert modules - KNOWN == set()


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).casefold()


def test_every_sentence_of_the_log_is_written_in_the_program_and_is_filled_in_as_it_says() -> None:
    """A sentence that is made while the program runs would not be marked; one that does not fit says nothing."""
    files = {file: file.read_text(encoding="utf-8") for file in Path(mistral_desk.__file__).parent.rglob("*.py")}
    calls = [(file, call) for file, code in files.items() if _LOGS.search(code) for call in _calls(ast.parse(code))]
    assert len(calls) > 150
    assert [f"{file.name}:{call.lineno}" for file, call in calls if not _fits(call)] == []


@pytest.mark.parametrize(
    "code",
    [
        "log.info(f'a {x}')",
        "log.info('a' + x)",
        "log.info('a %s' % x)",
        "log.info('a {}'.format(x))",
        "log.info(words)",
        "logging.getLogger(__name__).error(words)",
        "self._log.warning('%s')",
        "log.info('a', x)",
        "log.log(20, words)",
        "log.info('%*d', 3, x)",
        "log.info('%s', *rest)",
    ],
)
def test_a_sentence_that_is_made_would_be_found(code: str) -> None:
    (call,) = _calls(ast.parse(code))
    assert not _fits(call)


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    """Calls of loggers, by the names that loggers have here, or asked for where they are used."""
    for one in ast.walk(tree):
        if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute) and one.func.attr in _WAYS:
            whose = ast.unparse(one.func.value)
            if whose.rpartition(".")[2] in {"log", "_log", "logging"} or "getLogger(" in whose:
                yield one


def _fits(call: ast.Call) -> bool:
    given = call.args[1:] if call.func.attr == "log" else call.args  # type: ignore[attr-defined]
    sentence, *values = given
    if not isinstance(sentence, ast.Constant) or not isinstance(sentence.value, str):
        return False
    found = [one for one in FILLED.finditer(sentence.value) if one["kind"] != "%"]
    whole = FILLED.sub("", sentence.value)
    starred = any(isinstance(value, ast.Starred) for value in values)
    return "%" not in whole and not starred and len(found) == len(values) and not any(one["key"] for one in found)


@pytest.mark.parametrize("broken", ["⟨", "⟩", "⟩ and ⟨"])
def test_a_line_whose_marks_do_not_fit_is_left_out_but_for_its_head(ours: Kept, broken: str) -> None:
    """Somebody edited the file, or the disk was full."""
    ours.logger.info("loading %s", "a model")
    text = ours.text.replace("⟨a model⟩", f"{broken}{SECRET}")
    (line,), unknown = told(text)
    assert line.endswith("mistral_desk.room | ⟨…⟩")
    assert (SECRET in line, unknown) == (False, 0)


def test_an_error_that_cannot_even_be_said_is_logged_all_the_same(ours: Kept) -> None:
    class Odd(Exception):  # noqa: N818 - its name does not matter
        def __str__(self) -> str:
            raise RecursionError

    ours.logger.error("an error that nobody foresaw", exc_info=failed(Odd()))
    assert "an error that nobody foresaw" in ours.plain
    assert ours.text.rstrip().endswith("?⟩")


def test_code_that_is_gone_is_named_without_its_line(ours: Kept) -> None:
    """As in an installed program, which has no source."""
    names: dict[str, Any] = {}
    exec(compile("def fail():\n    raise ValueError", "/opt/x/mistral_desk/gone.py", "exec"), names)  # noqa: S102
    try:
        names["fail"]()
    except ValueError:
        ours.logger.exception("it failed")
    assert 'File "mistral_desk/gone.py", line 2, in fail\n' in ours.plain + "\n"


@pytest.mark.parametrize("module", [None, "builtins"])
def test_an_error_whose_kind_says_odd_things_of_itself_is_logged_and_its_name_marked(
    ours: Kept, module: str | None
) -> None:
    kind = type(SECRET, (Exception,), {"__module__": module})
    ours.logger.error("it failed", exc_info=failed(kind("no")))
    assert "it failed" in ours.plain
    assert not [line for line in told(ours.text)[0] if SECRET in line]


def test_code_in_a_file_that_is_called_as_a_folder_of_packages_is_somebody_s(ours: Kept) -> None:
    try:
        exec(compile("raise ValueError", "/opt/x/site-packages", "exec"))  # noqa: S102
    except ValueError:
        ours.logger.exception("it failed")
    assert "ValueError" in ours.plain
