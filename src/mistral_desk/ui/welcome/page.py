"""The first start: the promise, what this computer has, and a Guide that can be asked at once.

It stands where a new chat's greeting stands later, above the composer; it is shown once.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QBoxLayout, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from mistral_desk.core import amounts, private
from mistral_desk.core.machine import room_on_disk, this_machine
from mistral_desk.core.words import ENGLISH as SOURCE
from mistral_desk.core.words import language, mark, tr
from mistral_desk.ui.chat.empty import ENGLISH, PROMISE, examples
from mistral_desk.ui.settings.facts import graphics, memory, processor
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.welcome.recommend import Recommendation
from mistral_desk.ui.widgets.balanced import Even
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.column import ColumnArea
from mistral_desk.ui.widgets.flow import FlowLayout
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.panel import Panel
from mistral_desk.ui.widgets.sign import Sign
from mistral_desk.ui.widgets.tab_order import chain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QResizeEvent

    from mistral_desk.fit.advice import Offer
    from mistral_desk.fit.machine import Machine
    from mistral_desk.services import Services
    from mistral_desk.ui.theme.theme import Theme

log = logging.getLogger(__name__)
MARK: Final = "welcomed"
READY: Final = mark("The Guide is ready")
SOON: Final = mark("The Guide is getting ready")
GUIDE: Final = mark("A small model that comes along. It knows this app and little else: ask it something.")
FACTS: Final = {
    "processor": ("chip", mark("Processor")),
    "memory": ("memory", mark("Memory")),
    "graphics": ("graphics", mark("Graphics")),
    "disk": ("disk", mark("Room for models")),
}
TWO_COLUMNS: Final = 560
"""Pixels at the system's text size from which the facts stand in two columns."""


async def is_first_start(services: Services) -> bool:
    """Whether nobody was here before; asked once, the answer is no from then on."""
    file = services.folders.data / MARK
    if file.exists():
        return False
    try:
        file.touch(private.FILE_MODE)
    except OSError as error:
        log.info("the first start cannot be remembered: %s", error)
    return not await services.history.conversations(1)


