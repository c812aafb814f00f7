"""Reads a JSON schema (draft 2020-12, as far as docs/schema-answers.md says) into a tree, from a file or a value.

Nothing is fetched: a reference leads within the file, or it is refused. A schema is somebody else's: its size, depth
and everything that it asks to be repeated is bounded.
"""

from __future__ import annotations

import json
from fractions import Fraction
from typing import TYPE_CHECKING, Final, NoReturn
from urllib.parse import unquote

from mistral_desk.core.errors import DeskError
from mistral_desk.inference.schema_check import fits
from mistral_desk.inference.schema_tree import (
    FALSE,
    FORMS,
    NULL,
    TRUE,
    Anything,
    Apart,
    Array,
    Choice,
    Field,
    Json,
    Link,
    Literals,
    Node,
    Number,
    Object,
    Text,
    Tree,
    is_endless,
    runs_in_circles,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MOST_BYTES: Final = 1024 * 1024
MOST_NODES: Final = 2000
MOST_DEPTH: Final = 64
MOST_REPEATED: Final = 1000
"""Items of a list, and characters of a string, that may be demanded at least."""
_LARGEST: Final = 10**15
"""Numbers beyond it are not exact in every program that reads JSON."""

_OF_KIND: Final = {
    "object": ("properties", "required", "additionalProperties", "minProperties", "maxProperties"),
    "array": ("items", "prefixItems", "minItems", "maxItems"),
    "string": ("minLength", "maxLength", "format"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
}
_WHOLE: Final = ("$ref", "anyOf", "oneOf", "allOf")
"""Keywords that say all by themselves."""
_UNDERSTOOD: Final = frozenset((*(word for words in _OF_KIND.values() for word in words), *_WHOLE, "const", "enum"))
_REFUSED: Final = frozenset(
    (
        *("not", "if", "then", "else", "dependentRequired", "dependentSchemas", "dependencies"),
        *("patternProperties", "propertyNames", "pattern", "unevaluatedProperties", "unevaluatedItems"),
        *("contains", "minContains", "maxContains", "additionalItems", "multipleOf", "uniqueItems"),
        *("$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$anchor"),
    )
)
"""Every other keyword is a remark, or no keyword at all, and says nothing about what is valid."""
_TYPES: Final = ("object", "array", "string", "number", "integer", "boolean", "null")


def read_file(path: Path) -> Tree:
    """The schema in a file. Raises `schema.…`."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise DeskError("schema.unreadable", path=str(path), reason=error.strerror or str(error)) from error
    if len(content) > MOST_BYTES:
        raise DeskError("schema.too_big", place=str(path))
    try:
        schema = json.loads(content.decode("utf-8-sig"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise DeskError("schema.unreadable", path=str(path), reason=f"it is no JSON: {error}"[:200]) from error
    return read(schema)


def read(schema: Json) -> Tree:
    """A schema as a tree. Raises `schema.…`."""
    try:
        json.dumps(schema, ensure_ascii=False, allow_nan=False).encode("utf-8")
        return _Reader(schema).tree()
    except RecursionError as error:
        raise DeskError("schema.too_big", place="#") from error
    except (ValueError, TypeError) as error:  # half a character, or a number that is none
        raise DeskError("schema.wrong", place="#", reason=str(error)[:200]) from error


class _Reader:
    """Reads one schema; each place that is referred to becomes a rule, once."""

    def __init__(self, schema: Json) -> None:
        self._schema = schema
        self._names: dict[str, str] = {}
        self._rules: dict[str, Node] = {}
        self._waiting: list[str] = []
        self._disjoint: list[tuple[str, tuple[Node, ...]]] = []
        self._nodes = 0

    def tree(self) -> Tree:
        """All of it, checked as a whole."""
        root = self._node(self._schema, "#", 0)
        while self._waiting:
            place = self._waiting.pop()
            self._rules[self._names[place]] = self._node(self._at(place), place, 0)
        tree = Tree(root, self._rules)
        if runs_in_circles(tree) or is_endless(tree):
            raise DeskError("schema.endless", place="#")
        for place, nodes in self._disjoint:
            compare = Apart(tree)
            if not all(compare(one, other) for at, one in enumerate(nodes) for other in nodes[:at]):
                raise DeskError("schema.unsupported", keyword="oneOf", place=place)
        return tree

    def _node(self, schema: Json, place: str, depth: int) -> Node:
        self._nodes += 1
        if self._nodes > MOST_NODES or depth > MOST_DEPTH:
            raise DeskError("schema.too_big", place=_short(place))
        if schema is True:
            return Anything()
        if schema is False:
            raise DeskError("schema.nothing", place=_short(place))
        if not isinstance(schema, dict):
            _wrong(place, "a schema is an object")
        for keyword in schema:
            if keyword in _REFUSED and not _means_nothing(keyword, schema[keyword]):
                raise DeskError("schema.unsupported", keyword=keyword, place=_short(place))
        for keyword in _WHOLE:
            if keyword in schema:
                return self._combined(keyword, schema, place, depth)
        if "const" in schema or "enum" in schema:
            return self._literals(schema, place, depth)
        return self._typed(schema, place, depth)

    # --- references and combinations ------------------------------------------------------------------

    def _combined(self, keyword: str, schema: dict[str, Json], place: str, depth: int) -> Node:
        """A keyword that says all by itself: beside it only remarks are understood, and a type that all share."""
        kind = schema.get("type")
        others = (_UNDERSTOOD & schema.keys()) - {keyword}
        if others or (kind is not None and keyword not in {"anyOf", "oneOf"}):
            beside = min(others) if others else "type"
            raise DeskError("schema.unsupported", keyword=f"{keyword} + {beside}", place=_short(place))
        value = schema[keyword]
        if keyword == "$ref":
            return self._link(value, place)
        if not isinstance(value, list) or not value:
            _wrong(f"{place}/{keyword}", "it is a list of schemas")
        if keyword == "allOf" and len(value) > 1:
            raise DeskError("schema.unsupported", keyword="allOf", place=_short(place))
        if kind is not None:
            value = [{"type": kind, **one} if isinstance(one, dict) and "$ref" not in one else one for one in value]
        nodes = tuple(self._node(one, f"{place}/{keyword}/{at}", depth + 1) for at, one in enumerate(value))
        if keyword == "oneOf":
            self._disjoint.append((_short(place), nodes))
        return nodes[0] if len(nodes) == 1 else Choice(nodes)

    def _link(self, reference: Json, place: str) -> Link:
        if not isinstance(reference, str):
            _wrong(place, "a reference is a text")
        if not reference.startswith("#"):
            raise DeskError("schema.remote", reference=reference[:200])
        if reference != "#" and not reference.startswith("#/"):
            raise DeskError("schema.unsupported", keyword=reference[:100], place=_short(place))
        if reference not in self._names:
            self._at(reference)
            self._names[reference] = f"rule-{len(self._names)}"
            self._waiting.append(reference)
        return Link(self._names[reference])

    def _at(self, reference: str) -> Json:
        """The place within the schema that a JSON pointer names (RFC 6901)."""
        found = self._schema
        for part in reference.split("/")[1:]:
            key = unquote(part).replace("~1", "/").replace("~0", "~")
            if isinstance(found, dict) and key in found:
                found = found[key]
            elif isinstance(found, list) and key.isdecimal() and int(key) < len(found):
                found = found[int(key)]
            else:
                _wrong(reference, "there is nothing at this place")
        return found

    # --- values ---------------------------------------------------------------------------------------

    def _literals(self, schema: dict[str, Json], place: str, depth: int) -> Node:
        """`enum` and `const`, of them what everything else in the schema allows."""
        values = schema.get("enum", [schema.get("const")])
        if not isinstance(values, list) or not values:
            _wrong(f"{place}/enum", "it is a list of values")
        self._nodes += len(values)
        if self._nodes > MOST_NODES:
            raise DeskError("schema.too_big", place=_short(place))
        rest = {word: value for word, value in schema.items() if word not in {"enum", "const"}}
        node = self._node(rest, place, depth + 1)
        try:
            texts = [_written(value) for value in values if fits(Tree(node, {}), value)]
        except KeyError as error:  # what is beside it refers to something that is not read yet
            raise DeskError("schema.unsupported", keyword="enum + $ref", place=_short(place)) from error
        if "const" in schema:
            texts = [text for text in texts if text == _written(schema["const"])]
        if not texts:
            raise DeskError("schema.nothing", place=_short(place))
        return Literals(tuple(dict.fromkeys(texts)))

    def _typed(self, schema: dict[str, Json], place: str, depth: int) -> Node:
        said = schema.get("type")
        names: Sequence[Json] = [said] if isinstance(said, str) else said if isinstance(said, list) else ()
        if said is None:  # the keywords tell what is meant; for all other types they would say nothing
            names = [kind for kind, words in _OF_KIND.items() if any(word in schema for word in words)]
            if not names:
                return Anything()
        nodes: list[Node] = []
        for name in names:
            if name not in _TYPES:
                _wrong(f"{place}/type", f"there is no type “{str(name)[:40]}”")
        for name in dict.fromkeys(map(str, names)):
            nodes += self._of_type(name, schema, place, depth)
        if not nodes:
            _wrong(f"{place}/type", "it names a type, or several")
        return nodes[0] if len(nodes) == 1 else Choice(tuple(nodes))

    def _of_type(self, name: str, schema: dict[str, Json], place: str, depth: int) -> list[Node]:
        match name:
            case "object":
                return [self._object(schema, place, depth)]
            case "array":
                return [self._array(schema, place, depth)]
            case "string":
                return [_text(schema, place)]
            case "boolean":
                return [TRUE, FALSE]
            case "null":
                return [NULL]
            case _:
                return [_number(schema, place, whole=name == "integer")]

    def _array(self, schema: dict[str, Json], place: str, depth: int) -> Array:
        first = schema.get("prefixItems", [])
        if not isinstance(first, list):
            _wrong(f"{place}/prefixItems", "it is a list of schemas")
        least, most = _count(schema, "minItems", place) or 0, _count(schema, "maxItems", place)
        others = schema.get("items", not first or least > len(first))
        if isinstance(others, list):
            raise DeskError("schema.unsupported", keyword="items: […]", place=_short(place))
        if least > MOST_REPEATED:
            raise DeskError("schema.too_big", place=_short(f"{place}/minItems"))
        nodes = tuple(self._node(one, f"{place}/prefixItems/{at}", depth + 1) for at, one in enumerate(first))
        more = None if others is False else self._node(others, f"{place}/items", depth + 1)
        room = most if more is not None else min(len(nodes), len(nodes) if most is None else most)
        if room is not None and least > room:
            raise DeskError("schema.nothing", place=_short(place))
        return Array(nodes, more, least, room)

    def _object(self, schema: dict[str, Json], place: str, depth: int) -> Object:
        named, required = schema.get("properties", {}), schema.get("required", [])
        if not isinstance(named, dict):
            _wrong(f"{place}/properties", "it is an object of schemas")
        if not isinstance(required, list) or not all(isinstance(name, str) for name in required):
            _wrong(f"{place}/required", "it is a list of names")
        others = schema.get("additionalProperties", True)
        least, most = _count(schema, "minProperties", place) or 0, _count(schema, "maxProperties", place)
        if not named and not required and others is not False:
            return self._map(others, least, most, place, depth)
        demanded = set(required)
        if most is not None and most < len(named):
            named = {name: one for name, one in named.items() if name in demanded}
        fields = [
            Field(name, self._node(one, f"{place}/properties/{name}", depth + 1), name in demanded)
            for name, one in named.items()
            if one is not False or name in demanded
        ]
        for name in dict.fromkeys(map(str, required)):
            if name not in named:
                node = self._node(others, f"{place}/additionalProperties", depth + 1)
                fields.append(Field(name, node, required=True))
        if least > sum(field.required for field in fields):
            raise DeskError("schema.unsupported", keyword="minProperties", place=_short(place))
        if most is not None and most < len(fields):
            raise DeskError("schema.nothing", place=_short(place))
        return Object(tuple(fields))

    def _map(self, others: Json, least: int, most: int | None, place: str, depth: int) -> Object:
        """An object whose names are free. The same name may come twice, so no more than one can be demanded."""
        if least > 1:
            raise DeskError("schema.unsupported", keyword="minProperties", place=_short(place))
        if most is not None and most < least:
            raise DeskError("schema.nothing", place=_short(place))
        return Object((), self._node(others, f"{place}/additionalProperties", depth + 1), least, most)


def _text(schema: dict[str, Json], place: str) -> Text:
    least, most = _count(schema, "minLength", place) or 0, _count(schema, "maxLength", place)
    if least > MOST_REPEATED:
        raise DeskError("schema.too_big", place=_short(f"{place}/minLength"))
    if most is not None and least > most:
        raise DeskError("schema.nothing", place=_short(place))
    form = schema.get("format")
    return Text(least, most, form if form in FORMS and not least and most is None else "")


def _number(schema: dict[str, Json], place: str, *, whole: bool) -> Number:
    low, low_open = _bound(schema, "minimum", "exclusiveMinimum", place, 1)
    high, high_open = _bound(schema, "maximum", "exclusiveMaximum", place, -1)
    return Number(whole, low, high, low_open, high_open)


def _bound(schema: dict[str, Json], closed: str, opened: str, place: str, sign: int) -> tuple[Fraction | None, bool]:
    """The tighter of two bounds, and whether it is left out itself; `sign` is 1 for lower ones."""
    found: list[tuple[Fraction, bool]] = []
    for keyword, is_open in ((closed, False), (opened, True)):
        value = schema.get(keyword)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float):
            _wrong(f"{place}/{keyword}", "it is a number")
        if abs(value) > _LARGEST:
            raise DeskError("schema.too_big", place=_short(f"{place}/{keyword}"))
        found.append((Fraction(str(value)), is_open))
    if not found:
        return None, False
    return max(found, key=lambda one: (sign * one[0], one[1]))


def _count(schema: dict[str, Json], keyword: str, place: str) -> int | None:
    value = schema.get(keyword)
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        _wrong(f"{place}/{keyword}", "it is a whole number from 0 on")
    return value


def _means_nothing(keyword: str, value: Json) -> bool:
    return keyword == "uniqueItems" and value is False


def _written(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _wrong(place: str, reason: str) -> NoReturn:
    raise DeskError("schema.wrong", place=_short(place), reason=reason)


def _short(place: str) -> str:
    return place if len(place) <= 160 else f"{place[:80]}…{place[-79:]}"
