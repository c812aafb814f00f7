"""The name of the model that answers, with a thin line while it is being loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QSizePolicy

from mistral_desk.core.amounts import percent
from mistral_desk.core.words import tr
from mistral_desk.ui.widgets.button import Button

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent
    from PySide6.QtWidgets import QWidget

    from mistral_desk.ui.theme.theme import Theme

WIDEST = 220
"""Pixels at the usual text size."""
NARROWEST = 1.75
"""Heights: a letter of the name and the arrow can still be seen."""


class ModelChip(Button):
    """A button with the model's name; its accessible name is *Model*, its value what is shown."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(
            theme, tr("Model"), text="", trail="chevron-down", step="small", muted=True, round_=True, parent=parent
        )
        self._fraction: float | None = None
        self._title, self._resting, self._away = "", False, False
        self.setProperty("elides", True)  # the tool tip has the whole name
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.setToolTip(tr("The model that answers"))

    def set_model(
        self, title: str, fraction: float | None = None, *, resting: bool = False, away: bool = False
    ) -> None:
        """Show a model; `fraction` (0 to 1) while it is being loaded, `resting` while its memory is given back, `away`
        where it lies at an endpoint.
        """
        rests = tr("Resting; loads again when you type")
        if fraction is not None:
            self.setAccessibleDescription(tr("{title}, loading {share}", title=title, share=percent(fraction)))
        else:
            self.setAccessibleDescription(f"{title}. {rests}" if resting else title)
        if (title, resting, away) != (self._title, self._resting, self._away):
            self._title, self._resting, self._away = title, resting, away
            self.set_icon("moon" if resting else "cloud" if away else "")
            self.set_ink("warning" if away else "")
            self.setText(title)
            answers = tr("The model that answers: {title}", title=title)
            self.setToolTip(f"{answers}\n{rests}" if resting else answers)
            self.updateGeometry()
        if fraction != self._fraction:
            self._fraction = fraction
            self.update()

    def sizeHint(self) -> QSize:
        """As wide as the name, up to a limit; a longer one is shortened."""
        hint = super().sizeHint()
        return QSize(min(round(WIDEST * max(1.0, self._theme.text_size / 100)), hint.width()), hint.height())

    def minimumSizeHint(self) -> QSize:
        """The name gives way to the words beside it, which are longer in some languages."""
        hint = self.sizeHint()
        return QSize(min(round(NARROWEST * hint.height()), hint.width()), hint.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """The button, and the share that is loaded below its text."""
        super().paintEvent(event)
        if self._fraction is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        track = QRectF(14, self.height() - 5, self.width() - 28, 2)
        painter.fillRect(track, self._theme.colour("hairline"))
        done = QRectF(track)
        done.setWidth(track.width() * min(1.0, max(0.0, self._fraction)))
        if self.isRightToLeft():
            done.moveRight(track.right())
        painter.fillRect(done, self._theme.colour("accent"))
        painter.end()
