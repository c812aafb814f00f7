"""A column of blocks of which only those near the visible part exist as widgets.

Heights of the others are estimated until they were measured once; the transcript keeps what is seen in place.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, TypeAlias

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import QWidget

from mistral_desk.core.words import tr
from mistral_desk.ui.chat import document
from mistral_desk.ui.chat.code import FOLD_FROM, FOLDED, CodeView
from mistral_desk.ui.chat.inlines import BACK, NOTE
from mistral_desk.ui.chat.markdown import Block, Code, Formula, Prose, Table, Words
from mistral_desk.ui.chat.prose import FormulaView, PlainView, ProseView, TableView
from mistral_desk.ui.chat.text_view import TextView
from mistral_desk.ui.chat.virtual import bring_into_sight, visible_part
from mistral_desk.ui.theme.tokens import LINE_HEIGHT, SPACE
from mistral_desk.ui.widgets.focus import has_keyboard

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mistral_desk.ui.chat.inlines import Style
    from mistral_desk.ui.chat.selecting import Text

BlockView: TypeAlias = ProseView | CodeView | TableView | FormulaView | PlainView
Span: TypeAlias = tuple[int, int]
"""Top and bottom of what should exist, in pixels of the stack's own coordinates."""

_GAPS: Final = {"paragraph": SPACE[2], "item": 6, "none": 0}
_AROUND_CODE: Final = SPACE[3]
MADE_AT_ONCE: Final = 3_000
"""What is made of one text before the window may do something else; see `_weight`."""
MADE_BEYOND: Final = 900
"""The same for what is not seen yet, of all texts together."""


@dataclass(eq=False)
class _Row:
    block: Block
    view: BlockView | None = None
    height: int = 0
    measured_at: int = -1
    guessed: int = 0
    guessed_at: int = -1


