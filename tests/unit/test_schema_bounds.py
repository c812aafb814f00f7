"""What a JSON schema says of sizes, names and kinds: each bound holds in what is checked, and no bound is bent."""

from __future__ import annotations

from typing import Any

import pytest

from mistral_desk.core.errors import DeskError
from mistral_desk.inference.schema_check import fits, met
from mistral_desk.inference.schema_grammar import grammar
from mistral_desk.inference.schema_read import read

WHOLE: Any = {"type": "integer"}


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"$defs": {"a": {"anyOf": [{"type": "null"}, WHOLE]}}, "$ref": "#/$defs/a/anyOf/1"}, [7], [None, "7"]),
        ({"type": "string", "minLength": 2.0, "maxLength": 3}, ["ab", "abc"], ["a", "abcd", 2]),
        ({"type": "integer", "minimum": 2}, [2, 3.0], [1, 2.5, True, float("inf"), float("nan")]),
        ({"type": "array", "prefixItems": [WHOLE, {}], "items": False}, [[], [1], [1, "b"]], [["b"], [1, 2, 3]]),
        ({"type": "array", "prefixItems": [WHOLE], "items": {"type": "null"}}, [[1, None]], [[1, 2], [None]]),
        ({"type": "object", "additionalProperties": WHOLE, "maxProperties": 2}, [{}, {"a": 1}], [{"a": "1"}]),
        ({"type": "object", "additionalProperties": WHOLE, "maxProperties": 1}, [{"a": 1}], [{"a": 1, "b": 2}]),
        ({"type": "object", "additionalProperties": WHOLE, "minProperties": 1}, [{"a": 1}], [{}]),
        ({"type": "object", "maxProperties": 0}, [{}], [{"a": 1}]),
        (
            {"type": "object", "properties": {"a": {}, "b": {}}, "required": ["a"], "maxProperties": 1},
            [{"a": 1}],
            [{"a": 1, "b": 1}, {"b": 1}],
        ),
        (
            {"type": "object", "properties": {"a": {}}, "required": ["b"], "additionalProperties": WHOLE},
            [{"b": 1}, {"a": "x", "b": 1}],
            [{"a": 1}, {"b": "x"}],
        ),
        ({"oneOf": [{"type": ["integer", "null"]}, {"type": "string"}]}, [1, None, ""], [[], True]),
        ({"oneOf": [{"type": "array"}, {"type": "object"}]}, [[], {}], [1]),
    ],
)
def test_a_bound_holds(schema: Any, good: list[Any], bad: list[Any]) -> None:
    tree = read(schema)

    assert grammar(tree)
    assert [value for value in good if not fits(tree, value)] == []
    assert [value for value in bad if fits(tree, value)] == []


@pytest.mark.parametrize(
    ("schema", "problem"),
    [
        ({"enum": [1], "$ref": "#/$defs/a", "$defs": {"a": WHOLE}}, "schema.unsupported"),
        ({"enum": [[1]], "type": "array", "items": {"$ref": "#/$defs/a"}, "$defs": {"a": WHOLE}}, "schema.unsupported"),
        ({"type": "object", "properties": []}, "schema.wrong"),
        ({"type": "object", "properties": {"a": {}}, "minProperties": 1}, "schema.unsupported"),
        ({"type": "object", "required": ["a", "b"], "maxProperties": 1}, "schema.nothing"),
        ({"type": "object", "minProperties": 1, "maxProperties": 0}, "schema.nothing"),
        ({"type": "string", "minLength": 3, "maxLength": 2}, "schema.nothing"),
        ({"oneOf": [{"type": ["integer", "null"]}, {"type": "null"}]}, "schema.unsupported"),
        ({"oneOf": [{}, {"type": "string"}]}, "schema.unsupported"),
    ],
)
def test_what_cannot_hold_is_told(schema: Any, problem: str) -> None:
    with pytest.raises(DeskError) as caught:
        read(schema)

    assert caught.value.problem.id == problem


def test_an_object_that_may_have_no_names_is_written_as_that() -> None:
    assert '"{" "}"' in grammar(read({"type": "object", "maxProperties": 0})).splitlines()[1]


def test_a_value_deeper_than_anybody_can_look_does_not_fit() -> None:
    tree = read({"$ref": "#/$defs/a", "$defs": {"a": {"type": "array", "items": {"$ref": "#/$defs/a"}}}})
    value: Any = []
    for _ in range(5000):
        value = [value]

    assert fits(tree, [[[]]])
    assert not fits(tree, value)
    assert not met(tree, "[" * 200_000)
    assert not met(tree, "NaN")
