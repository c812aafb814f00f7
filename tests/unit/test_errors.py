"""Every problem has words, every raised id is declared with all its parameters, and no declared id is idle."""

from __future__ import annotations

import ast
import string
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as some

import mistral_desk
from mistral_desk.core import words
from mistral_desk.core.errors import DeskError, Problem, as_problem, in_words
from mistral_desk.core.messages import MESSAGES, Text

SOURCE = Path(mistral_desk.__file__).parent
CARRIERS = {"DeskError", "Problem"}


class Raised(NamedTuple):
    """A place that names a message id; `params` is None where they cannot be read from the source."""

    where: str
    id: str
    params: frozenset[str] | None


class Found(NamedTuple):
    """What a walk through the program's source found."""

    raised: tuple[Raised, ...]
    named: frozenset[str]


@cache
def found() -> Found:
    """Every `DeskError("id", …)` and `Problem("id", …)` with a literal id in the program's source, and every text in
    it that is a declared id, whatever is done with it: some are chosen from a table.
    """
    raised: list[Raised] = []
    named: set[str] = set()
    for file in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                if node.value in MESSAGES and not file.name.endswith("messages.py"):
                    named.add(node.value)
            elif isinstance(node, ast.Call) and node.args and name_of(node.func) in CARRIERS:
                where = f"{file.relative_to(SOURCE)}:{node.lineno}"
                raised += [Raised(where, message_id, given_params(node)) for message_id in literals(node.args[0])]
    return Found(tuple(raised), frozenset(named))


def name_of(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def literals(node: ast.expr) -> list[str]:
    """The texts that an expression can be, as far as they stand there: a literal, or a choice between literals."""
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.IfExp(body=first, orelse=second):
            return literals(first) + literals(second)
    return []


def given_params(call: ast.Call) -> frozenset[str] | None:
    if name_of(call.func) == "DeskError":
        if any(keyword.arg is None for keyword in call.keywords):
            return None
        return frozenset(keyword.arg for keyword in call.keywords if keyword.arg)
    params = call.args[1] if len(call.args) > 1 else next((k.value for k in call.keywords if k.arg == "params"), None)
    if params is None:
        return frozenset()
    if isinstance(params, ast.Dict):
        keys = [key.value for key in params.keys if isinstance(key, ast.Constant)]
        return frozenset(map(str, keys)) if len(keys) == len(params.keys) else None
    return None


def placeholders(text: Text) -> frozenset[str]:
    return frozenset(name for part in text for _, name, _, _ in string.Formatter().parse(part) if name is not None)


def test_the_scan_sees_what_the_code_raises() -> None:
    ids = {place.id for place in found().raised}
    assert {"model.missing", "folder.not_writable", "engine.died", "engine.start_failed", "prompt.empty"} <= ids


def test_every_raised_id_is_declared() -> None:
    assert [place for place in found().raised if place.id not in MESSAGES] == []


def test_every_raised_problem_gives_all_parameters_and_no_others() -> None:
    wrong = [
        (place.where, place.id, sorted(place.params), sorted(placeholders(MESSAGES[place.id])))
        for place in found().raised
        if place.id in MESSAGES and place.params is not None and place.params != placeholders(MESSAGES[place.id])
    ]
    assert wrong == []


def test_every_declared_id_is_used_somewhere() -> None:
    idle = set(MESSAGES) - found().named - {"unexpected"}
    assert idle == set()


@pytest.mark.parametrize("message_id", MESSAGES)
def test_a_message_reads_well(message_id: str) -> None:
    text = MESSAGES[message_id]
    assert text.title, "a title says what happened"
    assert not text.title.endswith((".", "!")), "a title has no full stop"
    assert text.message.endswith((".", "}")), "a message is made of sentences"
    assert not text.hint or text.hint.endswith((".", '"')), "a hint is a sentence, or ends with what to type"
    assert not placeholders(Text(text.title, "", text.hint)) or message_id == "unexpected", (
        "parameters stand in the message"
    )
    for part in text:
        assert part == part.strip()
        assert "  " not in part


@pytest.mark.parametrize("message_id", MESSAGES)
def test_words_hold_the_parameters_and_no_braces(message_id: str) -> None:
    params = {name: f"<{name}>" for name in placeholders(MESSAGES[message_id])}
    words = in_words(Problem(message_id, dict(params)))
    for value in params.values():
        assert value in words.message
    assert "{" not in words.title + words.message + words.hint


def test_an_unknown_id_or_a_missing_parameter_still_gives_words() -> None:
    assert in_words(Problem("no.such.id")).title == MESSAGES["unexpected"].title
    assert "?" in in_words(Problem("model.missing")).message


@given(some.text(max_size=50))
def test_parameters_are_never_taken_for_placeholders(value: str) -> None:
    words = in_words(Problem("model.missing", {"path": value}))
    assert words.message == MESSAGES["model.missing"].message.replace("{path}", value)


def test_words_go_through_the_translation() -> None:
    words = in_words(Problem("model.missing", {"path": "/x"}), lambda text: text.replace("no file", "keine Datei"))
    assert "keine Datei at /x" in words.message


def test_an_error_travels_as_its_problem() -> None:
    error = DeskError("model.damaged", "a library's words", name="x.gguf", reason="zero layers")
    again = DeskError.of(error.problem)
    assert again.problem == error.problem
    assert as_problem(again) is again.problem
    assert "a library's words" in str(again)
    assert "zero layers" in str(again)


def test_what_nobody_foresaw_is_named_but_not_quoted() -> None:
    problem = as_problem(ValueError("secret words"))
    assert problem.id == "unexpected"
    words = in_words(problem)
    assert "ValueError" in words.message
    assert "secret" not in "".join((words.title, words.message, words.hint))


@pytest.mark.parametrize(("when", "said"), [("2026-11-30 04:05", "30.11.2026 04:05"), ("long ago", "long ago")])
def test_a_moment_is_written_as_the_language_writes_it_and_plainly_for_programs(when: str, said: str) -> None:
    problem = Problem("history.damaged", {"aside": "/x", "when": when})
    words.use("de")
    try:
        assert said in in_words(problem, words.tr).message
    finally:
        words.use("en")
    assert when in in_words(problem).message
