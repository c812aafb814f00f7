"""What a person may decide instead of the plan: one row each, with what it does, within what makes sense here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from mistral_desk.core.words import mark, tr
from mistral_desk.fit.plan import LARGEST_BATCH, Wishes
from mistral_desk.ui.fit.placement import KV_WORDS, MODE_WORDS
from mistral_desk.ui.settings.rows import Row
from mistral_desk.ui.widgets.picker import Picker
from mistral_desk.ui.widgets.segmented import Segmented
from mistral_desk.ui.widgets.stepper import Stepper

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mistral_desk.fit.machine import Machine
    from mistral_desk.fit.shape import Shape
    from mistral_desk.ui.theme.theme import Theme

AUTOMATIC: Final = mark("Automatic")
HELP: Final = {
    "context": mark("How much of a conversation the model remembers. More takes more memory."),
    "gpu_layers": mark("The last layers go to the GPU: the more, the faster, as long as its memory holds them."),
    "experts_on_gpu": mark("Layers on the GPU whose experts lie there too; the other experts stay in memory."),
    "threads": mark("Processor cores that compute. One less than there are is usually fastest."),
    "batch": mark("Tokens that are read at once. More reads long messages faster, and takes more of the GPU's memory."),
    "kv": mark("Bits for each number that the model remembers. Fewer save memory and cost a little accuracy."),
    "load_mode": mark("Mapped starts fast and needs no second copy. Read into memory lets a GPU fetch experts faster."),
}
_STEP: Final = 1024
_LEAST_CONTEXT: Final = 1024
FEW: Final = 4
SHORT: Final = 30
"""Choices, and letters of all of them, that stand beside each other."""
_BATCHES: Final = (256, 512, 1024, 2048)


class ByHand(QWidget):
    """`changed` carries the `Wishes` when a person changed one; `show_wishes` shows without a signal."""

    changed = Signal(object)

    def __init__(self, theme: Theme, shape: Shape, machine: Machine, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._wishes = Wishes()
        self._showing = False
        self.numbers: dict[str, Stepper] = {}
        self.choices: dict[str, Segmented | Picker] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        most = max(_LEAST_CONTEXT, shape.trained or 131_072)
        self._number("context", tr("Context"), _LEAST_CONTEXT, most, step=_STEP, suffix=tr("tokens"))
        count = len(shape.layers)
        if machine.gpus:
            self._number("gpu_layers", tr("Layers on the GPU"), 0, count + 1)
            if shape.routed:
                self._number("experts_on_gpu", tr("Layers with experts on the GPU"), 0, count)
        self._number("threads", tr("Threads"), 1, machine.cores)
        batches = {str(one): str(one) for one in _BATCHES if one <= LARGEST_BATCH}
        self._choice("batch", tr("Micro-batch"), {"": tr(AUTOMATIC), **batches})
        kinds = {str(kv): tr(text) for kv, text in KV_WORDS.items() if kv != "q4_0" or not shape.latent}
        self._choice("kv", tr("KV cache"), kinds)
        self._choice("load_mode", tr("Loading"), {"": tr(AUTOMATIC), **{k: tr(v) for k, v in MODE_WORDS.items()}})
        self.show_wishes(self._wishes)

    @property
    def wishes(self) -> Wishes:
        """What is shown."""
        return self._wishes

    def show_wishes(self, wishes: Wishes) -> None:
        """Show these."""
        self._showing = True
        self._wishes = wishes
        for name, stepper in self.numbers.items():
            value = getattr(wishes, name)
            stepper.spin.setValue(stepper.spin.minimum() if value is None else value)
        for name, choice in self.choices.items():
            value = getattr(wishes, name)
            choice.set_value("" if value is None else str(value))
        self._showing = False

    def _number(self, name: str, label: str, least: int, most: int, *, step: int = 1, suffix: str = "") -> None:
        """The value below the least stands for *Automatic*: the first step up from it is the least."""
        made = Stepper(self._theme, label, self)
        made.spin.setRange(least - step, most)
        made.spin.setSingleStep(step)
        made.spin.setSpecialValueText(tr(AUTOMATIC))
        made.less.setEnabled(False)  # nothing is below *Automatic*
        if suffix:
            made.spin.setSuffix(f" {suffix}")
        made.spin.setKeyboardTracking(False)  # a number that is half typed is no wish
        made.changed.connect(lambda value: self._take(name, value if value >= least else None))
        self.numbers[name] = made
        self._column.addWidget(Row(self._theme, label, tr(HELP[name]), made, parent=self))

    def _choice(self, name: str, label: str, choices: Mapping[str, str]) -> None:
        """What is many or long is a menu: beside each other it would have no room with large letters."""
        few = len(choices) <= FEW and sum(map(len, choices.values())) <= SHORT
        made = (Segmented if few else Picker)(self._theme, label, choices, self)
        made.chosen.connect(made.set_value)
        made.chosen.connect(lambda key: self._take(name, (int(key) if name == "batch" else key) if key else None))
        self.choices[name] = made
        self._column.addWidget(Row(self._theme, label, tr(HELP[name]), made, parent=self))

    def _take(self, name: str, value: int | str | None) -> None:
        if self._showing:
            return
        fields = {field: getattr(self._wishes, field) for field in Wishes.__struct_fields__}
        self._wishes = Wishes(**{**fields, name: value})
        self.changed.emit(self._wishes)
