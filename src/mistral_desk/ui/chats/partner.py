"""Which model a chat was with: the last answer says it, and whoever opens the chat is offered that model again.

No chat changes who answers by itself; an endpoint least of all.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary, WeakSet

from PySide6.QtCore import QObject

from mistral_desk.core.words import mark, tr
from mistral_desk.inference.model_ids import doubtful, is_id, writers
from mistral_desk.library.by_id import known
from mistral_desk.net.endpoints.record import is_endpoint, parted
from mistral_desk.services import BUILTIN
from mistral_desk.ui.chat.away import away_of
from mistral_desk.ui.chat.model_names import in_sentence, quoted
from mistral_desk.ui.chat.partner_line import Partner
from mistral_desk.ui.library.model_words import STATES
from mistral_desk.ui.model_menu import show_model_menu

if TYPE_CHECKING:
    from mistral_desk.ui.chat.chat import Chat
    from mistral_desk.ui.chat.turns import Turn
    from mistral_desk.ui.desk import Desk

NO_ENDPOINT: Final = mark("This endpoint is no longer in the settings. Nothing is sent there.")
ANOTHER: Final = mark("Its endpoint has been set up anew since, maybe as another one.")
UNKNOWN: Final = mark("It is not among the models of this computer.")


class PartnerDoor(QObject):
    """Belongs to the desk."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._followed: WeakSet[Chat] = WeakSet()
        self._decided: WeakKeyDictionary[Chat, str] = WeakKeyDictionary()
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
        model = last(chat)
        if is_id(model) and not is_endpoint(model) and self._reason(model):
            self._desk.shelf.look()  # what the lists of this computer have, and nothing that only the chat names
        self.look()

    def _partner(self, chat: Chat) -> Partner | None:
        model = last(chat)
        now = self._desk.model
        if chat.busy or model in ("", now.id) or self._decided.get(chat) == now.id or not in_sentence(model):
            return None
        if is_endpoint(model):
            return self._elsewhere(model, ended(chat))
        if not is_id(model):
            return None  # the model of another program's chat
        return Partner(model, in_sentence(model), in_sentence(now.id), reason=self._reason(model))

    def _elsewhere(self, model: str, turn: Turn | None) -> Partner | None:
        endpoint, name = parted(model)
        ends, now = self._desk.services.endpoints, in_sentence(self._desk.model.id)
        there = ends.find(endpoint)
        if not quoted(name) or (doubtful(model) and (there is None or there.model(name) is None)):
            return None
        if there is None:
            return Partner(model, in_sentence(model), now, reason=tr(NO_ENDPOINT))
        if turn is None or turn.made < there.since:
            return Partner(model, in_sentence(model), now, reason=tr(ANOTHER))
        away = away_of(there, offline=ends.offline, lost=ends.lost(there))
        return Partner(model, quoted(name), now, away.host, outside=away.outside, reason=away.reason)

    def _reason(self, model: str) -> str:
        """Why it cannot be had, by the lists of this computer: a path that only the chat names is not touched."""
        if model == BUILTIN:
            return ""
        found = known(self._desk.services.library, model)
        if found is None:
            return tr(UNKNOWN)
        return "" if found.state == "here" else tr(STATES["absent"])

    def _use(self) -> None:
        chat = self._desk.page.chat
        if chat is not None:
            model = last(chat)
            found = None if is_endpoint(model) else known(self._desk.services.library, model)
            if found is not None or model == BUILTIN or is_endpoint(model):
                self._desk.open_model(model if found is None else found.id)


def last(chat: Chat) -> str:
    """The id of the model that wrote the end of a chat; empty where nobody did."""
    turn = ended(chat)
    return "" if turn is None else "".join(writers(turn.wrote)[-1:])


def ended(chat: Chat) -> Turn | None:
    """The last answer of a chat."""
    return next((turn for turn in reversed(chat.turns) if turn.role == "assistant"), None)
