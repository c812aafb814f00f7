"""How full the context is and of what, and what can be done about it now: opened by the meter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Signal

from mistral_desk.core import amounts
from mistral_desk.core.words import mark, tr, trn
from mistral_desk.ui.context.shares import Shares
from mistral_desk.ui.presets import fields
from mistral_desk.ui.settings.rows import Row
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.paragraph import Paragraph
from mistral_desk.ui.widgets.picker import Picker
from mistral_desk.ui.widgets.sheet import Sheet
from mistral_desk.ui.widgets.working import Working

if TYPE_CHECKING:
    from PySide6.QtWidgets import QVBoxLayout, QWidget

    from mistral_desk.chat.context import Budget
    from mistral_desk.ui.theme.theme import Theme


_ABOUT: Final = mark("A token is a word or a piece of one. What does not fit, the model does not see.")


class DetailsSheet(Sheet):
    """Fill with `show_budget`. `shorten` carries whether the oldest messages are to be summed up."""

    shorten = Signal(bool)
    cancelled = Signal()
    gone_asked = Signal()
    when_full = Signal(str)
    widest = 560

    def __init__(self, theme: Theme, model: str, parent: QWidget, *, elsewhere: bool = False) -> None:
        """`elsewhere`: the model lies at an endpoint, which alone could count."""
        super().__init__(theme, tr("What the model sees"), parent)
        self._model, self._elsewhere = model, elsewhere
        self._working = False
        self._told = ""
        self.drop = self.button(tr("Drop the oldest messages"))
        self.sum_up = self.button(tr("Sum up the oldest messages"))
        self.drop.clicked.connect(lambda: self.shorten.emit(False))
        self.sum_up.clicked.connect(lambda: self.shorten.emit(True))
        self.cancel = self.button(tr("Cancel"))
        self.cancel.clicked.connect(self.cancelled)
        self.cancel.hide()
        self.progress: Working | None = None
        self.picker: Picker | None = None
        self._column: QVBoxLayout | None = None

    def show_counting(self) -> None:
        """Nothing is known yet."""
        self._column = None
        body, column = self.anew()
        column.addWidget(Paragraph(self._theme, tr("Counting…"), strong=True, parent=body))
        column.addWidget(Label(self._theme, tr(_ABOUT), "small", ink="muted", wrap=True, parent=body))
        for button in (self.drop, self.sum_up):
            button.hide()
        self.order()

    def show_budget(self, budget: Budget | None, *, gone: int, summed_up: bool, droppable: bool, when: str) -> None:
        """Show a state. `gone` messages are not sent any more; `when` is what happens in a full context."""
        theme = self._theme
        body, column = self.anew()
        self._column = column
        self.progress = None
        column.addWidget(Paragraph(theme, self._headline(budget), strong=True, parent=body))
        column.addWidget(Label(theme, tr(_ABOUT), "small", ink="muted", wrap=True, parent=body))
        if budget is not None and not budget.far:
            column.addWidget(Shares(theme, budget, body))
        if gone:
            words = trn("{n} message is not sent any more", "{n} messages are not sent any more", gone)
            note = tr("A summary stands in their place.") if summed_up else tr("The chat keeps them.")
            show = Button(theme, tr("Show what is not sent"), text=tr("Show"), kind="outline", parent=body)
            show.setToolTip("")
            show.clicked.connect(self.gone_asked)
            column.addWidget(Row(theme, words, note, show, parent=body))
        choices = {key: tr(one) for key, one in fields.FULL_CHOICES.items()}
        self.picker = Picker(theme, tr(fields.FULL_LABEL), choices, body)
        self.picker.set_value(when)
        self.picker.chosen.connect(self.picker.set_value)
        self.picker.chosen.connect(self.when_full)
        column.addWidget(Row(theme, tr(fields.FULL_LABEL), tr(fields.FULL_HELP), self.picker, parent=body))
        for button in (self.drop, self.sum_up):
            button.setVisible(droppable)
        self.order()
        if (line := self._headline(budget)) != self._told:  # it is shown anew whenever something was counted
            self._told = line
            self.announce(line)

    def show_working(self, share: float | None, words: str = "") -> None:
        """Room is being made; None: it is over."""
        self._working = share is not None
        held = any(button.hasFocus() for button in (self.drop, self.sum_up, self.cancel))
        for button in (self.drop, self.sum_up):
            button.setVisible(not self._working)
        self.cancel.setVisible(self._working)
        if held:
            (self.cancel if self._working else self.close_button).setFocus()
        if share is None or self._column is None:
            if self.progress is not None:
                self.progress.hide()
            return
        if self.progress is None:
            self.progress = Working(self._theme, tr("Making room"), self.card)
            self._column.insertWidget(0, self.progress)
            self.progress.lower()  # read out first, as it stands
        self.progress.show()
        self.progress.show_share(share, words)

    def done(self, result: int) -> None:
        """Closing it ends what is being done."""
        if self._working:
            self.cancelled.emit()
        super().done(result)

    def _headline(self, budget: Budget | None) -> str:
        if budget is None and self._elsewhere:
            return tr("How full the context is, only the endpoint of {model} can tell.", model=self._model)
        if budget is None:
            return tr("How full the context is, is not known: {model} is not loaded.", model=self._model)
        if budget.far:
            return trn(
                "This chat is far longer than the {n} token that {model} sees at once.",
                "This chat is far longer than the {n} tokens that {model} sees at once.",
                budget.context,
                model=self._model,
            )
        return trn(
            "{used} of {n} token that {model} sees at once ({share})",
            "{used} of {n} tokens that {model} sees at once ({share})",
            budget.context,
            used=amounts.number(budget.used),
            model=self._model,
            share=amounts.percent(budget.share),
        )
