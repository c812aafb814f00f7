"""Contrast as it is on the screen: the colours of a text's own pixels, sampled from the picture.

The background is the commonest colour in the text's room, the ink the colour that stands out most from it: what is
between them is the edges of letters. Formula: `ui.theme.contrast`.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QDialog

from mistral_desk.ui.theme.contrast import contrast
from tools.gallery.checks import Fault, name_of, text_of, visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtWidgets import QWidget

LEAST: Final = 4.5
LEAST_LARGE: Final = 3.0
LARGE_PX: Final = 24
"""WCAG 2.2, success criterion 1.4.3: large text from 18 points on."""
RARE: Final = 3
"""A colour on fewer pixels than this is chance."""
SHORTEST: Final = 4
"""Fewer letters have hardly a pixel that is ink from edge to edge."""


def faint(window: QWidget, picture: QImage) -> Iterator[Fault]:
    """Texts of enabled widgets that stand out too little from what is really behind them."""
    image = picture.convertToFormat(QImage.Format.Format_RGB32)
    ratio = image.devicePixelRatio()
    sheets = [dialog for dialog in window.findChildren(QDialog) if dialog.isVisible() and not dialog.isWindow()]
    for widget in visible(window):
        if sum(map(str.isalnum, text_of(widget))) < SHORTEST or not widget.isEnabled():
            continue
        if sheets and not sheets[-1].isAncestorOf(widget):
            continue  # below a veil, out of reach until the sheet is closed
        place = QRect(widget.mapTo(window, QPoint(0, 0)), widget.size()) & window.rect()
        seen = widget.visibleRegion().boundingRect()
        if seen.size() != widget.size() or place.width() < 4 or place.height() < 4:
            continue
        area = QRect(place.topLeft() * ratio, place.size() * ratio)
        found = between(image.copy(area))
        needed = LEAST_LARGE if widget.fontMetrics().height() >= LARGE_PX * 1.3 else LEAST
        if found is not None and found[0] < needed:
            yield Fault("faint", name_of(widget), f"{found[2]} on {found[1]} is {found[0]:.1f}:1, needs {needed}:1")


def between(image: QImage) -> tuple[float, str, str] | None:
    """Contrast, background and ink of a piece of a picture; None where there is one colour only."""
    pixels: Counter[int] = Counter(memoryview(image.constBits()).cast("B").cast("I"))
    common = [colour for colour, count in pixels.most_common(400) if count >= RARE]
    if len(common) < 2:
        return None
    ground = _hex(common[0])
    best = max(common[1:], key=lambda colour: contrast(_hex(colour), ground))
    return contrast(_hex(best), ground), ground, _hex(best)


def _hex(colour: int) -> str:
    return f"#{colour & 0xFFFFFF:06X}"