class Stack(QWidget):
    """Shows blocks below each other. `arrange` places them for a width and returns the height."""

    link = Signal(str)
    resized = Signal()
    made: ClassVar[int] = 0
    """What was made since the window had its turn, in all texts."""

    def __init__(self, style: Style, name: str, parent: QWidget, unfolded: set[int] | None = None) -> None:
        """`unfolded` remembers the long code blocks that are shown whole; without it none is folded."""
        super().__init__(parent)
        self._unfolded = unfolded
        self._rest = self._making = 0
        self._made = 0
        self._unmade = False
        self._step_in = 0
        self._style = style
        self._name = name
        self._rows: list[_Row] = []
        self._tops: list[int] = []
        self._width = -1
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._go_on)

    @property
    def live(self) -> int:
        """How many blocks exist as widgets."""
        return sum(1 for row in self._rows if row.view is not None)

    def set_blocks(self, blocks: Sequence[Block], rest: int = 0) -> None:
        """Show these blocks; those that are the same objects as before are not touched. `rest` characters follow."""
        self._rest = rest
        for number, block in enumerate(blocks):
            if number < len(self._rows):
                row = self._rows[number]
                if row.block is not block:
                    self._replace(row, block)
            else:
                self._rows.append(_Row(block))
        for row in self._rows[len(blocks) :]:
            _drop(row)
        del self._rows[len(blocks) :]

    def arrange(self, width: int, span: Span | None) -> int:
        """Place everything for `width`; views are made within `span` (all of them for None). Returns the height."""
        self._width = width
        self._tops = []
        y = 0
        self._fill(width, span)
        for number, row in enumerate(self._rows):
            if number:
                y += self._gap(self._rows[number - 1].block, row.block)
            indent = self._indent(row.block)
            room = max(1, width - indent)
            guess = row.height if row.measured_at == room else self._guess(row, room)
            if row.view is not None:
                row.height = row.view.height_for(room)
                row.measured_at = room
                left = 0 if self._mirrored() else indent
                if (row.view.x(), row.view.y(), row.view.width(), row.view.height()) != (left, y, room, row.height):
                    row.view.setGeometry(left, y, room, row.height)
                height = row.height
            else:
                height = guess
            self._tops.append(y)
            y += height
        return y + (self._room(self._rest, width) if self._rest else 0)

    def _fill(self, width: int, span: Span | None) -> None:
        """Make the views within `span`, from its middle outwards; what would take too long comes a little later, and
        what is not seen yet sooner gives way.

        The transcript arranges a few times until heights agree: all of those share what may be made at once.
        """
        y, wanted = 0, []
        for number, row in enumerate(self._rows):
            if number:
                y += self._gap(self._rows[number - 1].block, row.block)
            room = max(1, width - self._indent(row.block))
            guess = row.height if row.measured_at == room else self._guess(row, room)
            if row.view is None and (span is None or (y + guess >= span[0] and y <= span[1])):
                first, last = visible_part(span) if span else (0, 0)
                seen = span is None or (y + guess >= first and y <= last)
                wanted.append((not seen, abs(y + guess // 2 - sum(span) // 2) if span else y, number))
            y += guess
        self._unmade = False
        for beyond, _far, number in sorted(wanted):
            weight = _weight(self._rows[number].block)
            so_far, most = (Stack.made, MADE_BEYOND) if beyond else (self._made, MADE_AT_ONCE)
            if span is not None and so_far and so_far + weight > most:
                self._unmade = True
                break
            self._made += weight
            Stack.made += weight
            self._make(self._rows[number], number)
        if (self._made or self._unmade) and not self._later.isActive():
            self._later.start(0)

    def _go_on(self) -> None:
        """The window had its turn."""
        Stack.made = self._made = 0
        if self._unmade:
            self.resized.emit()

    def _indent(self, block: Block) -> int:
        if not isinstance(block, Code) or not block.depth:
            return 0
        self._step_in = self._step_in or document.indent(self._style)
        return self._step_in * block.depth

    def release(self, span: Span) -> None:
        """Let go of views outside `span`, unless the keyboard is in one."""
        for row, top in zip(self._rows, self._tops, strict=False):
            if row.view is not None and (top + row.height < span[0] or top > span[1]) and not has_keyboard(row.view):
                _drop(row)

    def place_at(self, y: int) -> tuple[int, int]:
        """Which block is at `y`, and how far below its top: something to hold on to while heights change."""
        number = 0
        for index, top in enumerate(self._tops):
            if top <= y:
                number = index
        return number, y - (self._tops[number] if self._tops else 0)

    def top_of(self, number: int) -> int:
        """Where a block begins."""
        return self._tops[min(number, len(self._tops) - 1)] if self._tops else 0

    def texts(self) -> list[tuple[int, Text]]:
        """The texts that exist as widgets, with the numbers of their blocks."""
        return [
            (number, row.view.source if isinstance(row.view, CodeView) else row.view)
            for number, row in enumerate(self._rows)
            if row.view is not None
        ]

    def ensure(self, number: int) -> None:
        """Have the view of this block, wherever it is."""
        if number < len(self._rows) and self._rows[number].view is None:
            self._make(self._rows[number], number)

    def only_width(self, widest: int) -> int:
        """Pixels that the longest line of the only block takes; `widest` where there are several."""
        if len(self._rows) != 1:
            return widest
        self.ensure(0)
        view = self._rows[0].view
        return view.natural_width(widest) if isinstance(view, TextView) else widest

    def unfold(self, number: int) -> bool:
        """Show all of a code block; whether something was folded away."""
        if self._unfolded is None or number in self._unfolded or not isinstance(self._rows[number].block, Code):
            return False
        self._unfolded.add(number)
        view = self._rows[number].view
        if isinstance(view, CodeView):
            view.unfold()
        return True

    def restyle(self) -> None:
        """Colours and fonts of the theme as it is now."""
        self._step_in = 0
        for row in self._rows:
            row.measured_at = row.guessed_at = -1
            if row.view is not None:
                row.view.restyle()

    def stops(self) -> list[QWidget]:
        """What the keyboard reaches in here, in order."""
        return [stop for row in self._rows if row.view is not None for stop in row.view.stops()]

    def _mirrored(self) -> bool:
        return self.isRightToLeft()

    def _gap(self, above: Block, below: Block) -> int:
        if isinstance(below, Prose) and _starts_with_heading(below):
            return SPACE[4]
        if isinstance(above, Prose) and isinstance(below, Prose):
            return _GAPS[below.gap]
        if isinstance(above, Table) and isinstance(below, Table) and below.gap == "none":
            return _GAPS[below.gap]
        return 0 if isinstance(below, Words) else _AROUND_CODE

    def _replace(self, row: _Row, block: Block) -> None:
        row.measured_at = row.guessed_at = -1
        match row.view, block:
            case ProseView() as prose, Prose():
                prose.set_block(block)
            case CodeView() as code, Code():
                code.set_block(block)
            case TableView() as table, Table():
                table.set_block(block)
            case FormulaView() as formula, Formula():
                formula.set_block(block)
            case _:
                _drop(row)
        row.block = block

    def _make(self, row: _Row, number: int) -> None:
        self._making = number
        row.view = self._view_of(row.block)
        row.view.resized.connect(self.resized)
        behind = next((other.view for other in self._rows[number + 1 :] if other.view is not None), None)
        if behind is not None:
            row.view.stackUnder(behind)  # it is read out where it stands, whenever it was made
        row.view.show()

    def _view_of(self, block: Block) -> BlockView:
        if isinstance(block, Code):
            number = self._making
            fold = self._unfolded is not None and number not in self._unfolded
            code = CodeView(block, self._style, self, fold=fold)
            code.unfolded.connect(lambda: self.unfold(number))
            return code
        if isinstance(block, Words):
            return PlainView(block.seen, self._style, self._name, self)
        if isinstance(block, Table):
            view: ProseView | TableView | FormulaView = TableView(block, self._style, tr("Table"), self)
        elif isinstance(block, Formula):
            view = FormulaView(block, self._style, tr("Formula"), self)
        else:
            view = ProseView(block, self._style, self._name, self)
        view.link.connect(self._follow)
        return view

    def _follow(self, address: str) -> None:
        """A note is in the same text; every other address is somebody else's to judge."""
        for begin, other in ((NOTE, BACK), (BACK, NOTE)):
            if address.startswith(begin):
                self._go_to(f"{other}{address.removeprefix(begin)}")
                return
        self.link.emit(address)

    def _go_to(self, anchor: str) -> None:
        """Where this anchor stands, if it is on the screen or near it."""
        for _number, text in self.texts():
            if isinstance(text, TextView) and (box := text.place_of(anchor)) is not None:
                bring_into_sight(text, box)
                text.focus_link(anchor)
                return

    def _guess(self, row: _Row, width: int) -> int:
        if row.guessed_at != width:
            row.guessed, row.guessed_at = self._estimate(row.block, width), width
        return row.guessed

    def _estimate(self, block: Block, width: int) -> int:
        metrics = QFontMetricsF(self._style.theme.font(self._style.step))
        if isinstance(block, Code):
            lines = block.text.count("\n") + 1
            if self._unfolded is not None and lines > FOLD_FROM:
                lines = FOLDED + 2
            return round(lines * metrics.height() + 60)
        if isinstance(block, Formula):
            return round(metrics.height() * 2.5)
        if isinstance(block, Words):
            return self._room(len(block.text) + block.text.count("\n") * 30, width)
        return self._room(block.characters, width)

    def _room(self, characters: int, width: int) -> int:
        metrics = QFontMetricsF(self._style.theme.font(self._style.step))
        line = metrics.height() * LINE_HEIGHT * 0.85
        per_line = max(10.0, width / metrics.averageCharWidth() * 0.95)
        return math.ceil(max(1.0, characters / per_line + 1)) * round(line)


def _weight(block: Block) -> int:
    """How long it takes to make a view, in characters of plain text."""
    if isinstance(block, Code):
        return 1_500 + min(len(block.text), 4_000)
    if isinstance(block, Formula):
        return 1_200
    if isinstance(block, Words):
        return len(block.text)
    return block.characters + 20 * len(block.tokens)


def _starts_with_heading(block: Prose) -> bool:
    return bool(block.tokens) and block.tokens[0].type == "heading_open"


def _drop(row: _Row) -> None:
    if row.view is not None:
        row.view.hide()
        row.view.deleteLater()
        row.view = None
