"""The states of the order of conversations: many of them, choosing, searching, the archive and the bin."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QMenu

from mistral_desk.chat.imported import Imported, ImportedMessage
from mistral_desk.chat.message import Part
from mistral_desk.chat.search import Found
from mistral_desk.chat.searching import shown
from tools.gallery import texts
from tools.gallery.declare import ready, state
from tools.gallery.stage import idle

if TYPE_CHECKING:
    from tools.gallery.stage import Stage

SAID: Final = (
    (
        "How much water for two cups of rice?",
        "Three cups for long grain, four for brown rice; let it rest.",
    ),
    (
        "And in a rice cooker?",
        "Use the marks inside: they count the cup that comes with it, a small one.",
    ),
    ("What goes with it?", "Lentils with cumin, fried onions and a spoon of yoghurt make a whole meal of the rice."),
    ("Ist das Wasser nicht zu viel für Basmati-Reis?", "Für Basmati genügen anderthalb Tassen Wasser auf eine Tasse."),
)
"""A question and its answer each."""
WORDS: Final = ("rice", "spoon", "lentils")
"""What is looked for."""
THEIRS: Final = tuple(shown(text, (word,)).text for pair in SAID for text in pair for word in ("", *WORDS))
"""What people and the model said, whole and as a search shows it."""


async def kept(stage: Stage, count: int = 30, *, archived: int = 0, deleted: int = 0, pinned: int = 2) -> list[int]:
    """Conversations with messages, as months of use leave them; the ids of those in the list."""
    await ready(stage)
    history, now = stage.services.history, time.time()
    listed: list[int] = []
    for number in range(count + archived + deleted):
        asked, said = SAID[number % len(SAID)]
        when = now - number**2 * 0.12 * texts.DAY
        messages = (
            ImportedMessage("q", None, "user", when, (Part("text", asked),)),
            ImportedMessage("a", "q", "assistant", when, (Part("text", said),), ending="stop"),
        )
        title = texts.TITLES[number % len(texts.TITLES)]
        away = number >= count
        new = Imported(title, when, when, messages, pinned=number < pinned, archived=away and number < count + archived)
        made = await history.put(new)
        assert made is not None
        if away and not made.archived:
            await history.delete(made.id)
        elif not away:
            listed.append(made.id)
    await stage.desk.refresh()
    await idle(2)
    return listed


async def _open(stage: Stage, key: int) -> None:
    stage.desk.open_chat(key)
    await stage.desk.tasks.settled()
    await idle(2)


async def _search(stage: Stage, words: str) -> None:
    await stage.services.history.indexed()
    stage.desk.window.search_chats()
    stage.desk.window.sidebar.search.setText(words)
    await stage.desk.tasks.settled()
    await idle(2)


@state()
async def chats_keyboard(stage: Stage) -> None:
    """The keyboard in the list: its line has a button for what can be done."""
    keys = await kept(stage)
    await _open(stage, keys[3])
    chats = stage.desk.window.sidebar.chats
    chats.setFocus(Qt.FocusReason.TabFocusReason)
    chats.go_to(keys[5])
    chats._place_button()  # noqa: SLF001 - as after a key
    await idle(2)


@state(sized=False)
async def chats_menu(stage: Stage) -> None:
    """What can be done with a chat."""
    keys = await kept(stage)
    await _open(stage, keys[3])
    stage.desk.window.sidebar.chats.menu_asked.emit((keys[4],), stage.desk.window.mapToGlobal(QPoint(120, 300)))
    await idle(2)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    stage.extra.append(menu)
    stage.shown = menu


@state()
async def chats_choosing(stage: Stage) -> None:
    """Choosing: four are chosen, and what can be done with all of them."""
    keys = await kept(stage)
    await _open(stage, keys[3])
    stage.desk.window.sidebar.select((keys[0], keys[3], keys[4], keys[7]))
    await idle(2)


@state()
async def chats_choosing_none(stage: Stage) -> None:
    """Choosing has begun."""
    await kept(stage)
    stage.desk.window.sidebar.select()
    await idle(2)


@state()
async def chats_deleted(stage: Stage) -> None:
    """Five chats were deleted: one notice, one Undo."""
    keys = await kept(stage)
    await _open(stage, keys[8])
    stage.desk.chats.order.delete(keys[2:7])
    await stage.desk.tasks.settled()
    await idle(2)


@state()
async def chats_far_down(stage: Stage) -> None:
    """Far down in a long list, months back."""
    await kept(stage, 300)
    bar = stage.desk.window.sidebar.chats.verticalScrollBar()
    for _ in range(3):
        bar.setValue(bar.maximum())
        await stage.desk.tasks.settled()
        await idle(2)


@state()
async def title_written(stage: Stage) -> None:
    """The title over the chat is being written."""
    keys = await kept(stage)
    await _open(stage, keys[2])
    stage.desk.window.top.title.begin()
    await idle(2)


@state()
async def search_found(stage: Stage) -> None:
    """A search over all chats with its hits, some of them in the archive."""
    await kept(stage, 16, archived=3)
    await _search(stage, WORDS[0])


@state()
async def search_hit(stage: Stage) -> None:
    """One of the hits was opened: the place is marked."""
    await kept(stage, 16, archived=3)
    await _search(stage, WORDS[1])
    stage.desk.window.sidebar.found.open_first()
    await stage.desk.tasks.settled()
    await idle(6)


@state()
async def search_nothing(stage: Stage) -> None:
    """A search without results."""
    await kept(stage)
    await _search(stage, "zebra crossing")


@state()
async def search_indexing(stage: Stage) -> None:
    """A search while older messages are still being indexed."""
    await kept(stage)
    await _search(stage, WORDS[2])
    hits = stage.desk.window.sidebar.found.results.hits
    stage.desk.window.sidebar.found.show_found(Found(hits, more=False, left=12_400))


@state()
async def search_more(stage: Stage) -> None:
    """A quick search that ended early: the way through everything is offered."""
    await kept(stage)
    await _search(stage, WORDS[2])
    hits = stage.desk.window.sidebar.found.results.hits[:2]
    stage.desk.window.sidebar.found.show_found(Found(hits, more=True), thorough=True)


async def _page(stage: Stage, page: str) -> None:
    stage.desk.window.show_page(page)
    await stage.desk.tasks.settled()
    await idle(2)


@state()
async def archive(stage: Stage) -> None:
    """The archive."""
    await kept(stage, 12, archived=5)
    await _page(stage, "archive")


@state()
async def archive_empty(stage: Stage) -> None:
    """Nothing is archived."""
    await kept(stage, 12)
    await _page(stage, "archive")


@state()
async def bin(stage: Stage) -> None:  # noqa: A001 - a state's name
    """The bin: what is in it, and until when."""
    await kept(stage, 12, deleted=7)
    await _page(stage, "bin")


@state()
async def bin_noticed(stage: Stage) -> None:
    """The bin's only chat above two notices of what was done: nothing lies below them."""
    keys = await kept(stage, 12, deleted=1)
    await _page(stage, "bin")
    stage.desk.window.bin.cards[0].back.click()
    await stage.desk.tasks.settled()
    stage.desk.chats.order.delete(keys[:1])
    await stage.desk.tasks.settled()
    await idle(2)


@state()
async def bin_empty(stage: Stage) -> None:
    """The bin is empty."""
    await kept(stage, 12)
    await _page(stage, "bin")


@state()
async def bin_emptied(stage: Stage) -> None:
    """Before everything goes for good."""
    await bin(stage)
    stage.desk.window.bin.empty_asked.emit()
    await stage.desk.tasks.settled()
    await idle(2)
