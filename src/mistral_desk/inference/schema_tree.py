"""A JSON schema as a tree of what this program can promise of an answer; what it cannot promise is refused by name.

The tree may say less than the schema allows (properties in their order, none that are not named), never more: whatever
it allows, the schema allows. What is understood is listed in docs/schema-answers.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


@dataclass(frozen=True)
class Anything:
    """Any JSON value."""


@dataclass(frozen=True)
class Literals:
    """One of these values, each as JSON text."""

    texts: tuple[str, ...]


@dataclass(frozen=True)
class Text:
    """A string of so many characters; `form` is one of `FORMS`, or empty."""

    least: int = 0
    most: int | None = None
    form: str = ""


@dataclass(frozen=True)
class Number:
    """A number within bounds, which are left out themselves where they are `open`; only whole ones where `whole`."""

    whole: bool = False
    low: Fraction | None = None
    high: Fraction | None = None
    low_open: bool = False
    high_open: bool = False


@dataclass(frozen=True)
class Array:
    """A list that begins with `first`, in this order, then holds `others` (None: nothing more)."""

    first: tuple[Node, ...]
    others: Node | None
    least: int
    most: int | None


@dataclass(frozen=True)
class Field:
    """A named property."""

    name: str
    node: Node
    required: bool


@dataclass(frozen=True)
class Object:
    """An object with these properties, in this order; or, where `others` is given, one with names of any kind."""

    fields: tuple[Field, ...]
    others: Node | None = None
    least: int = 0
    most: int | None = None


@dataclass(frozen=True)
class Choice:
    """One of several."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True)
class Link:
    """Another rule of the tree, by its name."""

    name: str


Node: TypeAlias = Anything | Literals | Text | Number | Array | Object | Choice | Link

FORMS: Final = ("date", "time", "date-time", "uuid")
"""Formats of strings that are kept to; others are only remarks, as the standard has it."""
_MOST_LOOKS: Final = 20_000
TRUE: Final = Literals(("true",))
FALSE: Final = Literals(("false",))
NULL: Final = Literals(("null",))


@dataclass(frozen=True)
class Tree:
    """The whole: what an answer has to be, and the rules that its links name."""

    root: Node
    rules: Mapping[str, Node]

    def target(self, node: Node) -> Node:
        """What a node is behind its links."""
        while isinstance(node, Link):
            node = self.rules[node.name]
        return node


def runs_in_circles(tree: Tree) -> bool:
    """Whether a link leads back to itself without anything being written on the way."""
    done: set[str] = set()

    def visit(node: Node, path: frozenset[str]) -> bool:
        if isinstance(node, Choice):
            return any(visit(one, path) for one in node.nodes)
        if not isinstance(node, Link) or node.name in done:
            return False
        if node.name in path:
            return True
        found = visit(tree.rules[node.name], path | {node.name})
        done.add(node.name)
        return found

    return any(visit(Link(name), frozenset()) for name in tree.rules)


def is_endless(tree: Tree) -> bool:
    """Whether some part of it can only be fulfilled by a value without an end."""
    ends: set[str] = set()

    def can_end(node: Node) -> bool:
        match node:
            case Link(name=name):
                return name in ends
            case Choice(nodes=nodes):
                return any(map(can_end, nodes))
            case Array(first=first, others=others, least=least):
                more = others is None or least <= len(first) or can_end(others)
                return more and all(map(can_end, first[:least]))
            case Object(fields=fields, others=others, least=least):
                more = others is None or least == 0 or can_end(others)
                return more and all(can_end(field.node) for field in fields if field.required)
            case _:
                return True

    found = True
    while found:
        new = {name for name, node in tree.rules.items() if name not in ends and can_end(node)}
        ends |= new
        found = bool(new)
    return len(ends) < len(tree.rules) or not can_end(tree.root)


class Apart:
    """Tells whether certainly no value is both of two nodes; where that cannot be told, it is not so. A tree in which
    that takes too long to find out cannot be told.
    """

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._left = _MOST_LOOKS

    def __call__(self, one: Node, other: Node) -> bool:
        """Whether they are."""
        self._left -= 1
        if self._left < 0:
            return False
        one, other = self._tree.target(one), self._tree.target(other)
        if isinstance(one, Choice):
            return all(self(node, other) for node in one.nodes)
        if isinstance(other, Choice):
            return all(self(one, node) for node in other.nodes)
        if not kinds(one) & kinds(other):
            return True
        if isinstance(one, Literals) and isinstance(other, Literals):
            return not _plain(one.texts) & _plain(other.texts)
        if isinstance(one, Object) and isinstance(other, Object):
            named = {field.name: field.node for field in other.fields if field.required}
            shared = [field for field in one.fields if field.required and field.name in named]
            return any(self(field.node, named[field.name]) for field in shared)
        return False


def kinds(node: Node) -> frozenset[str]:
    """Which kinds of values a node may have: by what their JSON text begins with."""
    match node:
        case Literals(texts=texts):
            return frozenset(_kind(text) for text in texts)
        case Text():
            return frozenset({"string"})
        case Number():
            return frozenset({"number"})
        case Array():
            return frozenset({"array"})
        case Object():
            return frozenset({"object"})
        case _:
            return frozenset({"string", "number", "array", "object", "true", "false", "null"})


def _kind(text: str) -> str:
    return {'"': "string", "[": "array", "{": "object", "t": "true", "f": "false", "n": "null"}.get(text[:1], "number")


def _plain(texts: tuple[str, ...]) -> set[str]:
    """Texts that compare as their values do, as far as numbers go: 1 and 1.0 are one."""
    return {str(Fraction(text)) if _kind(text) == "number" else text for text in texts}
