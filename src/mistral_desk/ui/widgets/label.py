"""A line or a paragraph of plain text that follows the theme."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, Unpack

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPalette
from PySide6.QtWidgets import QLabel

from mistral_desk.ui.theme import direction
from mistral_desk.ui.widgets.saying import say
from mistral_desk.ui.widgets.tip import plain_tip
from mistral_desk.ui.widgets.unbroken import unbroken

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent
    from PySide6.QtWidgets import QWidget

    from mistral_desk.ui.theme.theme import Theme
    from mistral_desk.ui.theme.tokens import Step


class Look(TypedDict, total=False):
    """How the words of every kind of label look, and what they stand on."""

    ink: str
    strong: bool
    parent: QWidget | None


class Label(QLabel):
    """Text in a step and a colour of the theme; `wrap` breaks it into lines, `copied` lets it be selected."""

    def __init__(
        self,
        theme: Theme,
        text: str,
        step: Step = "body",
        *,
        ink: str = "text",
        strong: bool = False,
        wrap: bool = False,
        copied: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        self._said, self._exact = text, copied
        super().__init__(text if copied else unbroken(text), parent)
        self._theme = theme
        self._step: Step = step
        self._ink = ink
        self._strong = strong
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(wrap)
        # A name in another script begins where the lines around it begin.
        self.setAlignment(direction.start(mirrored=self.isRightToLeft()) | Qt.AlignmentFlag.AlignVCenter)
        if copied:
            self.setTextInteractionFlags(
                Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
            )
            self.setAccessibleName(text)
        theme.changed.connect(self._restyle)
        self._restyle()

    def text(self) -> str:
        """What was said, in plain spaces where it has them."""
        return self._said

    def setText(self, text: str) -> None:
        """Other words."""
        self._said = text
        super().setText(text if self._exact else unbroken(text))

    def setToolTip(self, text: str) -> None:
        """Words, never HTML."""
        super().setToolTip(plain_tip(text))

    def set_ink(self, ink: str) -> None:
        """Another colour."""
        self._ink = ink
        self._restyle()

    def tell(self, text: str, ink: str = "muted") -> None:
        """What came of something, also for whoever hears the window; nothing hides the line."""
        self.setText(text)
        self.set_ink(ink)
        self.setAccessibleName(text)
        self.setVisible(bool(text))
        if self.isVisible():
            say(self, text)

    def _restyle(self) -> None:
        self.setFont(self._theme.font(self._step, strong=self._strong))
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.WindowText, self._theme.colour(self._ink))
        self.setPalette(palette)


class Shortened(Label):
    """A name or a path in one line, shortened in the middle where it must be; its tool tip has all of it."""

    def __init__(self, theme: Theme, text: str, step: Step = "body", **look: Unpack[Look]) -> None:
        super().__init__(theme, text, step, **look)
        self.setProperty("elides", True)
        self.setToolTip(text)

    def minimumSizeHint(self) -> QSize:
        """It may become narrow."""
        return QSize(40, super().minimumSizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """As much of it as there is room for."""
        painter = QPainter(self)
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        words = painter.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideMiddle, self.width())
        painter.setLayoutDirection(Qt.LayoutDirection.LayoutDirectionAuto)  # a path's own
        side = direction.start(mirrored=self.isRightToLeft())
        painter.drawText(self.rect(), int(side | Qt.AlignmentFlag.AlignVCenter), words)
        painter.end()
