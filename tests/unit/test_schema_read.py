"""JSON schemas: what is understood becomes a tree, all else is refused by name, and nobody's schema costs much."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from mistral_desk.core.errors import DeskError
from mistral_desk.inference.schema_check import fits, met
from mistral_desk.inference.schema_grammar import grammar
from mistral_desk.inference.schema_read import MOST_BYTES, read, read_file
from tests.fixtures.schemas import BOUNDED, VALUES, is_valid

if TYPE_CHECKING:
    from pathlib import Path

    from mistral_desk.inference.schema_tree import Tree

patient = settings(suppress_health_check=[HealthCheck.too_slow], max_examples=200)
NODE: Any = {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}}


def understood(schema: Any) -> Tree | None:
    """The tree of a schema; None where it is refused, whatever for, before or with its grammar."""
    try:
        tree = read(schema)
        grammar(tree)
    except DeskError:
        return None
    return tree


def refusal(schema: Any) -> str:
    """The id of what is said of a schema."""
    with pytest.raises(DeskError) as caught:
        grammar(read(schema))
    return caught.value.problem.id


@pytest.mark.slow
@patient
@given(BOUNDED, VALUES)
def test_what_the_tree_allows_the_schema_allows(schema: Any, value: Any) -> None:
    tree = understood(schema)
    if tree and fits(tree, value):
        assert is_valid(schema, value)


@pytest.mark.parametrize(
    "schema",
    [
        {"not": {}},
        {"type": "string", "pattern": "^a"},
        {"type": "array", "uniqueItems": True},
        {"type": "number", "multipleOf": 0.1},
        {"type": "object", "patternProperties": {"^a": {}}},
        {"allOf": [{"type": "string"}, {"minLength": 1}]},
        {"if": {}, "then": {}},
        {"$ref": "#anchor"},
        {"$ref": "#/$defs/a", "minLength": 3, "$defs": {"a": {"type": "string"}}},
        {"oneOf": [{"type": "string"}, {"type": "string", "maxLength": 3}]},
        {"type": "object", "minProperties": 2},
        {"type": "array", "items": [{}, {}]},
    ],
)
def test_what_cannot_be_promised_is_refused(schema: Any) -> None:
    assert refusal(schema) == "schema.unsupported"


@pytest.mark.parametrize(
    "reference", ["https://example.org/schema.json", "other.json#/a", "file:///etc/passwd", "//host/x", "urn:x"]
)
def test_nothing_is_fetched(reference: str) -> None:
    assert refusal({"type": "array", "items": {"$ref": reference}}) == "schema.remote"


@pytest.mark.parametrize(
    ("schema", "problem"),
    [
        (False, "schema.nothing"),
        ({"type": "array", "minItems": 3, "maxItems": 2}, "schema.nothing"),
        ({"enum": [1, 2], "type": "string"}, "schema.nothing"),
        ({"type": "integer", "minimum": 3, "maximum": 2}, "schema.nothing"),
        ({"type": "number", "minimum": 0.25, "maximum": 0.75}, "schema.nothing"),
        ({"$ref": "#"}, "schema.endless"),
        ({"anyOf": [{"$ref": "#"}, {"type": "null"}]}, "schema.endless"),
        ({"$ref": "#/$defs/node", "$defs": {"node": NODE | {"required": ["next"]}}}, "schema.endless"),
        ({"type": "array", "minItems": 1, "items": {"$ref": "#"}}, "schema.endless"),
        ([], "schema.wrong"),
        ({"type": "text"}, "schema.wrong"),
        ({"type": []}, "schema.wrong"),
        ({"anyOf": []}, "schema.wrong"),
        ({"$ref": "#/$defs/nowhere"}, "schema.wrong"),
        ({"$ref": 7}, "schema.wrong"),
        ({"minLength": -1}, "schema.wrong"),
        ({"minimum": "1"}, "schema.wrong"),
        ({"required": "name"}, "schema.wrong"),
        ({"const": "\ud800"}, "schema.wrong"),
        ({"const": float("inf")}, "schema.wrong"),
        ({"type": "string", "minLength": 10**9}, "schema.too_big"),
        ({"type": "array", "minItems": 10**9}, "schema.too_big"),
        ({"minimum": 10**400}, "schema.too_big"),
        ({"prefixItems": [{"type": "string"}] * 5000}, "schema.too_big"),
        ({"enum": list(range(100_000))}, "schema.too_big"),
        ({"type": "object", "properties": {str(n): {"minLength": 900} for n in range(500)}}, "schema.too_big"),
    ],
)
def test_what_makes_no_sense_or_is_too_much_is_told(schema: Any, problem: str) -> None:
    assert refusal(schema) == problem


def deep(levels: int) -> Any:
    schema: Any = {"type": "null"}
    for _ in range(levels):
        schema = {"type": "array", "items": schema}
    return schema


def test_depth_and_chains_end_calmly() -> None:
    assert grammar(read(deep(60)))
    assert refusal(deep(70)) == refusal(deep(200)) == "schema.too_big"
    chain = {"$defs": {str(n): {"$ref": f"#/$defs/{n + 1}"} for n in range(1900)}, "$ref": "#/$defs/0"}
    chain["$defs"]["1900"] = {"type": "null"}  # type: ignore[index]
    with pytest.raises(DeskError) as caught:
        read(chain)  # type: ignore[arg-type]
    assert caught.value.problem.id == "schema.too_big"


def test_a_long_beginning_of_a_list_and_a_type_named_over_and_over_end_calmly() -> None:
    assert refusal({"prefixItems": [{"type": "string"}] * 1900, "items": False}) == "schema.too_big"
    assert grammar(read({"type": ["string", "null"] * 50_000})) == grammar(read({"type": ["string", "null"]}))


def choices(depth: int, *, inside: str = "") -> Any:
    """A choice of two that lead to the same two, and so on: as many ways as 2 to the power of `depth`."""
    names = [(f"a{level}", f"b{level}") for level in range(depth)]
    links = [[{"$ref": f"#/$defs/{name}"} for name in pair] for pair in [*names[1:], ("end", "end")]]
    rules = {name: {"anyOf": links[at]} for at, pair in enumerate(names) for name in pair}
    top: Any = {"$ref": "#/$defs/a0"}
    within: dict[str, Any] = {
        "": top,
        "items": {"type": "array", "items": top},
        "fields": {"properties": {"x": top}, "type": "object"},
    }
    return {**within[inside], "$defs": rules | {"end": {"type": "null"}}}


@pytest.mark.parametrize("inside", ["", "items", "fields"])
def test_choices_of_choices_have_no_more_ways_than_there_is_time_for(inside: str) -> None:
    """With 40 of them the engine would be busy with the first sign for days."""
    assert refusal(choices(40, inside=inside)) == "schema.too_big"
    assert grammar(read(choices(8, inside=inside)))


def test_branches_that_double_at_every_step_are_not_all_walked() -> None:
    rules: dict[str, Any] = {}
    for n in range(60):
        step = {"$ref": f"#/$defs/{n + 1}"}
        fields = {"a": step, "b": step}
        rules[str(n)] = {"type": "object", "properties": fields, "required": ["a", "b"]}
    rules["60"] = {"type": "string"}
    same = {"$ref": "#/$defs/0"}
    assert refusal({"oneOf": [same, same], "$defs": rules}) == "schema.unsupported"
    either: Any = [{"type": "array", "items": {"$ref": "#/$defs/a"}}] * 2
    tree = read({"$defs": {"a": {"anyOf": [*either, {"const": 1}]}}, "$ref": "#/$defs/a"})
    nested: Any = 2
    for _ in range(60):
        nested = [nested]
    assert not fits(tree, nested)


def test_a_tagged_union_is_told_apart() -> None:
    def kind(name: str) -> Any:
        return {"type": "object", "properties": {"kind": {"const": name}}, "required": ["kind"]}

    tree = read({"oneOf": [kind("cat"), kind("dog"), {"type": ["null", "integer"]}]})

    assert met(tree, '{"kind": "dog"}')
    assert not met(tree, '{"kind": "cow"}')
    assert not met(tree, "[]")
    assert not met(tree, '{"kind": "dog"')


def test_a_schema_that_leads_back_to_itself_and_ends_is_understood() -> None:
    tree = read({"$ref": "#/$defs/node", "$defs": {"node": NODE}})

    assert fits(tree, {"next": {"next": {}}})
    assert not fits(tree, {"next": {"next": 1}})


def test_pointers_may_be_escaped() -> None:
    schema = {"$defs": {"a/b~c d": {"const": 7}}, "$ref": "#/$defs/a~1b~0c%20d"}

    assert fits(read(schema), 7)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "schema.unreadable"),
        (b"{", "schema.unreadable"),
        (b"\xff\xfe{}", "schema.unreadable"),
        (b'{"const": NaN}', "schema.unreadable"),
        (b"[" * 200_000, "schema.unreadable"),
        (b'{"a": "' + b"x" * MOST_BYTES + b'"}', "schema.too_big"),
        (b'{"const": 1e999}', "schema.wrong"),
    ],
)
def test_a_file_that_is_no_schema_is_told(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "schema.json"
    path.write_bytes(content)

    with pytest.raises(DeskError) as caught:
        read_file(path)
    assert caught.value.problem.id == problem


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(DeskError) as caught:
            read_file(path)
        assert caught.value.problem.id == "schema.unreadable"


KEYWORDS = (
    *("type", "enum", "const", "$ref", "anyOf", "oneOf", "allOf", "items", "prefixItems", "minItems", "maxItems"),
    *("properties", "required", "additionalProperties", "minimum", "maxLength", "#", "string", "object", "not"),
)
plain = some.none() | some.booleans() | some.floats() | some.integers() | some.text(max_size=5)
json_of_keywords = some.recursive(
    plain | some.sampled_from(KEYWORDS),
    lambda inside: some.lists(inside, max_size=4) | some.dictionaries(some.sampled_from(KEYWORDS), inside, max_size=5),
    max_leaves=12,
)


@pytest.mark.slow
@patient
@given(json_of_keywords)
def test_any_json_is_a_schema_or_is_refused(schema: Any) -> None:
    tree = understood(schema)
    if tree:
        assert grammar(tree).startswith("root ::= ")
