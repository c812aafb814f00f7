"""*Will it run here?* on a model's page; a record that stands for several models lets one of them be chosen."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QWidget

from mistral_desk.core.words import tr
from mistral_desk.ui.fit.widget import TITLE, WillItRun
from mistral_desk.ui.models.about.section import Section
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.flow import FlowLayout
from mistral_desk.ui.widgets.tag import Tag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mistral_desk.ui.fit.verdict import Verdict
    from mistral_desk.ui.theme.theme import Theme


class Here(Section):
    """`member` carries the id of the model whose verdict is wanted instead."""

    member = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, tr(TITLE), parent)
        self._choices = QWidget(self)
        self._flow = FlowLayout(self._choices, spacing=SPACE[1])
        self._choices.setAccessibleName(tr("Which of its models"))
        self._choices.hide()
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        self.members: dict[str, Tag] = {}
        self.put(self._choices)
        self.widget = WillItRun(theme, self, titled=False)
        self.put(self.widget)

    def show_members(self, members: Sequence[tuple[str, str]], current: str) -> None:
        """The models to choose from; fewer than two are no choice. The same ones keep their buttons."""
        if len(members) > 1 and [model for model, _name in members] == list(self.members):
            self.members[current].setChecked(True)
            return
        for button in self.members.values():
            self._group.removeButton(button)
            self._flow.removeWidget(button)
            button.hide()
            button.deleteLater()
        self.members = {}
        for model, name in members if len(members) > 1 else ():
            button = Tag(self._theme, name, name, self._choices)
            button.setCheckable(True)
            button.setAutoExclusive(True)  # in a group it says only that it is one of several, to a screen reader
            self._group.addButton(button)
            button.setChecked(model == current)
            button.clicked.connect(lambda _on=False, model=model: self.member.emit(model))
            self._flow.addWidget(button)
            self.members[model] = button
        self._choices.setVisible(bool(self.members))

    def show_verdict(self, verdict: Verdict) -> None:
        """The catalog's claim stands beside the truth already, so it is not said here."""
        self.widget.show_verdict(dataclasses.replace(verdict, claim=""))
