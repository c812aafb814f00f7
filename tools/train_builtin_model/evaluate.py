"""Asks the exported model, in real llama.cpp, questions whose wording it never saw, and grades strictly.

Right means the one right answer, word for word; honest means it said that it does not know; the rest is wrong. A sum
that it was not meant to know, but works out correctly, is right as well.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .corpus import arithmetic, dialogue, everyday, facts, languages, unknown
from .corpus.wording import Exchange, Split, dress, normal, roughen
from .llama import Runner
from .prompt import pieces

STYLES = ("clean", "plain", "typo")
Generator = Callable[[random.Random, Split], Exchange]
IN_SCOPE: dict[str, Generator] = {
    "small talk": facts.talk,
    "app": facts.app,
    "models": facts.models,
    "capitals": facts.capitals,
    "definitions": facts.definitions,
    "arithmetic": arithmetic.ask,
    "opposites": everyday.opposite,
    "days and months": everyday.calendar,
    "colours and animals": everyday.animals,
    "lists": everyday.lists,
    "units and records": everyday.units,
    "letters and counting": everyday.counting,
    "translations": languages.words,
    "French, German, Spanish": languages.sentences,
}


@dataclass(frozen=True)
class Case:
    """A question, what came before it, and how it was typed."""

    family: str
    style: str
    before: tuple[Exchange, ...]
    exchange: Exchange


@dataclass
class Row:
    """Counts of one family: `right` by the word, `honest` refusals, `wrong` and confident."""

    family: str
    n: int = 0
    right: int = 0
    honest: int = 0
    wrong: int = 0
    styles: dict[str, list[int]] = field(default_factory=dict)


def shape(rng: random.Random, exchange: Exchange, style: str, split: Split) -> Exchange:
    """The question as typed in this style. Sums, letters and noise keep their signs whatever the style."""
    family = exchange.family
    exact = family in ("arithmetic", "letters and counting") or family.endswith(("bigsum", "gibberish", "language"))
    text = exchange.question
    if not exact and not family.startswith("French"):
        text = dress(rng, text, split)
    if not exact:
        text = roughen(rng, text, "plain typo" if style == "typo" and rng.random() < 0.5 else style)
    elif style == "plain" and family != "unknown: gibberish":
        text = roughen(rng, text, "no mark")
    return Exchange(family, text, exchange.thought, exchange.answer, exchange.honest, exchange.subject)


def drawn(family: str, make: Generator, rng: random.Random, count: int, split: Split) -> Iterator[Case]:
    """Up to `count` different questions of a family, typed in the three styles in turn."""
    seen: set[str] = set()
    for attempt in range(count * 20):
        style = STYLES[len(seen) % len(STYLES)]
        exchange = shape(rng, make(rng, split), style, split)
        key = normal(exchange.question) or exchange.question
        if key not in seen:
            seen.add(key)
            yield Case(family, style, (), exchange)
        if len(seen) >= count or attempt == count * 20 - 1:
            return


def follow_ups(rng: random.Random, count: int, split: Split) -> Iterator[Case]:
    """A trained-on first question with its right answer, then a follow-up in a held-out wording."""
    openers: list[Generator] = [
        facts.capitals, facts.definitions, everyday.opposite, arithmetic.ask, languages.words, everyday.calendar,
        everyday.lists, facts.app,
    ]  # fmt: skip
    made = 0
    while made < count:
        first = rng.choice(openers)(rng, "train")
        after = dialogue.follow(rng, first, split) if rng.random() < 0.8 else dialogue.why(rng, first, split)
        if after is None or after.family != "follow-up":
            continue
        style = STYLES[made % 2]
        made += 1
        yield Case("follow-up", style, (first,), shape(rng, after, style, split))


def long_chats(rng: random.Random, count: int, split: Split) -> Iterator[Case]:
    """A question after nineteen others, all of known families."""
    for _ in range(count):
        before = tuple(dialogue.single(rng, "train") for _ in range(19))
        family = rng.choice(list(IN_SCOPE))
        yield Case("after 19 turns", "clean", before, IN_SCOPE[family](rng, split))


def cases(count: int, seed: int, split: Split) -> list[Case]:
    """The whole test set; the same for the same arguments."""
    rng = random.Random(f"evaluation:{seed}")
    found: list[Case] = []
    for family, make in IN_SCOPE.items():
        found += drawn(family, make, rng, count, split)
    found += follow_ups(rng, count, split)
    found += long_chats(rng, count // 3, split)
    pool = list(drawn("unknown", unknown.unknown, rng, count * 8, split))
    pool += drawn("unknown", unknown.foreign, rng, count // 2, split)
    pool += [
        Case("unknown", "clean", (facts.capitals(rng, "train"),), unknown.follow(rng, split)) for _ in range(count // 3)
    ]
    found += [Case(case.exchange.family, case.style, case.before, case.exchange) for case in pool]
    return found


def prompt(case: Case, effort: dialogue.Effort) -> str:
    """The conversation up to the question, ready for the model to answer."""
    turns = [dialogue.Turn(one, False, False) for one in case.before]
    turns.append(dialogue.Turn(case.exchange, False, False))
    parts = [text for text, _ in pieces(dialogue.Dialogue(None, effort, tuple(turns)))]
    return "".join(parts[:-2])  # without the answer and its end token


def split_thinking(out: str) -> tuple[str | None, str]:
    """(thought or None, answer) of a reply."""
    if not out.startswith("[THINK]"):
        return None, out
    thought, mark, answer = out.removeprefix("[THINK]").partition("[/THINK]")
    return (thought, answer) if mark else (thought, "")


SUM = re.compile(r"(\d+) (plus|minus|times|divided by) (\d+) is (-?\d+)\.|(Half of|Twice) (\d+) is (\d+)\.")


def true_sum(question: str, answer: str) -> bool:
    """Whether the answer is a sum of the question's own numbers with the right result: more than was asked of it."""
    found = SUM.fullmatch(answer.strip())
    if not found:
        return False
    a, op, b, result, share, of, shared = found.groups()
    asked = set(re.findall(r"\d+", question))
    if share:
        return of in asked and int(of) * (1 if share == "Half of" else 4) == 2 * int(shared)
    x, y = int(a), int(b)
    results = {"plus": x + y, "minus": x - y, "times": x * y, "divided by": x / y if y else None}
    return {a, b} <= asked and results[op] == int(result)


