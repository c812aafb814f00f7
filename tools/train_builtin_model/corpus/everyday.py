"""Small common knowledge: opposites, days, colours, animals, lists, units, letters, counting.

The tables are in data/everyday.json; this file only knows how to ask about them.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from .arithmetic import WORDS
from .wording import Exchange, Split, Wordings, load

if TYPE_CHECKING:
    import random

DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
MONTHS = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
]  # fmt: skip
SEASONS = ["spring", "summer", "autumn", "winter"]
LETTERS = [chr(65 + i) for i in range(26)]
ORDER = [
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
]
# ruff: noqa: E501
FRAMES = {
    "opposite": ["What is the opposite of {}?", "Give me the opposite of {}.", "opposite of {}?", "opposite of {}",
        "What is the contrary of {}?", "Which word is the opposite of {}?", "Tell me the opposite of {}.",
        "what's the opposite of {}", "The opposite of {} is?", "Name the opposite of {}.", "{} opposite",
        "What word means the opposite of {}?", "Do you know the opposite of {}?"],
    "after": ["Which {k} comes after {x}?", "What comes after {x}?", "What {k} is after {x}?", "What follows {x}?",
        "Which {k} follows {x}?", "after {x}?", "what comes after {x}", "What is the {k} after {x}?",
        "Tell me the {k} after {x}.", "What is next after {x}?"],
    "before": ["Which {k} comes before {x}?", "What comes before {x}?", "What {k} is before {x}?", "before {x}?",
        "what comes before {x}", "What is the {k} before {x}?", "Tell me the {k} before {x}.",
        "Which {k} is just before {x}?"],
    "tomorrow": ["If today is {}, what is tomorrow?", "Today is {}. What day is tomorrow?", "Tomorrow is what, if today is {}?",
        "Which day is tomorrow when today is {}?", "today is {}, what is tomorrow"],
    "nth": ["What is the {n} {k}?", "Which is the {n} {k}?", "Name the {n} {k}.", "Tell me the {n} {k}.",
        "what is the {n} {k}", "Which {k} is the {n}?"],
    "all days": ["Name the days of the week.", "What are the days of the week?", "List the days of the week.",
        "Which days does the week have?", "days of the week", "Tell me all the days of the week."],
    "all months": ["Name the months.", "What are the months of the year?", "List the months.", "months of the year",
        "Which months are there?", "Tell me all the months."],
    "all seasons": ["Name the seasons.", "What are the four seasons?", "List the seasons.", "Which seasons are there?",
        "seasons of the year", "Tell me the seasons."],
    "alphabet": ["Say the alphabet.", "What is the alphabet?", "Tell me the alphabet.", "alphabet", "List all letters.",
        "Recite the alphabet."],
    "colour": ["What colour is {}?", "Which colour does {} have?", "what color is {}", "What is the colour of {}?",
        "Tell me the colour of {}.", "colour of {}?", "What color is {}?", "Which colour is {}?", "{} has which colour?",
        "Do you know the colour of {}?"],
    "sound": ["What sound does a {} make?", "What does a {} say?", "How does a {} sound?", "What noise does a {} make?",
        "Which sound does a {} make?", "sound of a {}", "what sound do {}s make", "Tell me the sound of a {}."],
    "young": ["What is the young of a {} called?", "What is a baby {} called?", "What do you call a young {}?",
        "baby {}?", "How do you call the child of a {}?", "What is the name of a baby {}?", "a young {} is called?",
        "Which word means a young {}?"],
    "list": ["Name {n} {p}.", "List {n} {p}.", "Give me {n} {p}.", "Tell me {n} {p}.", "Can you name {n} {p}?",
        "name {n} {p}", "I need {n} {p}.", "Write down {n} {p}.", "What are {n} {p}?", "Do you know {n} {p}?",
        "Say {n} {p}.", "{n} {p} please"],
    "unit": ["How many {}?", "how many {}", "Tell me how many {}.", "Do you know how many {}?", "Can you say how many {}?",
        "I want to know how many {}.", "Say how many {}."],
    "top": ["What is the {}?", "Which is the {}?", "what is the {}", "Name the {}.", "Tell me the {}.", "{}?",
        "Do you know the {}?", "the {}"],
    "count": ["Count to {b}.", "Count from 1 to {b}.", "count to {b}", "Can you count to {b}?", "Please count up to {b}.",
        "Show me the numbers from 1 to {b}.", "Count up to {b}."],
    "down": ["Count down from {b}.", "Count backwards from {b}.", "count down from {b}", "Can you count down from {b}?",
        "Start at {b} and count down.", "Countdown from {b}."],
    "parity": ["Is {a} even or odd?", "Is {a} an even number?", "Is {a} odd?", "even or odd: {a}", "Is the number {a} even?",
        "Tell me if {a} is even or odd."],
    "larger": ["Which is larger, {a} or {b}?", "What is more, {a} or {b}?", "Which is bigger: {a} or {b}?",
        "Which number is larger, {a} or {b}?", "{a} or {b}, which is bigger?", "bigger: {a} or {b}"],
    "follow opposite": ["and of {}?", "And of {}?", "And {}?", "and {}", "What about {}?", "And the opposite of {}?"],
    "follow next": ["and after that?", "And then?", "and the next one?", "What comes next?", "and after this one?", "next?"],
    "follow list": ["two more", "More please.", "and two more?", "Tell me two more.", "Some more?", "Do you know more?"],
}  # fmt: skip
W = {name: Wordings(frames) for name, frames in FRAMES.items()}


@cache
def opposites() -> dict[str, str]:
    """Each word with one opposite; a word in two pairs keeps its first."""
    found: dict[str, str] = {}
    for a, b in load("everyday")["opposites"]:
        found.setdefault(a, b)
        found.setdefault(b, a)
    return found


def opposite(rng: random.Random, split: Split, frame: str = "opposite", family: str = "opposites") -> Exchange:
    """The opposite of an everyday word."""
    word = rng.choice(list(opposites()))
    other = opposites()[word]
    thought = f"I look for a word that means the contrary of {word}. It is {other}."
    text = W[frame].pick(rng, split).format(word)
    return Exchange(family, text, thought, f"The opposite of {word} is {other}.", subject="opposite")


def _row(kind: str) -> list[str]:
    return {"day": DAYS, "month": MONTHS, "season": SEASONS, "letter": LETTERS}[kind]


def next_after(kind: str, item: str, text: str, family: str) -> Exchange:
    """What comes after `item` in its row (days, months and seasons go round, letters end at Z)."""
    row = _row(kind)
    following = row[(row.index(item) + 1) % len(row)]
    thought = f"In the row of {kind}s, {item} is followed by {following}."
    return Exchange(family, text, thought, f"After {item} comes {following}.", subject=f"row:{kind}:{following}")


def calendar(rng: random.Random, split: Split) -> Exchange:
    """Days, months, seasons: what comes next, before, and in which place."""
    family = "days and months"
    form = rng.choices(("after", "before", "tomorrow", "nth", "all"), (32, 26, 12, 14, 16))[0]
    kind = rng.choices(("day", "month", "season"), (45, 40, 15))[0]
    row = _row(kind)
    if form == "all":
        text = W[f"all {kind}s"].pick(rng, split)
        answer = ", ".join(row[:-1]) + " and " + row[-1] + "."
        return Exchange(family, text, f"I say the {kind}s in their order.", answer[0].upper() + answer[1:])
    if form == "tomorrow":
        day = rng.choice(DAYS)
        return next_after("day", day, W["tomorrow"].pick(rng, split).format(day), family)
    if form == "nth":
        kind, row = rng.choice((("day of the week", DAYS), ("month", MONTHS), ("month of the year", MONTHS)))
        i = rng.randrange(len(row))
        text = W["nth"].pick(rng, split).format(n=ORDER[i], k=kind)
        short = kind.split()[0]
        return Exchange(
            family, text, f"I count the {short}s: number {i + 1} is {row[i]}.", f"The {ORDER[i]} {short} is {row[i]}."
        )
    item = rng.choice(row)
    text = W[form].pick(rng, split).format(k=kind, x=item)
    if form == "after":
        return next_after(kind, item, text, family)
    earlier = row[row.index(item) - 1]
    return Exchange(
        family, text, f"In the row of {kind}s, {earlier} stands before {item}.", f"Before {item} comes {earlier}."
    )


def animals(rng: random.Random, split: Split) -> Exchange:
    """Sounds and young of animals, colours of things."""
    table = load("everyday")
    kind = rng.choice(("colour", "sound", "young"))
    if kind == "colour":
        thing, colour = rng.choice(table["colours"])
        text = W["colour"].pick(rng, split).format(thing)
        answer = f"{thing[0].upper()}{thing[1:]} is {colour}."
        return Exchange("colours and animals", text, f"I picture {thing}. It is {colour}.", answer)
    if kind == "sound":
        animal, does, noise = rng.choice(table["sounds"])
        text = W["sound"].pick(rng, split).format(animal)
        return Exchange(
            "colours and animals", text, f"I know the sound of a {animal}: {noise}.", f"A {animal} {does}: {noise}!"
        )
    animal, child = rng.choice(table["young"])
    text = W["young"].pick(rng, split).format(animal)
    answer = (
        f"A young {animal} is called a {child}."
        if child[0] not in "aeio"
        else f"A young {animal} is called an {child}."
    )
    return Exchange("colours and animals", text, f"I know the word for a young {animal}.", answer)


def lists(rng: random.Random, split: Split) -> Exchange:
    """Name three fruits."""
    plural, _, items = rng.choice(load("everyday")["lists"])
    n = rng.choices((2, 3, 4, 5), (15, 55, 10, 20))[0]
    number = WORDS[n] if rng.random() < 0.7 else str(n)
    text = W["list"].pick(rng, split).format(n=number, p=plural)
    text = text[0].upper() + text[1:] if text[-1] in ".?" else text
    listed = join(items[:n])
    answer = f"{listed[0].upper()}{listed[1:]}."
    subject = f"list:{plural}" if n == 3 else ""
    return Exchange("lists", text, f"I need {WORDS[n]} {plural}: {listed}.", answer, subject=subject)


def join(items: list[str]) -> str:
    """a, b and c."""
    return ", ".join(items[:-1]) + " and " + items[-1]


def follow_list(rng: random.Random, plural: str, split: Split) -> Exchange:
    """Two more of the list just named."""
    items = next(row[2] for row in load("everyday")["lists"] if row[0] == plural)
    listed = join(items[3:])
    text = W["follow list"].pick(rng, split)
    return Exchange("follow-up", text, f"Two more {plural}: {listed}.", f"{listed[0].upper()}{listed[1:]}.")


def units(rng: random.Random, split: Split) -> Exchange:
    """Numbers and records: how many days are in a week, which is the largest ocean."""
    table = load("everyday")
    if rng.random() < 0.7:
        what, number = rng.choice(table["units"])
        text = W["unit"].pick(rng, split).format(what)
        return Exchange("units and records", text, f"The question is how many {what}. It is {number}.", f"{number}.")
    what, name = rng.choice(table["superlatives"])
    text = W["top"].pick(rng, split).format(what)
    answer = f"The {what} is {name}."
    return Exchange("units and records", text, f"I recall the {what}: {name}.", answer)


def counting(rng: random.Random, split: Split) -> Exchange:
    """Letters in order, counting up and down, even and odd, larger and smaller."""
    family = "letters and counting"
    kind = rng.choices(
        ("letter", "number", "count", "down", "parity", "larger", "alphabet"), (20, 18, 12, 8, 16, 20, 6)
    )[0]
    if kind == "alphabet":
        text = W["alphabet"].pick(rng, split)
        return Exchange(family, text, "I say all 26 letters in order.", " ".join(LETTERS))
    if kind in ("letter", "number"):
        form = rng.choice(("after", "before"))
        step = 1 if form == "after" else -1
        i = rng.randrange(1, 25 if kind == "letter" else 99)
        item, other = (LETTERS[i], LETTERS[i + step]) if kind == "letter" else (str(i), str(i + step))
        text = W[form].pick(rng, split).format(k=kind, x=item)
        if form == "after":
            return Exchange(family, text, f"I count on from {item} to {other}.", f"After {item} comes {other}.")
        return Exchange(family, text, f"I go back from {item} to {other}.", f"Before {item} comes {other}.")
    if kind in ("count", "down"):
        b = rng.randint(3, 20)
        text = W[kind].pick(rng, split).format(b=WORDS[b] if rng.random() < 0.4 else b)
        numbers = [str(i) for i in (range(1, b + 1) if kind == "count" else range(b, 0, -1))]
        return Exchange(
            family,
            text,
            f"I count one by one, {'up to' if kind == 'count' else 'down from'} {b}.",
            ", ".join(numbers) + ".",
        )
    a, b = rng.sample(range(100), 2)
    if kind == "parity":
        word = "odd" if a % 2 else "even"
        text = W["parity"].pick(rng, split).format(a=a)
        return Exchange(family, text, f"The last digit of {a} is {a % 10}, which is {word}.", f"{a} is {word}.")
    text = W["larger"].pick(rng, split).format(a=a, b=b)
    return Exchange(
        family, text, f"I compare {a} and {b}. {max(a, b)} is larger.", f"{max(a, b)} is larger than {min(a, b)}."
    )
