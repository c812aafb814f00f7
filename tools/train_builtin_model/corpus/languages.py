"""Single words into French, German and Spanish, and a few sentences in those languages.

More would need a real model; what is not here is answered with an honest "I do not know that" in the same tongue.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from .wording import Exchange, Split, Wordings, load

if TYPE_CHECKING:
    import random

LANGUAGES = ("French", "German", "Spanish")
CODES = {"fr": "French", "de": "German", "es": "Spanish"}
# ruff: noqa: E501
TRANSLATE = Wordings(
    [
        "Translate {w} into {l}.", "What is {w} in {l}?", "How do you say {w} in {l}?", "{w} in {l}", "Translate {w} to {l}.",
        "What is the {l} word for {w}?", "How do I say {w} in {l}?", "Say {w} in {l}.", "What does {w} mean in {l}?",
        "Give me the {l} for {w}.", "What do people say for {w} in {l}?", "Tell me {w} in {l}.", "How is {w} called in {l}?",
        "What's {w} in {l}?", "What's the {l} for {w}?", "{w} {l}", "{l} for {w}", "{l}: {w}", "{l} word for {w}",
        "What is the {l} for {w}?", "Can you translate {w} into {l}?", "Please translate {w} into {l}.", "How would you say {w} in {l}?",
        "What is the {l} translation of {w}?", "Give me the {l} word for {w}.", "Tell me the {l} word for {w}.", "whats {w} in {l}",
        "Could you translate {w} to {l}?", "I need the {l} word for {w}.", "Which {l} word means {w}?", "How does one say {w} in {l}?",
        "Do you know {w} in {l}?", "In {l}, what is {w}?", "In {l}, how do you say {w}?", "How do I write {w} in {l}?",
        "What do you say for {w} in {l}?", "I want to say {w} in {l}.", "the {l} translation of {w}", "{w} translated into {l}",
        "Do you know the {l} word for {w}?", "How can I say {w} in {l}?", "What do the people say in {l} for {w}?",
    ]
)  # fmt: skip
FOLLOW = Wordings(
    ["and in {l}?", "in {l}?", "And the {l} word?", "What about {l}?", "and {l}", "How about {l}?", "And how in {l}?", "now {l}",
     "Now in {l}.", "And what is it in {l}?", "the same in {l}", "and to {l}?", "And into {l}?", "also in {l}", "{l}?",
     "And the {l} one?", "What is it in {l}?", "How do you say it in {l}?", "And for {l}?", "then in {l}"]
)  # fmt: skip


def _exchange(family: str, text: str, word: str, language: str) -> Exchange:
    foreign = load("everyday")["words"][word][LANGUAGES.index(language)]
    thought = f"I look up {word} in {language}: {foreign}."
    return Exchange(family, text, thought, f"In {language}: {foreign}.", subject=f"word:{word}")


def words(rng: random.Random, split: Split) -> Exchange:
    """One everyday word into one of three languages."""
    word = rng.choice(list(load("everyday")["words"]))
    language = rng.choice(LANGUAGES)
    quoted = f'"{word}"' if rng.random() < 0.15 else word
    text = TRANSLATE.pick(rng, split).format(w=quoted, l=language)
    return _exchange("translations", text, word, language)


def follow(rng: random.Random, word: str, split: Split) -> Exchange:
    """A follow-up such as "And in German?"."""
    language = rng.choice(LANGUAGES)
    return _exchange("follow-up", FOLLOW.pick(rng, split).format(l=language), word, language)


@cache
def _known(code: str) -> list[tuple[Wordings, str]]:
    return [(Wordings(row["ask"]), row["answer"]) for row in load("foreign")[code]["known"]]


@cache
def _capital_frames(code: str) -> Wordings:
    return Wordings(load("foreign")[code]["capital"])


def sentences(rng: random.Random, split: Split) -> Exchange:
    """Greetings, who are you, thanks and capitals in French, German or Spanish."""
    code = rng.choice(list(CODES))
    table = load("foreign")[code]
    thought = f"This is {CODES[code]}. I know this sentence, so I answer in {CODES[code]}."
    if rng.random() < 0.35:
        country, city = rng.choice(table["capitals"])
        text = _capital_frames(code).pick(rng, split).format(country)
        if code == "fr":
            text = text.replace("de le ", "du ")
        return Exchange("French, German, Spanish", text, thought, table["capital_answer"].format(city))
    asks, answer = rng.choice(_known(code))
    return Exchange("French, German, Spanish", asks.pick(rng, split), thought, answer)
