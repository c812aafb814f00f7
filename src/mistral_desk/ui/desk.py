"""What the window does with the services: which chat is open, what the sidebar lists, which model answers."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtWidgets import QFileDialog, QMenu

from mistral_desk.core import settings as declared
from mistral_desk.core.errors import DeskError, Words
from mistral_desk.core.words import tr
from mistral_desk.services import BUILTIN, model_title
from mistral_desk.ui import wiring
from mistral_desk.ui.chat.chat import Chat
from mistral_desk.ui.chat.model import ModelChoice
from mistral_desk.ui.chat.page import ChatPage
from mistral_desk.ui.main_window import MainWindow
from mistral_desk.ui.notify import Notice, Notices
from mistral_desk.ui.settings.page import SettingsPage
from mistral_desk.ui.tasks import Tasks
from mistral_desk.ui.theme.icons import icon

if TYPE_CHECKING:
    from mistral_desk.chat.message import Conversation
    from mistral_desk.services import Services
    from mistral_desk.ui.theme.theme import Theme

log = logging.getLogger(__name__)
LISTED: Final = 2_000
UNDO_SECONDS: Final = 12


class Desk(QObject):
    """Holds the window together. `close` ends its tasks; the services are not its own to close."""

    def __init__(self, services: Services, theme: Theme) -> None:
        super().__init__()
        self._services = services
        self.notices = Notices()
        self.tasks = Tasks(self.notices)
        self.model = ModelChoice(services)
        self.page = ChatPage(theme, self.notices, self.model)
        self.settings = SettingsPage(theme, services, self.notices)
        self.window = MainWindow(theme, self.notices, self.page, self.settings)
        self._theme = theme
        self._open: dict[int, Chat] = {}
        self._listed: tuple[Conversation, ...] = ()
        self.window.new_chat.connect(self.new_chat)
        self.window.sidebar.opened.connect(self.open_chat)
        self.window.sidebar.renamed.connect(lambda key, title: self.tasks.spawn(self._rename(key, title), "rename"))
        self.window.sidebar.delete_asked.connect(lambda key: self.tasks.spawn(self._delete(key), "delete"))
        self.page.model_menu.connect(self._model_menu)
        wiring.bind(self)
        self._follow_settings()
        self.new_chat()

    def start(self) -> None:
        """Tell what happened while opening, list the chats, and get the model ready."""
        for problem in self._services.notices:
            self.notices.problem(problem, "warning")
        self.tasks.spawn(self.refresh(), "list the chats")
        self.tasks.spawn(self._warm(), "load the model")

    async def close(self) -> None:
        """End what the window started."""
        await self.tasks.cancel()

    # --- chats --------------------------------------------------------------------------------------

    def new_chat(self) -> None:
        """An empty conversation; it is stored with its first message."""
        chat = self._make()
        chat.think = self._services.settings.get(declared.THINK_BY_DEFAULT)
        self._show(chat)

    def open_chat(self, key: int) -> None:
        """Show a stored conversation."""
        self.tasks.spawn(self._open_chat(key), "open a chat")

    @property
    def listed(self) -> tuple[Conversation, ...]:
        """The conversations as the sidebar has them."""
        return self._listed

    @property
    def theme(self) -> Theme:
        """The look."""
        return self._theme

    @property
    def services(self) -> Services:
        """What the window stands on."""
        return self._services

    async def refresh(self) -> None:
        """Read the list of conversations anew."""
        self._listed = await self._services.history.conversations(LISTED)
        self.window.sidebar.show_chats(self._listed)
        self._mark()

    async def _open_chat(self, key: int) -> None:
        chat = self._open.get(key)
        if chat is None:
            conversation = await self._services.history.conversation(key)
            chat = self._make()
            await chat.load(conversation)
            chat = self._open.setdefault(key, chat)
        self._show(chat)

    async def _rename(self, key: int, title: str) -> None:
        conversation = await self._services.history.rename(key, title)
        if chat := self._open.get(key):
            chat.conversation = conversation
        await self.refresh()

    async def _delete(self, key: int) -> None:
        chat = self._open.pop(key, None)
        if chat is not None and chat.busy:
            chat.stop()
        gone = await self._services.history.delete(key)
        if self.page.chat is not None and (self.page.chat is chat or _id_of(self.page.chat) == key):
            self.new_chat()
        await self.refresh()

        def undo() -> None:
            self.tasks.spawn(self._restore(key), "bring a chat back")

        words = Words(tr("Chat deleted"), gone.title or tr("A chat without a title"), "")
        self.notices.show(Notice("info", words, tr("Undo"), undo, UNDO_SECONDS))

    async def _restore(self, key: int) -> None:
        await self._services.history.restore(key)
        await self.refresh()
        await self._open_chat(key)

    def _make(self) -> Chat:
        chat = Chat(self._services, self.tasks, self.model)
        chat.open_thoughts = self._services.settings.get(declared.SHOW_THINKING)
        chat.begun.connect(lambda conversation: self._begun(chat, conversation))
        chat.ended.connect(lambda _turn: self.tasks.spawn(self.refresh(), "list the chats"))
        chat.busy_changed.connect(lambda _busy: self._mark())
        return chat

    def _begun(self, chat: Chat, conversation: Conversation) -> None:
        self._open[conversation.id] = chat
        self.tasks.spawn(self.refresh(), "list the chats")

    def _show(self, chat: Chat) -> None:
        for key, other in tuple(self._open.items()):
            if other is not chat and not other.busy and not other.draft and other is not self.page.chat:
                del self._open[key]
        self.page.show_chat(chat)
        self.window.show_chat()
        self._mark()

    def _mark(self) -> None:
        chat = self.page.chat
        if chat is None:
            return
        sidebar = self.window.sidebar
        sidebar.model.set_busy(frozenset(key for key, one in self._open.items() if one.busy))
        sidebar.set_current(_id_of(chat))
        title = next((one.title for one in self._listed if one.id == _id_of(chat)), "")
        self.window.top.set_title(title or (chat.conversation.title if chat.conversation else ""))
        self.window.setWindowTitle(tr("{title} – Mistral Desk", title=title) if title else "Mistral Desk")

    # --- the model ----------------------------------------------------------------------------------

    async def _warm(self) -> None:
        try:
            await self.model.warm()
        except DeskError as error:
            log.info("the model was not made ready: %s", error.problem.id)
            if error.problem.id != "load.cancelled":
                self.notices.problem(error.problem)

    def _model_menu(self) -> None:
        chip = self.page.composer.model
        menu = QMenu(self.window)
        self._theme.dress_menu(menu)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for model in dict.fromkeys((BUILTIN, *self._services.models_there(), *self.model.opened)):
            title = model_title(model)
            action = menu.addAction(title)
            action.setCheckable(True)
            action.setChecked(model == self.model.id)
            action.triggered.connect(lambda _on=False, model=model: self._choose(model))
        menu.addSeparator()
        menu.addAction(icon("file", self._theme.colours.text), tr("Open a GGUF file…")).triggered.connect(self.ask_file)
        hint = menu.sizeHint()
        menu.popup(chip.mapToGlobal(QPoint(chip.width() - hint.width(), -hint.height() - 4)))

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
        dialog.fileSelected.connect(self._choose)
        dialog.open()

    def _choose(self, model: str) -> None:
        try:
            self.model.choose(model)
        except DeskError as error:
            self.notices.problem(error.problem)
            return
        if self.page.chat is None or not self.page.chat.busy:
            self.tasks.spawn(self._warm(), "load the model")

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
                self.tasks.spawn(self._warm(), "load the model")

        for number in (declared.THREADS, declared.CONTEXT):
            settings.listen(number, load_anew)


def _id_of(chat: Chat) -> int | None:
    return chat.conversation.id if chat.conversation else None
