"""Turns markdown tokens into a laid-out Qt document, with our type, space and colours.

Nothing in it can load anything: pictures become their words, and only allowed addresses become links.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from PySide6.QtCore import Qt
from PySide6.QtGui import (
    QFont,
    QFontMetricsF,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
    QTextLength,
    QTextList,
    QTextListFormat,
    QTextTableFormat,
)

from mistral_desk.core.bidi import runs_right_to_left
from mistral_desk.ui.chat.inlines import Inlines, Style
from mistral_desk.ui.theme.tokens import LINE_HEIGHT, SPACE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.token import Token

    from mistral_desk.ui.chat.formulas import Wanted
    from mistral_desk.ui.theme.tokens import Step

QUOTE: Final = QTextFormat.Property.UserProperty + 1
"""Block property: how many quotes are around this block; the view paints a bar for each."""
QUOTE_IN: Final = QTextFormat.Property.UserProperty + 4
"""Block property: how many lists are around those quotes."""
RULE: Final = QTextFormat.Property.UserProperty + 2
"""Block property: this empty block is a horizontal rule, painted by the view."""
TASK: Final = QTextFormat.Property.UserProperty + 3
"""Block property: an item of a list of tasks, 1 open, 2 done; the view paints its box."""
SHORT_CELL: Final = 24
"""Characters of a cell of a table that stay in one line."""
INDENT: Final = 24
"""What a list stands in at least; more where its font is so large that two digits would not fit."""
_BOX: Final = re.compile(r"\[([ xX])\][ \t]+")
_HEADINGS: Final[tuple[tuple[Step, int], ...]] = (("title", 24), ("heading", 24), ("lead", 20), ("lead", 16))
_ALIGN: Final = {"text-align:right": Qt.AlignmentFlag.AlignRight, "text-align:center": Qt.AlignmentFlag.AlignHCenter}


def line_height(font: QFont) -> float:
    """Percent of the font's natural line that give the design's line height (1.5 times the type size)."""
    metrics = QFontMetricsF(font)
    size = font.pixelSize() if font.pixelSize() > 0 else font.pointSizeF() * metrics.fontDpi() / 72
    return 100 * LINE_HEIGHT * size / metrics.height()


def plain(document: QTextDocument, text: str, style: Style) -> None:
    """Set a document to a text as it was typed: no markup, every line break kept."""
    _reset(document, style)
    cursor = QTextCursor(document)
    block = QTextBlockFormat()
    block.setLineHeight(
        line_height(style.theme.font(style.step)), QTextBlockFormat.LineHeightTypes.ProportionalHeight.value
    )
    cursor.setBlockFormat(block)
    cursor.insertText(text.replace("\r\n", "\n").replace("\n", "\u2028"), style.char())


class Built(NamedTuple):
    """What a document has come to hold: how many links, and the formulas that were asked for."""

    links: int
    formulas: frozenset[Wanted]


def build(document: QTextDocument, tokens: Sequence[Token], style: Style) -> Built:
    """Set a document to these block tokens."""
    _reset(document, style)
    builder = _Builder(document, style)
    whole = QTextCursor(document)
    whole.beginEditBlock()  # one layout at the end instead of one for each piece
    builder.run(tokens)
    whole.endEditBlock()
    return Built(builder.inlines.links, frozenset(builder.inlines.wanted))


def formula(document: QTextDocument, text: str, written: str, style: Style) -> Built:
    """Set a document to one formula in the middle of its line."""
    _reset(document, style)
    inlines = Inlines(QTextCursor(document), style)
    block = QTextBlockFormat()
    block.setAlignment(Qt.AlignmentFlag.AlignHCenter)
    inlines.cursor.setBlockFormat(block)
    inlines.formula(text, written, style.char(), display=True)
    return Built(0, frozenset(inlines.wanted))


_INDENTS: Final[dict[str, int]] = {}


def indent(style: Style) -> int:
    """Pixels by which a list stands in: room for a number of two digits."""
    font = style.theme.font(style.step)
    key = font.key()
    if key not in _INDENTS:  # a text that grows asks many times a second
        _INDENTS[key] = max(INDENT, math.ceil(QFontMetricsF(font).horizontalAdvance("88. ")) + 2)
    return _INDENTS[key]


def _reset(document: QTextDocument, style: Style) -> None:
    document.setUndoRedoEnabled(False)
    document.clear()
    document.setDocumentMargin(0)
    document.setIndentWidth(indent(style))
    document.setDefaultFont(style.theme.font(style.step))


class _Builder:
    """One pass over the tokens. The cursor always stands in the block that is being filled."""

    def __init__(self, document: QTextDocument, style: Style) -> None:
        self._cursor = QTextCursor(document)
        self.inlines = Inlines(self._cursor, style)
        self._style = style
        self._theme = style.theme
        self._lists: list[tuple[QTextListFormat, QTextList | None]] = []
        self._fresh_item = False
        self._quotes = self._quoted_in = 0
        self._tight = False
        self._first = True
        self._heading = 0
        self._note = ""

    def run(self, tokens: Sequence[Token]) -> None:
        index = 0
        while index < len(tokens):
            token = tokens[index]
            if token.type == "table_open":
                end = next((i for i in range(index, len(tokens)) if tokens[i].type == "table_close"), len(tokens) - 1)
                self._table(tokens[index : end + 1])
                index = end
            else:
                self._block(token)
            index += 1

    def _block(self, token: Token) -> None:
        match token.type:
            case "bullet_list_open" | "ordered_list_open":
                self._open_list(token)
            case "bullet_list_close" | "ordered_list_close":
                if self._lists:
                    self._lists.pop()
            case "list_item_open":
                self._fresh_item = not token.meta.get("resumed", False)
            case "blockquote_open":
                self._quotes += 1
                if self._quotes == 1:
                    self._quoted_in = len(self._lists)
            case "blockquote_close":
                self._quotes = max(0, self._quotes - 1)
            case "paragraph_open":
                self._tight = token.hidden
            case "heading_open":
                self._heading = int(token.tag[1:])
            case "heading_close":
                self._heading = 0
            case "footnote_open":
                self._note = token.content
            case "inline":
                self._paragraph(token)
            case "math_block":
                self._display(token)
            case "hr":
                self._start(self._format(top=SPACE[3], bottom=SPACE[3], rule=True))
            case "fence" | "code_block":
                self._start(self._format(top=SPACE[2]))
                text = token.content.removesuffix("\n").replace("\n", "\u2028")
                self._cursor.insertText(text, self.inlines.code())
            case _:
                pass

    def _open_list(self, token: Token) -> None:
        made = QTextListFormat()
        made.setIndent(len(self._lists) + 1)
        if token.type == "ordered_list_open":
            made.setStyle(QTextListFormat.Style.ListDecimal)
            start = int(token.attrs.get("start", 1)) + (1 if token.meta.get("resumed") else 0)
            made.setStart(start)
        else:
            styles = (
                QTextListFormat.Style.ListDisc,
                QTextListFormat.Style.ListCircle,
                QTextListFormat.Style.ListSquare,
            )
            made.setStyle(styles[len(self._lists) % 3])
        self._lists.append((made, None))

    def _paragraph(self, token: Token) -> None:
        font = self._theme.font(self._style.step)
        top = SPACE[2]
        if self._heading:
            step, top = _HEADINGS[min(self._heading, len(_HEADINGS)) - 1]
            font = self._theme.font(step if not self._style.muted else self._style.step, strong=True)
        elif self._lists:
            top = 6 if self._tight or self._fresh_item else SPACE[1]
            if self._fresh_item and len(self._lists) == 1 and self._first_of_list():
                top = SPACE[1]
        mirrored = bool(self._quotes) and runs_right_to_left(token.content[:400])
        form = self._format(top=top, font=font, mirrored=mirrored)
        if self._lists and not self._fresh_item:
            form.setIndent(len(self._lists))
        children, task = _task(token.children or []) if self._lists and self._fresh_item else (token.children or [], 0)
        self._start(form)
        if self._lists and self._fresh_item:
            self._join_list(task=bool(task))
            self._fresh_item = False
        if task:
            self._mark_task(task)
        char = self._style.char()
        char.setFont(font)
        if self._note:
            self.inlines.note(self._note, char)
            char.setForeground(self._theme.colour("muted"))
            self._note = ""
        self.inlines.add(children, char, quoted=bool(self._quotes))

    def _display(self, token: Token) -> None:
        """A formula in lines of its own inside a list or a quote."""
        form = self._format(top=SPACE[1])
        form.setIndent(len(self._lists))
        self._start(form)
        self._fresh_item = False
        closing = "$$" if token.markup == "$$" else "\\]"
        written = f"{token.markup}{token.content}" + ("" if token.info == "open" else closing)
        if token.info == "open":
            self._cursor.insertText(written.replace("\n", "\u2028"), self.inlines.code())
        else:
            self.inlines.formula(token.content, written, self._style.char(), display=True)

    def _mark_task(self, task: int) -> None:
        """A box instead of the list's mark; the view paints it."""
        form = self._cursor.blockFormat()
        form.setProperty(TASK, task)
        self._cursor.setBlockFormat(form)

    def _first_of_list(self) -> bool:
        return self._lists[-1][1] is None

    def _join_list(self, *, task: bool) -> None:
        form, made = self._lists[-1]
        if task:
            bare = QTextListFormat(form)
            bare.setStyle(QTextListFormat.Style.ListStyleUndefined)
            self._cursor.createList(bare)
        elif made is None:
            self._lists[-1] = (form, self._cursor.createList(form))
        else:
            made.add(self._cursor.block())

    def _format(
        self, *, top: int, bottom: int = 0, font: QFont | None = None, rule: bool = False, mirrored: bool = False
    ) -> QTextBlockFormat:
        made = QTextBlockFormat()
        made.setTopMargin(0 if self._first else top)
        made.setBottomMargin(bottom)
        height = line_height(font or self._theme.font(self._style.step))
        if self._heading:
            height *= 0.9
        made.setLineHeight(height, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        if self._quotes:
            (made.setRightMargin if mirrored else made.setLeftMargin)(SPACE[3] * self._quotes)
            made.setProperty(QUOTE, self._quotes)
            made.setProperty(QUOTE_IN, self._quoted_in)
        if rule:
            made.setProperty(RULE, True)
        if self._heading:
            made.setHeadingLevel(self._heading)
        return made

    def _start(self, form: QTextBlockFormat) -> None:
        if self._first:
            self._cursor.setBlockFormat(form)
            self._first = False
        else:
            self._cursor.insertBlock(form, QTextCharFormat())

    def _table(self, tokens: Sequence[Token]) -> None:
        rows = _rows(tokens)
        columns = max((len(row) for row in rows), default=0)
        if not columns:
            return
        form = QTextTableFormat()
        form.setBorder(0)
        form.setBorderCollapse(True)
        form.setCellPadding(0)
        form.setCellSpacing(0)
        form.setMargin(0)
        form.setTopMargin(0 if self._first else SPACE[2])
        form.setWidth(QTextLength(QTextLength.Type.VariableLength, 0))
        mirrored = begins_right(tokens)
        if mirrored:
            form.setAlignment(Qt.AlignmentFlag.AlignRight)  # its columns are mirrored where they are shown
        if self._first:
            invisible = QTextBlockFormat()
            invisible.setLineHeight(1, QTextBlockFormat.LineHeightTypes.FixedHeight.value)
            self._cursor.setBlockFormat(invisible)
        table = self._cursor.insertTable(len(rows), columns, form)
        for y, row in enumerate(rows):
            for x, (head, align, inline) in enumerate(row):
                cell = table.cellAt(y, x)
                shape = cell.format().toTableCellFormat()
                shape.setLeftPadding(SPACE[2])
                shape.setRightPadding(SPACE[2])
                shape.setTopPadding(SPACE[1] - 1)
                shape.setBottomPadding(SPACE[1] - 1)
                if x == 0:
                    (shape.setRightPadding if mirrored else shape.setLeftPadding)(2)
                shape.setBottomBorder(1)
                shape.setBottomBorderStyle(QTextTableFormat.BorderStyle.BorderStyle_Solid)
                shape.setBottomBorderBrush(self._theme.colour("border" if head else "hairline"))
                cell.setFormat(shape)
                self._cursor = cell.firstCursorPosition()
                block = QTextBlockFormat()
                block.setNonBreakableLines(len(inline.content) <= SHORT_CELL)  # the table scrolls instead
                block.setAlignment(_side(align, mirrored=mirrored))
                self._cursor.setBlockFormat(block)
                char = self._style.char()
                char.setFont(self._theme.font(self._style.step, strong=head))
                self.inlines.cursor = self._cursor
                self.inlines.add(inline.children or [], char)
        self._cursor = QTextCursor(table.document())
        self._cursor.movePosition(QTextCursor.MoveOperation.End)
        self.inlines.cursor = self._cursor
        thin = QTextBlockFormat()
        thin.setLineHeight(1, QTextBlockFormat.LineHeightTypes.FixedHeight.value)
        self._cursor.setBlockFormat(thin)  # Qt keeps an empty paragraph below a table
        self._first = False


def begins_right(table: Sequence[Token]) -> bool:
    """Whether a table begins at the right, its first column too: by its own words, as each paragraph does."""
    return runs_right_to_left(" ".join(token.content[:400] for token in table if token.type == "inline"))


def _side(align: str, *, mirrored: bool) -> Qt.AlignmentFlag:
    """Where the words of a cell stand. Without a wish, those of a table from right to left stand at the right, also
    where they run the other way.
    """
    if mirrored and not align:
        return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignAbsolute
    absolute = Qt.AlignmentFlag.AlignAbsolute if mirrored else Qt.AlignmentFlag(0)
    return _ALIGN.get(align, Qt.AlignmentFlag.AlignLeft) | absolute


def _task(children: Sequence[Token]) -> tuple[Sequence[Token], int]:
    """The words of an item of a list of tasks and whether it is open (1) or done (2); 0 where it is no such item."""
    if children and children[0].type == "text" and (found := _BOX.match(children[0].content)):
        rest = children[0].copy(content=children[0].content[found.end() :])
        return [rest, *children[1:]], 1 if found[1] == " " else 2
    return children, 0


def _rows(tokens: Sequence[Token]) -> list[list[tuple[bool, str, Token]]]:
    rows: list[list[tuple[bool, str, Token]]] = []
    head, align = False, ""
    for token in tokens:
        if token.type == "tr_open":
            rows.append([])
        elif token.type in ("th_open", "td_open"):
            head, align = token.type == "th_open", str(token.attrs.get("style", ""))
        elif token.type == "inline" and rows:
            rows[-1].append((head, align, token))
    return rows
