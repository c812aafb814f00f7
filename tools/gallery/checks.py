"""What can be measured in a state: texts cut off or on each other, controls out of reach, without a name or too small.

Every text is measured by the widget's own font in the widget's own room. A widget that shortens its text on purpose
says so with the property `elides`, one that floats over others with `floats`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QAccessible, QFontMetrics
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QAbstractSpinBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QListView,
    QPlainTextEdit,
    QScrollBar,
    QTextEdit,
    QWidget,
)

from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.note import Note

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SMALLEST_TARGET: Final = 24
"""Pixels: WCAG 2.2, success criterion 2.5.8, target size (minimum)."""
SLACK: Final = 1
"""Pixels of rounding that nobody sees."""


@dataclass(frozen=True)
class Fault:
    """Something that is wrong in a state: which rule, which widget, and by how much."""

    rule: str
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.where}: {self.what}"


def examine(window: QWidget) -> list[Fault]:
    """All faults of what the window shows now."""
    shown = list(visible(window))
    found = [*clipped(shown), *overlapping(shown), *outside(window, shown), *unnamed(shown), *sizes(shown)]
    return list(dict.fromkeys(found))


def visible(window: QWidget) -> Iterator[QWidget]:
    """Widgets that are shown, the window itself included, in the order in which they were made."""
    for widget in (window, *window.findChildren(QWidget)):
        if (
            widget.isVisible()
            and not (widget.isWindow() and widget is not window)
            and not widget.visibleRegion().isEmpty()
        ):
            yield widget


def name_of(widget: QWidget) -> str:
    """How a fault names a widget."""
    words = text_of(widget) or widget.accessibleName()
    kind = type(widget).__name__
    return f"{kind} “{words[:40]}”" if words else f"{kind} in {type(widget.parentWidget()).__name__}"


def text_of(widget: QWidget) -> str:
    """The plain text that a widget paints by itself; empty for containers, and for documents (they scroll or grow)."""
    if isinstance(widget, QLabel | QAbstractButton) and widget.text():
        return widget.text()
    if isinstance(widget, Note):
        return " ".join(part for part in (widget.words.title, widget.words.message, widget.words.hint) if part)
    if isinstance(widget, QLineEdit) and not isinstance(widget.parentWidget(), QAbstractSpinBox):
        return widget.text() or widget.placeholderText()
    words = getattr(widget, "words", None)
    return words if isinstance(words, str) else ""


# --- clipped --------------------------------------------------------------------------------------------


def clipped(shown: Sequence[QWidget]) -> Iterator[Fault]:
    """Texts that have less room than they need."""
    for widget in shown:
        if widget.property("elides"):
            continue
        if fault := _too_small(widget):
            yield Fault("clipped", name_of(widget), fault)
        elif (text_of(widget) or widget.focusPolicy() & Qt.FocusPolicy.TabFocus) and not _scrolls(widget):
            seen = widget.visibleRegion().boundingRect()
            lost = (widget.width() - seen.width(), widget.height() - seen.height())
            if max(lost) > 2 * SLACK and not isinstance(widget, QAbstractScrollArea):
                yield Fault("cut off", name_of(widget), f"{lost[0]} px across and {lost[1]} px down are hidden")


def _too_small(widget: QWidget) -> str:
    if isinstance(widget, QLabel) and widget.text():
        room = widget.contentsRect()
        if widget.wordWrap():
            needed = widget.heightForWidth(widget.width())
            word = _widest_word(widget.fontMetrics(), widget.text())
            return _more("height", needed, widget.height()) or _more("width", word, room.width())
        return _more("width", widget.sizeHint().width(), widget.width())
    if isinstance(widget, Button) and widget.text():
        hint = widget.sizeHint()
        return _more("width", hint.width(), widget.width()) or _more("height", hint.height(), widget.height())
    if isinstance(widget, QAbstractButton | QComboBox | QAbstractSpinBox):
        hint = widget.minimumSizeHint()
        return _more("width", hint.width(), widget.width()) or _more("height", hint.height(), widget.height())
    if isinstance(widget, QLineEdit) and not isinstance(widget.parentWidget(), QAbstractSpinBox):
        margins = widget.textMargins()
        inner = widget.contentsRect().width() - margins.left() - margins.right() - 4
        advance = widget.fontMetrics().horizontalAdvance(widget.placeholderText())
        return _more("placeholder's width", advance, inner) or _more(
            "height", widget.fontMetrics().height(), widget.height()
        )
    if isinstance(widget, QPlainTextEdit) and widget.placeholderText():
        line = widget.fontMetrics().height()
        return _more("height", line, widget.viewport().height())
    if isinstance(widget, Note) or (text_of(widget) and widget.hasHeightForWidth()):
        return _more("height", widget.heightForWidth(widget.width()), widget.height())
    if words := text_of(widget):
        return _more("width", widget.fontMetrics().horizontalAdvance(words), widget.width())
    return ""


def _more(what: str, needed: int, room: int) -> str:
    return f"{what} {room} px, needs {needed}" if needed > room + SLACK else ""


def _widest_word(metrics: QFontMetrics, text: str) -> int:
    return max((metrics.horizontalAdvance(word) for word in text.split()), default=0)


# --- overlapping ----------------------------------------------------------------------------------------


def overlapping(shown: Sequence[QWidget]) -> Iterator[Fault]:
    """Widgets with texts or controls of the same parent that lie on each other."""
    by_parent: dict[int, list[QWidget]] = {}
    for widget in shown:
        bears = text_of(widget) or widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        if bears and not widget.property("floats") and widget.parentWidget() is not None and not widget.isWindow():
            by_parent.setdefault(id(widget.parentWidget()), []).append(widget)
    for siblings in by_parent.values():
        for number, one in enumerate(siblings):
            for other in siblings[number + 1 :]:
                both = one.geometry() & other.geometry()
                if min(both.width(), both.height()) > 2 * SLACK and not _meant(one, other):
                    yield Fault("overlaps", name_of(one), f"{name_of(other)} by {both.width()}×{both.height()} px")


def _meant(one: QWidget, other: QWidget) -> bool:
    """A note lies under its buttons, and leaves room for them; scroll bars belong to their area."""
    if isinstance(one, QScrollBar) or isinstance(other, QScrollBar):
        return True
    for ground, above in ((one, other), (other, one)):
        if isinstance(ground, Note) and isinstance(above, QAbstractButton):
            return True
    return False


# --- places, names, sizes -------------------------------------------------------------------------------


def outside(window: QWidget, shown: Sequence[QWidget]) -> Iterator[Fault]:
    """Controls that reach out of the window, or sideways out of what scrolls down."""
    for widget in shown:
        inner = isinstance(widget.parentWidget(), QAbstractSpinBox)
        if not widget.focusPolicy() & Qt.FocusPolicy.TabFocus or widget is window or inner:
            continue
        area = _scrolls(widget)
        holder: QWidget = area.viewport() if area is not None else window
        place = QRect(widget.mapTo(holder, QPoint(0, 0)), widget.size())
        room = holder.rect()
        sideways = place.left() < room.left() - SLACK or place.right() > room.right() + SLACK
        down = place.top() < room.top() - SLACK or place.bottom() > room.bottom() + SLACK
        if sideways or (down and area is None):
            yield Fault("outside", name_of(widget), f"{place.getRect()} in {room.width()}×{room.height()}")


def unnamed(shown: Sequence[QWidget]) -> Iterator[Fault]:
    """Controls that a screen reader cannot name."""
    for widget in shown:
        inner = isinstance(widget.parentWidget(), QAbstractSpinBox)  # the box itself has the name
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and not inner and not spoken_name(widget).strip():
            yield Fault("unnamed", name_of(widget), "no accessible name")


def spoken_name(widget: QWidget) -> str:
    """The name that a screen reader gets."""
    interface = QAccessible.queryAccessibleInterface(widget)
    return interface.text(QAccessible.Text.Name)


def sizes(shown: Sequence[QWidget]) -> Iterator[Fault]:
    """Controls without a size, and targets that are hard to hit."""
    for widget in shown:
        focusable = widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        if focusable and (widget.width() <= 0 or widget.height() <= 0):
            yield Fault("no size", name_of(widget), f"{widget.width()}×{widget.height()}")
        small = min(widget.width(), widget.height()) < SMALLEST_TARGET
        inner = isinstance(widget.parentWidget(), QLineEdit | QAbstractSpinBox)
        if isinstance(widget, QAbstractButton) and small and not inner:
            yield Fault("small target", name_of(widget), f"{widget.width()}×{widget.height()}")


def _scrolls(widget: QWidget) -> QAbstractScrollArea | None:
    """The area in which the widget scrolls, if it does; texts and lists are areas by themselves."""
    parent = widget.parentWidget()
    while parent is not None and not parent.isWindow():
        above = parent.parentWidget()
        texts = isinstance(above, QPlainTextEdit | QTextEdit | QListView)
        if isinstance(above, QAbstractScrollArea) and above.viewport() is parent and not texts:
            return above
        parent = above
    return None
