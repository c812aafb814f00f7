"""Texts of the catalogue in a page's layout: markdown that cannot load or open anything, as tall as its lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from mistral_desk.core.words import mark, tr
from mistral_desk.ui.chat.blocks import Stack
from mistral_desk.ui.chat.inlines import Style
from mistral_desk.ui.chat.markdown import Prose, Table, blocks_of
from mistral_desk.ui.chat.prose import ProseView
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.button import Button

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QResizeEvent

    from mistral_desk.ui.chat.blocks import BlockView
    from mistral_desk.ui.chat.markdown import Block
    from mistral_desk.ui.theme.theme import Theme

REST: Final = mark("… The rest is longer than can be shown here; the record as published has it.")
FIRST: Final = 9_000
"""Characters that are shown at once; a longer text is unfolded by a button."""
MODEL: Final = "model:"
"""What the address of a link within the catalogue begins with. No text can hold such a link: only ours become one."""


LONGEST: Final = 20_000
LINES: Final = 800
"""Letters and lines of a text that are set as Markdown, on the window's thread: no page that is meant to be read has
more, and a table of thirty thousand rows would stop the window for minutes.
"""
BRACKETS: Final = 600
"""Opening brackets in such a text. Each may begin a link, and the parser looks for the end of every one: with more,
they stay brackets and their links plain words.
"""


def readable(source: str) -> str:
    """What of a text is set; that the rest is left out, and where it stands, is said at its end."""
    lines = source[:LONGEST].split("\n", LINES)
    cut = "\n".join(lines[:LINES])
    rest = "" if len(cut) == len(source) else f"\n\n{tr(REST)}"
    if cut.count("[") > BRACKETS:
        cut = cut.replace("[", "\\[")
    return cut + rest


class Blocks(QWidget):
    """Blocks of markdown in a layout."""

    link = Signal(str)

    def __init__(self, theme: Theme, blocks: Sequence[Block], name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._heights: dict[int, int] = {}
        self.stack = self._stack(name)
        self.stack.set_blocks(blocks)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        theme.changed.connect(self._restyle)

    def hasHeightForWidth(self) -> bool:
        """Its lines wrap."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Pixels that the text needs."""
        if width not in self._heights:
            if len(self._heights) > 8:
                self._heights.clear()
            self._heights[width] = self.stack.arrange(max(1, width), None)
            if width != self.width() and self.width() in self._heights:
                self.stack.arrange(self.width(), None)  # a layout only asked: the lines stay as they are seen
        return self._heights[width]

    def sizeHint(self) -> QSize:
        """As a layout wants it."""
        return QSize(400, self._heights.get(self.width(), 40))

    def minimumSizeHint(self) -> QSize:
        """It can become narrow, then it grows."""
        return QSize(120, 20)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The blocks at this width."""
        super().resizeEvent(event)
        self._heights[self.width()] = height = self.stack.arrange(max(1, self.width()), None)
        self.stack.setGeometry(0, 0, self.width(), height)

    def stops(self) -> list[QWidget]:
        """What the keyboard reaches in here, also before a layout has asked for its lines."""
        if not self._heights:
            self.heightForWidth(max(1, self.width()))
        return self.stack.stops()

    def _stack(self, name: str) -> Stack:
        made = Stack(Style(self._theme), name, self)
        made.link.connect(self.link)
        return made

    def _restyle(self) -> None:
        self._heights.clear()
        self.stack.restyle()
        self.stack.arrange(max(1, self.width()), None)
        self.updateGeometry()


class Markdown(QWidget):
    """A whole text; of a long one the beginning, and a button for the rest."""

    link = Signal(str)
    unfolded = Signal()

    def __init__(self, theme: Theme, source: str, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._name = name
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(SPACE[2])
        first, self._rest = _divided(blocks_of(readable(source)))
        self.more: Button | None = None
        self._add(first)
        if self._rest:
            words = tr("Show all of it")
            self.more = Button(theme, words, text=words, kind="outline", muted=True, parent=self)
            self.more.clicked.connect(self._unfold)
            self._column.addWidget(self.more)

    def _add(self, blocks: Sequence[Block]) -> None:
        made = Blocks(self._theme, blocks, self._name, self)
        made.link.connect(self.link)
        self._column.addWidget(made)

    def _unfold(self) -> None:
        if self.more is not None:
            self._column.removeWidget(self.more)
            self.more.hide()
            self.more.deleteLater()
            self.more = None
            self._add(self._rest)
            self.unfolded.emit()


def _divided(blocks: Sequence[Block]) -> tuple[Sequence[Block], Sequence[Block]]:
    room = FIRST
    for number, block in enumerate(blocks):
        if room <= 0:
            return blocks[:number], blocks[number:]
        room -= block.characters if isinstance(block, Prose | Table) else len(block.text)
    return blocks, ()


class Mentions(Blocks):
    """A text in which the names of other models are links to their pages: `chosen` carries the id."""

    chosen = Signal(str)

    def __init__(
        self, theme: Theme, source: str, names: Sequence[tuple[str, str]], title: str, parent: QWidget
    ) -> None:
        self._names = tuple(names)
        super().__init__(theme, blocks_of(readable(source)), title, parent)

    def _stack(self, name: str) -> Stack:
        made = _NamedStack(self._names, Style(self._theme), name, self)
        made.link.connect(self._go)
        return made

    def _go(self, address: str) -> None:
        if address.startswith(MODEL):
            self.chosen.emit(address.removeprefix(MODEL))
        else:
            self.link.emit(address)


class _NamedStack(Stack):
    """Prose whose names are links."""

    def __init__(self, names: Sequence[tuple[str, str]], style: Style, name: str, parent: QWidget) -> None:
        self._names = names
        super().__init__(style, name, parent)

    def _view_of(self, block: Block) -> BlockView:
        if not isinstance(block, Prose):
            return super()._view_of(block)
        view = _Named(self._names, block, self._style, self._name, self)
        view.link.connect(self.link)
        return view


class _Named(ProseView):
    """Prose in which some words lead to models."""

    def __init__(
        self, names: Sequence[tuple[str, str]], block: Prose, style: Style, name: str, parent: QWidget
    ) -> None:
        self._names = names
        super().__init__(block, style, name, parent)

    def restyle(self) -> None:
        """Set the text, then make links of the names, each where it comes after the one before."""
        super().restyle()
        text, place = self.document().toPlainText(), 0
        for words, model in self._names:
            at = text.find(words, place)
            if at < 0:
                continue
            place = at + len(words)
            cursor = QTextCursor(self.document())
            cursor.setPosition(at)
            cursor.setPosition(place, QTextCursor.MoveMode.KeepAnchor)
            form = cursor.charFormat()
            if form.isAnchor():
                continue  # the text has a link of its own there
            form.setAnchor(True)
            form.setAnchorHref(f"{MODEL}{model}")
            form.setForeground(self._style.theme.colour("accent"))
            form.setFontUnderline(True)
            cursor.setCharFormat(form)
            self._links += 1
        self._reach(bool(self._links))
