"""What a model writes when it uses everything that markdown has; none of it is the program's own words."""
# ruff: noqa: E501 - lines of markdown

from __future__ import annotations

from typing import Final

MIXED: Final = r"""## What a list of everything looks like

A paragraph with **bold**, *italic*, ~~struck~~, `code` and [a link](https://example.org/page). A formula within it, \(E = mc^2\), sits on its line, \(\frac{a+b}{c}\) too, and $x_i \leq \sqrt{2}$; a coffee is $3 and two are $6.[^1]

- [x] Water the plants
- [ ] Call the landlord
  - [ ] about the *window*
  - [x] about the key
- an ordinary item

1. First
   1. nested, with $\alpha$
      - deeper
        > a quote in a list
2. Second

> A quote that goes on for a while, long enough to need a second line on most screens, and then more.
>
> > A quote in the quote.

\[
\int_0^\infty e^{-x^2}\,dx = \frac{\sqrt{\pi}}{2}
\]

$$
A = \begin{pmatrix} a & b \\ c & d \end{pmatrix}, \qquad f(x) = \begin{cases} 1 & x > 0 \\ 0 & \text{otherwise} \end{cases}
$$

One that cannot be set: $\unknowncommand{x}$.

| Model | Parameters | Context | Memory | Speed here | Quality | Licence | Published by | Notes |
|---|--:|--:|--:|--:|:-:|---|---|---|
| Mistral Small 4 | 119 B | 262 144 | 74.2 GB | 12 tokens/s | near original | Apache 2.0 | Mistral AI | experts in memory |
| Ministral 3 | 8 B | 131 072 | 5.2 GB | 31 tokens/s | near original | Apache 2.0 | Mistral AI | fits whole |

![A cat on a windowsill](https://example.org/cat.png)

---

[^1]: Prices of 2026, with *tips*; see `prices.csv`.
"""
RIGHT_TO_LEFT: Final = """## مرحبا بالعالم

هذه فقرة بالعربية مع كلمة **مهمة** و`code` في وسطها، ورقم 42. وفي السطر نفسه English words.

This paragraph is English and begins at the left.

- عنصر أول
- [x] مهمة منجزة
- [ ] מטלה פתוחה
- an English item

> اقتباس من كتاب قديم.

| الاسم | القيمة |
|---|--:|
| أحمد | 12 |

Emoji: 👩‍👩‍👧‍👦 🇩🇪 👍🏽 🏳️‍🌈 🎉
"""
CODE: Final = (
    "Here it is:\n\n```python\n"
    + "".join(
        f'def step_{n}(value: int) -> int:\n    """Step {n}."""\n    return value * {n} + 1  # and on\n\n\n'
        for n in range(40)
    )
    + "```\n\nThat is all of it."
)
