r"""A tree as a grammar in llama.cpp's notation (GBNF, grammars/README.md there), by which only fitting text is written.

JSON is written on one line with a blank behind each comma and colon, strings without `\u` (every character is written
as itself), so that there is one way to write a value and no room to go on for ever between two of its parts.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Final

from mistral_desk.core.errors import DeskError
from mistral_desk.inference.schema_numbers import number
from mistral_desk.inference.schema_tree import (
    Anything,
    Array,
    Choice,
    Link,
    Literals,
    Node,
    Number,
    Object,
    Text,
)

if TYPE_CHECKING:
    from mistral_desk.inference.schema_tree import Tree

MOST_ITEMS: Final = 1000
"""Items of a list at most; a schema that allows more allows these."""
MOST_CHARACTERS: Final = 1_000_000
MOST_REPEATS: Final = 20_000
"""Of all repetitions that are counted, together: llama.cpp writes each of them out."""
MOST_BEGINNINGS: Final = 4096
"""Ways to begin a value: llama.cpp follows each of them at once, also those that lead to the same place, and choices of
choices have more of them than there is time for.
"""
_NAME_CHARACTERS: Final = 64
_SHORT: Final = 64
"""Up to so many characters are counted one by one."""

_COMMON: Final = r"""
character ::= [^"\\\x00-\x1F\x7F] | "\\" ["\\/bfnrt]
any-string ::= "\"" character* "\""
any-number ::= "-"? ("0" | [1-9] [0-9]{0,14}) ("." [0-9]{1,15})? ([eE] [-+]? [0-9]{1,2})?
any-object ::= "{" (any-string ": " any-value (", " any-string ": " any-value)*)? "}"
any-array ::= "[" (any-value (", " any-value)*)? "]"
any-value ::= any-object | any-array | any-string | any-number | "true" | "false" | "null"
day-31 ::= "0" [1-9] | [12] [0-9] | "3" [01]
day-30 ::= "0" [1-9] | [12] [0-9] | "30"
day-28 ::= "0" [1-9] | "1" [0-9] | "2" [0-8]
month-31 ::= "01" | "03" | "05" | "07" | "08" | "10" | "12"
month-30 ::= "04" | "06" | "09" | "11"
date ::= [1-9] [0-9]{3} "-" (month-31 "-" day-31 | month-30 "-" day-30 | "02-" day-28)
time ::= ([01] [0-9] | "2" [0-3]) ":" [0-5] [0-9] ":" [0-5] [0-9] ("." [0-9]{1,3})? "Z"
date-time ::= date "T" time
hexadecimal ::= [0-9a-f]
uuid ::= hexadecimal{8} "-" hexadecimal{4} "-" hexadecimal{4} "-" hexadecimal{4} "-" hexadecimal{12}
"""


def grammar(tree: Tree) -> str:
    """The grammar of an answer. Raises `schema.too_big` and `schema.nothing`."""
    try:
        if _Beginnings(tree).most() > MOST_BEGINNINGS:
            raise DeskError("schema.too_big", place="#")
        return _Writer(tree).written()
    except RecursionError as error:
        raise DeskError("schema.too_big", place="#") from error


class _Beginnings:
    """Counts the ways in which values begin. Only choices have several; no rule leads to itself by choices alone."""

    def __init__(self, tree: Tree) -> None:
        self._rules = tree.rules
        self._known: dict[str, int] = {}
        self._nodes = [tree.root, *tree.rules.values()]

    def most(self) -> int:
        """Of any value in the tree."""
        return max(map(self._deep, self._nodes))

    def _deep(self, node: Node) -> int:
        """The most of this value, and of all that are in it."""
        match node:
            case Choice(nodes=nodes):
                return max(self._of(node), *map(self._deep, nodes))
            case Array(first=first, others=others):
                return max(1, *map(self._deep, first), 0 if others is None else self._deep(others))
            case Object(fields=fields, others=others):
                rest = 0 if others is None else self._deep(others)
                return max(1, *(self._deep(field.node) for field in fields), rest)
            case _:
                return self._of(node)

    def _of(self, node: Node) -> int:
        match node:
            case Choice(nodes=nodes):
                return sum(map(self._of, nodes))
            case Literals(texts=texts):
                return len(texts)
            case Link(name=name):
                if name not in self._known:
                    self._known[name] = self._of(self._rules[name])
                return self._known[name]
            case _:
                return 1


class _Writer:
    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._rules: dict[str, str] = {}
        self._repeats = 0

    def written(self) -> str:
        root = self._of(self._tree.root)
        for name, node in self._tree.rules.items():
            self._rules[name] = self._of(node)
        lines = [f"root ::= {root}", *(f"{name} ::= {text}" for name, text in self._rules.items())]
        return "\n".join(lines) + _COMMON

    def _of(self, node: Node) -> str:
        """What stands for a node where it is used."""
        match node:
            case Anything():
                return "any-value"
            case Link(name=name):
                return name
            case Literals(texts=texts):
                return self._rule(" | ".join(map(_literal, texts)))
            case Choice(nodes=nodes):
                return self._rule(" | ".join(self._of(one) for one in nodes))
            case Text():
                return self._text(node)
            case Number():
                text = number(node)
                if not text:
                    raise DeskError("schema.nothing", place=f"{node.low} … {node.high}")
                self._count(len(text) // 8)
                return self._rule(text)
            case Array():
                return self._rule(self._array(node))
            case Object():
                return self._rule(self._object(node))

    def _rule(self, text: str) -> str:
        name = f"part-{len(self._rules)}"
        self._rules[name] = text
        return name

    def _count(self, most: int) -> int:
        self._repeats += most
        if self._repeats > MOST_REPEATS:
            raise DeskError("schema.too_big", place="#")
        return most

    # --- strings --------------------------------------------------------------------------------------

    def _text(self, node: Text) -> str:
        if node.form:
            return self._rule(f'"\\"" {node.form} "\\""')
        if not node.least and node.most is None:
            return "any-string"
        return self._rule(f'"\\"" {self._characters(node.least, node.most)} "\\""')

    def _characters(self, least: int, most: int | None) -> str:
        """So many characters. Many are counted in blocks, because llama.cpp writes out every single one: of the last
        few that would be allowed, some are then given away.
        """
        start = f"character{{{self._count(least)}}} " if least else ""
        if most is None:
            return f"{start}character*"
        rest = min(most, MOST_CHARACTERS) - least
        if rest <= _SHORT:
            return f"{start}character{{0,{self._count(rest)}}}" if rest else start
        block = math.isqrt(rest)
        many = rest // block - 1
        self._count(many + 2 * block)
        whole = self._rule(f"character{{{block}}}")
        return f"{start}{whole}{{0,{many}}} character{{0,{block - 1}}}"

    # --- lists ----------------------------------------------------------------------------------------

    def _array(self, node: Array) -> str:
        most = MOST_ITEMS if node.most is None or node.most > MOST_ITEMS else node.most
        unbounded = node.most is None
        return f'"[" {self._items(node, 0, most, unbounded=unbounded)} "]"'

    def _items(self, node: Array, at: int, most: int, *, unbounded: bool) -> str:
        """The items from number `at` on, with the comma before them."""
        full = at >= most and not unbounded
        if at < len(node.first) and not full:
            comma = '", " ' if at else ""
            rest = self._items(node, at + 1, most, unbounded=unbounded)
            text = self._rule(f"{comma}{self._of(node.first[at])} {rest}")
            return text if at < node.least else f"{text}?"
        if full or node.others is None:
            return ""
        item = self._of(node.others)
        least = max(0, node.least - at)
        if at:
            end = "" if unbounded else str(most - at)
            self._count(least if unbounded else most - at)
            return f'(", " {item}){{{least},{end}}}'
        end = "" if unbounded else str(most - 1)
        more = "" if end == "0" else f'(", " {item}){{{max(0, least - 1)},{end}}}'
        self._count(least if unbounded else most)
        return f"{item} {more}" if least else f"({item} {more})?"

    # --- objects --------------------------------------------------------------------------------------

    def _object(self, node: Object) -> str:
        if node.others is not None:
            return self._map(node, self._of(node.others))
        return f'"{{" {self._fields(node)} "}}"'

    def _map(self, node: Object, value: str) -> str:
        most = None if node.most is None else min(node.most, MOST_ITEMS)
        if most == 0:
            return '"{" "}"'
        self._count(_NAME_CHARACTERS + (most or 0))
        pair = self._rule(f'"\\"" character{{1,{_NAME_CHARACTERS}}} "\\": " {value}')
        more = "" if most == 1 else f'(", " {pair}){{0,{"" if most is None else most - 1}}}'
        return f'"{{" {pair} {more} "}}"' if node.least else f'"{{" ({pair} {more})? "}}"'

    def _fields(self, node: Object) -> str:
        """From the last property to the first: what may follow, behind another one and as the first one."""
        behind = first = ""
        for field in reversed(node.fields):
            pair = f"{_literal(json.dumps(field.name, ensure_ascii=False) + ': ')} {self._of(field.node)}"
            now_behind, now_first = f'", " {pair} {behind}', f"{pair} {behind}"
            if not field.required:
                now_behind = f"{now_behind} | {behind}" if behind else f"({now_behind})?"
                now_first = f"{now_first} | {first}" if first else f"({now_first})?"
            behind, first = self._rule(now_behind), self._rule(now_first)
        return first


def _literal(text: str) -> str:
    """A text that is written as it stands."""
    escaped = "".join(_ESCAPED.get(letter, letter) if letter >= " " else f"\\x{ord(letter):02X}" for letter in text)
    return f'"{escaped}"'


_ESCAPED: Final = {"\\": "\\\\", '"': '\\"', "\x7f": "\\x7F"}
