"""What the window does about endpoints: adds and tests them, asks before words go there, and says so while they do."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject

from mistral_desk.core.errors import DeskError, Words, in_words
from mistral_desk.core.settings import OFFLINE
from mistral_desk.core.words import tr, trn
from mistral_desk.ui.chat.troubles import mended_in_settings
from mistral_desk.ui.model_menu import show_model_menu
from mistral_desk.ui.notify import Notice
from mistral_desk.ui.widgets.ask import Question

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from mistral_desk.core.errors import Problem
    from mistral_desk.net.endpoints.front import Added, Endpoints
    from mistral_desk.net.endpoints.record import Endpoint, EndpointModel
    from mistral_desk.net.secrets import Where
    from mistral_desk.ui.chat.chat import Chat
    from mistral_desk.ui.chat.turns import Turn
    from mistral_desk.ui.desk import Desk
    from mistral_desk.ui.settings.endpoints_row import EndpointRow
    from mistral_desk.ui.settings.endpoints_sheet import EndpointSheet

log = logging.getLogger(__name__)
PAGE: Final = "endpoints"
SAID_SECONDS: Final = 8


class EndpointsDoor(QObject):
    """Belongs to the desk. Its sheets are imported when one is opened: no start waits for them."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._rows: dict[str, EndpointRow] = {}
        self._asking = False
        self._sheet: EndpointSheet | None = None
        self._testing: asyncio.Task[object] | None = None
        page = desk.page
        page.gate = self.ask
        page.away.closed.connect(self._way_out)
        page.settings_asked.connect(self.open_settings)
        page.endpoint_trouble.connect(self._tell)
        desk.window.top.away_asked.connect(self.tell_what_goes)
        desk.settings.made.connect(self._wire)
        self._endings = (
            self._endpoints.listen(self._changed),
            desk.services.settings.listen(OFFLINE, lambda _on: self._changed()),
        )

    def close(self) -> None:
        """Hear no more."""
        for end in self._endings:
            end()

    @property
    def _endpoints(self) -> Endpoints:
        return self._desk.services.endpoints

    def open_settings(self) -> None:
        """The page of endpoints in the settings."""
        if self._desk.window.put_sheets_away():
            self._desk.window.open_settings(PAGE)

    # --- before words leave ---------------------------------------------------------------------------

    def ask(self, chat: Chat, act: Callable[[], None], turn: Turn | None, *, edit: bool) -> None:
        """Do it at once where nothing leaves that the person has not agreed to; else when they agree."""
        source, away = self._desk.model.source, self._desk.model.away
        if away is not None and away.reason:
            self._refuse(away.reason)
            return
        earlier = chat.leaving.new(turn, edit=edit) if chat.leaving.check(turn, edit=edit) is not None else 0
        if source is None or (source.endpoint.agreed and not earlier):
            act()
            return
        if self._asking:
            return
        self._asking = True
        self._desk.tasks.spawn(self._ask(chat, act, (turn, edit), source, earlier), "ask before words leave")

    async def _known(self) -> None:
        """Prices stand in the catalogue, which nobody may have opened yet."""
        if self._desk.services.catalogue.current is None:
            try:
                await self._desk.services.catalogue.load()
            except DeskError as error:
                log.info("no prices: %s", error.problem.id)

    async def _ask(
        self, chat: Chat, act: Callable[[], None], about: tuple[Turn | None, bool], source: EndpointModel, earlier: int
    ) -> None:
        from mistral_desk.ui.settings.endpoints_ask import AskSheet  # noqa: PLC0415

        try:
            await self._known()
        finally:
            self._asking = False
        desk, endpoint = self._desk, source.endpoint
        sheet = AskSheet(desk.theme, endpoint, self._price(source), earlier, desk.window, first=not endpoint.agreed)

        async def agreed() -> None:
            await self._endpoints.agree(endpoint.id, at=endpoint.address)
            turn, edit = about
            now = desk.model.source
            same = now is not None and (now.endpoint.id, now.endpoint.address) == (endpoint.id, endpoint.address)
            if same and chat.leaving.new(turn, edit=edit) == earlier:
                chat.leaving.tell(turn, edit=edit)
            self.ask(chat, act, turn, edit=edit)  # who answers, or what goes along, may be another by now

        sheet.accepted.connect(lambda: desk.tasks.spawn(agreed(), "keep what was agreed to"))
        desk.window.show_overlay(sheet)

    def tell_what_goes(self) -> None:
        """What of the chat that is shown goes where."""
        self.spawn(self._tell_what_goes(), "tell what goes to an endpoint")

    async def _tell_what_goes(self) -> None:
        from mistral_desk.ui.settings.endpoints_ask import GoesSheet  # noqa: PLC0415

        desk = self._desk
        source, away = desk.model.source, desk.model.away
        if source is None or away is None:
            show_model_menu(desk)
            return
        await self._known()
        sheet = GoesSheet(desk.theme, source.endpoint, self._price(source), away.reason, desk.window)
        sheet.choose.clicked.connect(sheet.accept)
        sheet.choose.clicked.connect(partial(show_model_menu, desk))
        sheet.settings.clicked.connect(self.open_settings)
        desk.window.show_overlay(sheet)

    def _way_out(self) -> None:
        """What the line over the composer offers."""
        away = self._desk.model.away
        if away is not None and away.lost:
            self._change_asked(away.endpoint)
        else:
            show_model_menu(self._desk)

    def _refuse(self, reason: str) -> None:
        away = self._desk.model.away
        if away is not None and away.lost:
            words = Words(tr("Nothing was sent"), reason, "")
            self._desk.notices.show(Notice("warning", words, tr("Enter the key…"), self._way_out, about=PAGE))
            return
        words, menu = Words(tr("Nothing was sent"), reason, ""), partial(show_model_menu, self._desk)
        self._desk.notices.show(Notice("warning", words, tr("Choose a local model"), menu, about=PAGE))

    def _price(self, source: EndpointModel) -> str:
        return self._desk.model.price_of(source)

    def _tell(self, problem: Problem) -> None:
        """Why nothing was sent, with the way to what mends it."""
        words = in_words(problem, tr)
        if mended_in_settings(problem):
            action, act = tr("Settings"), self.open_settings
        else:
            action, act = tr("Choose another model"), partial(show_model_menu, self._desk)
        self._desk.notices.show(Notice("warning", words, action, act, about=PAGE))

    # --- the settings ---------------------------------------------------------------------------------

    def _changed(self) -> None:
        self._desk.model.changed.emit()
        self._show_rows()

    def _wire(self) -> None:
        """The page has its rows now."""
        self._desk.settings.endpoints.add_asked.connect(lambda: self._open(None, "none"))
        self._show_rows()

    def _show_rows(self) -> None:
        page = self._desk.settings
        if PAGE not in page.sections:
            return
        from mistral_desk.ui.settings.endpoints_row import EndpointRow  # noqa: PLC0415

        section, known = page.sections[PAGE], {one.id: one for one in self._endpoints.all}
        for key in [key for key in self._rows if key not in known]:
            section.remove(self._rows.pop(key))
        for key, endpoint in known.items():
            if key not in self._rows:
                row = self._rows[key] = EndpointRow(self._desk.theme, endpoint, section)
                row.test_asked.connect(self._ask_test)
                row.change_asked.connect(self._change_asked)
                row.revoked.connect(lambda key: self.spawn(self._endpoints.agree(key, yes=False), "take back"))
                row.remove_asked.connect(self._ask_remove)
                row.opened.connect(self._look_for_key)
                section.add(row)
            self._rows[key].show_state(endpoint, None, offline=self._endpoints.offline)
            if self._rows[key].isVisible():
                self._look_for_key(key)

    def _look_for_key(self, key: str) -> None:
        self.spawn(self._show_key(key), "where a key is")

    async def _show_key(self, key: str) -> None:
        with contextlib.suppress(DeskError):  # it has gone meanwhile
            self._show_where(key, await self._endpoints.key_of(key))

    def _show_where(self, key: str, where: Where) -> None:
        endpoint, row = self._endpoints.find(key), self._rows.get(key)
        if endpoint is not None and row is not None:
            row.show_state(endpoint, where, offline=self._endpoints.offline)

    def _ask_test(self, key: str) -> None:
        self.spawn(self._test(key), "test an endpoint")

    async def _test(self, key: str) -> None:
        row = self._rows[key]
        row.set_busy(busy=True)
        count, problem = 0, None
        try:
            outcome = await self._endpoints.refresh(key)
            count, problem = len(outcome.models), outcome.problem
        except DeskError as error:
            problem = error.problem
        if self._rows.get(key) is not row:
            return
        row.set_busy(busy=False)
        if problem is None:
            row.tell(trn("It answers, and offers {n} model", "It answers, and offers {n} models", count), "success")
        else:
            row.tell(in_words(problem, tr).in_one, "danger")

    def _change_asked(self, key: str) -> None:
        self.spawn(self._change(key), "change an endpoint")

    async def _change(self, key: str) -> None:
        endpoint = self._endpoints.find(key)
        if endpoint is not None:
            with contextlib.suppress(DeskError):  # as above
                self._open(endpoint, await self._endpoints.key_of(key))

    def _open(self, endpoint: Endpoint | None, where: Where) -> None:
        from mistral_desk.ui.settings.endpoints_sheet import EndpointSheet  # noqa: PLC0415

        sheet = EndpointSheet(self._desk.theme, self._desk.window, endpoint, where)
        sheet.test_asked.connect(lambda address, key: self._begin_test(sheet, address, key))
        sheet.keep_asked.connect(lambda: self.spawn(self._keep(sheet), "keep an endpoint"))
        sheet.finished.connect(lambda _result: self._closed())
        self._sheet = sheet
        self._desk.window.show_overlay(sheet)

    def _closed(self) -> None:
        self._sheet = None
        self._end_test()

    def _begin_test(self, sheet: EndpointSheet, address: str, key: str) -> None:
        self._end_test()
        sheet.show_testing()
        self.spawn(self._test_for(sheet, address, key), "test an endpoint")

    def _end_test(self) -> None:
        if self._testing is not None:
            self._testing.cancel()
            self._testing = None

    async def _test_for(self, sheet: EndpointSheet, address: str, key: str) -> None:
        kept, self._testing = "" if sheet.endpoint is None else sheet.endpoint.id, asyncio.current_task()
        try:
            outcome = await self._endpoints.test(address, key or (None if kept else ""), endpoint=kept)
        except DeskError as error:
            sheet.show_problem(error.problem)
        else:
            sheet.show_outcome(outcome)
        finally:
            if self._testing is asyncio.current_task():
                self._testing = None

    async def _keep(self, sheet: EndpointSheet) -> None:
        name, address, key = sheet.values
        old, tested = sheet.endpoint, sheet.outcome is not None and sheet.outcome.problem is None
        try:
            if old is None:
                added = await self._endpoints.add(name, address, key, outcome=sheet.outcome)
            else:
                added = await self._endpoints.change(
                    old.id, name=name or old.name, address=address, chosen=sheet.chosen, key=key or None
                )
        except DeskError as error:
            if self._sheet is sheet:
                sheet.show_problem(error.problem)
            else:
                self._desk.notices.problem(error.problem, "warning")
            return
        if self._sheet is sheet:
            sheet.accept()
        self._kept(added)
        if tested and added.endpoint.looked == 0.0:  # at another address its list is no longer known
            await self._endpoints.refresh(added.endpoint.id)

    def _kept(self, added: Added) -> None:
        desk, endpoint = self._desk, added.endpoint
        if added.key is not None:
            desk.notices.problem(added.key, "warning")
            return
        text = tr("Its models are in the menu of models, which Ctrl+M opens in a chat.")
        words = Words(tr("{name} is saved", name=endpoint.name), text, "")
        desk.notices.show(Notice("success", words, seconds=SAID_SECONDS, about=PAGE))

    def _ask_remove(self, key: str) -> None:
        endpoint, desk = self._endpoints.find(key), self._desk
        if endpoint is None:
            return
        text = tr("Its address and its key are deleted here. Your chats stay, and nothing changes there.")
        title = tr("Remove {name}?", name=endpoint.name)
        question = Question(desk.theme, title, text, yes=tr("Remove"), parent=desk.window)
        question.accepted.connect(lambda: self.spawn(self._endpoints.remove(key), "remove an endpoint"))
        desk.window.show_overlay(question)

    def spawn(self, work: Coroutine[object, object, object], name: str) -> None:
        """Beside everything else; what goes wrong is told."""
        self._desk.tasks.spawn(work, name)
