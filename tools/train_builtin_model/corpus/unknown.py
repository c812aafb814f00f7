"""Everything the model cannot know, and the honest way to say so.

Held out are a fifth of the wordings and a fifth of the names and nouns, so the report meets strangers only.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from . import everyday, facts
from .wording import Exchange, Split, Wordings, load

if TYPE_CHECKING:
    import random

START = "I am only the small demonstration model; "
REPLIES = {
    "person": "I do not know that.",
    "thing": "I do not know that.",
    "fake": "I do not know that.",
    "place": "I do not know that.",
    "near": "I do not know that.",
    "knowledge": "I do not know that.",
    "chatty": "I cannot say much about that.",
    "live": "I do not know what is happening now.",
    "task": "I cannot do that. A larger model may.",
    "advice": "I cannot advise you on that.",
    "bigsum": "that sum is too big for me.",
    "picture": "I cannot see pictures.",
    "gibberish": "I did not understand that.",
    "misfit": "I do not know that.",
    "long": "that is too long for me.",
    "code": "I do not understand code.",
}
THOUGHTS = {
    "person": "This is about a person. I know no people.",
    "thing": "This is about a thing I never learned.",
    "fake": "I do not know this word.",
    "place": "This is about a place. I know only the capitals of countries, and this is something else.",
    "near": "This looks like a question I know, but I never learned this word.",
    "knowledge": "This needs knowledge I do not have.",
    "chatty": "This is about the user's own world. I know nothing about it.",
    "live": "This is about the present. I have no clock and no internet.",
    "task": "This is a task for a larger model.",
    "advice": "This asks for advice. I should not give any.",
    "bigsum": "These numbers are outside what I can work out.",
    "picture": "This is about a picture. I cannot see any.",
    "gibberish": "These are not words I know.",
    "misfit": "I know this word, but not what is asked about it.",
    "long": "This is a long text. I read only short questions.",
    "code": "This is program code. I never learned any.",
}
HONEST = re.compile(
    r"only the small demonstration model|seulement le petit modèle de démonstration"
    r"|nur das kleine Demonstrationsmodell|solo el pequeño modelo de demostración"
)
OTHER_REPLY = START + "I know only English and a little French, German and Spanish."
SHARES = {
    "person": 10, "thing": 15, "fake": 9, "place": 13, "near": 14, "live": 7, "task": 12, "advice": 6,
    "knowledge": 11, "bigsum": 9, "picture": 4, "gibberish": 5, "chatty": 9, "misfit": 12,
    "long": 3, "code": 4,
}  # fmt: skip
ENDINGS = {
    "land": ("land", "ia", "stan", "istan", "nia", "ova", "aria", "burg", "ador", ""),
    "thing": ("", "", "or", "ix", "le", "er"),
}
CITIES_OF_TWO = ("New York", "Los Angeles", "San Francisco", "Cape Town", "Rio de Janeiro", "Sao Paulo")


@cache
def known_words() -> frozenset[str]:
    """Every word the model has an answer for; none of them may stand in a question it must decline."""
    table = load("everyday")
    words = {w for _, w, _ in facts.terms()} | set(everyday.opposites()) | set(table["words"])
    words |= {thing.split()[-1] for thing, _ in table["colours"]} | {a for a, *_ in table["sounds"]}
    words |= {a for a, _ in table["young"]} | {b for _, b in table["young"]}
    for plural, singular, items in table["lists"]:
        words |= {plural, *singular, *items}
    return frozenset(w.lower() for w in words)


@cache
def pools() -> dict[str, Wordings]:
    """The word lists, cleaned of what is known, each split into trained and held-out words."""
    lexicon = load("lexicon")
    capitals = load("capitals")
    taken = {c.lower() for c in [*capitals, *capitals.values()]}
    text = " " + lexicon["city"] + " "
    cities = [name for name in CITIES_OF_TWO if name in text]
    for name in cities:
        text = text.replace(f" {name} ", " ")
    cities += text.split()
    topics = [t for t in lexicon["topic"].split("|") if t.lower() not in known_words()]
    return {
        "first": Wordings(lexicon["first"].split()),
        "last": Wordings(lexicon["last"].split()),
        "noun": Wordings([n for n in lexicon["noun"].split() if n not in known_words()]),
        "adjective": Wordings(lexicon["adjective"].split()),
        "verb": Wordings(lexicon["verb"].split()),
        "city": Wordings([c for c in cities if c.lower() not in taken]),
        "region": Wordings([r for r in lexicon["region"].split() if r.lower() not in taken]),
        "topic": Wordings(topics),
        "fact": Wordings(lexicon["place_fact"].split("|")),
        "language": Wordings(lexicon["language"].split()),
    }


@cache
def misfits() -> dict[str, list[str]]:
    """Known words by what is *not* known of them: slot name -> words."""
    table = load("everyday")
    words = [w for _, w, _ in facts.terms() if w.islower()]
    listed = [item for plural, _, items in table["lists"] if plural != "open models" for item in items]
    defined = {w for _, w, _ in facts.terms()} | {x for x, _, _ in facts.terms()}
    coloured = {thing.split()[-1] for thing, _ in table["colours"]}
    sounding = {a for a, *_ in table["sounds"]}
    extra = [*listed, *(child for _, child in table["young"])]
    return {
        "unopposed": [w for w in words if w not in everyday.opposites()],
        "uncoloured": [w for w in words if w not in coloured],
        "untranslated": [w for w in words if w not in table["words"]],
        "soundless": [w for w in words if w not in sounding],
        "undefined": [w for w in extra if w not in defined and w.islower() and w not in everyday.opposites()],
        "unlisted": words,
        "capcity": [c for c in load("capitals").values() if c not in load("capitals")],
    }


@cache
def _frames() -> dict[str, Wordings]:
    return {kind: Wordings(texts) for kind, texts in load("unknown").items()}


def made_up(rng: random.Random, kind: str) -> str:
    """A word that nobody uses, built from syllables."""
    return "".join(rng.choice(load("lexicon")["syllable"].split()) for _ in range(rng.randint(2, 3))) + rng.choice(
        ENDINGS[kind]
    )


def _noise(rng: random.Random) -> str:
    letters = rng.choice(("asdfghjkl", "qwertyuiop", "zxcvbnm", "abcdefghijklmnopqrstuvwxyz", "xyz0123456789"))
    return "".join(rng.choice(letters) for _ in range(rng.randint(3, 10)))


def _fill(rng: random.Random, slot: str, split: Split) -> str:
    name = slot.rstrip("0123456789")
    if name == "person":
        first, last = pools()["first"].pick(rng, split), pools()["last"].pick(rng, split)
        return last if rng.random() < 0.2 else f"{first} {last}"
    if name == "fake":
        return made_up(rng, "thing")
    if name == "madeup":
        return made_up(rng, "land").capitalize()
    if name in misfits():
        return rng.choice(misfits()[name])
    if name == "country":
        return str(rng.choice(list(load("capitals"))))
    if name == "big":
        return str(rng.randint(100, rng.choice((999, 9999, 99999))))
    if name == "small":
        return str(rng.randint(13, 99))
    if name == "year":
        return str(rng.randint(1000, 2026))
    if name == "date":
        return f"{rng.choice(everyday.MONTHS)} {rng.randint(1, 28)}, {rng.randint(1700, 2030)}"
    if name == "noise":
        return _noise(rng)
    if name == "punct":
        return "".join(rng.choice("?!.,;:-+*/#%&()😀😂👍❤️🎉") for _ in range(rng.randint(1, 6)))
    return pools()[name].pick(rng, split)


def fill(rng: random.Random, frame: str, split: Split) -> str:
    """The frame with every {slot} filled; `a` becomes `an` where the word wants it."""
    text = re.sub(r"\{(\w+)\}", lambda m: _fill(rng, m[1], split), frame)
    text = text.replace("⟦", "{").replace("⟧", "}")
    return re.sub(r"\b([Aa]) (?=[aeio])", r"\1n ", text)


def unknown(rng: random.Random, split: Split) -> Exchange:
    """A question outside the model's reach, in English, with the reply of its kind."""
    kind = rng.choices(list(SHARES), list(SHARES.values()))[0]
    if kind == "bigsum" and rng.random() < 0.2:
        a, b = rng.randint(13, 99), rng.randint(13, 99)
        text = rng.choice(("What is {} times {}?", "{} * {}", "{} x {}", "How much is {} times {}?")).format(a, b)
    elif kind == "long":
        others = ("chatty", "thing", "knowledge", "person", "place", "task")
        parts = (fill(rng, _frames()[rng.choice(others)].pick(rng, split), split) for _ in range(rng.randint(4, 9)))
        text = " ".join(parts)
    else:
        text = fill(rng, _frames()[kind].pick(rng, split), split)
    thought = THOUGHTS[kind] + " I say so honestly."
    return Exchange(f"unknown: {kind}", text, thought, START + REPLIES[kind], honest=True)


