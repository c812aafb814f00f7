"""Questions about a simple drawing that is in the conversation, with the only right answer to each.

What the drawing lacks is said to be missing; what is no simple drawing is said to be unfamiliar.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from . import unknown
from .scenes import COUNTS, DIGITS, KINDS, SHAPES, Picture, Thing, draw
from .wording import Exchange, Split, Wordings, load

if TYPE_CHECKING:
    import random

SHARE = 0.12
"""How many conversations start with a picture in mind; about one in nine comes to have one."""
PRACTICE_SHARE = 0.5
"""The same where pictures are practised."""
STAYING = 0.72
"""How often a later question is about the picture again."""
INTRODUCED = 0.2
"""How often words come before a first question ("Here is a picture. …")."""
STRANGE = "I only know simple drawings of shapes and digits; I do not know what this shows."
LIMIT = "I can only name simple shapes, digits and their colours, and count them."
EMPTY = "I see nothing in this picture."
FAMILY = {
    "what": "picture: what", "count": "picture: count", "colour": "picture: colour", "digit": "picture: digit",
    "shape": "picture: shape", "there": "picture: is there", "size": "picture: size", "lacks": "picture: lacks",
    "other": "picture: other", "strange": "picture: unfamiliar",
}  # fmt: skip


@cache
def wordings() -> dict[str, Wordings]:
    """Every way to ask, by kind of question."""
    return {kind: Wordings(texts) for kind, texts in load("pictures").items()}


def with_article(text: str) -> str:
    """`a red circle`, `an orange square`, `an 8`."""
    return f"an {text}" if text[0] in "aeio8" else f"a {text}"


def named(thing: Thing) -> str:
    """`a red circle`, `an orange 8`."""
    return with_article(f"{thing.colour} {thing.kind}")


def listed(things: tuple[Thing, ...]) -> str:
    """`a red circle, a blue square and a black star`."""
    names = [named(thing) for thing in things]
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]


def counted(picture: Picture) -> str:
    """The number in words, as in `There are two shapes`."""
    things = picture.things
    if len(things) == 1:
        return "There is one digit." if things[0].kind in DIGITS else "There is one shape."
    return f"There are {COUNTS[len(things)] if things else 'no'} shapes."


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] + "."


def _fill(frame: str, kind: str) -> str:
    """The frame about this kind, with the right article."""
    return re.sub(r"\b([Aa]) (?=8)", r"\1n ", frame.replace("{w}", kind))


def _what(picture: Picture) -> tuple[str, str]:
    things = picture.things
    if not things:
        return "The picture is empty.", EMPTY
    thought = "There is one thing in the picture."
    if len(things) > 1:
        thought = f"I look from the top left to the bottom right: {', then '.join(named(thing) for thing in things)}."
    return thought, _sentence(listed(things))


def _count(picture: Picture) -> tuple[str, str]:
    if not picture.things:
        return "The picture is empty.", counted(picture)
    names = ", ".join(named(thing) for thing in picture.things)
    return f"I count: {names}. That makes {COUNTS[len(picture.things)]}.", counted(picture)


def _of(rng: random.Random, picture: Picture, about: str, split: Split) -> Exchange | None:
    """A question about one kind of thing: its colour, or whether it is there at all."""
    kinds = [thing.kind for thing in picture.things]
    alone = [thing for thing in picture.things if kinds.count(thing.kind) == 1]
    missing = [kind for kind in (KINDS if rng.random() < 0.2 else SHAPES) if kind not in kinds]
    if alone and rng.random() < 0.6:
        thing = rng.choice(alone)
        question = _fill(wordings()[about].pick(rng, split), thing.kind)
        thought = f"I see {named(thing)}."
        if about == "there":
            return Exchange(FAMILY["there"], question, thought, f"Yes, {named(thing)}.")
        return Exchange(FAMILY["colour"], question, thought, f"The {thing.kind} is {thing.colour}.")
    if not missing:
        return None
    kind = rng.choice(missing)
    question = _fill(wordings()[about].pick(rng, split), kind)
    thought = f"I look for {with_article(kind)}, but there is none."
    start = "No, " if about == "there" else ""
    family = FAMILY["there"] if about == "there" else FAMILY["lacks"]
    return Exchange(family, question, thought, f"{start}I see no {kind}.")


def _asked(rng: random.Random, picture: Picture, practice: bool) -> str:
    """The kind of question that fits this picture; `practice` asks more for what must be looked for."""
    things = picture.things
    if practice and len(things) != 1:
        kinds = {"what": 36, "count": 10, "colour_of": 27, "there": 22, "other": 5}
    elif practice and things[0].kind in DIGITS:
        kinds = {"what": 32, "digit": 28, "colour_it": 10, "count": 4, "colour_of": 9, "there": 12, "other": 5}
    elif practice:
        kinds = {"what": 36, "colour_it": 12, "shape": 12, "count": 6, "colour_of": 13, "there": 12, "size": 3,
                 "digit": 2, "other": 5}  # fmt: skip
    elif len(things) != 1:
        kinds = {"what": 42, "count": 28, "colour_of": 19, "there": 8, "other": 3}
    elif things[0].kind in DIGITS:
        kinds = {"what": 24, "digit": 42, "colour_it": 14, "count": 6, "colour_of": 6, "there": 5, "other": 3}
    else:
        kinds = {"what": 30, "colour_it": 17, "shape": 17, "count": 11, "colour_of": 9, "there": 7, "size": 4,
                 "digit": 2, "other": 3}  # fmt: skip
    return rng.choices(list(kinds), list(kinds.values()))[0]


def _one(picture: Picture, kind: str, question: str) -> Exchange | None:
    """The answer to a question about a single thing."""
    thing = picture.things[0]
    if kind == "colour_it":
        return Exchange(FAMILY["colour"], question, f"I see {named(thing)}.", f"It is {thing.colour}.")
    if kind == "digit" and thing.kind in DIGITS:
        return Exchange(FAMILY["digit"], question, "I look at its strokes.", _sentence(with_article(thing.kind)))
    if kind == "digit":
        return Exchange(FAMILY["lacks"], question, f"I see {named(thing)} and no digit.", "I see no digit.")
    if kind == "shape":
        return Exchange(FAMILY["shape"], question, "I look at its outline.", _sentence(with_article(thing.kind)))
    if thing.size is None:
        return None
    return Exchange(FAMILY["size"], question, "I look how much room it takes.", f"It is {thing.size}.")


def bring(rng: random.Random, first: bool, practice: bool = False) -> Picture | None:
    """A new picture with this question? Mostly with the first one, sometimes later, seldom a second one."""
    return draw(rng, practice) if rng.random() < (0.85 if first else 0.08) else None


def ask(rng: random.Random, picture: Picture, split: Split, after: bool = False, *, practice: bool = False) -> Exchange:
    """A question about the picture that is in the conversation; `after`: not the first one."""
    found = None
    while found is None:
        found = _ask(rng, picture, split, practice)
    text = found.question
    if not after:
        frame = wordings()["intro"].pick(rng, split) if rng.random() < INTRODUCED else "{}"
        if frame.endswith(": {}"):
            text = text[0].lower() + text[1:]
        return Exchange(found.family, frame.format(text), found.thought, found.answer, found.honest)
    frame = wordings()["after"].pick(rng, split)
    if not frame.startswith("{}") and frame.rstrip("{}").endswith((", ", "And ", "and ", "So ")):
        text = text[0].lower() + text[1:]
    return Exchange(found.family, frame.format(text), found.thought, found.answer, found.honest)


def _ask(rng: random.Random, picture: Picture, split: Split, practice: bool) -> Exchange | None:
    kind = _asked(rng, picture if picture.familiar else Picture(()), practice)
    if not picture.familiar:
        kind = rng.choice(("what", "what", "what", kind, "colour_of", "digit", "shape", "there", "other"))
        question = _fill(wordings()[kind].pick(rng, split), rng.choice(SHAPES))
        thought = "This is no simple drawing. I say so honestly."
        return Exchange(FAMILY["strange"], question, thought, STRANGE, honest=True)
    if kind in ("colour_of", "there"):
        return _of(rng, picture, kind, split)
    question = _fill(wordings()[kind].pick(rng, split), rng.choice(SHAPES))
    if kind == "other":
        thought = "This is more than I can tell about a picture. I say so honestly."
        return Exchange(FAMILY["other"], question, thought, LIMIT, honest=True)
    if kind in ("what", "count"):
        thought, answer = _what(picture) if kind == "what" else _count(picture)
        return Exchange(FAMILY[kind], question, thought, answer)
    return _one(picture, kind, question)


def blind(rng: random.Random, split: Split) -> Exchange:
    """The same questions where there is no picture: the model must say that it sees none."""
    kind = rng.choice(("what", "what", "count", "colour_of", "digit", "shape", "there"))
    frames = [text for text in _side(kind, split) if re.search(r"picture|image|draw|shape|digit|object|\{w\}", text)]
    question = _fill(rng.choice(frames), rng.choice(SHAPES))
    thought = unknown.THOUGHTS["picture"] + " I say so honestly."
    return Exchange("unknown: picture", question, thought, unknown.START + unknown.REPLIES["picture"], honest=True)


def _side(kind: str, split: Split) -> list[str]:
    return wordings()[kind].held if split == "held" else wordings()[kind].train


__all__ = ["SHARE", "Picture", "ask", "blind", "draw"]
