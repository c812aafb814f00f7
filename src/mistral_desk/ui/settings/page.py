"""The settings page: derived from the declarations, so that a new setting needs no new page; and what is only told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from mistral_desk.core import settings as declared
from mistral_desk.core.words import mark, tr, trn
from mistral_desk.inference import cage
from mistral_desk.ui.settings.controls import Controls
from mistral_desk.ui.settings.endpoints_row import EndpointsIntro
from mistral_desk.ui.settings.facts import Asked, HardwareFacts, fill_about, fill_privacy
from mistral_desk.ui.settings.folders import FurtherFolders, MovingRow
from mistral_desk.ui.settings.rows import Row, Section
from mistral_desk.ui.settings.server_row import ServerRow
from mistral_desk.ui.settings.tabs import SectionTabs, Side
from mistral_desk.ui.settings.token import TokenRow
from mistral_desk.ui.settings.updates_row import UpdatesRow
from mistral_desk.ui.sharing.your_data import YourData
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.column import ColumnArea
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.saying import say
from mistral_desk.ui.widgets.search import SearchField

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent, QShowEvent

    from mistral_desk.services import Services
    from mistral_desk.ui.notify import Notices
    from mistral_desk.ui.theme.theme import Theme
    from mistral_desk.ui.widgets.button import Button

SECTIONS: Final = {
    "appearance": mark("Appearance"),
    "chat": mark("Chat"),
    "data": mark("Your data"),
    "models": mark("Models folder"),
    "downloads": mark("Downloads"),
    "hardware": mark("Hardware"),
    "server": mark("Server"),
    "endpoints": mark("Endpoints"),
    "privacy": mark("Privacy"),
    "about": mark("About"),
}


class SettingsPage(QFrame):
    """Shows the settings and changes them at once; `back` leads to the chat."""

    back = Signal()
    erase_asked = Signal()
    """All data is to be deleted; the person is asked first."""
    folder_chosen = Signal(str)
    """Another folder for models; the person is asked what becomes of the old one's."""
    guide_asked = Signal()
    report_asked = Signal()
    """A diagnostic report is wanted; all of it is shown first."""
    sheet = Signal(object)
    """A sheet to open over the window."""

    made = Signal()
    """The rows are there: they are made when somebody looks for the first time, which most starts never see."""

    def __init__(self, theme: Theme, services: Services, notices: Notices, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._services = services
        self._notices = notices
        self.setAccessibleName(tr("Settings"))
        self.tabs: dict[str, Button] = {}
        self.sections: dict[str, Section] = {}
        self.page = "appearance"
        self._found = -1
        self._hardware: HardwareFacts | None = None
        self._kept_in: Row | None = None
        self.server: ServerRow | None = None
        self.updates: UpdatesRow | None = None

    def make(self) -> None:
        """Make the rows, once."""
        if self.sections:
            return
        theme, services, notices = self._theme, self._services, self._notices
        self.search = SearchField(theme, tr("Search settings"), self)
        self.search.textChanged.connect(self._filter)
        self._makers = Controls(theme, services.settings, notices, services.folders.models, self.folder_chosen.emit)
        self.controls = self._makers.by_name
        self._lay_out()
        for setting in declared.ALL:
            section = self.sections[setting.section]
            row = section.add(self._makers.row(setting, section))
            if setting is declared.MODELS_FOLDER:
                self.moving = MovingRow(theme, section)
                section.add(self.moving)
            elif setting is declared.MORE_FOLDERS:
                self.further = FurtherFolders(theme, services.settings, notices, section, row)
        self.server = ServerRow(theme, self.sections["server"])
        self.sections["server"].add(self.server)
        self.endpoints = EndpointsIntro(theme, self.sections["endpoints"])
        self.sections["endpoints"].add(self.endpoints)
        self.token = TokenRow(theme, self.sections["downloads"])
        self.sections["downloads"].add(self.token)
        self.updates = UpdatesRow(theme, self.sections["about"])
        self.updates.hide()  # it stands below the version, which is told when somebody looks
        self.data = YourData(theme, self.sections["data"], services.folders.data)
        self.made.emit()

    def show_page(self, page: str) -> None:
        """Show one page; a search ends."""
        self.make()
        self.page = page
        if self.search.text():
            self.search.clear()
        self.tabs[page].setChecked(True)
        self._filter()
        self.area.verticalScrollBar().setValue(0)

    def _filter(self) -> None:
        typed = self.search.text().strip()
        found = False
        for key, section in self.sections.items():
            fits = section.filter(typed)
            shown = fits if typed else key == self.page
            section.setVisible(shown)
            found = found or shown
        self._nothing.setVisible(not found)
        self._tell(typed)
        self._tabs.setVisible(not typed or self._tabs.beside)

    def _tell(self, typed: str) -> None:
        """Who does not see the page hears how many settings are meant, whenever that is another number."""
        count = sum(not row.isHidden() for section in self.sections.values() for row in section.rows) if typed else -1
        if count != self._found and typed:
            say(self, trn("{n} found", "{n} found", count) if count else self._nothing.text())
        self._found = count

    def showEvent(self, event: QShowEvent) -> None:
        """What is told may have changed meanwhile."""
        super().showEvent(event)
        if self._hardware is None:  # not before somebody looks: reading all licences takes a moment
            self._hardware = HardwareFacts(self._theme, self._services, self.sections["hardware"])
            privacy = self.sections["privacy"]
            self._kept_in = fill_privacy(self._theme, self._services, privacy, self.erase_asked.emit, self.sheet.emit)
            if self.updates is not None:
                asked = Asked(self.guide_asked.emit, self.report_asked.emit)
                fill_about(self._theme, self.sections["about"], self.sheet.emit, self.updates, asked)
        self._hardware.refresh()
        if self._kept_in:
            self._kept_in.set_note(cage.in_words(self._services.engine.cage))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The list of the sections stands beside them where there is room."""
        super().resizeEvent(event)
        self._place_tabs()

    def regions(self) -> list[QWidget]:
        """What F6 goes through."""
        return [self.search, self.tabs[self.page]]

    # --- look ---------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        self._tabs = SectionTabs(self._theme, {key: tr(words) for key, words in SECTIONS.items()}, self)
        self._tabs.chosen.connect(self.show_page)
        self.tabs = self._tabs.buttons
        self.area = ColumnArea(self._theme, self)
        holder, column = self.area.holder, self.area.column
        self._nothing = Label(self._theme, tr("No setting has these words."), ink="muted", parent=holder)
        for part, below in (
            (Label(self._theme, tr("Settings"), "title", strong=True, parent=holder), SPACE[3]),
            (self.search, SPACE[2]),
            (self._tabs, SPACE[4]),
        ):
            column.addWidget(part)
            column.addSpacing(below)
        for key, words in SECTIONS.items():
            self.sections[key] = Section(self._theme, tr(words), holder)
            column.addWidget(self.sections[key])
        column.addWidget(self._nothing)
        column.addStretch(1)
        self._side = Side(self._theme, self._tabs, column, self.search, self)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self._side)
        whole.addWidget(self.area, 1)
        self._theme.changed.connect(self._place_tabs)
        self._place_tabs()

    def _place_tabs(self) -> None:
        if self.sections:
            self.area.set_beside(on=self._side.arrange(self.size(), self.area.widest))
