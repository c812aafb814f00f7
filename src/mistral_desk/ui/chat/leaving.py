"""Which words of a chat an endpoint has never had: they leave this computer only when the person has said so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mistral_desk.core.errors import DeskError
from mistral_desk.inference.model_ids import doubtful
from mistral_desk.net.endpoints.record import parted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mistral_desk.net.endpoints.record import Endpoint
    from mistral_desk.ui.chat.chat import Chat
    from mistral_desk.ui.chat.model import ModelChoice
    from mistral_desk.ui.chat.turns import Turn


class Leaving:
    """Belongs to a chat. What was said before an endpoint's last answer went there with it; what came after did not."""

    def __init__(self, chat: Chat, model: ModelChoice) -> None:
        self._chat, self._model = chat, model
        self._told: dict[tuple[str, float], int | None] = {}

    def new(self, turn: Turn | None = None, *, edit: bool = False) -> int:
        """How many messages would go to the chosen endpoint for the first time, besides the one that is being written.

        `turn` is the one that is answered again, or, with `edit`, said anew; None: something follows all of them.
        """
        if (source := self._model.source) is None:
            return 0
        return unknown_to(source.endpoint, self._going(source.endpoint, turn, edit=edit))

    def tell(self, turn: Turn | None = None, *, edit: bool = False) -> None:
        """The person knows of them, and wants them to go along."""
        if (source := self._model.source) is not None:
            self._told[_place(source.endpoint)] = _last(self._going(source.endpoint, turn, edit=edit))

    def check(self, turn: Turn | None = None, *, edit: bool = False) -> DeskError | None:
        """What is wrong with sending: words would leave of which the person does not know."""
        source = self._model.source
        if source is None:
            return None
        endpoint, place = source.endpoint, _place(source.endpoint)
        going = self._going(endpoint, turn, edit=edit)
        known = place in self._told and self._told[place] == _last(going)
        if known or not unknown_to(endpoint, going):
            return None
        return DeskError("endpoint.not_agreed", "earlier words of this chat", host=endpoint.host)

    def _going(self, endpoint: Endpoint, turn: Turn | None, *, edit: bool) -> Sequence[Turn]:
        """The turns that go along, of which its answer is the last where it had all before."""
        turns = self._chat.turns
        if turn is None or turn not in turns:
            return turns
        behind = not edit and (turn.role == "user" or _by(endpoint, turn))
        return turns[: turns.index(turn) + behind]


def unknown_to(endpoint: Endpoint, turns: Sequence[Turn]) -> int:
    """How many of these turns came after the last answer of this endpoint."""
    for count, turn in enumerate(reversed(turns)):
        if _by(endpoint, turn):
            return count
    return len(turns)


def _by(endpoint: Endpoint, turn: Turn) -> bool:
    """Whether this endpoint wrote all of an answer; what another model wrote behind that was never there, nor what one
    on another computer had that was called the same before.
    """
    whole = turn.role == "assistant" and not doubtful(turn.wrote) and turn.made >= endpoint.since
    return whole and parted(turn.wrote)[0] == endpoint.id


def _place(endpoint: Endpoint) -> tuple[str, float]:
    return endpoint.id, endpoint.since


def _last(turns: Sequence[Turn]) -> int | None:
    return turns[-1].message if turns else None