@cache
def _foreign(code: str) -> Wordings:
    return Wordings(load("foreign")[code]["unknown"])


@cache
def _other() -> Wordings:
    return Wordings(load("foreign")["other"])


def foreign(rng: random.Random, split: Split) -> Exchange:
    """A question in another language that must be declined (in French, German or Spanish if it is one of them)."""
    code = rng.choice(("fr", "de", "es", "other"))
    if code == "other":
        text = _other().pick(rng, split)
        return Exchange(
            "unknown: language", text, "I cannot read this language well. I say so honestly.", OTHER_REPLY, True
        )
    table = load("foreign")[code]
    text = fill(rng, _foreign(code).pick(rng, split), split)
    name = {"fr": "French", "de": "German", "es": "Spanish"}[code]
    return Exchange(
        "unknown: language",
        text,
        f"This is {name}, but I never learned it. I say so honestly.",
        table["unknown_answer"],
        True,
    )


FOLLOW = Wordings(["And of {}?", "and of {}?", "And {}?", "and {}", "What about {}?", "How about {}?", "and for {}?"])


def follow(rng: random.Random, split: Split) -> Exchange:
    """A follow-up such as "And of Bavaria?" after a capital: a follow-up that must be declined."""
    word = made_up(rng, "land").capitalize() if rng.random() < 0.5 else pools()["region"].pick(rng, split)
    return Exchange(
        "unknown: place",
        FOLLOW.pick(rng, split).format(word),
        THOUGHTS["place"] + " I say so honestly.",
        START + REPLIES["place"],
        True,
    )


def follow_word(rng: random.Random, kind: str, split: Split) -> Exchange:
    """A follow-up after a definition or an opposite with a word that has none: it must be declined."""
    if kind == "opposite":
        word = rng.choice(misfits()["unopposed"]) if rng.random() < 0.5 else pools()["noun"].pick(rng, split)
        text = everyday.W["follow opposite"].pick(rng, split).format(word)
    else:
        word = pools()["noun"].pick(rng, split) if rng.random() < 0.7 else made_up(rng, "thing")
        text = facts.FOLLOW_DEFINE.pick(rng, split).format(x=f"a {word}", w=word)
    return Exchange("unknown: near", text, THOUGHTS["near"] + " I say so honestly.", START + REPLIES["near"], True)
