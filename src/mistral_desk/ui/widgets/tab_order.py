"""Tab goes where the eye goes, and so does who has the window read out, also over parts that were built later: Qt puts
those at the end.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLayout, QWidget

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def in_layout(layout: QLayout) -> Iterator[QWidget]:
    """What can have the keyboard, in the order in which layouts have it."""
    for place in range(layout.count()):
        item = layout.itemAt(place)
        if item is None:
            continue
        if (widget := item.widget()) is not None:
            proxy = widget.focusProxy()
            if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and proxy is None:
                yield widget
            inner = widget.layout()
            if inner is None:
                yield from in_itself(widget)
        else:
            inner = item.layout()
        if inner is not None:
            yield from in_layout(inner)


def in_itself(widget: QWidget) -> Iterator[QWidget]:
    """What can have the keyboard in a widget that places its parts itself and names them by `stops`."""
    stops = getattr(widget, "stops", None)
    for one in stops() if callable(stops) else ():
        if one is not widget and one.focusPolicy() & Qt.FocusPolicy.TabFocus:
            yield one


def chain(root: QWidget) -> None:
    """Put everything below `root` in the order of its layouts; the first keeps its place in the window."""
    layout = root.layout()
    if layout is not None:
        for before, after in pairwise(in_layout(layout)):
            QWidget.setTabOrder(before, after)
        stack(layout)


def stack(layout: QLayout) -> None:
    """Have what a layout places read out in its order: assistive technology is given the order of the stack."""
    placed: dict[QWidget, list[QWidget]] = {}
    for widget in _placed(layout):
        if (parent := widget.parentWidget()) is not None:
            placed.setdefault(parent, []).append(widget)
    for parent, wanted in placed.items():
        in_stack(parent, wanted)


def in_stack(parent: QWidget, wanted: Sequence[QWidget]) -> None:
    """Have these children read out in this order. What lies above or below all of them stays there."""
    meant = set(wanted)
    if [one for one in parent.children() if one in meant] != list(wanted):
        for before, after in reversed(list(pairwise(wanted))):
            before.stackUnder(after)


def _placed(layout: QLayout) -> Iterator[QWidget]:
    for place in range(layout.count()):
        item = layout.itemAt(place)
        if item is None:
            continue
        if (widget := item.widget()) is not None:
            yield widget
            inner = widget.layout()
        else:
            inner = item.layout()
        if inner is not None:
            yield from _placed(inner)
