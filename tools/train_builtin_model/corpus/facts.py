"""Questions with a table behind them: this app, models, small talk, capitals and definitions.

Every question has exactly one right answer, so that grading can be strict and automatic.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import product
from typing import TYPE_CHECKING

from .wording import Exchange, Split, Wordings, load, normal

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

# ruff: noqa: E501
HOW = Wordings(
    [
        "How do I {}?", "How can I {}?", "I want to {}.", "How to {}?", "Where can I {}?", "Where do I {}?",
        "What must I do to {}?", "Show me how to {}.", "Can I {}?", "I would like to {}.", "Please tell me how to {}.",
        "How does one {}?", "Is it possible to {}?", "Explain how to {}.", "Is there a way to {}?", "I need to {}.",
        "What is the way to {}?", "Can you tell me how to {}?", "{}", "I do not know how to {}.",
        "What do I press to {}?", "help me {}", "Which key do I press to {}?", "Could I {}?", "What should I do to {}?",
        "I am trying to {}.", "Tell me how to {}.", "How would I {}?", "Do you know how to {}?", "Which button lets me {}?",
        "What is the easiest way to {}?", "I'd like to {}", "how do you {}", "Is there a button to {}?", "how 2 {}",
        "Is there a shortcut to {}?", "Teach me to {}.", "Please {}", "Am I able to {}?", "May I {}?", "Let me {}.",
        "I have to {}, how?", "Where must I click to {}?", "i wanna {}", "I cannot find out how to {}.", "How should I {}?",
    ]
)  # fmt: skip
DEFINE = Wordings(
    [
        "What is {x}?", "What does {w} mean?", "Define {w}.", "Explain {x}.", "What is {w}?", "{w}", "{x}",
        "Tell me what {x} is.", "Explain the word {w}.", "What do you mean by {w}?", "Can you explain {w}?",
        "What exactly is {x}?", "meaning of {w}", "What is meant by {w}?", "Do you know what {x} is?",
        "Give me a definition of {w}.", "I do not know what {x} is.", "Describe {x}.", "whats {x}",
        "What is {x} in simple words?", "Tell me about {x}.", "What is the meaning of {w}?", "definition of {w}",
        "Can you tell me what {x} is?", "Could you explain {x}?", "Please explain {x}.", "How would you define {w}?",
        "What is the definition of {w}?", "I want to know what {x} is.", "What do people call {w}?", "explain {w} to me",
        "What is {x} exactly?", "In short, what is {x}?", "Explain to me what {x} is.", "What kind of thing is {x}?",
        "What can you say about {x}?", "How do you explain {w}?", "Say what {x} is.",
        "Give me a short explanation of {w}.", "{w} meaning", "{w} definition", "What does the word {w} mean?",
        "Do you know the word {w}?", "Help me understand {w}.", "What's {x}?", "So what is {x}?",
    ]
)  # fmt: skip
CAPITAL = Wordings(
    [
        "What is the capital of {}?", "Which city is the capital of {}?", "Tell me the capital of {}.", "capital of {}",
        "What is the capital city of {}?", "Name the capital of {}.", "Do you know the capital of {}?", "{} capital",
        "What's the capital of {}?", "{}'s capital?", "The capital of {} is?", "Which is the capital of {}?",
        "Give me the capital of {}.", "What is {}'s capital?", "whats the capital of {}", "I need the capital of {}.",
        "What city is the capital of {}?", "What do you call the capital of {}?", "What is the name of the capital of {}?",
        "Can you tell me the capital of {}?", "Please name the capital of {}.", "capital city of {}", "capital: {}",
        "How is the capital of {} called?", "What capital does {} have?", "Which capital does {} have?",
        "Which city is {}'s capital?", "The capital city of {}, please.", "I forgot the capital of {}.",
        "I want to know the capital of {}.", "{} has which capital?", "For {}, what is the capital?", "{}: capital?",
        "Which city is the seat of government of {}?", "Say the capital of {}.", "Could you name the capital of {}?",
    ]
)  # fmt: skip
CAPITAL_OF = Wordings(
    [
        "Which country has the capital {}?", "{} is the capital of which country?", "What is {} the capital of?",
        "Which country is {} the capital of?", "Of which country is {} the capital?", "Where is {}?", "where's {}",
        "In which country is {}?", "{} is the capital of", "What country is {} in?", "Where does {} lie?",
        "What country is {} the capital of?", "Which country's capital is {}?", "To which country does {} belong?",
        "{} is in which country?", "What country does {} belong to?", "In what country is {}?", "{} lies in which country?",
        "Tell me where {} is.", "Do you know where {} is?", "Whose capital is {}?", "Which country is {} in?",
        "{} is the capital of what?", "Name the country of {}.", "In which country does {} lie?", "country of {}",
        "Where can I find {}?", "What is the country of {}?", "Tell me the country whose capital is {}.",
        "{} is the capital of what country?", "Which land has {} as its capital?", "I want to know where {} is.",
        "{} is where?", "Say which country {} is in.",
    ]
)  # fmt: skip
IS_CAPITAL = Wordings(
    [
        "Is {c} the capital of {l}?", "Is the capital of {l} {c}?", "{c} is the capital of {l}, right?",
        "Is it true that {c} is the capital of {l}?", "{c} is the capital of {l}?", "Am I right that {c} is the capital of {l}?",
        "The capital of {l} is {c}, is it?", "Is {c} {l}'s capital?", "The capital of {l} is {c}, right?",
        "Is {c} really the capital of {l}?", "I think {c} is the capital of {l}.", "Is {c} the capital city of {l}?",
        "{c} is the capital of {l}, isn't it?", "Would you say {c} is the capital of {l}?", "Does {l} have the capital {c}?",
    ]
)  # fmt: skip
FOLLOW_CAPITAL = Wordings(
    ["and of {}?", "And {}?", "What about {}?", "And the capital of {}?", "and for {}?", "And that of {}?",
     "How about {}?", "and what about {}?", "and {}'s?", "Now {}.", "And what is it for {}?", "The same for {}?",
     "and in {}?", "And which one has {}?", "also {}", "next: {}", "And {}'s capital?", "now the capital of {}",
     "Then {}?", "ok and {}?", "{}?"]
)  # fmt: skip
FOLLOW_DEFINE = Wordings(
    ["And {x}?", "And what is {x}?", "What about {x}?", "and what does {w} mean?", "How about {x}?", "and {w}?",
     "And what about {x}?", "Now {x}.", "and what's {x}", "Then what is {x}?", "ok and {x}?", "And the word {w}?",
     "Explain {x} too.", "next: {w}", "And define {w}.", "also {w}"]
)  # fmt: skip
ARTICLE = re.compile(r"^(?:an?|the) ")


@cache
def _topics(name: str) -> list[dict[str, object]]:
    table = load(name)
    found: list[dict[str, object]] = []
    for row in table:
        dos = spread(row.get("do", []))
        framed = {normal(frame.format(do)) for frame in [*HOW.train, *HOW.held] for do in dos}
        asks = [text for text in spread(row["ask"]) if normal(text) not in framed]
        found.append({**row, "asks": Wordings(asks), "dos": Wordings(dos)})
    return found


def spread(patterns: Sequence[str]) -> list[str]:
    """Every wording that patterns such as "open (the|my) chat" stand for, in their order."""
    found: list[str] = []
    for pattern in patterns:
        parts = [
            part.split("|") if i % 2 else [part] for i, part in enumerate(re.split(r"\(([^()]*\|[^()]*)\)", pattern))
        ]
        for chosen in product(*parts):
            text = " ".join("".join(chosen).split())
            found.append(re.sub(r" ([?.!,])", r"\1", text))
    return found


def app(rng: random.Random, split: Split) -> Exchange:
    """How to do something in this app. Held out: frames, ways to name the task, and whole questions."""
    row = rng.choice(_topics("app"))
    asks, dos = row["asks"], row["dos"]
    assert isinstance(asks, Wordings)
    assert isinstance(dos, Wordings)
    if rng.random() < 0.6:
        text = asks.pick(rng, split)
    elif split == "train":
        text = HOW.pick(rng, "train").format(dos.pick(rng, "train"))
    else:
        unseen_frame = rng.random() < 0.5
        frame = HOW.pick(rng, "held" if unseen_frame else "train")
        text = frame.format(dos.pick(rng, "train" if unseen_frame else "held"))
    text = text[0].upper() + text[1:] if text[-1] in ".?" else text
    return Exchange("app", text, f"A question about this app: {row['topic']}. I know the steps.", str(row["answer"]))


def models(rng: random.Random, split: Split) -> Exchange:
    """What Mistral Small 4 and its alternatives are and need."""
    row = rng.choice(_topics("models"))
    asks = row["asks"]
    assert isinstance(asks, Wordings)
    thought = f"A question about models: {row['topic']}. I learned this fact."
    return Exchange("models", asks.pick(rng, split), thought, str(row["answer"]))


def talk(rng: random.Random, split: Split) -> Exchange:
    """Greetings, thanks, who are you, praise and blame."""
    row = rng.choice(_topics("talk"))
    asks = row["asks"]
    assert isinstance(asks, Wordings)
    thought = f"This is about {row['topic']}. A short friendly answer is right."
    return Exchange("small talk", asks.pick(rng, split), thought, str(row["answer"]))


def _capital(family: str, text: str, country: str) -> Exchange:
    city = load("capitals")[country]
    thought = f"The user asks for the capital of {country}. It is {city}."
    return Exchange(family, text, thought, f"The capital of {country} is {city}.", subject="capital")


@cache
def countries_of() -> dict[str, list[str]]:
    """Capital -> countries; only capitals with one country are asked for backwards."""
    found: dict[str, list[str]] = {}
    for country, city in load("capitals").items():
        found.setdefault(city, []).append(country)
    return found


def capitals(rng: random.Random, split: Split) -> Exchange:
    """Capital of a country, or the country of a capital."""
    table = load("capitals")
    if rng.random() < 0.08:
        country = rng.choice(list(table))
        right = rng.random() < 0.5
        city = table[country] if right else rng.choice(sorted(set(table.values()) - {table[country]}))
        thought = f"The capital of {country} is {table[country]}. " + (
            "That is the same." if right else "That is another city."
        )
        answer = f"{'Yes' if right else 'No'}, the capital of {country} is {table[country]}."
        return Exchange(
            "capitals", IS_CAPITAL.pick(rng, split).format(c=city, l=country), thought, answer, subject="capital"
        )
    if rng.random() < 0.6:
        country = rng.choice(list(table))
        bare = country.removeprefix("the ") if rng.random() < 0.3 else country
        return _capital("capitals", CAPITAL.pick(rng, split).format(bare), country)
    city = rng.choice([c for c, owners in countries_of().items() if len(owners) == 1])
    country = countries_of()[city][0]
    thought = f"{city} is a capital. Its country is {country}."
    answer = f"{city} is the capital of {country}."
    return Exchange("capitals", CAPITAL_OF.pick(rng, split).format(city), thought, answer, subject="capital")


def follow_capital(rng: random.Random, split: Split) -> Exchange:
    """A follow-up such as "and of Spain?" after a question about a capital."""
    country = rng.choice(list(load("capitals")))
    return _capital("follow-up", FOLLOW_CAPITAL.pick(rng, split).format(country), country)


@cache
def terms() -> list[tuple[str, str, str]]:
    """(term with article, bare word, definition) of everything that has a definition."""
    tables = load("definitions")
    return [(x, ARTICLE.sub("", x), text) for table in tables.values() for x, text in table.items()]


def _definition(family: str, frame: str, term: tuple[str, str, str]) -> Exchange:
    x, word, answer = term
    text = frame.format(x=x, w=word)
    thought = f"The user wants to know what {x} is. I know a short explanation."
    return Exchange(family, text, thought, answer, subject="definition")


def definitions(rng: random.Random, split: Split) -> Exchange:
    """What a cat is, what quantization is."""
    return _definition("definitions", DEFINE.pick(rng, split), rng.choice(terms()))


def follow_definition(rng: random.Random, split: Split) -> Exchange:
    """A follow-up such as "And a dog?" after a definition."""
    return _definition("follow-up", FOLLOW_DEFINE.pick(rng, split), rng.choice(terms()))
