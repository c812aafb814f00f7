"""Settings → About: whether there is a newer version, what it brings, and the way to its page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal

from mistral_desk.core.words import tr
from mistral_desk.ui.settings.rows import Row, Section
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.focus import set_possible
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.saying import say

if TYPE_CHECKING:
    from mistral_desk.core.errors import Words
    from mistral_desk.net.updates import Release
    from mistral_desk.ui.theme.theme import Theme


class UpdatesRow(Row):
    """Asks and shows; knows no network."""

    asked = Signal()
    page_asked = Signal()

    def __init__(self, theme: Theme, section: Section) -> None:
        self.look = Button(theme, tr("Look now for a new version"), text=tr("Look now"), kind="outline", parent=section)
        super().__init__(theme, tr("New versions"), " ", self.look, more=tr("update"), copied=True, parent=section)
        self.notes = Label(theme, "", "small", wrap=True, copied=True, parent=self)
        words = tr("Open the download page…")
        self.page = Button(theme, words, text=words, kind="outline", small=True, parent=self)
        self.words.addSpacing(SPACE[0])
        self.words.addWidget(self.notes)
        self.words.addSpacing(SPACE[0])
        self.words.addWidget(self.page, 0, Qt.AlignmentFlag.AlignLeading)
        self._told = ""
        self.look.clicked.connect(self.asked)
        self.page.clicked.connect(self.page_asked)
        self.show_nothing()

    def show_nothing(self) -> None:
        """Nobody has asked."""
        self._show(tr("Nobody is asked unless you do it here, or switch it on in Privacy. Nothing is downloaded."))

    def show_no_address(self) -> None:
        """There is nobody to ask."""
        self._show(tr("This build does not know where newer versions are published."), possible=False)

    def show_offline(self) -> None:
        """It may not ask."""
        self._show(tr("Not possible while Mistral Desk works offline."), possible=False)

    def show_looking(self, host: str) -> None:
        """It is on its way."""
        self._show(tr("Asking {host}…", host=host), possible=False)

    def show_newest(self) -> None:
        """There is nothing newer."""
        self._show(tr("This is the newest version."))

    def show_found(self, release: Release) -> None:
        """There is something newer."""
        self._show(tr("Version {version} is there. What is new:", version=release.version))
        self.notes.setText(release.notes)
        self.notes.setAccessibleName(release.notes)
        self.notes.setVisible(bool(release.notes))
        self.page.show()

    def show_trouble(self, words: Words) -> None:
        """Why it is not known."""
        self._show(words.in_one)

    def _show(self, text: str, *, possible: bool = True) -> None:
        self.set_note(text)
        if self.isVisible() and text != self._told:
            say(self, text)
        self._told = text
        set_possible(self.look, possible=possible)
        self.notes.hide()
        self.page.hide()
