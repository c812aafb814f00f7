"""Search over all chats: as one types, with hits that lead to their message, on whatever branch it stands."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest

from mistral_desk.chat.imported import Imported, ImportedMessage
from mistral_desk.chat.message import Conversation, Part
from mistral_desk.chat.search import Found, Hit
from mistral_desk.ui.sidebar.found import told
from mistral_desk.ui.sidebar.snippets import Snippet
from tests.fixtures import fake_worker
from tests.ui.window import ask, click, drawn, opened, run

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QApplication

    from mistral_desk.ui.desk import Desk

SCRIPT = fake_worker.answering("Yes.")
K = Qt.Key
NOON = 1_790_000_000.0


def said(key: str, parent: str | None, role: str, text: str) -> ImportedMessage:
    return ImportedMessage(key, parent, role, NOON, (Part("text", text),), ending="stop")  # type: ignore[arg-type]


async def look_for(desk: Desk, words: str) -> list[tuple[str, str]]:
    """Type words into the field; title and snippet of what is found."""
    await desk.services.history.indexed()  # else it is said that some is still missing
    desk.window.search_chats()
    desk.window.sidebar.search.setText(words)
    await desk.tasks.settled()
    await drawn()
    return [(hit.conversation.title, hit.snippet) for hit in desk.window.sidebar.found.results.hits]


def test_a_hit_leads_to_its_message_on_another_branch(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, SCRIPT) as desk:
            tree = (
                said("q", None, "user", "Tell me of whales."),
                said("a1", "q", "assistant", "They sing, and a cachalot dives deepest."),
                said("a2", "q", "assistant", "They are mammals."),
            )
            made = await desk.services.history.put(Imported("Of the sea", NOON, NOON, tree, leaf="a2"))
            assert made is not None
            desk.open_chat(made.id)
            await desk.tasks.settled()
            chat = desk.page.chat
            assert chat is not None
            assert [turn.text for turn in chat.turns] == ["Tell me of whales.", "They are mammals."]
            assert await look_for(desk, "CÁCHALOT") == [("Of the sea", "They sing, and a cachalot dives deepest.")]
            QTest.keyClick(desk.window.sidebar.search, K.Key_Return)
            await desk.tasks.settled()
            await drawn()
            chat = desk.page.chat
            assert chat is not None
            assert [turn.text for turn in chat.turns] == ["Tell me of whales.", tree[1].parts[0].body]
            assert desk.page.finder.isVisible()
            assert desk.page.finder.count.text() == "1 of 1"
            assert desk.chats.current == made.id

    run(qapp, scenario)


def test_titles_archived_ones_and_what_is_gone(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, SCRIPT) as desk:
            history = desk.services.history
            for title in ("Marmalade", "Marmalade, the old recipe", "Marmalade, thrown away"):
                await history.put(Imported(title, NOON, NOON, (said("q", None, "user", "How much sugar?"),)))
            one, other, gone = sorted(one.id for one in await history.conversations())
            await history.archive(other)
            await history.delete(gone)
            await desk.refresh()
            found = await look_for(desk, "marmalade")
            assert sorted(title for title, _snippet in found) == ["Marmalade", "Marmalade, the old recipe"]
            panel = desk.window.sidebar.found
            assert panel.told.text() == "2 found"
            spoken = QAccessible.queryAccessibleInterface(panel.list)
            rows = [spoken.child(number).text(QAccessible.Text.Name) for number in range(2)]
            assert [row for row in rows if row.endswith(", archived")] != rows
            assert any(row.endswith(", archived") for row in rows)
            place = next(n for n, hit in enumerate(panel.results.hits) if hit.conversation.id == one)
            panel.list.clicked.emit(panel.results.index(place))
            await desk.tasks.settled()
            assert desk.chats.current == one
            assert not desk.page.finder.isVisible(), "a title is no place in the chat"
            await history.rename(one, "Jam")
            await desk.refresh()
            await desk.tasks.settled()
            assert [hit.conversation.id for hit in panel.results.hits] == [other], "it was looked for anew"
            assert await look_for(desk, "zebra") == []
            assert panel.told.text().startswith("Nothing found")

    run(qapp, scenario)


def test_a_new_chat_ends_the_search_and_an_opened_hit_does_not(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, SCRIPT) as desk:
            await ask(desk, "Tell me of whales.")
            sidebar = desk.window.sidebar
            for begin in (sidebar.new.click, desk.temporary_chat):
                assert await look_for(desk, "whales")
                sidebar.found.open_first()
                await desk.tasks.settled()
                assert sidebar.search.text() == "whales", "one may want to look at the next hit"
                begin()
                await desk.tasks.settled()
                assert sidebar.search.text() == ""
                assert sidebar.chats.isVisible(), "the list is there again"

    run(qapp, scenario)


def test_an_answer_that_is_late_is_dropped_and_never_two_are_asked_for(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, SCRIPT) as desk:
            await ask(desk, "one about apples")
            await desk.tasks.settled()
            history = desk.services.history
            search, asked, gate = history.search, list[str](), asyncio.Event()
            at_once = 0

            async def slowly(text: str, **more: object) -> Found:
                nonlocal at_once
                at_once += 1
                assert at_once == 1
                asked.append(text)
                if len(asked) == 1:
                    await gate.wait()
                found = await search(text, **more)  # type: ignore[arg-type]
                at_once -= 1
                return found

            history.search = slowly  # type: ignore[method-assign]
            field = desk.window.sidebar.search
            field.setText("app")
            await asyncio.sleep(0)
            shown: list[str] = []
            panel = desk.window.sidebar.found
            panel.results.modelReset.connect(lambda: shown.append(field.text()))
            assert panel.told.text() == "Searching…"
            for text in ("appl", "apple", "zzz", "apples"):
                field.setText(text)
            gate.set()
            await desk.tasks.settled()
            assert asked == ["app", "apples"], "only the first and the last"
            assert shown == ["apples"]

    run(qapp, scenario)


def test_a_search_through_all_is_offered_and_nobody_waits_for_it(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, SCRIPT) as desk:
            await ask(desk, "one about apples")
            await desk.tasks.settled()
            history, panel = desk.services.history, desk.window.sidebar.found
            search, went, given_up = history.search, asyncio.Event(), list[str]()

            async def shortly(text: str, *, thorough: bool = False, **more: Any) -> Found:
                if not thorough:
                    return msgspec.structs.replace(await search(text, **more), more=text == "apples")
                went.set()
                try:
                    return await asyncio.Future()  # a long way through everything
                except asyncio.CancelledError:
                    given_up.append(text)
                    raise

            history.search = shortly  # type: ignore[method-assign]
            field = desk.window.sidebar.search
            field.setText("apples")
            await desk.tasks.settled()
            assert panel.told.text() == "2 found; there may be more"
            assert panel.thorough.isVisible()
            click(panel.thorough)
            await went.wait()
            assert panel.told.text() == "Searching older messages…"
            field.setText("about")
            await desk.tasks.settled()
            assert given_up == ["apples"]
            assert panel.told.text() == "2 found"
            assert not panel.thorough.isVisible()

    run(qapp, scenario)


def test_the_keyboard_goes_down_into_the_hits_and_back(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, SCRIPT) as desk:
            for text in ("first about apples", "second about apples"):
                desk.new_chat()
                await ask(desk, text)
            await desk.tasks.settled()
            sidebar = desk.window.sidebar
            QTest.keyClick(
                desk.window, K.Key_F, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
            )
            assert sidebar.search.hasFocus()
            QTest.keyClicks(sidebar.search, "apples")
            await desk.tasks.settled()
            hits = sidebar.found.list
            QTest.keyClick(sidebar.search, K.Key_Down)
            assert hits.hasFocus()
            assert hits.currentIndex().row() == 0
            QTest.keyClick(hits, K.Key_Down)
            QTest.keyClick(hits, K.Key_Up)
            QTest.keyClick(hits, K.Key_Up)
            assert sidebar.search.hasFocus()
            QTest.keyClick(desk.window, K.Key_Escape)
            assert sidebar.search.text() == ""
            assert sidebar.found.results.rowCount() == 0
            assert sidebar.chats.isVisible()

    run(qapp, scenario)


def test_a_snippet_shows_its_word_and_counts_as_qt_does() -> None:
    text = "🎉" * 30 + " and then a needle in it"
    snippet = Snippet.near(text, [(text.index("needle"), text.index("needle") + 6)], 10)
    assert snippet.text == "… then a needle in it"
    assert [snippet.text[begin:end] for begin, end in snippet.marks] == ["needle"]
    hostile = Snippet.near("a\u202eb\nc\u200bd", [(0, 1)], 10)
    assert hostile.text == "a b c d", "nothing that turns the direction or breaks the line"


def test_what_is_not_indexed_yet_is_said() -> None:
    assert told(Found((), more=False, left=0)).startswith("Nothing found in titles and messages.")
    words = told(Found((), more=False, left=1))
    assert words == "Nothing found so far. 1 older message is still being indexed."
    hit = Hit(Conversation(1, "Soup", 1.0, 1.0, None), None, None, 1.0, "Soup", ((0, 4),))
    assert told(Found((hit,), more=False, left=12)) == "1 found · 12 older messages are still being indexed."
