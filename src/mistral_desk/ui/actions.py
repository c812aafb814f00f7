"""The declared commands as Qt's actions, and the menus that are made of them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu

from mistral_desk.core.words import tr
from mistral_desk.ui.commands import APP_MENU, BAR, BY_ID, COMMANDS, GROUPS, Command, State
from mistral_desk.ui.theme.icons import icon

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from PySide6.QtWidgets import QMainWindow, QMenuBar, QWidget

    from mistral_desk.ui.commands import Group

_ROLES: Final = {
    "none": QAction.MenuRole.NoRole,
    "preferences": QAction.MenuRole.PreferencesRole,
    "quit": QAction.MenuRole.QuitRole,
    "about": QAction.MenuRole.AboutRole,
}


class Actions(QObject):
    """One action for each command of a window. Whether it is possible is asked when it is needed, never remembered."""

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        self._state: Callable[[], State] = State
        self._acts: dict[str, Callable[[], object]] = {}
        self.by_id: dict[str, QAction] = {}
        for command in COMMANDS:
            if command.action:
                self.by_id[command.id] = self._action(command, window)
        if sys.platform == "darwin":
            self._fill_bar(window.menuBar())

    def bind(self, acts: Mapping[str, Callable[[], object]], state: Callable[[], State]) -> None:
        """What each command does, all of them at once, and how to ask for the window's state."""
        if wrong := acts.keys() ^ self.by_id.keys():
            raise ValueError(f"no such commands, or nothing to do for them: {sorted(wrong)}")
        self._acts.update(acts)
        self._state = state

    @property
    def state(self) -> State:
        """What the window is about now."""
        return self._state()

    def possible(self) -> list[Command]:
        """What can be done now and stands in the palette."""
        state = self._state()
        return [BY_ID[key] for key in self.by_id if BY_ID[key].palette and BY_ID[key].when(state)]

    def run(self, command: str) -> None:
        """Do it, if it is possible now."""
        if BY_ID[command].when(self._state()) and command in self._acts:
            self._acts[command]()

    def menu(self, parent: QWidget, ink: str) -> QMenu:
        """What concerns the program, in one menu, for the button of systems without a menu bar; `ink` is its signs'."""
        menu = QMenu(parent)
        for group in APP_MENU:
            if not menu.isEmpty():
                menu.addSeparator()
            for command in group:
                self.by_id[command].setIcon(icon(BY_ID[command].icon, ink))
                menu.addAction(self.by_id[command])
        self._live(menu)
        return menu

    def _fill_bar(self, bar: QMenuBar) -> None:
        for group in BAR:
            menu = bar.addMenu(tr(GROUPS[group]))
            menu.addActions(self._of(group))
            self._live(menu)

    def _of(self, group: Group) -> list[QAction]:
        return [self.by_id[one.id] for one in COMMANDS if one.group == group and one.action and one.menu]

    def _live(self, menu: QMenu) -> None:
        """Grey what is impossible while the menu is open only: a greyed action would not hear its keys."""

        def show() -> None:
            state = self._state()
            for command in COMMANDS:
                if command.action:
                    self.by_id[command.id].setEnabled(command.when(state))

        def hide() -> None:
            for action in self.by_id.values():
                action.setEnabled(True)

        menu.aboutToShow.connect(show)
        menu.aboutToHide.connect(hide)

    def _action(self, command: Command, window: QMainWindow) -> QAction:
        action = QAction(tr(command.words), window)
        action.setObjectName(command.id)
        action.setShortcuts([QKeySequence(keys) for keys in command.here])
        action.setMenuRole(_ROLES[command.role])
        action.setAutoRepeat(command.id in ("larger", "smaller"))
        action.triggered.connect(lambda _checked=False: self.run(command.id))
        window.addAction(action)
        return action
