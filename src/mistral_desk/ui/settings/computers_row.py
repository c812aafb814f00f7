"""Settings → Hardware: other computers that lend their memory: what that means, one to add, and a row for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from mistral_desk.core import amounts
from mistral_desk.core.words import mark, tr
from mistral_desk.ui.settings.rows import Row
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.flow import FlowLayout
from mistral_desk.ui.widgets.focus import set_possible
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.text_box import NameField

if TYPE_CHECKING:
    from mistral_desk.inference.rpc.computers import Computer
    from mistral_desk.net.rpc.found import Found
    from mistral_desk.ui.settings.rows import Section
    from mistral_desk.ui.theme.theme import Theme

WHAT: Final = mark(
    "A model that is too large for this computer can lie on others of your own network in part. Start "
    "“mistral-desk --rpc-worker --bind ADDRESS” on them, with an address of theirs, and add it here. What is computed "
    "of your words goes there, and is not encrypted."
)
_LONGEST: Final = 260


class ComputersIntro(Row):
    """What it means, and the field for one more."""

    given = Signal(str)

    def __init__(self, theme: Theme, section: Section) -> None:
        title = tr("Other computers (experimental)")
        super().__init__(theme, title, tr(WHAT), more=tr("llama.cpp RPC"), parent=section)
        line = QWidget(self)
        row = QHBoxLayout(line)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE[1])
        self.field = NameField(theme, tr("Address, for example 192.168.1.5"), line, longest=_LONGEST)
        self.add_button = Button(theme, tr("Test and add"), text=tr("Test and add"), kind="outline", parent=line)
        self.add_button.setToolTip("")
        row.addWidget(self.field, 1)
        row.addWidget(self.add_button)
        self.told = Label(theme, "", "small", ink="muted", wrap=True, parent=self)
        self.told.hide()
        self.words.addSpacing(SPACE[0])
        self.words.addWidget(line)
        self.words.addWidget(self.told)
        self.field.returnPressed.connect(self._give)
        self.field.textChanged.connect(self._typed)
        self.add_button.clicked.connect(self._give)
        self._busy = False
        self._typed()

    def tell(self, text: str, ink: str = "muted") -> None:
        """What came of it."""
        self.told.tell(text, ink)

    def begin(self) -> None:
        """One is being tested."""
        self._busy = True
        self._typed()
        self.tell(tr("Testing and measuring, a few seconds…"))

    def end(self) -> None:
        """No more."""
        self._busy = False
        self._typed()

    def done(self) -> None:
        """It was added."""
        self.field.clear()
        self.tell("")

    def _typed(self) -> None:
        if self._busy and self.add_button.hasFocus():  # a control that goes out hands the focus to any other one
            self.field.setFocus()
        self.add_button.setEnabled(not self._busy and bool(self.field.text().strip()))

    def _give(self) -> None:
        if self.add_button.isEnabled():
            self.given.emit(self.field.text())


class ComputerRow(Row):
    """One of them: what it lends and how fast, or why it is not there."""

    test_asked = Signal(str)
    removed = Signal(str)

    def __init__(self, theme: Theme, computer: Computer, section: QWidget) -> None:
        super().__init__(
            theme, computer.address, " ", more=tr("llama.cpp RPC"), copied=True, broken=True, parent=section
        )
        self.address = computer.address
        self.told = Label(theme, "", "small", ink="muted", wrap=True, parent=self)
        self.told.hide()
        buttons = QWidget(self)
        flow = FlowLayout(buttons, spacing=SPACE[1])
        self.test = self._button(tr("Test"), buttons)
        self.remove = self._button(tr("Remove"), buttons)
        for button in (self.test, self.remove):
            flow.addWidget(button)
        self.test.clicked.connect(lambda: self.test_asked.emit(self.address))
        self.remove.clicked.connect(lambda: self.removed.emit(self.address))
        self.words.addWidget(self.told)
        self.words.addSpacing(SPACE[0])
        self.words.addWidget(buttons)

    def show_state(self, computer: Computer, *, used: bool, offline: bool) -> None:
        """How it is; `used`: a part of the loaded model lies there."""
        lines = [in_words(computer.found)] if computer.found else []
        if offline:
            lines.append(tr("It is not asked while Mistral Desk works offline."))
        elif used:
            lines.append(tr("A part of the loaded model lies there now."))
        self.set_note("\n".join(lines))
        self.test.setEnabled(not offline and not used)
        self.test.setToolTip(tr("It computes for the loaded model just now") if used else "")

    def tell(self, text: str, ink: str = "muted") -> None:
        """What came of a test."""
        self.told.tell(text, ink)

    def set_busy(self, *, busy: bool) -> None:
        """It is being tested."""
        set_possible(self.test, possible=not busy)
        if busy:
            self.tell(tr("Testing and measuring, a few seconds…"))

    def _button(self, text: str, parent: QWidget) -> Button:
        name = tr("{what}: {file}", what=text, file=self.address)
        made = Button(self._theme, name, text=text, kind="outline", small=True, parent=parent)
        made.setToolTip("")
        return made


def in_words(found: Found) -> str:
    """What it lends, how fast it reads it, and how fast the way there is."""
    size = amounts.file_size(sum(lent.total for lent in found.devices))
    if not found.measured:
        return tr("Lends {size} of memory. It was not measured.", size=size)
    fast = max(lent.gbps for lent in found.devices)
    return tr(
        "Lends {size} of memory, of which it reads {speed} GB/s. The network carries {way} MB/s, and there and back "
        "takes {turn} ms.",
        size=size,
        speed=amounts.number(fast, 1 if fast < 10 else 0),
        way=amounts.number(round(1000 * min(found.there_gbps, found.back_gbps))),
        turn=amounts.number(1000 * found.turn_s, 1),
    )
