"""A person's message on the screen: a quiet bubble at the far side of the column, and what can be done with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from mistral_desk.core.words import tr, trn
from mistral_desk.ui.attaching.shown import Attached
from mistral_desk.ui.chat.inlines import Style
from mistral_desk.ui.chat.message_text import MessageText
from mistral_desk.ui.chat.turn_base import TurnView
from mistral_desk.ui.theme.tokens import RADIUS_LARGE, SPACE
from mistral_desk.ui.widgets.button import Button

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent
    from PySide6.QtWidgets import QWidget

    from mistral_desk.ui.attaching.album import Album
    from mistral_desk.ui.chat.blocks import Span
    from mistral_desk.ui.chat.selecting import Text
    from mistral_desk.ui.chat.turns import Turn
    from mistral_desk.ui.theme.theme import Theme

BUBBLE_SHARE: Final = 0.86


class UserView(TurnView):
    """A person's message in its bubble, at the far side of the column; long ones are folded."""

    def __init__(
        self, turn: Turn, theme: Theme, parent: QWidget, album: Album | None = None, *, branches: bool = True
    ) -> None:
        super().__init__(turn, theme, parent, branches=branches)
        self.setAccessibleName(tr("You"))
        self._attached = Attached(turn.attached, album, theme, self) if turn.attached and album else None
        self._text = MessageText(Style(theme, "lead"), self)
        self._text.resized.connect(self.resized)
        self._edit = self._row.add(tr("Edit"), "edit")
        self._edit.clicked.connect(lambda: self.edit.emit(self.turn))
        self._answer = self._row.add(tr("Answer this"), "retry", waits=True)
        self._answer.set_label(tr("Answer this"), tr("Answer this"))
        self._answer.clicked.connect(lambda: self.again.emit(self.turn))
        self._add_branch()
        self._more = Button(
            theme, tr("Show all"), text=tr("Show all"), step="small", muted=True, small=True, parent=self
        )
        self._more.clicked.connect(self._fold)
        self._row.raise_()  # it is read behind the words
        self._bubble = QRectF()
        self.refresh()

    def refresh(self) -> None:
        """Show what the turn knows now."""
        self._show_version()
        self._say_which()
        shown, hidden = self.turn.shown_text()
        self._text.set_text(shown + ("…" if hidden else ""))
        self._text.setVisible(bool(shown))
        self._copy.setVisible(bool(shown))
        self._more.setVisible(bool(hidden) or self.turn.unfolded)
        every = len(self.turn.text)
        words = trn("Show all {n} character", "Show all {n} characters", every)
        if self.turn.unfolded:
            words = tr("Show less")
        if self.turn.unfolded and hidden:
            words = trn(
                "Show less ({n} more character is not shown; Copy takes all)",
                "Show less ({n} more characters are not shown; Copy takes all)",
                hidden,
            )
        self._more.set_label(words, words)
        self.show_actions()

    def show_actions(self) -> None:
        """A message that nothing answers (a branch may end so) can be answered."""
        self._answer.setVisible(self._last and self.turn.message is not None and not self._busy)
        super().show_actions()

    def arrange(self, width: int, span: Span | None) -> int:
        """Bubble at the right (left in right-to-left), actions below it."""
        top = self._arrange_attached(width)
        if not self.turn.text:
            return self._arrange_row(width, top - SPACE[1])
        widest = int(width * BUBBLE_SHARE) - 2 * SPACE[3]
        inner = self._text.natural_width(widest)
        above = top + 12  # Qt puts a line's spare height below it
        height = self._text.arrange(inner, None if span is None else (span[0] - above, span[1] - above))
        more = self._more.sizeHint() if not self._more.isHidden() else None
        box_width = max(inner, more.width() if more else 0) + 2 * SPACE[3]
        box_height = height + 2 * 10 + (more.height() if more else 0)
        x = 0 if self.isRightToLeft() else width - box_width
        self._bubble = QRectF(x, top, box_width, box_height)
        self._text.setGeometry(x + SPACE[3], above, inner, height)
        if more:
            self._more.setGeometry(x + SPACE[1], top + 10 + height, more.width(), more.height())
        return self._arrange_row(width, top + box_height)

    def _arrange_attached(self, width: int) -> int:
        """What goes with the message stands above its words; returns where those begin."""
        self._bubble = QRectF()
        if self._attached is None:
            return 0
        size = self._attached.arrange(int(width * BUBBLE_SHARE))
        x = 0 if self.isRightToLeft() else width - size.width()
        self._attached.setGeometry(x, 0, size.width(), size.height())
        return size.height() + SPACE[1]

    def _arrange_row(self, width: int, bottom: int) -> int:
        self._row.setGeometry(0, bottom + 2, width, self._row.height_for())
        self._row.place(right=not self.isRightToLeft())
        self.update()
        return bottom + 2 + self._row.height_for()

    def restyle(self) -> None:
        """Colours and fonts of the theme as it is now."""
        self._text.restyle()
        if self._attached is not None:
            self._attached.restyle()
        super().restyle()

    def stops(self) -> list[QWidget]:
        """What the keyboard reaches in here, in order."""
        shown = self._attached.tiles if self._attached is not None else []
        return [*shown, *self._text.stops(), self._more, *self._row.buttons]

    def texts(self) -> list[tuple[int, Text]]:
        """The message, in pieces where it is long."""
        return self._text.texts()

    def release(self, span: Span) -> None:
        """Let go of text outside `span`."""
        self._text.release((span[0] - self._text.y(), span[1] - self._text.y()))

    def place_at(self, y: int) -> tuple[int, int]:
        """A piece of the message to hold on to; what is above it counts from the top."""
        return (-1, y) if y < self._text.y() else self._text.place_at(y - self._text.y())

    def top_of(self, number: int) -> int:
        """Where a piece begins."""
        return self._text.y() + self._text.top_of(number) if number >= 0 else 0

    def ensure(self, block: int) -> None:
        """Have the view of this piece, wherever it is."""
        self._text.ensure(block)

    def unfold(self, _block: int) -> bool:
        """Show all of the message; whether something was folded away."""
        if self.turn.unfolded or not self.turn.shown_text()[1]:
            return False
        self._fold()
        return True

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The bubble."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        line = QPen(self._theme.colour("hairline"), 1)  # a tint alone is not seen in high contrast
        painter.setPen(line if self._theme.high_contrast else Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.colour("bubble"))
        if not self._bubble.isEmpty():
            painter.drawRoundedRect(self._bubble.adjusted(0.5, 0.5, -0.5, -0.5), RADIUS_LARGE, RADIUS_LARGE)
        painter.end()

    def _fold(self) -> None:
        self.turn.unfolded = not self.turn.unfolded
        self.refresh()
        self.resized.emit()
