"""Marks what is looked for in the texts on the screen, in every kind of block, and the one place that is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QColor, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QTextEdit

from mistral_desk.ui.chat.positions import places_in
from mistral_desk.ui.chat.whereabouts import Area, Place, texts
from mistral_desk.ui.theme.contrast import blend

if TYPE_CHECKING:
    from mistral_desk.ui.chat.matching import Needle
    from mistral_desk.ui.chat.selecting import Text


class Marks:
    """What is marked in a transcript."""

    def __init__(self, area: Area) -> None:
        self._area = area
        self._needle: Needle | None = None
        self._meant: Place | None = None
        self._round = 0

    @property
    def needle(self) -> Needle | None:
        """What is marked."""
        return self._needle

    def look_for(self, needle: Needle | None) -> None:
        """Mark these words everywhere; None takes the marks away."""
        if needle != self._needle:
            self._needle = needle
            self._meant = None
            self.refresh()

    def mean(self, meant: Place | None) -> None:
        """This one is looked at; `position` counts the places in its block."""
        if meant != self._meant:
            self._meant = meant
            self.refresh()

    def shift(self, count: int) -> None:
        """So many turns were put before all others."""
        if self._meant is not None:
            self._meant = self._meant._replace(turn=self._meant.turn + count)

    def refresh(self) -> None:
        """Mark anew: colours, words, or what is meant are others."""
        self._round += 1
        self.show()

    def show(self) -> None:
        """Mark the texts that have come to the screen, or have changed."""
        if self._needle is None and not self._round:
            return
        for place, text in texts(self._area, thoughts=True):
            if text.looks != self._round:
                text.looks = self._round
                self._mark(place, text)

    def places(self, text: Text) -> list[tuple[int, int]]:
        """Where the words stand in a text, as its positions."""
        return places_in(text.document(), self._needle) if self._needle is not None else []

    def _mark(self, place: Place, text: Text) -> None:
        made: list[QTextEdit.ExtraSelection] = []
        meant = self._meant
        for number, (begin, end) in enumerate(self.places(text)):
            here = meant is not None and meant[:2] == place[:2] and meant.position == number
            made.append(self._selection(text, begin, end, here=here))
        text.setExtraSelections(made)

    def _selection(self, text: Text, begin: int, end: int, *, here: bool) -> QTextEdit.ExtraSelection:
        colours = self._area.theme.colours
        one = QTextEdit.ExtraSelection()
        form = QTextCharFormat()
        if here:
            form.setBackground(QColor(colours.accent))
            form.setForeground(QColor(colours.on_accent))
        else:
            form.setBackground(QColor(blend(colours.warning, colours.canvas, 0.34)))
            form.setForeground(QColor(colours.text))
        cursor = QTextCursor(text.document())
        cursor.setPosition(begin)
        cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
        one.cursor, one.format = cursor, form
        return one
