"""The thought of an answer: one quiet line that can be opened, with *Answer now* and *Think more* while it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from mistral_desk.core.words import tr, trc
from mistral_desk.ui.chat.blocks import Span, Stack
from mistral_desk.ui.chat.inlines import Style
from mistral_desk.ui.commands import keys_of
from mistral_desk.ui.theme import direction
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.button import Button

if TYPE_CHECKING:
    from PySide6.QtGui import QFontMetrics, QPaintEvent

    from mistral_desk.ui.chat.selecting import Text
    from mistral_desk.ui.chat.turns import Turn
    from mistral_desk.ui.theme.theme import Theme

_PREVIEW = 160


class ThinkingView(QWidget):
    """Header with the time, the last words of the thought while it runs, and all of it when opened."""

    answer_now = Signal()
    more = Signal()
    link = Signal(str)
    resized = Signal()
    toggled = Signal()
    """The person opened or closed it."""

    def __init__(self, turn: Turn, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._turn = turn
        self._theme = theme
        self._preview = ""
        self._deepens = True
        self._header = Button(
            theme, tr("Thinking…"), icon="chevron-right", text=tr("Thinking…"), muted=True, small=True, parent=self
        )
        self._header.clicked.connect(self._toggle)
        self._now = Button(
            theme, tr("Answer now"), text=tr("Answer now"), kind="outline", step="small", small=True, parent=self
        )
        self._now.setToolTip(tr("End the thinking and write the answer ({keys})", keys=keys_of("answer_now")))
        self._now.clicked.connect(self.answer_now)
        self._more = Button(
            theme, tr("Think more"), text=tr("Think more"), kind="outline", step="small", small=True, parent=self
        )
        self._more.clicked.connect(self.more)
        self._stack = Stack(Style(theme, "body", muted=True), tr("Thought"), self)
        self._stack.link.connect(self.link)
        self._stack.resized.connect(self.resized)
        self._clock = QTimer(self)
        self._clock.setInterval(250)
        self._clock.timeout.connect(self._tick)
        self.refresh()

    def set_deepens(self, deepens: bool) -> None:
        """Whether the model can go on with a thought, so that more is offered."""
        if deepens != self._deepens:
            self._deepens = deepens
            self._place()

    @property
    def title(self) -> str:
        """The words of the header."""
        return self._header.text()

    def stops(self) -> list[QWidget]:
        """What the keyboard reaches in here, in order."""
        return [self._header, self._now, self._more, *self._stack.stops()]

    def texts(self) -> list[tuple[int, Text]]:
        """Its texts that exist as widgets, with the numbers of their blocks."""
        return self._stack.texts()

    def ensure(self, block: int) -> None:
        """Have the view of this block."""
        self._stack.ensure(block)

    def top_of(self, block: int) -> int:
        """Where a block begins, in this widget."""
        return self._stack.y() + self._stack.top_of(block)

    def place_at(self, y: int) -> tuple[int, int] | None:
        """Which block of an open thought is at `y`, and how far below its top; None above them."""
        if not self._turn.thought_open or y < self._stack.y():
            return None
        return self._stack.place_at(y - self._stack.y())

    def refresh(self) -> None:
        """Show what the turn knows now."""
        thinking = self._turn.phase == "thinking"
        title = self._turn.thought_title()
        if title != self._header.text():
            held = thinking and self._header.hasFocus()  # or every second would be read out
            self._header.set_label(self._header.accessibleName() if held else title, title)
            self._place()
        self._header.set_icon("chevron-down" if self._turn.thought_open else self._closed_icon())
        self._header.setAccessibleDescription(
            trc("a state", "Open") if self._turn.thought_open else trc("a state", "Closed")
        )
        if thinking and not self._clock.isActive():
            self._clock.start()
        elif not thinking:
            self._clock.stop()
        self._now.setVisible(thinking and not self._turn.host)  # a server is told nothing in the midst of an answer
        self._more.setVisible(thinking and self._deepens and not self._turn.host)
        self._show_more()
        if self._turn.thought_open:
            self._stack.set_blocks(self._turn.thought(), self._turn.unread_thought)
        self._stack.setVisible(self._turn.thought_open)
        preview = " ".join(self._turn.thinking[-_PREVIEW:].split()) if thinking and not self._turn.thought_open else ""
        if preview != self._preview:
            self._preview = preview
            self.update()

    def restyle(self) -> None:
        """Colours and fonts of the theme as it is now."""
        self._stack.restyle()
        self._place()
        self.update()

    def height_for(self, width: int, span: Span | None = None) -> int:
        """Header, and below it the preview or the thought, of which only what is within `span` is made."""
        height = self._head(width)
        if self._turn.thought_open:
            above = height + SPACE[0]
            inner = None if span is None else (span[0] - above, span[1] - above)
            return above + self._stack.arrange(self._inner(width), inner)
        return height + (self._line() if self._turn.phase == "thinking" else 0)

    def release(self, span: Span) -> None:
        """Let go of what is outside `span`."""
        self._stack.release((span[0] - self._stack.y(), span[1] - self._stack.y()))

    def event(self, event: QEvent) -> bool:
        """A button that became larger gets its room."""
        if event.type() == QEvent.Type.LayoutRequest:
            self._place()
        return super().event(event)

    def resizeEvent(self, _event: object) -> None:
        """Header in the first line, the thought below."""
        self._place()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A hairline beside the open thought, or the last words of the running one."""
        painter = QPainter(self)
        top = self._head(self.width())
        mirrored = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        if self._turn.thought_open:
            x = self.width() - SPACE[3] if mirrored else SPACE[3] - 2  # under the middle of the chevron
            painter.fillRect(QRectF(x, top + SPACE[0], 2, self.height() - top - SPACE[0]), self._theme.colour("border"))
        elif self._preview:
            painter.setPen(self._theme.colour("muted"))
            painter.setFont(self._theme.font("small"))
            box = QRectF(SPACE[2], top, self.width() - 2 * SPACE[2], self._line())
            words = _last_words(self._preview, painter.fontMetrics(), int(box.width()))
            side = direction.start(mirrored=mirrored)
            painter.setLayoutDirection(Qt.LayoutDirection.LayoutDirectionAuto)  # the thought's own
            painter.drawText(box, int(Qt.AlignmentFlag.AlignVCenter | side), words)
        painter.end()

    def _closed_icon(self) -> str:
        return "chevron-right" if self.layoutDirection() == Qt.LayoutDirection.LeftToRight else "chevron-left"

    def _inner(self, width: int) -> int:
        """The thought stands in from the hairline, and ends where the answer's column does."""
        return max(1, width - SPACE[4] - SPACE[0])

    def _line(self) -> int:
        return self._theme.control - SPACE[1]

    def _buttons(self) -> int:
        """The width of the buttons, with the space before each."""
        if self._turn.host:
            return 0
        offered = (self._now, self._more) if self._deepens else (self._now,)
        return sum(SPACE[1] + button.sizeHint().width() for button in offered)

    def _breaks(self, width: int) -> bool:
        """Whether the buttons take a line of their own."""
        thinking = self._turn.phase == "thinking"
        return thinking and self._header.sizeHint().width() + self._buttons() > width

    def _head(self, width: int) -> int:
        """The height of what stands above the thought."""
        below = self._now.sizeHint().height() if self._breaks(width) else 0
        return self._header.sizeHint().height() + below

    def _place(self) -> None:
        hint, width = self._header.sizeHint(), self.width()
        mirrored = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        breaks = self._breaks(width)
        first = min(hint.width(), width)
        self._header.setGeometry(width - first if mirrored else 0, 0, first, hint.height())
        x, y = (SPACE[1], hint.height()) if breaks else (first + SPACE[1], 0)
        for button in (self._now, self._more):
            size = button.sizeHint()
            button.setGeometry(width - x - size.width() if mirrored else x, y, size.width(), size.height())
            x += size.width() + SPACE[1]
        top = self._head(width) + SPACE[0]
        left = SPACE[0] if mirrored else SPACE[4]
        self._stack.setGeometry(left, top, self._inner(self.width()), max(0, self.height() - top))

    def _show_more(self) -> None:
        asked = self._turn.more_asked
        words = tr("Will think more") if asked else tr("Think more")
        if words != self._more.text() or not self._more.toolTip():
            self._more.set_label(words, words)
            told = tr("The thinking goes on when the model would end it.")
            if not asked:
                told = tr("Have the thinking go on when the model would end it ({keys})", keys=keys_of("think_more"))
            self._more.setToolTip(told)
            self._place()

    def _toggle(self) -> None:
        self._turn.thought_open = not self._turn.thought_open
        self.refresh()
        self.resized.emit()
        self.toggled.emit()

    def _tick(self) -> None:
        if self._turn.phase == "thinking":
            self.refresh()
        else:
            self._clock.stop()


def _last_words(text: str, metrics: QFontMetrics, width: int) -> str:
    """The end of a text as far as it fits, beginning with a whole word where there is one."""
    shown = metrics.elidedText(text, Qt.TextElideMode.ElideLeft, width)
    if shown == text:
        return text
    _, space, rest = shown.partition(" ")
    return f"… {rest}" if space else shown
