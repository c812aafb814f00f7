"""Contrast as it is on the screen: the colours of a text's own pixels, sampled from the picture.

The background is the commonest colour in the text's room, the ink the colour that stands out most from it: what is
between them is the edges of letters. Letters of thin strokes are edges only; there the ink that our own labels and
buttons paint with counts. Formula: `ui.theme.contrast`.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QImage, QPalette
from PySide6.QtWidgets import QDialog, QWidget

from mistral_desk.ui.sidebar.drawer import Drawer
from mistral_desk.ui.sidebar.panel import Sidebar
from mistral_desk.ui.theme.contrast import contrast
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.label import Label
from tools.gallery.checks import Fault, name_of, text_of, visible

if TYPE_CHECKING:
    from collections.abc import Iterator

LEAST: Final = 4.5
"""WCAG 2.2, success criterion 1.4.3; large text has no less here."""
RARE: Final = 3
"""A colour on fewer pixels than this is chance."""
SHORTEST: Final = 4
"""Fewer letters have hardly a pixel that is ink from edge to edge."""


def faint(window: QWidget, picture: QImage) -> Iterator[Fault]:
    """Texts of enabled widgets that stand out too little from what is really behind them."""
    image = picture.convertToFormat(QImage.Format.Format_RGB32)
    ratio = image.devicePixelRatio()
    sheets = [dialog for dialog in window.findChildren(QDialog) if dialog.isVisible() and not dialog.isWindow()]
    above: QWidget | None = sheets[-1] if sheets else None
    if above is None and any(drawer.open for drawer in window.findChildren(Drawer)):
        above = window.findChild(Sidebar)
    for widget in visible(window):
        if sum(map(str.isalnum, text_of(widget))) < SHORTEST or not widget.isEnabled():
            continue
        if above is not None and not above.isAncestorOf(widget):
            continue  # below a veil, out of reach until what lies over it is closed
        place = QRect(widget.mapTo(window, QPoint(0, 0)), widget.size()) & window.rect()
        seen = widget.visibleRegion().boundingRect()
        if seen.size() != widget.size() or place.width() < 4 or place.height() < 4:
            continue
        area = QRect(place.topLeft() * ratio, place.size() * ratio)
        found = between(image.copy(area))
        if found is not None and max(found[0], painted(widget, found[1])) < LEAST:
            yield Fault("faint", name_of(widget), f"{found[2]} on {found[1]} is {found[0]:.1f}:1, needs {LEAST}:1")


def painted(widget: QWidget, ground: str) -> float:
    """The contrast of the ink that a widget of ours paints its words with; 0 where that is not known."""
    if isinstance(widget, Label):
        return contrast(widget.palette().color(QPalette.ColorRole.WindowText).name().upper(), ground)
    return contrast(widget.ink.name().upper(), ground) if isinstance(widget, Button) else 0.0


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
