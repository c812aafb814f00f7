"""A list's item without words, as a rule for markdown-it's parser: in the window and in what is exported it is seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it.rules_core import StateCore
    from markdown_it.token import Token


def bare_items(state: StateCore) -> None:
    """An answer "15." is a list of nothing to CommonMark, and would be seen as nothing: a list of a single item without
    words becomes what was written. Among others such an item has an empty line, so that its mark is seen.
    """
    tokens, made, index = state.tokens, [], 0
    while index < len(tokens):
        kinds = [token.type for token in tokens[index : index + 4]]
        if kinds[1:3] == ["list_item_open", "list_item_close"] and kinds[0].endswith("_list_open"):
            if kinds[3].endswith("_list_close"):
                item = tokens[index + 1]
                made += _line(item, item.info + item.markup, tokens[index].level, hidden=False)
                index += 4
                continue
            made.append(tokens[index])
            index, kinds = index + 1, kinds[1:]
        made.append(tokens[index])
        if kinds[:2] == ["list_item_open", "list_item_close"]:
            made += _line(tokens[index], "", tokens[index].level + 1, hidden=True)
        index += 1
    state.tokens = made


def _line(place: Token, words: str, level: int, *, hidden: bool) -> list[Token]:
    """A paragraph of these words where `place` stands."""
    make = type(place)  # importing the class would load the whole parser
    around = make("paragraph_open", "p", 1), make("paragraph_close", "p", -1)
    inside = make("inline", "", 0, content=words, children=[], level=level + 1, map=place.map)
    for token in around:
        token.hidden, token.level, token.map = hidden, level, place.map
    for token in (*around, inside):
        token.block = True
    return [around[0], inside, around[1]]
