"""A known model in a list: its two words on this computer in one line, and *Will it run here?* when it is unfolded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from mistral_desk.core.words import tr
from mistral_desk.ui.fit import verdict as words
from mistral_desk.ui.fit.fold import Fold
from mistral_desk.ui.fit.row import words_of
from mistral_desk.ui.fit.widget import TITLE, WillItRun
from mistral_desk.ui.theme.tokens import RADIUS, SPACE
from mistral_desk.ui.widgets.label import Label, Shortened
from mistral_desk.ui.widgets.panel import Panel

if TYPE_CHECKING:
    from mistral_desk.fit.advice import Variant
    from mistral_desk.ui.fit.verdict import Verdict
    from mistral_desk.ui.theme.theme import Theme


class ModelCard(Panel):
    """`variant` is the model's best one here, None where nothing is known of its files. Signals go up."""

    asked = Signal(str)
    """The verdict on this model is wanted: answer with `show_verdict`."""
    alternative = Signal(str)
    advanced_opened = Signal(object)
    changed = Signal()
    """Something was unfolded or folded."""

    def __init__(
        self, theme: Theme, model: str, name: str, variant: Variant | None, parent: QWidget, *, role: str = ""
    ) -> None:
        super().__init__(theme, parent, name=name, radius=RADIUS)
        self.model = model
        self.widget: WillItRun | None = None
        self._verdict: Verdict | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE[3], SPACE[2], SPACE[3], SPACE[2])
        question = tr(TITLE)
        spoken, head = tr("{what}: {file}", what=question, file=name), self._head(name, variant, role)
        self.fold = Fold(theme, question, spoken, self._inside, self, beside=head)
        self.fold.toggled.connect(lambda _on: self.changed.emit())
        column.addWidget(self.fold)

    def _head(self, name: str, variant: Variant | None, role: str) -> QWidget:
        """Its name, its two words, and how long an answer takes."""
        theme, head = self._theme, QWidget(self)
        column = QVBoxLayout(head)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        if said := words.role_words(role):
            column.addWidget(Label(theme, said, "small", ink="accent", strong=True, parent=head))
        column.addWidget(Shortened(theme, name, strong=True, parent=head))
        if variant is None:
            column.addWidget(Label(theme, tr("Not known yet"), ink="muted", parent=head))
            return head
        column.addWidget(words_of(theme, variant, head, tags=False))
        told = words.joined(words.file_words(variant), words.answer_words(variant))
        column.addWidget(Label(theme, told, "small", ink="muted", wrap=True, parent=head))
        return head

    def show_verdict(self, verdict: Verdict) -> None:
        """What was asked for; kept where it is folded now."""
        self._verdict = verdict
        if self.widget is not None:
            self.widget.show_verdict(verdict)
            self.changed.emit()

    def open(self) -> None:
        """Unfold it; the keyboard goes there."""
        if not self.fold.is_open:
            self.fold.set_open(open_=True)
        self.fold.button.setFocus(Qt.FocusReason.OtherFocusReason)

    def _inside(self, parent: QWidget) -> QWidget:
        self.widget = WillItRun(self._theme, parent, titled=False)
        self.widget.alternative.connect(self.alternative)
        self.widget.changed.connect(self.changed)
        self.widget.advanced_opened.connect(self.advanced_opened)
        if self._verdict is not None:
            self.show_verdict(self._verdict)
        self.asked.emit(self.model)
        return self.widget
