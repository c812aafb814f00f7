"""*When to pick something else*, in a box of its own, with links to the models that it names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRectF, Signal
from PySide6.QtGui import QPainter, QPainterPath
from PySide6.QtWidgets import QVBoxLayout, QWidget

from mistral_desk.core.words import mark, tr
from mistral_desk.ui.models.about.text import Mentions
from mistral_desk.ui.theme.tokens import RADIUS, SPACE
from mistral_desk.ui.widgets.panel import Panel
from mistral_desk.ui.widgets.paragraph import Paragraph

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from mistral_desk.catalog.passage import Passage
    from mistral_desk.ui.theme.theme import Theme

TITLE: Final = mark("When to pick something else")
EDGE: Final = 4


class Elsewhere(Panel):
    """`chosen` carries the id of a model that is named, `link` an address that the text has."""

    chosen = Signal(str)
    link = Signal(str)

    def __init__(self, theme: Theme, passage: Passage, parent: QWidget) -> None:
        usual = passage.title.strip().lower() == TITLE.lower()
        title = tr(TITLE) if usual else passage.title
        super().__init__(theme, parent, name=title, radius=RADIUS)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE[4], SPACE[3], SPACE[4], SPACE[3])
        column.setSpacing(SPACE[1])
        column.addWidget(Paragraph(theme, title, "lead", strong=True, parent=self))
        names = [(passage.text[one.begin : one.end], one.id) for one in passage.mentions]
        self.text = Mentions(theme, passage.text, names, title, self)
        self.text.chosen.connect(self.chosen)
        self.text.link.connect(self.link)
        column.addWidget(self.text)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The surface, with an edge in the accent where lines begin."""
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        whole = QPainterPath()
        whole.addRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)
        painter.setClipPath(whole)
        x = self.width() - EDGE if self.isRightToLeft() else 0
        painter.fillRect(QRectF(x, 0, EDGE, self.height()), self._theme.colour("accent"))
        painter.end()
