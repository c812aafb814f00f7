"""A few named choices that wrap into lines where the window is narrow, with a sentence about the one that is on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QVBoxLayout, QWidget

from mistral_desk.core.words import tr
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.flow import FlowLayout
from mistral_desk.ui.widgets.paragraph import Paragraph

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mistral_desk.ui.theme.theme import Theme


class Choices(QFrame):
    """`choices` are name and sentence by key. `chosen` carries the key."""

    chosen = Signal(str)

    def __init__(self, theme: Theme, name: str, choices: Mapping[str, tuple[str, str]], parent: QWidget) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self._choices = choices
        self.buttons: dict[str, Button] = {}
        self._group = QButtonGroup(self)
        line = QWidget(self)
        flow = FlowLayout(line, spacing=SPACE[0])
        for key, (label, sentence) in choices.items():
            full = tr("{name}: {value}", name=name, value=label)
            button = Button(theme, full, text=label, parent=line)
            button.setCheckable(True)
            button.setAutoExclusive(True)  # in a group it says only that it is one of several, to a screen reader
            button.setToolTip("")
            button.setAccessibleDescription(sentence)
            button.clicked.connect(lambda _on=False, key=key: self.choose(key))
            self._group.addButton(button)
            flow.addWidget(button)
            self.buttons[key] = button
        self._sentence = Paragraph(theme, " ", "small", ink="muted", parent=self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE[0])
        column.addWidget(line)
        column.addWidget(self._sentence)
        self.key = ""

    def choose(self, key: str) -> None:
        """This one is on."""
        self.buttons[key].setChecked(True)
        self._sentence.say(self._choices[key][1])
        if key != self.key:
            self.key = key
            self.chosen.emit(key)
