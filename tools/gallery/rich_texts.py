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
DIRECTIONS: Final = """המודל `Ministral-3-8B` נטען תוך 3.5 שניות, ותפס 5.2 GB (כ־42%) מתוך 16 GB.

1. להתקין: `pip install numpy==1.26.4`
2. להריץ את `python3 train.py --epochs 10`
   - בתוך רשימה: *נטוי*, **מודגש**, [קישור](https://example.org/a?b=c)
   - an English item, עם מילה בעברית, and the end.
3. גרסה 2.0 (בטא) – 12/05/2026, 14:30–15:45

| الأمر | What it does | זמן |
|---|:-:|--:|
| `git pull --rebase` | يجلب التغييرات ثم `push` | 1,250 ms |
| cd ~/مشروع | opens the folder, فقط | 3.5 s |
| 100% | -5 °C إلى +40 °C | 12:30 |

> قال: «The answer is 42» ثم سكت.
>
> > He wrote שלום! (twice) and left.

```python
greeting = "שלום עולם"  # مرحبا بالعالم
print(f"{greeting}: {3 + 4}")
```

نتيجة الحساب: \\(a^2 + b^2 = c^2\\)، وهذا كل شيء.[^1]

[^1]: ملاحظة مع رقم 7 و`code`.
"""
EMOJI: Final = """### Signs of all kinds 🎉

One line: 😀 ☕️ ✅ ❌ ⚠️ → ← ⇒ ≠ ≈ ∑ √ € ½ ™ – and text after them keeps its height.

- 👩‍👩‍👧‍👦 a family, 🇩🇪🇯🇵 flags, 👍🏽 a tone, 🏳️‍🌈 joined, 1️⃣ a key
- [x] ✅ done with a sign
- 語言模型 日本語 한국어 ไทย हिन्दी ქართული Ελληνικά Кириллица

| Sign | Name |
|:-:|---|
| 🐱 | a cat |
| 漢字 | two letters |

`code with 🙂 and 漢字` and **bold 🎈**, *slanted 🎈*, ~~gone 🎈~~.
"""
