"""Everything the model cannot know, and the honest way to say so.

Most of these questions are those of the known families with a stranger in them, so that only the word tells them
apart. Held out are a fifth of the wordings and a fifth of the words, so the report meets strangers only.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from . import arithmetic, everyday, facts, languages
from .wording import Exchange, Split, Wordings, load, normal

if TYPE_CHECKING:
    import random

START = "I am only the small demonstration model; "
PLAIN = "I do not know that."
SHARES = {
    "person": 8, "thing": 14, "fake": 15, "place": 13, "near": 18, "live": 6, "task": 9, "advice": 6,
    "knowledge": 9, "bigsum": 9, "picture": 3, "gibberish": 4, "chatty": 9, "misfit": 20, "long": 3, "code": 3,
}  # fmt: skip
REPLIES = {
    **dict.fromkeys(SHARES, PLAIN),
    "live": "I do not know what is happening now.",
    "task": "I cannot do that. A larger model may.",
    "bigsum": "that sum is too big for me.",
    "picture": "I see no picture here.",
    "code": "I do not understand code.",
}
"""One reply wherever a reader could not tell the kinds apart; others only where the words give the kind away."""
THOUGHTS = dict.fromkeys(SHARES, "I did not learn this.")
"""Declining is one decision, so it is one thought."""
HONEST = re.compile(
    r"only the small demonstration model|seulement le petit modèle de démonstration"
    r"|nur das kleine Demonstrationsmodell|solo el pequeño modelo de demostración"
)
OTHER_REPLY = START + "I know only English and a little French, German and Spanish."
RECORDS = ("largest", "smallest", "highest", "longest", "fastest", "tallest", "oldest", "hottest", "coldest", "first")
VOWEL = re.compile(r"\b([Aa]) (?=(?:[aeio]|u(?!ni[^nm]|s[aeiu]|t[aeio]|kul|r[aeio]))[a-z]|hour|heir|honest)")


@cache
def known_words() -> frozenset[str]:
    """Every word the model has an answer for; none of them may stand in a question it must decline."""
    table = load("everyday")
    words = {w for _, w, _ in facts.terms()} | set(everyday.opposites()) | set(table["words"])
    words |= {thing.split()[-1] for thing, _ in table["colours"]} | {a for a, *_ in table["sounds"]}
    words |= {a for a, _ in table["young"]} | {b for _, b in table["young"]}
    for listed, singular, items in table["lists"]:
        words |= {listed, *singular, *items}
    return frozenset(w.lower() for w in words)


PLURALS = {
    "mouse": "mice", "goose": "geese", "foot": "feet", "tooth": "teeth", "child": "children", "woman": "women",
    "man": "men", "leaf": "leaves", "loaf": "loaves", "thief": "thieves", "wolf": "wolves", "shelf": "shelves",
    "half": "halves", "calf": "calves", "scarf": "scarves", "wharf": "wharves", "knife": "knives", "wife": "wives",
    "dwarf": "dwarves", "sis": "ses", "quiz": "quizzes", "potato": "potatoes", "tomato": "tomatoes", "hero": "heroes",
}  # fmt: skip


def plural(word: str) -> str:
    """Several of a thing: foxes, berries, knives."""
    for one, many in PLURALS.items():
        if word.endswith(one) and not word.endswith(("shaman", "human", "talisman", "caiman", "ottoman", "mongoose")):
            return word.removesuffix(one) + many
    if re.search(r"[^aeiou]y$", word):
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(("s", "x", "z", "ch", "sh")) else "s")


@cache
def pools() -> dict[str, Wordings]:
    """The word lists, cleaned of what is known, each split into trained and held-out words."""
    lexicon = load("lexicon")
    taken = {name.lower() for pair in load("capitals").items() for name in pair}
    taken |= known_words() | {name.lower() for name in languages.LANGUAGES}
    taken |= {name.removeprefix("the ") for name in taken}
    found = {}
    for name, text in lexicon.items():
        words = text.split("|") if "|" in text else text.split()
        if name in ("syllable", "ending_land", "ending_thing"):
            continue
        words = [word for word in words if word.lower().removeprefix("the ") not in taken]
        if name == "noun":
            words = [word for word in words if plural(word) not in taken]
        found["fact" if name == "place_fact" else name] = Wordings(words)
    return found


@cache
def misfits() -> dict[str, list[str]]:
    """Known words by what is *not* known of them: slot name -> words."""
    table = load("everyday")
    terms = [(x, w) for x, w, _ in facts.terms() if w.islower()]
    apart = {*load("definitions")["computing"], *everyday.SEASONS}
    common = [(x, w) for x, w in terms if x not in apart]
    things = [(x, w) for x, w in common if x.startswith(("a ", "an "))]
    items = [item for listed, _, items in table["lists"] if listed != "open models" for item in items]
    defined = {text for x, w, _ in facts.terms() for text in (x, w)}
    coloured = {thing.split()[-1] for thing, _ in table["colours"]}
    extra = [*items, *(child for _, child in table["young"])]
    sounding, aged = {a for a, *_ in table["sounds"]}, {a for a, _ in table["young"]}
    listed = {name for row in table["lists"] for name in (row[0], *row[1])}
    return {
        "kx": [x for x, _ in common],
        "kw": [w for _, w in common],
        "kplural": [plural(w) for _, w in things if plural(w) not in listed],
        "known": list(table["words"]),
        "unopposed": [w for _, w in terms if w not in everyday.opposites()],
        "uncoloured": [x for x, w in things if w not in coloured],
        "untranslated": [w for _, w in terms if w not in table["words"]],
        "soundless": [w for _, w in things if w not in sounding],
        "ageless": [w for _, w in things if w not in aged],
        "undefined": [w for w in extra if w not in defined and w.islower() and w not in everyday.opposites()],
        "capcity": [c for c in load("capitals").values() if c not in load("capitals")],
    }


@cache
def _frames() -> dict[str, Wordings]:
    return {kind: Wordings(texts) for kind, texts in load("unknown").items()}


KNOWN_LANGUAGES = languages.LANGUAGES
NUMBERS = ("two", "three", "four", "five", "3", "5")
STORY = re.compile(r"birds|apples|rows|bags|people|how many|table", re.IGNORECASE)
SUMS = {
    op: Wordings([text for text in frames.train + frames.held if not STORY.search(text)])
    for op, frames in arithmetic.WORDINGS.items()
    if op in "+-*/"
}
HOW = Wordings(
    [text for text in facts.HOW.train + facts.HOW.held if re.search(r"\b(?:[Hh]ow|[Ww]ay|[Ww]here)\b", text)]
)
Slots = dict[str, tuple[str, ...]]


def _relations(word: Slots) -> dict[str, tuple[Wordings, Slots]]:
    """Every known kind of question with what may stand in its slots: `word` has x (a cat), w (cat) and p (cats)."""
    w, x, p = word["w"], word["x"], word["p"]
    count = tuple(f"{many} are in {one}" for many in p for one in x)
    count += tuple(f"{many} does {one} have" for many in ("legs", "eyes", "wheels", "parts", *p) for one in x)
    short = tuple(f"{many} in {one}" for many in p for one in x)
    return {
        "definition": (facts.DEFINE, {"x": x, "w": w}),
        "opposite": (everyday.W["opposite"], {"": w}),
        "colour": (everyday.W["colour"], {"": x}),
        "sound": (everyday.W["sound"], {"": w, "s": p}),
        "young": (everyday.W["young"], {"": w, "s": p}),
        "list": (everyday.W["list"], {"n": NUMBERS, "p": p}),
        "unit": (everyday.W["unit"], {"": count, "s": short}),
        "top": (everyday.W["top"], {"": tuple(f"{record} {one}" for record in RECORDS for one in w)}),
        "translation": (languages.TRANSLATE, {"w": w, "l": KNOWN_LANGUAGES}),
        "after": (everyday.W["after"], {"k": ("day", "month", "letter"), "x": w}),
        "before": (everyday.W["before"], {"k": ("day", "month", "letter"), "x": w}),
        "nth": (everyday.W["nth"], {"n": tuple(everyday.ORDER), "k": w}),
        "larger": (everyday.W["larger"], {"a": x, "b": ("a {noun}",)}),
        "parity": (everyday.W["parity"], {"a": w}),
        "how": (HOW, {"": tuple(f"{{verb}} {one}" for one in x)}),
        **{f"sum {op}": (frames, {"a": x, "b": ("{small}", "a {noun}")}) for op, frames in SUMS.items()},
    }


PLACES = ("{madeup}", "{madeup}", "{region}", "{city}")
NEAR = _relations({"w": ("{noun}", "{noun}", "{mass}"), "x": ("a {noun}", "a {noun}", "{mass}"), "p": ("{plural}",)})
BORROWED: dict[str, dict[str, tuple[Wordings, Slots]]] = {
    "near": {
        **NEAR,
        "verb": (facts.DEFINE, {"x": ("{mass}",), "w": ("{verb}", "{adjective}", "{plural}")}),
        "contrary": (everyday.W["opposite"], {"": ("{adjective}", "{verb}")}),
        "language": (languages.TRANSLATE, {"w": ("{noun}", "{known}", "{adjective}"), "l": ("{language}",)}),
        "quality": (languages.TRANSLATE, {"w": ("{adjective}", "{verb}", "{plural}"), "l": KNOWN_LANGUAGES}),
        "how to": (HOW, {"": ("{verb} a {noun}", "{verb} {mass}", "{verb} my {noun}", "learn {language}")}),
    },
    "fake": {
        **_relations({"w": ("{fake}",), "x": ("a {fake}", "{fake}"), "p": ("{fake}s",)}),
        "how to": (HOW, {"": ("{verb} the {fake}", "use {fake}", "install {product}", "open {fake}", "{fake}")}),
        "product": (facts.DEFINE, {"x": ("{product}",), "w": ("{product}",)}),
        "capital": (facts.CAPITAL, {"": ("{madeup}", "{fake}")}),
    },
    "place": {
        "capital": (facts.CAPITAL, {"": PLACES}),
        "capital of": (facts.CAPITAL_OF, {"": PLACES}),
        "is capital": (facts.IS_CAPITAL, {"c": ("{city}", "{madeup}", "{capcity}"), "l": ("{madeup}", "{region}")}),
        "fact": (everyday.W["top"], {"": ("{fact} of {country}", "{fact} of {city}", "{fact} of {region}")}),
        "definition": (facts.DEFINE, {"x": PLACES, "w": PLACES}),
        "list": (everyday.W["list"], {"n": NUMBERS, "p": ("cities in {country}", "rivers in {region}")}),
        "unit": (
            everyday.W["unit"],
            {"": ("people live in {city}", "cities are in {country}"), "s": ("people in {city}",)},
        ),
    },
    "misfit": {
        "opposite": (everyday.W["opposite"], {"": ("{unopposed}", "{country}")}),
        "colour": (everyday.W["colour"], {"": ("{uncoloured}",)}),
        "sound": (everyday.W["sound"], {"": ("{soundless}",), "s": ("{kplural}",)}),
        "young": (everyday.W["young"], {"": ("{ageless}",), "s": ("{kplural}",)}),
        "definition": (facts.DEFINE, {"x": ("{country}", "a {undefined}"), "w": ("{undefined}", "{country}")}),
        "translation": (languages.TRANSLATE, {"w": ("{untranslated}", "{country}"), "l": KNOWN_LANGUAGES}),
        "language": (languages.TRANSLATE, {"w": ("{known}", "{kw}"), "l": ("{language}",)}),
        "capital": (facts.CAPITAL, {"": ("{capcity}", "{kw}")}),
        "capital of": (facts.CAPITAL_OF, {"": ("{country}",)}),
        "list": (everyday.W["list"], {"n": NUMBERS, "p": ("{kplural}",)}),
        **{name: relation for name, relation in _relations(
            {"w": ("{kw}", "{country}"), "x": ("{kx}",), "p": ("{kplural}",)}
        ).items() if name in ("unit", "top", "after", "before", "nth", "larger", "parity", "how") or name[:3] == "sum"},
        "count": (everyday.W["count"], {"b": ("{big}",)}),
        "down": (everyday.W["down"], {"b": ("{big}",)}),
        "weekday": (everyday.W["nth"], {"n": tuple(everyday.ORDER[8:]), "k": ("day of the week", "season")}),
    },
}  # fmt: skip
"""Known wordings in which something unknown stands, by kind; drawn evenly over the relations."""
OWN = 0.4
"""How often such a kind uses a wording of its own instead."""


@cache
def known_questions() -> frozenset[str]:
    """Every question with a table behind it, reduced by `normal`; none of them may be declined."""
    found: set[str] = set()

    def add(frames: Wordings, **slots: list[str]) -> None:
        for frame in frames.train + frames.held:
            texts = [frame.replace("{}", "{_}")]
            for name, values in slots.items():
                texts = [t.replace(f"{{{name}}}", v) for t in texts for v in (values if f"{{{name}}}" in t else [""])]
            found.update(normal(text) for text in texts)

    table = load("everyday")
    add(facts.CAPITAL, _=[name for land in load("capitals") for name in (land, land.removeprefix("the "))])
    add(facts.CAPITAL_OF, _=list(facts.countries_of()))
    add(facts.DEFINE, x=[x for x, _, _ in facts.terms()], w=[w for _, w, _ in facts.terms()])
    add(everyday.W["opposite"], _=list(everyday.opposites()))
    add(everyday.W["colour"], _=[thing for thing, _ in table["colours"]])
    add(everyday.W["sound"], _=[animal for animal, *_ in table["sounds"]])
    add(everyday.W["young"], _=[animal for animal, _ in table["young"]])
    add(everyday.W["unit"], _=[what for what, _ in table["units"]], s=[everyday.short_of(u) for u, _ in table["units"]])
    add(everyday.W["top"], _=[what for what, _ in table["superlatives"]])
    add(everyday.W["list"], n=list(NUMBERS), p=[row[0] for row in table["lists"]])
    add(languages.TRANSLATE, w=list(table["words"]), l=list(languages.LANGUAGES))
    for name in ("app", "models", "talk"):
        for row in load(name):
            found.update(normal(text) for text in facts.spread([*row["ask"], *row.get("do", [])]))
    return frozenset(found)


def made_up(rng: random.Random, kind: str) -> str:
    """A word that nobody uses, built from syllables."""
    lexicon = load("lexicon")
    syllables = rng.choices(lexicon["syllable"].split(), k=rng.randint(2, 3))
    ending = rng.choice(lexicon[f"ending_{kind}"].split()) if rng.random() < 0.6 else ""
    return "".join(syllables) + ending


def _noise(rng: random.Random) -> str:
    letters = rng.choice(("asdfghjkl", "qwertyuiop", "zxcvbnm", "abcdefghijklmnopqrstuvwxyz", "xyz0123456789"))
    return "".join(rng.choice(letters) for _ in range(rng.randint(3, 10)))


def _product(rng: random.Random) -> str:
    version = rng.choice(("", " 2", " 3.5", " 4", " 7B", " 12B", " Large", " Mini", " Pro"))
    return made_up(rng, "thing").capitalize() + version


def _fill(rng: random.Random, slot: str, split: Split) -> str:
    name = slot.rstrip("0123456789")
    if name == "person":
        first, last = pools()["first"].pick(rng, split), pools()["last"].pick(rng, split)
        return last if rng.random() < 0.2 else f"{first} {last}"
    if name == "fake":
        return made_up(rng, "thing")
    if name == "madeup":
        return made_up(rng, "land").capitalize()
    if name == "product":
        return _product(rng)
    if name == "plural":
        return plural(pools()["noun"].pick(rng, split))
    if name == "x":
        return "a " + pools()["noun"].pick(rng, split) if rng.random() < 0.75 else pools()["mass"].pick(rng, split)
    if name == "w":
        return pools()[rng.choice(("noun", "noun", "mass", "adjective", "verb"))].pick(rng, split)
    if name in misfits():
        return rng.choice(misfits()[name])
    if name == "country":
        return str(rng.choice(list(load("capitals"))))
    if name == "big":
        return str(rng.randint(101, rng.choice((999, 9999, 99999))))
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
    text = VOWEL.sub(r"\1n ", re.sub(r"\b(an?|the) (?=(?:an?|the) )", "", text))
    return text[0].upper() + text[1:] if text[-1:] in (".", "?") and frame[:1] == "{" else text


def _borrow(rng: random.Random, kind: str, split: Split) -> str:
    """A known wording with a stranger in it; the relations come equally often."""
    frames, slots = rng.choice(list(BORROWED[kind].values()))
    frame = frames.pick(rng, split).replace("{}s", "{s}")
    return fill(rng, re.sub(r"\{(\w*)\}", lambda m: rng.choice(slots[m[1]]), frame), split)


def _sum(rng: random.Random, split: Split) -> str:
    """A sum in a known wording, but with numbers that are out of reach, whichever comes first."""
    op = rng.choice(list(arithmetic.WORDINGS))
    top = rng.choice((99, 99, 99, 999, 9999))
    while True:
        a, b = rng.randint(1, top), rng.randint(1, rng.choice((20, top)))
        other = b if op in arithmetic.NAMES else 0
        if not (arithmetic.known(a, op, other) or arithmetic.known(b, op, a)):
            return arithmetic.WORDINGS[op].pick(rng, split).format(a=a, b=b)


def _question(rng: random.Random, kind: str, split: Split) -> str:
    if kind == "long":
        others = ("chatty", "thing", "knowledge", "person", "place", "task")
        return " ".join(_question(rng, rng.choice(others), split) for _ in range(rng.randint(4, 9)))
    if kind in BORROWED and rng.random() >= OWN:
        return _borrow(rng, kind, split)
    if kind == "bigsum" and rng.random() < 0.6:
        return _sum(rng, split)
    return fill(rng, _frames()[kind].pick(rng, split), split)


def _decline(kind: str, text: str) -> Exchange:
    thought = THOUGHTS[kind] + " I say so honestly."
    return Exchange(f"unknown: {kind}", text, thought, START + REPLIES[kind], honest=True)


def unknown(rng: random.Random, split: Split) -> Exchange:
    """A question outside the model's reach, in English, with the reply of its kind."""
    kind = rng.choices(list(SHARES), list(SHARES.values()))[0]
    text = _question(rng, kind, split)
    while normal(text) in known_questions():
        text = _question(rng, kind, split)
    return _decline(kind, text)


