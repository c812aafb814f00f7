"""A number that may be nobody's own: then the model's holds, and what stands there says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPalette, QPen
from PySide6.QtWidgets import QAbstractSpinBox, QDoubleSpinBox, QHBoxLayout, QSizePolicy, QWidget

from mistral_desk.core.words import tr
from mistral_desk.ui.theme.tokens import RADIUS
from mistral_desk.ui.widgets.button import Button

if TYPE_CHECKING:
    from PySide6.QtGui import QFocusEvent, QPaintEvent, QWheelEvent

    from mistral_desk.ui.presets.fields import Number
    from mistral_desk.ui.theme.theme import Theme


class _Spin(QDoubleSpinBox):
    """Its lowest place stands for "nothing said"; a step from there begins at what holds by itself, and where that is
    no number it leads to a usual one.
    """

    focus_changed = Signal()

    def __init__(self, field: Number, parent: QWidget) -> None:
        super().__init__(parent)
        self._field = field
        self.own: float | None = None
        self.setDecimals(field.decimals)
        self.setSingleStep(field.step)
        self.setRange(field.low - field.step, field.high)
        self.setSpecialValueText(" ")
        self.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.NoButtons)
        self.setFrame(False)
        self.setKeyboardTracking(False)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)

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

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.focus_changed.emit()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.focus_changed.emit()


class NumberBox(QWidget):
    """`changed` carries the number, or None; `show_value` shows one without a signal."""

    changed = Signal(object)

    def __init__(self, theme: Theme, field: Number, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._field = field
        self._showing = False
        name = tr(field.label)
        self.spin = _Spin(field, self)
        self.spin.setAccessibleName(name)
        self.less = Button(theme, tr("Less: {name}", name=name), icon="minus", muted=True, parent=self)
        self.more = Button(theme, tr("More: {name}", name=name), icon="plus", muted=True, parent=self)
        for button, step in ((self.less, self.spin.stepDown), (self.more, self.spin.stepUp)):
            button.setAutoRepeat(True)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the arrow keys do it in the number
            button.pressed.connect(self._take_keyboard)
            button.clicked.connect(step)
        row = QHBoxLayout(self)
        row.setContentsMargins(2, 2, 2, 2)
        row.setSpacing(0)
        row.addWidget(self.less)
        row.addWidget(self.spin, 1)
        row.addWidget(self.more)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFocusProxy(self.spin)
        self.spin.valueChanged.connect(self._changed)
        self.spin.focus_changed.connect(self.update)
        theme.changed.connect(self._restyle)
        self._restyle()

    def show_value(self, value: float | None, own: float | None, words: str) -> None:
        """The number that was chosen, or `words` for what holds by itself, which is `own` where that is known."""
        self._showing = True
        self.spin.own = own
        self.spin.setSpecialValueText(words)
        self.spin.setValue(self.spin.minimum() if value is None else value)
        self._showing = False

    def paintEvent(self, _event: QPaintEvent) -> None:
        """One frame around all; it is the focus ring too."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        width = 2 if self.spin.hasFocus() else 1
        painter.setPen(QPen(self._theme.colour("accent" if width == 2 else "border"), width))
        half = width / 2
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(half, half, -half, -half), RADIUS + 2, RADIUS + 2)
        painter.end()

    def _take_keyboard(self) -> None:
        """What is typed next goes to the number that was just changed, not to another one."""
        self.spin.setFocus(Qt.FocusReason.MouseFocusReason)

    def _changed(self) -> None:
        if not self._showing:
            self.changed.emit(self.spin.said)

    def _restyle(self) -> None:
        self.setMinimumWidth(round(184 * max(1.0, self._theme.text_size / 100)))
        self.spin.setFont(self._theme.font())
        self.spin.lineEdit().setStyleSheet("background: transparent; border: 0;")
        palette = self.spin.palette()
        palette.setColor(QPalette.ColorRole.Base, Qt.GlobalColor.transparent)
        palette.setColor(QPalette.ColorRole.Text, self._theme.colour("text"))
        self.spin.setPalette(palette)
        self.update()
