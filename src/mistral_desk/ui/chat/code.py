"""A block of source text: its language, its colours, and a Copy button."""

from __future__ import annotations

import math
import threading
import time
from functools import cache
from queue import SimpleQueue
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QObject, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QGuiApplication,
    QPainter,
    QPalette,
    QPen,
    QTextCharFormat,
    QTextCursor,
    QTextLayout,
    QTextOption,
)
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QWidget

from mistral_desk.core.words import tr
from mistral_desk.ui.chat.highlight import Span, label, prepare, prepared, spans
from mistral_desk.ui.theme import direction
from mistral_desk.ui.theme.tokens import RADIUS, SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.ring import Ring

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent, QResizeEvent, QWheelEvent

    from mistral_desk.ui.chat.document import Style
    from mistral_desk.ui.chat.markdown import Code

REST: Final = 15.0
"""Colouring rests this many times as long as it took, so that a growing block costs a bounded share of the time."""
COPIED_MS: Final = 1600


class _Reading(QObject):
    """Reads the rules of languages in a thread, so that the window does not stand still at the first block of one."""

    ready = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._asked: SimpleQueue[tuple[str, str]] = SimpleQueue()
        threading.Thread(target=self._read, name="code-colours", daemon=True).start()

    def ask(self, language: str, code: str) -> None:
        """`ready` is emitted when this language can be coloured at once."""
        self._asked.put((language, code))

    def _read(self) -> None:
        while True:
            language, code = self._asked.get()
            if not prepared(language):
                prepare(language, code)
            self.ready.emit(language)


@cache
def _reading() -> _Reading:
    return _Reading()


class _Source(QPlainTextEdit):
    """The text itself: never wrapped, scrolled sideways only."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setWordWrapMode(QTextOption.WrapMode.NoWrap)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.document().setDocumentMargin(0)
        self.viewport().setAutoFillBackground(False)
        self.setAccessibleName(tr("Code"))

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Sideways movement is the code's, all other the transcript's."""
        sideways = abs(event.angleDelta().x()) > abs(event.angleDelta().y())
        if sideways and self.horizontalScrollBar().maximum():
            super().wheelEvent(event)
        else:
            event.ignore()

    def changeEvent(self, event: QEvent) -> None:
        """The rounded surface below shows through in every palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            palette = self.palette()
            if palette.color(QPalette.ColorRole.Base).alpha():
                palette.setColor(QPalette.ColorRole.Base, Qt.GlobalColor.transparent)
                self.setPalette(palette)


class CodeView(QWidget):
    """Shows one `Code` block; `set_block` with a grown text only appends."""

    def __init__(self, block: Code, style: Style, parent: QWidget) -> None:
        super().__init__(parent)
        self.setLayoutDirection(Qt.LayoutDirection.LeftToRight)  # code runs so in every language
        self._style = style
        self._block = block
        self._coloured: list[list[Span]] = []
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
        self._source = _Source(self)
        Ring(style.theme, self._source)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._colour)
        self._pause_ms = 0
        self._waits_for = ""
        self._back = QTimer(self)
        self._back.setSingleShot(True)
        self._back.setInterval(COPIED_MS)
        self._back.timeout.connect(self._copied_is_over)
        self._source.setPlainText(block.text)
        self.restyle()

    def set_block(self, block: Code) -> None:
        """Show the same block grown, or another one."""
        before, self._block = self._block, block
        if block.text.startswith(before.text):
            if len(block.text) > len(before.text):
                cursor = QTextCursor(self._source.document())
                cursor.movePosition(QTextCursor.MoveOperation.End)
                cursor.insertText(block.text[len(before.text) :])
        else:
            self._source.setPlainText(block.text)
            self._coloured = []
        if block.language != before.language:
            self.update()
        if not self._timer.isActive():
            self._timer.start(self._pause_ms)

    def restyle(self) -> None:
        """Fonts and colours of the theme as it is now."""
        theme = self._style.theme
        font = theme.font(self._style.step, code=True)
        self._source.setFont(font)
        theme.dress_bars(self._source)
        self._source.setTabStopDistance(4 * QFontMetricsF(font).horizontalAdvance(" "))
        self._coloured = []
        self._colour()
        self.update()

    def height_for(self, width: int) -> int:
        """Header, lines, and the scroll bar where a line is longer than the block is wide.

        What can be scrolled can be reached by keyboard.
        """
        wide = self._bar(width) > 0
        self._source.setFocusPolicy(Qt.FocusPolicy.StrongFocus if wide else Qt.FocusPolicy.ClickFocus)
        return self._header() + self._text_height() + self._bar(width) + SPACE[2]

    def stops(self) -> list[QWidget]:
        """What the keyboard reaches in here."""
        return [self._copy, self._source]

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

    def _place(self) -> None:
        header = self._header()
        hint = self._copy.sizeHint()
        self._copy.setGeometry(
            self.width() - hint.width() - SPACE[0], (header - hint.height()) // 2, hint.width(), hint.height()
        )
        height = self.height() - header - (SPACE[2] - SPACE[0])
        self._source.setGeometry(SPACE[3], header, max(0, self.width() - SPACE[3] - SPACE[1]), max(0, height))

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
        painter.end()

    def _header(self) -> int:
        return self._copy.sizeHint().height() + SPACE[1]

    def _text_height(self) -> int:
        metrics = QFontMetricsF(self._source.font())
        return math.ceil(self._source.document().blockCount() * metrics.lineSpacing()) + SPACE[0]

    def _bar(self, width: int) -> int:
        longest = max((len(line) for line in self._block.text.split("\n")), default=0)
        metrics = QFontMetricsF(self._source.font())
        wide = longest * metrics.horizontalAdvance("M") > width - SPACE[3] - SPACE[1]
        return self._source.horizontalScrollBar().sizeHint().height() if wide else 0

    def _colour(self) -> None:
        if not prepared(self._block.language):
            self._apply([[] for _ in range(self._source.document().blockCount())])
            if self._waits_for != self._block.language:
                if not self._waits_for:
                    _reading().ready.connect(self._can_be_coloured)
                self._waits_for = self._block.language
                _reading().ask(self._block.language, self._block.text)
            return
        began = time.perf_counter()
        self._apply(spans(self._block.text, self._block.language))
        self._pause_ms = round((time.perf_counter() - began) * REST * 1000)

    def _can_be_coloured(self, language: str) -> None:
        if language == self._waits_for:
            _reading().ready.disconnect(self._can_be_coloured)
            self._waits_for = ""
            self._colour()
            self.update()

    def _apply(self, lines: list[list[Span]]) -> None:
        """Give each line that changed its colours; the rest keeps its layout."""
        inks = self._style.theme.code_colours
        plain = self._style.theme.colour("text")
        palette = self._source.palette()
        if palette.color(QPalette.ColorRole.Text) != plain:
            palette.setColor(QPalette.ColorRole.Text, plain)
            self._source.setPalette(palette)
        document = self._source.document()
        block = document.begin()
        for number, line in enumerate(lines):
            if not block.isValid():
                break
            if number >= len(self._coloured) or self._coloured[number] != line:
                block.layout().setFormats([_range(start, length, getattr(inks, ink)) for start, length, ink in line])
                document.markContentsDirty(block.position(), block.length())
            block = block.next()
        self._coloured = lines

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


def _range(start: int, length: int, colour: str) -> QTextLayout.FormatRange:
    made = QTextLayout.FormatRange()
    made.start, made.length = start, length
    form = QTextCharFormat()
    form.setForeground(QColor(colour))
    made.format = form
    return made