class Welcome(ColumnArea):
    """Signals go up. `recommendation` says what runs best here, as soon as that is known."""

    asked = Signal(str, bool)
    """A question, and whether it takes thinking."""
    have_models = Signal()
    models_asked = Signal(str)
    """The models page is wanted, with this model unfolded."""

    def __init__(self, theme: Theme, services: Services, parent: QWidget) -> None:
        super().__init__(theme, parent)
        self._services = services
        self.setAccessibleName(tr("Welcome"))
        self.facts: dict[str, Label] = {}
        self.recommendation = Recommendation(theme, self.holder)
        self.recommendation.asked.connect(self.models_asked)
        self.buttons: list[Button] = []
        self._fill()
        self.refresh()

    def refresh(self) -> None:
        """What this computer has, as far as it is known now."""
        machine = this_machine()
        room = room_on_disk(self._services.models_folder)
        hello = self._services.engine.hello
        self.facts["processor"].setText(processor(machine))
        self.facts["memory"].setText(memory(machine))
        self.facts["graphics"].setText(graphics(hello) or tr("Looking…"))
        self.facts["disk"].setText(tr("{size} free", size=amounts.file_size(room)) if room else tr("Unknown"))
        engine = self._services.engine
        self._guide.setText(tr(READY if engine.model is not None or engine.resting else SOON))

    def set_lead(self, lead: int) -> None:
        """So many pixels of the upper edge are covered: all moves down."""
        self._above.setFixedHeight(lead)

    def recommend(self, machine: Machine, offers: Sequence[Offer]) -> None:
        """Say what runs best here."""
        self.recommendation.show_offers(machine, offers)
        chain(self.holder)

    def _fill(self) -> None:
        theme, holder, column = self._theme, self.holder, self.column
        self._above = QWidget(holder)
        column.addWidget(self._above)
        column.addStretch(1)
        column.addWidget(Sign(theme, "app", 48, ink="accent", parent=holder))
        column.addSpacing(SPACE[3])
        column.addWidget(Label(theme, tr("Welcome to Mistral Desk"), "title", strong=True, wrap=True, parent=holder))
        column.addSpacing(SPACE[0])
        promise = QHBoxLayout()
        promise.setSpacing(SPACE[1])
        promise.addWidget(Sign(theme, "lock", 18, parent=holder), 0, Qt.AlignmentFlag.AlignTop)
        promise.addWidget(Even(theme, tr(PROMISE), ink="muted", wrap=True, parent=holder), 1)
        column.addLayout(promise)
        column.addSpacing(SPACE[4])
        column.addWidget(Label(theme, tr("This computer"), "small", ink="muted", strong=True, parent=holder))
        column.addSpacing(SPACE[1])
        column.addWidget(self._computer())
        column.addSpacing(SPACE[2])
        column.addWidget(self.recommendation)
        column.addSpacing(SPACE[2])
        column.addWidget(self._talk())
        column.addSpacing(SPACE[2])
        words = tr("I already have models…")
        self.have = Button(theme, words, icon="library", text=words, muted=True, parent=holder)
        self.have.setToolTip(tr("Your own GGUF files, and what other programs hold; they stay where they are."))
        self.have.clicked.connect(self.have_models)
        column.addWidget(self.have, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(2)
        chain(holder)

    def _computer(self) -> QWidget:
        panel = _Facts(self._theme, self.holder)
        for key, (icon, words) in FACTS.items():
            self.facts[key] = panel.add(icon, tr(words))
        return panel

    def _talk(self) -> QWidget:
        """The Guide with its questions."""
        theme = self._theme
        panel = Panel(theme, self.holder, name=tr("Guide"))
        self._guide = Label(theme, tr(SOON), strong=True, wrap=True, parent=panel)
        questions = QWidget(panel)
        flow = FlowLayout(questions, spacing=SPACE[1])
        for example in examples():
            think = example.effort != "none"
            sign = "think" if think else ""
            button = Button(theme, example.text, text=example.text, icon=sign, kind="outline", parent=questions)
            if think:
                button.setToolTip(tr("Asked with Think harder"))
                button.setAccessibleDescription(tr("Asked with Think harder"))
            button.clicked.connect(lambda _on=False, one=example: self.asked.emit(one.text, one.effort != "none"))
            flow.addWidget(button)
            self.buttons.append(button)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._guide)
        words.addWidget(Label(theme, tr(GUIDE), ink="muted", wrap=True, parent=panel))
        if language() != SOURCE:
            words.addWidget(Label(theme, tr(ENGLISH), ink="muted", wrap=True, parent=panel))
        words.addSpacing(SPACE[2])
        words.addWidget(questions)
        row = QHBoxLayout(panel)
        row.setContentsMargins(SPACE[3], SPACE[3], SPACE[3], SPACE[3])
        row.setSpacing(SPACE[2])
        row.addWidget(Sign(theme, "chat", 20, ink="accent", parent=panel), 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        return panel


class _Facts(Panel):
    """What this computer has: a sign, a name and a value each, in two columns where there is room."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, parent, name=tr("This computer"))
        self._cells: list[QBoxLayout] = []
        self._columns = 0
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(SPACE[3], SPACE[3], SPACE[3], SPACE[3])
        self._grid.setHorizontalSpacing(SPACE[4])
        self._grid.setVerticalSpacing(SPACE[3])

    def add(self, icon: str, words: str) -> Label:
        """One more; its value comes back."""
        name = Label(self._theme, words, "small", ink="muted", parent=self)
        value = Label(self._theme, "-", wrap=True, parent=self)
        name.setBuddy(value)
        lines = QVBoxLayout()
        lines.setSpacing(2)
        lines.addWidget(name)
        lines.addWidget(value)
        lines.addStretch(1)
        cell = QHBoxLayout()
        cell.setSpacing(SPACE[2])
        cell.addWidget(Sign(self._theme, icon, 20, parent=self), 0, Qt.AlignmentFlag.AlignTop)
        cell.addLayout(lines, 1)
        self._cells.append(cell)
        self._place(2)
        return value

    def resizeEvent(self, event: QResizeEvent) -> None:
        """One column in a narrow window or with large text."""
        super().resizeEvent(event)
        scale = max(1.0, self._theme.text_size / 100)
        columns = 2 if self.width() >= TWO_COLUMNS * scale else 1
        if columns != self._columns:
            self._place(columns)

    def _place(self, columns: int) -> None:
        self._columns = columns
        for cell in self._cells:
            self._grid.removeItem(cell)
        for number, cell in enumerate(self._cells):
            self._grid.addLayout(cell, number // columns, number % columns)
        self._grid.setColumnStretch(0, 1)
        self._grid.setColumnStretch(1, 1 if columns == 2 else 0)
