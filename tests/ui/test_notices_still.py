"""A notice that is shown costs nothing and covers nothing that somebody acts on: it is placed, and then all rests."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt
from PySide6.QtWidgets import QWidget

from mistral_desk.core.errors import Words
from mistral_desk.ui import loop
from mistral_desk.ui.chat.text_view import TextView
from mistral_desk.ui.chat.whereabouts import texts
from mistral_desk.ui.notify import Notice
from mistral_desk.ui.theme.theme import Theme
from mistral_desk.ui.widgets.banners import Banners
from mistral_desk.ui.widgets.sign import Sign
from tests.fixtures import fake_worker
from tests.ui import window
from tools.gallery.fitting import StillFitting, pc

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QApplication

    from mistral_desk.inference.fitting import Fitting
    from mistral_desk.ui.chat.turns import Turn
    from mistral_desk.ui.desk import Desk


class Asked(QObject):
    """Counts how often a widget is asked to place what is in it, and to paint."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[QEvent.Type] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 Qt's name
        if event.type() in (QEvent.Type.LayoutRequest, QEvent.Type.Paint):
            self.events.append(event.type())
        return super().eventFilter(watched, event)


def test_the_window_rests_while_notices_with_buttons_are_shown(qapp: QApplication, tmp_path: Path) -> None:
    """Once each turn of the loop placed them anew, which asked for the next turn: half of the window's work."""

    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, fake_worker.answering("Yes.")) as desk:
            for name in ("Tiny", "Small"):
                said = Words(f"{name} is here", "Whole.", "")
                desk.notices.show(Notice("success", said, "Chat with it", lambda: None))
                await window.drawn()
            asked = Asked()
            for banner in desk.window.banners.banners:
                banner.installEventFilter(asked)
            await loop.idle(50)
            assert asked.events == []

    window.run(qapp, scenario)


def test_a_notice_that_stays_covers_no_question_for_good(qapp: QApplication, tmp_path: Path) -> None:
    """A short chat makes room; a long one that is read somewhere stays there, and can be scrolled to its begin."""

    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, fake_worker.answering("Yes.")) as desk:
            await window.ask(desk, "First?")
            await desk.tasks.settled()
            transcript, banners, chat = desk.page.transcript, desk.window.banners, desk.page.chat
            assert chat is not None
            first = chat.turns[0]

            def top(turn: Turn) -> int:
                view = transcript.view(turn)
                assert view is not None
                return view.mapTo(desk.window, QPoint()).y()

            def lower_edge() -> int:
                return banners.mapTo(desk.window, QPoint(0, banners.height())).y()

            before = top(first)
            desk.notices.show(Notice("info", Words("It stays.", "Until somebody closes it.", "")))
            await window.drawn()
            assert before < lower_edge() <= top(first), "it would lie under the notice"
            assert banners.close_newest()
            assert top(first) == before

            await window.ask(desk, "A line of it.\n" * 60)
            await desk.tasks.settled()
            transcript.verticalScrollBar().setValue(transcript.verticalScrollBar().maximum() // 2)
            read = top(chat.turns[2])
            desk.notices.show(Notice("info", Words("It stays.", "Until somebody closes it.", "")))
            await window.drawn()
            assert top(chat.turns[2]) == read, "nothing jumps under the eyes"
            transcript.verticalScrollBar().setValue(0)
            assert lower_edge() <= top(first), "the begin can be scrolled to"

    window.run(qapp, scenario)


def box(widget: QWidget, desk: Desk) -> QRect:
    return QRect(widget.mapTo(desk.window, QPoint()), widget.size())


@pytest.mark.parametrize("seconds", [0, 3600], ids=["stays", "leaves"])
@pytest.mark.parametrize("page", ["models", "library", "settings", "archive", "bin"])
def test_no_page_lies_below_notices(qapp: QApplication, tmp_path: Path, page: str, seconds: int) -> None:
    """Also of those that leave by themselves: in the least window with the largest words two of them are half of it."""

    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, fake_worker.answering("Yes."), size=(880, 800)) as desk:
            desk.services.fitting = cast("Fitting", StillFitting(pc(32, 8)))
            desk.theme.choose("light", 200)
            desk.window.show_page(page)
            await desk.tasks.settled()
            for number in range(2):
                said = Words(f"Chat {number} is in the bin", "It can be brought back.", "")
                desk.notices.show(Notice("info", said, "Undo", lambda: None, seconds))
            await window.drawn()
            banners, shown = desk.window.banners, desk.window.rooms[page]
            assert [banner.isVisible() for banner in banners.banners] == [True, True]
            assert not box(banners, desk).intersects(box(shown, desk))
            while banners.close_newest():
                pass
            await window.drawn()
            assert box(shown, desk).bottom() == desk.window.height() - 1, "the room is given back"

    window.run(qapp, scenario)


