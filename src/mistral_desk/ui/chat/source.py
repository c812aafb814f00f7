"""The lines of a code block: never wrapped, scrolled sideways only, coloured a little at a time."""

from __future__ import annotations

import threading
from functools import cache
from queue import SimpleQueue
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QPalette, QTextCharFormat, QTextLayout, QTextOption
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QWidget

from mistral_desk.core.words import tr
from mistral_desk.ui.chat import selecting
from mistral_desk.ui.chat.highlight import Span, Spans, prepare, prepared

if TYPE_CHECKING:
    from PySide6.QtGui import QWheelEvent

    from mistral_desk.ui.theme.theme import Theme


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


class Source(selecting.Plain):
    """The text itself."""

    ready = Signal()
    """Its language can be named and coloured now."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._text = self._language = ""
        self._coloured: list[list[Span]] = []
        self._spans: Spans | None = None
        self._waits_for = ""
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._colour_on)
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

    def setPlainText(self, text: str) -> None:
        """Another text, without colours yet."""
        self._coloured = []
        super().setPlainText(text)

    # --- colours ------------------------------------------------------------------------------------

    def recolour(self) -> None:
        """The theme's colours are others."""
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.Text, self._theme.colour("text"))
        self.setPalette(palette)
        self._coloured = []
        self.colour(self._text, self._language)

    def colour(self, text: str, language: str) -> None:
        """Colour what is shown, which is this text: a little at once, the rest when the window has time."""
        self._text, self._language = text, language
        self._later.stop()
        if not prepared(language):
            self._spans = None
            self._ask(language)
            return
        self._spans = Spans(text, language)
        self._colour_on()

    def _ask(self, language: str) -> None:
        if self._waits_for != language:
            if not self._waits_for:
                _reading().ready.connect(self._can_be_coloured)
            self._waits_for = language
            _reading().ask(language, self._text[:2_000])

    def _can_be_coloured(self, language: str) -> None:
        if language == self._waits_for:
            _reading().ready.disconnect(self._can_be_coloured)
            self._waits_for = ""
            self.colour(self._text, self._language)
            self.ready.emit()

    def _colour_on(self) -> None:
        if self._spans is None:
            return
        done = self._spans.go_on()
        self._apply(self._spans.lines, self._spans.complete)
        if not done:
            self._later.start(0)

    def _apply(self, lines: list[list[Span]], complete: int) -> None:
        """Give each line that changed its colours; the rest keeps its layout."""
        inks = self._theme.code_colours
        document = self.document()
        first = next(
            (n for n in range(min(complete, len(self._coloured))) if self._coloured[n] != lines[n]), len(self._coloured)
        )
        block = document.findBlockByNumber(first)
        for number in range(first, complete):
            if not block.isValid():
                break
            line = lines[number]
            if number >= len(self._coloured) or self._coloured[number] != line:
                block.layout().setFormats([_range(start, length, getattr(inks, ink)) for start, length, ink in line])
                document.markContentsDirty(block.position(), block.length())
            block = block.next()
        self._coloured[first:complete] = lines[first:complete]


def _range(start: int, length: int, colour: str) -> QTextLayout.FormatRange:
    made = QTextLayout.FormatRange()
    made.start, made.length = start, length
    form = QTextCharFormat()
    form.setForeground(QColor(colour))
    made.format = form
    return made
