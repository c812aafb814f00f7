"""One of several choices as a button that opens a menu: for more, or longer, words than `Segmented` has room for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QMenu, QSizePolicy

from mistral_desk.core.words import tr
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.popup import below, tick

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PySide6.QtWidgets import QWidget

    from mistral_desk.ui.theme.theme import Theme

WIDEST = 260


class Picker(Button):
    """Shows what holds; `chosen` carries the key of what a person chose instead."""

    chosen = Signal(str)

    def __init__(self, theme: Theme, name: str, choices: Mapping[str, str], parent: QWidget) -> None:
        super().__init__(theme, name, text=" ", kind="outline", trail="chevron-down", parent=parent)
        self._name = name
        self.choices = dict(choices)
        self.value = ""
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.setToolTip("")
        self.clicked.connect(self.open_menu)

    def set_choices(self, choices: Mapping[str, str]) -> None:
        """Other choices, or other words for them."""
        self.choices = dict(choices)
        self.set_value(self.value)

    def set_value(self, key: str) -> None:
        """Show which one holds."""
        self.value = key
        words = self.choices.get(key, "")
        self.set_label(tr("{name}: {value}", name=self._name, value=words), words)
        long = super().sizeHint().width() > self._most()
        self.setProperty("elides", long)
        self.setToolTip(words if long else "")

    def sizeHint(self) -> QSize:
        """As wide as the words, up to a limit."""
        hint = super().sizeHint()
        return QSize(min(hint.width(), self._most()), hint.height())

    def minimumSizeHint(self) -> QSize:
        """It may become narrow."""
        return QSize(80, self.sizeHint().height())

    def open_menu(self) -> None:
        """Let the person choose."""
        menu = self.menu()
        below(menu, self)

    def menu(self) -> QMenu:
        """The choices."""
        menu = QMenu(self)
        self._theme.dress_menu(menu)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for key, words in self.choices.items():
            action = menu.addAction(words.replace("&", "&&"))
            tick(self._theme, action, on=key == self.value)
            action.triggered.connect(lambda _on=False, key=key: self.chosen.emit(key))
        return menu

    def _most(self) -> int:
        return round(WIDEST * max(1.0, self._theme.text_size / 100))
