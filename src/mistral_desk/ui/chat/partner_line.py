"""The line over the composer of a chat whose last answer is another model's: who that was, and who answers now.

It is there so that nobody is answered by another model without a word; nothing is chosen by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Signal

from mistral_desk.core.words import mark, tr
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.saying import say
from mistral_desk.ui.widgets.strip import Strip

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from mistral_desk.ui.theme.theme import Theme

WITHOUT: Final = mark("This chat was with {name}. {reason} {now} answers now.")
WIDEST: Final = 230
"""Pixels of a button at the system's text size; a longer name is shortened, its tool tip has all of it."""


@dataclass(frozen=True)
class Partner:
    """`model` answered last in a chat (`name` for people, `place` its endpoint's host or empty), and `now` would answer
    next. `reason` says why it cannot be had, empty where it can; `outside`: it lies on another computer.
    """

    model: str
    name: str
    now: str
    place: str = ""
    outside: bool = False
    reason: str = ""

    @property
    def words(self) -> str:
        """What the line says."""
        name = tr("{model} · {host}", model=self.name, host=self.place) if self.place else self.name
        if self.reason:
            return tr(WITHOUT, name=name, reason=self.reason, now=self.now)
        if self.outside:
            return tr(
                "This chat was with {name}: what is sent to it leaves this computer. {now} answers now.",
                name=name,
                now=self.now,
            )
        return tr("This chat was with {name}. {now} answers now.", name=name, now=self.now)


class PartnerLine(Strip):
    """`used` asks for the model of the chat, `other` for the menu of models, `closed` stays with the one of now."""

    used = Signal()
    other = Signal()

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, "chat", "", name=tr("Close"), text=tr("Close"), parent=parent)
        words = tr("Choose another model")
        self.use = Button(theme, words, text=words, kind="outline", small=True, step="small", parent=self)
        self.use.clicked.connect(self._pressed)
        for button in (self.use, self.close_button):
            button.setProperty("elides", True)
        self.put_before(self.use)
        self._partner: Partner | None = None
        theme.changed.connect(self._bound)
        self._bound()
        self.hide()

    def show_partner(self, partner: Partner | None) -> None:
        """Say who this chat was with; None: nothing is to be said."""
        if partner == self._partner:
            return
        self._partner = partner
        if partner is not None:
            self.set_words(partner.words)
            use = tr("Choose another model") if partner.reason else tr("Use {model}", model=partner.name)
            for button, text in ((self.use, use), (self.close_button, tr("Stay with {model}", model=partner.now))):
                button.set_label(text, text)
                button.setToolTip(text)
            self.arrange()
            say(self, partner.words)
        self.setVisible(partner is not None)

    def _pressed(self) -> None:
        (self.other if self._partner is not None and self._partner.reason else self.used).emit()

    def _bound(self) -> None:
        """Models have long names."""
        for button in (self.use, self.close_button):
            button.setMaximumWidth(round(WIDEST * max(1.0, self._theme.text_size / 100)))
