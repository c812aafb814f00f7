"""Which model a chat was with: the last answer says it, and whoever opens the chat is offered that model again.

No chat changes who answers by itself; an endpoint least of all.
"""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary, WeakSet

from PySide6.QtCore import QObject

from mistral_desk.core.errors import DeskError
from mistral_desk.core.words import mark, tr
from mistral_desk.inference.model_ids import BETWEEN, is_name
from mistral_desk.net.endpoints.record import is_endpoint, parted
from mistral_desk.services import BUILTIN, model_title
from mistral_desk.ui.chat.away import away_of
from mistral_desk.ui.chat.partner_line import Partner
from mistral_desk.ui.library.model_words import STATES
from mistral_desk.ui.model_menu import show_model_menu

if TYPE_CHECKING:
    from mistral_desk.ui.chat.chat import Chat
    from mistral_desk.ui.desk import Desk

NO_ENDPOINT: Final = mark("This endpoint is no longer in the settings. Nothing is sent there.")


class PartnerDoor(QObject):
    """Belongs to the desk."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._followed: WeakSet[Chat] = WeakSet()
        self._decided: WeakKeyDictionary[Chat, str] = WeakKeyDictionary()
        self._missing: dict[str, bool] = {}
        line = desk.page.partner
        line.used.connect(self._use)
        line.other.connect(partial(show_model_menu, desk))
        line.closed.connect(lambda: self.decided(desk.model.id))
        desk.page.chat_shown.connect(self._shown)
        desk.model.changed.connect(self.look)
        self._end = desk.services.library.listen(lambda _models: self.look())

    def close(self) -> None:
        """Hear no more."""
        self._end()

    def decided(self, model: str) -> None:
        """The person wants this model in the chat that is shown."""
        if self._desk.page.chat is not None:
            self._decided[self._desk.page.chat] = model
        self.look()

    def look(self) -> None:
        """Say who the shown chat was with, where that is not who answers next."""
        chat = self._desk.page.chat
        self._desk.page.partner.show_partner(None if chat is None else self._partner(chat))

    def _shown(self, chat: Chat) -> None:
        if chat not in self._followed:
            self._followed.add(chat)
            for signal in (chat.busy_changed, chat.swapped, chat.preceded):
                signal.connect(self.look)
        self._missing.clear()
        self.look()

    def _partner(self, chat: Chat) -> Partner | None:
        model = last(chat)
        now = self._desk.model
        if chat.busy or model in ("", now.id) or self._decided.get(chat) == now.id:
            return None
        if is_endpoint(model):
            return self._elsewhere(model)
        if model != BUILTIN and not (is_name(model) or Path(model).is_absolute()):
            return None  # the model of another program's chat
        reason = tr(STATES["absent"]) if model != BUILTIN and not self._is_here(model) else ""
        return Partner(model, model_title(model), now.title, reason=reason)

    def _elsewhere(self, model: str) -> Partner:
        endpoint, name = parted(model)
        ends = self._desk.services.endpoints
        known = ends.find(endpoint)
        if known is None:
            return Partner(model, model_title(model), self._desk.model.title, reason=tr(NO_ENDPOINT))
        away = away_of(known, offline=ends.offline, lost=ends.lost(known))
        return Partner(model, name, self._desk.model.title, away.host, outside=away.outside, reason=away.reason)

    def _is_here(self, model: str) -> bool:
        """As far as is known. What the library does not have is looked for in a thread."""
        found = self._desk.services.library.find(model)
        if found is not None:
            return found.state == "here"
        if model not in self._missing:
            self._missing[model] = False
            self._desk.tasks.spawn(self._look_for(model), "look for the model of a chat")
        return not self._missing[model]

    async def _look_for(self, model: str) -> None:
        try:
            await asyncio.to_thread(self._desk.services.resolve_model, model)
        except DeskError:
            self._missing[model] = True
            self.look()

    def _use(self) -> None:
        chat = self._desk.page.chat
        if chat is not None:
            self._desk.open_model(last(chat))


def last(chat: Chat) -> str:
    """The id of the model that wrote the end of a chat; empty where nobody did."""
    wrote = next((turn.wrote for turn in reversed(chat.turns) if turn.role == "assistant"), "")
    return wrote.rpartition(BETWEEN)[2]
