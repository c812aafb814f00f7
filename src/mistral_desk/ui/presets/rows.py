"""The rows of a chat's settings: each explains itself, shows what holds, and has its way back where it was changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from mistral_desk.chat.message import ConversationSettings
from mistral_desk.chat.presets import value
from mistral_desk.core.words import tr
from mistral_desk.ui.presets import fields
from mistral_desk.ui.presets.number import NumberBox
from mistral_desk.ui.settings.rows import Reset, Row
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.picker import Picker
from mistral_desk.ui.widgets.text_box import TextBox

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mistral_desk.inference.protocol import ModelInfo
    from mistral_desk.ui.presets.fields import Number
    from mistral_desk.ui.presets.own import Own
    from mistral_desk.ui.theme.theme import Theme

SETTLE_MS = 400
_PLAIN = ConversationSettings()
_SAID = {"": None, "yes": True, "no": False}


class NumberRow(Row):
    """A number of the sampling, or the longest answer."""

    def __init__(self, theme: Theme, own: Own, field: Number, parent: QWidget) -> None:
        self.box = NumberBox(theme, field, parent)
        super().__init__(theme, tr(field.label), tr(field.help), self.box, parent=parent)
        self._own, self._field = own, field
        self._info: ModelInfo | None = None
        self.reset = Reset(theme, tr(field.label), self._back, self)
        self.reset.setToolTip(tr("Back to what holds by itself"))
        self.add_before(self.reset)
        self.box.changed.connect(self._say)
        own.changed.connect(self.show_own)

    def set_model(self, info: ModelInfo | None) -> None:
        """What the model itself would do."""
        self._info = info
        self.show_own()

    def show_own(self) -> None:
        """What holds now."""
        said = value(self._own.settings, self._field.field)
        words, sentence = fields.own_words(self._field, self._info)
        thinks = bool(self._own.settings.think)
        self.box.show_value(said, fields.own_number(self._field, self._info, thinks=thinks), words)
        self.set_note(" ".join(part for part in (tr(self._field.help), sentence) if part))
        self.reset.setVisible(said is not None)

    def _say(self, number: float | None) -> None:
        said: float | None = number
        if number is not None:
            said = int(number) if self._field.decimals == 0 else round(number, self._field.decimals)
        if said != value(self._own.settings, self._field.field):
            self._own.say(self._field.field, said)

    def _back(self) -> None:
        self._own.say(self._field.field, None)
        self.box.spin.setFocus()


class ChoiceRow(Row):
    """One of a few words."""

    def __init__(
        self, theme: Theme, own: Own, field: str, words: tuple[str, str, Mapping[str, str]], parent: QWidget
    ) -> None:
        label, help_, choices = tr(words[0]), tr(words[1]), {key: tr(one) for key, one in words[2].items()}
        self.picker = Picker(theme, label, choices, parent)
        super().__init__(theme, label, help_, self.picker, more=" ".join(choices.values()), parent=parent)
        self.help = help_
        self._own, self._field = own, field
        self.reset = Reset(theme, label, self._back, self)
        self.reset.setToolTip(tr("Back to what holds by itself"))
        self.add_before(self.reset)
        self.picker.chosen.connect(self._say)
        own.changed.connect(self.show_own)
        self.show_own()

    def show_own(self) -> None:
        """What holds now."""
        said = value(self._own.settings, self._field)
        self.picker.set_value(said if isinstance(said, str) else {None: "", True: "yes", False: "no"}[said])
        self.reset.setVisible(said != value(_PLAIN, self._field) and self.picker.isEnabled())

    def _say(self, key: str) -> None:
        self._own.say(self._field, _SAID.get(key, key))

    def _back(self) -> None:
        self._own.say(self._field, value(_PLAIN, self._field))
        self.picker.setFocus()


class SystemRow(QWidget):
    """The system prompt. `cost` says what a change takes."""

    def __init__(self, theme: Theme, own: Own, parent: QWidget) -> None:
        super().__init__(parent)
        self._own = own
        label = tr(fields.SYSTEM_LABEL)
        self.label = Label(theme, label, wrap=True, parent=self)
        self.note = Label(theme, tr(fields.SYSTEM_HELP), "small", ink="muted", wrap=True, parent=self)
        self.box = TextBox(theme, label, self)
        self.box.edit.setAccessibleDescription(tr(fields.SYSTEM_HELP))
        self.cost = Label(theme, "", "small", ink="muted", wrap=True, parent=self)
        self.cost.hide()
        self.reset = Reset(theme, label, self._back, self)
        self.reset.setToolTip(tr("Without a system prompt"))
        head = QHBoxLayout()
        head.setSpacing(SPACE[1])
        head.addWidget(self.label, 1)
        head.addWidget(self.reset)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, SPACE[1], 0, SPACE[2])
        column.setSpacing(SPACE[0])
        column.addLayout(head)
        column.addWidget(self.note)
        column.addWidget(self.box)
        column.addWidget(self.cost)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLE_MS)
        self._settle.timeout.connect(self.take)
        self.box.changed.connect(self._settle.start)
        self.box.left.connect(self.take)
        own.changed.connect(self.show_own)
        self.show_own()

    def show_own(self) -> None:
        """What holds now."""
        if not self._settle.isActive():
            self.box.set_text(self._own.settings.system)
            self._settle.stop()
        self.reset.setVisible(bool(self._own.settings.system))

    def take(self) -> None:
        """Keep what is written."""
        self._settle.stop()
        if self.box.text != self._own.settings.system:
            self._own.say("system", self.box.text)

    def tell_cost(self, words: str) -> None:
        """What a change takes; nothing hides the line."""
        self.cost.setText(words)
        self.cost.setVisible(bool(words))

    def _back(self) -> None:
        self._settle.stop()
        self._own.say("system", "")
        self.box.setFocus()
