"""What the people and the model in the pictures say; none of it is the program's own words."""

from __future__ import annotations

import time
from typing import Final

from mistral_desk.chat.message import Conversation

QUESTION: Final = "How do I sort a list of people by age in Python?"
SHORT: Final = "The capital of Spain is Madrid."
SHORT_QUESTION: Final = "What is the capital of Spain?"
THOUGHT: Final = (
    "The person asks about sorting in Python. There are two ways, and the difference that matters is whether the "
    "list itself changes.\n\nA short example with a key helps, and a table to compare them."
)
ANSWER: Final = """\
## Sorting a list

There are **two ways**: the method `list.sort()` changes the list itself, the function `sorted()` gives you a *new* \
one. See [the documentation](https://docs.python.org/3/howto/sorting.html).

1. Use `sorted` when you need the old order too:
   ```python
   from operator import itemgetter


   def by_age(people: list[dict]) -> list[dict]:
       \"\"\"Youngest first.\"\"\"
       return sorted(people, key=itemgetter("age"), reverse=False)  # stable, and it has been so since 2.2
   ```
2. Use `sort` when you do not:
   - it is a little faster
   - it returns `None`
     - which surprises many
3. Either takes `key` and `reverse`.

> Sorting is guaranteed to be stable:
> equal items keep their order.

| Method | Returns | In place | Since |
|---|---|:-:|--:|
| `list.sort()` | `None` | yes | 1.5 |
| `sorted()` | a new list | no | 2.4 |

### In short

When in doubt, use `sorted`.
"""
LINES: Final = "\n".join(
    f"Line {number} of a message that is being written, long enough to be one." for number in range(1, 12)
)
LONG_MESSAGE: Final = " ".join(
    f"Sentence {number} of a long message that somebody has pasted." for number in range(1, 90)
)
LONG_TITLE: Final = "A title that somebody wrote without looking up " + "and on and on " * 70
EMOJI: Final = "🎉🎂🥳🍰🎁🎈✨🪅🕯️🎊👩‍👩‍👧‍👦🏳️‍🌈"

ARABIC: Final = "مرحبا بالعالم"
JAPANESE: Final = "日本語の挨拶"
TITLES: Final = (
    "Sorting people by age", "What is the capital of Spain?", "Cooking rice for six", "A letter to the landlord",
    "Why is the sky blue?", "Travelling to Lisbon by train", "Übersetzung ins Deutsche",
    "Processes, threads and tasks", "Le vélo de Zoé", "Names for a cat",
)  # fmt: skip
FOLDER: Final = "/home/anna/Models/"
FILE: Final = "Ministral-3-3B-Instruct-Q4_K_M.gguf"
NAME: Final = "Ministral 3 3B Instruct"
LONG_FILE: Final = "Mistral-Small-4-119B-Q4_K_M-with-a-name-that-somebody-made-longer-and-longer.gguf"
STICK: Final = "/media/anna/USB Stick/Models that I keep for the long winter evenings/" + LONG_FILE
MODELS: Final = (STICK, LONG_FILE, FOLDER + FILE, FILE, NAME, "Q4_K_M", "Q8_0")
"""Model files and what they say of themselves."""
DAY: Final = 86_400


def conversations(count: int) -> list[Conversation]:
    """A list as months of use leave it: some today, the rest further and further back."""
    now = time.time()
    made = []
    for number in range(count):
        age = (number**2) * 0.12 * DAY
        title = TITLES[number % len(TITLES)]
        made.append(Conversation(1000 + number, title, now - age, now - age, None, pinned=number < 1))
    return made


def titled(*titles: str) -> list[Conversation]:
    """Conversations of today with these titles."""
    now = time.time()
    return [Conversation(2000 + number, title, now, now, None) for number, title in enumerate(titles)]
