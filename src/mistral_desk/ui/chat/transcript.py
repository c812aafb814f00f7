"""The conversation, built for length: only turns near the visible part are widgets, and what is seen stays put.

Scrolling sticks to the end only while the end is seen; otherwise *Jump to latest* leads back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QKeySequence, QPainter, QPen
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QFrame, QWidget

from mistral_desk.core.words import tr
from mistral_desk.ui.chat.heights import Heights
from mistral_desk.ui.chat.marks import Marks
from mistral_desk.ui.chat.selection import Selection
from mistral_desk.ui.chat.text_view import TextView
from mistral_desk.ui.chat.turn_view import view_of
from mistral_desk.ui.chat.virtual import bring_into_sight, holds_focus, let_go
from mistral_desk.ui.theme.tokens import COLUMN, LINE_HEIGHT, SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.focus import by_keyboard

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from PySide6.QtGui import QContextMenuEvent, QFocusEvent, QKeyEvent, QPaintEvent, QResizeEvent

    from mistral_desk.ui.attaching.album import Album
    from mistral_desk.ui.chat.turn_base import TurnView
    from mistral_desk.ui.chat.turns import Turn
    from mistral_desk.ui.theme.theme import Theme

SIDE: Final = SPACE[4]
NEAR: Final = 0.75
"""How far beyond the visible part things exist, in heights of the window; at twice that they are let go."""
PASSES: Final = 6


class Transcript(QAbstractScrollArea):
    """Shows turns. Tell it with `changed` when a turn is another; it repaints what is seen of it."""

    link = Signal(str)
    again = Signal(object)
    edit = Signal(object)
    version = Signal(object, int)
    shown = Signal(object)
    """A turn came into sight (its widget was made)."""
    answer_now = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = self._theme = theme
        self._turns: list[Turn] = []
        self._views: dict[Turn, TurnView] = {}
        self._heights = Heights()
        self._sticky = True
        self._hold: tuple[int, int, int] | None = None
        self._arranging = False
        self._stops: list[QWidget] = []
        self._places: dict[Turn, int] = {}
        self._ring = False
        self.album: Album | None = None
        self.selection = Selection(self, self)
        self.marks = Marks(self)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(tr("Transcript"))
        self.viewport().setAccessibleName(tr("Transcript"))
        self.verticalScrollBar().valueChanged.connect(self._scrolled)
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
        theme.changed.connect(self._restyle)
        theme.dress_bars(self)
        app = QApplication.instance()
        if isinstance(app, QApplication):
            app.focusChanged.connect(self._follow)

    def _follow(self, _before: QWidget | None, now: QWidget | None) -> None:
        """What the keyboard comes to is seen."""
        if now is not None and self.viewport().isAncestorOf(now) and by_keyboard(Qt.FocusReason.OtherFocusReason):
            bring_into_sight(now, now.keyboard_box() if isinstance(now, TextView) else now.rect())

    @property
    def turns(self) -> Sequence[Turn]:
        """The turns that are shown, first to last."""
        return self._turns

    @property
    def at_end(self) -> bool:
        """Whether the end is seen, so that new text scrolls into view."""
        return self._sticky

    @property
    def first_seen(self) -> int:
        """The number of the first turn that is seen."""
        return self._heights.first_below(self.verticalScrollBar().value())

    def view(self, turn: Turn) -> TurnView | None:
        """The widget of a turn, while it exists."""
        return self._views.get(turn)

    @property
    def live(self) -> int:
        """How many turns exist as widgets."""
        return len(self._views)

    def set_turns(self, turns: Sequence[Turn]) -> None:
        """Show another conversation, from its end."""
        for view in self._views.values():
            let_go(view)
        self._views.clear()
        self._turns = list(turns)
        self._places = {}
        self._heights.set_turns(turns)
        self.selection.clear()
        self._sticky = True
        self._hold = None
        self.arrange()

    def append(self, *turns: Turn) -> None:
        """Turns at the end; a person who sends something wants to see it."""
        self._turns.extend(turns)
        self._heights.append(turns)
        self._sticky = True
        self.arrange()

    def remove_from(self, turn: Turn) -> None:
        """Take this turn and all after it away."""
        place = self._turns.index(turn)
        for gone in self._turns[place:]:
            if view := self._views.pop(gone, None):
                let_go(view)
        del self._turns[place:]
        self._heights.cut(place)
        self.selection.clear()
        self._places = {}
        self._hold = None
        self.arrange()

    def swap(self, turn: Turn, turns: Sequence[Turn]) -> None:
        """Other turns in place of this one and all after it; what stands above stays where it is."""
        place = self._turns.index(turn)
        offset = self.verticalScrollBar().value() - self._heights.tops()[place]
        sticky, self._sticky = self._sticky, False
        self.remove_from(turn)
        self._turns.extend(turns)
        self._heights.append(turns)
        self._hold = (place, 0, offset)
        self._sticky = sticky and self.verticalScrollBar().maximum() == 0
        self.arrange()

    def changed(self, turn: Turn) -> None:
        """This turn is another now."""
        if view := self._views.get(turn):
            view.refresh()
        self.arrange()

    def to_end(self) -> None:
        """Show the latest and stay there."""
        self._sticky = True
        self.arrange()

    def arrange(self) -> None:
        """Make, place and let go of widgets, so that what was seen stays where it was."""
        if self._arranging:
            return
        self._arranging = True
        try:
            self._arrange()
        finally:
            self._arranging = False

    def _arrange(self) -> None:
        height, width = self.viewport().height(), self._column()
        left = (self.width() - width) // 2  # of the whole: a scroll bar that appears moves nothing
        if height <= 0:
            return
        value = self.verticalScrollBar().value()
        tops: list[int] = []
        self._heights.guess(width, self._theme, self._views)
        for _ in range(PASSES):
            tops = self._heights.tops()
            value = self._wanted(tops, height, value)
            if not self._measure(tops, width, value, height):
                break
        tops = self._heights.tops()
        value = self._wanted(tops, height, value)
        total = tops[-1]
        bar = self.verticalScrollBar()
        bar.setRange(0, max(0, total - height))
        bar.setPageStep(height)
        bar.setSingleStep(self._line())
        bar.setValue(value)
        self._let_go(tops, value, height)
        for number in self._living():
            view = self._views[self._turns[number]]
            place = (left, tops[number] - value, width, self._heights[number])
            if (view.x(), view.y(), view.width(), view.height()) != place:
                view.setGeometry(*place)
            view.set_last(number == len(self._turns) - 1)
        self._remember(tops, value)
        self._order()
        self._place_jump()
        self.selection.show()
        self.marks.show()

    def _measure(self, tops: Sequence[int], width: int, value: int, height: int) -> bool:
        """Make and measure the turns near the visible part; True when a height was another than thought."""
        near = round(height * NEAR)
        start, end = value - near, value + height + near
        other = False
        for number in range(self._heights.first_below(start), len(self._turns)):
            turn, top = self._turns[number], tops[number]
            if top > end:
                break
            view = self._views.get(turn)
            if view is None:
                view = self._make(turn)
            measured = view.arrange(width, (start - top, end - top))
            other = self._heights.measured(number, width, measured) or other
        return other

    def _let_go(self, tops: Sequence[int], value: int, height: int) -> None:
        if self.selection.dragging:
            return
        far = round(height * NEAR * 2)
        start, end = value - far, value + height + far
        for number in self._living():
            turn = self._turns[number]
            view = self._views[turn]
            top, bottom = tops[number], tops[number] + self._heights[number]
            if (bottom < start or top > end) and not holds_focus(view):
                let_go(self._views.pop(turn))
            else:
                view.release((start - top, end - top))

    def living(self) -> Iterator[tuple[int, TurnView]]:
        """The turns that exist as widgets, in order, with their numbers."""
        return ((number, self._views[self._turns[number]]) for number in self._living())

    def go_to(self, number: int, block: int) -> None:
        """Bring a block of a turn to the upper third of what is seen; its widget exists then."""
        self._sticky = False
        self._hold = (number, block, -self.viewport().height() // 3)
        self.arrange()
        self._views[self._turns[number]].ensure(block)
        self._hold = (number, block, -self.viewport().height() // 3)
        self.arrange()

    def _living(self) -> list[int]:
        """Places of the turns that exist as widgets, in order."""
        if len(self._places) != len(self._turns):
            self._places = {turn: number for number, turn in enumerate(self._turns)}
        return sorted(self._places[turn] for turn in self._views)

    def _wanted(self, tops: Sequence[int], height: int, value: int) -> int:
        """The scroll position that keeps what is seen in place (or the end in view)."""
        most = max(0, tops[-1] - height)
        if self._sticky:
            return most
        if self._hold is not None and self._hold[0] < len(self._turns):
            number, inner, offset = self._hold
            view = self._views.get(self._turns[number])
            value = tops[number] + (view.top_of(inner) if view else 0) + offset
        return max(0, min(most, value))

    def _remember(self, tops: Sequence[int], value: int) -> None:
        """Hold on to the first block that is seen."""
        self._hold = None
        number = self._heights.first_below(value)
        if number < len(self._turns):
            view = self._views.get(self._turns[number])
            inside = value - tops[number]
            inner, offset = view.place_at(inside) if view else (0, inside)
            self._hold = (number, inner, offset)

    def _scrolled(self, value: int) -> None:
        if self._arranging:
            return
        bar = self.verticalScrollBar()
        self._sticky = value >= bar.maximum() - 2
        self._remember(self._heights.tops(), value)
        self.arrange()

    def _make(self, turn: Turn) -> TurnView:
        view = view_of(turn, self._theme, self.viewport(), self.album)
        view.link.connect(self.link)
        view.again.connect(self.again)
        view.edit.connect(self.edit)
        view.version.connect(self.version)
        view.answer_now.connect(self.answer_now)
        view.resized.connect(self.arrange)
        view.show()
        self._views[turn] = view
        self.shown.emit(turn)
        return view

    def _order(self) -> None:
        """Tab goes through the turns as they stand, whenever their widgets were made."""
        stops = [stop for number in self._living() for stop in self._views[self._turns[number]].stops()]
        if stops == self._stops:
            return
        self._stops = stops
        before: QWidget = self
        for stop in (*stops, self._jump):
            QWidget.setTabOrder(before, stop)
            before = stop

    def _column(self) -> int:
        return max(120, min(round(COLUMN * max(1.0, self._theme.text_size / 100)), self.viewport().width() - 2 * SIDE))

    def _line(self) -> int:
        return round(QFontMetricsF(self._theme.font("lead")).height() * LINE_HEIGHT * 2)

    def _place_jump(self) -> None:
        self._jump.setVisible(not self._sticky and self.verticalScrollBar().maximum() > 0)
        hint = self._jump.sizeHint()
        self._jump.setGeometry(
            (self.width() - hint.width()) // 2, self.height() - hint.height() - SPACE[1], hint.width(), hint.height()
        )
        self._jump.raise_()

    def _restyle(self) -> None:
        self._theme.dress_bars(self)
        self._heights.forget()
        for view in self._views.values():
            view.restyle()
        self.arrange()
        self.viewport().update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The same block stays at the top, or the end at the bottom."""
        super().resizeEvent(event)
        self.arrange()

    def scrollContentsBy(self, _dx: int, _dy: int) -> None:
        """Widgets are placed by `arrange`; nothing is blitted."""

    def viewportEvent(self, event: QEvent) -> bool:
        """A new direction of writing mirrors the turns."""
        if event.type() == QEvent.Type.LayoutDirectionChange:
            self.arrange()
        return super().viewportEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Home and End, select all and copy, as in any text; the rest is Qt's."""
        bar = self.verticalScrollBar()
        if event.matches(QKeySequence.StandardKey.SelectAll):
            self.selection.select_all()
        elif event.matches(QKeySequence.StandardKey.Copy):
            self.selection.copy()
        elif event.key() == Qt.Key.Key_Home:
            bar.setValue(0)
        elif event.key() == Qt.Key.Key_End:
            self.to_end()
        elif event.key() == Qt.Key.Key_Space:
            step = bar.pageStep() - self._line()
            bar.setValue(bar.value() + (-step if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else step))
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """What can be done with what is selected."""
        self.selection.menu(None, event.globalPos())

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
