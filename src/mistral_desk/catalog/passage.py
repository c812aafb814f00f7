"""The passage *When to pick something else* of a record's text, and the models that it names.

No peer shows it: a publisher who says when another model is the better choice deserves a box of its own.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_HEAD: Final = re.compile(
    r"^[ \t]*(?P<mark>\#{1,6}[ \t]+|[*_]{2,3})?[ \t]*"
    r"(?P<title>when[ ]to[ ](?:pick|choose|use|look)[ ](?:something|anything|another[ ]model|elsewhere)(?:[ ]else)?"
    r"|when[ ]not[ ]to[ ](?:pick|choose|use)[ ](?:it|this(?:[ ]model)?))"
    r"[ \t]*[:.]?[ \t]*(?:[*_]{2,3})?[ \t]*[:.]?[ \t]*",
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)
_NEXT: Final = re.compile(r"\n[ \t]*\n")
_HEADING: Final = re.compile(r"^[ \t]*#{1,6}[ \t]", re.MULTILINE)
_FIRST: Final = re.compile(r"\A\s*#[ \t]+[^\n]*\n*")
_SIZE: Final = re.compile(r"\s+(?:\d+(?:\.\d+)?[bt](?:-a\d+(?:\.\d+)?b)?|\d+e|\(.*\)|instruct|it)$", re.IGNORECASE)


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
    """Where a text names models, longest names first, none inside another.

    A title is also known without its size (“Mistral Small 3 24B” as “Mistral Small 3”) and by its id; a name that
    goes on (“Mistral Small 3.2”, “GLM-5.1” where only “GLM-5” is known) is another model's. A name without a number
    counts only where it begins with a capital letter.
    """
    squeezed = text.lower().translate(_BETWEEN)
    names: dict[str, str] = {}
    for own, title in titles.items():
        if _key(title)[:3] in squeezed or _key(own)[:3] in squeezed:  # most of thousands are out of question at once
            for name in _names(own, title):
                if name in squeezed:
                    names.setdefault(name, own)
    if not names:
        return
    pattern = "|".join(_spelling(name) for name in sorted(names, key=len, reverse=True))
    for match in re.finditer(rf"(?<![\w.-])(?:{pattern})(?![\w-]|\.\d)", text, re.IGNORECASE):
        found = match[0]
        model = names.get(_key(found))
        if model and (any(character.isdigit() for character in found) or found[0].isupper()):
            yield Mention(match.start(), match.end(), model)


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


def _spelling(key: str) -> str:
    """A pattern for a key with spaces or hyphens between any of its letters and digits."""
    return r"[\s_\u2010\u2011-]{0,2}".join(re.escape(character) for character in key)


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
