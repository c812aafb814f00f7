"""One of a few choices side by side: what a drop-down would hide."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Signal
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QSizePolicy, QWidget

from mistral_desk.core.words import tr
from mistral_desk.ui.theme.tokens import RADIUS
from mistral_desk.ui.widgets.button import Button

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PySide6.QtGui import QPaintEvent

    from mistral_desk.ui.theme.theme import Theme


class Segmented(QFrame):
    """Buttons of which one is on. `chosen` carries its key when a person chose it."""

    chosen = Signal(str)

    def __init__(self, theme: Theme, name: str, choices: Mapping[str, str], parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setAccessibleName(name)
        self.buttons: dict[str, Button] = {}
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        row = QHBoxLayout(self)
        row.setContentsMargins(2, 2, 2, 2)
        row.setSpacing(2)
        for key, label in choices.items():
            button = Button(theme, tr("{name}: {value}", name=name, value=label), text=label, parent=self)
            button.setCheckable(True)
            button.setAutoExclusive(True)  # in a group it says only that it is one of several, to a screen reader
            button.setToolTip("")
            button.clicked.connect(lambda _on=False, key=key: self.chosen.emit(key))
            self._group.addButton(button)
            row.addWidget(button)
            self.buttons[key] = button
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def set_value(self, key: str) -> None:
        """Show which one holds."""
        if key in self.buttons:
            self.buttons[key].setChecked(True)
            self.setFocusProxy(self.buttons[key])

    def paintEvent(self, _event: QPaintEvent) -> None:
        """One frame around all."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._theme.colour("border"), 1))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS + 2, RADIUS + 2)
        painter.end()
