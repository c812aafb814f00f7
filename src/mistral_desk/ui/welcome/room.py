"""How tall a recommendation usually is: its room is kept from the first, so that nothing moves when it comes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtGui import QFontMetrics

from mistral_desk.core import amounts
from mistral_desk.core.words import tr
from mistral_desk.fit.advice import OUT_OF_REACH
from mistral_desk.ui.fit.waiting import flowing, lines
from mistral_desk.ui.theme.tokens import SPACE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mistral_desk.ui.theme.theme import Theme

NAME: Final = "Ministral 3 14B"
FILE: Final = "UD-Q4_K_XL, 17.0 GB"
"""A model's name and a file as long as most are."""


def usual(theme: Theme, width: int, words: Sequence[str]) -> int:
    """Pixels of one with `words` (its title, a sentence), its time, why not the namesake, and buttons, at a width."""
    body, strong, small = (QFontMetrics(font) for font in (theme.font(), theme.font(strong=True), theme.font("small")))
    title, *said = (one.format(name=NAME, file=FILE) for one in words)
    time = amounts.roughly(60)
    answer = tr("A typical answer takes {time}, with thinking {thinking}.", time=time, thinking=time)
    reach = tr(OUT_OF_REACH, name=NAME, size=amounts.number(74), has=amounts.number(16))
    offer = tr("Get {name}, {size}", name=NAME, size=amounts.file_size(17 * 10**9))
    acts = [offer, tr("Smaller"), tr("See how all models run here")]
    scale = 1 + max(1.0, theme.text_size / 100)
    widths = [body.horizontalAdvance(text) + round(SPACE[3] * scale) for text in acts]
    rows = flowing(widths, width, SPACE[1])
    heights = [
        lines(strong, title, width),
        body.height() + 7,
        *(lines(small, text, width) for text in (*said, answer, reach)),
        SPACE[0],
        rows * theme.control + (rows - 1) * SPACE[1],
    ]
    return sum(heights) + SPACE[1] * (len(heights) - 1)
