"""*How it runs here*: the sheet over the window with *Advanced* for a model that is on this computer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtWidgets import QApplication, QFrame, QScrollArea, QVBoxLayout, QWidget

from mistral_desk.core.words import mark, tr
from mistral_desk.ui.theme import direction
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.column import edged
from mistral_desk.ui.widgets.headed import HeadedSheet
from mistral_desk.ui.widgets.label import Label, Shortened
from mistral_desk.ui.widgets.ring import Ring
from mistral_desk.ui.widgets.tab_order import chain

if TYPE_CHECKING:
    from mistral_desk.ui.fit.advanced import Advanced
    from mistral_desk.ui.theme.theme import Theme

TITLE = mark("How it runs here")
LOOKING = mark("Looking at this computer…")


class FitSheet(HeadedSheet):
    """Closes with Esc, with its button, or with a click beside it. `fill` it when the plan is there."""

    widest = 720
    gap = SPACE[0]
    foot = SPACE[3]

    def __init__(self, theme: Theme, name: str, parent: QWidget) -> None:
        super().__init__(theme, tr(TITLE), parent)
        self.advanced: Advanced | None = None
        self.area = _Area(theme, self.card)
        self.column.addWidget(Shortened(theme, name, ink="muted", parent=self.card))
        self.column.addSpacing(SPACE[1])
        self.column.addWidget(self.area, 1)

    def first(self) -> QWidget:
        """The text, so that the arrow keys scroll."""
        return self.area

    def holder(self) -> QWidget:
        """The parent for what is filled in."""
        return self.area.inner

    def fill(self, advanced: Advanced) -> None:
        """Show it."""
        self.advanced = advanced
        self.area.put(advanced)
        self.order()
        self.place()

    def order(self) -> None:
        """Tab goes as the eye does."""
        chain(self.card)

    def tell(self, text: str) -> None:
        """What there is instead."""
        self.area.words.setText(text)
        self.announce(text)


class _Area(QScrollArea):
    """Scrolls, as tall as there is room; what gets the keyboard is scrolled into sight."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.inner = QWidget()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setAccessibleName(tr(TITLE))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)  # nothing moves when it comes
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setAutoFillBackground(False)
        self._dress_bars()
        Ring(theme, self)
        if isinstance(app := QApplication.instance(), QApplication):
            app.focusChanged.connect(self._focus_moved)
        theme.changed.connect(self._dress_bars)
        self._column = QVBoxLayout(self.inner)
        self._column.setContentsMargins(*direction.margins(self, 0, 0, SPACE[2], SPACE[1]))
        self.words = Label(theme, tr(LOOKING), ink="muted", wrap=True, parent=self.inner)
        self._column.addWidget(self.words)
        self.setWidget(self.inner)
        self.inner.installEventFilter(self)
        self.inner.setAutoFillBackground(False)  # a scroll area switches it on
        edged(theme, self)

    def put(self, widget: QWidget) -> None:
        """Instead of the words."""
        self.words.hide()
        self._column.addWidget(widget)
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        """All of it, at the width that it has."""
        width = max(320, self.viewport().width())
        return QSize(width, self._column.totalHeightForWidth(width) if self._column.hasHeightForWidth() else 120)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """What is inside became taller: the sheet may grow with it."""
        if watched is self.inner and event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)

    def _focus_moved(self, _old: QWidget | None, now: QWidget | None) -> None:
        if now is not None and self.inner.isAncestorOf(now):
            self.ensureWidgetVisible(now, 0, SPACE[4])

    def _dress_bars(self) -> None:
        self._theme.dress_bars(self)
