"""A number that may be nobody's own: then the model's holds, and what stands there says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QAbstractSpinBox, QDoubleSpinBox

from mistral_desk.core.words import tr
from mistral_desk.ui.widgets.stepper import WIDTH, SpinFrame

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from mistral_desk.ui.presets.fields import Number
    from mistral_desk.ui.theme.theme import Theme


class _Spin(QDoubleSpinBox):
    """Its lowest place stands for "nothing said"; a step from there begins at what holds by itself, and where that is
    no number it leads to a usual one.
    """

    def __init__(self, field: Number) -> None:
        super().__init__()
        self._field = field
        self.own: float | None = None
        self.setDecimals(field.decimals)
        self.setSingleStep(field.step)
        self.setRange(field.low - field.step, field.high)
        self.setSpecialValueText(" ")
        self.setKeyboardTracking(False)

    @property
    def said(self) -> float | None:
        """The number, None where nothing is said."""
        return None if self.value() < self._field.low - self._field.step / 2 else self.value()

    def stepBy(self, steps: int) -> None:
        field = self._field
        if self.said is None:
            start = field.usual if self.own is None else self.own + steps * field.step
            self.setValue(min(field.high, max(field.low, start)))
        else:
            self.setValue(min(field.high, max(field.low, self.value() + steps * field.step)))
        self.selectAll()

    def stepEnabled(self) -> QAbstractSpinBox.StepEnabledFlag:
        both = QAbstractSpinBox.StepEnabledFlag
        return both.StepUpEnabled | both.StepDownEnabled


class NumberBox(SpinFrame):
    """`changed` carries the number, or None; `show_value` shows one without a signal."""

    changed = Signal(object)

    def __init__(self, theme: Theme, field: Number, parent: QWidget) -> None:
        self._showing = False
        self.spin = _Spin(field)
        super().__init__(theme, tr(field.label), self.spin, parent)
        self.spin.valueChanged.connect(self._changed)

    def show_value(self, value: float | None, own: float | None, words: str) -> None:
        """The number that was chosen, or `words` for what holds by itself, which is `own` where that is known."""
        self._showing = True
        self.spin.own = own
        self.spin.setSpecialValueText(words)
        self.spin.setValue(self.spin.minimum() if value is None else value)
        self._showing = False
        ink = "muted" if value is None else "text"  # nobody chose what holds by itself
        if ink != self.ink:
            self.ink = ink
            self._restyle()
        self.spin.setAccessibleDescription(tr("holds by itself") if value is None else "")

    def _changed(self) -> None:
        if not self._showing:
            self.changed.emit(self.spin.said)

    def _restyle(self) -> None:
        self.setMinimumWidth(round(WIDTH * max(1.0, self._theme.text_size / 100)))
        super()._restyle()
