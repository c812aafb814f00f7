"""A model of the library: what it is, how it is, and what can be done with it; work on it shows in the card."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from mistral_desk.core.words import tr
from mistral_desk.ui.library import model_words as words
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.card import Card
from mistral_desk.ui.widgets.focus import has_keyboard
from mistral_desk.ui.widgets.label import Shortened
from mistral_desk.ui.widgets.progress import Figures, Progress

if TYPE_CHECKING:
    from mistral_desk.library.shelf_file import Installed
    from mistral_desk.ui.theme.theme import Theme


class Work(QWidget):
    """Something that takes its time: a bar, words, and *Cancel*."""

    cancelled = Signal()

    def __init__(self, theme: Theme, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.bar = Progress(theme, name, self)
        self.told = Figures(theme, "", self)
        text = tr("Cancel")
        cancel = tr("{what}: {file}", what=text, file=name)
        self.cancel = Button(theme, cancel, text=text, small=True, kind="outline", parent=self)
        self.cancel.setToolTip("")
        self.cancel.clicked.connect(self.cancelled)
        row = QHBoxLayout()
        row.setSpacing(SPACE[2])
        row.addWidget(self.told, 1)
        row.addWidget(self.cancel)
        column = QVBoxLayout(self)  # below each other: beside each other they would ask for more than a card has
        column.setContentsMargins(0, SPACE[0], 0, 0)
        column.setSpacing(SPACE[0])
        column.addWidget(self.bar)
        column.addLayout(row)

    def show_work(self, share: float, told: str) -> None:
        """How far it is."""
        self.bar.show_share(share, told)
        self.told.say(told)


class ModelCard(Card):
    """Signals carry nothing: whoever made it knows the model."""

    chat = Signal()
    fit = Signal()
    reveal = Signal()
    verify = Signal()
    repair = Signal()
    delete = Signal()
    stopped = Signal()
    """The work that is shown is to end."""

    def __init__(self, theme: Theme, model: Installed, parent: QWidget, *, in_use: bool) -> None:
        broken = model.state in ("damaged", "incomplete")
        icon = "chat" if model.origin == "guide" else "warning" if broken else "models"
        tag = tr("In use") if in_use and model.state == "here" else ""
        super().__init__(theme, icon, words.title(model), parent, tag=tag)
        self.model, self.in_use = model, in_use
        self.work: Work | None = None
        self.tell(words.facts_line(model))
        said, ink = words.state(model)
        if said:
            self.tell(said, ink=ink)
        if origin := words.origin(model):
            self.tell(origin)
        if model.origin != "guide":
            self.place(model.folder)
        if model.state == "absent":
            for label in self.findChildren(Shortened):
                label.set_ink("muted")
        self.chat_button: Button | None = None
        self._harmless: list[Button] = []
        self._fill(model, broken=broken)

    @property
    def harmless(self) -> Button | None:
        """What the keyboard may come to without having been led there: nothing ends by it, or goes. None where nothing
        else can be done with the model.
        """
        return next(iter(self._harmless), None) if self.chat_button is None else self.chat_button

    def show_work(self, share: float, told: str) -> None:
        """A job on this model, as far as it is."""
        if self.work is None:
            self.work = Work(self._theme, words.title(self.model), self)
            self.work.cancelled.connect(self.stopped)
            self.below.addWidget(self.work)
            QWidget.setTabOrder(self.findChildren(Button)[-2], self.work.cancel)
        self.work.show_work(share, told)

    def end_work(self) -> None:
        """It is over."""
        if self.work is not None:
            if has_keyboard(self.work) and self.harmless is not None:
                self.harmless.setFocus(Qt.FocusReason.OtherFocusReason)
            self.below.removeWidget(self.work)
            self.work.hide()
            self.work.deleteLater()
            self.work = None

    def _fill(self, model: Installed, *, broken: bool) -> None:
        title = words.title(model)
        here = model.state == "here"
        if here:
            runs = tr("How it runs here")
            self._safe(self._icon(tr("How it runs here: {name}", name=title), "chip", runs)).clicked.connect(self.fit)
        if model.origin != "guide" and model.state != "absent":
            tip = tr("Show in its folder")
            show = self._icon(tr("{what}: {file}", what=tip, file=title), "folder", tip)
            self._safe(show).clicked.connect(self.reveal)
        if words.verifiable(model):
            tip = tr("Verify: read all of it and compare")
            self._safe(self._icon(tr("Verify: {name}", name=title), "verify", tip)).clicked.connect(self.verify)
        if model.deletes == "bin_or_good":
            self._icon(tr("Delete: {name}", name=title), "trash", tr("Delete…")).clicked.connect(self.delete)
        elif model.deletes == "forgets":
            tip = tr("Take it off the list. The file stays where it is.")
            self._icon(tr("Take {name} off the list", name=title), "close", tip).clicked.connect(self.delete)
        if here:
            text = tr("Chat with it")
            self.chat_button = self._worded(text, tr("Chat with it: {name}", name=title))
            self.chat_button.clicked.connect(self.chat)
        elif broken and (model.repository or any(file.repository for file in model.all)):
            text = tr("Repair")
            self._worded(text, tr("{what}: {file}", what=text, file=title)).clicked.connect(self.repair)

    def _safe(self, button: Button) -> Button:
        self._harmless.append(button)
        return button

    def _icon(self, name: str, icon: str, tip: str) -> Button:
        made = Button(self._theme, name, icon=icon, muted=True, parent=self)
        made.setToolTip(tip)
        self.tools.addWidget(made)
        return made

    def _worded(self, text: str, name: str) -> Button:
        made = Button(self._theme, name, text=text, kind="outline", parent=self)
        made.setToolTip("")
        self.tools.addWidget(made)
        return made
