"""A place for chats that are kept nowhere: all of it is in memory, and gone when it is closed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mistral_desk.chat.history import History
    from mistral_desk.chat.pictures_in_memory import PicturesInMemory
    from mistral_desk.chat.session import Session


@dataclass
class Room:
    """Chats that are kept nowhere: a history and pictures in memory, and a session on them."""

    history: History
    session: Session
    pictures: PicturesInMemory

    async def close(self) -> None:
        """Stop what is being answered; nothing is left."""
        try:
            await self.session.close()
        finally:
            await self.history.close()
