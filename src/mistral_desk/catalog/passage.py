"""The passage *When to pick something else* of a record's text, and the models that it names.

No peer shows it: a publisher who says when another model is the better choice deserves a box of its own.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_HEAD: Final = re.compile(
    r"^[ \t]{0,8}(?P<mark>\#{1,6}[ \t]{1,4}|[*_]{2,3})?[ \t]{0,4}"
    r"(?P<title>when[ ]to[ ](?:pick|choose|use|look)[ ](?:something|anything|another[ ]model|elsewhere)(?:[ ]else)?"
    r"|when[ ]not[ ]to[ ](?:pick|choose|use)[ ](?:it|this(?:[ ]model)?))"
    r"[ \t]*[:.]?[ \t]*(?:[*_]{2,3})?[ \t]*[:.]?[ \t]*",
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)
_NEXT: Final = re.compile(r"\n[ \t]*\n")
_HEADING: Final = re.compile(r"^[ \t]*#{1,6}[ \t]", re.MULTILINE)
_FIRST: Final = re.compile(r"\A\s*#[ \t]+[^\n]*\n*")
_SIZE: Final = re.compile(r"\s+(?:\d+(?:\.\d+)?[bt](?:-a\d+(?:\.\d+)?b)?|\d+e|\(.*\)|instruct|it)$", re.IGNORECASE)
_READ: Final = 20_000
"""Letters of a passage in which names are looked for: more is no advice that somebody reads."""
_APART: Final = 3
"""How far a name's next letter may be: two signs between them."""
_BEFORE: Final = re.compile(r"[\w.-]")
_AFTER: Final = re.compile(r"[\w-]|\.\d")
_BETWEEN: Final = {ord(character): None for character in " \t\n\u00a0_-\u2010\u2011"}


class Mention(NamedTuple):
    """A model's name in a text: where it stands, and the id it stands for."""

    begin: int
    end: int
    id: str


class Passage(msgspec.Struct, frozen=True):
    """The passage without its heading, in Markdown, and the models it names, in their order."""

    title: str
    text: str
    mentions: tuple[Mention, ...] = ()


def passage_of(text: str, titles: Mapping[str, str]) -> Passage | None:
    """The passage of a text; `titles` are the models to look for, id → title. None where there is none."""
    where = _bounds(text)
    if where is None:
        return None
    title, _, begin, end = where
    said = text[begin:end].strip()
    return Passage(title, said, tuple(mentions(said, titles))) if said else None


def body_of(text: str) -> str:
    """The text without its first heading and without the passage."""
    if where := _bounds(text):
        _, head, _, end = where
        text = f"{text[:head].rstrip()}\n\n{text[end:].lstrip()}".strip() if text[end:].strip() else text[:head]
    return _FIRST.sub("", text, count=1).strip()


def mentions(text: str, titles: Mapping[str, str]) -> Iterator[Mention]:
    """Where a text's first 20,000 letters name models, longest names first, none inside another.

    A title is also known without its size (“Mistral Small 3 24B” as “Mistral Small 3”) and by its id; a name that
    goes on (“Mistral Small 3.2”, “GLM-5.1” where only “GLM-5” is known) is another model's. A name without a number
    counts only where it begins with a capital letter.
    """
    text = text[:_READ]
    squeezed, places = _squeezed(text)
    names: dict[str, str] = {}
    for own, title in titles.items():
        if _key(title)[:3] in squeezed or _key(own)[:3] in squeezed:  # most of thousands are out of question at once
            for name in _names(own, title):
                if name in squeezed:
                    names.setdefault(name, own)
    found = sorted(
        (begin, -len(name), end, own)
        for name, own in names.items()
        for begin, end in _occurrences(name, squeezed, places, text)
    )
    last = 0
    for begin, _, end, own in found:
        if begin >= last:
            last = end
            words = text[begin:end]
            if any(character.isdigit() for character in words) or words[0].isupper():
                yield Mention(begin, end, own)


def _squeezed(text: str) -> tuple[str, list[int]]:
    """A text as keys are written, and where each of its letters stands in the text."""
    letters, places = [], []
    for number, character in enumerate(text):
        for letter in character.lower():
            if ord(letter) not in _BETWEEN:
                letters.append(letter)
                places.append(number)
    return "".join(letters), places


def _occurrences(name: str, squeezed: str, places: list[int], text: str) -> Iterator[tuple[int, int]]:
    """Where a name stands by itself, with two signs between its letters at most."""
    at = squeezed.find(name)
    while at >= 0:
        spots = places[at : at + len(name)]
        begin, end = spots[0], spots[-1] + 1
        alone = not _BEFORE.search(text[max(0, begin - 1) : begin]) and not _AFTER.match(text, end)
        if alone and all(after - before <= _APART for before, after in pairwise(spots)):
            yield begin, end
        at = squeezed.find(name, at + len(name))


def _names(own: str, title: str) -> Iterator[str]:
    while True:
        if len(key := _key(title)) > 2:
            yield key
        shorter = _SIZE.sub("", title)
        if shorter == title:
            break
        title = shorter
    if any(character.isdigit() for character in own):
        yield _key(own)


@lru_cache(8192)
def _key(name: str) -> str:
    """A name without what spelling varies in: case, spaces, hyphens."""
    return name.lower().translate(_BETWEEN)


def _bounds(text: str) -> tuple[str, int, int, int] | None:
    """The heading's title, where it begins, where the passage begins and ends."""
    head = _HEAD.search(text)
    if head is None:
        return None
    begin = head.end()
    if (head["mark"] or "").startswith("#"):  # a section: to the next heading
        after = _HEADING.search(text, begin)
        return head["title"], head.start(), begin, after.start() if after else len(text)
    after = _NEXT.search(text, begin)
    return head["title"], head.start(), begin, after.start() if after else len(text)
