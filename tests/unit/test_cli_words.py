"""The command line's help and its refusals are in the person's language, argparse's own words among them."""

from __future__ import annotations

import argparse
import ast
import inspect
import re
from typing import TYPE_CHECKING

import pytest

from mistral_desk.__main__ import main
from mistral_desk.cli.argparse_words import WORDS
from mistral_desk.core import words

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    yield
    words.use("en")


def test_the_words_are_argparse_s_own() -> None:
    tree = ast.parse(inspect.getsource(argparse))
    called = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_")
    asked = {node.args[0].value for node in called if isinstance(node.args[0], ast.Constant)}
    assert set(WORDS) <= asked


@pytest.mark.parametrize("arguments", [["--help"], ["pull", "--help"], ["chats", "--help"]])
def test_all_of_the_help_is_translated(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(words.VARIABLE, "qps")
    assert main(arguments) == 0
    said = capsys.readouterr().out
    assert said.startswith("⟦ûš")
    apart = re.sub(r"⟦[^⟧]*⟧", "", said)  # names of commands and options, and what stands for a value
    left = re.sub(r"mistral-desk|--?[a-z-]+|\{[a-z,]+\}|\b[A-Z]+\b|^ +[a-z]+ ", "", apart, flags=re.MULTILINE)
    assert not re.search(r"[a-z]{3}", re.sub(r"\b(pull|chats)\b", "", left))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["pull"], ["Aufruf: ", "Fehler: ", "MODEL"]),
        (["bogus"], ["Fehler: ", "bogus", "pull"]),
        (["ask", "x", "--frob"], ["Fehler: ", "--frob"]),
        (["chats", "--search"], ["Fehler: ", "--search"]),
    ],
)
def test_a_refusal_is_in_the_person_s_language(
    arguments: list[str], said: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(words.VARIABLE, "de")
    assert main(arguments) == 2
    heard = capsys.readouterr().err
    assert all(word in heard for word in said)
    assert not re.search(r"usage|error|required|invalid|expected|unrecognized", heard)


@pytest.mark.parametrize(
    ("arguments", "said", "advice"),
    [
        (["engine", "remove", "builtin"], "cannot be removed", "engine use NAME"),
        (["endpoint", "remove", "NOBODY"], "No endpoint of yours is called “NOBODY”", "endpoint list"),
        (["ask", "--model", "nix/builtin", "x"], "No model or file is called nix/builtin", "endpoint list"),
        (
            ["ask", "--model", "Ministral-3-3B", "x"],
            "ministral-3-3b is known, but no file",
            "“mistral-desk pull” with its name",
        ),
        (["bench", "--model", "mistral-3", "--short"], "mistral-3 is known, but no file", "“mistral-desk pull” with"),
        (["fit", "mistral-small"], "“mistral-small” is neither", "by name: mistral-small-4, mistral-small-3-24b-2501"),
        (["fit", "mistal-smal-4"], "“mistal-smal-4” is neither", "by name: mistral-small-4, "),
        (["fit", "guide"], "“guide” is neither", "by name: builtin."),
        (["fit", "nonsense"], "none has a name like it", "“mistral-desk fit” shows all"),
        (["fit", ""], "“” is neither", "“mistral-desk fit” shows all"),
    ],
)
@pytest.mark.usefixtures("home")
def test_advice_fits_what_was_typed(
    arguments: list[str], said: str, advice: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 1
    heard = capsys.readouterr().err
    assert said in heard
    assert advice in heard


@pytest.mark.usefixtures("home")
def test_a_report_counts_sizes_in_one_unit(capsys: pytest.CaptureFixture[str]) -> None:
    main(["doctor"])
    said = capsys.readouterr().out
    assert re.search(r"Memory: +[\d.]+ GB, [\d.]+ GB free", said)
    assert not re.search(r"\b[KMGT]iB\b", said)
    assert "llama-cpp-python" in said
