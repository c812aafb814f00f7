"""A block of source text: its language, its colours, a Copy button, and folded where it is long."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFontMetricsF, QGuiApplication, QPainter, QPen, QTextCursor
from PySide6.QtWidgets import QWidget

from mistral_desk.core.words import tr, trn
from mistral_desk.ui.chat.highlight import label
from mistral_desk.ui.chat.source import Source
from mistral_desk.ui.theme import direction
from mistral_desk.ui.theme.tokens import RADIUS, SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.ring import Ring

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent, QResizeEvent

    from mistral_desk.ui.chat.inlines import Style
    from mistral_desk.ui.chat.markdown import Code

REST_MS: Final = 250
"""A growing block is coloured anew this often at most, later the longer it takes."""
COPIED_MS: Final = 1600
FOLD_FROM: Final = 60
"""Lines from which a block is folded."""
FOLDED: Final = 30
"""Lines of a folded block that are shown."""
FOLDED_CHARACTERS: Final = 12_000
SHOWN_CHARACTERS: Final = 300_000
"""What is shown at most, unfolded; Copy takes all."""


class CodeView(QWidget):
    """Shows one `Code` block; `set_block` with a grown text only appends. With `fold`, a long one shows its start."""

    resized = Signal()
    unfolded = Signal()
    """The person wants to see all of it, now and when it comes back to the screen."""

    def __init__(self, block: Code, style: Style, parent: QWidget, *, fold: bool = False) -> None:
        super().__init__(parent)
        self.setLayoutDirection(Qt.LayoutDirection.LeftToRight)  # code runs so in every language
        self._style = style
        self._block = block
        self._fold = fold
        self._shown = ""
        self._longest = 0
        self._letter = self._line = 0.0
        self._copy = Button(
            style.theme,
            tr("Copy code"),
            icon="copy",
            text=tr("Copy"),
            step="small",
            muted=True,
            small=True,
            parent=self,
        )
        self._copy.clicked.connect(self._copy_all)
        self._more = Button(
            style.theme, tr("Show all"), text=tr("Show all"), step="small", muted=True, small=True, parent=self
        )
        self._more.clicked.connect(self._unfold)
        self._source = Source(style.theme, self)
        self._source.ready.connect(self._name_it)
        self._more.raise_()  # it is read behind the code, as it stands
        Ring(style.theme, self._source)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._colour)
        self._coloured_at = 0.0
        self._back = QTimer(self)
        self._back.setSingleShot(True)
        self._back.setInterval(COPIED_MS)
        self._back.timeout.connect(self._copied_is_over)
        self._name_it()
        self._show_text()
        self.restyle()

    @property
    def source(self) -> Source:
        """The text's own widget."""
        return self._source

    @property
    def folded(self) -> bool:
        """Whether a part of it is folded away."""
        return self._fold and self._long()

    def set_block(self, block: Code) -> None:
        """Show the same block grown, or another one."""
        before, self._block = self._block, block
        self._show_text()
        if block.language != before.language:
            self._name_it()
        if not self._timer.isActive():
            passed = (time.monotonic() - self._coloured_at) * 1000
            self._timer.start(max(0, round(max(REST_MS, len(self._shown) / 40) - passed)))

    def unfold(self) -> None:
        """Show all of it."""
        if self._fold:
            self._fold = False
            self._show_text()
            self._colour()

    def restyle(self) -> None:
        """Fonts and colours of the theme as it is now."""
        theme = self._style.theme
        font = theme.font(self._style.step, code=True)
        self._source.setFont(font)
        theme.dress_bars(self._source)
        metrics = QFontMetricsF(font)
        self._letter, self._line = metrics.horizontalAdvance("M"), metrics.lineSpacing()
        self._source.setTabStopDistance(4 * metrics.horizontalAdvance(" "))
        self._source.recolour()
        self._colour()
        self.update()

    def height_for(self, width: int) -> int:
        """Header, lines, and the scroll bar where a line is longer than the block is wide.

        What can be scrolled can be reached by keyboard.
        """
        bar = self._bar(width)
        self._source.setFocusPolicy(Qt.FocusPolicy.StrongFocus if bar else Qt.FocusPolicy.ClickFocus)
        return self._header() + self._text_height() + bar + self._foot() + SPACE[2]

    def stops(self) -> list[QWidget]:
        """What the keyboard reaches in here."""
        return [self._copy, self._source, self._more]

    def sizeHint(self) -> QSize:
        """Only its height counts; the transcript gives the width."""
        return QSize(200, self.height_for(200))

    def resizeEvent(self, _event: QResizeEvent) -> None:
        """Header above, source below."""
        self._place()

    def event(self, event: QEvent) -> bool:
        """A button that became larger gets its room."""
        if event.type() == QEvent.Type.LayoutRequest:
            self._place()
        return super().event(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A quiet, rounded surface."""
        theme = self._style.theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.colour("hairline"), 1))
        painter.setBrush(theme.colour("code"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)
        painter.setFont(theme.font("small"))
        painter.setPen(theme.colour("muted"))
        box = QRectF(SPACE[3], 0, max(0, self._copy.x() - 2 * SPACE[3]), self._header())
        words = painter.fontMetrics().elidedText(
            label(self._block.language), Qt.TextElideMode.ElideRight, int(box.width())
        )
        painter.drawText(box, int(Qt.AlignmentFlag.AlignVCenter | direction.start(mirrored=False)), words)
        if foot := self._foot():
            y = self.height() - foot - SPACE[0] / 2
            painter.fillRect(QRectF(1, y, self.width() - 2, 1), theme.colour("hairline"))
        painter.end()

    def _name_it(self) -> None:
        """Its language is painted, and said of the code."""
        language = label(self._block.language)
        name = tr("Code")
        self._source.setAccessibleName(tr("{name}: {value}", name=name, value=language) if language else name)
        self.update()

    def _place(self) -> None:
        header, foot = self._header(), self._foot()
        hint = self._copy.sizeHint()
        self._copy.setGeometry(
            self.width() - hint.width() - SPACE[0], (header - hint.height()) // 2, hint.width(), hint.height()
        )
        height = self.height() - header - (SPACE[2] - SPACE[0]) - foot
        self._source.setGeometry(SPACE[3], header, max(0, self.width() - SPACE[3] - SPACE[1]), max(0, height))
        more = self._more.sizeHint()
        left = SPACE[3] - SPACE[1] - 2
        width = min(more.width(), max(0, self.width() - 2 * SPACE[0] - left))
        self._more.setGeometry(left, self.height() - more.height() - SPACE[0] // 2, width, more.height())

    # --- what is shown ------------------------------------------------------------------------------

    def _long(self) -> bool:
        text = self._block.text
        return len(text) > 2 * FOLDED_CHARACTERS or text.count("\n") >= FOLD_FROM

    def _show_text(self) -> None:
        text = self._block.text
        lines = text.count("\n") + 1
        shown = text
        if self._fold and self._long():
            shown = "\n".join(text[:FOLDED_CHARACTERS].split("\n", FOLDED)[:FOLDED]).rstrip("\n")
            words = trn("Show all {n} line", "Show all {n} lines", lines)
            if lines <= FOLDED:
                words = trn("Show all {n} character", "Show all {n} characters", len(text))
        elif len(text) > SHOWN_CHARACTERS:
            shown = text[:SHOWN_CHARACTERS]
            hidden = len(text) - len(shown)
            words = trn(
                "{n} more character is not shown; Copy takes all",
                "{n} more characters are not shown; Copy takes all",
                hidden,
            )
        else:
            words = ""
        self._more.setVisible(bool(words))
        self._more.setEnabled(self._fold)
        if words:
            self._more.set_label(words, words)
        if shown == self._shown:
            return
        if self._shown and shown.startswith(self._shown):
            added = shown[len(self._shown) :]
            last = len(self._shown) - (self._shown.rfind("\n") + 1)
            cursor = QTextCursor(self._source.document())
            cursor.movePosition(QTextCursor.MoveOperation.End)
            cursor.insertText(added)
            parts = added.split("\n")
            self._longest = max(self._longest, last + len(parts[0]), *map(len, parts))
        else:
            self._source.setPlainText(shown)
            self._longest = max(map(len, shown.split("\n")))
        self._source.looks = -1
        self._shown = shown

    def _unfold(self) -> None:
        self.unfold()
        self.unfolded.emit()
        self.resized.emit()

    def _header(self) -> int:
        return self._copy.sizeHint().height() + SPACE[1]

    def _foot(self) -> int:
        return 0 if self._more.isHidden() else self._more.sizeHint().height() + SPACE[0] // 2

    def _text_height(self) -> int:
        return math.ceil(self._source.document().blockCount() * self._line) + SPACE[0]

    def _bar(self, width: int) -> int:
        wide = self._longest * self._letter > width - SPACE[3] - SPACE[1]
        return self._source.horizontalScrollBar().sizeHint().height() if wide else 0

    def _colour(self) -> None:
        self._coloured_at = time.monotonic()
        self._source.colour(self._shown, self._block.language)

    def _copy_all(self) -> None:
        QGuiApplication.clipboard().setText(self._block.text)
        self._copy.set_icon("check")
        self._copy.set_label(tr("Copied"), tr("Copied"))
        self._place()
        self._back.start()

    def _copied_is_over(self) -> None:
        self._copy.set_icon("copy")
        self._copy.set_label(tr("Copy code"), tr("Copy"))
        self._place()
