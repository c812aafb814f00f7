"""A number with a button on either side: stock spin boxes have arrows that are hard to hit and vanish in the dark."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QObject, QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPalette, QPen
from PySide6.QtWidgets import QAbstractSpinBox, QDoubleSpinBox, QHBoxLayout, QSizePolicy, QSpinBox, QWidget

from mistral_desk.core.words import tr
from mistral_desk.ui.theme.tokens import RADIUS
from mistral_desk.ui.widgets.button import Button

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from mistral_desk.ui.theme.theme import Theme

WIDTH: Final = 184


class SpinFrame(QWidget):
    """`spin` between its two buttons in one frame. The wheel turns it only where the keyboard is: a page scrolls past.

    `name` is the accessible name of the number.
    """

    def __init__(self, theme: Theme, name: str, spin: QSpinBox | QDoubleSpinBox, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.ink = "text"
        """The theme's colour of the number."""
        spin.setParent(self)
        spin.setAccessibleName(name)
        spin.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.NoButtons)
        spin.setFrame(False)
        spin.setAlignment(Qt.AlignmentFlag.AlignCenter)
        spin.installEventFilter(self)
        self._number = spin
        self.less = Button(theme, tr("Less: {name}", name=name), icon="minus", muted=True, parent=self)
        self.more = Button(theme, tr("More: {name}", name=name), icon="plus", muted=True, parent=self)
        for button, step in ((self.less, spin.stepDown), (self.more, spin.stepUp)):
            button.setAutoRepeat(True)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the arrow keys do it in the number
            button.pressed.connect(self._take_keyboard)
            button.clicked.connect(step)
        row = QHBoxLayout(self)
        row.setContentsMargins(2, 2, 2, 2)
        row.setSpacing(0)
        row.addWidget(self.less)
        row.addWidget(spin, 1)
        row.addWidget(self.more)
        self.setMinimumWidth(WIDTH)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFocusProxy(spin)
        theme.changed.connect(self._restyle)
        self._restyle()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The frame shows where the keyboard is."""
        if event.type() in {QEvent.Type.FocusIn, QEvent.Type.FocusOut}:
            self.update()
        elif event.type() == QEvent.Type.Wheel and not self._number.hasFocus():
            event.ignore()
            return True
        return super().eventFilter(watched, event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """One frame around all; it is the focus ring too."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        width = 2 if self._number.hasFocus() else 1
        painter.setPen(QPen(self._theme.colour("accent" if width == 2 else "border"), width))
        half = width / 2
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(half, half, -half, -half), RADIUS + 2, RADIUS + 2)
        painter.end()

    def _take_keyboard(self) -> None:
        """What is typed next goes to the number that was just changed, not to another one."""
        self._number.setFocus(Qt.FocusReason.MouseFocusReason)

    def _restyle(self) -> None:
        spin = self._number
        spin.setFont(self._theme.font())
        ink = self._theme.colour(self.ink)
        spin.lineEdit().setStyleSheet(f"background: transparent; border: 0; color: {ink.name()};")
        palette = spin.palette()
        palette.setColor(QPalette.ColorRole.Base, Qt.GlobalColor.transparent)
        palette.setColor(QPalette.ColorRole.Text, ink)
        spin.setPalette(palette)
        self.update()


class Stepper(SpinFrame):
    """`value` within a range, in steps. The number is `spin`; its accessible name is the setting's."""

    changed = Signal(int)

    def __init__(self, theme: Theme, name: str, parent: QWidget) -> None:
        self.spin = QSpinBox()
        super().__init__(theme, name, self.spin, parent)
        self.spin.valueChanged.connect(self.changed)
        self.spin.valueChanged.connect(self._ends)

    def _ends(self, value: int) -> None:
        self.less.setEnabled(value > self.spin.minimum())
        self.more.setEnabled(value < self.spin.maximum())
