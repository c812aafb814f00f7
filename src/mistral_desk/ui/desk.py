"""What the window does with the services: which chat is open, what the sidebar lists, which model answers."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QFileDialog

from mistral_desk.chat.erase import DRAFTS
from mistral_desk.core import settings as declared
from mistral_desk.core.errors import DeskError
from mistral_desk.core.words import tr
from mistral_desk.net.endpoints.record import is_endpoint
from mistral_desk.services import BUILTIN
from mistral_desk.ui import wiring
from mistral_desk.ui.attaching.door import Attaching
from mistral_desk.ui.chat.ahead import read_ahead
from mistral_desk.ui.chat.formulas import formulas
from mistral_desk.ui.chat.model import ModelChoice
from mistral_desk.ui.chat.page import ChatPage
from mistral_desk.ui.chats.door import Chats
from mistral_desk.ui.chats.kept_page import ARCHIVE, BIN, KeptPage
from mistral_desk.ui.chats.partner import PartnerDoor
from mistral_desk.ui.context.door import Context
from mistral_desk.ui.downloads.anew import Anew
from mistral_desk.ui.downloads.door import Downloads
from mistral_desk.ui.downloads.getting import Getting
from mistral_desk.ui.drafts import Drafts
from mistral_desk.ui.fit.door import Fits
from mistral_desk.ui.library.door import LibraryDoor
from mistral_desk.ui.library.page import LibraryPage
from mistral_desk.ui.main_window import MainWindow, Rooms
from mistral_desk.ui.model_menu import show_model_menu
from mistral_desk.ui.models.door import Models
from mistral_desk.ui.models.page import ModelsPage
from mistral_desk.ui.notify import Notices
from mistral_desk.ui.presets.door import ChatSettings
from mistral_desk.ui.settings.diagnostic_door import DiagnosticDoor
from mistral_desk.ui.settings.endpoints_door import EndpointsDoor
from mistral_desk.ui.settings.engines_door import EnginesDoor
from mistral_desk.ui.settings.erase import EraseSheet
from mistral_desk.ui.settings.moving_door import MovingDoor
from mistral_desk.ui.settings.page import SettingsPage
from mistral_desk.ui.settings.server_door import ServerDoor
from mistral_desk.ui.settings.updates_door import UpdatesDoor
from mistral_desk.ui.sharing.door import Sharing
from mistral_desk.ui.system.attention import Attention
from mistral_desk.ui.tasks import Tasks
from mistral_desk.ui.trouble import Trouble
from mistral_desk.ui.warmth import Warmth
from mistral_desk.ui.welcome.page import Welcome

if TYPE_CHECKING:
    from mistral_desk.chat.message import Conversation
    from mistral_desk.services import Services
    from mistral_desk.ui.theme.theme import Theme

log = logging.getLogger(__name__)
_ALL: Final = 1_000_000_000


class Desk(QObject):
    """Holds the window together, and goes with it. `close` ends its tasks; the services are not its own to close."""

    closing = Signal()
    """The person wants to end the program, and has been asked where something would be lost."""

    def __init__(self, services: Services, theme: Theme) -> None:
        super().__init__()
        self._services = services
        self.notices = Notices(self)
        self.tasks = Tasks(self.notices)
        self.model = ModelChoice(services, self)
        self.page = ChatPage(theme, self.notices, self.model)
        self.settings = SettingsPage(theme, services, self.notices)
        self.models, self.library = ModelsPage(theme), LibraryPage(theme)
        kept = KeptPage(theme, ARCHIVE), KeptPage(theme, BIN)
        rooms = Rooms(self.page, self.models, self.library, self.settings, *kept)
        self.window = MainWindow(theme, self.notices, rooms)
        self.window.destroyed.connect(self.deleteLater)  # what its signals hold is free only when it is gone, too
        self._theme = theme
        self._drafts = Drafts(services.folders.data / DRAFTS, self)
        self.attaching = Attaching(self, self._drafts)
        self.fits = Fits(self)
        self.catalog = Models(self)
        self.attention = Attention(self.window, services.settings)
        self.getting = Getting(self)
        self.shelf = LibraryDoor(self)
        self.trouble = Trouble(self)
        self.downloads = Downloads(self)
        self.moving, self.server, self.endpoints = MovingDoor(self), ServerDoor(self), EndpointsDoor(self)
        self.updates, self.report = UpdatesDoor(self), DiagnosticDoor(self)
        self.anew, self.engines = Anew(self), EnginesDoor(self)
        self.chats, self.partner = Chats(self, self._drafts), PartnerDoor(self)
        self.context, self.chat_settings = Context(self), ChatSettings(self)
        self.sharing, self.warmth = Sharing(self), Warmth(self)
        self.window.close_asked.connect(self.ask_to_close)
        self.settings.erase_asked.connect(lambda: self.tasks.spawn(self._ask_to_erase(), "delete all data"))
        self.page.model_menu.connect(lambda: show_model_menu(self))
        self.models.open_file.connect(self.ask_file)
        self.models.chat_with.connect(self.chat_with)
        wiring.bind(self)
        self._follow_settings()
        self.chats.begin()

    def start(self) -> None:
        """Tell what happened while opening, list the chats, and get the model ready."""
        for problem in self._services.notices:
            self.notices.problem(problem, "warning")
        self.tasks.spawn(self.moving.taken_up(), "hear of a move that goes on")
        self.tasks.spawn(self.refresh(), "list the chats")
        self.warmth.begin()
        self.catalog.start()
        self.server.begin()
        self.updates.start()
        self.engines.begin()
        self.tasks.spawn(read_ahead(), "read ahead")

    def welcome(self) -> None:
        """Greet somebody who was never here, until they have asked something or left the empty chat."""
        shown = Welcome(self._theme, self._services, self.page)
        shown.have_models.connect(self.shelf.adding.ask)
        shown.recommendation.make = self.getting.for_welcome
        shown.recommendation.line_speed = self._services.downloads.line_speed
        self.model.changed.connect(shown.refresh)
        self.page.set_welcome(shown)
        self.fits.recommend(shown)

    def keep(self) -> None:
        """Save what is not on the disk yet."""
        self._drafts.save()
        self.catalog.remembered.save()

    async def close(self) -> None:
        """End what the window started."""
        self.keep()
        self.tasks.close_door()
        self.notices.close_door()
        for door in (self.downloads, self.shelf, self.moving, self.context, self.endpoints, self.partner):
            door.close()
        await self.warmth.close()
        await self.engines.close()
        formulas().end()
        await self.tasks.cancel()
        self.updates.close()
        await self.server.close()
        self._drafts.close()

    def ask_to_close(self) -> None:
        """End the program; where a temporary chat would be lost, ask first."""
        self.chats.leave(self.closing.emit)

    # --- chats --------------------------------------------------------------------------------------

    def new_chat(self) -> None:
        """An empty conversation; it is stored with its first message."""
        self.chats.new()

    def temporary_chat(self) -> None:
        """A conversation that is kept nowhere."""
        self.chats.temporary()

    def open_chat(self, key: int) -> None:
        """Show a stored conversation."""
        self.chats.open(key)

    @property
    def listed(self) -> tuple[Conversation, ...]:
        """The conversations as the sidebar has them."""
        return self.chats.listed

    async def refresh(self) -> None:
        """Read the list of conversations anew."""
        await self.chats.refresh()

    # --- what it stands on --------------------------------------------------------------------------

    @property
    def theme(self) -> Theme:
        """The look."""
        return self._theme

    @property
    def services(self) -> Services:
        """What the window stands on."""
        return self._services

    # --- the model ----------------------------------------------------------------------------------

    def warm(self) -> None:
        """Get the model ready."""
        self.tasks.spawn(self._warm(), "load the model")

    async def _warm(self) -> None:
        try:
            await self.model.warm()
        except DeskError as error:
            log.info("the model was not made ready: %s", error.problem.id)
            told = error.problem.id == "load.cancelled" or self.fits.refused(error.problem)
            if not told and not self.trouble.told(error.problem):
                self.notices.problem(error.problem)

    def ask_file(self) -> None:
        """Have the person choose a model file."""
        dialog = QFileDialog(
            self.window,
            tr("Open a GGUF file"),
            str(self._services.models_folder),
            tr("Models ({pattern})", pattern="*.gguf"),
        )
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.open_model)
        dialog.open()

    def chat_with(self, model: str) -> None:
        """A new chat with this model."""
        self.notices.over.emit(model.casefold())
        if self.open_model(model):
            self.new_chat()

    def show_downloads(self) -> None:
        """What is on its way, in the library."""
        if self.window.page != "library":
            self.window.show_page("library")
        self.library.area.verticalScrollBar().setValue(0)

    def open_model(self, model: str) -> bool:
        """Answer with this model (an id or a path) from now on; whether it can be."""
        away = is_endpoint(model)
        model = model if away else self.shelf.id_of(model)
        if self.window.page == "chat":
            self.partner.decided(model)
        try:
            self.model.choose(model)
        except DeskError as error:
            self.notices.problem(error.problem)
            return False
        if not away:
            self.shelf.opened(model)
        if self.window.page in ("models", "library"):
            self.window.show_chat()
        if self.page.chat is None or not self.page.chat.busy:
            self.warm()
        return True

    # --- all data -----------------------------------------------------------------------------------

    async def _ask_to_erase(self) -> None:
        history = self._services.history
        lists = (await history.conversations(_ALL), await history.conversations(_ALL, archived=True))
        chats = sum(len(one) for one in (*lists, await history.deleted(_ALL)))
        await asyncio.wrap_future(self._drafts.begin_saving())
        shares = await asyncio.to_thread(self._services.inventory)
        sheet = EraseSheet(self._theme, chats, shares, self.window)
        sheet.wanted.connect(lambda: self.tasks.spawn(self._erase(sheet), "delete all data"))
        self.window.show_overlay(sheet)

    async def _erase(self, sheet: EraseSheet) -> None:
        self.chats.forget()
        done = await self._services.erase()
        self.catalog.forget()
        await self.chats.show_empty()
        if self.model.is_away:  # its endpoint is gone, too
            self.model.choose(BUILTIN)
        sheet.show_done(done)
        self.warm()

    # --- settings -----------------------------------------------------------------------------------

    def _follow_settings(self) -> None:
        settings = self._services.settings

        def look(_value: object) -> None:
            choice = settings.get(declared.THEME)
            self._theme.set_motion(settings.get(declared.MOTION))
            self._theme.set_contrast(settings.get(declared.CONTRAST))
            self._theme.choose(choice, settings.get(declared.TEXT_SCALE))  # type: ignore[arg-type]

        for setting in (declared.THEME, declared.MOTION, declared.CONTRAST):
            settings.listen(setting, look)
        settings.listen(declared.TEXT_SCALE, look)

        def load_anew(_value: int) -> None:
            if self.page.chat is None or not self.page.chat.busy:
                self.warm()

        for number in (declared.THREADS, declared.CONTEXT):
            settings.listen(number, load_anew)
