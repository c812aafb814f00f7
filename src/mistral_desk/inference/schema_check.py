"""Whether a value, or the text of an answer, is what a tree demands: the last look, whatever wrote it."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from mistral_desk.inference.schema_tree import Anything, Array, Choice, Json, Link, Literals, Node, Number, Object, Text

if TYPE_CHECKING:
    from mistral_desk.inference.schema_tree import Tree


_MOST_LOOKS: Final = 200_000


def met(tree: Tree, answer: str) -> bool:
    """Whether the text is JSON, and as demanded."""
    try:
        value = json.loads(answer)
    except (ValueError, RecursionError):
        return False
    return fits(tree, value)


def fits(tree: Tree, value: Json) -> bool:
    """Whether a value is as demanded; not, where that takes too long to find out."""
    try:
        return _Look(tree).fits(tree.root, value)
    except RecursionError:
        return False


class _Look:
    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._left = _MOST_LOOKS

    def fits(self, node: Node, value: Json) -> bool:
        self._left -= 1
        if self._left < 0:
            return False
        match node:
            case Anything():
                return True
            case Link():
                return self.fits(self._tree.target(node), value)
            case Choice(nodes=nodes):
                return any(self.fits(one, value) for one in nodes)
            case Literals(texts=texts):
                return any(_same(json.loads(text), value) for text in texts)
            case Text(least=least, most=most):
                return isinstance(value, str) and least <= len(value) and (most is None or len(value) <= most)
            case Number():
                return isinstance(value, int | float) and not isinstance(value, bool) and _within(node, value)
            case Array():
                return isinstance(value, list) and self._items(node, value)
            case Object():
                return isinstance(value, dict) and self._fields(node, value)

    def _items(self, node: Array, value: list[Json]) -> bool:
        if not node.least <= len(value) <= (len(value) if node.most is None else node.most):
            return False
        begin = len(node.first)
        return all(self.fits(one, item) for one, item in zip(node.first, value, strict=False)) and all(
            node.others is not None and self.fits(node.others, item) for item in value[begin:]
        )

    def _fields(self, node: Object, value: dict[str, Json]) -> bool:
        if node.others is not None:
            others = node.others
            within = node.least <= len(value) <= (len(value) if node.most is None else node.most)
            return within and all(self.fits(others, one) for one in value.values())
        known = {field.name: field for field in node.fields}
        return (
            value.keys() <= known.keys()
            and all(field.name in value for field in node.fields if field.required)
            and all(self.fits(known[name].node, one) for name, one in value.items())
        )


def _within(node: Number, value: float) -> bool:
    try:
        exact = Fraction(str(value))
    except (ValueError, OverflowError):  # not a number, or infinite
        return False
    if node.whole and exact.denominator != 1:
        return False
    if node.low is not None and (exact <= node.low if node.low_open else exact < node.low):
        return False
    return node.high is None or (exact < node.high if node.high_open else exact <= node.high)


def _same(one: Json, other: Json) -> bool:
    """Equal as JSON has it: true is not 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    return one == other
