"""The texts of the transcript: a person's words, an answer's paragraphs, its tables and its formulas."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen, QTextCursor, QTextOption

from mistral_desk.ui.chat.document import QUOTE, QUOTE_IN, RULE, TASK, begins_right, build, formula, plain
from mistral_desk.ui.chat.text_view import TextView
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.ring import Ring

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtGui import QPaintEvent, QResizeEvent, QShowEvent, QTextBlock, QWheelEvent
    from PySide6.QtWidgets import QWidget

    from mistral_desk.ui.chat.inlines import Style
    from mistral_desk.ui.chat.markdown import Formula, Prose, Table


class PlainView(TextView):
    """A person's own words, as they were typed."""

    def __init__(self, text: str, style: Style, name: str, parent: QWidget) -> None:
        super().__init__(style, name, parent)
        self._text = text
        self.restyle()

    def set_text(self, text: str) -> None:
        """Show another text."""
        if text != self._text:
            self._text = text
            self.restyle()

    def restyle(self) -> None:
        """Set the text again, in the theme's present colours and fonts."""
        plain(self.document(), self._text, self._style)
        self._rebuilt()


class ProseView(TextView):
    """Paragraphs, headings, lists and quotes of an answer."""

    def __init__(self, block: Prose, style: Style, name: str, parent: QWidget) -> None:
        super().__init__(style, name, parent)
        self._block = block
        self.restyle()

    def set_block(self, block: Prose) -> None:
        """Show the same stretch of text grown."""
        self._block = block
        self.restyle()

    def restyle(self) -> None:
        """Set the text again, in the theme's present colours and fonts."""
        built = build(self.document(), self._block.tokens, self._style)
        self._links = built.links
        self._reach(bool(self._links))
        self._rebuilt()
        self._await(built.formulas)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Bars of quotes, horizontal rules and boxes of tasks, then the text."""
        theme = self._style.theme
        painter = QPainter(self.viewport())
        layout = self.document().documentLayout()
        block = self.document().begin()
        while block.isValid():
            form = block.blockFormat()
            quotes = form.intProperty(QUOTE)
            if quotes or form.hasProperty(RULE) or form.hasProperty(TASK):
                box = layout.blockBoundingRect(block)
                if quotes:
                    following = block.next()
                    joined = following.isValid() and following.blockFormat().intProperty(QUOTE) >= quotes
                    end = layout.blockBoundingRect(following).top() if joined else box.bottom()
                    left = form.intProperty(QUOTE_IN) * self.document().indentWidth()
                    mirrored = form.rightMargin() > form.leftMargin()
                    for level in range(quotes):
                        x = (
                            self.viewport().width() - left - level * SPACE[3] - 3
                            if mirrored
                            else left + level * SPACE[3]
                        )
                        bar = QRectF(x, box.top(), 3, end - box.top())
                        painter.fillRect(bar, theme.colour("border"))
                if form.hasProperty(RULE):
                    painter.fillRect(QRectF(0, box.center().y(), self.width(), 1), theme.colour("hairline"))
                if task := form.intProperty(TASK):
                    self._paint_task(painter, block, box, done=task == 2)
            block = block.next()
        painter.end()
        super().paintEvent(event)

    def _paint_task(self, painter: QPainter, block: QTextBlock, box: QRectF, *, done: bool) -> None:
        """A box before the first line of a task, ticked when it is done."""
        theme = self._style.theme
        line = block.layout().lineAt(0)
        if not line.isValid():
            return
        metrics = QFontMetricsF(theme.font(self._style.step))
        side = round(metrics.capHeight() * 1.15)
        mirrored = block.textDirection() == Qt.LayoutDirection.RightToLeft
        edge = box.right() if mirrored else box.left()
        room = metrics.horizontalAdvance("  ") + 2
        x = edge + room - 2 if mirrored else box.left() + line.x() - room - side + 2
        top = box.top() + line.y() + line.ascent() - metrics.capHeight() / 2 - side / 2
        square = QRectF(round(x), round(top), side, side)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.colour("accent" if done else "border"), 1.5))
        painter.setBrush(theme.colour("accent") if done else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(square, 3, 3)
        if done:
            pen = QPen(theme.colour("on_accent"), max(1.5, side / 8))
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            painter.setPen(pen)
            ticks = [(0.24, 0.52), (0.43, 0.72), (0.77, 0.3)]
            painter.drawPolyline([square.topLeft() + QPointF(side * across, side * down) for across, down in ticks])
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


class WideView(TextView):
    """What scrolls sideways by itself where it is wider than the column, by keyboard too."""

    def __init__(self, style: Style, name: str, parent: QWidget) -> None:
        super().__init__(style, name, parent)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        Ring(style.theme, self)
        self.setWordWrapMode(QTextOption.WrapMode.WordWrap)  # what is too wide scrolls before it breaks words

    def height_for(self, width: int) -> int:
        """Pixels that it needs, a scroll bar included where it is wider than `width`."""
        height = super().height_for(width)
        wide = self.document().size().width() > width + 1
        self._reach(wide or bool(self._links))
        return height + (self.horizontalScrollBar().sizeHint().height() if wide else 0)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Sideways movement is its own, all other the transcript's."""
        sideways = abs(event.angleDelta().x()) > abs(event.angleDelta().y())
        shifted = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if (sideways or shifted) and self.horizontalScrollBar().maximum():
            super().wheelEvent(event)
        else:
            event.ignore()

    def _stay(self, place: int) -> None:
        """Qt scrolls to the cursor when a text was set."""
        self.moveCursor(QTextCursor.MoveOperation.Start)
        self.horizontalScrollBar().setValue(place)
        self._rebuilt()


