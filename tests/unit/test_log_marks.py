"""The log's marks: what came from outside can be taken out of it, whatever it was, and what is the program's stays."""

from __future__ import annotations

import io
import logging
import os
import re
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mistral_desk
from mistral_desk.core.errors import DeskError
from mistral_desk.core.log_marks import Marking, told

SECRET: Final = "Rumpelstilzchen"
_CALL: Final = re.compile(r"\b\w*log\.(?:debug|info|warning|error|critical|exception)\(\s*(\S)")
"""A call of a logger, with the first sign of its sentence."""


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


def test_every_sentence_of_the_log_is_written_in_the_program() -> None:
    """A sentence that is made while the program runs would not be marked."""
    calls = [
        found
        for file in Path(mistral_desk.__file__).parent.rglob("*.py")
        for found in _CALL.findall(file.read_text(encoding="utf-8"))
    ]
    assert len(calls) > 80
    assert [first for first in calls if first != '"'] == []