@cache
def _foreign(code: str) -> Wordings:
    return Wordings(load("foreign")[code]["unknown"])


@cache
def _other() -> Wordings:
    return Wordings(load("foreign")["other"])


def foreign(rng: random.Random, split: Split) -> Exchange:
    """A question in another language that must be declined (in French, German or Spanish if it is one of them)."""
    code = rng.choice(("fr", "de", "es", "other"))
    thought = THOUGHTS["near"] + " I say so honestly."
    if code == "other":
        return Exchange("unknown: language", _other().pick(rng, split), thought, OTHER_REPLY, True)
    text = re.sub(r"\{(\w+)\}", lambda m: _fill(rng, m[1], split), _foreign(code).pick(rng, split))
    return Exchange("unknown: language", text, thought, load("foreign")[code]["unknown_answer"], True)


FOLLOW = Wordings(["And of {}?", "and of {}?", "And {}?", "and {}", "What about {}?", "How about {}?", "and for {}?"])


def follow(rng: random.Random, split: Split) -> Exchange:
    """A follow-up such as "And of Bavaria?" after a capital: a follow-up that must be declined."""
    word = _fill(rng, rng.choice(("madeup", "madeup", "region", "city", "fake")), split)
    frames = facts.FOLLOW_CAPITAL if rng.random() < 0.7 else FOLLOW
    return _decline("place", frames.pick(rng, split).format(word))


def follow_word(rng: random.Random, kind: str, split: Split) -> Exchange:
    """A follow-up after a definition or an opposite with a word that has none: it must be declined."""
    if kind == "opposite":
        slot = rng.choice(("unopposed", "noun", "adjective", "fake"))
        text = everyday.W["follow opposite"].pick(rng, split).format(_fill(rng, slot, split))
    else:
        word = _fill(rng, rng.choice(("noun", "noun", "fake")), split)
        text = facts.FOLLOW_DEFINE.pick(rng, split).format(x=f"a {word}", w=word)
    return _decline("near", VOWEL.sub(r"\1n ", text))
