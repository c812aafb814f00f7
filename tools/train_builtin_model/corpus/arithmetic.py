"""Sums small enough to be learned: what to ask, how to work them out aloud, and the right result.

Above 20 one pair of numbers in ten never appears in training, so the report shows whether it learned to add.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .wording import Exchange, Split, Wordings, held_number

if TYPE_CHECKING:
    import random

# ruff: noqa: E501
WORDS = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
    "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
]  # fmt: skip
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
        "What is {a} plus {b}?", "What is {a} + {b}?", "{a} + {b} = ?", "{a}+{b}", "{a}+{b}=", "{a}+{b}=?", "{a} + {b}",
        "{a} plus {b}", "How much is {a} plus {b}?", "Add {a} and {b}.", "What is the sum of {a} and {b}?",
        "Calculate {a} + {b}.", "What do {a} and {b} make?", "How much is {a} and {b}?", "{a} + {b} =", "{a} and {b}?",
        "What do you get when you add {b} to {a}?", "Please add {a} and {b}.", "Work out {a} + {b}.", "Add {b} to {a}.",
        "I have {a} apples and get {b} more. How many do I have?", "Can you add {a} and {b}?", "{a} and {b} together?",
        "What's {a} plus {b}?", "What's {a} and {b}?", "What is {a} and {b}?", "whats {a}+{b}", "what's {a} + {b}",
        "sum of {a} and {b}", "The sum of {a} and {b}?", "Give me the sum of {a} and {b}.", "How much is {a} + {b}?",
        "{a} plus {b} is?", "{a} plus {b} equals?", "{a} plus {b} makes?", "Tell me what {a} plus {b} is.", "Compute {a} + {b}.",
        "What does {a} plus {b} make?", "What is {a} added to {b}?", "Solve {a} + {b}.", "{a} add {b}", "add {a} + {b}",
        "How many are {a} and {b}?", "How many is {a} plus {b}?", "Calculate {a} plus {b}.", "Work out {a} plus {b}.",
        "What does {a} + {b} equal?", "I need {a} plus {b}.", "{a} more than {b} is?", "Could you add {a} and {b}?",
        "Do you know what {a} plus {b} is?", "Put {a} and {b} together.", "What is the result of {a} + {b}?", "total of {a} and {b}",
        "There are {a} birds and {b} more come. How many are there?", "If I add {a} and {b}, what do I get?",
    ],
    "-": [
        "What is {a} minus {b}?", "What is {a} - {b}?", "{a} - {b} = ?", "{a}-{b}", "{a}-{b}=", "{a} - {b}", "{a} minus {b}",
        "How much is {a} minus {b}?", "Subtract {b} from {a}.", "Take {b} away from {a}.", "Calculate {a} - {b}.",
        "What is {a} less {b}?", "{a} - {b} =", "What is the difference of {a} and {b}?", "Take {b} from {a}.",
        "Work out {a} - {b}.", "I have {a} apples and eat {b}. How many are left?", "What remains of {a} without {b}?",
        "Can you subtract {b} from {a}?", "What's {a} minus {b}?", "what's {a} - {b}", "whats {a}-{b}", "{a} minus {b} is?",
        "How much is {a} - {b}?", "{a} minus {b} equals?", "Tell me what {a} minus {b} is.", "Compute {a} - {b}.",
        "What does {a} minus {b} make?", "Solve {a} - {b}.", "{a} take away {b}", "What is {a} take away {b}?", "{a} less {b}",
        "Calculate {a} minus {b}.", "Work out {a} minus {b}.", "What does {a} - {b} equal?", "I need {a} minus {b}.",
        "difference of {a} and {b}", "What is the difference between {a} and {b}?", "What is {b} less than {a}?",
        "Please subtract {b} from {a}.", "Could you take {b} from {a}?", "Do you know what {a} minus {b} is?",
        "What do you get when you take {b} from {a}?", "What is the result of {a} - {b}?", "If I take {b} from {a}, what is left?",
        "There are {a} birds and {b} fly away. How many stay?", "How much is {a} without {b}?", "minus: {a} - {b}",
        "What is left of {a} after taking {b}?", "How many is {a} minus {b}?", "subtract {a} - {b}",
    ],
    "*": [
        "What is {a} times {b}?", "What is {a} * {b}?", "{a} * {b} = ?", "{a}*{b}", "{a}*{b}=", "{a} x {b}", "{a}x{b}",
        "How much is {a} times {b}?", "Multiply {a} by {b}.", "What is the product of {a} and {b}?", "{a} times {b}",
        "Calculate {a} * {b}.", "what is {a} x {b}", "{a} * {b} =", "Multiply {a} and {b}.", "Work out {a} times {b}.",
        "How many are {a} bags of {b} apples?", "{a} multiplied by {b}", "Can you multiply {a} by {b}?", "{a} x {b} =",
        "What's {a} times {b}?", "what's {a} x {b}", "whats {a}*{b}", "{a} times {b} is?", "{a} times {b} equals?",
        "How much is {a} x {b}?", "Tell me what {a} times {b} is.", "Compute {a} * {b}.", "What does {a} times {b} make?",
        "What is {a} multiplied by {b}?", "Solve {a} * {b}.", "Calculate {a} times {b}.", "What does {a} * {b} equal?",
        "I need {a} times {b}.", "product of {a} and {b}", "Please multiply {a} by {b}.", "Could you multiply {a} and {b}?",
        "Do you know what {a} times {b} is?", "What is the result of {a} * {b}?", "multiply {a} x {b}",
        "What do you get when you multiply {a} by {b}?", "How many is {a} times {b}?", "{a} rows of {b}, how many?",
        "times table: {a} times {b}", "If I multiply {a} by {b}, what do I get?",
    ],
    "/": [
        "What is {a} divided by {b}?", "What is {a} / {b}?", "{a} / {b} = ?", "{a}/{b}", "{a}/{b}=", "{a} divided by {b}",
        "How much is {a} divided by {b}?", "Divide {a} by {b}.", "Calculate {a} / {b}.", "{a} / {b} =", "{a} / {b}",
        "How often does {b} go into {a}?", "Share {a} apples among {b} people.", "Work out {a} / {b}.", "{a} : {b}",
        "What's {a} divided by {b}?", "what's {a} / {b}", "{a} divided by {b} is?", "{a} divided by {b} equals?",
        "How much is {a} / {b}?", "Tell me what {a} divided by {b} is.", "Compute {a} / {b}.", "Please divide {a} by {b}.",
        "Can you divide {a} by {b}?", "Could you divide {a} by {b}?", "What does {a} / {b} equal?", "I need {a} divided by {b}.",
        "Solve {a} / {b}.", "Work out {a} divided by {b}.", "Calculate {a} divided by {b}.", "{a} over {b}",
        "How many times does {b} fit into {a}?", "What do you get when you divide {a} by {b}?",
        "What is the result of {a} / {b}?", "Do you know what {a} divided by {b} is?",
    ],
    "half": [
        "What is half of {a}?", "half of {a}", "Halve {a}.", "How much is half of {a}?", "What is one half of {a}?",
        "Give me half of {a}.", "What is the half of {a}?", "What's half of {a}?", "{a} halved", "Tell me half of {a}.",
        "Can you halve {a}?", "Please halve {a}.", "Half of {a} is?", "How many is half of {a}?", "I need half of {a}.",
        "the half of {a}", "Calculate half of {a}.", "Work out half of {a}.", "whats half of {a}", "one half of {a}",
        "Tell me what half of {a} is.", "Do you know half of {a}?", "If I halve {a}, what do I get?", "Cut {a} in half.",
        "What is {a} halved?", "Could you halve {a}?", "Half of {a} equals?", "half {a}", "Take half of {a}.",
        "What do I get when I halve {a}?",
    ],
    "double": [
        "What is double {a}?", "double {a}", "What is twice {a}?", "How much is twice {a}?", "Give me double {a}.",
        "What is the double of {a}?", "twice {a}", "What's double {a}?", "What's twice {a}?", "{a} doubled", "{a} twice",
        "Tell me double {a}.", "Can you double {a}?", "Please double {a}.", "Double {a} is?", "Twice {a} is?",
        "I need double {a}.", "the double of {a}", "Calculate double {a}.", "Work out twice {a}.", "whats double {a}",
        "How much is double {a}?", "Tell me what twice {a} is.", "Do you know the double of {a}?", "What is {a} doubled?",
        "If I double {a}, what do I get?", "Could you double {a}?", "Double {a} equals?", "Take {a} twice.",
        "What do I get when I double {a}?",
    ],
}  # fmt: skip
WORDINGS = {name: Wordings(frames) for name, frames in FRAMES.items()}
FOLLOW = {
    "+": Wordings(["and plus {b}?", "plus {b}?", "now add {b}", "Add {b}.", "and {b} more?", "+ {b}", "Now plus {b}.",
                   "and add {b}", "plus another {b}?", "Add {b} to that.", "and then plus {b}?", "what about plus {b}?",
                   "add {b} more", "That plus {b}?", "{b} more?", "And if I add {b}?", "now {b} more"]),
    "-": Wordings(["and minus {b}?", "minus {b}?", "now take away {b}", "Subtract {b}.", "- {b}", "Now minus {b}.",
                   "and subtract {b}", "Take {b} away.", "Subtract {b} from that.", "and then minus {b}?", "take off {b}",
                   "what about minus {b}?", "That minus {b}?", "{b} less?", "And if I take {b} away?", "now {b} less"]),
    "*": Wordings(["and times {b}?", "times {b}?", "now multiply by {b}", "* {b}", "x {b}", "Now times {b}.",
                   "and multiply by {b}", "Multiply that by {b}.", "and then times {b}?", "what about times {b}?",
                   "That times {b}?", "And if I multiply by {b}?", "multiplied by {b}?", "take it times {b}"]),
}  # fmt: skip


def known(a: int, op: str, b: int = 0) -> bool:
    """Whether this sum is within what the model is trained to do; what is not must be declined.

    `op`: one of + - * / or "half" and "double" (of `a` alone). Plus and minus: both numbers up to 20, or one of
    them below 10 (the second one in minus), or both whole tens; never above 100, below zero or with 100 as a number.
    """
    if min(a, b) < 0 or max(a, b) > (100 if op == "/" else 99):
        return False
    if op == "half":
        return a % 2 == 0 and 2 <= a <= 40
    if op == "double":
        return 1 <= a <= 20
    if op == "*":
        return max(a, b) <= 10
    if op == "/":
        return 1 <= b <= 10 and a % b == 0 and 1 <= a // b <= 10
    near = max(a, b) <= 20 or (a % 10 == 0 and b % 10 == 0)
    if op == "+":
        return a + b <= 100 and (near or min(a, b) < 10)
    return a >= b and (near or b < 10)


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
        """Sums with a number above 20: one in ten is never trained on. Those below are a table, trained completely."""
        return self.op in "+-" and max(self.a, self.b) > 20 and held_number(self.a, self.op, self.b)

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
    if a + b <= 20:
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
    if a <= 20:
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
    """A sum within reach. Above 20 `held` gets the pairs that training leaves out, and training the others."""
    while True:
        if op == "*":
            return Sum(rng.randint(0, 10), op, rng.randint(0, 10))
        if op == "/":
            b = rng.randint(1, 10)
            return Sum(b * rng.randint(1, 10), op, b)
        kind = rng.choices(("ten", "twenty", "ones", "tens"), (38, 34, 20, 8))[0]
        if kind == "ones":
            a, b = rng.randint(21, 99), rng.randint(0, 9)
            if op == "+" and rng.random() < 0.35:
                a, b = b, a
        elif kind == "tens":
            a, b = 10 * rng.randint(1, 9), 10 * rng.randint(1, 9)
        else:
            top = 10 if kind == "ten" else 20
            a, b = rng.randint(0, top), rng.randint(0, top)
        if op == "-" and a < b:
            a, b = b, a
        found = Sum(a, op, b)
        if known(a, op, b) and (found.held == (split == "held") or max(a, b) <= 20):
            return found


def ask(rng: random.Random, split: Split) -> Exchange:
    """One sum in a random wording."""
    op = rng.choices(("+", "-", "*", "/", "half", "double"), (34, 26, 22, 6, 6, 6))[0]
    if op in ("half", "double"):
        a = 2 * rng.randint(1, 20) if op == "half" else rng.randint(1, 20)
        text = WORDINGS[op].pick(rng, split).format(a=spelled(a) if a <= 20 and rng.random() < 0.2 else a)
        if op == "half":
            return Exchange("arithmetic", text, f"Half of {a}: {a // 2} + {a // 2} = {a}.", f"Half of {a} is {a // 2}.")
        return Exchange("arithmetic", text, f"Twice {a}: {a} + {a} = {2 * a}.", f"Double {a} is {2 * a}.")
    found = draw(rng, op, split)
    first, second = str(found.a), str(found.b)
    if max(found.a, found.b) <= 20 and rng.random() < 0.2:
        first, second = spelled(found.a), spelled(found.b)
    text = WORDINGS[op].pick(rng, split).format(a=first, b=second)
    return Exchange(
        "arithmetic",
        text[0].upper() + text[1:] if text[-1] in ".?" else text,
        found.steps(),
        found.answer,
        subject=f"sum:{found.result}",
    )


def follow(rng: random.Random, result: int, split: Split) -> Exchange | None:
    """A next step on the last result ("and minus 3?"), or None when it would leave the reach."""
    op = rng.choice("++--*")
    found = Sum(result, op, rng.randint(1, 10))
    if not known(found.a, op, found.b) or found.held:
        return None
    text = FOLLOW[op].pick(rng, split).format(b=found.b)
    return Exchange("follow-up", text, found.steps(), found.answer, subject=f"sum:{found.result}")
