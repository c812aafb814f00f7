"""The menu of the chat that is open, behind the three dots over it: what else the list offers for it, and its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QMenu

from mistral_desk.core.words import tr, trc
from mistral_desk.ui.commands import BY_ID
from mistral_desk.ui.theme.icons import icon

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from mistral_desk.ui.actions import Actions
    from mistral_desk.ui.theme.theme import Theme

LINES: Final = (
    ("rename", "pin", "put_away", "export_chat"),
    ("chat_settings", "context", "find"),
    ("delete",),
)
"""Its lines, in groups."""


def chat_menu(actions: Actions, theme: Theme, parent: QWidget) -> QMenu:
    """Its lines are the commands that are possible now; a chat that is stored nowhere has no title to change."""
    menu = QMenu(parent)
    theme.dress_menu(menu)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    state = actions.state
    undone = {"pin": state.pinned, "put_away": state.archived}
    for group in LINES:
        if not menu.isEmpty():
            menu.addSeparator()
        for command in (BY_ID[name] for name in group if BY_ID[name].when(state)):
            words = tr(command.short[undone.get(command.id, False)] if command.short else command.words)
            if command.id == "put_away" and not state.archived:
                words = trc("a button", "Archive")  # in other languages not the word for the place
            line = menu.addAction(icon(command.icon, theme.colours.text), words)
            line.setShortcut(QKeySequence(command.here[0] if command.here else ""))
            line.setShortcutVisibleInContextMenu(True)  # beside its name, not in it; the window's own action hears them
            line.setObjectName(command.id)
            line.triggered.connect(lambda _on=False, name=command.id: actions.run(name))
    return menu
