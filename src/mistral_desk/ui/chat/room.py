"""What a chat needs to be kept and answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from mistral_desk.chat.history import History
    from mistral_desk.chat.parts import Gallery
    from mistral_desk.chat.session import Session


class Room(Protocol):
    """Where a conversation is kept and answered: the services, or a room for chats that are kept nowhere."""

    @property
    def history(self) -> History:
        """Where it is kept."""

    @property
    def session(self) -> Session:
        """Who answers."""

    @property
    def pictures(self) -> Gallery:
        """Where its pictures are."""
