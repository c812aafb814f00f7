"""The window: sidebar, one column with the pages, and what the keyboard reaches from anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QApplication, QHBoxLayout, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from mistral_desk.ui.actions import Actions
from mistral_desk.ui.chats.chat_menu import chat_menu
from mistral_desk.ui.commands import keys_of
from mistral_desk.ui.sidebar.drawer import Drawer
from mistral_desk.ui.sidebar.panel import Sidebar
from mistral_desk.ui.top_bar import TopBar
from mistral_desk.ui.widgets.banners import Banners
from mistral_desk.ui.widgets.focus import turn_to, watch
from mistral_desk.ui.widgets.popup import below

if TYPE_CHECKING:
    from PySide6.QtGui import QCloseEvent, QKeyEvent, QPaintEvent, QResizeEvent, QShowEvent

    from mistral_desk.ui.chat.page import ChatPage
    from mistral_desk.ui.chats.kept_page import KeptPage
    from mistral_desk.ui.library.page import LibraryPage
    from mistral_desk.ui.models.page import ModelsPage
    from mistral_desk.ui.notify import Notices
    from mistral_desk.ui.settings.page import SettingsPage
    from mistral_desk.ui.theme.theme import Theme
    from mistral_desk.ui.widgets.overlay import Overlay

    Room: TypeAlias = ChatPage | ModelsPage | LibraryPage | SettingsPage | KeptPage

NARROW: Final = 760
"""Below this width the sidebar makes room by itself."""


class Rooms(NamedTuple):
    """The pages of the main column; their names are those of the commands that lead there."""

    chat: ChatPage
    models: ModelsPage
    library: LibraryPage
    settings: SettingsPage
    archive: KeptPage
    bin: KeptPage


class MainWindow(QMainWindow):
    """Places and keys; what they do is told by signals."""

    close_asked = Signal()
    new_chat = Signal()

    def __init__(self, theme: Theme, notices: Notices, rooms: Rooms) -> None:
        super().__init__()
        self._theme = theme
        self.chat = rooms.chat
        self.settings = rooms.settings
        self.archive, self.bin = rooms.archive, rooms.bin
        self._models = rooms.models
        self.rooms: dict[str, Room] = rooms._asdict()
        self.sidebar = Sidebar(theme, self)
        self.top = TopBar(theme, self)
        self._wanted = True
        self.overlay: Overlay | None = None
        self.setWindowTitle("Mistral Desk")
        self.setMinimumSize(420, 480)
        self.resize(1180, 800)
        self._lay_out()
        self.banners = Banners(theme, self._column, (self.top, self.chat.finder), keys_of("undo"))
        self.banners.left.connect(self.to_page)
        self.banners.covering.connect(self._make_room)
        self._pages.currentChanged.connect(self._place_notices)
        notices.shown.connect(self.banners.show_notice)
        notices.shown.connect(self.close_drawer)  # else what it offers would lie below
        notices.over.connect(self.banners.withdraw)
        self.sidebar.new_chat.connect(self.new_chat)
        self.sidebar.page_asked.connect(self.show_page)
        rooms.models.library.connect(lambda: self.show_page("library"))
        self.sidebar.hide_asked.connect(self.toggle_sidebar)
        self.top.new_chat.connect(self.new_chat)
        self.top.show_sidebar.connect(self.toggle_sidebar)
        self.settings.back.connect(self.show_chat)
        self.chat.sheet.connect(self.show_overlay)
        self.chat.away_changed.connect(self.top.set_away)
        self.settings.sheet.connect(self.show_overlay)
        self.commands = Actions(self)
        self.sidebar.command_asked.connect(self.commands.run)
        self.sidebar.menu_asked.connect(self.show_menu)
        self.top.menu_asked.connect(self.show_chat_menu)
        theme.changed.connect(self._place_sidebar)
        self._place_sidebar()

    # --- pages --------------------------------------------------------------------------------------

    def show_chat(self) -> None:
        """The conversation."""
        self.close_drawer()
        turn_to(self._pages, self.chat)
        self.sidebar.set_page("chat")
        self.top.set_quiet(quiet=False)
        self.chat.composer.edit.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_page(self, page: str) -> None:
        """One of the rooms beside the chat; a second time leads back, from the inside of the models to their list."""
        if page == self.page == "models" and self._models.to_list():
            self.sidebar.set_page(page)
        elif page in ("chat", self.page):
            self.show_chat()
        elif page == "settings":
            self.open_settings(self.settings.page)
        else:
            self.close_drawer()
            turn_to(self._pages, self.rooms[page])
            self.sidebar.set_page(page)
            self.top.set_quiet(quiet=True)
            self.rooms[page].regions()[0].setFocus(Qt.FocusReason.OtherFocusReason)

    def show_settings(self) -> None:
        """The settings; a second time leads back."""
        self.show_page("settings")

    def open_settings(self, page: str) -> None:
        """One page of the settings."""
        self.close_drawer()
        self.settings.show_page(page)
        turn_to(self._pages, self.settings)
        self.sidebar.set_page("settings")
        self.top.set_quiet(quiet=True)
        self.settings.tabs[page].setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def page(self) -> str:
        """The page that is open."""
        shown = self._pages.currentWidget()
        return next(name for name, room in self.rooms.items() if room is shown)

    @property
    def ground(self) -> QWidget:
        """All of the window below its bars: what lies over the whole of it belongs here."""
        return self._whole

    def show_overlay(self, overlay: Overlay, *, above: bool = False) -> None:
        """Open a sheet over the window; another one that is open gives way, one of the same kind closes only.

        With `above` it lies over the one that is open (its parent), which is there again afterwards.
        """
        old, self.overlay = self.overlay, None
        if old is not None and not above:
            old.reject()
            if type(old) is type(overlay):
                overlay.done(overlay.DialogCode.Rejected)  # who made it lets go of it
                overlay.deleteLater()
                return
        self.overlay = overlay

        def closed(_result: int) -> None:
            if self.overlay is overlay:
                self.overlay = old if above else None

        overlay.finished.connect(closed)
        overlay.open_over()

    def put_sheets_away(self) -> bool:
        """Close what lies over the window; False where one of them stays, because something is being done there."""
        while (top := self.overlay) is not None:
            top.reject()
            if self.overlay is top:
                return False
        return True

    def show_menu(self) -> None:
        """The program's menu, below its name."""
        menu = self.commands.menu(self, self._theme.colours.text)
        self._theme.dress_menu(menu)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        below(menu, self.sidebar.name if self.sidebar.isVisible() else self.top.first)

    def show_chat_menu(self) -> None:
        """What can be done with the chat that is open, below the dots over it."""
        below(chat_menu(self.commands, self._theme, self), self.top.more)

    def toggle_sidebar(self) -> None:
        """Show or hide the sidebar; the choice holds while there is room for it."""
        if self._drawer.open:
            self.close_drawer()
            return
        self._wanted = not self.sidebar.isVisible()
        self._place_sidebar(forced=self._wanted)

    @property
    def sidebar_wanted(self) -> bool:
        """Whether the person wants the sidebar."""
        return self._wanted

    def set_sidebar_wanted(self, wanted: bool) -> None:
        """As it was left."""
        self._wanted = wanted
        self._place_sidebar()

    # --- keys ---------------------------------------------------------------------------------------

    def escape(self) -> None:
        """Close the innermost thing that is open, else stop the answer."""
        if self.overlay is not None:
            self.overlay.reject()
            return
        if self.banners.close_newest():
            return
        if (self.sidebar.has_keyboard or self._drawer.open) and self.sidebar.escape():
            return
        if self._drawer.open:
            self.close_drawer()
            return
        if self.page == "models" and self._models.back():
            return
        if self._pages.currentWidget() is not self.chat:
            self.show_chat()
            return
        if self.chat.chat is not None and self.chat.chat.editing is not None:
            self.chat.turning.cancel()
            return
        if self.chat.finder.isVisible():
            self.chat.finder.close_bar()
            return
        if not self.sidebar.escape():
            self.chat.stop()

    def search_chats(self, text: str = "") -> None:
        """The keyboard goes to the field over the list; what is given is looked for."""
        if not self.sidebar.isVisible():
            self.toggle_sidebar()
        self.sidebar.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.sidebar.search.selectAll()
        if text:
            self.sidebar.search.setText(text)

    def go_to_region(self, step: int) -> None:
        """The keyboard goes to the next part of the window, or back."""
        regions: list[QWidget] = self.sidebar.regions() if self.sidebar.isVisible() else []
        shown = self.rooms[self.page].regions()
        regions += [region for region in shown if region.isVisible()]
        regions += self.banners.regions()
        focus = QApplication.focusWidget() or self
        here = next((n for n, region in enumerate(regions) if region is focus or region.isAncestorOf(focus)), -1)
        if self.banners.isAncestorOf(focus):
            here = len(regions) - 1
        if regions:
            regions[(here + step) % len(regions)].setFocus(Qt.FocusReason.ShortcutFocusReason)

    # --- Qt -----------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """What is typed where nothing takes it in goes to the composer, as everybody expects of a chat."""
        edit = self.chat.composer.edit
        bare = not event.modifiers() & ~(Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier)
        words = event.text().strip().isprintable() and event.text().strip() != ""
        if not (bare and words and self.page == "chat" and self.overlay is None) or edit.hasFocus():
            super().keyPressEvent(event)
            return
        edit.setFocus(Qt.FocusReason.OtherFocusReason)
        QApplication.sendEvent(edit, event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Hidden at once; the program ends when everything is saved."""
        event.ignore()
        self.close_asked.emit()

    def showEvent(self, event: QShowEvent) -> None:
        """From now on it is known which hand leads."""
        super().showEvent(event)
        watch(self)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The sidebar gives way in a narrow window."""
        super().resizeEvent(event)
        self._place_sidebar()
        self.banners.place()

    def changeEvent(self, event: QEvent) -> None:
        """Windows mirrored by their language mirror their parts."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LayoutDirectionChange:
            self.banners.place()
            self._drawer.place()

    def _place_sidebar(self, *, forced: bool = False) -> None:
        """Beside the page where there is room; else over it, for as long as somebody wants it there."""
        room = self.width() >= NARROW * self._theme.text_size / 100
        used = self._drawer.open or (self.sidebar.in_use and self.sidebar.isVisible())
        over = self._wanted and not room and (forced or used)
        self._drawer.set_open(is_open=over)
        shown = self._wanted and (room or over)
        if not shown and self.sidebar.has_keyboard:
            self.to_page()  # before Qt gives it to whatever comes next
        self.sidebar.setVisible(shown)
        self.top.set_sidebar(self._wanted and room)

    def close_drawer(self) -> None:
        """Where the sidebar lies over the page, it goes; it comes back beside it as soon as there is room."""
        if self._drawer.open:
            held = self.sidebar.has_keyboard
            self._drawer.set_open(is_open=False)
            self.sidebar.hide()
            if held:
                self.to_page()

    def to_page(self) -> None:
        """The keyboard goes to the page that is open."""
        self.rooms[self.page].regions()[-1].setFocus(Qt.FocusReason.OtherFocusReason)

    def _make_room(self, covered: int) -> None:
        """No notice covers what somebody acts on: not the first of a chat, nor the last of another page."""
        above, below = (covered, 0) if self.page == "chat" else (0, covered)
        self.chat.transcript.set_lead(above)
        self.chat.empty.set_lead(above)
        if self.chat.welcome is not None:
            self.chat.welcome.set_lead(above)
        self._above_notices.setFixedHeight(below)

    def _place_notices(self) -> None:
        self.banners.low = self.page != "chat"
        self.banners.place()

    def _lay_out(self) -> None:
        self._whole = whole = _Ground(self._theme, self)
        self._pages = QStackedWidget(whole)
        for room in self.rooms.values():
            self._pages.addWidget(room)
        self._column = QWidget(whole)
        column = QVBoxLayout(self._column)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self._above_notices = QWidget(self._column)
        self._above_notices.setFixedHeight(0)
        column.addWidget(self.top)
        column.addWidget(self._pages, 1)
        column.addWidget(self._above_notices)
        row = QHBoxLayout(whole)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.sidebar)
        row.addWidget(self._column, 1)
        self._drawer = Drawer(self._theme, self.sidebar, row, whole)
        self._drawer.left.connect(self.close_drawer)
        self.setCentralWidget(whole)


class _Ground(QWidget):
    """The canvas below everything."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        theme.changed.connect(self.update)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.colour("canvas"))
        painter.end()