class TableView(WideView):
    """A table."""

    def __init__(self, block: Table, style: Style, name: str, parent: QWidget) -> None:
        super().__init__(style, name, parent)
        self._block = block
        self._left = 0
        """Pixels that are left to scroll to the right."""
        self.horizontalScrollBar().valueChanged.connect(self._scrolled)
        self.restyle()

    def set_block(self, block: Table) -> None:
        """Show the same table grown."""
        self._block = block
        self.restyle()

    def restyle(self) -> None:
        """Set the table again, in the theme's present colours and fonts."""
        self._style.theme.dress_bars(self)
        place = self.horizontalScrollBar().value()
        self.mirrored = begins_right(self._block.tokens)
        with self._in_place():
            built = build(self.document(), self._block.tokens, self._style)
            self._links = built.links
            self._stay(place)
        self._await(built.formulas)

    def height_for(self, width: int) -> int:
        """Pixels that it needs."""
        with self._in_place():
            return super().height_for(width)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width."""
        with self._in_place():
            super().resizeEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        """Qt looks for its cursor."""
        with self._in_place():
            super().showEvent(event)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Qt scrolls to where a link would stand, were the columns not mirrored."""
        stays = super().focusNextPrevChild(forward)
        link = self.focused_link() if self.mirrored and stays else None
        if link is not None:
            bar = self.horizontalScrollBar()
            over = max(0, round(link.right()) - self.viewport().width()) + min(0, round(link.left()))
            bar.setValue(bar.value() + over)
        return stays

    @contextmanager
    def _in_place(self) -> Iterator[None]:
        """Qt scrolls to the left meanwhile: one that begins at the right goes back to where it was."""
        left = self._left
        yield
        if self.mirrored:
            bar = self.horizontalScrollBar()
            bar.setValue(bar.maximum() - left)

    def _scrolled(self, value: int) -> None:
        self._left = self.horizontalScrollBar().maximum() - value


class FormulaView(WideView):
    """A formula in lines of its own, in the middle of the column."""

    def __init__(self, block: Formula, style: Style, name: str, parent: QWidget) -> None:
        super().__init__(style, name, parent)
        self._block = block
        self.restyle()

    def set_block(self, block: Formula) -> None:
        """Show another one."""
        self._block = block
        self.restyle()

    def restyle(self) -> None:
        """Set it again, in the theme's present colours and fonts."""
        self._style.theme.dress_bars(self)
        place = self.horizontalScrollBar().value()
        built = formula(self.document(), self._block.text, self._block.written, self._style)
        self._stay(place)
        self._await(built.formulas)
