"""`ask --schema`: the answer is JSON that the schema allows, or the program says that it is not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.fixtures.program import desk
from tests.fixtures.schemas import is_valid

if TYPE_CHECKING:
    from pathlib import Path

GREEDY: Final = ("--temperature", "0")
QUESTION: Final = "What is 7 plus 8?"
SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "answer": {"type": "integer", "minimum": 0, "maximum": 100},
        "words": {"type": "array", "items": {"type": "string", "maxLength": 12}, "maxItems": 3},
        "sure": {"enum": ["yes", "no", None]},
    },
    "required": ["answer", "sure"],
    "additionalProperties": False,
}


def written(folder: Path, schema: object) -> str:
    path = folder / "ein Schema ü.json"
    path.write_text(json.dumps(schema), encoding="utf-8")
    return str(path)


def test_the_answer_is_valid_json_on_one_line(tmp_path: Path) -> None:
    ran = desk("ask", QUESTION, "--schema", written(tmp_path, SCHEMA), *GREEDY)

    assert ran.status == 0, ran
    assert is_valid(SCHEMA, json.loads(ran.out))
    assert ran.out.count("\n") == 1
    assert ran.err == ""


def test_the_thought_before_it_is_free(tmp_path: Path) -> None:
    ran = desk("ask", QUESTION, "--schema", written(tmp_path, SCHEMA), "--think", "--json", *GREEDY)

    assert ran.status == 0, ran
    answer = json.loads(ran.all_of("text"))
    assert is_valid(SCHEMA, answer)
    assert answer["answer"] == 15, "it had thought about it"
    assert "15" in ran.all_of("thinking")
    assert ran.lines[-1]["type"] == "done"


def test_an_answer_that_was_cut_is_no_success(tmp_path: Path) -> None:
    ran = desk("ask", QUESTION, "--schema", written(tmp_path, SCHEMA), "--max-tokens", "3", "--json", *GREEDY)

    assert ran.status == 1
    assert ran.lines[-1]["type"] == "error"
    assert ran.lines[-1]["id"] == "schema.not_met"


@pytest.mark.parametrize(
    ("schema", "problem"),
    [
        ({"$ref": "https://example.org/schema.json"}, "schema.remote"),
        ({"type": "string", "pattern": "a+"}, "schema.unsupported"),
        ("no schema", "schema.wrong"),
    ],
)
def test_what_cannot_be_kept_to_is_told_before_a_model_is_loaded(tmp_path: Path, schema: object, problem: str) -> None:
    """The model is not even there."""
    model = str(tmp_path / "none.gguf")
    ran = desk("ask", QUESTION, "--schema", written(tmp_path, schema), "--model", model, "--json")

    assert ran.status == 1
    assert [line["id"] for line in ran.lines] == [problem]


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    ran = desk("ask", QUESTION, "--schema", str(tmp_path / "none.json"))

    assert ran.status == 1
    assert ran.out == ""
    assert "none.json" in ran.err
