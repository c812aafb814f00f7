"""Pictures of chats that are kept nowhere: in memory only, gone with the room they are in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mistral_desk.chat.attachments.kinds import Picture
from mistral_desk.core.errors import DeskError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mistral_desk.chat.attachments.kinds import Pixels


class PicturesInMemory:
    """As `attachments.Pictures`, without a disk."""

    def __init__(self) -> None:
        self._kept: dict[str, Pixels] = {}

    async def put(self, pixels: Pixels) -> Picture:
        """Keep a picture."""
        name = pixels.sha256
        self._kept.setdefault(name, pixels)
        return Picture(name, pixels.width, pixels.height)

    def pixels(self, sha256: str) -> Pixels:
        """Its pixels. Raises `picture.missing`."""
        found = self._kept.get(sha256)
        if found is None:
            raise DeskError("picture.missing", sha256)
        return found

    def all(self) -> frozenset[str]:
        """Everything that is kept."""
        return frozenset(self._kept)

    def delete(self, sha256s: Iterable[str]) -> None:
        """Forget these."""
        for sha256 in sha256s:
            self._kept.pop(sha256, None)
