"""What stands within a paragraph: emphasis, code, links, notes, formulas. And how a text is set altogether.

Nothing here can load anything: pictures become their words, and only allowed addresses become links.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPointF, QRect, QRectF, QSizeF
from PySide6.QtGui import QFont, QFontMetricsF, QPyTextObject, QTextCharFormat, QTextFormat

from mistral_desk.core.words import tr
from mistral_desk.ui.chat.formulas import Wanted, formulas
from mistral_desk.ui.chat.links import allowed
from mistral_desk.ui.chat.plain_text import words_of
from mistral_desk.ui.widgets.tip import plain_tip

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.token import Token
    from PySide6.QtGui import QColor, QPainter, QTextCursor, QTextDocument

    from mistral_desk.ui.theme.theme import Theme
    from mistral_desk.ui.theme.tokens import Step

OBJECT: Final = "\ufffc"
"""The sign that stands in a document where a formula is painted."""
FORMULA: Final = QTextFormat.ObjectTypes.UserObject + 1
WRITTEN: Final = QTextFormat.Property.UserProperty + 10
"""Character property: a formula as it was written, its marks included."""
_WANTED: Final = QTextFormat.Property.UserProperty + 11
MOST: Final = 240
"""Pieces of different looks in one paragraph; one with more is set plainly, for Qt takes a while for each."""
NOTE: Final = "note:"
BACK: Final = "note-back:"
"""Addresses within a text: to a note, and from it to where it is named."""


@dataclass(frozen=True)
class Style:
    """How a document is set: from a theme, in the reading size or a smaller, muted one (for thoughts)."""

    theme: Theme
    step: Step = "body"
    muted: bool = False

    @property
    def ink(self) -> QColor:
        """Colour of running text."""
        return self.theme.colour("muted" if self.muted else "text")

    def char(self) -> QTextCharFormat:
        """Running text."""
        made = QTextCharFormat()
        made.setFont(self.theme.font(self.step))
        made.setForeground(self.ink)
        return made


class Inlines:
    """Writes inline tokens at a cursor."""

    def __init__(self, cursor: QTextCursor, style: Style) -> None:
        self.cursor = cursor
        self._style = style
        self._theme = style.theme
        self.links = 0
        self.wanted: set[Wanted] = set()

    def add(self, children: Sequence[Token], base: QTextCharFormat, *, quoted: bool = False) -> None:
        """Write these tokens in this format."""
        stack = [QTextCharFormat(base)]
        if quoted:
            stack[0].setForeground(self._theme.colour("muted"))
        if len(children) > MOST:
            self.cursor.insertText(words_of(children).replace("\n", "\u2028"), stack[0])
            return
        run = ""  # one insertion for text that the parser gave in many pieces
        for child in children:
            if child.type in ("text", "softbreak", "hardbreak"):
                run += child.content if child.type == "text" else "\u2028"
                continue
            if run:
                self.cursor.insertText(run, stack[-1])
                run = ""
            match child.type:
                case "code_inline":
                    self.cursor.insertText(child.content, self.code(stack[-1]))
                case "image":
                    self._picture(child, stack[-1])
                case "math_inline":
                    display = child.info == "display"
                    self.formula(child.content, str(child.meta["source"]), stack[-1], display=display)
                case "footnote_ref":
                    self._reference(child.content, stack[-1])
                case "strong_open" | "em_open" | "s_open" | "link_open":
                    stack.append(self._emphasis(child, stack[-1]))
                case "strong_close" | "em_close" | "s_close" | "link_close":
                    if len(stack) > 1:
                        stack.pop()
                case _:
                    self.cursor.insertText(child.content, stack[-1])
        if run:
            self.cursor.insertText(run, stack[-1])

    def code(self, base: QTextCharFormat | None = None) -> QTextCharFormat:
        """The format of code within a line."""
        made = QTextCharFormat(base) if base else self._style.char()
        font = self._theme.font(self._style.step, code=True)
        font.setWeight(QFont.Weight(made.fontWeight()))
        made.setFont(font)
        made.setBackground(self._theme.colour("bubble"))
        return made

    def formula(self, latex: str, written: str, base: QTextCharFormat, *, display: bool) -> None:
        """A formula; its source while it is not set, and where it cannot be."""
        wanted = Wanted(latex, display)
        self.wanted.add(wanted)
        if formulas().get(wanted) is None:
            self.cursor.insertText(written.replace("\n", "\u2028"), self.code(base))
            return
        self.cursor.document().documentLayout().registerHandler(FORMULA, _painter())
        form = QTextCharFormat(base)
        form.setObjectType(FORMULA)
        form.setProperty(WRITTEN, written)
        form.setProperty(_WANTED, wanted)
        form.setToolTip(plain_tip(latex))
        form.setVerticalAlignment(_painter().alignment(wanted, base.font()))
        self.cursor.insertText(OBJECT, form)

    def note(self, label: str, base: QTextCharFormat) -> None:
        """The number before a note, which leads back to the text."""
        form = QTextCharFormat(base)
        self._go(form, f"{BACK}{label}")
        self.cursor.insertText(label, form)
        self.cursor.insertText("\u2002", base)

    def _reference(self, label: str, base: QTextCharFormat) -> None:
        form = QTextCharFormat(base)
        form.setVerticalAlignment(QTextCharFormat.VerticalAlignment.AlignSuperScript)
        self._go(form, f"{NOTE}{label}")
        self.cursor.insertText(label, form)

    def _go(self, form: QTextCharFormat, address: str) -> None:
        self.links += 1
        form.setAnchor(True)
        form.setAnchorHref(address)
        form.setForeground(self._theme.colour("accent"))

    def _emphasis(self, token: Token, base: QTextCharFormat) -> QTextCharFormat:
        made = QTextCharFormat(base)
        match token.type:
            case "strong_open":
                made.setFontWeight(QFont.Weight.DemiBold)
            case "em_open":
                made.setFontItalic(True)
            case "s_open":
                made.setFontStrikeOut(True)
            case _:
                self._link(made, str(token.attrs.get("href", "")))
        return made

    def _link(self, form: QTextCharFormat, address: str) -> None:
        if not allowed(address):
            return
        self.links += 1
        form.setAnchor(True)
        form.setAnchorHref(address)
        form.setToolTip(plain_tip(address))
        form.setForeground(self._theme.colour("accent"))
        form.setFontUnderline(True)

    def _picture(self, token: Token, base: QTextCharFormat) -> None:
        """A picture from elsewhere is never loaded: its description stands there, linked if the address may be."""
        form = QTextCharFormat(base)
        form.setForeground(self._theme.colour("muted"))
        self._link(form, str(token.attrs.get("src", "")))
        self.cursor.insertText(f"[{token.content or tr('picture')}]", form)


class _Formulas(QPyTextObject):
    """Paints formulas inside a document, their baselines on that of the line."""

    def alignment(self, wanted: Wanted, font: QFont) -> QTextCharFormat.VerticalAlignment:
        """On the line where what is below the baseline has room in the line; else around the line's middle."""
        drawn = formulas().get(wanted)
        if drawn is not None and drawn.descent * _size(font) > QFontMetricsF(font).descent() * 1.3:
            return QTextCharFormat.VerticalAlignment.AlignMiddle
        return QTextCharFormat.VerticalAlignment.AlignNormal

    def intrinsicSize(self, _document: QTextDocument, _position: int, form: QTextFormat) -> QSizeF:
        """Room for it: above the baseline only, or as much above as below the line's middle."""
        wanted: Wanted = form.property(_WANTED)
        drawn = formulas().get(wanted)
        if drawn is None:
            return QSizeF(1, 1)
        char = form.toCharFormat()
        size = _size(char.font())
        if char.verticalAlignment() != QTextCharFormat.VerticalAlignment.AlignMiddle:
            return QSizeF(drawn.width * size, drawn.ascent * size)
        return QSizeF(drawn.width * size, _around(drawn.ascent * size, drawn.descent * size, char.font()))

    def drawObject(
        self, painter: QPainter, rect: QRectF | QRect, _document: QTextDocument, _position: int, form: QTextFormat
    ) -> None:
        """The formula, in the ink of its text."""
        wanted: Wanted = form.property(_WANTED)
        drawn = formulas().get(wanted)
        if drawn is None:
            return
        char = form.toCharFormat()
        rect = QRectF(rect)
        baseline = rect.bottom()
        if char.verticalAlignment() == QTextCharFormat.VerticalAlignment.AlignMiddle:
            baseline = rect.top() + (rect.height() + _middle(char.font())) / 2
        ratio = painter.device().devicePixelRatioF()
        size = _size(char.font())
        picture = formulas().pixmap(wanted, drawn, size, char.foreground().color(), ratio)
        painter.drawPixmap(QPointF(rect.left(), baseline - drawn.ascent * size), picture)


def _size(font: QFont) -> float:
    """Pixels of a formula's letters in a text of this font: its own letters look as large then."""
    return round(QFontMetricsF(font).xHeight() * 2.12, 1)


def _middle(font: QFont) -> float:
    """What Qt adds above the middle of an object that stands around it: half the height of small letters."""
    return QFontMetricsF(font).xHeight() / 2


def _around(ascent: float, descent: float, font: QFont) -> float:
    return max(2 * ascent - _middle(font), 2 * descent + _middle(font))


@cache
def _painter() -> _Formulas:
    return _Formulas()
