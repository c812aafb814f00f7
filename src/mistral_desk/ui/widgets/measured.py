"""A long column that is asked for its height once for each width: layouts would ask many times, for many widths."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QSize
from PySide6.QtWidgets import QVBoxLayout, QWidget

from mistral_desk.ui.theme.tokens import SPACE

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent


class Measured(QWidget):
    """Add to `column`; it is always exactly as tall as what is in it."""

    def __init__(self, parent: QWidget, *, spacing: int = SPACE[1]) -> None:
        super().__init__(parent)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(spacing)

    def hasHeightForWidth(self) -> bool:
        """It sets its height itself."""
        return False

    def sizeHint(self) -> QSize:
        """As it is."""
        return QSize(400, self.height())

    def minimumSizeHint(self) -> QSize:
        """It may become narrow."""
        return QSize(120, 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width, another height."""
        super().resizeEvent(event)
        if event.oldSize().width() != event.size().width():
            self._fit()

    def event(self, event: QEvent) -> bool:
        """Something inside became larger or smaller."""
        known = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest:
            self._fit()
        return known

    def _fit(self) -> None:
        height = self.column.totalHeightForWidth(self.width())
        if height != self.height():
            self.setFixedHeight(height)
