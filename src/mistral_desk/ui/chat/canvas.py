"""What a conversation lies on: a surface that scrolls, is used by keyboard, and leads back to its end.

What lies on it is the transcript's own matter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetricsF, QKeySequence, QPainter, QPen
from PySide6.QtWidgets import QApplication, QFrame, QWidget

from mistral_desk.core.words import tr
from mistral_desk.ui.chat.text_view import TextView
from mistral_desk.ui.chat.virtual import LeadArea, bring_into_sight
from mistral_desk.ui.theme.tokens import COLUMN, LINE_HEIGHT, SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.focus import by_keyboard

if TYPE_CHECKING:
    from PySide6.QtGui import QFocusEvent, QKeyEvent, QPaintEvent

    from mistral_desk.ui.theme.theme import Theme

SIDE: Final = SPACE[4]


class Canvas(LeadArea):
    """The surface; whoever fills it places everything by itself."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = self._theme = theme
        self._sticky = True
        self._ring = False
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(tr("Transcript"))
        self.viewport().setAccessibleName(tr("Transcript"))
        self._jump = Button(
            theme,
            tr("Jump to latest"),
            icon="down",
            text=tr("Jump to latest"),
            kind="floating",
            step="small",
            round_=True,
            parent=self,
        )
        self._jump.clicked.connect(self.to_end)
        self._jump.hide()
        theme.dress_bars(self)
        app = QApplication.instance()
        if isinstance(app, QApplication):
            app.focusChanged.connect(self._follow)

    @property
    def at_end(self) -> bool:
        """Whether the end is seen, so that new text scrolls into view."""
        return self._sticky

    def arrange(self) -> None:
        """Place everything anew."""
        raise NotImplementedError

    def select_all(self) -> None:
        """Select everything."""
        raise NotImplementedError

    def copy(self) -> None:
        """Copy what is selected."""
        raise NotImplementedError

    def to_end(self) -> None:
        """Show the latest and stay there."""
        self._sticky = True
        self.arrange()

    def set_lead(self, lead: int) -> None:
        """So many pixels of the upper edge are covered: what comes first can be scrolled to below them."""
        if lead != self.lead:
            self.lead = lead
            self.arrange()

    def _follow(self, _before: QWidget | None, now: QWidget | None) -> None:
        """What the keyboard comes to is seen."""
        if now is not None and self.viewport().isAncestorOf(now) and by_keyboard(Qt.FocusReason.OtherFocusReason):
            bring_into_sight(now, now.keyboard_box() if isinstance(now, TextView) else now.rect())

    # --- measures -----------------------------------------------------------------------------------

    def _column(self) -> int:
        """How wide the column of text is."""
        return max(120, min(round(COLUMN * max(1.0, self._theme.text_size / 100)), self.viewport().width() - 2 * SIDE))

    def _line(self) -> int:
        """How far one step scrolls."""
        return round(QFontMetricsF(self._theme.font("lead")).height() * LINE_HEIGHT * 2)

    def _scroll_to(self, value: int, total: int) -> None:
        """What is on it is so tall, and this is where its visible part begins."""
        height = self.viewport().height()
        bar = self.verticalScrollBar()
        bar.setRange(0, max(0, total - height))
        bar.setPageStep(height)
        bar.setSingleStep(self._line())
        bar.setValue(value)

    @property
    def covered(self) -> int:
        """Pixels at the lower edge over which the way to the end lies."""
        return 0 if self._jump.isHidden() else self._jump.height() + SPACE[1]

    def _place_jump(self) -> None:
        self._jump.setVisible(not self._sticky and self.verticalScrollBar().maximum() > 0)
        hint = self._jump.sizeHint()
        self._jump.setGeometry(
            (self.width() - hint.width()) // 2, self.height() - hint.height() - SPACE[1], hint.width(), hint.height()
        )
        self._jump.raise_()

    # --- the keyboard, and the look -----------------------------------------------------------------

    def scrollContentsBy(self, _dx: int, _dy: int) -> None:
        """Widgets are placed by `arrange`; nothing is blitted."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Home and End, select all and copy, as in any text; the rest is Qt's."""
        bar = self.verticalScrollBar()
        if event.matches(QKeySequence.StandardKey.SelectAll):
            self.select_all()
        elif event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        elif event.key() == Qt.Key.Key_Home:
            bar.setValue(0)
        elif event.key() == Qt.Key.Key_End:
            self.to_end()
        elif event.key() == Qt.Key.Key_Space:
            step = bar.pageStep() - self._line()
            bar.setValue(bar.value() + (-step if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else step))
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """A ring for the keyboard."""
        self._ring = by_keyboard(event.reason())
        self.viewport().update()
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """And none without it."""
        self.viewport().update()
        super().focusOutEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The canvas, and the focus ring inside its edge."""
        painter = QPainter(self.viewport())
        painter.fillRect(self.viewport().rect(), self._theme.colour("canvas"))
        if self.hasFocus() and self._ring:
            painter.setPen(QPen(self._theme.colour("accent"), 2))
            painter.drawRect(self.viewport().rect().adjusted(1, 1, -1, -1))
        painter.end()
