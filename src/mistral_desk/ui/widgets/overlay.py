"""A sheet over the window: dims what is below, holds the keyboard while it is open, and gives it back.

A dialog as a child of the window and not a window of its own: its place is ours on every system, and pictures have it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QRect, QRectF, Qt, QTimer
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QApplication, QDialog, QWidget

from mistral_desk.ui.theme.tokens import RADIUS_LARGE, SPACE
from mistral_desk.ui.widgets.focus import give_back
from mistral_desk.ui.widgets.saying import say
from mistral_desk.ui.widgets.tab_order import stack

if TYPE_CHECKING:
    from PySide6.QtGui import QMouseEvent, QPaintEvent

    from mistral_desk.ui.theme.theme import Theme


class Overlay(QDialog):
    """Covers its parent. Subclasses lay out `card`, which is `widest` pixels wide at most."""

    widest = 600
    from_top = False

    def __init__(self, theme: Theme, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowFlags(Qt.WindowType.Widget)
        self.setAccessibleName(name)
        self.setWindowTitle(name)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._theme = theme
        self._before = QApplication.focusWidget()
        self.card = _Card(theme, self)
        parent.installEventFilter(self)
        # Later, when what is on the card knows its new size.
        theme.changed.connect(self.place, Qt.ConnectionType.QueuedConnection)

    def open_over(self) -> None:
        """Show it; the keyboard goes to `first`."""
        parent = self.parentWidget()
        if parent is not None:
            self.setGeometry(parent.rect())
        self.show()
        self.raise_()
        if (layout := self.card.layout()) is not None:
            stack(layout)
        self.place()
        self.first().setFocus(Qt.FocusReason.OtherFocusReason)

    def first(self) -> QWidget:
        """What gets the keyboard."""
        return self

    def announce(self, *sentences: str) -> None:
        """News on the sheet, for who does not see them, behind what the keyboard has come to meanwhile."""
        QTimer.singleShot(0, self, lambda: say(self, " ".join(sentences)))

    def done(self, result: int) -> None:
        """Closed: the keyboard goes back to where it was, or on to where what was agreed to leads."""
        before, self._before = self._before, None
        give_back(before)
        super().done(result)

    def event(self, event: QEvent) -> bool:
        """A window that comes back may have lost sight of who had the keyboard on the sheet; Qt then gives it to what
        lies below.
        """
        if event.type() == QEvent.Type.WindowActivate:
            QTimer.singleShot(0, self, self._hold)  # Qt gives it away behind this event
        return super().event(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay as large as the window."""
        if event.type() == QEvent.Type.Resize and isinstance(watched, QWidget) and watched is self.parentWidget():
            self.setGeometry(watched.rect())
            self.place()
        return super().eventFilter(watched, event)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab goes round inside."""
        stops = self._stops()
        here = QApplication.focusWidget()
        if not stops:
            return True
        place = stops.index(here) if here in stops else (-1 if forward else 0)
        reason = Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason
        stops[(place + (1 if forward else -1)) % len(stops)].setFocus(reason)
        return True

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click beside the card closes."""
        if not self.card.geometry().contains(event.position().toPoint()):
            self.reject()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The veil."""
        paint_veil(self, self._theme)

    def _hold(self) -> None:
        here = QApplication.focusWidget()
        covered = self.parentWidget()
        below = here is not None and covered is not None and covered.isAncestorOf(here) and not self.isAncestorOf(here)
        if self.isVisible() and (here is None or below):
            stops, first = self._stops(), self.first()  # the first one may be gone
            (first if first in stops else stops[0] if stops else self).setFocus(Qt.FocusReason.OtherFocusReason)

    def _stops(self) -> list[QWidget]:
        found: list[QWidget] = []
        widget = self.nextInFocusChain()
        while widget is not self and widget is not None:
            if (
                self.isAncestorOf(widget)
                and widget.isVisible()
                and widget.isEnabled()
                and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
                and widget.focusProxy() is None
            ):
                found.append(widget)
            widget = widget.nextInFocusChain()
        return found

    def place(self) -> None:
        """Fit the card to the window and to what is on it."""
        if not self.isVisible():
            return
        scale = max(1.0, self._theme.text_size / 100)
        width = min(round(self.widest * scale), self.width() - 2 * SPACE[3])
        room = self.height() - 2 * SPACE[4]
        layout = self.card.layout()
        wanted = self.card.sizeHint().height()
        if layout is not None and layout.hasHeightForWidth():
            wanted = layout.totalHeightForWidth(width)
        height = min(room, wanted)
        y = max(SPACE[4], min(self.height() // 8, self.height() - height - SPACE[4]))
        if not self.from_top:
            y = (self.height() - height) // 2
        self.card.setGeometry(QRect((self.width() - width) // 2, y, width, height))


def paint_veil(over: QWidget, theme: Theme) -> None:
    """Dim what lies below a widget; to be called while it is painted."""
    painter = QPainter(over)
    veil = QColor("#000000")
    veil.setAlphaF(0.32 if theme.scheme == "light" else 0.55)
    painter.fillRect(over.rect(), veil)
    painter.end()


class _Card(QWidget):
    """The raised surface."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        theme.changed.connect(self.update)

    def event(self, event: QEvent) -> bool:
        """What became larger gets its room."""
        known = super().event(event)
        above = self.parentWidget()
        if event.type() == QEvent.Type.LayoutRequest and isinstance(above, Overlay):
            above.place()
        return known

    def paintEvent(self, _event: QPaintEvent) -> None:
        colours = self._theme.colours
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        light = self._theme.scheme == "light"
        painter.setPen(QPen(QColor(colours.hairline if light else colours.border), 1))
        painter.setBrush(QColor(colours.canvas if light else colours.raised))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS_LARGE, RADIUS_LARGE)
        painter.end()
