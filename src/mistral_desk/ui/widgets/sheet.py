"""A sheet with a heading, a body that scrolls where the window is low, and buttons that always stay in sight."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QScrollArea, QScrollBar, QVBoxLayout, QWidget

from mistral_desk.core.words import tr
from mistral_desk.ui.theme import direction
from mistral_desk.ui.theme.tokens import BAR, SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.column import edged
from mistral_desk.ui.widgets.flow import FlowLayout
from mistral_desk.ui.widgets.overlay import Overlay
from mistral_desk.ui.widgets.paragraph import Paragraph
from mistral_desk.ui.widgets.tab_order import chain, stack

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from mistral_desk.ui.theme.theme import Theme


class Sheet(Overlay):
    """Fill what `anew` gives; buttons go into `foot` and are children of `card`. `order` when both are filled."""

    widest = 620

    def __init__(self, theme: Theme, title: str, parent: QWidget) -> None:
        super().__init__(theme, title, parent)
        self.close_button = Button(theme, tr("Close"), icon="close", muted=True, parent=self.card)
        self.close_button.clicked.connect(self.reject)
        self.heading = Paragraph(theme, title, "heading", strong=True, parent=self.card)
        self.area = _Area(theme, title, self.card)
        self._feet = QWidget(self.card)
        self.foot = FlowLayout(self._feet, spacing=SPACE[1], end=True)
        head = QHBoxLayout()
        head.setSpacing(SPACE[1])
        head.addWidget(self.heading, 1)
        head.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self.card)
        column.setContentsMargins(*direction.margins(self, SPACE[4], SPACE[3], SPACE[4] - BAR, SPACE[3]))
        column.setSpacing(SPACE[1])
        column.addLayout(head)
        column.addWidget(self.area, 1)
        column.addSpacing(SPACE[1])
        foot = QHBoxLayout()
        foot.setSpacing(0)
        foot.addWidget(self._feet)
        foot.addSpacing(BAR)  # buttons end where what is above ends: the bar's room is beside that
        column.addLayout(foot)

    def anew(self) -> tuple[QWidget, QVBoxLayout]:
        """An empty body instead of the one that is there."""
        return self.area.anew()

    def button(self, text: str, *, primary: bool = False, name: str = "") -> Button:
        """One more button at the foot."""
        kind = "primary" if primary else "outline"
        made = Button(self._theme, name or text, text=text, kind=kind, parent=self._feet)  # type: ignore[arg-type]
        made.setToolTip("")
        self.foot.addWidget(made)
        return made

    def clear_foot(self) -> None:
        """No buttons."""
        while (item := self.foot.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()

    def order(self) -> None:
        """Tab goes as the eye does; what became larger gets its room."""
        chain(self.card)
        if (inside := self.area.inner.layout()) is not None:
            stack(inside)
        self.place()
        QTimer.singleShot(0, self, self.place)  # lines know their heights when they have their widths

    def first(self) -> QWidget:
        """The harmless one."""
        return self.close_button


class _Bar(QScrollBar):
    """Is seen only while there is something to scroll."""

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.maximum() > self.minimum():
            super().paintEvent(event)


class _Inner(QWidget):
    """Asks for no height but that of its lines at the width that it has: a narrower one would be taller."""

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 0)


class _Area(QScrollArea):
    """As tall as what is in it, as far as there is room; what gets the keyboard is scrolled into sight."""

    def __init__(self, theme: Theme, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.inner = _Inner()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setAccessibleName(name)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # Its room is always there: where it came and went, the width and with it the height would go to and fro.
        self.setVerticalScrollBar(_Bar(Qt.Orientation.Vertical, self))
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.viewport().setAutoFillBackground(False)
        if isinstance(app := QApplication.instance(), QApplication):
            app.focusChanged.connect(self._focus_moved)
        theme.changed.connect(self._dress)
        self._whole = QVBoxLayout(self.inner)
        self._whole.setContentsMargins(0, 0, 0, 0)
        self._body: QWidget | None = None
        self.setWidget(self.inner)
        self.inner.installEventFilter(self)
        self.inner.setAutoFillBackground(False)  # a scroll area switches it on
        edged(theme, self)
        self._dress()

    def anew(self) -> tuple[QWidget, QVBoxLayout]:
        """An empty body."""
        if self._body is not None:
            self._whole.removeWidget(self._body)
            self._body.hide()
            self._body.deleteLater()
        self._body = QWidget(self.inner)
        column = QVBoxLayout(self._body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE[1])
        self._whole.addWidget(self._body)
        self._body.show()
        return self._body, column

    def sizeHint(self) -> QSize:
        """All of it, at the width that it has."""
        width = max(240, self.viewport().width())
        return QSize(width, self._tall(width))

    def minimumSizeHint(self) -> QSize:
        """It may become low."""
        return QSize(120, 40)

    def hasHeightForWidth(self) -> bool:
        """Narrower is taller."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Of what is in it."""
        return self._tall(width - BAR)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """What is inside became taller: the sheet may grow with it."""
        if watched is self.inner and event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)

    def _tall(self, width: int) -> int:
        if self._whole.hasHeightForWidth():
            return self._whole.totalHeightForWidth(width)
        return self._whole.totalSizeHint().height()

    def _focus_moved(self, _old: QWidget | None, now: QWidget | None) -> None:
        if now is not None and self.inner.isAncestorOf(now):
            self.ensureWidgetVisible(now, 0, SPACE[4])

    def _dress(self) -> None:
        self._theme.dress_bars(self)
