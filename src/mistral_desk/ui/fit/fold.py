"""What is there for those who want to know more: a button that opens and closes what stands below it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from mistral_desk.core.words import trc
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.flow import FlowLayout

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QResizeEvent

    from mistral_desk.ui.theme.theme import Theme

BESIDE: Final = 360
"""Pixels at the system's text size that the words beside the button take at least."""


class Fold(QWidget):
    """`make` builds the inside when it is first opened; `name` tells a screen reader of which thing this is.

    With `beside` the button stands at the end of that widget's line, below it where there is no room.
    """

    toggled = Signal(bool)

    def __init__(
        self,
        theme: Theme,
        text: str,
        name: str,
        make: Callable[[QWidget], QWidget],
        parent: QWidget,
        *,
        beside: QWidget | None = None,
        small: bool = False,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._beside = beside
        self._make = make
        self._name = name
        self.inside: QWidget | None = None
        self.is_open = False
        self.button = Button(
            theme,
            name,
            icon="chevron-right",
            text=text,
            kind="outline",
            step="small" if small else "body",
            muted=True,
            small=small,
            parent=self,
        )
        self.button.setToolTip("")
        self.button.clicked.connect(lambda: self.set_open(open_=not self.is_open))
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(SPACE[1])
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._row.setSpacing(SPACE[1])
        line = QWidget(self)
        self._line = FlowLayout(line, spacing=SPACE[1])
        self._line.addWidget(self.button)
        if beside is not None:
            line.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
            self._row.addWidget(beside, 1)
        side = Qt.AlignmentFlag.AlignLeading if beside is not None else Qt.AlignmentFlag(0)
        self._row.addWidget(line, 0, side)  # else the words would be measured for the button's width
        self._column.addLayout(self._row)
        self._tell()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The button beside the words where there is room."""
        super().resizeEvent(event)
        if self._beside is not None:
            need = self.button.sizeHint().width() + BESIDE * max(1.0, self._theme.text_size / 100)
            there = self.width() >= need
            self._row.setDirection(QBoxLayout.Direction.LeftToRight if there else QBoxLayout.Direction.TopToBottom)

    def put_before(self, tool: QWidget) -> None:
        """A button in the same line, before the one that unfolds."""
        self._line.removeWidget(self.button)
        self._line.addWidget(tool)
        self._line.addWidget(self.button)
        QWidget.setTabOrder(tool, self.button)

    def set_open(self, *, open_: bool) -> None:
        """Open or close it."""
        if open_ and self.inside is None:
            self.inside = self._make(self)
            self._column.addWidget(self.inside)
        self.is_open = open_
        if self.inside is not None:
            self.inside.setVisible(open_)
        self._tell()
        self.toggled.emit(open_)

    def changeEvent(self, event: QEvent) -> None:
        """The arrow points to where lines go on."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LayoutDirectionChange:
            self._tell()

    def _tell(self) -> None:
        closed = "chevron-left" if self.isRightToLeft() else "chevron-right"
        self.button.set_icon("chevron-down" if self.is_open else closed)
        self.button.setAccessibleDescription(trc("a state", "Open") if self.is_open else trc("a state", "Closed"))
