"""The window: sidebar, one column with the pages, and what the keyboard reaches from anywhere."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence, QPainter
from PySide6.QtWidgets import QApplication, QHBoxLayout, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from mistral_desk.core.words import tr
from mistral_desk.ui.sidebar.panel import Sidebar
from mistral_desk.ui.top_bar import TopBar
from mistral_desk.ui.widgets.banners import Banners

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QCloseEvent, QPaintEvent, QResizeEvent

    from mistral_desk.ui.chat.page import ChatPage
    from mistral_desk.ui.notify import Notices
    from mistral_desk.ui.settings.page import SettingsPage
    from mistral_desk.ui.theme.theme import Theme

NARROW: Final = 760
"""Below this width the sidebar makes room by itself."""


class MainWindow(QMainWindow):
    """Places and keys; what they do is told by signals."""

    close_asked = Signal()
    new_chat = Signal()

    def __init__(self, theme: Theme, notices: Notices, chat: ChatPage, settings: SettingsPage) -> None:
        super().__init__()
        self._theme = theme
        self.chat = chat
        self.settings = settings
        self.sidebar = Sidebar(theme, self)
        self.top = TopBar(theme, self)
        self._wanted = True
        self.setWindowTitle("Mistral Desk")
        self.setMinimumSize(420, 480)
        self.resize(1180, 800)
        self._lay_out()
        self.banners = Banners(theme, self._column)
        notices.shown.connect(self.banners.show_notice)
        self.sidebar.new_chat.connect(self.new_chat)
        self.sidebar.settings.connect(self.show_settings)
        self.sidebar.hide_asked.connect(self.toggle_sidebar)
        self.top.new_chat.connect(self.new_chat)
        self.top.show_sidebar.connect(self.toggle_sidebar)
        settings.back.connect(self.show_chat)
        self._actions()
        self._place_sidebar()

    # --- pages --------------------------------------------------------------------------------------

    def show_chat(self) -> None:
        """The conversation."""
        self._pages.setCurrentWidget(self.chat)
        self.sidebar.set_page("chat")
        self.chat.composer.edit.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_settings(self) -> None:
        """The settings; a second time leads back."""
        if self._pages.currentWidget() is self.settings:
            self.show_chat()
            return
        self._pages.setCurrentWidget(self.settings)
        self.sidebar.set_page("settings")

    def toggle_sidebar(self) -> None:
        """Show or hide the sidebar; the choice holds while there is room for it."""
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

    def _actions(self) -> None:
        self._action(tr("New chat"), "Ctrl+N", self.new_chat.emit)
        self._action(tr("Show or hide the sidebar"), "Ctrl+B", self.toggle_sidebar)
        self._action(tr("Search chats"), "Ctrl+Shift+F", self._search)
        self._action(tr("Think harder"), "Ctrl+T", self.chat.composer.toggle_think)
        self._action(tr("Model"), "Ctrl+M", self.chat.model_menu.emit)
        self._action(tr("Answer now"), "Ctrl+Return", self.chat.answer_now)
        settings = self._action(tr("Settings"), "Ctrl+,", self.show_settings)
        settings.setMenuRole(QAction.MenuRole.PreferencesRole)
        self._action(tr("Close or stop"), "Esc", self.escape)
        self._action(tr("Next region"), "F6", lambda: self._region(1))
        self._action(tr("Previous region"), "Shift+F6", lambda: self._region(-1))
        leave = self._action(tr("Quit Mistral Desk"), "Ctrl+Q", self.close_asked.emit)
        leave.setMenuRole(QAction.MenuRole.QuitRole)
        if sys.platform == "darwin":
            menu = self.menuBar().addMenu(tr("Chat"))
            menu.addActions(self.actions())

    def _action(self, name: str, keys: str, act: Callable[[], object]) -> QAction:
        action = QAction(name, self)
        action.setShortcut(QKeySequence(keys))
        action.triggered.connect(lambda _checked=False: act())
        self.addAction(action)
        return action

    def escape(self) -> None:
        """Close the innermost thing that is open, else stop the answer."""
        if self.banners.close_newest():
            return
        if self._pages.currentWidget() is not self.chat:
            self.show_chat()
            return
        if self.chat.chat is not None and self.chat.chat.editing is not None:
            self.chat.cancel_edit()
            return
        if self.sidebar.search.hasFocus() and self.sidebar.search.text():
            self.sidebar.search.clear()
            return
        self.chat.stop()

    def _search(self) -> None:
        if not self.sidebar.isVisible():
            self.toggle_sidebar()
        self.sidebar.search.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _region(self, step: int) -> None:
        regions: list[QWidget] = self.sidebar.regions() if self.sidebar.isVisible() else []
        if self._pages.currentWidget() is self.chat:
            regions = [*regions, *(region for region in self.chat.regions() if region.isVisible())]
        focus = QApplication.focusWidget()
        here = next(
            (n for n, region in enumerate(regions) if region is focus or region.isAncestorOf(focus or self)), -1
        )
        if regions:
            regions[(here + step) % len(regions)].setFocus(Qt.FocusReason.ShortcutFocusReason)

    # --- Qt -----------------------------------------------------------------------------------------

    def closeEvent(self, event: QCloseEvent) -> None:
        """Hidden at once; the program ends when everything is saved."""
        event.ignore()
        self.close_asked.emit()

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

    def _place_sidebar(self, *, forced: bool = False) -> None:
        shown = self._wanted and (forced or self.width() >= NARROW)
        self.sidebar.setVisible(shown)
        self.top.set_sidebar(shown)

    def _lay_out(self) -> None:
        whole = _Ground(self._theme, self)
        self._pages = QStackedWidget(whole)
        self._pages.addWidget(self.chat)
        self._pages.addWidget(self.settings)
        self._column = QWidget(whole)
        column = QVBoxLayout(self._column)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.top)
        column.addWidget(self._pages, 1)
        row = QHBoxLayout(whole)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.sidebar)
        row.addWidget(self._column, 1)
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
