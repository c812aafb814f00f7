"""What a list of widgets needs when most of them do not exist: how one comes into sight, and how it goes."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPoint, QRect
from PySide6.QtWidgets import QAbstractScrollArea, QWidget

from mistral_desk.ui.theme.tokens import SPACE

NEAR: Final = 0.75
"""How far beyond the visible part things exist, in heights of the window; at twice that they are let go."""


def visible_part(span: tuple[int, int]) -> tuple[int, int]:
    """What is seen of the part in which things exist."""
    beyond = round((span[1] - span[0]) * NEAR / (1 + 2 * NEAR))
    return span[0] + beyond, span[1] - beyond


class LeadArea(QAbstractScrollArea):
    """An area over whose upper edge something may lie."""

    lead = 0
    """So many pixels of it are covered."""


def bring_into_sight(widget: QWidget, box: QRect) -> None:
    """Scroll the area around a widget, so that this part of it (in its own coordinates) is seen."""
    area = widget.parentWidget()
    while area is not None and not isinstance(area, QAbstractScrollArea):
        area = area.parentWidget()
    if area is None:
        return
    lead = area.lead if isinstance(area, LeadArea) else 0
    top = widget.mapTo(area.viewport(), box.topLeft()).y() - SPACE[1] - lead
    over = top + box.height() + 2 * SPACE[1] + lead - area.viewport().height()
    bar = area.verticalScrollBar()
    if top < 0:
        bar.setValue(bar.value() + top)
    elif over > 0:
        bar.setValue(bar.value() + min(over, top))


def let_go(view: QWidget) -> None:
    """Out of sight at once, deleted when Qt comes round to it."""
    view.hide()
    view.move(QPoint(0, -100_000))
    view.deleteLater()
