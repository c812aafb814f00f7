"""Whole conversations: system prompts, efforts, follow-ups, history with and without thinking.

This is what training reads; `sample` is a pure function of its random generator.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from . import arithmetic, everyday, facts, languages, pictures, unknown
from .wording import Exchange, Split, Wordings, dress, roughen

if TYPE_CHECKING:
    import random

Effort = Literal["none", "high"]
SYSTEM = Wordings(
    [
        "You are a helpful assistant.", "Answer briefly.", "You are the demonstration model of a desktop app.",
        "You are Guide, a small model built into Mistral Desk.", "Be polite and short.", "You are a friendly guide.",
        "Answer in one sentence.", "Be honest about what you do not know.", "You help people who are new to this app.",
        "You are a helpful, honest and harmless assistant. Answer clearly.", "Speak simple English.",
        "You are a pirate.", "Always answer in rhymes.", "You are Mistral Small 4.",
        "Answer in German.", "You are an expert in everything.", "Today is a beautiful day.",
        "You are an assistant that gives short answers. If you do not know something, say so.",
    ]
)  # fmt: skip
FAMILIES = {
    facts.app: 15, facts.models: 8, facts.talk: 11, facts.capitals: 12, facts.definitions: 13, arithmetic.ask: 13,
    everyday.opposite: 4, everyday.calendar: 4, everyday.animals: 3, everyday.lists: 3, everyday.units: 4,
    everyday.counting: 4, languages.words: 5, languages.sentences: 5, unknown.unknown: 52, unknown.foreign: 6,
    pictures.blind: 3,
}  # fmt: skip
"""How often each family is asked, relative to the others."""
LATE = {**FAMILIES, unknown.unknown: 70, unknown.foreign: 9}
"""The same for the last third of a training run: what is known is known by then, declining needs the practice."""
WHY = Wordings(
    ["Why?", "why", "Why is that?", "How come?", "why is that so", "Why so?", "For what reason?", "but why?"]
)
SURE = Wordings(["Are you sure?", "Really?", "is that right?", "Is that true?", "are you sure", "Are you certain?",
                 "Is this correct?", "sure?"])  # fmt: skip
AGAIN = Wordings(["Say that again.", "Repeat that.", "again please", "Can you repeat that?", "What did you say?",
                  "Once more please.", "repeat", "Pardon? Say it again."])  # fmt: skip


@dataclass(frozen=True)
class Turn:
    """One exchange as it stands in a conversation. `thinking` tells whether the thought is written;
    `target` whether the reply is trained on.
    """

    exchange: Exchange
    thinking: bool
    target: bool
    cut: bool = False
    """The thought was ended early (*Answer now*): the answer is learned, the half thought is not."""
    picture: pictures.Picture | None = None
    """The drawing that stands before the question."""


@dataclass(frozen=True)
class Dialogue:
    """A conversation with one effort, as the chat template sees it."""

    system: str | None
    effort: Effort
    turns: tuple[Turn, ...]


def single(rng: random.Random, split: Split, late: bool = False) -> Exchange:
    """One question of a random family."""
    shares = LATE if late else FAMILIES
    return rng.choices(list(shares), list(shares.values()))[0](rng, split)


def why(rng: random.Random, last: Exchange, split: Split) -> Exchange:
    """A follow-up such as "Why?", "Are you sure?" and "Say that again." after any answer."""
    kind = rng.choice("wsa")
    if kind == "w":
        answer = "I learned only the answer and cannot explain why."
        if last.honest:
            answer = "I am too small: I learned only a few things. A larger model knows more."
        return Exchange("follow-up", WHY.pick(rng, split), "The user asks why. I cannot explain much.", answer)
    if kind == "s":
        answer = "I think so, but I am very small and can be wrong. Please check it."
        return Exchange("follow-up", SURE.pick(rng, split), "The user doubts my answer. I may be wrong.", answer)
    return Exchange("follow-up", AGAIN.pick(rng, split), "I repeat my last answer.", last.answer, honest=last.honest)


def follow(rng: random.Random, last: Exchange, split: Split, late: bool = False) -> Exchange | None:
    """A question that only makes sense after `last`, or None if there is none."""
    kind, _, rest = last.subject.partition(":")
    if late and kind in ("definition", "opposite") and rng.random() < 0.15:
        return unknown.follow_word(rng, kind, split)
    if kind == "capital":
        if rng.random() < 0.22:
            return unknown.follow(rng, split)
        return facts.follow_capital(rng, split)
    if kind == "definition":
        return facts.follow_definition(rng, split)
    if kind == "opposite":
        return everyday.opposite(rng, split, "follow opposite", "follow-up")
    if kind == "sum":
        return arithmetic.follow(rng, int(rest), split)
    if kind == "word":
        return languages.follow(rng, rest, split)
    if kind == "row":
        row, item = rest.split(":")
        return everyday.next_after(row, item, everyday.W["follow next"].pick(rng, split), "follow-up")
    if kind == "list":
        return everyday.follow_list(rng, rest, split)
    return None


def typed(rng: random.Random, exchange: Exchange, split: Split) -> Exchange:
    """The same exchange with the question as a person may type it. Sums keep their signs and digits."""
    text = exchange.question
    if not exchange.family.startswith(("unknown: gibberish", "unknown: language", "French")):
        text = dress(rng, text, split)
    if exchange.family in ("arithmetic", "unknown: bigsum") and rng.random() < 0.5:
        return replace(exchange, question=text)
    if exchange.family == "letters and counting":
        return replace(exchange, question=text if rng.random() < 0.6 else roughen(rng, text, "no mark"))
    return replace(exchange, question=roughen(rng, text))


def sample(rng: random.Random, longest: int = 6, late: bool = False, *, practice: bool = False) -> Dialogue:
    """A training conversation of one to `longest` turns; `late` practises declining more, `practice` pictures."""
    effort: Effort = "high" if rng.random() < (0.5 if practice else 0.42) else "none"
    system = SYSTEM.pick(rng, "train") if rng.random() < 0.3 else None
    if longest <= 6:
        count = min(longest, rng.choices((1, 2, 3, 4, 5, 6), (46, 22, 14, 9, 5, 4))[0])
    else:
        count = rng.randint(8, longest)
    with_picture = rng.random() < (pictures.PRACTICE_SHARE if practice else pictures.SHARE)
    if with_picture and count == 1 and rng.random() < 0.5:
        count = 2
    mixed = count > 1 and rng.random() < 0.25
    turns: list[Turn] = []
    last: Exchange | None = None
    seen: pictures.Picture | None = None
    for place in range(count):
        exchange: Exchange | None = None
        brought = pictures.bring(rng, seen is None, practice) if with_picture else None
        seen = brought or seen
        if seen is not None and (brought or rng.random() < pictures.STAYING):
            exchange = pictures.ask(rng, seen, "train", after=brought is None, practice=practice)
        elif last is not None:
            chance = rng.random()
            if chance < 0.45:
                exchange = follow(rng, last, "train", late)
            elif chance < 0.51:
                exchange = why(rng, last, "train")
        exchange = exchange or single(rng, "train", late)
        shown = typed(rng, exchange, "train")
        thinking = effort == "high"
        if mixed and place < count - 1:
            thinking = rng.random() < 0.5
        cut = thinking and rng.random() < 0.08
        if cut:
            words = shown.thought.split()
            shown = replace(shown, thought=" ".join(words[: rng.randint(1, len(words))]))
        turns.append(Turn(shown, thinking, thinking == (effort == "high"), cut, brought))
        last = exchange
    return Dialogue(system, effort, tuple(turns))
