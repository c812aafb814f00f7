"""The list of the settings' sections: beside them where there is room, else above them in columns of one width."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QObject, QRect, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QButtonGroup, QSizePolicy, QStyle, QVBoxLayout, QWidget

from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.button import Button

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PySide6.QtGui import QResizeEvent

    from mistral_desk.ui.theme.theme import Theme

LEAST: Final = 560
"""Pixels at the system's text size that the sections keep beside their list."""
_GAP: Final = 2


class SectionTabs(QWidget):
    """Buttons of which one is on; `chosen` carries its key. `beside`: all below each other."""

    chosen = Signal(str)

    def __init__(self, theme: Theme, words: Mapping[str, str], parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.beside = False
        self.buttons: dict[str, Button] = {}
        group = QButtonGroup(self)
        for key, text in words.items():
            tab = Button(theme, text, text=text, kind="row", parent=self)
            tab.setCheckable(True)
            tab.setAutoExclusive(True)  # in a group it says only that it is one of several, to a screen reader
            tab.clicked.connect(lambda _on=False, key=key: self.chosen.emit(key))
            tab.installEventFilter(self)
            group.addButton(tab)
            self.buttons[key] = tab
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    @property
    def widest(self) -> int:
        """Pixels of the widest of them."""
        return max(tab.sizeHint().width() for tab in self.buttons.values())

    def columns(self, width: int) -> int:
        """How many stand beside each other: in as few lines as there are, about the same number in each."""
        if self.beside:
            return 1
        most = max(1, min(len(self.buttons), (width + _GAP) // (self.widest + _GAP)))
        return math.ceil(len(self.buttons) / math.ceil(len(self.buttons) / most))

    def heightForWidth(self, width: int) -> int:
        """Of all lines."""
        lines = math.ceil(len(self.buttons) / self.columns(width))
        return lines * (self._line + _GAP) - _GAP

    def sizeHint(self) -> QSize:
        """As wide as one, as tall as there is need."""
        width = max(self.width(), self.widest)
        return QSize(self.widest, self.heightForWidth(width))

    def minimumSizeHint(self) -> QSize:
        """As wide as the widest."""
        return QSize(self.widest, 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In their places."""
        super().resizeEvent(event)
        self._place()

    def event(self, event: QEvent) -> bool:
        """Another text size."""
        if event.type() in (QEvent.Type.LayoutRequest, QEvent.Type.LayoutDirectionChange):
            self.updateGeometry()
            self._place()
        return super().event(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Arrows go from section to section as they stand."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            ahead = -1 if self.isRightToLeft() else 1
            line = self.columns(self.width())
            arrows = {Qt.Key.Key_Right: ahead, Qt.Key.Key_Left: -ahead, Qt.Key.Key_Down: line, Qt.Key.Key_Up: -line}
            if (step := arrows.get(Qt.Key(event.key()))) is not None:
                keys = list(self.buttons)
                place = next((at for at, tab in enumerate(self.buttons.values()) if tab is watched), -999) + step
                if 0 <= place < len(keys):
                    self.chosen.emit(keys[place])
                    self.buttons[keys[place]].setFocus(Qt.FocusReason.TabFocusReason)
                return True
        return super().eventFilter(watched, event)

    @property
    def _line(self) -> int:
        return max(tab.sizeHint().height() for tab in self.buttons.values())

    def _place(self) -> None:
        columns, line = self.columns(self.width()), self._line
        width = (self.width() + _GAP) // columns - _GAP
        for number, tab in enumerate(self.buttons.values()):
            box = QRect(number % columns * (width + _GAP), number // columns * (line + _GAP), width, line)
            tab.setGeometry(QStyle.visualRect(self.layoutDirection(), self.rect(), box))


class Side(QWidget):
    """Where the list stands beside the sections; as wide as it is and what is left of the page before both."""

    def __init__(self, theme: Theme, tabs: SectionTabs, above: QVBoxLayout, search: QWidget, parent: QWidget) -> None:
        """Without room the tabs stand in the column `above`, where they stand now, behind the `search`."""
        super().__init__(parent)
        self._theme, self._tabs, self._above, self._search = theme, tabs, above, search
        self._at = above.indexOf(tabs)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, SPACE[3], 0, 0)
        self._column.addStretch(1)
        self.hide()

    def arrange(self, page: QSize, widest: int) -> bool:
        """Whether the list stands beside sections that are `widest` pixels at most, in a page of this size."""
        tabs, scale = self._tabs, max(1.0, self._theme.text_size / 100)
        needed = tabs.widest + 3 * SPACE[4]
        tall = len(tabs.buttons) * (self._theme.control + 4) + SPACE[4]
        beside = page.width() >= needed + round(LEAST * scale) and page.height() >= tall
        if beside != tabs.beside:
            self._move(beside=beside)
        if beside:
            left = max(SPACE[4], (page.width() - tabs.widest - SPACE[4] - widest) // 2)
            before, behind = (0, left) if self.isRightToLeft() else (left, 0)
            self._column.setContentsMargins(before, SPACE[3], behind, 0)
            self.setFixedWidth(left + tabs.widest)
        return beside

    def _move(self, *, beside: bool) -> None:
        tabs = self._tabs
        held = next((tab for tab in tabs.buttons.values() if tab.hasFocus()), None)
        tabs.beside = beside
        if beside:
            self._above.removeWidget(tabs)
            self._column.insertWidget(0, tabs)
        else:
            self._column.removeWidget(tabs)
            self._above.insertWidget(self._at, tabs)
        self.setVisible(beside)
        tabs.show()
        tabs.updateGeometry()
        buttons = list(tabs.buttons.values())
        for before, after in pairwise((*buttons, self._search) if beside else (self._search, *buttons)):
            QWidget.setTabOrder(before, after)
        if held is not None:
            held.setFocus(Qt.FocusReason.OtherFocusReason)
