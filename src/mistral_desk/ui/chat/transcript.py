"""The conversation, built for length: only turns near the visible part are widgets, and what is seen stays put.

Scrolling sticks to the end only while the end is seen; otherwise *Jump to latest* leads back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QTimer, Signal
from PySide6.QtWidgets import QWidget

from mistral_desk.ui.chat.anchor import Anchor
from mistral_desk.ui.chat.canvas import Canvas
from mistral_desk.ui.chat.heights import BETWEEN, Heights
from mistral_desk.ui.chat.line import QuietLine
from mistral_desk.ui.chat.marks import Marks
from mistral_desk.ui.chat.selection import Selection
from mistral_desk.ui.chat.turn_view import view_of
from mistral_desk.ui.chat.virtual import NEAR, let_go
from mistral_desk.ui.widgets.focus import has_keyboard
from mistral_desk.ui.widgets.tab_order import in_stack

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from PySide6.QtGui import QContextMenuEvent, QResizeEvent

    from mistral_desk.ui.attaching.album import Album
    from mistral_desk.ui.chat.turn_base import TurnView
    from mistral_desk.ui.chat.turns import Turn
    from mistral_desk.ui.theme.theme import Theme

PASSES: Final = 6
AHEAD: Final = 2
"""Turns above and below those that exist that are read while nothing else is to do."""
AHEAD_WORK: Final = 5_000
"""Microseconds of reading, about, before the window may do something else."""


class Transcript(Canvas):
    """Shows turns. Tell it with `changed` when a turn is another; it repaints what is seen of it."""

    link = Signal(str)
    again = Signal(object)
    go_on = Signal(object)
    branch = Signal(object)
    edit = Signal(object)
    version = Signal(object, int)
    shown = Signal(object)
    """A turn came into sight (its widget was made)."""
    answer_now = Signal()
    thought_toggled = Signal(object)
    """The person opened or closed the thought of this turn."""
    line_pressed = Signal()
    """The quiet line between two turns was pressed."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self._turns: list[Turn] = []
        self._views: dict[Turn, TurnView] = {}
        self._heights = Heights()
        self._anchor = Anchor(lambda number: self._views.get(self._turns[number]))
        self._arranging = False
        self._stops: list[QWidget] = []
        self._places: dict[Turn, int] = {}
        self._quiet: QuietLine | None = None
        self._fresh = self._unmade = 0
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._go_on)
        self.album: Album | None = None
        self.branches = True
        """Whether another chat can begin at a turn of this one."""
        self._busy = False
        self.selection = Selection(self, self)
        self.marks = Marks(self)
        self.verticalScrollBar().valueChanged.connect(self._scrolled)
        theme.changed.connect(self._restyle)

    @property
    def turns(self) -> Sequence[Turn]:
        """The turns that are shown, first to last."""
        return self._turns

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
        self._drop_line()
        self.selection.clear()
        self._sticky = True
        self._anchor.let_go()
        self.arrange()

    def set_line(self, after_message: int | None, words: str) -> None:
        """A quiet line between the turn of this message and the next one; None takes it away."""
        self._drop_line()
        if after_message is not None and words:
            self._quiet = QuietLine(self._theme, after_message, words, self.viewport())
            self._quiet.pressed.connect(self.line_pressed)
        self.arrange()

    def _drop_line(self) -> None:
        if self._quiet is not None:
            let_go(self._quiet)
            self._quiet = None

    def append(self, *turns: Turn) -> None:
        """Turns at the end; a person who sends something wants to see it."""
        self._turns.extend(turns)
        self._heights.append(turns)
        self._sticky = True
        self.arrange()

    def precede(self, turns: Sequence[Turn]) -> None:
        """Turns above all others; what is seen stays where it is."""
        self._anchor.shift(len(turns))
        self._turns[:0] = turns
        self._places = {}
        self._heights.precede(turns)
        self.selection.shift(len(turns))
        self.marks.shift(len(turns))
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
        self._anchor.let_go()
        self.arrange()

    def swap(self, turn: Turn, turns: Sequence[Turn]) -> None:
        """Other turns in place of this one and all after it; what stands above stays where it is."""
        place = self._turns.index(turn)
        offset = self.verticalScrollBar().value() - self._heights.tops()[place]
        sticky, self._sticky = self._sticky, False
        self.remove_from(turn)
        self._turns.extend(turns)
        self._heights.append(turns)
        self._anchor.hold(place, 0, offset)
        self._sticky = sticky and self.verticalScrollBar().maximum() == 0
        self.arrange()

    def set_busy(self, busy: bool) -> None:
        """While an answer is on its way, no other can be asked for."""
        self._busy = busy
        for view in self._views.values():
            view.set_busy(busy)

    def changed(self, turn: Turn) -> None:
        """This turn is another now."""
        if view := self._views.get(turn):
            view.refresh()
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
        self._fresh = 0
        self._heights.set_lead(self.lead)
        self._heights.guess(width, self._theme, self._views)
        if self._quiet is not None:
            self._heights.set_room(self._quiet.place(self._turns), self._quiet.needed + BETWEEN)
        else:
            self._heights.set_room(None)
        for _ in range(PASSES):
            tops = self._heights.tops()
            value = self._wanted(tops, height, value)
            if not self._measure(tops, width, value, height):
                break
        tops = self._heights.tops()
        value = self._wanted(tops, height, value)
        self._scroll_to(value, tops[-1])
        self._let_go(tops, value, height)
        for number in self._living():
            view = self._views[self._turns[number]]
            place = (left, tops[number] - value, width, self._heights[number])
            if (view.x(), view.y(), view.width(), view.height()) != place:
                view.setGeometry(*place)
            view.set_last(number == len(self._turns) - 1)
        if self._quiet is not None and (at := self._heights.room_top()) is not None:
            self._quiet.setGeometry(left, at - value, width, self._quiet.needed)
        self._anchor.remember(self._heights.first_below(value), tops, value)
        self._order()
        self._place_jump()
        self.selection.show()
        self.marks.show()
        self._later.start(0)

    def _go_on(self) -> None:
        """The window had its turn: make what is not seen yet, or read what may be seen next."""
        if self._unmade:
            self.arrange()
            return
        living = self._living()
        if not living:
            return
        above = range(living[0] - 1, max(-1, living[0] - 1 - AHEAD), -1)
        below = range(living[-1] + 1, min(len(self._turns), living[-1] + 1 + AHEAD))
        if any(self._turns[number].read_ahead(AHEAD_WORK) for number in (*below, *above)):
            self._later.start(0)

    def _measure(self, tops: Sequence[int], width: int, value: int, height: int) -> bool:
        """Make and measure the turns near the visible part; True when a height was another than thought."""
        near = round(height * NEAR)
        start, end = value - near, value + height + near
        other = False
        self._unmade = 0
        for number in range(self._heights.first_below(start), len(self._turns)):
            turn, top = self._turns[number], tops[number]
            if top > end:
                break
            view = self._views.get(turn)
            if view is None:
                seen = top < value + height and top + self._heights[number] > value
                if self._fresh and not seen:
                    self._unmade += 1  # a little later
                    continue
                self._fresh += 1
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
            if (bottom < start or top > end) and not has_keyboard(view):
                let_go(self._views.pop(turn))
                turn.forget_blocks()
            else:
                view.release((start - top, end - top))

    def living(self) -> Iterator[tuple[int, TurnView]]:
        """The turns that exist as widgets, in order, with their numbers."""
        return ((number, self._views[self._turns[number]]) for number in self._living())

    def open_thoughts(self, turns: Sequence[Turn]) -> None:
        """Show the thoughts of these turns; what is seen stays where it is."""
        for turn in turns:
            turn.thought_open = True
            if view := self._views.get(turn):
                view.refresh()
        self.arrange()

    def go_to(self, number: int, block: int) -> None:
        """Bring a block of a turn to the upper third of what is seen; its widget exists then."""
        self._sticky = False
        self._turns[number].read_whole()
        if view := self._views.get(self._turns[number]):
            view.refresh()
        self._anchor.hold(number, block, -self.viewport().height() // 3)
        self.arrange()
        self._views[self._turns[number]].ensure(block)
        self._anchor.hold(number, block, -self.viewport().height() // 3)
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
        held = self._anchor.position(tops)
        return max(0, min(most, value if held is None else held))

    def _scrolled(self, value: int) -> None:
        if self._arranging:
            return
        bar = self.verticalScrollBar()
        self._sticky = value >= bar.maximum() - 2
        self._anchor.remember(self.first_seen, self._heights.tops(), value)
        self.arrange()

    def _make(self, turn: Turn) -> TurnView:
        view = view_of(turn, self._theme, self.viewport(), self.album, branches=self.branches)
        view.link.connect(self.link)
        view.again.connect(self.again)
        view.go_on.connect(self.go_on)
        view.branch.connect(self.branch)
        view.edit.connect(self.edit)
        view.version.connect(self.version)
        view.answer_now.connect(self.answer_now)
        view.thought_toggled.connect(self.thought_toggled)
        view.resized.connect(self.arrange)
        view.set_busy(self._busy)
        view.show()
        self._views[turn] = view
        self.shown.emit(turn)
        return view

    def _order(self) -> None:
        """Tab goes through the turns as they stand, whenever their widgets were made; so does who has them read out."""
        line = self._quiet.place(self._turns) if self._quiet is not None else None
        shown: list[TurnView | QuietLine] = []
        for number in self._living():
            if self._quiet is not None and number == line:
                shown.append(self._quiet)
            shown.append(self._views[self._turns[number]])
        stops = [stop for one in shown for stop in one.stops()]
        if stops == self._stops:
            return
        self._stops = stops
        in_stack(self.viewport(), shown)
        before: QWidget = self
        for stop in (*stops, self._jump):
            QWidget.setTabOrder(before, stop)
            before = stop

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

    def viewportEvent(self, event: QEvent) -> bool:
        """A new direction of writing mirrors the turns."""
        if event.type() == QEvent.Type.LayoutDirectionChange:
            self.arrange()
        return super().viewportEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """What can be done with what is selected."""
        self.selection.menu(None, event.globalPos())

    def select_all(self) -> None:
        """All turns, also what is not on the screen."""
        self.selection.select_all()

    def copy(self) -> None:
        """What is selected, over whatever turns."""
        self.selection.copy()