def test_what_has_the_keyboard_stays_in_sight_above_a_notice(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, fake_worker.answering("Yes."), size=(880, 800)) as desk:
            desk.theme.choose("light", 200)
            for name in ("First?", "Second?"):
                await window.ask(desk, name)
                await desk.tasks.settled()
                desk.new_chat()
            desk.chats.order.delete([one.id for one in desk.listed])
            await desk.tasks.settled()
            desk.window.banners.close_newest()
            desk.window.show_page("bin")
            await desk.tasks.settled()
            await window.drawn()
            card = desk.window.bin.cards[0]
            card.other.setFocus(Qt.FocusReason.TabFocusReason)
            await window.drawn()
            assert desk.window.bin.area.viewport().visibleRegion().boundingRect().height() > 0
            desk.notices.show(Notice("info", Words("It leaves.", "By itself, after some time.", ""), seconds=3600))
            await window.drawn()
            held = card.other.visibleRegion().boundingRect()
            assert held.size() == card.other.size(), "it is seen as a whole"
            assert not box(card.other, desk).intersects(box(desk.window.banners, desk))

    window.run(qapp, scenario)


def test_in_a_chat_neither_the_find_bar_nor_what_the_keyboard_comes_to_lies_below_a_notice(
    qapp: QApplication, tmp_path: Path
) -> None:
    async def scenario() -> None:
        answer = "[A link](https://example.org).\n\n" * 40
        async with window.opened(qapp, tmp_path, fake_worker.answering(answer)) as desk:
            await window.ask(desk, "First?")
            await desk.tasks.settled()
            desk.notices.show(Notice("info", Words("It leaves.", "By itself, after some time.", ""), seconds=3600))
            desk.page.finder.open_bar("link")
            await desk.tasks.settled()
            await window.drawn()
            banners = desk.window.banners
            assert not box(banners, desk).intersects(box(desk.page.finder, desk))
            assert box(banners, desk).top() == box(desk.page.finder, desk).bottom() + 1
            desk.page.finder.close_bar()
            await window.drawn()
            assert box(banners, desk).top() == box(desk.window.top, desk).bottom() + 1
            bar = desk.page.transcript.verticalScrollBar()
            bar.setValue(bar.maximum())
            await window.drawn()
            text = next(one for _place, one in texts(desk.page.transcript) if isinstance(one, TextView) and one._links)
            text.setFocus(Qt.FocusReason.TabFocusReason)
            await window.drawn()
            link = QRect(text.mapTo(desk.window, text.keyboard_box().topLeft()), text.keyboard_box().size())
            assert not box(banners, desk).intersects(link)

    window.run(qapp, scenario)


def test_the_welcome_stands_below_a_notice_that_stays(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, fake_worker.answering("Yes.")) as desk:
            desk.welcome()
            await desk.tasks.settled()
            await window.drawn()
            assert desk.page.welcome is not None
            signs = desk.page.welcome.findChildren(Sign)
            sign = min(signs, key=lambda one: one.mapTo(desk.window, QPoint()).y())
            before = sign.mapTo(desk.window, QPoint()).y()
            desk.notices.show(Notice("info", Words("It stays.", "Until somebody closes it.", "Here is how.")))
            await window.drawn()
            banners = desk.window.banners
            assert before < banners.mapTo(desk.window, QPoint(0, banners.height())).y(), "it would lie under it"
            assert sign.mapTo(desk.window, QPoint()).y() >= banners.mapTo(desk.window, QPoint(0, banners.height())).y()
            banners.close_newest()
            await window.drawn()
            assert sign.mapTo(desk.window, QPoint()).y() == before

    window.run(qapp, scenario)


def test_the_greeting_of_a_small_window_moves_below_a_notice_and_that_of_a_large_one_not_at_all(
    qapp: QApplication, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, fake_worker.answering("Yes.")) as desk:
            desk.page.set_welcome(None)
            sign = desk.page.empty.findChildren(Sign)[0]
            for size, moves in (((1180, 800), False), ((520, 480), True)):
                desk.window.resize(*size)
                await window.drawn()
                before = sign.mapTo(desk.window, QPoint()).y()
                desk.notices.show(Notice("info", Words("It stays.", "Until somebody closes it.", "Here is how.")))
                await window.drawn()
                banners = desk.window.banners
                after = sign.mapTo(desk.window, QPoint()).y()
                assert (after > before) is moves
                assert after - banners.mapTo(desk.window, QPoint(0, banners.height())).y() >= 16, "they do not touch"
                banners.close_newest()
                await window.drawn()
                assert sign.mapTo(desk.window, QPoint()).y() == before

    window.run(qapp, scenario)


@pytest.mark.parametrize("width", [0, 40, 100, 300])
def test_a_notice_without_a_button_is_placed_however_narrow_the_window_is(qapp: QApplication, width: int) -> None:
    parent = QWidget()
    parent.resize(width, 400)
    banners = Banners(Theme(qapp), parent)
    banners.show_notice(Notice("success", Words("Tiny is here", "Whole.", "")))
    (banner,) = banners.banners
    assert banner.arrange(width) >= banner.close_button.height()
    assert banner.close_button.geometry().bottom() <= banner.note.geometry().bottom()
    parent.deleteLater()
