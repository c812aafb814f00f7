"""What the window does about the context: the meter, its details, the question in a full one, and what is not sent."""

from __future__ import annotations

import asyncio
import contextlib
import weakref
from typing import TYPE_CHECKING, Final

import msgspec
from PySide6.QtCore import QObject

from mistral_desk.chat.context import sent
from mistral_desk.chat.events import Full, Loading, Shortened, Summarising
from mistral_desk.chat.shortening import with_draft
from mistral_desk.core.errors import DeskError, Words
from mistral_desk.core.words import tr, trn
from mistral_desk.ui import weakly
from mistral_desk.ui.context.foresight import Foresight
from mistral_desk.ui.context.measuring import Measuring
from mistral_desk.ui.context.meter import Meter
from mistral_desk.ui.notify import Notice

if TYPE_CHECKING:
    from collections.abc import Callable

    from mistral_desk.chat.message import ConversationSettings, Message, WhenFull
    from mistral_desk.ui.chat.chat import Chat
    from mistral_desk.ui.context.details import DetailsSheet
    from mistral_desk.ui.desk import Desk

UNDO_SECONDS: Final = 12
ABOUT: Final = "context"


class Context(QObject):
    """Belongs to the desk. Its sheets are imported when one is opened: no start waits for them."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._followed: weakref.WeakSet[Chat] = weakref.WeakSet()
        self._shortening: asyncio.Task[object] | None = None
        self.measuring = Measuring(desk)
        self.foresight = Foresight(desk, self.measuring)
        self.meter = Meter(desk.theme, desk.page.composer)
        desk.page.composer.put_before_model(self.meter)
        self.measuring.measured.connect(self.meter.show_budget)
        self.meter.clicked.connect(self.show)
        desk.page.chat_shown.connect(self._chat_shown)
        desk.page.draft_changed.connect(self.measuring.soon)
        desk.page.composer.think.toggled.connect(lambda _on: self.measuring.soon())
        desk.page.transcript.line_pressed.connect(self.show_gone)
        desk.model.changed.connect(self.measuring.soon)

    def close(self) -> None:
        """The window closes."""
        self.measuring.close()
        self.foresight.close()

    # --- what is shown ------------------------------------------------------------------------------

    def show(self) -> None:
        """Where the tokens of the shown chat go."""
        chat = self._desk.page.chat
        if chat is not None:
            self._desk.tasks.spawn(self._show(chat), "show the context")

    def show_gone(self) -> None:
        """What of the shown chat is not sent any more."""
        chat = self._desk.page.chat
        if chat is not None and chat.conversation is not None:
            self._desk.tasks.spawn(self._show_gone(chat), "show what is not sent")

    def changed(self) -> None:
        """The chat's own settings are others."""
        chat = self._desk.page.chat
        if chat is not None:
            self.measuring.soon()
            self._desk.tasks.spawn(self._show_line(chat), "show what is not sent")

    async def _show(self, chat: Chat) -> None:
        """At once; of a long chat it takes a while to count."""
        from mistral_desk.ui.context.details import DetailsSheet  # noqa: PLC0415

        model = self._desk.model
        sheet = DetailsSheet(self._desk.theme, model.title, self._desk.window, elsewhere=model.is_away)
        sheet.shorten.connect(lambda summarise: self._shorten(chat, sheet, summarise=summarise))
        sheet.cancelled.connect(self._cancel)
        sheet.gone_asked.connect(self.show_gone)
        sheet.when_full.connect(lambda what: self._remember(chat, what))
        sheet.show_counting()
        self._desk.window.show_overlay(sheet)
        await self._fill(sheet, chat)

    async def _fill(self, sheet: DetailsSheet, chat: Chat) -> None:
        try:
            found = None if chat.busy else await self.measuring.budget(chat)
        except DeskError:
            found = None
        settings, branch = await self.measuring.settings(chat), await self.measuring.light(chat)
        chosen = sent(with_draft(branch, 0, ()), settings)
        with contextlib.suppress(RuntimeError):  # closed meanwhile
            sheet.show_budget(
                found,
                gone=len(chosen.gone),
                summed_up=bool(settings.summary),
                droppable=chosen.droppable > 1 and not chat.busy and not self._desk.model.is_away,
                when=settings.when_full,
            )

    async def _show_gone(self, chat: Chat) -> None:
        settings, branch = await self.measuring.settings(chat), await self.measuring.light(chat)
        gone = sent(with_draft(branch, 0, ()), settings).gone
        if not gone:
            return
        from mistral_desk.ui.context.gone import GoneSheet  # noqa: PLC0415

        sheet = GoneSheet(self._desk.theme, len(gone), settings.summary, self._desk.window)
        sheet.changed.connect(lambda text: self._change(chat, lambda now: msgspec.structs.replace(now, summary=text)))
        sheet.taken_back.connect(lambda: self._take_back(chat))
        self._desk.window.show_overlay(sheet)

    async def _show_line(self, chat: Chat) -> None:
        """The quiet line behind the last message that is not sent."""
        settings = await self.measuring.settings(chat)
        gone: tuple[Message, ...] = ()
        if settings.dropped is not None and not chat.busy:
            gone = sent(with_draft(await self.measuring.light(chat), 0, ()), settings).gone
        if chat is not self._desk.page.chat or chat.busy:
            return
        words = trn("Not sent any more: {n} message", "Not sent any more: {n} messages", len(gone))
        if gone and settings.summary:
            words = trn(
                "Not sent any more, but summed up: {n} message",
                "Not sent any more, but summed up: {n} messages",
                len(gone),
            )
        self._desk.page.transcript.set_line(gone[-1].id if gone else None, words if gone else "")

    # --- what happens -------------------------------------------------------------------------------

    def _chat_shown(self, chat: Chat) -> None:
        if chat not in self._followed:
            self._followed.add(chat)
            chat.told.connect(weakly.of(chat, self._told))
            chat.ended.connect(weakly.of(chat, lambda chat, _turn: self._settled(chat)))
            chat.swapped.connect(weakly.of(chat, lambda chat, _turn, _turns: self._settled(chat)))
        self.meter.show_budget(None)
        self._settled(chat)

    def _settled(self, chat: Chat) -> None:
        if chat is self._desk.page.chat:
            self.measuring.forget()
            self._desk.tasks.spawn(self._show_line(chat), "show what is not sent")

    def _told(self, chat: Chat, event: object) -> None:
        if isinstance(event, Full):
            self._ask(chat, event)
        elif isinstance(event, Shortened):
            self._tell(event)

    def _ask(self, chat: Chat, full: Full) -> None:
        from mistral_desk.ui.context.choice import FullSheet  # noqa: PLC0415

        answer = chat.answer.message if chat.answer else None

        def chosen(what: WhenFull, remember: bool) -> None:
            if remember:
                self._remember(chat, what)
            chat.room.session.decide(what, answer)

        desk = self._desk
        over = desk.window.overlay
        sheet = FullSheet(desk.theme, full, desk.model.title, desk.window)
        sheet.chosen.connect(chosen)
        chat.busy_changed.connect(sheet.answered)
        desk.window.show_overlay(sheet, above=over is not None)

    def _tell(self, event: Shortened) -> None:
        title = tr("The oldest messages were summed up") if event.summary else tr("The oldest messages were dropped")
        text = trn(
            "{n} message is not sent any more. The chat keeps it.",
            "{n} messages are not sent any more. The chat keeps them.",
            event.messages,
        )
        words = Words(title, text, "")
        self._desk.notices.show(Notice("info", words, tr("Show"), self.show_gone, UNDO_SECONDS, about=ABOUT))

    def _remember(self, chat: Chat, what: WhenFull) -> None:
        self._change(chat, lambda now: msgspec.structs.replace(now, when_full=what))

    def _take_back(self, chat: Chat) -> None:
        def undo(before: ConversationSettings) -> None:
            def again(now: ConversationSettings) -> ConversationSettings:
                return msgspec.structs.replace(now, dropped=before.dropped, summary=before.summary)

            self._change(chat, again)

        async def work() -> None:
            before = await self.measuring.settings(chat)
            self._change(chat, lambda now: msgspec.structs.replace(now, dropped=None, summary=""))
            words = Words(tr("All messages are sent again"), tr("As far as they fit into the context."), "")
            back = tr("Undo")
            notice = Notice("info", words, back, lambda: undo(before), UNDO_SECONDS, about=ABOUT, undoes=True)
            self._desk.notices.show(notice)

        self._desk.tasks.spawn(work(), "send everything again")

    def _change(self, chat: Chat, change: Callable[[ConversationSettings], ConversationSettings]) -> None:
        conversation = chat.conversation
        if conversation is None:
            chat.own = change(chat.own)
            return

        async def work() -> None:
            await chat.room.history.change_settings(conversation.id, change)
            self.changed()

        self._desk.tasks.spawn(work(), "keep a chat's settings")

    # --- making room by hand ------------------------------------------------------------------------

    def _shorten(self, chat: Chat, sheet: DetailsSheet, *, summarise: bool) -> None:
        if chat.conversation is None or self._shortening is not None or chat.busy:
            return
        work = self._run(chat, sheet, chat.conversation.id, summarise=summarise)
        self._desk.tasks.spawn(work, "make room in a chat")

    def _cancel(self) -> None:
        if self._shortening is not None:
            self._shortening.cancel()

    async def _run(self, chat: Chat, sheet: DetailsSheet, key: int, *, summarise: bool) -> None:
        done = False
        self._shortening = asyncio.current_task()
        try:
            spec = self._desk.model.spec()
            events = chat.room.session.shortening().run(key, spec, summarise=summarise)
            async with contextlib.aclosing(events) as coming:
                async for event in coming:
                    match event:
                        case Loading(fraction=share):
                            sheet.show_working(share, tr("Loading the model"))
                        case Summarising(share=share):
                            sheet.show_working(share, tr("Summing up the oldest messages"))
                        case Shortened():
                            done = bool(event.summary)
                            self._tell(event)
                        case _:
                            pass
        except DeskError as error:
            self._desk.notices.problem(error.problem, "warning")
        finally:
            self._shortening = None
            with contextlib.suppress(RuntimeError):  # closed meanwhile
                sheet.show_working(None)
        self._settled(chat)
        if done:
            await self._show_gone(chat)
        else:
            await self._fill(sheet, chat)
