"""What a list of widgets needs when most of them do not exist: a guess at their height, and how they come to go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QWidget

from mistral_desk.ui.attaching.shown import estimated_room
from mistral_desk.ui.theme.tokens import SPACE

if TYPE_CHECKING:
    from mistral_desk.ui.chat.turns import Turn
    from mistral_desk.ui.theme.theme import Theme


def estimated_height(turn: Turn, width: int, theme: Theme) -> int:
    """Pixels that a turn will about take at this width, from its letters and lines; it is measured when it is made."""
    metrics = QFontMetricsF(theme.font("lead"))
    shown = min(len(turn.text), 1_600) if turn.role == "user" else len(turn.text)
    lines = shown / max(10.0, width / metrics.averageCharWidth()) + turn.text.count("\n", 0, 20_000) * 0.6 + 1
    return round(lines * metrics.height() * 1.24) + 48 + (estimated_room(turn.attached, width) if turn.attached else 0)


def holds_focus(view: QWidget) -> bool:
    """Whether the keyboard is somewhere inside."""
    focus = QApplication.focusWidget()
    return focus is not None and view.isAncestorOf(focus)


def bring_into_sight(widget: QWidget, box: QRect) -> None:
    """Scroll the area around a widget, so that this part of it (in its own coordinates) is seen."""
    area = widget.parentWidget()
    while area is not None and not isinstance(area, QAbstractScrollArea):
        area = area.parentWidget()
    if area is None:
        return
    top = widget.mapTo(area.viewport(), box.topLeft()).y() - SPACE[1]
    over = top + box.height() + 2 * SPACE[1] - area.viewport().height()
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
