"""What each declared command does in this window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mistral_desk.chat.titles import called
from mistral_desk.core import settings as declared
from mistral_desk.core.errors import DeskError
from mistral_desk.core.words import tr
from mistral_desk.ui.commands import TAKES_AWAY, State, keys_of
from mistral_desk.ui.palette.panel import Entry, Palette
from mistral_desk.ui.shortcuts import ShortcutSheet
from mistral_desk.ui.undoing import Undoing

if TYPE_CHECKING:
    from collections.abc import Callable

    from mistral_desk.chat.message import Conversation
    from mistral_desk.ui.actions import Actions
    from mistral_desk.ui.commands import Command
    from mistral_desk.ui.desk import Desk

STEP: Final = 10
"""Percent of text size for each press."""
_ABOVE_SHEETS: Final = frozenset(
    {"escape", "menu", "larger", "smaller", "normal_size", "palette", "guide", "shortcuts", "stop", "quit"}
)
"""What a sheet can stay open for, or what deals with it by itself."""
_BELOW_SHEETS: Final = frozenset(
    {"next_region", "previous_region", "find", "find_next", "find_last", "think", "think_more", "answer_now"}
    | {"model", "attach", "rename", "undo"}
)
"""What belongs to the page that a sheet lies over: its keys do nothing then."""


def bind(desk: Desk) -> None:
    """Connect the commands of the desk's window."""
    window = desk.window
    acts = {
        "new_chat": desk.new_chat,
        "temporary_chat": desk.temporary_chat,
        "open_file": desk.ask_file,
        "erase": desk.settings.erase_asked.emit,
        "palette": lambda: _open_palette(desk),
        "search_chats": window.search_chats,
        "select_chats": lambda: _select_chats(desk),
        "rename": window.top.title.begin,
        "pin": lambda: desk.chats.order.toggle("pinned"),
        "put_away": lambda: desk.chats.order.toggle("archived"),
        "delete": lambda: desk.chats.order.delete([desk.chats.current or 0]),
        "chat_settings": desk.chat_settings.show,
        "context": desk.context.show,
        "export_chat": lambda: desk.sharing.export([desk.chats.current or 0]),
        "export_all": desk.sharing.export_all,
        "import_chats": desk.sharing.import_files,
        "backups": desk.sharing.backups.show,
        "archive": lambda: window.show_page("archive"),
        "bin": lambda: window.show_page("bin"),
        "quit": window.close_asked.emit,
        "find": desk.page.finder.open_bar,
        "undo": window.banners.undo,
        "find_next": lambda: desk.page.finder.step(1),
        "find_last": lambda: desk.page.finder.step(-1),
        "attach": desk.attaching.choose,
        "think": desk.page.composer.toggle_think,
        "answer_now": desk.page.answer_now,
        "think_more": desk.page.turning.think_more,
        "stop": desk.page.stop,
        "model": desk.page.model_menu.emit,
        "fit": desk.fits.show,
        "sidebar": window.toggle_sidebar,
        "models": lambda: window.show_page("models"),
        "find_models": lambda: _find_models(desk),
        "library": lambda: window.show_page("library"),
        "larger": lambda: _resize(desk, STEP),
        "smaller": lambda: _resize(desk, -STEP),
        "normal_size": lambda: _resize(desk, 0),
        "next_region": lambda: window.go_to_region(1),
        "previous_region": lambda: window.go_to_region(-1),
        "escape": window.escape,
        "menu": window.show_menu,
        "settings": window.show_settings,
        "guide": lambda: _show_guide(desk),
        "shortcuts": lambda: window.show_overlay(ShortcutSheet(desk.theme, window)),
        "about": lambda: window.open_settings("about"),
    }
    desk.settings.guide_asked.connect(lambda: window.commands.run("guide"))
    window.sidebar.export_asked.connect(desk.sharing.export)
    Undoing(window)
    window.commands.bind({key: _over(desk, key, act) for key, act in acts.items()}, lambda: state(desk))


def _over(desk: Desk, command: str, act: Callable[[], object]) -> Callable[[], object]:
    """Done with a sheet open, most commands first put it away: nothing happens below a question that stays."""
    if command in _ABOVE_SHEETS:
        return act

    def run() -> None:
        if command in _BELOW_SHEETS and desk.window.overlay is not None:
            return
        if desk.window.put_sheets_away():
            act()

    return run


def _find_models(desk: Desk) -> None:
    if desk.window.page != "models":
        desk.window.show_page("models")
    desk.models.find_models()


def _open_palette(desk: Desk) -> None:
    def further(typed: str) -> Entry:
        words = tr("Search all chats for “{text}”", text=typed)
        return Entry(words, keys_of("search_chats"), "search", lambda: desk.window.search_chats(typed))

    desk.window.show_overlay(Palette(desk.theme, entries(desk), desk.window, further))


def _show_guide(desk: Desk) -> None:
    from mistral_desk.ui.guide.door import show_guide  # noqa: PLC0415 - most starts never need it

    show_guide(desk)


def _select_chats(desk: Desk) -> None:
    if not desk.window.sidebar.isVisible():
        desk.window.toggle_sidebar()
    desk.window.sidebar.select()


def state(desk: Desk) -> State:
    """What the window is about now."""
    chat = desk.page.chat
    answer = chat.answer if chat else None
    return State(
        page=desk.window.page,
        busy=answer is not None,
        thinking=answer is not None and answer.phase == "thinking",
        thinkable=desk.page.turning.thinkable is not None,
        can_think=not desk.model.switch_reason,
        away=desk.model.is_away,
        overlay=desk.window.overlay is not None,
        undoable=desk.window.banners.undoable is not None,
        stored=desk.chats.current is not None,
        pinned=desk.chats.shown is not None and desk.chats.shown.pinned,
        archived=desk.chats.shown is not None and desk.chats.shown.archived,
    )


def entries(desk: Desk) -> list[Entry]:
    """What the palette offers: what can be done now, then the chats, the latest first."""
    window = desk.window
    made = [_command(window.commands, command) for command in window.commands.possible()]
    return made + [_chat(desk, conversation) for conversation in desk.listed]


def _command(actions: Actions, command: Command) -> Entry:
    return Entry(
        tr(command.words), keys_of(command.id), command.icon, lambda: actions.run(command.id), command.id in TAKES_AWAY
    )


def _chat(desk: Desk, conversation: Conversation) -> Entry:
    title = called(conversation.title)
    return Entry(title, tr("Chat"), "chat", lambda: desk.open_chat(conversation.id))


def _resize(desk: Desk, step: int) -> None:
    settings = desk.services.settings
    size = declared.TEXT_SCALE
    wanted = settings.get(size) + step if step else size.default
    try:
        settings.set(size, min(size.maximum, max(size.minimum, wanted)))
    except DeskError as error:
        desk.notices.problem(error.problem, "warning")
