"""The worker's pictures: pixels that came from the app, kept as long as there is room, asked for again after that.

The thread that computes waits here for a picture; the thread that reads commands brings it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from mistral_desk.core.pixels import fingerprint
from mistral_desk.inference.frames import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from mistral_desk.inference.protocol import PutImage

MOST_BYTES: Final = 128 * 1024 * 1024


class PictureStore:
    """Pictures by their SHA-256, the one that was used longest ago goes first. Safe from any thread."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._pictures: OrderedDict[str, PutImage] = OrderedDict()
        self._changed = threading.Condition()

    def put(self, picture: PutImage) -> None:
        """Keep a picture, and wake who waits for it. Raises `ProtocolError` where its name is not its pixels'."""
        if fingerprint(picture.width, picture.height, picture.rgb) != picture.sha256:
            raise ProtocolError("a picture that is not what it is called")
        with self._changed:
            self._pictures[picture.sha256] = picture
            self._pictures.move_to_end(picture.sha256)
            while len(self._pictures) > 1 and self.bytes > self._most_bytes:
                self._pictures.popitem(last=False)
            self._changed.notify_all()

    def get(self, sha256: str, ask: Callable[[], None], given_up: Callable[[], bool]) -> PutImage | None:
        """A picture; where it is not there, `ask` is called and it is waited for until `given_up()` (None then)."""
        with self._changed:
            if sha256 not in self._pictures:
                ask()
            while sha256 not in self._pictures:
                if given_up():
                    return None
                self._changed.wait()
            self._pictures.move_to_end(sha256)
            return self._pictures[sha256]

    def keep(self, names: Collection[str]) -> None:
        """Drop all but these."""
        with self._changed:
            for sha256 in self._pictures.keys() - set(names):
                del self._pictures[sha256]

    def wake(self) -> None:
        """Have who waits look again whether it is given up."""
        with self._changed:
            self._changed.notify_all()

    @property
    def bytes(self) -> int:
        """What the pixels of all of them take."""
        return sum(len(picture.rgb) for picture in self._pictures.values())
