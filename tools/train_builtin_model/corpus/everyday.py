"""Small common knowledge: opposites, days, colours, animals, lists, units, letters, counting.

The tables are in data/everyday.json; this file only knows how to ask about them.
"""

from __future__ import annotations

import re
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
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth",
]  # fmt: skip
# ruff: noqa: E501
FRAMES = {
    "opposite": ["What is the opposite of {}?", "Give me the opposite of {}.", "opposite of {}", "What's the opposite of {}?",
        "What is the contrary of {}?", "Which word is the opposite of {}?", "Tell me the opposite of {}.", "{} opposite",
        "The opposite of {} is?", "Name the opposite of {}.", "What word means the opposite of {}?", "the opposite of {}",
        "Do you know the opposite of {}?", "What is the antonym of {}?", "antonym of {}", "Find the opposite of {}.",
        "Which word is the contrary of {}?", "I need the opposite of {}.", "Say the opposite of {}.", "contrary of {}",
        "Can you tell me the opposite of {}?", "Please give me the opposite of {}.", "How do you call the opposite of {}?",
        "What would be the opposite of {}?", "I am looking for the opposite of {}.", "What is opposite to {}?",
        "If it is not {}, what is it?", "Could you name the opposite of {}?", "whats the opposite of {}", "opposite: {}",
        "What is the opposite word of {}?", "The contrary of {}?", "What stands against {}?", "I want the opposite of {}."],
    "after": ["Which {k} comes after {x}?", "What comes after {x}?", "What {k} is after {x}?", "What follows {x}?",
        "Which {k} follows {x}?", "after {x}?", "What is the {k} after {x}?", "What {k} follows {x}?", "{x}, and then?",
        "Tell me the {k} after {x}.", "What is next after {x}?", "What {k} comes after {x}?", "Which {k} is after {x}?",
        "Name the {k} after {x}.", "the {k} after {x}", "What is the next {k} after {x}?", "What's after {x}?",
        "What comes directly after {x}?", "Which {k} is next after {x}?", "{x} is followed by which {k}?", "{x} is followed by",
        "Do you know what comes after {x}?", "Give me the {k} after {x}.", "What comes right after {x}?", "What's next after {x}?",
        "What comes next after {x}?", "Can you tell me the {k} after {x}?", "After {x} comes what?", "After {x} comes which {k}?",
        "The {k} that follows {x}?", "what {k} comes next after {x}", "which comes after {x}", "Say what comes after {x}."],
    "before": ["Which {k} comes before {x}?", "What comes before {x}?", "What {k} is before {x}?", "before {x}?",
        "What is the {k} before {x}?", "Tell me the {k} before {x}.", "Which {k} is just before {x}?", "What's before {x}?",
        "What {k} comes before {x}?", "Which {k} is before {x}?", "Name the {k} before {x}.", "the {k} before {x}",
        "What comes just before {x}?", "What comes directly before {x}?", "What comes right before {x}?", "What precedes {x}?",
        "Which {k} precedes {x}?", "What {k} precedes {x}?", "Do you know what comes before {x}?", "Give me the {k} before {x}.",
        "Can you tell me the {k} before {x}?", "Before {x} comes what?", "Before {x} comes which {k}?", "which comes before {x}",
        "What was before {x}?", "{x} comes after which {k}?", "{x} follows which {k}?", "Say what comes before {x}.",
        "What stands before {x}?", "Which {k} stands before {x}?", "{x} comes after what?", "What is in front of {x}?"],
    "tomorrow": ["If today is {}, what is tomorrow?", "Today is {}. What day is tomorrow?", "Tomorrow is what, if today is {}?",
        "Which day is tomorrow when today is {}?", "Today is {}, what is tomorrow?", "It is {} today. What is tomorrow?",
        "If it is {} today, what day is tomorrow?", "Today is {}. Which day is tomorrow?", "Today is {}, what day is it tomorrow?",
        "When today is {}, what is tomorrow?", "Say today is {}. What is tomorrow?",
        "If today is {}, which day is tomorrow?", "If today were {}, what would tomorrow be?", "Suppose today is {}. Tomorrow is?",
        "Today is {}, so tomorrow is?", "Which day comes tomorrow if today is {}?", "What day is tomorrow if today is {}?",
        "It is {} today, so what is tomorrow?", "Given that today is {}, what day is tomorrow?", "today {}, tomorrow?",
        "Tomorrow is which day when today is {}?", "We have {} today. What is tomorrow?", "Today is {}. And tomorrow?", "Now it is {}. Which day is tomorrow?",
        "What will tomorrow be if today is {}?", "Today being {}, what is tomorrow?", "Tell me what tomorrow is if today is {}.",
        "If today is {}, tell me tomorrow.", "When it is {} today, what day is tomorrow?", "Name tomorrow, if today is {}."],
    "nth": ["What is the {n} {k}?", "Which is the {n} {k}?", "Name the {n} {k}.", "Tell me the {n} {k}.", "the {n} {k}",
        "Which {k} is the {n}?", "Which {k} is {n}?", "{n} {k}", "What's the {n} {k}?", "The {n} {k} is?", "The {n} {k}?",
        "Do you know the {n} {k}?", "Give me the {n} {k}.", "Can you name the {n} {k}?", "What is the name of the {n} {k}?",
        "Say the {n} {k}.", "I want to know the {n} {k}.", "What do you call the {n} {k}?", "Please tell me the {n} {k}.",
        "Which one is the {n} {k}?", "How is the {n} {k} called?", "Could you tell me the {n} {k}?", "What {k} is the {n}?",
        "I need the {n} {k}.", "What would be the {n} {k}?", "Please name the {n} {k}.", "I forgot the {n} {k}.",
        "Do you know which {k} is the {n}?", "Tell me which {k} is the {n}.", "name of the {n} {k}"],
    "all": ["Name the {p}.", "What are the {p}?", "List the {p}.", "{p}", "Tell me all the {p}.", "Which {p} are there?",
        "Tell me the {p}.", "Name all {p}.", "List all {p}.", "Name all the {p}.", "Say the {p}.", "the {p}", "all {p}",
        "What are all the {p}?", "Can you name the {p}?", "Can you list the {p}?", "Give me the {p}.", "Give me a list of the {p}.",
        "Do you know the {p}?", "What are the names of the {p}?", "Please list the {p}.", "How are the {p} called?",
        "I need the {p}.", "Show me the {p}.", "Recite the {p}.", "Write down the {p}.", "list of {p}", "Which are the {p}?",
        "Say all the {p} in order.", "The {p} in order, please.", "Could you name all {p}?", "I want to know the {p}."],
    "alphabet": ["Say the alphabet.", "What is the alphabet?", "Tell me the alphabet.", "alphabet", "List all letters.",
        "Recite the alphabet.", "the alphabet", "Show me the alphabet.", "Write the alphabet.", "Can you say the alphabet?",
        "Do you know the alphabet?", "Give me the alphabet.", "List the alphabet.", "List the letters of the alphabet.",
        "Which letters are there?", "What are the letters of the alphabet?", "Name all letters.", "all letters", "Say the ABC.",
        "ABC", "Tell me all letters.", "Write all the letters.", "The letters of the alphabet, please.", "What letters are there?",
        "Say all letters from A to Z.", "A to Z", "From A to Z, please.", "Can you recite the alphabet?", "alphabet please",
        "I want to learn the alphabet."],
    "colour": ["What colour is {}?", "Which colour does {} have?", "What color is {}?", "What is the colour of {}?", "{} colour",
        "Tell me the colour of {}.", "colour of {}", "Which colour is {}?", "{} has which colour?", "What is the color of {}?",
        "Do you know the colour of {}?", "What colour does {} have?", "color of {}", "Which color is {}?", "What's the colour of {}?",
        "Name the colour of {}.", "Give me the colour of {}.", "{} is which colour?", "{} is what colour?", "The colour of {} is?",
        "Can you tell me the colour of {}?", "What color does {} have?", "whats the colour of {}", "In which colour is {}?",
        "Say which colour {} is.", "Tell me what colour {} is.", "I want to know the colour of {}.", "What colour would {} be?",
        "Tell me the color of {}.", "What colour do you paint {}?", "{}: which colour?", "Which colour has {}?", "{} color",
        "Do you know what colour {} is?", "Could you tell me the color of {}?"],
    "sound": ["What sound does a {} make?", "What does a {} say?", "How does a {} sound?", "What noise does a {} make?",
        "Which sound does a {} make?", "sound of a {}", "What sound do {}s make?", "Tell me the sound of a {}.", "{} sound",
        "What is the sound of a {}?", "How does a {} go?", "What does the {} say?", "What sound does the {} make?",
        "Which noise does a {} make?", "What noise does the {} make?", "Make the sound of a {}.", "Can you sound like a {}?",
        "Make a noise like a {}.", "What is the noise of a {}?", "noise of a {}", "What do {}s say?", "How do {}s sound?",
        "Do you know the sound of a {}?", "What does a {} sound like?", "Tell me what a {} says.", "Say what a {} says.",
        "Give me the sound of a {}.", "What can you hear from a {}?", "Imitate a {}.", "the sound a {} makes", "A {} says what?",
        "Which sound comes from a {}?", "What is the voice of a {}?"],
    "young": ["What is the young of a {} called?", "What is a baby {} called?", "What do you call a young {}?", "baby {}?",
        "How do you call the child of a {}?", "What is the name of a baby {}?", "a young {} is called?", "A baby {} is called?",
        "Which word means a young {}?", "What do you call a baby {}?", "What is a young {} called?", "young {}", "young of a {}",
        "What is the name of a young {}?", "What is the word for a baby {}?", "What is the word for a young {}?", "word for a baby {}",
        "How is a young {} called?", "How is a baby {} called?", "What are young {}s called?", "What do people call a baby {}?",
        "Do you know the name of a baby {}?", "Tell me the name of a young {}.", "Tell me the word for a baby {}.", "name of a young {}",
        "What is the child of a {} called?", "What is a little {} called?", "Name the young of a {}.", "Give me the word for a young {}.",
        "How do you say baby {}?", "What do we call the young of a {}?", "The young of a {} is called?"],
    "list": ["Name {n} {p}.", "List {n} {p}.", "Give me {n} {p}.", "Tell me {n} {p}.", "Can you name {n} {p}?", "{n} {p}",
        "I need {n} {p}.", "Write down {n} {p}.", "What are {n} {p}?", "Do you know {n} {p}?", "Say {n} {p}.", "{n} {p} please",
        "Could you name {n} {p}?", "Can you list {n} {p}?", "Can you give me {n} {p}?", "Please name {n} {p}.", "Show me {n} {p}.",
        "I want {n} {p}.", "I would like {n} {p}.", "Which {n} {p} do you know?", "List {n} different {p}.", "Name any {n} {p}.",
        "Give me the names of {n} {p}.", "Give me a list of {n} {p}.", "a list of {n} {p}", "Make a list of {n} {p}.",
        "Can you tell me {n} {p}?", "Think of {n} {p}.", "Mention {n} {p}.", "Name me {n} {p}.", "Tell me the names of {n} {p}.",
        "Please list {n} {p}.", "Write {n} {p}.", "Find {n} {p}.", "Let me have {n} {p}.", "list of {n} {p}"],
    "unit": ["How many {}?", "Tell me how many {}.", "Do you know how many {}?", "Can you say how many {}?", "number of {s}",
        "I want to know how many {}.", "Say how many {}.", "Can you tell me how many {}?", "What is the number of {s}?", "{s}?",
        "Please tell me how many {}.", "Could you tell me how many {}?", "I need to know how many {}.", "how many {s}",
        "Tell me the number of {s}.", "So how many {}?", "I forgot how many {}.", "how much {s}", "What's the number of {s}?",
        "Give me the number of {s}.", "Any idea how many {}?", "Exactly how many {}?", "The number of {s}?", "count of {s}",
        "I would like to know how many {}.", "Do you happen to know how many {}?", "And how many {}?", "{s}: how many?",
        "I do not know how many {}.", "Who knows how many {}?", "I wonder how many {}.", "what number of {}"],
    "top": ["What is the {}?", "Which is the {}?", "Name the {}.", "Tell me the {}.", "{}", "Do you know the {}?", "the {}",
        "What's the {}?", "Give me the {}.", "The {} is?", "Which one is the {}?", "Can you name the {}?", "Can you tell me the {}?",
        "What is the name of the {}?", "Please name the {}.", "I want to know the {}.", "What do you call the {}?", "Say the {}.",
        "Could you tell me the {}?", "How is the {} called?", "I forgot the {}.", "Do you know what the {} is?", "whats the {}",
        "Tell me what the {} is.", "I need the {}.", "Which is called the {}?", "What would be the {}?", "name of the {}",
        "Please tell me the {}.", "So what is the {}?", "And which is the {}?", "I am looking for the {}."],
    "count": ["Count to {b}.", "Count from 1 to {b}.", "Can you count to {b}?", "Please count up to {b}.", "Count up to {b}.",
        "Show me the numbers from 1 to {b}.", "numbers from 1 to {b}", "Count from one to {b}.", "Say the numbers from 1 to {b}.",
        "Write the numbers from 1 to {b}.", "List the numbers from 1 to {b}.", "1 to {b}", "Please count to {b}.", "count till {b}",
        "Could you count to {b}?", "Tell me the numbers from 1 to {b}.", "List the numbers up to {b}.", "Count for me up to {b}.",
        "Let me hear you count to {b}.", "I want you to count to {b}.", "Write the numbers up to {b}.", "Give me the numbers 1 to {b}.",
        "Count until {b}.", "Start at 1 and count to {b}.", "Can you count from 1 to {b}?", "counting to {b}", "Say the numbers up to {b}.",
        "Name the numbers from 1 to {b}.", "Count upwards to {b}.", "Count up from 1 to {b}."],
    "down": ["Count down from {b}.", "Count backwards from {b}.", "Can you count down from {b}?", "Start at {b} and count down.",
        "Countdown from {b}.", "Please count down from {b}.", "Count down from {b} to 1.", "Count from {b} to 1.", "{b} to 1",
        "Count from {b} down to 1.", "Can you count backwards from {b}?", "countdown {b}", "Do a countdown from {b}.",
        "Say the numbers from {b} to 1.", "Write the numbers from {b} down to 1.", "Start a countdown at {b}.", "Count in reverse from {b}.",
        "Please count backwards from {b}.", "Could you count down from {b}?", "Numbers from {b} down to 1.", "backwards from {b}",
        "Go down from {b} to 1.", "List the numbers from {b} down to 1.", "I want a countdown from {b}.", "Begin at {b} and count backwards.", "Give me a countdown from {b}.",
        "Tell me the numbers from {b} to 1.", "Count back from {b}.", "Count down for me from {b}.", "Show me a countdown from {b}."],
    "parity": ["Is {a} even or odd?", "Is {a} an even number?", "Is {a} odd?", "even or odd: {a}", "Is the number {a} even?",
        "Tell me if {a} is even or odd.", "Is {a} even?", "Is {a} an odd number?", "{a} even or odd", "{a}, even or odd?",
        "Is {a} odd or even?", "Is the number {a} odd?", "Is the number {a} even or odd?", "odd or even: {a}", "{a} odd or even",
        "Can you tell me if {a} is even or odd?", "Say whether {a} is even or odd.", "Do you know if {a} is even?", "What is {a}, even or odd?",
        "Tell me whether {a} is odd.", "Would you call {a} even or odd?", "Tell me whether {a} is even.", "Do you know if {a} is odd?",
        "Is {a} even, or is it odd?", "Which is {a}: even or odd?", "Please say if {a} is even or odd.", "even {a}?", "odd {a}?",
        "I want to know if {a} is even or odd.", "Are you sure {a} is even?", "Which one is {a}, odd or even?"],
    "larger": ["Which is larger, {a} or {b}?", "What is more, {a} or {b}?", "Which is bigger: {a} or {b}?", "bigger: {a} or {b}",
        "Which number is larger, {a} or {b}?", "{a} or {b}, which is bigger?", "Which is more, {a} or {b}?", "larger: {a} or {b}",
        "What is larger, {a} or {b}?", "What is bigger, {a} or {b}?", "Which number is bigger, {a} or {b}?", "{a} or {b}, which is larger?",
        "Is {a} larger than {b}?", "Is {a} bigger than {b}?", "Is {a} more than {b}?", "Which one is larger, {a} or {b}?",
        "Which one is bigger, {a} or {b}?", "Tell me which is larger, {a} or {b}.", "Which is the larger number, {a} or {b}?",
        "Compare {a} and {b}.", "Of {a} and {b}, which is larger?", "Of {a} and {b}, which is bigger?", "{a} or {b}, what is more?",
        "Which is greater, {a} or {b}?", "What is greater, {a} or {b}?", "Which number is greater: {a} or {b}?", "the larger of {a} and {b}",
        "Is {a} greater than {b}?", "Which is the bigger number, {a} or {b}?", "larger number: {a} or {b}?", "more: {a} or {b}"],
    "follow opposite": ["and of {}?", "And {}?", "What about {}?", "And the opposite of {}?", "How about {}?", "Now {}.",
        "and for {}?", "And what is the opposite of {}?", "next: {}", "also {}", "and that of {}?", "ok and {}?", "Then {}?"],
    "follow next": ["and after that?", "And then?", "and the next one?", "What comes next?", "and after this one?", "next?",
        "And what comes after that?", "What is after that?", "And next?", "and what follows?", "What follows that?", "And the one after?",
        "Then what?", "what comes then?", "go one further", "the next one please", "And after it?"],
    "follow list": ["two more", "More please.", "and two more?", "Tell me two more.", "Some more?", "Do you know more?",
        "Give me two more.", "Can you name two more?", "Others?", "Which others?", "more", "any more?", "And others?", "name two more",
        "a few more", "I need two more.", "Are there more?", "Any others?"],
}  # fmt: skip
PLURALS = {
    "day": ("days of the week", "weekdays from Monday to Sunday", "seven days of the week"),
    "month": ("months", "months of the year", "twelve months"),
    "season": ("seasons", "seasons of the year", "four seasons"),
}
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
        text = W["all"].pick(rng, split).format(p=rng.choice(PLURALS[kind]))
        text = text[0].upper() + text[1:] if text[-1] in ".?" else text
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


