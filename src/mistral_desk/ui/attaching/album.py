"""The pictures of a room as the window needs them: small ones to show, whole ones to enlarge, all made in threads.

It also keeps what is about to be sent: a picture taken out of the composer again leaves nothing on the disk.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, OrderedDict
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QImage

from mistral_desk.chat.attachments import read_picture_body
from mistral_desk.core.errors import DeskError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from mistral_desk.chat.attachments import Picture, Pixels
    from mistral_desk.chat.history import History
    from mistral_desk.chat.parts import Gallery
    from mistral_desk.ui.attaching.counts import Counts
    from mistral_desk.ui.tasks import Tasks

log = logging.getLogger(__name__)
SMALL: Final = 720
"""Pixels of the long side of a small picture: twice what is shown, for screens with two pixels for one."""
_MOST_BYTES: Final = 48 * 2**20
"""Small pictures that are kept in memory; the others are read again."""


class Album(QObject):
    """The pictures of the chats of one room. `drafted` tells which ones stand in drafts that are not open."""

    arrived = Signal(str)
    """A small picture is there now, or it is known that it never will be."""
    enlarge = Signal(object, int)
    """Show one of these pictures (`PictureBody`) large."""
    read = Signal(object, str)
    """Show what the model gets of a text or a document (`FileBody`), and how much that is, in words."""

    def __init__(
        self,
        gallery: Gallery,
        history: Callable[[], History],
        tasks: Tasks,
        drafted: Callable[[], Collection[str]] = tuple,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._of = parent  # as long as a picture is read
        self._gallery = gallery
        self._history = history
        self._tasks = tasks
        self._drafted = drafted
        self._small: OrderedDict[str, QImage] = OrderedDict()
        self._gone: set[str] = set()
        self._coming: set[str] = set()
        self._held: Counter[str] = Counter()
        self._lock = asyncio.Lock()
        self.counts: Counts | None = None
        """How many tokens attached texts take, where somebody counts them."""

    # --- to show ------------------------------------------------------------------------------------

    def small(self, sha256: str) -> QImage | None:
        """A small picture; None while it is read (then `arrived` tells) and where there is none."""
        found = self._small.get(sha256)
        if found is not None:
            self._small.move_to_end(sha256)
        elif sha256 not in self._gone and sha256 not in self._coming:
            self._coming.add(sha256)
            self._tasks.spawn(self._read_small(sha256), "read a picture")
        return found

    def is_gone(self, sha256: str) -> bool:
        """Whether it was looked for in vain."""
        return sha256 in self._gone

    async def whole(self, sha256: str) -> QImage:
        """A picture as large as it is kept. Raises `picture.missing`."""
        return await asyncio.to_thread(lambda: _image(self._gallery.pixels(sha256)))

    async def _read_small(self, sha256: str) -> None:
        try:
            image = await asyncio.to_thread(lambda: _reduced(self._gallery.pixels(sha256)))
        except DeskError as error:
            log.info("a picture is not shown: %s", error)
            self._gone.add(sha256)
        else:
            self._remember(sha256, image)
        finally:
            self._coming.discard(sha256)
        self.arrived.emit(sha256)

    def _remember(self, sha256: str, image: QImage) -> None:
        self._gone.discard(sha256)
        self._small[sha256] = image
        self._small.move_to_end(sha256)
        while len(self._small) > 1 and sum(one.sizeInBytes() for one in self._small.values()) > _MOST_BYTES:
            self._small.popitem(last=False)

    # --- to keep ------------------------------------------------------------------------------------

    async def put(self, pixels: Pixels) -> Picture:
        """Keep a picture that is about to be sent, until `let_go`. Raises `picture.not_saved`."""
        small = await asyncio.to_thread(_reduced, pixels)
        async with self._lock:
            picture = await self._gallery.put(pixels)
            self._held[picture.sha256] += 1
        self._remember(picture.sha256, small)
        return picture

    def hold(self, sha256: str) -> None:
        """As `put`, for one that is there already."""
        self._held[sha256] += 1

    def release(self, sha256: str) -> None:
        """It was sent: whoever deletes the message deletes it."""
        self._held[sha256] -= 1

    def let_go(self, sha256s: Iterable[str]) -> None:
        """These are not to be sent after all; what nothing else uses is deleted."""
        for sha256 in (names := tuple(sha256s)):
            self.release(sha256)
        if names:
            self._tasks.spawn(self._delete(names), "delete a picture")

    async def _delete(self, sha256s: Collection[str]) -> None:
        async with self._lock:
            try:
                bodies = await self._history().picture_bodies()
                used = {read_picture_body(body).sha256 for body in bodies}
            except (DeskError, ValueError) as error:
                log.info("a picture was not deleted: %s", error)
                return
            unused = {one for one in sha256s if self._held[one] <= 0 and one not in used} - set(self._drafted())
            await asyncio.to_thread(self._gallery.delete, unused)
            for one in unused:
                self._small.pop(one, None)


def _image(pixels: Pixels) -> QImage:
    made = QImage(pixels.rgb, pixels.width, pixels.height, 3 * pixels.width, QImage.Format.Format_RGB888)
    return made.convertToFormat(QImage.Format.Format_RGB32)  # its own memory, and quick to draw


def _reduced(pixels: Pixels) -> QImage:
    image = _image(pixels)
    if max(pixels.width, pixels.height) <= SMALL:
        return image
    size = QSize(pixels.width, pixels.height).scaled(SMALL, SMALL, Qt.AspectRatioMode.KeepAspectRatio)
    return image.scaled(
        size.expandedTo(QSize(1, 1)),
        Qt.AspectRatioMode.IgnoreAspectRatio,
        Qt.TransformationMode.SmoothTransformation,
    )
