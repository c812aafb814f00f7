"""A selection over the whole conversation: from any place in any text to any other, whether both are on the screen.

Each text shows its share as its own selection. What is copied is made from the turns, without their thoughts.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QMimeData, QObject, QPoint, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu

from mistral_desk.core.words import tr
from mistral_desk.ui.chat import plain_text, selecting
from mistral_desk.ui.chat.pieces import pieces_of
from mistral_desk.ui.chat.positions import clean_text
from mistral_desk.ui.chat.whereabouts import Area, Place, document_of, place_at, texts, turn_of
from mistral_desk.ui.theme.icons import icon
from mistral_desk.ui.widgets.popup import opened

if TYPE_CHECKING:
    from mistral_desk.ui.chat.markdown import Block
    from mistral_desk.ui.chat.selecting import Text
    from mistral_desk.ui.chat.turns import Turn

END: Final = 2**31 - 1
"""Behind the last position of a text, whatever its length."""
STEP_MS: Final = 25
LARGE: Final = 400_000
"""Letters above which a copy is the source as it was written: cleaning it would stop the window."""


class Selection(QObject):
    """What is selected in a transcript."""

    def __init__(self, area: Area, parent: QObject) -> None:
        super().__init__(parent)
        self._area = area
        self._anchor: Place | None = None
        self._head: Place | None = None
        self._dragging = False
        self._across = False
        self._pointer = QPoint()
        self._scroll = QTimer(self)
        self._scroll.setInterval(STEP_MS)
        self._scroll.timeout.connect(self._scroll_on)

    @property
    def active(self) -> bool:
        """Whether a selection reaches over more than one text."""
        return self._across

    @property
    def dragging(self) -> bool:
        """Whether the mouse is being drawn: the text that it was pressed in has to stay."""
        return self._dragging

    def clear(self) -> None:
        """Select nothing."""
        if self._across:
            self._across = False
            for _place, text in texts(self._area):
                selecting.select(text, 0, 0)
        self._anchor = self._head = None

    def shift(self, count: int) -> None:
        """So many turns were put before all others."""
        for name in ("_anchor", "_head"):
            place: Place | None = getattr(self, name)
            if place is not None:
                setattr(self, name, place._replace(turn=place.turn + count))

    # --- the mouse ----------------------------------------------------------------------------------

    def start(self, text: Text, place: QPoint, *, extend: bool) -> bool:
        """A press: what was selected is not any more, unless Shift makes it reach here."""
        found = self._place_of(text)
        if found is None:
            self.clear()
            return False
        here = found._replace(position=text.cursorForPosition(place).position())
        if extend and self._anchor is not None and here[:2] != self._anchor[:2]:
            self._head, self._across = here, True
            self.show()
            return True
        self.clear()
        self._anchor, self._head, self._dragging = here, here, True
        return False

    def drag(self, place: QPoint) -> bool:
        """Select as far as the pointer is; beyond the edge the conversation scrolls."""
        if not self._dragging or self._anchor is None:
            return False
        self._pointer = place
        self._across = True
        self._reach()
        inside = self._area.viewport().mapFromGlobal(place)
        if 0 <= inside.y() <= self._area.viewport().height():
            self._scroll.stop()
        elif not self._scroll.isActive():
            self._scroll.start()
        return True

    def stop(self) -> bool:
        """The button is up."""
        self._dragging = False
        self._scroll.stop()
        return self._across

    def _scroll_on(self) -> None:
        y = self._area.viewport().mapFromGlobal(self._pointer).y()
        height = self._area.viewport().height()
        over = y if y < 0 else y - height
        bar = self._area.verticalScrollBar()
        bar.setValue(bar.value() + max(-200, min(200, over // 3 + (1 if over > 0 else -1))))
        self._reach()

    def _reach(self) -> None:
        found = place_at(self._area, self._pointer)
        if found is not None and found != self._head:
            self._head = found
            self.show()

    # --- the keyboard -------------------------------------------------------------------------------

    def select_all(self, _text: Text | None = None) -> bool:
        """The whole conversation."""
        turns = self._area.turns
        if turns:
            self._anchor = Place(0, 0, 0)
            self._head = Place(len(turns) - 1, END, END)
            self._across = True
            self.show()
        return bool(turns)

    def copy(self, text: Text | None = None) -> None:
        """To the clipboard: as clean text, as HTML and as markdown."""
        if self._across:
            QGuiApplication.clipboard().setMimeData(self.mime())
        elif text is not None and text.textCursor().hasSelection():
            text.copy()

    def menu(self, text: Text | None, place: QPoint) -> None:
        """What can be done with what is selected, and with the turn that the text is in."""
        menu = QMenu(self._area.viewport())
        self._area.theme.dress_menu(menu)
        selected = self._across or (text is not None and text.textCursor().hasSelection())
        ink = self._area.theme.colours.text
        action = menu.addAction(icon("copy", ink), tr("Copy"), lambda: self.copy(text))
        action.setEnabled(selected)
        turn = self._turn_of(text)
        if self._across or turn is not None:
            menu.addAction(icon("file", ink), tr("Copy as Markdown"), lambda: self._copy_text(self.markdown(turn)))
        if turn is not None and turn.thinking and not self._across:
            words = tr("Copy with the thinking")
            menu.addAction(icon("think", ink), words, lambda: self._copy_text(turn.with_thinking()))
        menu.addSeparator()
        menu.addAction(icon("choose", ink), tr("Select all"), self.select_all)
        menu.aboutToHide.connect(menu.deleteLater)
        area = self._area.viewport()
        opened(menu, place, area.accessibleName(), by_pointer=area.underMouse())

    def _copy_text(self, text: str) -> None:
        QGuiApplication.clipboard().setText(text)

    def _turn_of(self, text: Text | None) -> Turn | None:
        return turn_of(self._area, text) if text is not None else None

    # --- what is shown ------------------------------------------------------------------------------

    def show(self) -> None:
        """Each text on the screen shows its share; called again when others have come to the screen."""
        if not self._across or self._anchor is None or self._head is None:
            return
        first, last = sorted((self._anchor, self._head))
        for place, text in texts(self._area):
            begin = first.position if place[:2] == first[:2] else 0
            end = last.position if place[:2] == last[:2] else END
            if first[:2] <= place[:2] <= last[:2]:
                selecting.select(text, begin, end)
            else:
                selecting.select(text, 0, 0)

    def _place_of(self, text: Text) -> Place | None:
        return next((place for place, other in texts(self._area) if other is text), None)

    # --- what is copied -----------------------------------------------------------------------------

    def mime(self) -> QMimeData:
        """What is selected, for the clipboard."""
        made = QMimeData()
        if self._anchor is None or self._head is None:
            return made
        first, last = sorted((self._anchor, self._head))
        turns = self._area.turns[first.turn : last.turn + 1]
        if sum(len(turn.text) for turn in turns) > LARGE:
            made.setText("\n\n".join(turn.text for turn in turns))
            return made
        words: list[str] = []
        rich: list[str] = []
        for number, turn in enumerate(turns, first.turn):
            begin = first if number == first.turn else Place(number, 0, 0)
            end = last if number == last.turn else Place(number, END, END)
            text, html = self._share(turn, begin, end)
            if text:
                words.append(text)
                rich.append(html)
        made.setText("\n\n".join(words))
        made.setHtml("".join(rich))
        return made

    def markdown(self, turn: Turn | None = None) -> str:
        """The turns that are selected, or this one, as they were written."""
        if not self._across or self._anchor is None or self._head is None:
            return turn.text if turn is not None else ""
        first, last = sorted((self._anchor, self._head))
        return "\n\n".join(one.text for one in self._area.turns[first.turn : last.turn + 1])

    def _share(self, turn: Turn, begin: Place, end: Place) -> tuple[str, str]:
        """What of a turn is selected, as text and as HTML."""
        if turn.role == "user":
            text = self._words(turn, begin, end)
            return text, "".join(f"<p>{escape(line)}</p>" for line in text.split("\n"))
        words: list[str] = []
        rich: list[str] = []
        blocks = turn.all_blocks()
        for number in range(begin.block, min(len(blocks), end.block + 1)):
            start = begin.position if number == begin.block else 0
            stop = end.position if number == end.block else END
            text, html = self._block(Place(begin.turn, number, 0), blocks[number], start, stop)
            if text:
                words += ["\n" if words and _continues(blocks[number]) else "\n\n", text]
                rich.append(html)
        return "".join(words[1:]), "".join(rich)

    def _block(self, place: Place, block: Block, start: int, stop: int) -> tuple[str, str]:
        if start == 0 and stop == END:
            return plain_text.clean(block), plain_text.html(block)
        text = self._view(place)
        document = text.document() if text is not None else document_of(block, self._area.theme)
        last = document.characterCount() - 1
        if start == 0 and stop >= last:
            return plain_text.clean(block), plain_text.html(block)
        part = clean_text(document, start, min(stop, last))
        return part, f"<p>{escape(part)}</p>" if part else ""

    def _words(self, turn: Turn, begin: Place, end: Place) -> str:
        """Of a person's words; what is folded away is there where all that is seen is selected."""
        pieces = pieces_of(turn.shown_text()[0])
        made: list[str] = []
        whole = not begin.block and not begin.position
        for number in range(begin.block, min(len(pieces), end.block + 1)):
            letters = pieces[number].encode("utf-16-le", "surrogatepass")
            last = len(letters) if number < end.block else min(len(letters), 2 * end.position)
            first = 2 * begin.position if number == begin.block else 0
            made.append(letters[first:last].decode("utf-16-le", "replace"))
            whole = whole and last == len(letters)
        return turn.text if whole and end.block >= len(pieces) - 1 else "".join(made)

    def _view(self, place: Place) -> Text | None:
        found = (text for other, text in texts(self._area) if other[:2] == place[:2])
        return next(found, None)


def _continues(block: Block) -> bool:
    return block.gap != "paragraph"
