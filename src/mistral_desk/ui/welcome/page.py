"""The first start: what this computer has, the promise, and a Guide that can be asked at once.

It stands where a new chat's greeting stands later, above the composer; it is shown once.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from mistral_desk.core import amounts
from mistral_desk.core.machine import room_on_disk, this_machine
from mistral_desk.core.words import mark, tr
from mistral_desk.ui.chat.empty import PROMISE, examples
from mistral_desk.ui.settings.facts import graphics, memory, processor
from mistral_desk.ui.theme.tokens import COLUMN, RADIUS_LARGE, SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.flow import FlowLayout
from mistral_desk.ui.widgets.label import Label

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from mistral_desk.services import Services
    from mistral_desk.ui.theme.theme import Theme

log = logging.getLogger(__name__)
MARK: Final = "welcomed"
READY: Final = mark("The Guide, a small model that comes along, is ready: it knows this app. Ask it something below.")


async def is_first_start(services: Services) -> bool:
    """Whether nobody was here before; asked once, the answer is no from then on."""
    file = services.folders.data / MARK
    if file.exists():
        return False
    try:
        file.touch()
    except OSError as error:
        log.info("the first start cannot be remembered: %s", error)
    return not await services.history.conversations(1)


class Welcome(QScrollArea):
    """Signals go up. `recommendation` is where a model that fits this computer will be offered; it is empty."""

    asked = Signal(str, bool)
    """A question, and whether it takes thinking."""
    have_models = Signal()

    def __init__(self, theme: Theme, services: Services, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._services = services
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName(tr("Welcome"))
        self.facts: dict[str, Label] = {}
        self.recommendation = QVBoxLayout()
        inner = QWidget()
        self._holder = QWidget(inner)
        self._fill(QVBoxLayout(self._holder))
        row = QHBoxLayout(inner)
        row.setContentsMargins(SPACE[4], SPACE[3], SPACE[4], SPACE[3])
        row.addStretch(1)
        row.addWidget(self._holder, 1000)
        row.addStretch(1)
        self.setWidget(inner)
        for ground in (self.viewport(), inner):
            ground.setAutoFillBackground(False)
        theme.changed.connect(self._restyle)
        self._restyle()
        self.refresh()

    def refresh(self) -> None:
        """What this computer has, as far as it is known now."""
        machine = this_machine()
        room = room_on_disk(self._services.models_folder)
        hello = self._services.engine.hello
        self.facts["processor"].setText(processor(machine))
        self.facts["memory"].setText(memory(machine))
        self.facts["graphics"].setText(graphics(hello) or tr("Looking…"))
        self.facts["disk"].setText(tr("{size} free", size=amounts.bytes_of_memory(room)) if room else tr("Unknown"))

    def _fill(self, column: QVBoxLayout) -> None:
        theme, holder = self._theme, self._holder
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE[1])
        column.addStretch(1)
        column.addWidget(Label(theme, tr("Welcome to Mistral Desk"), "title", strong=True, wrap=True, parent=holder))
        column.addWidget(Label(theme, tr(PROMISE), ink="muted", wrap=True, parent=holder))
        column.addSpacing(SPACE[2])
        column.addWidget(self._computer())
        column.addLayout(self.recommendation)
        column.addSpacing(SPACE[2])
        column.addWidget(Label(theme, tr(READY), wrap=True, parent=holder))
        questions = QWidget(holder)
        flow = FlowLayout(questions, spacing=SPACE[1])
        self.buttons = []
        for example in examples():
            think = example.effort != "none"
            sign = "think" if think else ""
            button = Button(theme, example.text, text=example.text, icon=sign, kind="card", parent=questions)
            if think:
                button.setToolTip(tr("Asked with Think harder"))
                button.setAccessibleDescription(tr("Asked with Think harder"))
            button.clicked.connect(lambda _on=False, one=example: self.asked.emit(one.text, one.effort != "none"))
            flow.addWidget(button)
            self.buttons.append(button)
        column.addWidget(questions)
        words = tr("I already have models…")
        self.have = Button(theme, words, icon="file", text=words, muted=True, parent=holder)
        self.have.setToolTip(tr("Open a GGUF file that is on this computer; it stays where it is."))
        self.have.clicked.connect(self.have_models)
        column.addSpacing(SPACE[0])
        column.addWidget(self.have, 0, Qt.AlignmentFlag.AlignLeading)
        column.addStretch(2)

    def _computer(self) -> QWidget:
        card = _Card(self._theme, self._holder)
        card.setAccessibleName(tr("This computer"))
        grid = QGridLayout(card)
        grid.setContentsMargins(SPACE[4], SPACE[3], SPACE[4], SPACE[3])
        grid.setHorizontalSpacing(SPACE[4])
        grid.setVerticalSpacing(SPACE[1])
        grid.setColumnStretch(1, 1)
        grid.addWidget(Label(self._theme, tr("This computer"), strong=True, parent=card), 0, 0, 1, 2)
        rows = {
            "processor": tr("Processor"),
            "memory": tr("Memory"),
            "graphics": tr("Graphics"),
            "disk": tr("Room for models"),
        }
        for number, (key, words) in enumerate(rows.items(), 1):
            name = Label(self._theme, words, ink="muted", parent=card)
            value = Label(self._theme, "-", wrap=True, parent=card)
            name.setBuddy(value)
            top = Qt.AlignmentFlag.AlignTop
            grid.addWidget(name, number, 0, top)
            grid.addWidget(value, number, 1, top)
            self.facts[key] = value
        return card

    def _restyle(self) -> None:
        self._theme.dress_bars(self)
        self._holder.setMaximumWidth(round(COLUMN * max(1.0, self._theme.text_size / 100)))


class _Card(QWidget):
    """A quiet surface."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        theme.changed.connect(self.update)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._theme.colour("hairline"), 1))
        painter.setBrush(self._theme.colour("raised"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS_LARGE, RADIUS_LARGE)
        painter.end()
