"""A number with a button on either side: stock spin boxes have arrows that are hard to hit and vanish in the dark."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPalette, QPen
from PySide6.QtWidgets import QAbstractSpinBox, QHBoxLayout, QSizePolicy, QSpinBox, QWidget

from mistral_desk.core.words import tr
from mistral_desk.ui.theme.tokens import RADIUS
from mistral_desk.ui.widgets.button import Button

if TYPE_CHECKING:
    from PySide6.QtGui import QFocusEvent, QPaintEvent, QWheelEvent

    from mistral_desk.ui.theme.theme import Theme


class _Number(QSpinBox):
    """The number itself; the wheel changes it only where the keyboard is, so that a page can scroll past."""

    focus_changed = Signal()

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


class Stepper(QWidget):
    """`value` within a range, in steps. The number is `spin`; its accessible name is the setting's."""

    changed = Signal(int)

    def __init__(self, theme: Theme, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.spin = _Number(self)
        self.spin.setAccessibleName(name)
        self.spin.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.NoButtons)
        self.spin.setFrame(False)
        self.spin.setAlignment(Qt.AlignmentFlag.AlignCenter)
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
        self.setMinimumWidth(184)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFocusProxy(self.spin)
        self.spin.valueChanged.connect(self.changed)
        self.spin.valueChanged.connect(self._ends)
        self.spin.focus_changed.connect(self.update)
        theme.changed.connect(self._restyle)
        self._restyle()

    def _take_keyboard(self) -> None:
        """What is typed next goes to the number that was just changed, not to another one."""
        self.spin.setFocus(Qt.FocusReason.MouseFocusReason)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """One frame around all; it is the focus ring too."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        width = 2 if self.spin.hasFocus() else 1
        painter.setPen(QPen(self._theme.colour("accent" if width == 2 else "border"), width))
        half = width / 2
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(half, half, -half, -half), RADIUS + 2, RADIUS + 2)
        painter.end()

    def _ends(self, value: int) -> None:
        self.less.setEnabled(value > self.spin.minimum())
        self.more.setEnabled(value < self.spin.maximum())

    def _restyle(self) -> None:
        self.spin.setFont(self._theme.font())
        line = self.spin.lineEdit()
        line.setStyleSheet("background: transparent; border: 0;")
        palette = self.spin.palette()
        palette.setColor(QPalette.ColorRole.Base, Qt.GlobalColor.transparent)
        palette.setColor(QPalette.ColorRole.Text, self._theme.colour("text"))
        self.spin.setPalette(palette)
        self.update()