def grade(case: Case, effort: dialogue.Effort, out: str) -> str:
    """right, honest or wrong. Thinking with effort none, or none with effort high, is wrong."""
    thought, answer = split_thinking(out)
    if (thought is not None) != (effort == "high") or thought == "":
        return "wrong"
    if case.exchange.honest:
        if true_sum(case.exchange.question, answer):
            return "right"
        return "honest" if unknown.HONEST.search(answer) else "wrong"
    if answer.strip() == case.exchange.answer:
        return "right"
    return "honest" if unknown.HONEST.search(answer) else "wrong"


def run(model: Path, count: int, seed: int, split: Split, show: int) -> dict[str, object]:
    """Grade every case with both efforts; prints up to `show` failures of each family."""
    rows: dict[str, dict[str, Row]] = {"none": {}, "high": {}}
    shown: dict[str, int] = {}
    with Runner(model) as runner:
        for case in cases(count, seed, split):
            for effort in ("none", "high"):
                assert effort in ("none", "high")
                out = runner.answer(runner.tokenize(prompt(case, effort)))
                verdict = grade(case, effort, out)
                row = rows[effort].setdefault(case.family, Row(case.family))
                row.n += 1
                setattr(row, verdict, getattr(row, verdict) + 1)
                tally = row.styles.setdefault(case.style, [0, 0])
                good = verdict == ("honest" if case.exchange.honest else "right")
                tally[0] += good
                tally[1] += 1
                if not good and shown.get(case.family, 0) < show:
                    shown[case.family] = shown.get(case.family, 0) + 1
                    print(f"  [{case.family}/{effort}] {case.exchange.question!r} -> {out!r}")
    return {
        "model": model.name,
        "bytes": model.stat().st_size,
        "split": split,
        "seed": seed,
        "families": {effort: [asdict(row) for row in found.values()] for effort, found in rows.items()},
        "totals": {effort: totals(list(found.values())) for effort, found in rows.items()},
    }


def totals(rows: list[Row]) -> dict[str, float]:
    """Percentages over all known and over all unknown families."""
    known = [row for row in rows if not row.family.startswith("unknown")]
    other = [row for row in rows if row.family.startswith("unknown")]
    asked, strange = sum(r.n for r in known), sum(r.n for r in other)
    return {
        "known": asked,
        "known_right": percent(sum(r.right for r in known), asked),
        "known_honest": percent(sum(r.honest for r in known), asked),
        "known_wrong": percent(sum(r.wrong for r in known), asked),
        "unknown": strange,
        "unknown_honest": percent(sum(r.honest for r in other), strange),
        "unknown_wrong": percent(sum(r.wrong for r in other), strange),
    }


def percent(part: int, whole: int) -> float:
    """A share in percent with one decimal."""
    return round(100 * part / whole, 1) if whole else 0.0


def table(result: dict[str, object]) -> str:
    """The result as a Markdown table, both efforts side by side."""
    families = result["families"]
    assert isinstance(families, dict)
    lines = [
        "| family | n | right % | honest % | wrong % | thinking: right % | honest % | wrong % |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for plain, high in zip(families["none"], families["high"], strict=True):
        cells = [f"{percent(row[key], row['n'])}" for row in (plain, high) for key in ("right", "honest", "wrong")]
        lines.append(f"| {plain['family']} | {plain['n']} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> int:
    """Evaluate, print the table, write the JSON."""
    parser = argparse.ArgumentParser(prog="python -m tools.train_builtin_model.evaluate", description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--out", type=Path, help="where to write the figures as JSON")
    parser.add_argument("--count", type=int, default=60, help="questions a family (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--split", choices=("held", "train"), default="held")
    parser.add_argument("--show", type=int, default=0, help="print this many failures of each family")
    choice = parser.parse_args()
    result = run(choice.model, choice.count, choice.seed, choice.split, choice.show)
    print(table(result))
    print(json.dumps(result["totals"], indent=1))
    if choice.out:
        choice.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
