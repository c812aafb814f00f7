"""The menus of the list: what can be done with a conversation or with several, and with the list as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu

from mistral_desk.core.words import tr, trc
from mistral_desk.ui.commands import BY_ID
from mistral_desk.ui.theme.icons import icon

if TYPE_CHECKING:
    from collections.abc import Callable

    from mistral_desk.ui.sidebar.panel import Sidebar
    from mistral_desk.ui.theme.theme import Theme


def chats_menu(sidebar: Sidebar, theme: Theme, keys: tuple[int, ...]) -> QMenu:
    """For these conversations."""
    menu = _Menu(sidebar, theme)
    found = [sidebar.model.conversation(key) for key in keys]
    pinned = all(one is not None and one.pinned for one in found)
    if len(keys) == 1:
        menu.add("edit", tr("Rename"), lambda: sidebar.chats.rename(keys[0]))
    menu.add("pin", tr("Unpin") if pinned else tr("Pin"), lambda: sidebar.pin_asked.emit(keys, not pinned))
    menu.add("archive", trc("a button", "Archive"), lambda: sidebar.archive_asked.emit(keys))
    menu.add("share", tr("Export…"), lambda: sidebar.export_asked.emit(keys))
    if not sidebar.model.choosing:
        menu.add("choose", tr("Select"), lambda: sidebar.select(keys))
    menu.addSeparator()
    menu.add("trash", tr("Delete"), lambda: sidebar.delete_asked.emit(keys))
    return menu


def list_menu(sidebar: Sidebar, theme: Theme) -> QMenu:
    """For the list: choosing, and where the others are."""
    menu = _Menu(sidebar, theme)
    if sidebar.model.rowCount():
        menu.add("choose", tr("Select chats"), sidebar.select)
        menu.addSeparator()
    for command in ("archive", "bin"):
        menu.command(sidebar, command)
    menu.addSeparator()
    for command in ("import_chats", "export_all"):
        menu.command(sidebar, command)
    return menu


class _Menu(QMenu):
    """Dressed, and gone when it is closed."""

    def __init__(self, sidebar: Sidebar, theme: Theme) -> None:
        super().__init__(sidebar)
        self._ink = theme.colours.text
        theme.dress_menu(self)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

    def add(self, sign: str, words: str, act: Callable[[], object]) -> None:
        """One more line."""
        self.addAction(icon(sign, self._ink), words).triggered.connect(lambda _on=False: act())

    def command(self, sidebar: Sidebar, command: str) -> None:
        """A line for a declared command."""
        declared = BY_ID[command]
        self.add(declared.icon, tr(declared.words), lambda: sidebar.command_asked.emit(command))
