"""Everything that a person can make the window do, declared once: words, keys, place in the menus, when it is possible.

Actions, menus, the sheet of shortcuts and the command palette derive from this list. To add a command: a line in
`COMMANDS`, and what it does in `wiring.bind`.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from PySide6.QtGui import QKeySequence

from mistral_desk.core.words import mark

if TYPE_CHECKING:
    from collections.abc import Callable

Group = Literal["chat", "this", "answer", "view", "help", "write", "list"]
Role = Literal["none", "preferences", "quit", "about"]


@dataclass(frozen=True)
class State:
    """What the window is about at this moment, as far as commands ask."""

    page: str = "chat"
    busy: bool = False
    thinking: bool = False
    thinkable: bool = False
    """A thought can go on: the one that runs, or that of the last answer."""
    can_think: bool = True
    away: bool = False
    """A model at an endpoint answers."""
    overlay: bool = False
    undoable: bool = False
    """A notice offers to take back what was done."""
    stored: bool = False
    """A conversation of the list, or of the archive, is open."""
    pinned: bool = False
    archived: bool = False


def always(_state: State) -> bool:
    """Possible at any time."""
    return True


@dataclass(frozen=True)
class Command:
    """One thing to do.

    `keys` are in Qt's portable form (Ctrl is ⌘ on macOS), the first is the one that is shown. `action` is False where
    a widget listens to the keys itself: such a line stands on the sheet only. `palette` and `menu` say where else it
    is offered. `short` is how a menu says it that belongs to one chat anyway; its second form takes it back.
    """

    id: str
    words: str
    group: Group
    keys: tuple[str, ...] = ()
    mac_keys: tuple[str, ...] | None = None
    role: Role = "none"
    when: Callable[[State], bool] = always
    action: bool = True
    palette: bool = True
    menu: bool = True
    icon: str = "chevron-right"
    short: tuple[str, ...] = ()

    @property
    def here(self) -> tuple[str, ...]:
        """The keys on this system."""
        mac = self.mac_keys if sys.platform == "darwin" else None
        return self.keys if mac is None else mac


def _on_chat(state: State) -> bool:
    return state.page == "chat"


def _on_chat_here(state: State) -> bool:
    return state.page == "chat" and not state.away


def _here(state: State) -> bool:
    return not state.away


def _on_stored(state: State) -> bool:
    return state.page == "chat" and state.stored


def _can_think(state: State) -> bool:
    return state.page == "chat" and state.can_think


def _busy(state: State) -> bool:
    return state.busy


def _thinkable(state: State) -> bool:
    return state.page == "chat" and state.thinkable


def _undoable(state: State) -> bool:
    return state.undoable


def _thinking(state: State) -> bool:
    return state.thinking


PIN: Final = (mark("Pin"), mark("Unpin"))
PUT_AWAY: Final = (mark("Archive"), mark("Unarchive"))
COMMANDS: Final[tuple[Command, ...]] = (
    Command("new_chat", mark("New chat"), "chat", ("Ctrl+N",), icon="compose"),
    Command("temporary_chat", mark("New temporary chat"), "chat", ("Ctrl+Shift+N",), icon="temporary"),
    Command("open_file", mark("Open a GGUF file…"), "chat", ("Ctrl+O",), icon="file"),
    Command("import_chats", mark("Import chats…"), "chat", icon="download"),
    Command("export_all", mark("Export all chats…"), "chat", icon="share"),
    Command("backups", mark("Show backups…"), "chat", icon="disk"),
    Command("palette", mark("Commands and chats…"), "chat", ("Ctrl+K",), palette=False, icon="search"),
    Command("search_chats", mark("Search chats"), "chat", ("Ctrl+Shift+F",), icon="search"),
    Command("undo", mark("Undo what a notice offers to undo"), "chat", ("Ctrl+Z",), when=_undoable, icon="undo"),
    Command("select_chats", mark("Select chats"), "chat", icon="choose"),
    Command("rename", mark("Rename this chat"), "this", ("F2",), when=_on_stored, icon="edit", short=(mark("Rename"),)),
    Command("pin", mark("Pin or unpin this chat"), "this", when=_on_stored, icon="pin", short=PIN),
    Command(
        "put_away", mark("Archive or unarchive this chat"), "this", when=_on_stored, icon="archive", short=PUT_AWAY
    ),
    Command("export_chat", mark("Export this chat…"), "this", when=_on_stored, icon="share", short=(mark("Export…"),)),
    Command("chat_settings", mark("This chat's settings"), "this", when=_on_chat, icon="settings"),
    Command("context", mark("What the model sees"), "this", when=_on_chat_here, icon="memory"),
    Command("find", mark("Find in chat"), "this", ("Ctrl+F",), when=_on_chat, icon="search"),
    Command("find_next", mark("Find the next one"), "this", ("F3",), when=_on_chat, palette=False, menu=False),
    Command("find_last", mark("Find the one before"), "this", ("Shift+F3",), when=_on_chat, palette=False, menu=False),
    Command("attach", mark("Attach image or file"), "this", ("Ctrl+U",), when=_on_chat, icon="attach"),
    Command("delete", mark("Delete this chat"), "this", when=_on_stored, icon="trash", short=(mark("Delete"),)),
    Command("think", mark("Think harder"), "answer", ("Ctrl+T",), when=_can_think, icon="think"),
    Command("answer_now", mark("Answer now"), "answer", ("Ctrl+Return",), when=_thinking, icon="send"),
    Command("think_more", mark("Think more"), "answer", ("Ctrl+Shift+T",), when=_thinkable, icon="think"),
    Command("stop", mark("Stop the answer"), "answer", when=_busy, icon="stop"),
    Command("model", mark("Choose the model"), "answer", ("Ctrl+M",), ("Ctrl+Shift+M",), when=_on_chat, icon="chip"),
    Command("fit", mark("How the model runs here"), "answer", when=_here, icon="chip"),
    Command("sidebar", mark("Show or hide the sidebar"), "view", ("Ctrl+B",), icon="panel"),
    Command("models", mark("Models"), "view", ("Ctrl+Shift+L",), icon="models"),
    Command("find_models", mark("Search models…"), "view", icon="search", menu=False),
    Command("library", mark("Library"), "view", ("Ctrl+L",), icon="library"),
    Command("archive", mark("Archive"), "view", icon="archive"),
    Command("bin", mark("Bin"), "view", icon="trash"),
    Command("larger", mark("Larger text"), "view", ("Ctrl++", "Ctrl+="), icon="plus"),
    Command("smaller", mark("Smaller text"), "view", ("Ctrl+-",), icon="minus"),
    Command("normal_size", mark("Normal text size"), "view", ("Ctrl+0",), icon="undo"),
    Command("next_region", mark("Next part of the window"), "view", ("F6",), palette=False, menu=False),
    Command("previous_region", mark("Previous part of the window"), "view", ("Shift+F6",), palette=False, menu=False),
    Command("menu", mark("Menu"), "view", ("F10",), (), palette=False, menu=False),
    Command("escape", mark("Close what is open, or stop the answer"), "view", ("Esc",), palette=False, menu=False),
    Command("settings", mark("Settings"), "help", ("Ctrl+,",), role="preferences", icon="settings"),
    Command("guide", mark("User guide"), "help", ("F1",), icon="help"),
    Command("shortcuts", mark("Keyboard shortcuts"), "help", ("Ctrl+/",), icon="keyboard"),
    Command("about", mark("About Mistral Desk"), "help", role="about", icon="info"),
    Command("erase", mark("Delete all my data…"), "help", icon="trash"),
    Command("quit", mark("Quit Mistral Desk"), "help", ("Ctrl+Q",), role="quit", icon="close"),
    Command("send", mark("Send the message"), "write", ("Return",), action=False),
    Command("new_line", mark("Start a new line"), "write", ("Shift+Return",), action=False),
    Command("edit_last", mark("Edit the last message (in an empty composer)"), "write", ("Up",), action=False),
    Command("open_chat", mark("Open the chat"), "list", ("Return",), action=False),
    Command("rename_chat", mark("Rename the chat"), "list", ("F2",), action=False),
    Command("delete_chat", mark("Delete the chat"), "list", ("Del",), action=False),
    Command("choose_chat", mark("Choose it besides others"), "list", ("Ctrl+Space",), action=False),
    Command("choose_next", mark("Choose the next one, too"), "list", ("Shift+Down",), action=False),
    Command("chat_menu", mark("What can be done with the chat"), "list", ("Shift+F10",), action=False),
)

TAKES_AWAY: Final = frozenset({"put_away", "delete", "erase"})
"""In the palette these stand behind others that fit as well: nobody archives a chat who looks for the archive."""
BY_ID: Final = {command.id: command for command in COMMANDS}
GROUPS: Final[dict[Group, str]] = {
    "chat": mark("Chats"),
    "this": mark("This chat"),
    "write": mark("In the composer"),
    "answer": mark("Answer"),
    "list": mark("In the list of chats"),
    "view": mark("View"),
    "help": mark("Settings and help"),
}
"""The groups in the order of the sheet."""
BAR: Final[tuple[Group, ...]] = ("chat", "this", "answer", "view", "help")
"""What stands in the menu bar, where the system has one."""
APP_MENU: Final = (
    ("new_chat", "temporary_chat", "open_file", "palette"),
    ("archive", "bin", "import_chats", "export_all"),
    ("larger", "smaller", "normal_size"),
    ("settings", "guide", "shortcuts", "about", "erase"),
    ("quit",),
)
"""The menu behind the program's name elsewhere, in groups: what has no place of its own in the window."""


def keys_of(command: str) -> str:
    """The first keys of a command as this system writes them; empty when it has none."""
    here = BY_ID[command].here
    return written(here[0]) if here else ""


def written(keys: str) -> str:
    """Keys as they stand on this system's keyboards."""
    native = QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)
    return native if sys.platform == "darwin" else native.replace("Return", "Enter")
