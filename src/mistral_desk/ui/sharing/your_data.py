"""Settings → *Your data*: all chats out, others in, copies of them, and where everything lies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal

from mistral_desk.core.words import mark, tr
from mistral_desk.ui.settings.rows import Row
from mistral_desk.ui.widgets.button import Button

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtCore import SignalInstance
    from PySide6.QtGui import QShowEvent

    from mistral_desk.ui.settings.rows import Section
    from mistral_desk.ui.theme.theme import Theme

COPIES: Final = mark(
    "A copy of all chats is made each day on which something changed, and before an update changes the file; the last "
    "five daily ones are kept. They hold the words, not the pictures, which lie beside them."
)


class YourData(QObject):
    """The rows; signals go up."""

    export_all = Signal()
    import_asked = Signal()
    reveal = Signal()
    opened = Signal()
    """The backups are seen: say how it is with them."""
    make = Signal()
    show_all = Signal()

    def __init__(self, theme: Theme, section: Section, folder: Path) -> None:
        super().__init__(section)
        self._theme = theme
        self._section = section
        self.out = self._button(tr("Export all chats…"), self.export_all)
        text = tr("As Markdown, HTML, PDF or JSON, in one ZIP file. What the bin holds stays here.")
        section.add(Row(theme, tr("Export"), text, self.out, parent=section))
        self.come = self._button(tr("Import chats…"), self.import_asked)
        text = tr("From ChatGPT's data export, or from Mistral Desk's own JSON.")
        section.add(Row(theme, tr("Import"), text, self.come, more="ChatGPT", parent=section))
        self.all = self._button(tr("Show backups…"), self.show_all)
        self.backups = _Seen(theme, tr("Backups"), tr(COPIES), self.all, more=tr("Restore"), parent=section)
        self.backups.seen.connect(self.opened)
        self.now = self._button(tr("Back up now"), self.make)
        self.backups.add_before(self.now)
        section.add(self.backups)
        self.place = self._button(tr("Show in folder"), self.reveal)
        section.add(Row(theme, tr("Data folder"), str(folder), self.place, copied=True, parent=section))

    def show_last(self, words: str) -> None:
        """When the latest backup was made."""
        self.backups.set_note(f"{tr(COPIES)}\n{words}" if words else tr(COPIES))

    def _button(self, text: str, signal: SignalInstance) -> Button:
        made = Button(self._theme, text, text=text, kind="outline", parent=self._section)
        made.setToolTip("")
        made.clicked.connect(signal)
        return made


class _Seen(Row):
    """Tells when somebody looks."""

    seen = Signal()

    def showEvent(self, event: QShowEvent) -> None:
        """It may have changed meanwhile."""
        super().showEvent(event)
        self.seen.emit()
