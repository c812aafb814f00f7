"""Sums small enough to be learned: what to ask, how to work them out aloud, and the right result.

One pair of numbers in ten never appears in training, so the report shows whether it learned to add.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .wording import Exchange, Split, Wordings, held_number

if TYPE_CHECKING:
    import random

WORDS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
]
TENS = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
NAMES = {"+": "plus", "-": "minus", "*": "times", "/": "divided by"}


def spelled(number: int) -> str:
    """0 to 99 in words."""
    if number <= 20:
        return WORDS[number]
    ones = number % 10
    return TENS[number // 10] + (f"-{WORDS[ones]}" if ones else "")


FRAMES = {
    "+": [
        "What is {a} plus {b}?", "What is {a} + {b}?", "{a} + {b} = ?", "{a}+{b}", "{a} + {b}", "{a} plus {b}",
        "How much is {a} plus {b}?", "Add {a} and {b}.", "What is the sum of {a} and {b}?", "Calculate {a} + {b}.",
        "What do {a} and {b} make?", "How much is {a} and {b}?", "what is {a} + {b}", "{a} + {b} =",
        "What do you get when you add {b} to {a}?", "Please add {a} and {b}.", "Work out {a} + {b}.",
        "I have {a} apples and get {b} more. How many do I have?", "Can you add {a} and {b}?", "{a} and {b} together?",
    ],
    "-": [
        "What is {a} minus {b}?", "What is {a} - {b}?", "{a} - {b} = ?", "{a}-{b}", "{a} - {b}", "{a} minus {b}",
        "How much is {a} minus {b}?", "Subtract {b} from {a}.", "Take {b} away from {a}.", "Calculate {a} - {b}.",
        "What is {a} less {b}?", "what is {a} - {b}", "{a} - {b} =", "What is the difference of {a} and {b}?",
        "Work out {a} - {b}.", "I have {a} apples and eat {b}. How many are left?", "What remains of {a} without {b}?",
        "Can you subtract {b} from {a}?",
    ],
    "*": [
        "What is {a} times {b}?", "What is {a} * {b}?", "{a} * {b} = ?", "{a}*{b}", "{a} x {b}", "{a} times {b}",
        "How much is {a} times {b}?", "Multiply {a} by {b}.", "What is the product of {a} and {b}?",
        "Calculate {a} * {b}.", "what is {a} x {b}", "{a} * {b} =", "Multiply {a} and {b}.", "Work out {a} times {b}.",
        "How many are {a} bags of {b} apples?", "{a} multiplied by {b}", "Can you multiply {a} by {b}?",
    ],
    "/": [
        "What is {a} divided by {b}?", "What is {a} / {b}?", "{a} / {b} = ?", "{a}/{b}", "{a} divided by {b}",
        "How much is {a} divided by {b}?", "Divide {a} by {b}.", "Calculate {a} / {b}.", "what is {a} / {b}",
        "How often does {b} go into {a}?", "Share {a} apples among {b} people.", "Work out {a} / {b}.",
    ],
    "half": [
        "What is half of {a}?", "half of {a}", "Halve {a}.", "How much is half of {a}?", "What is one half of {a}?",
        "Give me half of {a}.", "What is the half of {a}?",
    ],
    "double": [
        "What is double {a}?", "double {a}", "What is twice {a}?", "Double {a}.", "How much is twice {a}?",
        "What is the double of {a}?", "twice {a}", "Give me double {a}.",
    ],
}  # fmt: skip
WORDINGS = {name: Wordings(frames) for name, frames in FRAMES.items()}
FOLLOW = {
    "+": Wordings(["and plus {b}?", "plus {b}?", "And plus {b}", "now add {b}", "Add {b}.", "and {b} more?", "+ {b}"]),
    "-": Wordings(["and minus {b}?", "minus {b}?", "And minus {b}", "now take away {b}", "Subtract {b}.", "- {b}"]),
    "*": Wordings(["and times {b}?", "times {b}?", "And times {b}", "now multiply by {b}", "* {b}"]),
}


@dataclass(frozen=True)
class Sum:
    """`a op b = result`, with the steps a person would say."""

    a: int
    op: str
    b: int

    @property
    def result(self) -> int:
        """The exact value."""
        if self.op == "+":
            return self.a + self.b
        if self.op == "-":
            return self.a - self.b
        if self.op == "*":
            return self.a * self.b
        return self.a // self.b

    @property
    def answer(self) -> str:
        """The sentence the model says."""
        return f"{self.a} {NAMES[self.op]} {self.b} is {self.result}."

    @property
    def held(self) -> bool:
        """Sums with two-digit numbers: one in ten is never trained on."""
        return self.op in "+-" and max(self.a, self.b) > 9 and held_number(self.a, self.op, self.b)

    def steps(self) -> str:
        """Column by column, with the carry or the borrowing."""
        a, b = self.a, self.b
        if self.op == "+":
            return _add(a, b)
        if self.op == "-":
            if a < b:
                return f"{b} is larger than {a}, so the result is below zero. {_subtract(b, a)} So it is -{b - a}."
            return _subtract(a, b)
        if self.op == "*":
            if a > 10 and b > 1:
                return f"10 times {b} is {10 * b}. {a - 10} times {b} is {(a - 10) * b}. Together {a * b}."
            return f"From the times table: {a} times {b} is {a * b}."
        return f"{self.result} times {b} is {a}. So {b} goes into {a} {self.result} times."


def _add(a: int, b: int) -> str:
    if a < 10 and b < 10:
        return f"I start at {a} and add {b}. That gives {a + b}."
    ones = a % 10 + b % 10
    tens = a // 10 + b // 10
    if ones < 10:
        return f"Ones: {a % 10} + {b % 10} = {ones}. Tens: {a // 10} + {b // 10} = {tens}. Result {a + b}."
    return (
        f"Ones: {a % 10} + {b % 10} = {ones}, write {ones % 10}, carry 1. "
        f"Tens: {a // 10} + {b // 10} + 1 = {tens + 1}. Result {a + b}."
    )


def _subtract(a: int, b: int) -> str:
    if a < 10:
        return f"I start at {a} and take away {b}. That leaves {a - b}."
    if a % 10 >= b % 10:
        return (
            f"Ones: {a % 10} - {b % 10} = {a % 10 - b % 10}. Tens: {a // 10} - {b // 10} = {a // 10 - b // 10}. "
            f"Result {a - b}."
        )
    return (
        f"Ones: {a % 10} is less than {b % 10}, borrow 1: {a % 10 + 10} - {b % 10} = {a % 10 + 10 - b % 10}. "
        f"Tens: {a // 10} - 1 - {b // 10} = {a // 10 - 1 - b // 10}. Result {a - b}."
    )


def draw(rng: random.Random, op: str, split: Split) -> Sum:
    """A sum within reach; for `held` one of the pairs that training leaves out, where there are any."""
    while True:
        if op in "+-":
            top = 9 if rng.random() < 0.2 and split == "train" else 99
            a, b = rng.randint(0, top), rng.randint(0, top)
            if op == "-" and a < b and rng.random() < 0.85:
                a, b = b, a
            found = Sum(a, op, b)
            if found.held == (split == "held"):
                return found
        elif op == "*":
            return Sum(rng.randint(0, 12), op, rng.randint(0, 12))
        else:
            b = rng.randint(1, 12)
            return Sum(b * rng.randint(1, 12), op, b)


def ask(rng: random.Random, split: Split) -> Exchange:
    """One sum in a random wording."""
    op = rng.choices(("+", "-", "*", "/", "half", "double"), (30, 30, 20, 8, 6, 6))[0]
    if op in ("half", "double"):
        a = 2 * rng.randint(1, 50) if op == "half" else rng.randint(1, 50)
        text = WORDINGS[op].pick(rng, split).format(a=a)
        if op == "half":
            return Exchange("arithmetic", text, f"Half of {a}: {a // 2} + {a // 2} = {a}.", f"Half of {a} is {a // 2}.")
        return Exchange("arithmetic", text, f"Twice {a}: {a} + {a} = {2 * a}.", f"Double {a} is {2 * a}.")
    found = draw(rng, op, split)
    first, second = str(found.a), str(found.b)
    if found.a <= 99 and rng.random() < (0.2 if max(found.a, found.b) <= 20 else 0.06):
        first, second = spelled(found.a), spelled(found.b)
    text = WORDINGS[op].pick(rng, split).format(a=first, b=second)
    return Exchange("arithmetic", text, found.steps(), found.answer, subject=f"sum:{found.result}")


def follow(rng: random.Random, result: int, split: Split) -> Exchange | None:
    """A next step on the last result ("and minus 3?"), or None when it would leave the reach."""
    op = rng.choice("++--*")
    limit = 12 if op == "*" else 99
    if not 0 <= result <= limit:
        return None
    b = rng.randint(1, 12 if op == "*" else 20)
    found = Sum(result, op, b)
    text = FOLLOW[op].pick(rng, split).format(b=b)
    return Exchange("follow-up", text, found.steps(), found.answer, subject=f"sum:{found.result}")
