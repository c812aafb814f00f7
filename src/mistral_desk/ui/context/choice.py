"""The question in a full context: what gives way. Nothing is lost with any answer, and closing it means stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout

from mistral_desk.core import amounts
from mistral_desk.core.errors import in_words
from mistral_desk.core.words import tr, trn
from mistral_desk.ui.settings.rows import Row
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.paragraph import Paragraph
from mistral_desk.ui.widgets.sheet import Sheet
from mistral_desk.ui.widgets.switch import Switch

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from mistral_desk.chat.events import Full
    from mistral_desk.chat.message import WhenFull
    from mistral_desk.ui.theme.theme import Theme


class FullSheet(Sheet):
    """`chosen` carries what gives way, and whether that holds for this chat from now on."""

    chosen = Signal(str, bool)
    widest = 560

    def __init__(self, theme: Theme, full: Full, model: str, parent: QWidget) -> None:
        super().__init__(theme, tr("This chat does not fit any more"), parent)
        self._said = False
        body, column = self.anew()
        size = trn(
            "With your message it has {n} token. {model} sees {context} at once, and its answer needs room, too.",
            "With your message it has {n} tokens. {model} sees {context} at once, and its answer needs room, too.",
            full.tokens,
            context=amounts.number(full.context),
            model=model,
        )
        if not full.tokens:
            size = trn(
                "It is far longer than the {n} token that {model} sees at once.",
                "It is far longer than the {n} tokens that {model} sees at once.",
                full.context,
                model=model,
            )
        if full.failed is not None:
            failed = in_words(full.failed, tr)
            column.addWidget(Paragraph(theme, failed.title, strong=True, parent=body))
            column.addWidget(Paragraph(theme, failed.message, parent=body))
        column.addWidget(Paragraph(theme, size, parent=body))
        kept = trn(
            "{n} earlier message could give way. The chat keeps all of it; this is about what the model sees.",
            "{n} earlier messages could give way. The chat keeps all of them; this is about what the model sees.",
            full.messages,
        )
        column.addWidget(Paragraph(theme, kept, ink="muted", parent=body))
        if full.failed is None and "summarise" not in full.helps:
            why = tr("Your message leaves no room for a summary of them.")
            column.addWidget(Paragraph(theme, why, ink="muted", parent=body))
        options = QVBoxLayout()
        options.setSpacing(0)
        column.addLayout(options)
        self.sum_up = self._option(
            tr("Sum up the oldest messages"),
            tr("The model writes a summary first, which takes a moment. You can read it and change it."),
            tr("Sum up"),
            "summarise",
        )
        self.drop = self._option(
            tr("Drop the oldest messages"),
            tr("The model does not see them any more. The system prompt stays, and so do whole turns with pictures."),
            tr("Drop"),
            "drop",
        )
        self.stop = self._option(
            tr("Stop here"),
            tr("No answer is made. You can ask for it again, or begin a new chat."),
            tr("Stop"),
            "stop",
        )
        self.remember = Switch(theme, tr("Do the same in this chat from now on"), body)
        self.sum_up.setVisible("summarise" in full.helps)
        self.drop.setVisible("drop" in full.helps)
        for row in (self.sum_up, self.drop, self.stop):
            options.addWidget(row)
        options.addWidget(Row(theme, tr("Do the same in this chat from now on"), "", self.remember, parent=body))
        self.order()

    def first(self) -> QWidget:
        """The first choice."""
        row = self.drop if self.sum_up.isHidden() else self.sum_up
        return row.control or self.close_button

    def done(self, result: int) -> None:
        """Closed without a choice: stop."""
        if not self._said:
            self._said = True
            self.chosen.emit("stop", False)
        super().done(result)

    def answered(self, busy: bool) -> None:
        """The turn is over in another way, by Stop for example: there is nothing to ask any more."""
        if not busy and not self._said:
            self._said = True
            self.reject()

    def _option(self, title: str, text: str, word: str, what: WhenFull) -> Row:
        button = Button(self._theme, title, text=word, kind="outline", parent=self.card)
        button.setToolTip("")
        button.clicked.connect(lambda: self._choose(what))
        return Row(self._theme, title, text, button, parent=self.card)

    def _choose(self, what: WhenFull) -> None:
        self._said = True
        self.chosen.emit(what, self.remember.isChecked())
        self.accept()
