"""*This chat's settings*: the preset, the system prompt, how words are chosen, thinking, and a full context."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal

from mistral_desk.core.words import tr
from mistral_desk.ui.presets import fields
from mistral_desk.ui.presets.choosing import PresetPart
from mistral_desk.ui.presets.rows import ChoiceRow, NumberRow, SystemRow
from mistral_desk.ui.settings.rows import Row, Section
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.sheet import Sheet

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from mistral_desk.inference.protocol import ModelInfo
    from mistral_desk.ui.presets.own import Own
    from mistral_desk.ui.theme.theme import Theme


class ChatSettingsSheet(Sheet):
    """Each change holds from the next message on; there is nothing to confirm. `context_asked`: show how full it is."""

    context_asked = Signal()
    widest = 680

    def __init__(self, theme: Theme, own: Own, info: ModelInfo | None, parent: QWidget) -> None:
        super().__init__(theme, tr("This chat's settings"), parent)
        self.own = own
        body, column = self.anew()
        column.setSpacing(0)
        self.presets = PresetPart(theme, own, body)
        self.presets.resized.connect(self._resized)
        self.system = SystemRow(theme, own, body)
        column.addWidget(self.presets)
        column.addWidget(self.system)
        column.addSpacing(SPACE[2])
        words = Section(theme, tr("How words are chosen"), body)
        self.numbers = {one.field: NumberRow(theme, own, one, words) for one in fields.NUMBERS}
        for row in self.numbers.values():
            words.add(row)
        column.addWidget(words)
        thinking = Section(theme, tr("Thinking"), body)
        think = (fields.THINK_LABEL, fields.THINK_HELP, fields.THINK_CHOICES)
        self.think = ChoiceRow(theme, own, "think", think, thinking)
        keep = (fields.KEEP_LABEL, fields.KEEP_HELP, fields.KEEP_CHOICES)
        self.keep = ChoiceRow(theme, own, "keep_thinking", keep, thinking)
        thinking.add(self.think)
        for one in fields.THOUGHTS:
            self.numbers[one.field] = NumberRow(theme, own, one, thinking)
            thinking.add(self.numbers[one.field])
        thinking.add(self.keep)
        column.addWidget(thinking)
        context = Section(theme, tr("Context"), body)
        full = (fields.FULL_LABEL, fields.FULL_HELP, fields.FULL_CHOICES)
        self.full = ChoiceRow(theme, own, "when_full", full, context)
        context.add(self.full)
        self.look = Button(theme, tr("Show how full it is"), text=tr("Show"), kind="outline", parent=context)
        self.look.setToolTip("")
        self.look.clicked.connect(self.context_asked)
        context.add(
            Row(theme, tr("How full it is"), tr("Where the tokens of this chat go."), self.look, parent=context)
        )
        column.addWidget(context)
        self.done_button = self.button(tr("Done"), primary=True)
        self.done_button.clicked.connect(self.accept)
        self._kept: int | None = None
        self.set_model(info)
        self.order()

    def set_model(self, info: ModelInfo | None) -> None:
        """What the model itself would do, where it is known."""
        self._info = info
        for row in self.numbers.values():
            row.set_model(info)
        never = info is not None and not info.takes_thoughts
        self.keep.picker.setEnabled(not never)
        self.keep.show_own()
        self.tell_thinking(self._kept)

    def tell_reading(self, tokens: int | None) -> None:
        """What another system prompt costs: so much is read anew. None: not known, 0: nothing was said yet."""
        words = ""
        if tokens:
            words = tr(
                "When it changes, the model reads this chat anew with the next message: {tokens}.",
                tokens=fields.tokens(tokens),
            )
        elif tokens is None and self.own.chat.turns:
            words = tr("When it changes, the model reads this chat anew with the next message.")
        self.system.tell_cost(words)
        self._resized()

    def tell_thinking(self, tokens: int | None) -> None:
        """What earlier thinking takes in the prompt; None: not known."""
        self._kept = tokens
        info = self._info
        parts = [self.keep.help]
        if info is not None and not info.takes_thoughts:
            parts.append(tr(fields.KEEP_NEVER))
        else:
            if tokens:
                parts.append(tr(fields.KEEP_COST, tokens=fields.tokens(tokens)))
            if tokens != 0:
                parts.append(tr(fields.KEEP_READ))
        if info is not None:
            by_itself = (
                tr("As the template does: stays") if info.takes_thoughts else tr("As the template does: left out")
            )
            self.keep.picker.set_choices({**self.keep.picker.choices, "": by_itself})
        self.keep.set_note(" ".join(parts))

    def done(self, result: int) -> None:
        """What is written is kept."""
        self.system.take()
        super().done(result)

    def first(self) -> QWidget:
        """Where it begins."""
        return self.presets.picker

    def _resized(self) -> None:
        self.order()
