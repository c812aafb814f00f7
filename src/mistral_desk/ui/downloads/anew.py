"""*Ask that again*: after the first download the Guide's first answer offers to ask the model that has come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from mistral_desk.services import BUILTIN, BUILTIN_TITLE, model_title

if TYPE_CHECKING:
    from mistral_desk.ui.chat.chat import Chat
    from mistral_desk.ui.chat.turns import Turn
    from mistral_desk.ui.desk import Desk


class Anew(QObject):
    """Belongs to the desk."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._model = ""
        desk.downloads.came.connect(self._came)
        desk.page.ask_anew.connect(self._ask)
        desk.shelf.gone.connect(self._gone)

    def offer(self, chat: Chat) -> None:
        """The first answer of this chat, where the Guide gave it."""
        first = next((turn for turn in chat.turns if turn.role == "assistant"), None)
        if first is None or chat.older.coming or first.live or first.model not in _guides():
            return
        if self._model and self._desk.services.library.find(self._model) is None:
            self._model = ""  # deleted since: a next first model is offered again
        title = model_title(self._model) if self._model else ""
        if first.offer != title:
            first.offer = title
            chat.changed.emit(first)

    def _came(self, model: str) -> None:
        """Only the first model of one's own: after that everybody knows how to choose one."""
        own = [one for one in self._desk.services.library.models if one.origin != "guide" and one.state == "here"]
        if [one.id for one in own] == [model]:
            self._model = model
            if self._desk.page.chat is not None:
                self.offer(self._desk.page.chat)

    def _gone(self) -> None:
        """A model was deleted: what is no longer there is not offered."""
        if self._desk.page.chat is not None:
            self.offer(self._desk.page.chat)

    def _ask(self, turn: Turn) -> None:
        """The new model answers the same question; the Guide's answer stays as the version before."""
        chat = self._desk.page.chat
        if chat is None or chat.busy or not self._model:
            return
        if self._desk.open_model(self._model):
            turn.offer = ""
            self._model = ""
            chat.again(turn, think=self._desk.page.composer.think.isChecked() or None)


def _guides() -> frozenset[str]:
    return frozenset({BUILTIN_TITLE, model_title(BUILTIN)})
