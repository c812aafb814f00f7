"""Lines that an eye follows: the buttons at the foot of a sheet end where what stands above them ends.

Measured in pixels on whatever sheets a state shows; one pixel beside the line is a fault.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRect
from PySide6.QtWidgets import QScrollArea, QScrollBar, QWidget

from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.overlay import Overlay
from tools.gallery.checks import Fault, name_of

if TYPE_CHECKING:
    from collections.abc import Iterator


def crooked(window: QWidget) -> Iterator[Fault]:
    """Sheets whose buttons end before or behind their content."""
    for sheet in window.findChildren(Overlay):
        foot = _feet(sheet)
        above = [one for one in _shown(sheet) if _bears(one, foot)]
        if foot and above:
            ends = [min(_behind(sheet, one) for one in part) for part in (foot, above)]
            if ends[0] != ends[1]:
                what = f"the buttons end {ends[0]} px before the edge, what is above them {ends[1]}"
                yield Fault("crooked", name_of(sheet), what)


def _feet(sheet: Overlay) -> list[Button]:
    """The buttons below everything else, without those that stand in a line of something."""
    buttons = [one for one in _shown(sheet) if isinstance(one, Button) and one.text()]
    lowest = max((_bottom(sheet, one) for one in _shown(sheet) if not one.findChildren(QWidget)), default=0)
    last = [one for one in buttons if _bottom(sheet, one) == lowest]
    return last if all(one.kind in ("primary", "outline", "danger") for one in last) else []


def _shown(sheet: Overlay) -> list[QWidget]:
    """What is seen on a sheet."""
    return [one for one in sheet.card.findChildren(QWidget) if one.isVisible() and not one.visibleRegion().isEmpty()]


def _bottom(sheet: Overlay, widget: QWidget) -> int:
    """How far down the card something is seen."""
    return widget.mapTo(sheet.card, widget.visibleRegion().boundingRect().bottomLeft()).y()


def _behind(sheet: Overlay, widget: QWidget) -> int:
    """Pixels from where something ends, as the language runs, to the card's edge."""
    box = QRect(widget.mapTo(sheet.card, QPoint(0, 0)), widget.size())
    return box.left() if sheet.isRightToLeft() else sheet.card.width() - 1 - box.right()


def _bears(widget: QWidget, foot: list[Button]) -> bool:
    """Whether it is content: neither a way to close, nor what only holds others or scrolls them."""
    holds = any(widget.isAncestorOf(one) for one in foot)
    holds = holds or any(isinstance(one, QScrollBar) for one in widget.children())  # Qt's own box around a bar
    closes = isinstance(widget, Button) and not widget.text()
    return not (holds or closes or widget in foot or isinstance(widget, QScrollBar | QScrollArea))