def short_of(what: str) -> str:
    """What is counted, as a keyword: days in a week, legs of a dog."""
    text = re.sub(r" are (?=in |on )", " ", what.removesuffix(" are there"))
    return re.sub(r" (?:does|do) (.+) have$", r" of \1", text)


def units(rng: random.Random, split: Split) -> Exchange:
    """Numbers and records: how many days are in a week, which is the largest ocean."""
    table = load("everyday")
    if rng.random() < 0.7:
        what, number = rng.choice(table["units"])
        text = W["unit"].pick(rng, split).format(what, s=short_of(what))
        return Exchange("units and records", text, f"The question is how many {what}. It is {number}.", f"{number}.")
    what, name = rng.choice(table["superlatives"])
    text = W["top"].pick(rng, split).format(what)
    answer = f"The {what} is {name}."
    return Exchange("units and records", text, f"I recall the {what}: {name}.", answer)


def counting(rng: random.Random, split: Split) -> Exchange:
    """Letters in order, counting up and down, even and odd up to 100, neighbours and comparisons up to 20."""
    family = "letters and counting"
    kind = rng.choices(
        ("letter", "number", "count", "down", "parity", "larger", "alphabet"), (22, 16, 12, 8, 18, 18, 6)
    )[0]
    if kind == "alphabet":
        text = W["alphabet"].pick(rng, split)
        return Exchange(family, text, "I say all 26 letters in order.", " ".join(LETTERS))
    if kind in ("letter", "number"):
        form = rng.choice(("after", "before"))
        step = 1 if form == "after" else -1
        i = rng.randrange(1, 25 if kind == "letter" else 21)
        item, other = (LETTERS[i], LETTERS[i + step]) if kind == "letter" else (str(i), str(i + step))
        text = W[form].pick(rng, split).format(k=kind, x=item)
        if form == "after":
            return Exchange(family, text, f"I count on from {item} to {other}.", f"After {item} comes {other}.")
        return Exchange(family, text, f"I go back from {item} to {other}.", f"Before {item} comes {other}.")
    if kind in ("count", "down"):
        b = rng.choice((3, 4, 5, 6, 7, 8, 9, 10, 10, 10, 12, 15, 20))
        text = W[kind].pick(rng, split).format(b=WORDS[b] if rng.random() < 0.4 else b)
        numbers = [str(i) for i in (range(1, b + 1) if kind == "count" else range(b, 0, -1))]
        return Exchange(
            family,
            text,
            f"I count one by one, {'up to' if kind == 'count' else 'down from'} {b}.",
            ", ".join(numbers) + ".",
        )
    a, b = rng.sample(range(101 if kind == "parity" else 21), 2)
    if kind == "parity":
        word = "odd" if a % 2 else "even"
        text = W["parity"].pick(rng, split).format(a=a)
        return Exchange(family, text, f"The last digit of {a} is {a % 10}, which is {word}.", f"{a} is {word}.")
    text = W["larger"].pick(rng, split).format(a=a, b=b)
    return Exchange(
        family, text, f"I compare {a} and {b}. {max(a, b)} is larger.", f"{max(a, b)} is larger than {min(a, b)}."
    )
