"""One reading column in the middle of a page, which scrolls without a jump: what every page but the chat stands in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QAbstractScrollArea,
    QApplication,
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from mistral_desk.ui.theme.tokens import BAR, COLUMN, SPACE

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QPaintEvent, QResizeEvent

    from mistral_desk.ui.theme.theme import Theme


class BarRoom(QObject):
    """Leaves as much room at the end of an area as a bar takes when there is one: nothing moves when it comes. Qt
    mirrors the bar, but not the margins. `set_margins` is the area's own `setViewportMargins`, which Qt protects.
    """

    def __init__(self, area: QAbstractScrollArea, set_margins: Callable[[int, int, int, int], None]) -> None:
        super().__init__(area)
        self._area, self._set_margins = area, set_margins
        self._keeping = False
        area.installEventFilter(self)
        area.verticalScrollBar().rangeChanged.connect(self._keep)
        self._keep()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Mirrored with its window."""
        if event.type() == QEvent.Type.LayoutDirectionChange:
            self._keep()
        return super().eventFilter(watched, event)

    def _keep(self) -> None:
        if self._keeping:  # at some widths the bar comes by the room that it gives up, and goes by it: without an end
            return
        self._keeping = True
        try:
            room = 0 if self._area.verticalScrollBar().maximum() > 0 else BAR
            self._set_margins(*((room, 0, 0, 0) if self._area.isRightToLeft() else (0, 0, room, 0)))
        finally:
            self._keeping = False


class ColumnArea(QScrollArea):
    """Add to `column`, whose widgets are children of `holder`. What gets the keyboard is scrolled into sight; a list
    inside tells by itself which of its lines that is. `widest` is the column's width at the system's text size.
    """

    def __init__(self, theme: Theme, parent: QWidget, *, widest: int = COLUMN) -> None:
        super().__init__(parent)
        self._theme = theme
        self._widest = widest
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._inner = QWidget()
        self.holder = QWidget(self._inner)
        self.column = QVBoxLayout(self.holder)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(0)
        self._row = row = QHBoxLayout(self._inner)
        row.setContentsMargins(0, SPACE[3], 0, SPACE[4])
        row.setSpacing(0)
        row.addSpacing(SPACE[4])
        row.addStretch(1)
        row.addWidget(self.holder, 1000)
        row.addStretch(1)
        row.addSpacing(SPACE[4] - BAR)  # the bar's room is beside the viewport
        self.setWidget(self._inner)
        for ground in (self.viewport(), self._inner):
            ground.setAutoFillBackground(False)  # the page's canvas shows through
        ScrollEdge(theme, self)
        theme.changed.connect(self._restyle)
        if isinstance(app := QApplication.instance(), QApplication):
            app.focusChanged.connect(self._focus_moved)
        self._restyle()
        BarRoom(self, self.setViewportMargins)

    @property
    def widest(self) -> int:
        """Pixels of the column at most."""
        return self.holder.maximumWidth()

    def set_beside(self, *, on: bool) -> None:
        """Whether something stands before the column: then it begins at the edge instead of in the middle."""
        self._row.setStretch(1, 0 if on else 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where it becomes lower, what has the keyboard stays in sight; what was out of sight stays there."""
        here, before = QApplication.focusWidget(), event.oldSize().height()
        inside = here is not None and self.holder.isAncestorOf(here) and event.size().height() < before
        top = here.mapTo(self.viewport(), QPoint(0, 0)).y() if here is not None and inside else -1
        super().resizeEvent(event)
        if here is not None and inside and 0 <= top <= before - here.height():
            self._focus_moved(None, here)

    def _focus_moved(self, _old: QWidget | None, now: QWidget | None) -> None:
        if now is not None and self.holder.isAncestorOf(now) and not isinstance(now, QAbstractItemView):
            self.ensureWidgetVisible(now, 0, SPACE[4])

    def _restyle(self) -> None:
        self._theme.dress_bars(self)
        self.holder.setMaximumWidth(round(self._widest * max(1.0, self._theme.text_size / 100)))


class ScrollEdge(QWidget):
    """A hairline at the top of what is scrolled: there is more above; with `foot` at its foot: there is more below.
    It is as wide as the area, with `inset` without the room of its bar.
    """

    def __init__(self, theme: Theme, area: QAbstractScrollArea, *, foot: bool = False, inset: bool = False) -> None:
        super().__init__(area)
        self._theme = theme
        self._area = area
        self._foot, self._inset = foot, inset
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        (area.viewport() if inset else area).installEventFilter(self)
        area.verticalScrollBar().valueChanged.connect(self._place)
        area.verticalScrollBar().rangeChanged.connect(self._place)
        theme.changed.connect(self.update)
        self._place()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """As wide as the area."""
        if event.type() == QEvent.Type.Resize:
            self._place()
        return super().eventFilter(watched, event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The line."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.colour("hairline"))
        painter.end()

    def _place(self) -> None:
        bar = self._area.verticalScrollBar()
        box = self._area.viewport().geometry() if self._inset else self._area.rect()
        self.setGeometry(box.left(), box.bottom() if self._foot else box.top(), box.width(), 1)
        self.setVisible(bar.value() < bar.maximum() if self._foot else bar.value() > 0)
        self.raise_()


def edged(theme: Theme, area: QAbstractScrollArea) -> None:
    """Show on a sheet where there is more, above and below: what is cut there is not the end."""
    ScrollEdge(theme, area, inset=True)
    ScrollEdge(theme, area, inset=True, foot=True)
