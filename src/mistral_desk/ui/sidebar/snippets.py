"""A few lines of plain text with places in it set off: the words around what a search has found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QTextCharFormat, QTextLayout, QTextOption

from mistral_desk.ui.theme import direction
from mistral_desk.ui.theme.contrast import blend

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QPainter

    from mistral_desk.ui.theme.theme import Theme

    Marks = Sequence[tuple[int, int]]

_JOINERS: Final = "\u200c\u200d"
_LONGEST: Final = 600
"""Characters that are laid out at all."""


@dataclass(frozen=True)
class Snippet:
    """A text in one paragraph; `marks` are begin and end of what is set off, in Python's characters."""

    text: str
    marks: Marks = ()

    @classmethod
    def near(cls, text: str, marks: Marks, before: int, lead: str = "") -> Snippet:
        """The part of a text that begins at most `before` characters ahead of its first mark, behind `lead`."""
        text = "".join(letter if letter.isprintable() or letter in _JOINERS else " " for letter in text)
        cut = 0
        if marks and marks[0][0] > before:
            cut = marks[0][0] - before
            space = text.find(" ", cut, marks[0][0])
            cut = space + 1 if space >= 0 else cut
        start = lead + ("… " if cut else "")
        shift = len(start) - cut
        whole = (start + text[cut:])[:_LONGEST]
        kept = [(begin + shift, min(end + shift, len(whole))) for begin, end in marks if begin >= cut]
        return cls(whole, [(begin, end) for begin, end in kept if begin < end])

    def cut_to(self, text: str) -> Snippet:
        """With a shorter text that begins as this one does."""
        kept = len(text) - 1 if text.endswith("…") else len(text)
        return Snippet(text, [(begin, min(end, kept)) for begin, end in self.marks if begin < kept])


class Writer:
    """Draws snippets in one font and colour, in at most `lines` lines."""

    def __init__(self, theme: Theme, *, mirrored: bool, font: QFont, ink: str, lines: int) -> None:
        self._theme = theme
        self._font = font
        self._ink = ink
        self._lines = lines
        self._option = QTextOption(direction.start(mirrored=mirrored))
        self._option.setTextDirection(Qt.LayoutDirection.LayoutDirectionAuto)  # a text's own
        self._option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)

    def draw(self, painter: QPainter, box: QRectF, snippet: Snippet, ground: QColor) -> None:
        """Draw it at the top of the box; what has no room ends with dots."""
        layout, last = self._laid_out(snippet, box.width(), ground)
        if last is not None:
            begin = len(_units(snippet.text)[: 2 * last].decode("utf-16-le", "ignore"))
            room = box.width() * 0.97  # set-off words are wider
            tail = QFontMetricsF(self._font).elidedText(snippet.text[begin:], Qt.TextElideMode.ElideRight, room)
            layout, _ = self._laid_out(snippet.cut_to(snippet.text[:begin] + tail), box.width(), ground)
        painter.setPen(self._theme.colour(self._ink))
        layout.draw(painter, box.topLeft())

    def _laid_out(self, snippet: Snippet, width: float, ground: QColor) -> tuple[QTextLayout, int | None]:
        """The lines; and where the last of them begins (as Qt counts), when not all of the text is in them."""
        layout = QTextLayout(snippet.text, self._font)
        layout.setTextOption(self._option)
        layout.setFormats([self._format(snippet.text, begin, end, ground) for begin, end in snippet.marks])
        layout.beginLayout()
        y, begin, end = 0.0, 0, 0
        for _ in range(self._lines):
            line = layout.createLine()
            if not line.isValid():
                break
            line.setLineWidth(width)
            line.setPosition(QPointF(0, y))
            y += line.height()
            begin, end = line.textStart(), line.textStart() + line.textLength()
        layout.endLayout()
        return layout, begin if end < len(_units(snippet.text)) // 2 else None

    def _format(self, text: str, begin: int, end: int, ground: QColor) -> QTextLayout.FormatRange:
        made = QTextLayout.FormatRange()
        made.start = len(_units(text[:begin])) // 2
        made.length = len(_units(text[begin:end])) // 2
        look = QTextCharFormat()
        look.setFontWeight(QFont.Weight.DemiBold)
        look.setForeground(self._theme.colour("text"))
        look.setBackground(QColor(blend(self._theme.colours.warning, ground.name(), 0.34)))
        made.format = look
        return made


def _units(text: str) -> bytes:
    """As Qt counts: two bytes a position."""
    return text.encode("utf-16-le", "surrogatepass")
